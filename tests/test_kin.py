"""Which models are kin of a flagger, how all rank in three ways, and what is said of it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import CLASSES, choice_audit, small_set
from errata.audit import Audit
from errata.comparison import compare
from errata.core.accuracy import corrected_labels, label_sets
from errata.core.consensus import CORRECTABLE, verdict_codes
from errata.core.kinship import find_kin
from errata.kin import ERROR, Checked, kinship
from errata.store import records

N, WRONG = 400, 120
THRESHOLD = 2


def answers_of(rng, given_labels, suggested, skill, agreeing):
    """Return a model's answers: right elsewhere by its skill, the suggestion where it agrees."""
    answers = np.where(rng.random(N) < skill, given_labels, (given_labels + 1) % 4)
    on_candidates = np.where(
        rng.random(WRONG) < agreeing, suggested, (given_labels[:WRONG] + 3) % 4
    )
    return np.append(on_candidates, answers[WRONG:])


def compared(
    *, kin=("kin",), plain=8, flaggers=("net",), decided=True, order=None, seed=3, voters=()
):
    """Compare plain models, and kin of the first flagger, on a set whose first labels are wrong.

    Example i of the first is suggested (given + 2) mod 4, the flaggers taking turns; every third
    is confirmed, the others are corrected.
    """
    rng = np.random.default_rng(seed)
    given_labels = np.arange(N) % 4
    suggested = (given_labels[:WRONG] + 2) % 4
    models = {
        f"plain {i}": answers_of(rng, given_labels, suggested, 0.6 + 0.03 * i, 0.4 + 0.01 * i)
        for i in range(plain)
    }
    for name in kin:
        models[name] = answers_of(rng, given_labels, suggested, 0.7, 0.4)
        near = (np.arange(WRONG) % len(flaggers) == 0) & (rng.random(WRONG) < 0.95)
        models[name][:WRONG][near] = suggested[near]
    models = {name: models[name] for name in order or models}
    votes = np.where((np.arange(WRONG) % 3 == 0)[:, None], [2, 1, 0, 0], [1, 2, 0, 0])
    codes = verdict_codes(votes, THRESHOLD) if decided else np.full(WRONG, -1)
    examples = np.arange(WRONG)
    checked = Checked(
        examples=examples,
        suggested=suggested,
        votes=votes,
        threshold=THRESHOLD,
        decided=codes >= 0,
        flaggers=flaggers,
        flagger=np.arange(WRONG) % len(flaggers),
        voters=frozenset(voters),
    )
    return compare(
        {model: answers[:, None] for model, answers in models.items()},
        given=given_labels,
        corrected=corrected_labels(given_labels, examples, suggested, codes),
        sets=label_sets(N, examples, codes),
        checked=checked,
    ), (models, given_labels, checked, codes)


def rank_by_hand(shares):
    return {
        one: 1 + sum(other > share for other in shares.values()) for one, share in shares.items()
    }


# ---------------------------------------------------------------- the numbers


@given(st.integers(0, 30), st.sampled_from([(), ("kin",)]), st.sampled_from([("a",), ("a", "b")]))
def test_agreement_and_ranks_are_those_of_counting_one_by_one(seed, kin, flaggers):
    comparison, (models, labels, checked, codes) = compared(seed=seed, kin=kin, flaggers=flaggers)
    found = comparison.kinship
    for at, flagger in enumerate(found.flaggers):
        own = [e for e in range(WRONG) if checked.flagger[e] == at]
        agreeing = [sum(top[e] == checked.suggested[e] for e in own) for top in models.values()]
        right = [sum(top[e] == labels[e] for e in range(WRONG, N)) for top in models.values()]
        told = find_kin(
            *(np.array(agreeing), len(own), np.array(right), N - WRONG),
            error=ERROR / len(flaggers),
        )
        assert [each.agreeing for each in flagger.models] == agreeing
        assert [each.accuracy for each in flagger.models] == [n / (N - WRONG) for n in right]
        assert [each.kin for each in flagger.models] == told.named.tolist()
        assert [each.expected for each in flagger.models] == told.expected.tolist()
        assert flagger.candidates == len(own)
    corrections = [e for e in range(WRONG) if codes[e] == CORRECTABLE]
    on_c, by_others, by_votes = {}, {}, {}
    for model, top in models.items():
        right = {e: top[e] == checked.suggested[e] for e in corrections}
        on_c[model] = sum(right.values()) / len(corrections)
        others = [each for each in models if each != model and each not in found.kin]
        kept = []
        for e in corrections:
            said = [int(models[each][e]) for each in others if models[each][e] != labels[e]]
            if said and said.count(checked.suggested[e]) == max(map(said.count, said)):
                kept.append(e)
        by_others[model] = sum(right[e] for e in kept) / len(kept)
        won = {
            e: checked.suggested[e] if codes[e] == CORRECTABLE else labels[e] for e in range(WRONG)
        }
        by_votes[model] = sum(top[e] == label for e, label in won.items()) / WRONG
    for way, shares in (("on_c", on_c), ("by_others", by_others), ("by_votes", by_votes)):
        places = {each.model: getattr(each, way) for each in found.models}
        assert {model: place.share for model, place in places.items()} == shares
        assert {model: place.rank for model, place in places.items()} == rank_by_hand(shares)
    ranks_on_c = {each.model: each.score("corrected", "C").rank for each in comparison.models}
    assert ranks_on_c == {each.model: each.on_c.rank for each in found.models}


@given(st.permutations([*(f"plain {i}" for i in range(8)), "kin"]))
def test_the_order_of_the_models_does_not_matter(order):
    found, again = compared()[0].kinship, compared(order=order)[0].kinship
    assert again.warning() == found.warning()
    assert sorted(map(str, again.models)) == sorted(map(str, found.models))
    assert [each.model for each in again.models] == order


def test_of_two_flaggers_a_model_is_kin_of_the_one_it_copies():
    found = compared(flaggers=("a net", "another"))[0].kinship
    assert [flagger.name for flagger in found.flaggers] == ["a net", "another"]
    assert {each.model: each.kin_of for each in found.models if each.kin_of} == {"kin": ("a net",)}
    assert found.warning().count("(a net)") == 1
    assert "(another)" not in found.warning()


def test_the_chance_to_name_one_wrongly_is_shared_among_the_flaggers(monkeypatch):
    asked = []

    def noted(*counts, error):
        asked.append(error)
        return find_kin(*counts, error=error)

    monkeypatch.setattr("errata.kin.find_kin", noted)
    compared(flaggers=("a", "b", "c"))
    assert asked == [ERROR / 3] * 3


def test_what_suggests_the_given_label_is_nothing_to_agree_with():
    _, (models, labels, checked, codes) = compared()
    checked.suggested[:10] = labels[:10]
    again = compare(
        {model: answers[:, None] for model, answers in models.items()},
        given=labels,
        corrected=labels,
        sets=label_sets(N, checked.examples, codes),
        checked=checked,
    )
    assert again.kinship.flaggers[0].candidates == WRONG - 10


def test_what_chance_drew_unflagged_counts_by_votes_and_for_nothing_else():
    _, (models, labels, checked, codes) = compared()
    tops = {model: answers[:, None] for model, answers in models.items()}
    sets = label_sets(N, checked.examples, codes)
    known = {"given": labels, "corrected": labels, "sets": sets}
    flagged = np.arange(WRONG) % 4 > 0
    with_drawn = compare(tops, **known, checked=replace(checked, flagged=flagged)).kinship
    rest = {
        name: getattr(checked, name)[flagged]
        for name in ("examples", "suggested", "votes", "decided", "flagger")
    }
    alone = compare(tops, **known, checked=replace(checked, **rest)).kinship
    assert with_drawn.flaggers == alone.flaggers
    for one, other in zip(with_drawn.models, alone.models, strict=True):
        assert (one.kin_of, one.on_c, one.by_others) == (other.kin_of, other.on_c, other.by_others)
        assert (one.by_votes.of, other.by_votes.of) == (WRONG, np.count_nonzero(flagged))


# ---------------------------------------------------------------- the words


def test_a_warning_names_the_model_and_what_others_give_and_both_ranks():
    comparison = compared()[0]
    found = comparison.kinship
    assert found.kin == ("kin",)
    words = re.fullmatch(
        r"kin gives (\d+) % of the suggestions of the flagger \(net\) as its own answers; models "
        r"of its accuracy give (\d+) to (\d+) %\. The corrections may favour it: on C it is 1st of "
        r"9, by votes over all checked examples (\d+)(st|nd|rd|th)\.",
        found.warning(),
    )
    assert words, found.warning()
    share, low, high, rank, _ = words.groups()
    [kin] = found.flaggers[0].kin
    assert int(share) == round(100 * kin.share) > int(high) > int(low)
    assert int(rank) == found.models[-1].by_votes.rank
    assert found.warning() in comparison.verdict()
    assert comparison.verdict() in " ".join(repr(comparison).split())
    assert repr(found) == f"Kinship: {found.warning()}"


def test_several_kin_are_named_together():
    found = compared(kin=("twin", "other twin"), plain=14)[0].kinship
    assert set(found.kin) == {"twin", "other twin"}
    assert re.match(
        r"(other twin and twin|twin and other twin) give \d+ and \d+ % ", found.warning()
    )
    assert "their own answers; models of their accuracy give" in found.warning()
    assert "on C they are " in found.warning()


@pytest.mark.parametrize(
    ("plain", "voters", "said"),
    [
        (8, ["plain 3", "not compared"], "plain 3 voted for what was flagged, and corrections "),
        (8, ["plain 3", "kin"], "2 of the 9 models voted for what was flagged, and corrections "),
        (2, ["plain 0", "plain 1"], "Both models voted for what was flagged, and corrections "),
    ],
)
def test_that_models_voted_is_said_whether_one_is_kin_or_not(plain, voters, said):
    comparison = compared(plain=plain, kin=["kin"] if plain == 8 else [], voters=voters)[0]
    found = comparison.kinship
    assert found.voted().startswith(said)
    assert bool(found.warning()) == (plain == 8)
    assert found.sentence().startswith(f"{found.voted()} ")
    assert found.voted() in " ".join(comparison.details().split())
    assert compared(plain=plain)[0].kinship.voted() is None


def test_before_anything_is_decided_a_warning_tells_no_ranks():
    comparison = compared(decided=False)[0]
    assert comparison.kinship.warning().endswith("The corrections may favour it.")
    assert "Kinship: how far" not in comparison.details()


def test_without_kin_that_is_said_and_nothing_is_warned_of():
    found = compared(kin=())[0].kinship
    assert found.warning() is None
    said = "No model agrees with the suggestions more than models of its accuracy do."
    few = (
        "With 8 models only strong kin would stand out: what models of one accuracy do is known "
        "but roughly from so few."
    )
    assert found.sentence() == f"{said} {few}"
    assert found.sentence() in " ".join(compared(kin=())[0].details().split())
    assert compared(kin=(), plain=10)[0].kinship.sentence() == said


def flagger_beside(share, *, others=2, candidates=200):
    """Return the kinship of the flagger itself, or a model near it, and some others."""
    given_labels = np.zeros(400, dtype=int)
    copied = np.arange(400) < share * candidates
    answers = {f"other {i}": given_labels + (np.arange(400) % 5 == i) for i in range(others)}
    answers["net"] = given_labels + copied
    checked = Checked(
        examples=np.arange(candidates),
        suggested=np.ones(candidates, dtype=int),
        votes=np.tile([0, 3, 0, 0], (candidates, 1)),
        threshold=3,
        decided=np.ones(candidates, dtype=bool),
        flaggers=("probs",),
        flagger=np.zeros(candidates, dtype=int),
    )
    correctable = np.arange(400) < candidates
    return kinship(
        answers,
        given=given_labels,
        corrected=correctable.astype(int),
        correctable=correctable,
        checked=checked,
    )


@pytest.mark.parametrize("others", [0, 2])
def test_of_few_models_the_flagger_itself_is_named(others):
    assert flagger_beside(0.95, others=others).warning() == (
        "net is the flagger (probs), or as good as that: it gives 95 % of the suggestions as its "
        "own answers. Corrections favour it."
    )
    assert flagger_beside(0.94, others=others).warning() is None
    assert flagger_beside(1, others=others, candidates=19).warning() is None
    assert flagger_beside(1, others=others, candidates=20).warning() is not None


def test_from_few_models_kinship_is_not_told_however_near_one_is():
    found = flagger_beside(0.94, others=4)
    assert found.warning() is None
    assert found.sentence().startswith(
        "Whether a model is kin of the flagger cannot be told from 5"
    )
    assert {each.interval for each in found.flaggers[0].models} == {"-"}


@pytest.mark.parametrize("flaggers", [("net",), ("net", "list")])
def test_what_is_told_can_be_written_and_says_the_same_everywhere(flaggers):
    comparison = compared(flaggers=flaggers)[0]
    found = comparison.kinship
    told = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))["kinship"]
    assert told["warning"] == found.warning()
    assert told["kin"] == ["kin"]
    assert [row["flagger"] for row in found.rows()] == [
        flagger for flagger in flaggers for _ in range(9)
    ]
    kin = next(row for row in comparison.rows() if row["model"] == "kin")
    assert kin["kin_of"] == "net"
    assert kin["by_votes@1_rank"] == found.models[-1].by_votes.rank
    by_name = {row["model"]: row for row in found.table()}
    assert by_name["kin"]["kin"] == "kin"
    assert {row["kin"] for model, row in by_name.items() if model != "kin"} == {""}
    agrees = [column for column in by_name["kin"] if column.startswith("agrees")]
    assert agrees == (["agrees"] if len(flaggers) == 1 else ["agrees 1", "agrees 2"])
    assert [row["by votes"] for row in found.table()] == sorted(
        each.by_votes.rank for each in found.models
    )
    assert all(name in comparison.details() for name in flaggers)


def test_without_candidates_a_comparison_tells_no_kinship():
    labels = np.array([0, 1])
    none = np.array([], dtype=int)
    comparison = compare(
        {"a": labels[:, None]}, given=labels, corrected=labels, sets=label_sets(2, none, none)
    )
    assert comparison.kinship is None
    assert comparison.to_dict()["kinship"] is None
    assert "kin_of" not in comparison.rows()[0]


# ---------------------------------------------------------------- of an audit


def say(audit, answers):
    """Let r0, r1, ... answer: a letter each, of given, suggested, both and neither."""
    words = {"g": "given", "s": "suggested", "b": "both", "n": "neither"}
    audit.add_votes(
        [
            {"index": example, "reviewer": f"r{number}", "answer": words[letter]}
            for example, letters in answers.items()
            for number, letter in enumerate(letters)
        ],
        kind="imported",
    )


@pytest.fixture
def two_flaggers(tmp_path):
    """Return an audit with two flaggers, each planned by itself, and some models."""
    labels, probs = small_set()
    audit = Audit.create(tmp_path / "a.audit", labels=labels, probs=probs, classes=CLASSES)
    audit.find(rule="argmax", flagger="net")
    audit.plan(votes=3, threshold=2)
    audit.add_candidates(
        [{"index": i, "suggested": int(labels[i] + 1) % 3} for i in range(20, 24)],
        flagger="a look at the set",
    )
    audit.plan(votes=3, threshold=3)
    rng = np.random.default_rng(0)
    models = {f"m{i}": np.where(rng.random(60) < 0.7, labels, 0) for i in range(7)}
    return audit, models


def test_each_flagger_has_the_candidates_that_were_planned_of_it(two_flaggers):
    audit, models = two_flaggers
    found = audit.compare(models).kinship
    assert {flagger.name: flagger.candidates for flagger in found.flaggers} == {
        "net": 8,
        "a look at the set": 4,
    }
    labels = np.asarray(audit.labels)
    second = next(each for each in found.flaggers if each.name != "net")
    agreeing = [int((top[20:24] == (labels[20:24] + 1) % 3).sum()) for top in models.values()]
    assert [each.agreeing for each in second.models] == agreeing
    assert {each.by_votes.of for each in found.models} == {0}, "no votes yet"


def test_a_flagger_is_not_said_to_have_suggested_what_chance_drew(two_flaggers):
    audit, models = two_flaggers
    before = audit.compare(models).kinship
    drawn = audit.plan(goal="rate", budget=30, votes=1, threshold=1).added
    with audit._db.read() as db:
        chance = [row["example"] for row in records.planned(db) if row["stratum"] is not None]
    assert len(chance) == drawn == 30
    say(audit, dict.fromkeys(chance, "g"))
    after = audit.compare(models).kinship
    assert after.flaggers == before.flaggers
    assert {each.by_votes.of for each in after.models} == {30}


def test_votes_count_by_the_threshold_of_each_plan_and_decisions_as_all_votes(two_flaggers):
    audit, _ = two_flaggers
    labels = np.asarray(audit.labels)
    say(audit, {0: "ss", 1: "gg", 20: "ssg", 21: "bbs", 22: "sss", 2: "s", 3: "ggg"})
    audit.adjudicate(3, "suggested", reason="all three were tired", by="mo")
    audit.adjudicate(20, "suggested", reason="plain to see", by="mo")
    suggested = labels.copy()
    suggested[:8] = np.arange(8) % 3
    suggested[20:24] = (labels[20:24] + 1) % 3

    def right(answers):
        [place] = [each.by_votes for each in audit.compare({"one": answers}).kinship.models]
        assert place.of == 6, "2 is open, the others were not looked at"
        return place.hits

    # 0, 3 and 20 by decision, 21 by both and the rest, 22; of the given ones 1
    assert right(suggested) == 5
    # 21 has two votes for both, of three that it takes: the given label lacks one
    assert right(labels) == 1


def test_a_model_of_the_crowd_counts_by_its_probabilities(two_flaggers):
    audit, _ = two_flaggers
    say(audit, dict.fromkeys([0, 1, 2, 3, 20, 21], "sss") | {4: "ggg"})
    suggested = np.asarray(audit.labels).copy()
    suggested[:8] = np.arange(8) % 3
    suggested[20:24] = (suggested[20:24] + 1) % 3
    verdicts = audit.verdicts(consensus="one_coin")
    corrected = verdicts.counts["correctable"]
    assert corrected == 6
    compared = audit.compare({"one": suggested}, consensus="one_coin")
    assert compared.kinship.models[0].by_votes == (corrected, len(verdicts), 1)


def test_where_reviewers_choose_of_several_no_flagger_is_measured(tmp_path):
    audit = choice_audit(tmp_path / "c.audit", question="pooled", votes=1, threshold=1)
    audit.vote_choice("ada", 0, 3, key="1")
    labels = np.asarray(audit.labels)
    models = {f"m{i}": np.where(np.arange(60) < i, 3, labels) for i in range(8)}
    found = audit.compare(models).kinship
    assert found.flaggers == ()
    assert found.unmeasured == 8
    assert "several labels to choose from" in found.sentence()
    assert {each.model: each.by_votes.hits for each in found.models} == {
        f"m{i}": int(i > 0) for i in range(8)
    }
