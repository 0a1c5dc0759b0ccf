"""What is sent for checking: the worst candidates, or what chance draws of all."""

import json

import numpy as np
import pytest

from audits import CLASSES, choice_audit, planned_rows, small_audit, small_set
from errata.audit import Audit
from errata.errors import AuditError, InputError, NameUnknownError
from errata.planning import _as_number, _as_seed
from errata.store import records
from label_sets import sounds


def rate_audit(path, **plan):
    audit = small_audit(path)
    audit.find()
    audit.plan(**{"goal": "rate", "budget": 20, "votes": 1, "threshold": 1, **plan})
    return audit


def answer(audit: Audit, rows, wrong) -> None:
    """Let one reviewer answer as the truth is."""
    for row in rows:
        said = "suggested" if wrong[row["example"]] else "given"
        audit.vote("ann", row["example"], said, first="given", key=str(row["example"]))


def test_a_plan_for_the_rate_draws_flagged_and_unflagged_examples(tmp_path):
    audit = small_audit(tmp_path / "a")
    flagged = set(audit.find().indices.tolist())
    plan = audit.plan(goal="rate", budget=30, votes=1, threshold=1)
    assert (plan.goal, plan.budget, plan.added, plan.candidates) == ("rate", 30, 30, 30)
    rows = planned_rows(audit)
    examples = {row["example"] for row in rows}
    assert len(examples) == 30
    assert examples & flagged
    assert examples - flagged
    # in a stratum all have the same probability, and they stand for all examples
    assert sum(1 / row["probability"] for row in rows) == pytest.approx(audit.n)
    by_stratum = {}
    for row in rows:
        by_stratum.setdefault(row["stratum"], set()).add(
            (row["probability"], row["example"] in flagged)
        )
    assert all(len(one) == 1 for one in by_stratum.values())


def test_what_was_drawn_and_not_flagged_is_asked_with_the_most_probable_other_class(tmp_path):
    audit = rate_audit(tmp_path / "a", budget=60)
    _, probs = small_set()
    for row in planned_rows(audit):
        assert row["given"] == audit.labels[row["example"]]
        others = probs[row["example"]].copy()
        others[row["given"]] = -1
        assert row["suggested"] == others.argmax()
        margin = probs[row["example"], row["given"]] - others.max()
        assert row["score"] == pytest.approx(margin)


def test_what_was_drawn_is_not_counted_as_flagged(tmp_path):
    audit = rate_audit(tmp_path / "a", budget=60)
    name = audit.probabilities()[0].name
    assert audit.newest_run(name).flagged == len(audit.find())
    unflagged = next(row["example"] for row in planned_rows(audit) if row["rules"] == [])
    assert audit.undoubted([unflagged]) == {unflagged}


def test_the_same_seed_draws_the_same_and_another_draws_others(tmp_path):
    told = ("example", "stratum", "probability")
    first, again, other = (
        [
            [row[name] for name in told]
            for row in planned_rows(rate_audit(tmp_path / name, seed=seed))
        ]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again != other


def test_without_a_seed_an_audit_draws_the_same_again_and_later_plans_others(tmp_path):
    a, b = rate_audit(tmp_path / "a"), rate_audit(tmp_path / "b")
    assert [row["example"] for row in planned_rows(a)] == [
        row["example"] for row in planned_rows(b)
    ]
    assert a.plan(goal="rate", budget=20).added == 20
    examples = [row["example"] for row in planned_rows(a)]
    assert len(set(examples)) == 40, "nothing is planned twice"


def test_a_single_draw_stands_for_all_examples(tmp_path):
    audit = rate_audit(tmp_path / "a", budget=1)
    (row,) = planned_rows(audit)
    assert row["probability"] == pytest.approx(1 / audit.n)
    answer(audit, [row], np.ones(audit.n, dtype=bool))
    rate = audit.error_rate()
    assert rate.by_chance == 1
    assert rate.low <= rate.estimate <= rate.high
    assert audit.plan(goal="rate", budget=1).added == 1, "and of what is left, too"


@pytest.mark.parametrize("goal", ["rate", "ranking"])
def test_chance_draws_without_reading_whole_what_is_flagged_or_planned(tmp_path, monkeypatch, goal):
    audit = small_audit(tmp_path / "a")
    audit.find()
    compared(audit, budget=4)
    answer(audit, planned_rows(audit), np.ones(audit.n, dtype=bool))

    def whole(*args):
        raise AssertionError("a million rows would be read")

    with monkeypatch.context() as patched:
        for name in ("planned", "candidates"):
            patched.setattr(records, name, whole)
        assert audit.plan(goal=goal, budget=20).added == 20
        assert audit.plan(goal=goal, continued=True).outlook.startswith("None of the 20 drawn")
        assert audit.error_rate().waiting == 20


def test_a_later_plan_draws_from_what_is_left(tmp_path):
    audit = rate_audit(tmp_path / "a")
    audit.plan(goal="rate", budget=1000)
    rows = planned_rows(audit)
    assert len(rows) == audit.n
    assert [row["probability"] for row in rows[20:]] == [1.0] * 40, "the rest, for certain"
    with pytest.raises(AuditError, match="All examples are planned already"):
        audit.plan(goal="rate")


def test_a_later_plan_looks_where_the_votes_found_errors(tmp_path):
    """The probabilities are sure of examples whose labels are wrong all the same."""
    rng = np.random.default_rng(3)
    labels = np.arange(2000) % 2
    sure = rng.uniform(0.55, 0.99, 2000)
    wrong = (sure < 0.7) & (rng.random(2000) < 0.5)  # the scores tell where, not how many
    probs = np.stack([sure, 1 - sure], axis=1)
    probs[labels == 1] = probs[labels == 1, ::-1]
    share = []
    for name, truth in (("a", wrong), ("b", np.zeros(2000, dtype=bool))):
        audit = Audit.create(tmp_path / name, labels=labels, probs=probs, classes=CLASSES[:2])
        audit.find(count=10)
        audit.plan(goal="rate", budget=200, votes=1, threshold=1)
        answer(audit, planned_rows(audit), truth)
        audit.plan(goal="rate", budget=200)
        later = [row["example"] for row in planned_rows(audit)[200:]]
        share.append(np.mean(sure[later] < 0.7))
    assert share[0] > share[1]


def compared(audit: Audit, models: int = 4, budget: int | None = None) -> np.ndarray:
    """Let some models be compared, who differ on the first 30 examples; return their answers.

    Before that the ``budget`` worst candidates are planned, or all.
    """
    rng = np.random.default_rng(2)
    answers = np.repeat(audit.labels[:, np.newaxis], models, axis=1)
    answers[:30] = (answers[:30] + (rng.random((30, models)) < 0.4)) % 3
    audit.plan(budget=budget, votes=1, threshold=1)
    audit.compare({f"m{k}": answers[:, k] for k in range(models)})
    return answers


@pytest.mark.parametrize("models", [2, 4])
def test_a_plan_for_the_ranking_looks_where_models_differ(tmp_path, models):
    audit = small_audit(tmp_path / "a")
    audit.find()
    answers = compared(audit, models)
    before = len(planned_rows(audit))
    plan = audit.plan(goal="ranking", budget=15)
    rows = planned_rows(audit)[before:]
    assert (plan.goal, plan.added, len(rows)) == ("ranking", 15, 15)
    differ = (answers != answers[:, :1]).any(axis=1)
    taken = np.zeros(audit.n, dtype=bool)
    taken[[row["example"] for row in planned_rows(audit)[:before]]] = True
    chance = {row["example"]: row["probability"] for row in rows}
    there = [chance[one] for one in chance if differ[one]]
    elsewhere = [chance[one] for one in chance if not differ[one]]
    assert min(there) > max(elsewhere, default=0)
    assert len(there) / (differ & ~taken).sum() > len(elsewhere) / (~differ & ~taken).sum()
    for row in rows:
        said = set(answers[row["example"]].tolist()) - {row["given"]}
        assert row["suggested"] in said or not said
    assert {row["stratum"] for row in rows} == {0}


@pytest.mark.parametrize("models", [2, 4])
def test_what_a_flagger_doubts_a_plan_for_the_ranking_asks_about_with_what_models_answer(
    tmp_path, models
):
    audit = small_audit(tmp_path / "a")
    found = audit.find()
    answers = compared(audit, models, budget=1)
    audit.plan(goal="ranking", budget=59)
    flagger = dict(zip(found.indices.tolist(), found.suggested.tolist(), strict=True))
    other = []
    for row in planned_rows(audit)[1:]:
        said = set(answers[row["example"]].tolist()) - {row["given"]}
        assert row["suggested"] in said or not said
        assert said or row["suggested"] == flagger.get(row["example"], row["suggested"])
        if row["suggested"] != flagger.get(row["example"], row["suggested"]):
            other.append(row)
    assert other, "no flagged example has a rival that is not what the flagger put forward"
    one = other[0]["example"]
    assert audit.task_for("ann", one).suggested == other[0]["suggested"]
    (question,) = [q for q in audit.questions() if q.id == audit.ids[one]]
    assert question.suggested_classes == (other[0]["suggested"],)
    story = audit.why(one)
    assert story.plan["suggested"] == other[0]["suggested"]
    assert [run["suggested"] for run in story.found] == [flagger[one]], "and what the run said"
    for row in other:
        audit.vote("ann", row["example"], "suggested", first="given", key=str(row["example"]))
    verdicts = audit.verdicts()
    assert verdicts.suggested.tolist() == [row["suggested"] for row in other]
    assert verdicts.counts["correctable"] == len(other)
    asked = {row["example"] for row in planned_rows(audit)} - {row["example"] for row in other}
    models = {f"m{k}": answers[:, k] for k in range(models)}
    (flagger,) = audit.compare(models).kinship.flaggers
    assert flagger.candidates == len(asked & set(found.indices.tolist())), "only what it suggested"


def test_models_that_are_right_where_the_flagger_is_not_are_credited(tmp_path):
    audit = small_audit(tmp_path / "a")
    flagged = audit.find().indices.tolist()
    # example i is truly of class i mod 3, which is what `find` says; here the third one is right
    right = np.asarray(audit.labels).copy()
    right[flagged] = [({0, 1, 2} - {int(right[i]), i % 3}).pop() for i in flagged]
    models = {"good": right, "bad": np.asarray(audit.labels)}
    audit.plan(budget=1, votes=1, threshold=1)
    audit.compare(models)
    audit.plan(goal="ranking", budget=59)
    for row in planned_rows(audit)[1:]:
        says = "suggested" if row["suggested"] == right[row["example"]] else "given"
        audit.vote("ann", row["example"], says, first="given", key=str(row["example"]))
    verdicts = audit.verdicts()
    assert verdicts.counts["correctable"] == len(flagged) - 1
    found = {row.model: row.score("corrected", "P") for row in audit.compare(models).models}
    # the one that was planned before has no votes, and counts by its given label
    assert found["good"].hits == audit.n - 1
    assert found["bad"].hits == audit.n - verdicts.counts["correctable"]


@pytest.mark.parametrize("question", ["pooled", "choice"])
@pytest.mark.parametrize("goal", ["rate", "ranking"])
def test_there_is_a_choice_also_of_what_no_run_suggested(tmp_path, goal, question):
    audit = choice_audit(tmp_path / "a", planned=False)
    labels = np.asarray(audit.labels)
    options = {"options": 2} if question == "choice" else {}
    audit.plan(budget=1, question=question, **options)
    audit.compare({"one": labels, "two": (labels + 3) % 5})
    audit.plan(goal=goal, budget=40)
    for row in planned_rows(audit)[1:]:
        asked = audit.task_for("ann", row["example"]).labels
        assert {row["given"], row["suggested"]} <= set(asked)
        assert goal == "rate" or row["suggested"] == (row["given"] + 3) % 5


def test_a_plan_for_the_ranking_tells_of_the_error_rate_too(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    compared(audit)
    before = len(planned_rows(audit))
    audit.plan(goal="ranking", budget=30)
    wrong = np.arange(60) < 8
    answer(audit, planned_rows(audit), wrong)
    found = audit.error_rate()
    assert found.by_chance == 30
    assert found.count.checked == before + 30
    assert found.low <= 8 / 60 <= found.high


def test_the_ranking_needs_models(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    with pytest.raises(AuditError, match="none were compared yet. Run `errata compare"):
        audit.plan(goal="ranking")
    audit.plan(votes=1, threshold=1)
    audit.compare({"only": audit.labels})
    with pytest.raises(AuditError, match="Only the model only was compared"):
        audit.plan(goal="ranking")


@pytest.mark.parametrize(("votes", "asked", "enough"), [(1, None, 1), (2, None, 2), (4, 5, 3)])
def test_fewer_votes_than_the_threshold_name_one_that_they_can_reach(
    tmp_path, votes, asked, enough
):
    audit = small_audit(tmp_path / "a")
    audit.find()
    with pytest.raises(InputError, match=rf"\(--threshold\), such as {enough}, more than half"):
        audit.plan(votes=votes, threshold=asked)
    assert audit.plan(votes=votes, threshold=enough).threshold == enough


def test_candidates_and_samples_add_up(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    audit.plan(budget=4, votes=1, threshold=1)
    plan = audit.plan(goal="rate", budget=10)
    assert plan.candidates == 14
    assert (plan.votes, plan.threshold) == (1, 1), "as the plan before"
    rows = planned_rows(audit)
    assert [row["stratum"] for row in rows[:4]] == [None] * 4
    assert all(row["stratum"] is not None for row in rows[4:])
    # the rest of the candidates can still be had
    waiting = {row["example"] for row in rows}
    more = [one for one in audit.find().indices.tolist() if one not in waiting]
    assert audit.plan().added == len(more)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"goal": "rates"}, NameUnknownError, "no goal 'rates'. Did you mean 'rate'"),
        ({"goal": "rate", "budget": 0}, InputError, "budget is 0, but it counts things"),
        ({"budget": 2**31}, InputError, "budget is 2147483648; .* from 1 to 2147483647 was"),
        ({"goal": "rate", "seed": -1}, InputError, "The seed is -1; a whole number from 0 to 9"),
        ({"goal": "rate", "seed": 2**63}, InputError, "from 0 to 9223372036854775807 was"),
        ({"seed": 1}, InputError, "chance has no part, as in rate and ranking"),
    ],
)
def test_a_draw_that_makes_no_sense_is_refused(tmp_path, options, error, message):
    audit = small_audit(tmp_path / "a")
    audit.find()
    with pytest.raises(error, match=message):
        audit.plan(**options)


def test_numbers_that_are_not_whole_are_refused():
    # not by way of `plan`, whose types are checked while tests run
    with pytest.raises(InputError, match=r"budget is 2.5, but it counts things: a whole number"):
        _as_number("budget", 2.5)
    with pytest.raises(InputError, match=r"The seed is 0.5; a whole number from 0 to 9"):
        _as_seed(0.5)
    assert (_as_number("budget", np.int8(2)), _as_seed(np.int8(2))) == (2, 2)


def test_chance_needs_probabilities(tmp_path):
    audit = Audit.create(tmp_path / "a", labels=["cat", "dog"], classes=CLASSES)
    audit.add_candidates([{"index": 0, "suggested": "fox"}], flagger="a look")
    with pytest.raises(AuditError, match="goal rate draws examples by how probable errors are"):
        audit.plan(goal="rate")
    audit = small_audit(tmp_path / "b")
    with pytest.raises(AuditError, match=r"`find` has not run on .* Run\s+`errata find"):
        audit.plan(goal="rate")


def test_sets_of_labels_are_not_drawn(tmp_path):
    audit = sounds(tmp_path / "a")
    with pytest.raises(InputError, match="for examples with one label each.* Plan for errors"):
        audit.plan(goal="rate")


def test_a_release_says_how_its_examples_were_drawn(tmp_path):
    audit = rate_audit(tmp_path / "a", seed=5)
    wrong = np.arange(60) < 8
    answer(audit, planned_rows(audit), wrong)
    made = audit.release(tmp_path / "out")
    manifest = json.loads((made.path / "manifest.json").read_text())
    (plan,) = manifest["settings"]["plans"]
    assert (plan["goal"], plan["budget"], plan["seed"]) == ("rate", 20, 5)


def test_why_says_with_what_probability_an_example_was_drawn(tmp_path):
    audit = rate_audit(tmp_path / "a", seed=5)
    row = planned_rows(audit)[0]
    told = audit.why(row["example"])
    assert told.plan["goal"] == "rate"
    assert told.plan["probability"] == row["probability"]
    assert f"sampling probability {row['probability']:g}" in repr(told)
