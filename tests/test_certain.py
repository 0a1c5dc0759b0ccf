"""How sure a comparison of models is, put together from the audit's plans, and in words."""

import json
from itertools import combinations, pairwise

import numpy as np
import pytest

from audits import CLASSES, planned_audit, planned_rows
from errata.audit import Audit
from errata.certain import ReviewDesign, Standing, certainty, ranking_of
from errata.core.accuracy import corrected_labels, label_sets
from errata.core.certainty import Sample, accuracies, decide
from errata.core.consensus import VERDICTS
from errata.core.stability import crossing_band, duel
from errata.errors import InputError
from errata.store import records

N = 1200
GIVEN = np.arange(N) % 3
WRONG = np.arange(N) % 10 == 0
TRUTH = np.where(WRONG, (GIVEN + 1) % 3, GIVEN)


def models() -> dict[str, np.ndarray]:
    """Return answers: one is right by the truth, one by the given labels, one mostly wrong."""
    rng = np.random.default_rng(5)
    noise = rng.random((3, N))
    return {
        "clever": np.where(noise[0] < 0.9, TRUTH, (TRUTH + 1) % 3),
        "copycat": np.where(noise[1] < 0.95, GIVEN, (GIVEN + 1) % 3),
        "poor": np.where(noise[2] < 0.6, GIVEN, (GIVEN + 2) % 3),
    }


def set_up(path) -> Audit:
    rng = np.random.default_rng(6)
    sure = np.where(WRONG, rng.beta(2, 3, N), rng.beta(8, 1, N))
    probs = np.full((N, 3), 0.0)
    probs[np.arange(N), GIVEN] = sure
    probs[np.arange(N), (GIVEN + 1) % 3] = 1 - sure
    audit = Audit.create(path, labels=GIVEN, probs=probs, classes=CLASSES)
    audit.find()
    return audit


def checked(audit: Audit, begin: int = 0, end: int | None = None) -> None:
    """Let what is planned, or a part of it, be answered as the truth is."""
    with audit._db.read() as db:
        rows = records.planned(db)[begin:end]
    audit.add_votes(
        {
            "index": row["example"],
            "reviewer": "ann",
            "answer": "suggested" if WRONG[row["example"]] else "given",
        }
        for row in rows
    )


def by_chance(path, budget=400) -> Audit:
    audit = set_up(path)
    audit.plan(goal="rate", budget=budget, votes=1, threshold=1)
    checked(audit)
    return audit


def test_accuracies_are_those_of_the_arithmetic(tmp_path):
    audit = by_chance(tmp_path / "a")
    found = audit.compare(models()).certainty
    with audit._db.read() as db:
        rows = records.planned(db)
        design = audit._design(db, audit.verdicts())
    assert design.by_chance == 400
    examples = np.array([row["example"] for row in rows])
    np.testing.assert_array_equal(design.checked.examples, examples)
    expected = np.array([row["probability"] for row in rows])
    np.testing.assert_allclose(design.checked.probabilities, expected)
    answers = np.stack(list(models().values()), axis=1)
    by_hand = accuracies(
        answers == GIVEN[:, np.newaxis],
        answers[examples] == TRUTH[examples, np.newaxis],
        design.checked,
        population=True,
    )
    told = [one.accuracy for one in found.standings["corrected"]]
    assert told == by_hand.accuracy.tolist()
    low, high = by_hand.intervals()
    assert [one.low for one in found.standings["corrected"]] == low.tolist()
    assert [one.high for one in found.standings["corrected"]] == high.tolist()
    ranking = decide(by_hand, np.random.default_rng(7))
    assert len(found.decided) == ranking.decided.sum()


def test_the_intervals_hold_the_truth_and_the_right_model_leads(tmp_path):
    found = by_chance(tmp_path / "a").compare(models()).certainty
    for one, answers in zip(found.standings["corrected"], models().values(), strict=True):
        assert one.low <= (answers == TRUTH).mean() <= one.high
        assert one.best_rank <= one.worst_rank
    assert ("clever", "poor") in found.decided
    assert sum(one.chance_of_best for one in found.standings["corrected"]) == pytest.approx(1)


def test_relabels_are_told_only_where_they_would_put_the_leader_behind(tmp_path):
    """By what was corrected the copycat is ahead; by what that stands for, the clever one."""
    audit = by_chance(tmp_path / "a", budget=200)
    found = audit.compare(models()).certainty
    for one in found.leads:
        if one.flip.leader == one.leader:
            assert one.relabels == one.flip.fewest
            assert one.row()["relabels"] == f"{one.flip.fewest:,}"
        else:
            assert one.relabels is None
            assert one.row()["relabels"] is None
    (ahead,) = (one for one in found.leads if one.follower == "copycat")
    assert ahead.leader == "clever"
    assert ahead.flip.leader == "copycat", "otherwise this tests nothing"
    assert ahead.flip.fewest is not None
    fewest = min(one.relabels for one in found.leads if one.relabels is not None)
    assert ahead.flip.fewest < fewest
    assert f"would swap a pair, were they wrong: {fewest:,} of {N - found.checked:,}, of" in (
        found.verdict()
    )


def test_without_chance_relabels_are_told_of_each_pair_that_they_can_flip(tmp_path):
    audit = set_up(tmp_path / "a")
    audit.plan(votes=1, threshold=1)
    checked(audit)
    found = audit.compare(with_twins()).certainty
    assert [one.relabels for one in found.leads] == [one.flip.fewest for one in found.leads]


def test_this_test_set_alone_is_surer_than_all_of_its_kind(tmp_path):
    audit = by_chance(tmp_path / "a")
    of_kind, alone = (audit.compare(models(), population=one).certainty for one in (True, False))
    for wide, narrow in zip(
        of_kind.standings["corrected"], alone.standings["corrected"], strict=True
    ):
        assert wide.accuracy == narrow.accuracy
        assert wide.high - wide.low > narrow.high - narrow.low
    assert set(of_kind.decided) <= set(alone.decided)
    assert "95 % for this test set;" in alone.title()


def test_a_census_says_what_it_supposes(tmp_path):
    audit = set_up(tmp_path / "a")
    audit.plan(votes=1, threshold=1)
    checked(audit)
    found = audit.compare(models()).certainty
    assert found.by_chance == 0
    assert f"supposes that the {N - found.checked:,} labels that nobody checked are right" in (
        found.verdict()
    )
    assert found.verdict().startswith("All this supposes"), "first of all"
    assert "`errata plan AUDIT --goal ranking` draws some." in found.verdict()
    assert "that would swap a pair, were they wrong: " in found.verdict()


def test_before_any_vote_nothing_is_decided_and_that_comes_first(tmp_path):
    audit = set_up(tmp_path / "a")
    audit.plan(goal="rate", budget=300, votes=1, threshold=1)
    stable = {"good": GIVEN, "bad": (GIVEN + 1) % 3}
    told = audit.compare(stable).certainty.verdict()
    assert told.startswith(
        "No label is checked yet: all this is by the given labels, and decides nothing. "
        "300 are drawn and wait for votes: `errata review AUDIT`."
    )
    assert "--goal" not in told
    assert "best" not in told
    assert "order" not in told
    checked(audit, end=100)
    assert "order of the models holds" in audit.compare(stable).certainty.verdict()


def test_before_anything_is_drawn_the_way_on_is_a_plan(tmp_path):
    audit = set_up(tmp_path / "a")
    audit.plan(votes=1, threshold=1)
    told = audit.compare(models()).certainty.verdict()
    assert told.startswith("No label is checked yet")
    assert "`errata plan AUDIT --goal ranking` draws some." in told


def test_what_chance_drew_besides_a_census_waits_for_votes(tmp_path):
    audit = set_up(tmp_path / "a")
    held = audit.plan(votes=1, threshold=1, budget=60).added
    audit.plan(goal="rate", budget=200)
    checked(audit, end=held)
    found = audit.compare(models()).certainty
    assert found.to_dict()["waiting"] == 200
    assert found.verdict().startswith(
        f"All this supposes that the {N - held:,} labels that nobody checked are right: no verdict "
        "that counts is on an example that chance drew. 200 are drawn and wait for votes"
    )


def test_models_that_may_be_the_best_are_counted_where_none_is_more_probable_than_not(tmp_path):
    audit = by_chance(tmp_path / "a")
    answers = {f"m{i}": np.where(np.arange(N) % 60 == i, TRUTH + 1, TRUTH) % 3 for i in range(9)}
    answers["poor"] = models()["poor"]
    found = audit.compare(answers).certainty
    first = [one.best_rank for one in found.standings["corrected"]].count(1)
    assert 1 < first < 10
    assert max(one.chance_of_best for one in found.standings["corrected"]) < 0.5
    assert found.best() == (
        f"By the corrected labels any of {first} models may be the best, with 95 % confidence."
    )


@pytest.mark.parametrize(
    ("chance", "ranks", "told"),
    [
        (1.0, (1, 5), "over 99 %"),
        (0.0, (1, 5), "under 1 %"),
        (1.0, (1, 1), "100 %"),
        (0.0, (2, 5), "0 %"),
        (0.62, (1, 5), "62 %"),
    ],
)
def test_who_may_be_first_or_not_is_so_neither_for_certain_nor_never(chance, ranks, told):
    best, worst = ranks
    standing = Standing(
        model="a",
        accuracy=0.8,
        low=0.7,
        high=0.9,
        best_rank=best,
        worst_rank=worst,
        chance_of_best=chance,
    )
    assert standing.best == standing.row()["best"] == told


def test_what_earlier_plans_hold_undecided_is_told_to_count_as_right(tmp_path):
    audit = set_up(tmp_path / "a")
    held = audit.plan(votes=1, threshold=1, budget=60).added
    audit.plan(goal="rate", budget=200)
    checked(audit, begin=held)
    supposing = audit.compare(models()).certainty
    assert supposing.verdict().startswith(
        f"All this supposes that {held} labels of earlier plans are right that are not"
    )
    assert supposing.to_dict()["supposed_right"] == held
    with audit._db.read() as db:
        examples = [row["example"] for row in records.planned(db)[:held]]
    audit.add_votes({"index": i, "reviewer": "ann", "answer": "given"} for i in examples)
    told = audit.compare(models()).certainty
    assert told.standings == supposing.standings, "as if they had been found right"
    assert told.supposed_right == 0
    assert "supposes" not in told.verdict()


def test_a_sample_after_a_census_knows_what_that_found(tmp_path):
    audit = set_up(tmp_path / "a")
    known = audit.plan(votes=1, threshold=1, budget=60).added
    audit.plan(goal="rate", budget=200)
    checked(audit)
    with audit._db.read() as db:
        design = audit._design(db, audit.verdicts())
    assert (design.checked.probabilities[:known] == 1).all()
    assert (design.checked.strata[:known] == 0).all()
    assert design.by_chance == 200
    # what was drawn stands for all that the census left
    assert (1 / design.checked.probabilities[known:]).sum() == pytest.approx(N - known)


@pytest.mark.parametrize("done", [300, 200])
def test_all_plans_by_chance_tell_together_each_as_much_as_it_checked(tmp_path, done):
    audit = set_up(tmp_path / "a")
    audit.plan(goal="rate", budget=300, votes=1, threshold=1)
    checked(audit, 0, done)
    audit.plan(goal="rate", budget=100)
    checked(audit, 300)
    found = audit.compare(models()).certainty
    assert found.by_chance == done + 100
    with audit._db.read() as db:
        rows = records.planned(db)
        sample = audit._design(db, audit.verdicts()).checked
    assert sorted(sample.examples) == sorted(row["example"] for row in rows[:done] + rows[300:])
    # the first plan tells of all; of what it holds, what is checked stands for all in the second
    own = {row["example"]: row for row in rows[:done]}
    first = sum(1 / row["probability"] for row in own.values()) * 300 / done
    assert first == pytest.approx(N, rel=0.02)
    share, later = done / (done + 100), 100 / (done + 100)
    for name, one in zip(models(), found.standings["corrected"], strict=True):
        gain = {
            row["example"]: int(models()[name][row["example"]] == TRUTH[row["example"]])
            - int(models()[name][row["example"]] == GIVEN[row["example"]])
            for row in rows
        }
        total = (models()[name] == GIVEN).sum()
        for place, example in enumerate(sample.examples.tolist()):
            chance = sample.probabilities[place]
            if example in own:
                part = chance / own[example]["probability"]
                assert part == pytest.approx(done / 300, rel=0.2)
                total += gain[example] * (share / chance + later / part)
            else:
                total += gain[example] * later / chance
        assert one.accuracy == pytest.approx(total / N)


def test_a_census_after_a_sample_is_left_to_what_that_says(tmp_path):
    audit = by_chance(tmp_path / "a", budget=200)
    before = audit.compare(models()).certainty
    audit.plan(budget=20)
    checked(audit)
    after = audit.compare(models()).certainty
    assert after.standings == before.standings
    assert after.checked > before.checked


def test_the_verdict_names_who_changes_places_and_who_is_undecided(tmp_path):
    audit = by_chance(tmp_path / "a")
    answers = models()
    answers["twin"] = answers["poor"].copy()
    answers["twin"][:6] = (answers["twin"][:6] + 1) % 3
    told = audit.compare(answers).certainty.verdict()
    assert "poor and twin (" in told or "twin and poor (" in told
    assert " pairs are undecided, as either model may be the better: " in told
    stable = {"good": TRUTH, "bad": (TRUTH + 1 + np.arange(N) % 2) % 3}
    assert "The order of the models holds: with 95" in audit.compare(stable).certainty.verdict()
    tied = {"one": GIVEN, "other": GIVEN}
    of_tied = audit.compare(tied).certainty.verdict()
    assert "all models tie" in of_tied
    assert "swap a pair" not in of_tied
    worse = {"copies": GIVEN, "knows": np.where(np.arange(N) % 40 == 1, (TRUTH + 1) % 3, TRUTH)}
    assert "knows overtakes copies" in audit.compare(worse).certainty.verdict()


def test_labels_of_which_the_right_one_is_not_known_are_told_and_no_lead_hangs_on_them(tmp_path):
    n = 300
    rng = np.random.default_rng(5)
    truth, labels = rng.integers(4, size=(2, n))
    labels = np.where(np.arange(n) < 60, labels, truth)
    one, other = labels.copy(), truth.copy()
    one[100:110] = (truth[100:110] + 1) % 4  # so ahead by the given labels, and behind by the truth
    probs = np.eye(4)[truth] * 0.9 + 0.025
    audit = Audit.create(tmp_path / "a", labels=labels, probs=probs)
    audit.find(count=20)
    audit.plan(goal="rate", budget=n, votes=1, threshold=1)
    answers = [
        {
            "index": row["example"],
            "reviewer": "ann",
            "answer": "given" if labels[row["example"]] == truth[row["example"]] else "neither",
        }
        for row in planned_rows(audit)
    ]
    audit.add_votes(answers)
    told = audit.compare({"one": one, "other": other}, population=False).certainty
    unknown = sum(row["answer"] == "neither" for row in answers)
    assert (told.unknown, told.decided, told.firm) == (unknown, (("one", "other"),), ())
    assert f"Of {unknown} labels" in told.verdict(), "all were checked"
    assert "Whatever they are, 0 of 1 decided pair" in told.verdict()
    assert "would stay so. On them hangs: one ahead of other." in told.verdict()
    assert "--question choice" in told.verdict()
    assert told.to_dict()["firm"] == []


def test_it_is_on_every_output(tmp_path):
    audit = by_chance(tmp_path / "a")
    compared = audit.compare(models())
    found = compared.certainty
    text = " ".join(repr(compared).split())
    assert found.verdict() in text
    assert found.about() in text
    assert found.title() not in text
    assert "and where they say that neither is, none does; clear" in found.title()
    assert found.title() in " ".join(compared.details().split())
    plain = json.loads(json.dumps(compared.to_dict(), allow_nan=False))
    assert plain["certainty"]["verdict"] == found.verdict()
    assert len(plain["certainty"]["policies"]["accepted"]) == 3
    assert [one["band"] for one in plain["certainty"]["pairs"]] == [
        [list(part) for part in one.band] for one in found.leads
    ]
    assert compared.rows()[0]["certain_best_rank"] >= 1


def with_twins():
    """Return models of which some are hardly to be told apart."""
    answers = models()
    for number, name in enumerate(("twin", "other twin")):
        answers[name] = answers["poor"].copy()
        answers[name][: 6 + number] = (answers[name][: 6 + number] + 1) % 3
    return answers


def test_each_pair_is_told_once_the_better_first(tmp_path):
    audit, answers = by_chance(tmp_path / "a"), with_twins()
    compared = audit.compare(answers, confidence=0.9)
    found = compared.certainty
    accuracy = {one.model: one.accuracy for one in found.standings["corrected"]}
    order = sorted(accuracy, key=lambda model: -accuracy[model])
    pairs = [(one.leader, one.follower) for one in found.leads]
    assert pairs == list(combinations(order, 2))
    assert [(one.leader, one.follower) for one in found.neighbours] == list(pairwise(order))
    crossings = {frozenset((each.a, each.b)): each.prevalence for each in compared.crossings}
    verdicts = audit.verdicts()
    truth = corrected_labels(GIVEN, verdicts.examples, verdicts.suggested, verdicts.codes)
    sets = label_sets(N, verdicts.examples, verdicts.codes)
    for one in found.leads:
        pair = (one.leader, one.follower)
        assert one.lead == accuracy[one.leader] - accuracy[one.follower]
        assert one.low <= one.lead <= one.high
        assert one.decided == (pair in found.decided)
        before = [(answers[model] == GIVEN).sum() for model in pair]
        assert one.swapped == (before[0] < before[1])
        assert one.prevalence == crossings.get(frozenset(pair))
        assert {one.flip.leader, one.flip.follower} == set(pair)
        right = [answers[model] == truth for model in pair]
        duels = [duel(*right, part) for part in (sets.benign, sets.correctable)]
        assert one.band == crossing_band(*duels, confidence=0.9)
    swapped = [one for one in found.leads if one.swapped and one.decided]
    undecided = [one for one in found.neighbours if not one.decided]
    may_have = [one for one in undecided if one.swapped]
    others = [one for one in undecided if not one.swapped]
    assert found.unsettled == (*swapped, *may_have, *others)
    assert undecided


def test_models_that_answer_alike_tie_for_certain_on_this_test_set(tmp_path):
    answers = models() | {"copy": models()["clever"]}
    audit = by_chance(tmp_path / "a")
    found = audit.compare(answers, population=False).certainty
    (pair,) = (one for one in found.leads if {one.leader, one.follower} == {"clever", "copy"})
    assert (pair.lead, pair.low, pair.high, pair.decided, pair.tied) == (0, 0, 0, False, True)
    assert pair.row()["order"] == "tied"
    assert pair not in found.unsettled
    assert sum(one.tied for one in found.leads) == 1
    assert found.best() == "By the corrected labels clever and copy tie for the best."
    of_kind = audit.compare(answers).certainty  # on another set they may answer differently
    (pair,) = (one for one in of_kind.leads if {one.leader, one.follower} == {"clever", "copy"})
    assert pair.low < 0 == pair.lead < pair.high < 0.01


def test_the_first_screen_has_the_pairs_that_are_not_settled_and_details_all_neighbours(tmp_path):
    compared = by_chance(tmp_path / "a").compare(with_twins())
    found = compared.certainty
    pairs = repr(compared).partition("undecided neighbours:")[2]
    assert len(found.unsettled) < 5
    for one in found.leads:
        shown = f"{one.leader}, {one.follower} " in pairs
        assert shown == (one in found.unsettled)
    neighbours = compared.details().partition("Neighbours:")[2]
    assert all(f"{one.leader}, {one.follower} " in neighbours for one in found.neighbours)
    said = " ".join(pairs.split())
    assert "- lead, for all pairs at once" in said
    assert "- swap at N: at which noise prevalence" in said
    for crossing in compared.crossings[:1]:
        assert f"{crossing} (95 % band: " in compared.details()


def test_of_many_pairs_the_first_screen_shows_five(tmp_path):
    answers = {f"m{i}": np.where(np.arange(N) % 60 == i, TRUTH + 1, TRUTH) % 3 for i in range(9)}
    compared = by_chance(tmp_path / "a").compare(answers)
    assert len(compared.certainty.unsettled) == 8
    assert repr(compared).endswith("and 3 pairs more")
    assert sum("as given" in line or "swapped" in line for line in repr(compared).split("\n")) > 5


def test_the_table_tells_the_ranks_before_and_after(tmp_path):
    compared = by_chance(tmp_path / "a").compare(models())
    rows = {row["model"]: row for row in compared.summary()}
    assert next(iter(rows)) == "clever"
    assert rows["clever"]["rank"] == "2 -> 1"
    assert rows["copycat"]["rank"] == "1 -> 2"
    assert rows["poor"]["rank"] == "3"
    assert rows["clever"]["given"] == pytest.approx(100 * (models()["clever"] == GIVEN).mean())
    [clever] = [one for one in compared.certainty.standings["corrected"] if one.model == "clever"]
    assert rows["clever"]["corrected"] == 100 * clever.accuracy
    assert (rows["clever"]["low"], rows["clever"]["high"]) == (100 * clever.low, 100 * clever.high)


def test_one_model_has_the_estimate_it_has_among_others_and_no_rank(tmp_path):
    audit = by_chance(tmp_path / "a")
    among = audit.compare(models())
    alone = audit.compare({"clever": models()["clever"]})
    (one,) = alone.certainty.standings["corrected"]
    other = among.certainty.standings["corrected"][0]
    assert (one.model, one.accuracy) == ("clever", other.accuracy)
    assert (one.low, one.high) == pytest.approx((other.low, other.high))
    (row,) = alone.summary()
    assert list(row) == ["model", "rank", "given", "corrected", "low", "high"]
    assert "clever is the only model, so there is no ranking." in alone.verdict()
    assert "best" not in alone.details()
    assert "lead" not in alone.details()
    json.dumps(alone.to_dict(), allow_nan=False)
    assert len(alone.rows()) == 1
    page = audit.report(tmp_path / "report.html").read_text()
    assert "clever" in page


def test_how_many_unchecked_labels_are_wrong_stands_beside_relabels(tmp_path):
    audit = by_chance(tmp_path / "a")
    compared = audit.compare(with_twins())
    with audit._db.read() as db:
        design = audit._design(db, audit.verdicts())
    wrong = WRONG[design.checked.examples]
    others = (wrong / design.checked.probabilities).sum() - wrong.sum()
    assert compared.certainty.wrong_unchecked == pytest.approx(others)
    assert others == pytest.approx(WRONG.sum() - wrong.sum(), rel=0.5)
    said = " ".join(repr(compared).split())
    assert f"of the {N - 400} unchecked some {others:,.0f} are wrong, by what chance drew" in said
    assert f"here N is {100 * compared.noise_prevalence:.2f} %" in said
    census = set_up(tmp_path / "b")
    census.plan(votes=1, threshold=1)
    checked(census)
    said = " ".join(repr(census.compare(with_twins())).split())
    assert "are wrong is not known without verdicts on what chance draws" in said


def test_errors_found_after_the_last_draw_are_no_longer_among_the_unchecked(tmp_path):
    audit = by_chance(tmp_path / "a", budget=100)
    before = audit.compare(models()).certainty
    audit.plan(goal="errors")
    checked(audit, 100)
    rows = [row["example"] for row in planned_rows(audit)]
    after = audit.compare(models()).certainty
    found = WRONG[rows[100:]].sum()
    assert found > 5, "otherwise this tests nothing"
    left = max(before.wrong_unchecked - found, 0)
    assert after.wrong_unchecked == pytest.approx(left), "the draw tells the same of all labels"
    assert f"some {left:,.0f} are wrong, by what chance drew" in after.wrong_in_words()


def test_the_first_screen_is_narrow_and_says_once_how_to_read_it(tmp_path):
    answers = {f"some_long_prefix_{name}": top for name, top in with_twins().items()}
    compared = by_chance(tmp_path / "a").compare(answers)
    assert max(map(len, repr(compared).split("\n"))) <= 80
    details = compared.details()
    assert details.count("- relabels:") == details.count("- may swap at:") == 1
    assert "- may swap at:" not in repr(compared)


def test_the_same_comparison_says_the_same(tmp_path):
    audit = by_chance(tmp_path / "a")
    assert audit.compare(models()).to_dict() == audit.compare(models()).to_dict()


def test_a_confidence_out_of_range_is_refused(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1)
    with pytest.raises(InputError, match="confidence is 95; between 0 and 1 was expected"):
        audit.compare({"a": audit.labels, "b": audit.labels}, confidence=95)


def test_with_everything_decided_nothing_of_this_test_set_is_in_doubt(tmp_path):
    n = 90
    given = np.arange(n) % 3
    probs = np.full((n, 3), 0.1)
    probs[np.arange(n), np.where(np.arange(n) < 20, (given + 1) % 3, given)] = 0.8
    audit = Audit.create(tmp_path / "a", labels=given, probs=probs, classes=CLASSES)
    audit.find()
    for plan in ({"goal": "rate", "budget": 30}, {}, {"goal": "rate", "budget": n}):
        audit.plan(**plan, votes=1, threshold=1)
    assert len(planned_rows(audit)) == n
    said = np.where(np.arange(n) % 13 == 0, "neither", np.where(np.arange(n) < 20, "suggested", ""))
    audit.add_votes(
        {"index": i, "reviewer": "ann", "answer": str(said[i]) or "given"} for i in range(n)
    )
    answers = {"one": given, "other": np.where(np.arange(n) < 9, (given + 1) % 3, given)}
    compared = audit.compare(answers, population=False)
    found = compared.certainty
    unknown = int((said == "neither").sum())
    assert found.unknown == unknown
    assert f"Of {unknown} labels (" in found.verdict()
    truth = np.where(said == "suggested", (given + 1) % 3, given)
    for one in found.standings["corrected"]:
        exact = (answers[one.model] == truth).mean()
        assert one.low == one.high == one.accuracy == pytest.approx(exact, abs=1e-12)
    assert found.decided == (("other", "one"),)
    (lead,) = found.leads
    assert lead.low == lead.high


def test_a_pair_that_is_decided_stays_so_where_no_label_could_change_it():
    """Pairs are decided in several steps, while all intervals are of the first."""
    n = 1500
    given = np.zeros(n, dtype=np.int64)
    rng = np.random.default_rng(39)
    rates = [0.95, 0.80, 0.60, 0.40, 0.4 + rng.random() * 0.08, 0.2]
    answers = {f"m{k}": (rng.random(n) >= rate).astype(int) for k, rate in enumerate(rates)}
    for one in answers.values():
        one[0] = 1  # the one label whose right one is not known, on which all agree
    design = ReviewDesign(
        checked=Sample(
            examples=np.arange(n), probabilities=np.ones(n), strata=np.zeros(n, dtype=int)
        ),
        suggested=np.ones(n, dtype=int),
        codes=np.where(np.arange(n) == 0, VERDICTS.index("non_agreement"), 0),
        by_chance=n,
        unchecked=np.zeros(n, dtype=bool),
        wrong=1,
    )
    tops = {name: one[:, np.newaxis] for name, one in answers.items()}
    found = certainty(tops, given=given, corrected=given, design=design)
    assert found.firm == found.decided
    assert found.infirm == ()
    ranking = ranking_of(np.stack(list(answers.values()), axis=1), given=given, design=design)
    assert (ranking.low[ranking.decided] < 0).any(), "otherwise this tests nothing"
