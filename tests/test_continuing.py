"""Plans that go on from the votes so far, and say when to stop."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import CLASSES, planned_rows, small_audit
from errata.audit import Audit
from errata.certain import ranking_of
from errata.continuing import confidence_at
from errata.core.accuracy import hits
from errata.errors import AuditError, InputError
from label_sets import doubts, sounds, tick

N = 1200
TRUTH = np.arange(N) % 3
WRONG = np.arange(N) % 10 == 0
GIVEN = np.where(WRONG, (TRUTH + 1) % 3, TRUTH)


@pytest.fixture(scope="module")
def probs():
    """Return probabilities of a model that is mostly right, and surer where it is."""
    rng = np.random.default_rng(4)
    found = rng.dirichlet((1, 1, 1), N)
    found[np.arange(N), TRUTH] += rng.uniform(0.3, 2, N)
    return found / found.sum(axis=1, keepdims=True)


@pytest.fixture
def audit(tmp_path, probs):
    made = Audit.create(tmp_path / "a", labels=GIVEN, probs=probs, classes=CLASSES)
    made.find()
    return made


def answer(audit: Audit, *, but: int = 0) -> None:
    """Let one reviewer answer what is open as the truth is, but for the last few."""
    told = {vote.example for vote in audit.votes()}
    rows = [row for row in planned_rows(audit) if row["example"] not in told]
    votes = []
    for row in rows[: len(rows) - but]:
        right = TRUTH[row["example"]]
        said = {row["given"]: "given", row["suggested"]: "suggested"}.get(right, "neither")
        votes.append({"index": row["example"], "reviewer": "ann", "answer": said})
    if votes:
        audit.add_votes(votes)


ONE = {"votes": 1, "threshold": 1}


def test_the_rate_is_continued_until_it_is_known_well_enough(audit):
    audit.plan(goal="rate", budget=60, **ONE)
    answer(audit)
    rounds = 0
    while True:
        before = len(planned_rows(audit))
        plan = audit.plan(continued=True, within=0.015)
        if plan.enough:
            break
        assert (plan.goal, plan.votes, plan.threshold) == ("rate", 1, 1), "as the plan before"
        assert plan.added == plan.candidates - before > 0
        assert f"{plan.candidates:,} drawn examples, and {before:,} are drawn" in plan.outlook
        answer(audit)
        rounds += 1
    assert 1 <= rounds <= 4
    assert plan.added == 0
    assert plan.candidates == before < N, "it stops before all is checked"
    found = audit.error_rate()
    assert (found.high - found.low) / 2 <= 0.015
    assert found.low <= WRONG.mean() <= found.high
    assert "and ± 1.5 percentage points is wanted" in plan.outlook


def test_what_is_drawn_and_not_decided_is_waited_for(audit):
    audit.plan(goal="rate", budget=300, **ONE)
    plan = audit.plan(continued=True)
    assert (plan.added, plan.enough) == (0, False)
    assert plan.outlook == "None of the 300 drawn examples is decided yet. Nothing was added."
    answer(audit, but=200)
    found = audit.error_rate()
    within = 0.8 * (found.high - found.low) / 2
    plan = audit.plan(continued=True, within=within)
    assert (plan.added, plan.enough) == (0, False)
    assert plan.outlook.endswith(
        "and 300 are drawn; of these 200 are not decided yet: have them reviewed first. "
        "Nothing was added."
    )
    answer(audit)
    assert audit.plan(continued=True, within=within).enough


def test_without_a_wish_the_rate_goes_on_and_says_what_half_the_width_takes(audit):
    audit.plan(goal="rate", budget=100, **ONE)
    answer(audit)
    found = audit.error_rate()
    half = (found.high - found.low) / 4
    plan = audit.plan(continued=True, budget=30)
    assert (plan.added, plan.enough) == (30, False)
    assert f"± {100 * half:.2g} percentage points takes about" in plan.outlook
    assert "; half of that, ± " in plan.outlook
    answer(audit)
    plan = audit.plan(continued=True)
    takes = int(plan.outlook.split("takes about ")[1].split()[0].replace(",", ""))
    assert plan.added == min(takes - 130, 500), "what it says it takes, up to a plan's usual size"


def test_what_waits_for_one_that_is_open_is_told_apart_from_what_is_not_decided(audit):
    audit.plan(goal="rate", budget=200, votes=3, threshold=2)
    voted(audit, {0})
    plan = audit.plan(continued=True)
    assert plan.added == 0
    assert plan.outlook == (
        "Of 200 drawn examples 199 are decided, and 199 that are count only once the 1 that has "
        "votes and no verdict is decided. Have it reviewed first. Nothing was added."
    )
    audit.compare(models({"one": 0.05, "other": 0.1}))
    assert audit.plan(continued=True, goal="ranking").outlook == plan.outlook


def test_what_counts_before_one_that_is_open_says_what_the_others_will(audit):
    audit.plan(goal="rate", budget=200, votes=3, threshold=2)
    voted(audit, {95})
    found = audit.error_rate()
    assert found.by_chance == 80, "the tenths before the 96th"
    half = (found.high - found.low) / 2
    plan = audit.plan(continued=True, within=0.7 * half)
    assert plan.added == 0
    assert plan.outlook.endswith(
        "and 200 are drawn; of these 1 is not decided yet, and 119 that are count only once the 1 "
        "that has votes and no verdict is decided: have it reviewed first. Nothing was added."
    )
    audit.compare(models({"one": 0.05, "other": 0.1}))
    assert audit.plan(continued=True, goal="ranking").outlook == (
        "Of 200 drawn examples 199 are decided, and 119 that are count only once the 1 that has "
        "votes and no verdict is decided. Have the others reviewed first. Nothing was added."
    )


def voted(audit, once):
    """Let two reviewers answer what is planned as the truth is, but for those asked at ``once``."""
    audit.add_votes(
        {
            "index": row["example"],
            "reviewer": f"r{number}",
            "answer": "suggested" if WRONG[row["example"]] else "given",
        }
        for at, row in enumerate(planned_rows(audit))
        for number in range(1 if at in once else 2)
    )


def test_checks_for_the_ranking_count_for_less_of_what_the_rate_takes(audit):
    audit.plan(budget=1, **ONE)
    audit.compare(models({"one": 0.05, "other": 0.1, "third": 0.2}))
    audit.plan(goal="ranking", budget=300)
    answer(audit)
    found = audit.error_rate()
    assert (found.by_chance, found.worth) == (300, 60)
    within = 0.8 * (found.high - found.low) / 2
    plan = audit.plan(goal="rate", continued=True, within=within)
    takes = 1 / (1 / N + 0.8**2 * (1 / 60 - 1 / N))
    assert plan.added == np.ceil(np.ceil(takes) - 60)
    assert (
        f"takes about {np.ceil(takes):.0f} drawn examples, if all are drawn for the rate, and 300 "
        "are drawn and count for 60 of these, as some are drawn for the ranking." in plan.outlook
    )
    answer(audit)
    found = audit.error_rate()
    assert (found.high - found.low) / 2 < 1.15 * within, "it took about so many"


def test_of_a_rate_that_all_is_checked_for_nothing_is_left_to_draw(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    audit.plan(goal="rate", budget=60, **ONE)
    for row in planned_rows(audit):
        audit.vote("ann", row["example"], "given", first="given", key=str(row["example"]))
    plan = audit.plan(continued=True)
    assert plan.enough
    assert plan.outlook == (
        "The error rate is known to ± 0 percentage points, and every example is planned. "
        "Nothing was added."
    )


# ---------------------------------------------------------------- the ranking


def models(rates: dict[str, float]) -> dict[str, np.ndarray]:
    """Return answers of models that are wrong so often, each on examples of its own."""
    rng = np.random.default_rng(8)
    order = rng.permutation(N)
    found, begin = {}, 0
    for name, rate in rates.items():
        count = round(rate * N)
        answers = TRUTH.copy()
        some = order[begin : begin + count]
        answers[some] = (answers[some] + 2) % 3
        found[name], begin = answers, begin + count
    return found


def test_few_examples_that_chance_drew_are_said_to_say_little_of_errors(audit):
    audit.plan(budget=20, **ONE)
    audit.compare(models({"best": 0.02, "good": 0.08, "poor": 0.3}))
    audit.plan(goal="ranking", budget=40)
    answer(audit)
    notice = "Only 40 examples that chance drew, most of them to rank models, are decided."
    assert notice in repr(audit.error_rate())
    audit.plan(goal="rate", budget=60)
    answer(audit)
    assert "So few" not in repr(audit.error_rate())


def test_the_ranking_is_continued_until_the_models_are_told_apart(audit):
    answers = models({"best": 0.02, "good": 0.08, "poor": 0.3})
    audit.plan(budget=20, **ONE)
    audit.compare(answers)
    audit.plan(goal="ranking", budget=40)
    answer(audit)
    for _ in range(20):
        before = len(planned_rows(audit))
        plan = audit.plan(continued=True, budget=40)
        if plan.enough:
            break
        assert plan.goal == "ranking"
        rows = planned_rows(audit)[before:]
        settle = plan.outlook.endswith("left to settle: 1, such as best and good.")
        if settle:  # what only the third differs on is left to the even part of the draws
            apart = answers["best"] != answers["good"]
            chance = {row["example"]: row["probability"] for row in rows}
            on = [chance[one] for one in chance if apart[one]]
            off = [chance[one] for one in chance if not apart[one]]
            assert min(on) > max(off, default=0)
        answer(audit)
    assert (
        plan.outlook == "All 3 pairs of models are told apart on this test set. Nothing was added."
    )
    assert plan.candidates < N
    found = audit.compare(answers, population=False).certainty
    right = {name: hits(one[:, np.newaxis], TRUTH, 1).mean() for name, one in answers.items()}
    assert len(found.decided) == 3
    assert all(right[better] > right[worse] for better, worse in found.decided)


@given(st.integers(1, 400), st.fractions(0, 1).filter(lambda one: 0 < one < 1))
def test_however_often_one_looks_the_looks_err_no_oftener_than_is_wanted(looks, wanted):
    spent = sum((wanted / (look * (look + 1)) for look in range(1, looks + 1)), Fraction(0))
    assert spent == wanted * looks / (looks + 1) < wanted
    assert confidence_at(looks, float(1 - wanted)) == pytest.approx(
        float(1 - wanted / (looks * (looks + 1)))
    )


@pytest.mark.parametrize("first", ["rate", "ranking"])
def test_each_look_at_the_ranking_is_surer_than_the_one_before(audit, monkeypatch, first):
    seen = []

    def certain(*args, **settings):
        seen.append(settings["confidence"])
        return ranking_of(*args, **settings)

    monkeypatch.setattr("errata.planning.ranking_of", certain)
    answers = models({"one": 0.05, "other": 0.06})
    audit.plan(budget=20, **ONE)
    audit.compare(answers)
    audit.plan(goal=first, budget=20)
    for _ in range(4):
        answer(audit)
        before = len(seen)
        audit.plan(goal="ranking", continued=True, budget=20)
        assert len(seen) == before + 1
        audit.plan(budget=1)  # nobody looks at models for a plan of the worst
    assert seen == pytest.approx([1 - 0.05 / (look * (look + 1)) for look in range(1, 5)])


def test_no_plan_for_the_ranking_follows_one_that_waits_for_votes(audit):
    audit.plan(goal="rate", budget=100, **ONE)
    answer(audit)
    audit.compare(models({"best": 0.05, "good": 0.06, "poor": 0.07}))
    assert audit.plan(goal="ranking", continued=True, budget=60).added == 60
    for _ in range(2):
        plan = audit.plan(goal="ranking", continued=True, budget=60)
        assert plan.added == 0
        assert plan.outlook == (
            "Of the 60 examples that the newest plan for the ranking drew 60 are not decided yet. "
            "Have them reviewed first. Nothing was added."
        )
    answer(audit, but=31)
    assert "drew 31 are not decided yet" in audit.plan(continued=True, budget=60).outlook
    answer(audit, but=30)
    assert audit.plan(continued=True, budget=60).added == 60, "half of it tells enough"


def test_models_that_answer_alike_are_not_waited_for(audit):
    answers = models({"one": 0.05})
    audit.plan(budget=20, **ONE)
    audit.compare({**answers, "copy": answers["one"]})
    plan = audit.plan(goal="ranking", continued=True, budget=40)
    assert (plan.added, plan.enough) == (40, False), "a census tells of nothing else"
    assert plan.outlook.startswith("No example was drawn by chance yet")
    assert (
        audit.plan(continued=True).outlook
        == "None of the 40 drawn examples is decided yet. Nothing was added."
    )
    answer(audit)
    plan = audit.plan(continued=True)
    assert (plan.added, plan.enough) == (0, True)
    assert plan.outlook == (
        "0 of 1 pairs of models are told apart on this test set, and no label that is left to "
        "check could tell more. Nothing was added."
    )


# ---------------------------------------------------------------- errors


def test_errors_are_looked_for_until_hardly_any_are_to_be_expected(audit):
    flagged = len(audit.find())
    audit.plan(budget=30, **ONE)
    answer(audit)
    plan = audit.plan(continued=True, budget=20)
    assert (plan.goal, plan.added) == ("errors", 20)
    assert plan.outlook.startswith("About 2")
    assert f"among the next 20 of {flagged - 30:,} candidates" in plan.outlook
    while not plan.enough:
        answer(audit)
        plan = audit.plan(continued=True, budget=5)
    found = {row["example"] for row in planned_rows(audit)}
    assert plan.outlook.startswith(("Less than one wrong label", "Every candidate is planned."))
    assert np.mean(WRONG[sorted(found)]) > 0.5


def test_errors_that_wait_for_votes_are_waited_for_and_the_next_plan_is_as_large(audit):
    audit.find(count=120)
    audit.plan(budget=30, **ONE)
    assert "Of 30 planned candidates 0 have a verdict" in audit.plan(continued=True).outlook
    answer(audit, but=16)
    assert audit.plan(continued=True).added == 0
    answer(audit, but=1)
    plan = audit.plan(continued=True)
    assert (plan.added, plan.budget) == (30, 30), "as many as before, not all that are left"
    assert "among the next 30 of 90 candidates" in plan.outlook


def test_candidates_from_elsewhere_are_planned_without_an_outlook(tmp_path):
    audit = Audit.create(tmp_path / "a", labels=GIVEN[:9], classes=CLASSES)
    audit.add_candidates(
        [{"index": i, "suggested": int(TRUTH[i] + 2) % 3} for i in (1, 2)], flagger="x"
    )
    first = audit.plan(budget=1, **ONE)
    plan = audit.plan(continued=True)
    assert (plan.added, plan.number) == (0, first.number)
    assert plan.outlook == (
        "Of 1 planned candidates 0 have a verdict. Have the others reviewed first. "
        "Nothing was added."
    )
    answer(audit)
    plan = audit.plan(continued=True)
    assert plan.added == 1
    assert plan.outlook == (
        "The votes so far cannot tell how many wrong labels to expect among the next 1 of 1 "
        "candidates."
    )
    assert audit.plan(continued=True).outlook == "Every candidate is planned. Nothing was added."


def test_a_plan_that_is_not_continued_shows_the_one_of_its_goal(audit):
    rate = audit.plan(goal="rate", budget=20, **ONE)
    audit.plan(goal="errors", budget=5)
    stopped = audit.plan(goal="rate", continued=True)
    assert stopped.outlook == "None of the 20 drawn examples is decided yet. Nothing was added."
    assert (stopped.goal, stopped.number) == ("rate", rate.number)
    assert (stopped.budget, stopped.seed) == (rate.budget, rate.seed)
    assert (stopped.added, stopped.candidates) == (0, 25)


def test_sets_of_labels_can_be_continued(tmp_path):
    audit = sounds(tmp_path / "a")
    assert audit.plan(continued=True).outlook == "Every candidate is planned. Nothing was added."
    audit.add_candidates([*doubts(), {"index": 20, "suggested": [0, 1, 2]}], flagger="bob")
    assert "planned candidates 0 have a verdict" in audit.plan(continued=True).outlook
    for doubt in doubts():
        tick(audit, doubt["index"], "?", "?", "?")
    plan = audit.plan(continued=True)
    assert plan.added == 1
    assert "votes so far cannot tell how many wrong labels" in plan.outlook


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within": 0.01}, "within is 0.01, which is for a plan that is continued"),
        ({"continued": True, "within": 0.01}, "the goal is errors. Leave it out"),
        ({"continued": True, "goal": "rate", "within": 2}, "within is 2; a share above 0"),
        ({"continued": True, "goal": "rate", "within": 0}, "within is 0; a share above 0"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(audit, options, message):
    audit.plan(budget=5, **ONE)
    with pytest.raises(InputError, match=message):
        audit.plan(**options)


def test_without_a_plan_there_is_nothing_to_continue(audit):
    with pytest.raises(AuditError, match="Nothing is planned yet, so there is nothing to continue"):
        audit.plan(continued=True)


# ---------------------------------------------------------------- predictions alone


def test_chance_draws_by_what_models_answer_where_there_are_no_probabilities(tmp_path):
    answers = models({"a": 0.05, "b": 0.1, "c": 0.1, "d": 0.2})
    audit = Audit.create(tmp_path / "a", labels=GIVEN, classes=CLASSES)
    found = audit.find(predictions=answers)
    told = dict(zip(found.indices.tolist(), found.suggested.tolist(), strict=True))
    audit.plan(goal="rate", budget=150, **ONE)
    rows = planned_rows(audit)
    flagged = {row["example"] for row in rows} & told.keys()
    assert len(flagged) > 150 * len(found) / N, "more of what is doubted"
    confidence = found.self_confidence
    for row in rows:
        assert row["suggested"] != row["given"]
        assert row["suggested"] == told.get(row["example"], row["suggested"])
        assert row["score"] == pytest.approx(confidence[row["example"]])
    answer(audit)
    rate = audit.error_rate()
    assert rate.low <= WRONG.mean() <= rate.high
    assert rate.count.random_sample > 300, "the voters' doubts steady the estimate"
    audit.compare(answers)
    plan = audit.plan(goal="ranking", continued=True, budget=50)
    assert plan.added == 50
