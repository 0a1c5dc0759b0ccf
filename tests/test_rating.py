"""The error rate of the whole set, from what plans drew and reviewers said."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import doubtful_audit, doubting_probs, planned_audit, planned_rows, small_audit
from errata.audit import Audit
from errata.core.error_rate import Draw, estimate_errors
from errata.core.slips import NO_SLIPS, Slips, concluded
from errata.crowd import Consensus
from errata.errors import AuditError, InputError, NameUnknownError
from errata.exchange.votes import CANNOT_TELL
from errata.rating import FIRST_LOOK, _last_look, draws_of, open_by
from errata.results import ErrorRate
from errata.store import records

N = 3000
WRONG = np.arange(N) % 12 == 0


def rate_audit(path, **plan):
    return doubtful_audit(path, WRONG, **{"budget": 200, **plan})


def answer(audit, rows, *, slip=0.0, votes=1, seed=0):
    """Let reviewers answer as the truth is, but for slips."""
    rng = np.random.default_rng(seed)
    told = []
    for row in rows:
        for number in range(votes):
            wrong = WRONG[row["example"]] ^ (rng.random() < slip)
            said = "suggested" if wrong else "given"
            told.append({"index": row["example"], "reviewer": f"r{number}", "answer": said})
    audit.add_votes(told)


def test_it_tells_what_the_arithmetic_does_of_all_that_was_drawn(tmp_path):
    audit = rate_audit(tmp_path / "a")
    rows = planned_rows(audit)
    answer(audit, rows)
    found = audit.error_rate(slips="none")
    examples = np.array([row["example"] for row in rows])
    given = np.arange(N) % 3
    probs = doubting_probs(WRONG)
    own = probs[np.arange(N), given]
    others = probs.copy()
    others[np.arange(N), given] = -1
    draw = Draw(
        examples=examples,
        wrong=WRONG[examples],
        probability=np.array([row["probability"] for row in rows]),
        stratum=np.array([row["stratum"] for row in rows]),
    )
    by_hand = estimate_errors([draw], (1 - (own - others.max(axis=1))) / 2)
    assert found.count == by_hand
    assert found.low <= WRONG.mean() <= found.high
    assert found.estimate == pytest.approx(WRONG.mean(), abs=0.03)
    assert (found.by_chance, found.waiting, found.slips_by) == (200, 0, "none")


def test_it_says_so_in_words(tmp_path):
    audit = rate_audit(tmp_path / "a")
    answer(audit, planned_rows(audit)[:150])
    told = repr(audit.error_rate())
    assert "of the 3,000 labels are wrong, about " in told
    assert "95 % interval: " in told
    assert "(150 checked, " in told
    assert "A simple random sample would take some " in told
    assert "50 planned examples are not decided yet." in told
    assert "150 of 150 votes were imported." in told


def told_of(*, wrong, examples, probability, n, **rate):
    """Return what is said of a simple random sample."""
    drawn = Draw(
        examples=np.arange(examples),
        wrong=np.arange(examples) < wrong,
        probability=np.full(examples, probability),
        stratum=np.zeros(examples, dtype=int),
    )
    slips = rate.pop("slips", NO_SLIPS)
    count = estimate_errors([drawn], np.full(n, 0.02), slips=slips)
    settings = {"slips_by": "none", "waiting": 0, "anytime": False, "notices": (), **rate}
    return ErrorRate(count=count, confidence=0.95, by_chance=examples, slips=slips, **settings)


def test_the_number_of_wrong_labels_has_two_digits_and_is_no_less_than_what_was_found():
    few = told_of(wrong=8, examples=100, probability=0.01, n=10_000)
    (first, *_) = few.sentences()
    assert first.startswith("8.0 % of the 10,000 labels are wrong, about 800;"), "otherwise as sure"
    few = told_of(wrong=8, examples=97, probability=97 / 3000, n=3000)
    assert (few.count.high - few.count.low) / 2 > 100, "otherwise this tests nothing"
    assert few.sentences()[0].startswith("8.2 % of the 3,000 labels are wrong, about 250;")
    found = replace(few, count=replace(few.count, estimate=12.2, found=13, low=13, high=300))
    assert ", about 13;" in found.sentences()[0]
    slips = replace(found, slips_by="gold", count=replace(found.count, low=5))
    assert ", about 12;" in slips.sentences()[0]
    most = replace(few, count=replace(few.count, estimate=2996.0, high=2998, found=60))
    assert ", about 3,000;" in most.sentences()[0]
    tiny = replace(few, count=replace(few.count, estimate=4.2, found=4, low=4.0, high=78))
    assert ", about 4;" in tiny.sentences()[0]


def test_doubtful_labels_are_said_to_be_checked_oftener_only_where_they_are():
    said = "doubtful ones are checked more often"
    slips = Slips(false_alarm=0.05, miss=0.05, covariance=(1e-5,) * 3)
    often = {"slips": slips, "slips_by": "gold"}
    even = {"wrong": 100, "examples": 1000}
    assert said not in repr(told_of(**even, probability=1.0, n=1000, **often))
    assert said not in repr(told_of(**even, probability=0.1, n=10_000, **often))
    found = told_of(**even, probability=0.1, n=10_000)
    assert said not in repr(found)
    count = found.count
    halved = replace(count, estimate=count.estimate / 2, low=count.low / 2)
    assert said in repr(replace(found, count=halved))
    everything = replace(halved, checked=10_000, found=1000)
    assert said not in repr(replace(found, count=everything)), "nothing is checked oftener"


def test_labels_that_reviewers_cannot_judge_are_told_apart_from_wrong_ones(tmp_path):
    told, right = (rate_audit(tmp_path / name, votes=3, threshold=2) for name in "ab")
    rows = planned_rows(told)
    unclear = {row["example"] for row in rows[::9]} - set(np.flatnonzero(WRONG).tolist())
    for audit, said in ((told, "other"), (right, "given")):
        audit.add_votes(
            {
                "index": row["example"],
                "reviewer": f"r{vote}",
                # one of three confirms it, so that two who cannot tell could have
                "answer": "suggested"
                if WRONG[row["example"]]
                else said
                if vote and row["example"] in unclear
                else "given",
            }
            for row in rows
            for vote in range(3)
        )
    found, confirmed = (audit.error_rate(slips="none") for audit in (told, right))
    assert found.count.found == confirmed.count.found + len(unclear)
    first, *_ = found.notices
    assert first.startswith(f"{len(unclear)} labels count as wrong that reviewers might have conf")
    share, low, high = (100 * part for part in (confirmed.estimate, confirmed.low, confirmed.high))
    assert f"would be {share:.3g} %, {low:.3g} % to {high:.3g} %. Have a maint" in first
    assert not any("count as wrong" in notice for notice in confirmed.notices)


def test_who_cannot_tell_of_sets_of_labels_is_told_of(tmp_path):
    probs = np.random.default_rng(3).random((40, 3))
    sets = [np.flatnonzero(row > 0.5).tolist() for row in probs]
    sets[0] = []
    audit = Audit.create(
        tmp_path / "a", labels=sets, probs=probs, classes=("cat", "dog", "fox"), multilabel=True
    )
    audit.find()
    audit.plan(votes=2, threshold=2, budget=1)
    (row, *_) = planned_rows(audit)
    for reviewer in ("ann", "ben"):
        said = {"answer": "other", "said": CANNOT_TELL}
        audit.add_votes([{"index": row["example"], "reviewer": reviewer, **said}])
    first, *_ = audit.error_rate(slips="none").notices
    assert first.startswith("1 label counts as wrong that reviewers might have confirmed")


def test_a_census_says_what_it_does_not_know(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1)
    for row in planned_rows(audit):
        audit.vote("ann", row["example"], "suggested", first="given", key=str(row["example"]))
    found = audit.error_rate()
    wrong = len(planned_rows(audit))
    assert found.estimate is None
    assert (found.low, found.high) == (wrong / 60, 1.0)
    first, second = found.sentences()
    assert first == (
        f"At least {100 * wrong / 60:.1f} % of the 60 labels are wrong, if reviewers are taken at "
        f"their word: they rejected {wrong} of the {wrong} checked."
    )
    assert second.startswith(f"How many of the other {60 - wrong} are, nobody knows")
    assert "`errata plan AUDIT --goal rate`" in second


def test_what_slips_may_have_rejected_is_not_said_to_be_wrong(tmp_path):
    """Of a census in which no label is wrong, by three reviewers who slip, two of whom decide."""
    right = np.zeros(N, dtype=bool)
    given, probs = np.arange(N) % 3, doubting_probs(right)
    audit = Audit.create(tmp_path / "a", labels=given, probs=probs, classes=("c", "d", "f"))
    audit.find(count=200)
    audit.plan(goal="errors", votes=3, threshold=2)
    rng = np.random.default_rng(0)
    audit.add_votes(
        [
            {
                "index": row["example"],
                "reviewer": f"r{number}",
                "answer": "suggested" if rng.random() < 0.15 else "given",
            }
            for row in planned_rows(audit)
            for number in range(3)
        ]
    )
    found, believed = audit.error_rate(), audit.error_rate(slips="none")
    assert found.slips_by == "repeats"
    assert found.count.found == believed.count.low > 5
    assert found.low == 0
    first, _ = found.sentences()
    assert first.startswith("At least 0.0 % of the 3,000 labels are wrong, with 95 % confidence: ")
    assert f"reviewers rejected {found.count.found} of the {found.count.checked} checked" in first
    assert "Reckoned out, by how often two reviewers disagree: the verdict of 3 " in first


def test_without_a_plan_there_is_nothing_to_tell(tmp_path):
    with pytest.raises(AuditError, match="Nothing is planned yet"):
        small_audit(tmp_path / "a").error_rate()


def test_of_what_nobody_checked_no_number_is_said(tmp_path):
    first, second = planned_audit(tmp_path / "a").error_rate().sentences()
    assert first == "None of the 60 labels counts as checked yet."
    assert second.startswith("How many are wrong, nobody knows: no verdict that counts ")


def test_the_candidates_and_two_samples_speak_together(tmp_path):
    audit = rate_audit(tmp_path / "a", goal="errors", budget=100)
    candidates = len(planned_rows(audit))
    answer(audit, planned_rows(audit))
    before = audit.error_rate()
    assert before.estimate is None
    audit.plan(goal="rate", budget=150)
    answer(audit, planned_rows(audit)[candidates:])
    one = audit.error_rate()
    audit.plan(goal="rate", budget=300)
    answer(audit, planned_rows(audit)[candidates + 150 :])
    two = audit.error_rate()
    assert (one.count.checked, two.count.checked) == (candidates + 150, candidates + 450)
    assert two.by_chance == 450
    assert two.high - two.low < one.high - one.low < before.high - before.low
    for found in (before, one, two):
        assert found.low <= WRONG.mean() <= found.high


@pytest.mark.parametrize("goal", ["errors", "rate"])
def test_what_an_earlier_plan_holds_and_nobody_decided_is_left_open(tmp_path, goal):
    audit = rate_audit(tmp_path / "a", goal=goal)
    if goal == "errors":
        audit.find(count=100)
        audit.plan(goal="errors")
    first = planned_rows(audit)
    audit.plan(goal="rate", budget=300)
    answer(audit, planned_rows(audit)[len(first) :])
    held = [row["example"] for row in first]
    found = audit.error_rate()
    rest = np.ones(N, dtype=bool)
    rest[held] = False
    assert found.count.low <= WRONG[rest].sum()
    assert found.count.high >= WRONG[rest].sum() + len(held)
    assert found.count.low < found.count.estimate < found.count.high
    notice = f"{len(held)} examples of earlier plans are not decided"
    assert notice in " ".join(found.notices)
    answer(audit, first)
    assert notice not in " ".join(audit.error_rate().notices)


def test_what_tells_models_apart_counts_for_less_of_the_rate(tmp_path):
    audit = rate_audit(tmp_path / "a", votes=1, threshold=1)
    answer(audit, planned_rows(audit))
    alone = audit.error_rate(slips="none")
    rng = np.random.default_rng(1)
    audit.compare({name: rng.integers(3, size=N) for name in "xyz"})
    audit.plan(goal="ranking", budget=100)
    answer(audit, planned_rows(audit)[200:])
    found = audit.error_rate(slips="none")
    with audit._db.read() as db:
        rows = records.planned_draws(db)
        first, second = draws_of(
            rows, {row["example"]: bool(WRONG[row["example"]]) for row in rows}
        )[0]
    assert (first.worth, second.worth) == (1, 0.2)
    assert found.high - found.low < 1.1 * (alone.high - alone.low)


def test_candidates_in_wait_make_the_interval_wider(tmp_path):
    audit = rate_audit(tmp_path / "a", goal="errors")
    audit.find(count=100)
    audit.plan(goal="errors")
    census = planned_rows(audit)
    audit.plan(goal="rate", budget=150)
    answer(audit, planned_rows(audit)[len(census) :])
    answer(audit, census[:-20])
    wide = audit.error_rate()
    assert "20 examples of earlier plans are not decided" in " ".join(wide.notices)
    answer(audit, census[-20:])
    narrow = audit.error_rate()
    assert wide.count.low <= narrow.count.low
    assert wide.count.high >= narrow.count.high


def test_a_plan_after_a_sample_holds_nothing_back_from_it(tmp_path):
    audit = rate_audit(tmp_path / "a")
    answer(audit, planned_rows(audit))
    before = audit.error_rate()
    audit.find(count=100)
    audit.plan(goal="errors")
    assert audit.error_rate().count == before.count


def vote(audit, rows, reviewer, rng):
    """Let a reviewer reject right labels now and then, and wrong ones mostly."""
    rejects = {
        row["example"]: rng.random() < (0.7 if WRONG[row["example"]] else 0.02) for row in rows
    }
    audit.add_votes(
        {"index": example, "reviewer": reviewer, "answer": "suggested" if no else "given"}
        for example, no in rejects.items()
    )


@pytest.mark.parametrize("stopping", ["off", "exact"])
def test_what_people_agree_on_first_does_not_stand_for_the_rest(tmp_path, stopping):
    """Reviewers go through the whole plan, one after the other."""
    audit = rate_audit(tmp_path / "a", budget=400, votes=5, threshold=3, stopping=stopping)
    rows, rng = planned_rows(audit), np.random.default_rng(1)
    for number in range(5):
        decided = audit.error_rate(slips="none")
        assert decided.by_chance == 0
        if number >= 3:
            early = f"{len(rows) - decided.waiting} decided examples do not count yet"
            assert early in " ".join(decided.notices)
        vote(audit, rows, f"r{number}", rng)
    whole = audit.error_rate(slips="none")
    assert whole.by_chance == 400
    assert whole.waiting == 0


def test_tenths_of_a_plan_count_as_they_are_decided(tmp_path):
    audit = rate_audit(tmp_path / "a", votes=2, threshold=2)
    rows = planned_rows(audit)
    answer(audit, rows[:150], votes=2)
    assert audit.error_rate().by_chance == 150, "nobody was asked about the rest"
    answer(audit, rows[170:180])
    assert audit.error_rate().by_chance == 150
    answer(audit, rows[45:46], votes=2)
    audit.add_votes([{"index": rows[195]["example"], "reviewer": "z", "answer": "given"}])
    assert audit.error_rate().by_chance == 150
    wrong = {row["example"]: False for row in rows}
    (draw,), _ = draws_of(rows, wrong, {rows[45]["example"]})
    assert len(draw.examples) == 40
    assert draw.stands_for.sum() == pytest.approx(200)


def test_a_stricter_threshold_than_asking_stopped_at_tells_nothing(tmp_path):
    audit = rate_audit(tmp_path / "a", budget=300, votes=5, threshold=3, stopping="exact")
    rows, rng = planned_rows(audit), np.random.default_rng(2)
    for number in range(3):
        vote(audit, rows, f"r{number}", rng)
    waiting = open_by(audit.verdicts())
    open_ = [row for row in rows if row["example"] in waiting]
    for number in (3, 4):
        vote(audit, open_, f"r{number}", rng)
    assert audit.error_rate().by_chance == 300
    strict = audit.error_rate(threshold=5)
    assert (strict.estimate, strict.by_chance) == (None, 0)
    assert "at a stricter threshold than the plan's" in " ".join(strict.notices)


def test_what_is_checked_so_far_stands_for_all_of_its_stratum(tmp_path):
    audit = rate_audit(tmp_path / "a")
    rows = planned_rows(audit)
    strata = {row["stratum"] for row in rows}
    for done in (160, 3):
        wrong = {row["example"]: False for row in rows[:done]}
        (draw,), _ = draws_of(rows, wrong)
        assert len(draw.examples) == done
        # whatever is checked stands for all examples
        assert (1 / draw.probability).sum() == pytest.approx(N, rel=0.01 if done > 100 else 1.0)
        assert len(set(draw.stratum.tolist())) == (len(strata) if done > 100 else 1)
    (draw,), _ = draws_of(rows, {})
    assert draw.examples.size == 0


PLANS = st.lists(
    st.tuples(st.booleans(), st.lists(st.sampled_from(["right", "wrong", "open", "unasked"]))),
    max_size=4,
)


def counts(draw):
    return draw.probability is not None and len(draw.examples) > 0


@given(PLANS)
def test_what_is_planned_before_the_last_draw_is_told_of_or_unknown(plans):
    rows, wrong, open_ = [], {}, set()
    for number, (by_chance, states) in enumerate(plans):
        for state in states:
            example = len(rows)
            stratum, probability = (0, 0.5) if by_chance else (None, 1.0)
            rows.append(
                {
                    "example": example,
                    "plan": number,
                    "goal": "rate",
                    "stratum": stratum,
                    "probability": probability,
                }
            )
            if state in ("right", "wrong"):
                wrong[example] = state == "wrong"
            elif state == "open":
                open_.add(example)
    draws, unknown = draws_of(rows, wrong, open_)
    held = [number for number, (_, states) in enumerate(plans) if states]
    assert len(draws) == len(held)
    if not any(map(counts, draws)):
        assert unknown.size == 0
        assert sorted(np.concatenate([[], *(one.examples for one in draws)])) == sorted(wrong)
        return
    last = max(at for at, one in enumerate(draws) if counts(one))
    for at, (number, one) in enumerate(zip(held, draws, strict=True)):
        own = [row["example"] for row in rows if row["plan"] == number]
        if counts(one):  # what counts stands for all of it
            assert one.stands_for.sum() == pytest.approx(len(own))
            assert not set(own) & set(unknown.tolist())
        else:
            waits = [example for example in own if example not in wrong] if at < last else []
            assert sorted(set(own) & set(unknown.tolist())) == waits


def test_nothing_decided_is_nothing_known(tmp_path):
    audit = rate_audit(tmp_path / "a")
    found = audit.error_rate()
    assert (found.estimate, found.low, found.high, found.waiting) == (None, 0, 1, 200)
    assert found.drawn_waiting == 200
    told = repr(found)
    assert "200 are drawn and wait for votes: `errata review AUDIT`." in told
    assert "--goal" not in told


def test_reviewers_who_disagree_are_reckoned_out(tmp_path):
    audit = rate_audit(tmp_path / "a", votes=3, threshold=2, budget=400)
    answer(audit, planned_rows(audit), slip=0.1, votes=3)
    found, believed = audit.error_rate(), audit.error_rate(slips="none")
    assert found.slips_by == "repeats"
    alone = Slips(false_alarm=0.1, miss=0.1)
    expected = concluded(alone, votes=3, threshold=2).false_alarm
    assert found.slips.false_alarm == pytest.approx(expected, rel=0.4)
    assert found.estimate < believed.estimate
    assert found.high - found.low > believed.high - believed.low
    assert found.low <= WRONG.mean() <= found.high
    assert found.one_slips is not None
    assert found.one_slips.false_alarm == pytest.approx(0.1, rel=0.3)
    one = f"{100 * found.one_slips.false_alarm:.1f} %"
    assert (
        "by how often two reviewers disagree: the verdict of 3 reviewers rejects "
        f"{100 * found.slips.false_alarm:.1f} % of right labels and confirms"
    ) in repr(found)
    assert f"one of them alone errs on about {one} of right and {one} of wrong ones." in repr(found)


@pytest.mark.parametrize(("hard", "said"), [(0.4, True), (0.06, False)])
def test_it_says_where_reviewers_err_on_the_same_examples(tmp_path, hard, said):
    audit = rate_audit(tmp_path / "a", votes=5, threshold=3)
    slips = np.where(np.random.default_rng(0).random(N) < 0.1, hard, 0.06 if hard == 0.06 else 0.02)
    rows, rng = planned_rows(audit), np.random.default_rng(1)
    answers = [
        {
            "index": row["example"],
            "reviewer": f"r{number}",
            "answer": "suggested"
            if WRONG[row["example"]] ^ (rng.random() < slips[row["example"]])
            else "given",
        }
        for row in rows
        for number in range(5)
    ]
    audit.add_votes(answers)
    rejects: dict[int, int] = {}
    for one in answers:
        rejects[one["index"]] = rejects.get(one["index"], 0) + (one["answer"] == "suggested")
    split = sum(count in (2, 3) for count in rejects.values())
    told = repr(audit.error_rate())
    assert ("disagree far more on some examples than on others" in told) == said
    assert (f"than the rest on {split} of 200, where some " in told) == said
    assert "far more on some examples" not in repr(audit.error_rate(slips="none"))


def test_answers_to_gold_go_before_disagreement(tmp_path):
    audit = rate_audit(tmp_path / "a", votes=3, threshold=2)
    rows = planned_rows(audit)
    taken = {row["example"] for row in rows}
    free = [i for i in range(N) if i not in taken][:20]
    known = [
        {"index": i, "suggested": int((i + 1) % 3), "answer": "given" if place % 2 else "suggested"}
        for place, i in enumerate(free)
    ]
    audit.add_gold(known)
    audit.plant(0.5)
    truth = {row["index"]: row["answer"] for row in known}
    answered = 0
    while answered < 20:
        task = audit.task("gil")
        if task.example in truth:
            answered += 1
        said = truth.get(task.example, "given") if answered != 1 else "given"
        audit.vote("gil", task.example, said, first=task.first, key=str(task.example))
    answer(audit, [row for row in rows if row["needs"] == 3], slip=0.1, votes=3)
    found = audit.error_rate()
    assert found.slips_by == "gold"
    assert audit.error_rate(slips="repeats").slips_by == "repeats"


def test_plans_that_ask_otherwise_are_taken_at_their_word(tmp_path):
    audit = rate_audit(tmp_path / "a", votes=3, threshold=2)
    answer(audit, planned_rows(audit), votes=3)
    audit.plan(goal="rate", budget=50, votes=1, threshold=1)
    found = audit.error_rate()
    assert found.slips_by == "none"
    assert "the plans ask for different numbers of votes" in repr(found)


def test_what_tells_of_no_slips_is_named(tmp_path):
    audit = rate_audit(tmp_path / "a")
    answer(audit, planned_rows(audit))
    assert "Nobody has answered gold, so how often" in repr(audit.error_rate(slips="gold"))
    told = repr(audit.error_rate(slips="repeats"))
    assert "Too few examples have two votes" in told
    assert "taken at their word" in told


def test_whenever_one_looks_the_interval_is_that_of_the_last_look(tmp_path):
    audit = rate_audit(tmp_path / "a", budget=220)
    rows = planned_rows(audit)
    widths, ends = [], []
    for begin, end in ((0, 40), (40, 60), (60, 99), (99, 101), (101, 220)):
        answer(audit, rows[begin:end])
        found = audit.error_rate(anytime=True)
        widths.append(found.high - found.low)
        ends.append((found.low, found.high))
        assert found.low <= WRONG.mean() <= found.high
    assert ends[0] == (0, 1), "no look yet"
    assert ends[1] == ends[2], "nothing new between two looks"
    assert widths[1] > widths[3] > widths[4]
    plain = audit.error_rate()
    assert widths[4] > plain.high - plain.low
    assert ", whenever you look: " in repr(found)
    looks = f"this looks when {FIRST_LOOK}, {2 * FIRST_LOOK}, {4 * FIRST_LOOK}, ... of the examples"
    assert looks in repr(found)
    assert "20 that were decided since the last of these do not count yet." in repr(found)
    assert found.waiting == 0, "they are decided all the same"
    assert "this looks" not in repr(plain)


def test_before_the_first_look_it_says_when_that_is(tmp_path):
    audit = rate_audit(tmp_path / "a", budget=100)
    answer(audit, planned_rows(audit)[:40])
    told = repr(audit.error_rate(anytime=True))
    assert "labels counts as checked yet." in told
    assert "Before the first of these it knows nothing." in told


def test_where_nothing_can_be_drawn_no_draw_is_advised(tmp_path):
    sets = Audit.create(tmp_path / "a", labels=[[0], [0, 1]], classes=["cat", "dog"])
    sets.add_candidates([{"index": 0, "suggested": [1]}], flagger="ann")
    sets.plan()
    for anytime in (False, True):
        told = repr(sets.error_rate(anytime=anytime))
        assert "--goal rate" not in told
        assert "Where examples may have several labels, no plan draws any." in told
    single = small_audit(tmp_path / "b")
    single.find()
    single.plan()
    assert "`errata plan AUDIT --goal rate` draws some." in repr(single.error_rate())


def test_it_holds_whenever_one_looks(tmp_path):
    """Of all that is checked in the order of asking, no look is ever wrong; as often as it says."""
    rng = np.random.default_rng(4)
    wrong_once = 0
    for _ in range(60):
        order = rng.permutation(N)[:400]
        drawn = {"goal": "rate", "stratum": 0, "plan": 1, "probability": 400 / N}
        rows = [{"example": int(i), **drawn} for i in order]
        decided = {int(i): bool(WRONG[i]) for i in order}
        held = True
        for done in (50, 100, 200, 400):
            seen = {int(i): decided[int(i)] for i in order[:done]}
            level, looked = _last_look(rows, seen, 0.8)
            assert looked == done
            draws, _ = draws_of(rows, seen)
            found = estimate_errors(draws, np.full(N, 0.1), confidence=level)
            held &= found.low <= WRONG.sum() <= found.high
        wrong_once += not held
    assert wrong_once <= 60 * 0.2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"slips": "golds"}, NameUnknownError, "no way to tell slips 'golds'. Did you mean 'gold'"),
        ({"confidence": 1.0}, InputError, "confidence is 1.0; between 0 and 1 was expected"),
        ({"threshold": 0}, InputError, "threshold is 0, but it counts things"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, options, error, message):
    audit = rate_audit(tmp_path / "a")
    answer(audit, planned_rows(audit)[:20])
    with pytest.raises(error, match=message):
        audit.error_rate(**options)


def test_it_is_plain_values_too(tmp_path):
    audit = rate_audit(tmp_path / "a")
    answer(audit, planned_rows(audit))
    found = audit.error_rate()
    told = found.to_dict()
    assert told["estimate"] == found.estimate
    assert told["wrong_labels"]["estimate"] == found.count.estimate
    assert told["examples"] == N
    assert told["slips"]["by"] == "none"


# ---------------------------------------------------------------- as the votes came in


def rates(audit, moments):
    with audit._db.read() as db:
        chosen = Consensus(name="threshold")
        return audit._rates(db, audit._verdicts(db, chosen), chosen, moments=moments)


def test_each_moment_says_what_would_have_been_said_then(tmp_path):
    whole, part = (rate_audit(tmp_path / name, budget=90) for name in "ab")
    rows = planned_rows(whole)
    answer(whole, rows[:70])
    told = rates(whole, 4)
    assert [one.by_chance for one in told] == [18, 35, 53, 70]
    for one, (start, end) in zip(told, [(0, 18), (18, 35), (35, 53), (53, 70)], strict=True):
        answer(part, rows[start:end])
        then = part.error_rate()
        assert one.count == then.count
        assert one.waiting == then.waiting
    assert told[-1].count == whole.error_rate().count


def test_what_chance_did_not_draw_is_there_from_the_start(tmp_path):
    audit = rate_audit(tmp_path / "a", goal="errors", budget=50)
    answer(audit, planned_rows(audit))
    assert [one.estimate for one in rates(audit, 5)] == [None], "a census has no moments"
    census = len(planned_rows(audit))
    audit.plan(goal="rate", budget=40)
    answer(audit, planned_rows(audit)[census:])
    told = rates(audit, 5)
    assert [one.by_chance for one in told] == [8, 16, 24, 32, 40]
    assert [one.count.checked - census for one in told] == [8, 16, 24, 32, 40]


def test_there_are_no_more_moments_than_decided_examples(tmp_path):
    audit = rate_audit(tmp_path / "a")
    assert [one.by_chance for one in rates(audit, 12)] == [0]
    answer(audit, planned_rows(audit)[:3])
    assert [one.by_chance for one in rates(audit, 12)] == [1, 2, 3]
