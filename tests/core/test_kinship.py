"""How near a model is to the one that suggested the corrections."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from errata.core.kinship import (
    LEAST_OTHERS,
    agreement,
    find_kin,
    proposed_by_others,
    right_by_votes,
)


@st.composite
def candidates(draw):
    n = draw(st.integers(1, 12))
    labels = [[draw(st.integers(0, 3)) for _ in range(n)] for _ in range(3)]
    votes = [[draw(st.integers(0, 3)) for _ in range(4)] for _ in range(n)]
    return (*map(np.array, labels), np.array(votes))


@given(candidates(), st.integers(1, 5))
def test_an_answer_is_right_if_it_has_the_votes(drawn, threshold):
    answers, given_labels, suggested, votes = drawn
    expected = []
    for answer, label, other, (mine, others, both, _) in zip(
        answers, given_labels, suggested, votes, strict=True
    ):
        support = 0
        if answer == label:
            support = mine + both
        if answer == other:
            support = max(support, others + both)
        expected.append(support >= threshold)
    found = right_by_votes(answers, given_labels, suggested, votes, threshold)
    assert found.tolist() == expected


@given(candidates())
def test_agreement_is_the_share_of_equal_answers(drawn):
    answers, _, suggested, _ = drawn
    same = sum(a == b for a, b in zip(answers, suggested, strict=True))
    assert agreement(answers, suggested) == same / len(answers)


def test_without_candidates_there_is_no_agreement():
    none = np.array([], dtype=int)
    assert math.isnan(agreement(none, none))


def test_what_is_probable_enough_is_right_and_each_candidate_may_ask_for_its_own():
    answers, given_labels, suggested = np.array([0, 1, 1]), np.array([0, 0, 0]), np.array([1, 1, 1])
    posterior = np.array([[0.5, 0.1, 0.4, 0], [0.6, 0.4, 0, 0], [0.3, 0.7, 0, 0]])
    labels = (answers, given_labels, suggested)
    assert right_by_votes(*labels, posterior, 0.7).tolist() == [True, False, True]
    each = np.array([1.0, 0.4, 0.9])
    assert right_by_votes(*labels, posterior, each).tolist() == [False, True, False]


# ---------------------------------------------------------------- who stands out

CANDIDATES, ELSEWHERE = 200, 400


@st.composite
def fields_of_models(draw, least=LEAST_OTHERS + 1):
    """Agreement and accuracy of some models, both coarse, so that ties are common."""
    n = draw(st.integers(least, 13))
    agreeing = [4 * draw(st.integers(8, 14)) for _ in range(n)]
    for kin in draw(st.lists(st.integers(0, n - 1), max_size=3)):
        agreeing[kin] = draw(st.sampled_from([80, 120, 180, CANDIDATES]))
    right = [40 * draw(st.integers(4, 9)) for _ in range(n)]
    return np.array(agreeing), np.array(right)


def log_odds(count, of):
    return math.log((count + 0.5) / (of - count + 0.5))


def from_the_others(model, others, agreeing, right):
    """Predict a model by the formulas of a textbook, from a fit that never saw it."""
    xs = [log_odds(right[other], ELSEWHERE) for other in others]
    ys = [log_odds(agreeing[other], CANDIDATES) for other in others]
    at, n = log_odds(right[model], ELSEWHERE), len(others)
    if len({*xs, at}) == 1:
        expected, freedom, far = sum(ys) / n, n - 1, 1 + 1 / n
        scatter = sum((y - expected) ** 2 for y in ys) / freedom
    elif len(set(xs)) == 1:
        return None  # they do not say how agreement changes with accuracy
    else:
        line, freedom = stats.linregress(xs, ys), n - 2
        expected = line.intercept + line.slope * at
        middle = sum(xs) / n
        far = 1 + 1 / n + (at - middle) ** 2 / sum((x - middle) ** 2 for x in xs)
        residuals = [y - line.intercept - line.slope * x for x, y in zip(xs, ys, strict=True)]
        scatter = sum(residual**2 for residual in residuals) / freedom
    share = 1 / (1 + math.exp(-expected))
    error = math.sqrt(max(scatter, 1 / (CANDIDATES * share * (1 - share))) * far)
    away = log_odds(agreeing[model], CANDIDATES) - expected
    half = error * stats.t.ppf(0.975, freedom)
    return away / error, freedom, [expected, expected - half, expected + half]


def named_by_hand(agreeing, right):
    left, steps, out, named = set(range(len(agreeing))), len(agreeing) // 4, [], 0
    for _ in range(steps):
        found = {m: from_the_others(m, sorted(left - {m}), agreeing, right) for m in left}
        found = {m: one for m, one in found.items() if one}
        tops = sorted((one[0] for one in found.values()), reverse=True)
        # equal ones are settled by rounding: which of twins comes first is not the question here
        assume(len(tops) < 2 or tops[0] - tops[1] > 1e-9)
        most = max(found, key=lambda m: found[m][0])
        away, freedom, _ = found[most]
        out.append(most)
        if stats.t.sf(away, freedom) * len(left) * steps < 0.05:
            named = len(out)
        left.remove(most)
    return set(out[:named])


@given(fields_of_models())
def test_who_stands_out_is_who_does_by_fits_that_leave_each_model_out(field):
    agreeing, right = field
    kin = find_kin(agreeing, CANDIDATES, right, ELSEWHERE)
    named = named_by_hand(agreeing, right)
    assert set(np.flatnonzero(kin.named).tolist()) == named
    for model in range(len(agreeing)):
        others = [other for other in range(len(agreeing)) if other not in named | {model}]
        found = from_the_others(model, others, agreeing, right)
        told = [kin.expected[model], kin.low[model], kin.high[model]]
        if found is None:
            assert np.isnan([*told, kin.studentised[model]]).all()
            continue
        assert kin.studentised[model] == pytest.approx(found[0], abs=1e-6)
        shares = [1 / (1 + math.exp(-odds)) for odds in found[2]]
        added = [(share * (CANDIDATES + 1) - 0.5) / CANDIDATES for share in shares]
        assert told == pytest.approx([min(max(share, 0), 1) for share in added], abs=1e-9)


@given(fields_of_models(), st.randoms(use_true_random=False))
def test_the_order_of_the_models_does_not_matter(field, random):
    agreeing, right = field
    order = list(range(len(agreeing)))
    random.shuffle(order)
    found = find_kin(agreeing, CANDIDATES, right, ELSEWHERE)
    assume(len(set(zip(agreeing.tolist(), right.tolist(), strict=True))) == len(agreeing))
    again = find_kin(agreeing[order], CANDIDATES, right[order], ELSEWHERE)
    np.testing.assert_array_equal(again.named, found.named[order])
    np.testing.assert_allclose(again.expected, found.expected[order], atol=1e-9)


@given(st.integers(0, CANDIDATES), st.integers(2, 12), st.data())
def test_nobody_is_named_where_all_agree_alike(same, models, data):
    right = np.array([40 * data.draw(st.integers(0, 10)) for _ in range(models)])
    kin = find_kin(np.full(models, same), CANDIDATES, right, ELSEWHERE)
    assert not kin.named.any()


@given(st.integers(LEAST_OTHERS + 1, 12), st.integers(0, 3), st.data())
def test_a_model_that_copies_the_suggestions_is_named(models, copies, data):
    """So are several, up to a quarter of all models."""
    copies = min(1 + copies, models // 4)
    agreeing = np.array([data.draw(st.integers(70, 90)) for _ in range(models)])
    right = np.array([40 * data.draw(st.integers(5, 9)) for _ in range(models)])
    assume(len(set(right.tolist())) > models // 2)
    agreeing[:copies] = CANDIDATES
    kin = find_kin(agreeing, CANDIDATES, right, ELSEWHERE)
    plain = set(right[copies:].tolist())
    assume(len(plain) > 2)
    # far outside of the accuracies of all others nobody knows what a model does
    assume(all(min(plain) <= one <= max(plain) for one in right[:copies].tolist()))
    np.testing.assert_array_equal(kin.named, np.arange(models) < copies)


def test_one_that_agrees_less_than_all_others_is_not_named():
    agreeing = np.array([80, 82, 79, 81, 80, 78, 81, 20])
    right = np.array([300, 310, 305, 315, 320, 300, 290, 305])
    kin = find_kin(agreeing, CANDIDATES, right, ELSEWHERE)
    assert kin.studentised[-1] < -5
    assert not kin.named.any()


def test_a_single_answer_more_names_nobody_however_alike_the_others_are():
    agreeing = np.array([80] * 9 + [84])
    right = np.array([300, 310, 320, 330, 340, 350, 320, 310, 300, 330])
    assert not find_kin(agreeing, CANDIDATES, right, ELSEWHERE).named.any()


@pytest.mark.parametrize(("models", "candidates"), [(1, 9), (LEAST_OTHERS, 9), (12, 0)])
def test_with_few_models_or_nothing_suggested_kinship_is_not_told(models, candidates):
    counts = np.arange(models) % (candidates + 1)
    counts[0] = candidates
    kin = find_kin(counts, candidates, np.arange(models), 20)
    assert not kin.named.any()
    assert np.isnan([kin.expected, kin.low, kin.high, kin.studentised]).all()


def test_where_every_example_is_a_candidate_the_others_are_expected_alike():
    agreeing = np.array([80, 82, 79, 81, 80, 78, 180])
    kin = find_kin(agreeing, CANDIDATES, np.zeros(7, dtype=int), 0)
    assert kin.named.tolist() == [False] * 6 + [True]
    assert kin.low[-1] < 0.4 < kin.high[-1]


def false_alarms(models, runs, spread, shared):
    """Count the runs that name somebody though no model is kin; candidates are alike hard to all.

    A model gives a suggestion where a number falls below its own bar; of the number a share is
    drawn for the candidate, and the same to all models.
    """
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(runs):
        skill = rng.uniform(0.3, 2, models)
        bar = 0.2 * (skill - 1) + spread * rng.normal(size=models)
        common = np.sqrt(shared) * rng.normal(size=300)
        number = common + np.sqrt(1 - shared) * rng.normal(size=(models, 300))
        right = rng.binomial(5000, 1 / (1 + np.exp(-skill)))
        agreeing = (number < bar[:, np.newaxis]).sum(axis=1)
        found += find_kin(agreeing, 300, right, 5000).named.any()
    return found


@pytest.mark.parametrize("models", [6, 12, 30])
@pytest.mark.parametrize(("spread", "shared"), [(0.2, 0.0), (0.2, 0.7)])
def test_hardly_anybody_is_named_where_no_model_is_kin(models, spread, shared):
    # with a chance of 5 % in each of 150 runs, more than 16 would come once in a thousand times
    assert false_alarms(models, 150, spread, shared) <= 16


# ---------------------------------------------------------------- what others propose


@st.composite
def corrections(draw):
    models, n = draw(st.integers(1, 6)), draw(st.integers(0, 5))
    answers = [[draw(st.integers(0, 3)) for _ in range(n)] for _ in range(models)]
    given_labels = [draw(st.integers(0, 3)) for _ in range(n)]
    corrected = [(label + draw(st.integers(1, 3))) % 4 for label in given_labels]
    kin = [draw(st.booleans()) for _ in range(models)]
    shape = (models, n)
    return (
        np.array(answers, dtype=int).reshape(shape),
        *(np.array(labels, dtype=int) for labels in (given_labels, corrected)),
        np.array(kin),
    )


@given(corrections())
def test_others_propose_their_commonest_answer_but_the_given_label(drawn):
    answers, given_labels, corrected, kin = drawn
    found = proposed_by_others(answers, given_labels, corrected, kin)
    for model in range(len(answers)):
        for place in range(len(corrected)):
            said = Counter(
                int(answers[other, place])
                for other in range(len(answers))
                if other != model and not kin[other]
            )
            del said[int(given_labels[place])]
            best = {label for label in said if said[label] == max(said.values())}
            assert found[model, place] == (corrected[place] in best)


@given(corrections(), st.integers(0, 3))
def test_nobody_is_judged_by_their_own_answers(drawn, other):
    answers, given_labels, corrected, kin = drawn
    changed = answers.copy()
    changed[0] = other
    found, again = (
        proposed_by_others(each, given_labels, corrected, kin) for each in (answers, changed)
    )
    np.testing.assert_array_equal(found[0], again[0])
