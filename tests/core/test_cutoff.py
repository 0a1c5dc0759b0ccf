"""Where to cut which order, against all cuts there are and all samples that might be drawn."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from drawing import stratified_samples
from errata.core import cutoff
from errata.core.cutoff import Aim, errors_told, learn_cutoff, rule_orders
from errata.core.error_rate import Design, Draw
from errata.core.sampling import allocate, cut_strata, stratified_sample
from errata.core.selection import RULES, bit_of
from errata.core.slips import NO_SLIPS
from errata.errors import InputError

AIMS = [Aim(), *(Aim(name=name, least=x) for name in ("precision", "recall") for x in (0.5, 0.75))]


def census(wrong):
    n = len(wrong)
    return Draw(
        examples=np.arange(n),
        wrong=np.array(wrong),
        probability=np.ones(n),
        stratum=np.zeros(n, dtype=int),
    )


def learn(orders, draws, guesses, aim=None, seed=0, **options):
    guesses = np.asarray(guesses, float)
    guesses = guesses[:, np.newaxis] if guesses.ndim == 1 else guesses
    options = {"replicates": 3, **options}
    return learn_cutoff(
        orders, draws, guesses, aim or Aim(), np.random.default_rng(seed), **options
    )


# ---------------------------------------------------------------- orders

QUARTERS = st.sampled_from([-0.5, 0.0, 0.25, 0.5])


@given(st.data(), st.integers(1, 8))
def test_an_order_has_first_what_the_rule_flags_and_then_the_rest_each_by_its_score(data, n):
    codes = data.draw(st.lists(st.integers(0, 127), min_size=n, max_size=n))
    margin, confidence = (data.draw(st.lists(QUARTERS, min_size=n, max_size=n)) for _ in "ab")
    tie = data.draw(st.permutations(range(n)))
    orders = rule_orders(
        np.array(codes, np.uint8), np.array(margin), np.array(confidence), np.array(tie)
    )
    for rule in RULES:
        score = confidence if rule == "argmax" else margin
        keys = [(not codes[i] & 1 << bit_of(rule), score[i], tie[i]) for i in range(n)]
        assert orders[rule].tolist() == sorted(range(n), key=keys.__getitem__)
    by_confidence = sorted(range(n), key=lambda i: (confidence[i], tie[i]))
    assert orders["self_confidence"].tolist() == by_confidence
    assert list(orders) == [*RULES, "self_confidence"]


# ---------------------------------------------------------------- how many errors come first


@st.composite
def populations(draw, most=6):
    n = draw(st.integers(2, most))
    strata = np.unique_inverse(
        np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    ).inverse_indices
    sizes = np.bincount(strata)
    numbers = np.array([draw(st.integers(1, size)) for size in sizes])
    wrong = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    predicted = draw(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=n, max_size=n))
    order = np.array(draw(st.permutations(range(n))))
    return order, wrong, np.array(predicted), strata, numbers


def draw_of(sample, wrong, strata, numbers):
    sample, sizes = np.array(sample, dtype=int), np.bincount(strata)
    return Draw(
        examples=sample,
        wrong=wrong[sample],
        probability=(numbers / sizes)[strata[sample]],
        stratum=strata[sample],
    )


def errors_among_first(order, draws, predicted):
    return np.cumsum(errors_told(Design(draws, predicted, NO_SLIPS), predicted)[order])


@given(populations())
def test_the_errors_among_the_first_are_right_on_average_over_all_samples(population):
    order, wrong, predicted, strata, numbers = population
    found = [
        errors_among_first(order, [draw_of(one, wrong, strata, numbers)], predicted)
        for one in stratified_samples(strata, numbers)
    ]
    among_first = [sum(wrong[order[:k]]) for k in range(1, len(order) + 1)]
    np.testing.assert_allclose(np.mean(found, axis=0), among_first, atol=1e-9)


@given(populations())
def test_they_are_so_after_a_census_of_some_too(population):
    order, wrong, predicted, strata, numbers = population
    n = len(order) + 2  # two more, which were looked at first, whatever they are
    wrong, predicted = np.append(wrong, [True, False]), np.append(predicted, [0.5, 0.5])
    order = np.append(n - 1, np.append(order, n - 2))
    first = Draw(
        examples=np.array([n - 2, n - 1]),
        wrong=wrong[-2:],
        probability=None,
        stratum=np.zeros(2, dtype=int),
    )
    found = [
        errors_among_first(order, [first, draw_of(one, wrong[:-2], strata, numbers)], predicted)
        for one in stratified_samples(strata, numbers)
    ]
    np.testing.assert_allclose(np.mean(found, axis=0), np.cumsum(wrong[order]), atol=1e-9)


@given(populations(), st.data())
def test_what_is_told_of_a_cut_is_kept_to_what_reviews_have_proved(population, data):
    order, wrong, predicted, strata, numbers = population
    n, size = len(order), data.draw(st.integers(1, len(order)))
    sample = data.draw(st.sampled_from(list(stratified_samples(strata, numbers))))
    draw = draw_of(sample, wrong, strata, numbers)
    learning = cutoff._Learning(
        {"a": order}, Design([draw], np.zeros(n), NO_SLIPS), np.zeros((n, 1)), Aim()
    )
    told = learning.told(cutoff._Cut("a", size), predicted, draw.wrong)
    parts = []
    for part in (set(order[:size].tolist()), set(order[size:].tolist())):
        estimate = sum(predicted[i] for i in part)
        for i, chance in zip(sample, draw.probability, strict=True):
            estimate += (wrong[i] - predicted[i]) / chance if i in part else 0
        proved = sum(bool(wrong[i]) for i in sample if i in part)
        right = sum(not wrong[i] for i in sample if i in part)
        parts.append(min(max(estimate, proved), len(part) - right))
    inside, outside = parts
    recall = inside / (inside + outside) if inside + outside else 0
    expected = [inside / size, recall, 2 * inside / (size + inside + outside)]
    np.testing.assert_allclose(told, expected, atol=1e-9)


# ---------------------------------------------------------------- the choice


def best_by_hand(orders, wrong, aim):
    """Try every cut; return order, size, and precision, recall and F1, exactly."""
    total, best = sum(wrong), None
    for place, (name, order) in enumerate(orders.items()):
        for size in range(1, len(order) + 1):
            found = int(sum(wrong[order[:size]]))
            precision, recall = Fraction(found, size), Fraction(found, int(total))
            f1 = Fraction(2 * found, size + int(total))
            if aim.name == "f1":
                worth = (f1, -size, -place)
            elif aim.name == "precision":
                worth = (precision >= Fraction(aim.least), found, -size, -place)
            else:
                worth = (recall >= Fraction(aim.least), -size, found, -place)
            if best is None or worth > best[0]:
                best = (worth, name, size, (precision, recall, f1))
    return best


@settings(deadline=None)
@given(st.data(), st.integers(1, 9), st.sampled_from(AIMS))
def test_where_all_is_reviewed_no_cut_is_better_and_what_is_told_is_so(data, n, aim):
    wrong = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(any)))
    orders = {name: np.array(data.draw(st.permutations(range(n)))) for name in ("a", "b", "c")}
    guesses = data.draw(st.lists(st.sampled_from([0.0, 0.5, 0.9]), min_size=n, max_size=n))
    worth, name, size, trade = best_by_hand(orders, wrong, aim)
    if not worth[0]:
        with pytest.raises(InputError, match="No cut of any rule is expected to reach a precision"):
            learn(orders, [census(wrong)], guesses, aim)
        return
    found = learn(orders, [census(wrong)], guesses, aim)
    assert (found.order, found.size) == (name, size)
    for told, true in zip((found.precision, found.recall, found.f1), trade, strict=True):
        assert tuple(told) == pytest.approx((float(true),) * 3, abs=1e-9)
    assert (found.checked, found.found) == (n, sum(wrong))


def test_of_equally_good_cuts_the_smallest_is_taken_whatever_the_order_of_the_orders():
    wrong = np.array([True, False, False, False, False, False, False, True, True])
    later = np.array([1, 2, 3, 0, 7, 4, 5, 6, 8])  # F1 is 1/2 at 5, as it is at 1 of the other
    orders = {"later": later, "sooner": np.arange(9)}
    found = learn(orders, [census(wrong)], np.full(9, 0.5))
    assert (found.order, found.size, found.f1.value) == ("sooner", 1, 0.5)


N = 2000
GUESSES = np.random.default_rng(5).beta(0.15, 0.9, (N, 2)).clip(1e-3, 1 - 1e-3)


def labels_by(chances, seed):
    return np.random.default_rng([seed, 1]).random(N) < chances


def drawn(wrong, budget, seed):
    strata = cut_strata(GUESSES[:, 0], GUESSES[:, 0] > 0.5, count=10)
    sizes = np.bincount(strata)
    rates = np.bincount(strata, GUESSES[:, 0]) / sizes
    numbers = allocate(sizes, np.sqrt(rates * (1 - rates)), budget)
    sample = stratified_sample(strata, numbers, np.random.default_rng([seed, 2]))
    return draw_of(sample, wrong, strata, numbers)


ORDERS = {name: np.argsort(-GUESSES[:, k], kind="stable") for k, name in enumerate("ab")}


@pytest.mark.parametrize("guesses", [1, 2])
@pytest.mark.parametrize("reviews", [6, 60])
def test_chances_are_the_likeliest_if_slopes_share_1_give_or_take_seven_tenths(guesses, reviews):
    scores = np.log(GUESSES / (1 - GUESSES))[:reviews, :guesses]
    wrong = GUESSES[:reviews, 0] > 0.3  # surer than the guess, so that slopes would run away
    design = Design([census(wrong)], np.zeros(reviews), NO_SLIPS)
    found = cutoff._Learning({}, design, scores, Aim()).chances(wrong)
    centred = scores - scores.mean(axis=0)

    def unlikely(b):
        chances = expit(b[0] + centred @ b[1:])
        of_answers = np.log(np.where(wrong, chances, 1 - chances)).sum()
        slopes = ((b[1:] - 1 / guesses) ** 2).sum() / (2 * 0.7**2)
        return slopes + b[0] ** 2 / (2 * 10**2) - of_answers

    best = minimize(unlikely, np.zeros(1 + guesses), method="Nelder-Mead", tol=1e-10).x
    np.testing.assert_allclose(found, expit(best[0] + centred @ best[1:]), atol=1e-4)


@pytest.mark.parametrize(("place", "better"), [(0, "a"), (1, "b")])
def test_the_order_that_errors_follow_is_chosen(place, better):
    wrong = labels_by(GUESSES[:, place], seed=0)
    assert learn(ORDERS, [drawn(wrong, 200, seed=0)], GUESSES).order == better


def test_estimates_are_right_on_average_and_intervals_hold_the_truth_though_cuts_were_chosen():
    chances = expit(np.log(GUESSES / (1 - GUESSES)).mean(axis=1))
    held, off = np.zeros(3), []
    for seed in range(40):
        wrong = labels_by(chances, seed)
        found = learn(ORDERS, [drawn(wrong, 200, seed)], GUESSES, seed=seed, replicates=50)
        told = (found.precision, found.recall, found.f1)
        errors = wrong[ORDERS[found.order][: found.size]].sum()
        true = errors / found.size, errors / wrong.sum(), 2 * errors / (found.size + wrong.sum())
        held += [one.low <= at <= one.high for one, at in zip(told, true, strict=True)]
        off.append([one.value - at for one, at in zip(told, true, strict=True)])
    # of 40 intervals that hold in 95 of 100 cases, fewer than 33 do so once in a thousand times
    assert (held >= 33).all()
    mean, error = np.mean(off, axis=0), np.std(off, axis=0, ddof=1) / np.sqrt(40)
    assert (abs(mean) < 3 * error + 0.005).all()


def test_one_review_that_stands_for_a_thousand_does_not_move_the_cut():
    n = 20_000
    guesses = np.linspace(0.999, 0.0001, n) ** 8
    wrong = np.random.default_rng(0).random(n) < guesses
    strata = (np.arange(n) >= 5000).astype(int)
    numbers = np.array([285, 15])
    sample = stratified_sample(strata, numbers, np.random.default_rng(0))
    rare = sample[strata[sample] == 1].max()
    cuts = []
    for surprise in (False, True):
        wrong[rare] = surprise
        draw = draw_of(sample, wrong, strata, numbers)
        cuts.append(learn({"margin": np.arange(n)}, [draw], guesses).size)
    before, after = cuts
    assert before < 5000
    assert abs(after - before) < 1000


def test_the_numbers_of_the_examples_make_no_difference():
    wrong = labels_by(GUESSES[:, 1], seed=3)
    draw = drawn(wrong, 200, seed=3)
    shuffled = np.random.default_rng(0).permutation(N)
    now_at = np.argsort(shuffled)
    moved = Draw(
        examples=now_at[draw.examples],
        wrong=draw.wrong,
        probability=draw.probability,
        stratum=draw.stratum,
    )
    one = learn(ORDERS, [draw], GUESSES)
    other = learn(
        {name: now_at[order] for name, order in ORDERS.items()}, [moved], GUESSES[shuffled]
    )
    assert (one.order, one.size) == (other.order, other.size)


def test_a_higher_aim_of_precision_flags_fewer_and_of_recall_more():
    draws = [drawn(labels_by(GUESSES[:, 0], seed=4), 300, seed=4)]

    def sizes(name, *wanted):
        aims = [Aim(name=name, least=least) for least in wanted]
        return [learn(ORDERS, draws, GUESSES, aim).size for aim in aims]

    high, higher = sizes("precision", 0.7, 0.9)
    assert higher < high
    low, more = sizes("recall", 0.5, 0.9)
    assert low < more


def test_the_same_chance_gives_the_same_intervals():
    draws = [drawn(labels_by(GUESSES[:, 0], seed=4), 100, seed=4)]
    assert learn(ORDERS, draws, GUESSES, seed=1) == learn(ORDERS, draws, GUESSES, seed=1)
    assert learn(ORDERS, draws, GUESSES, seed=1) != learn(ORDERS, draws, GUESSES, seed=2)


def test_a_cut_says_what_it_is_in_words():
    draws = [drawn(labels_by(GUESSES[:, 0], seed=4), 300, seed=4)]
    found = learn(ORDERS, draws, GUESSES, replicates=50)
    f1 = found.f1
    assert str(found).startswith(f"rule {found.order}, first {found.size:,} examples: precision .")
    assert str(found).endswith(
        f", F1 {f1.value:.2f} ({f1.low:.2f} to {f1.high:.2f})".replace("0.", ".")
    )
    assert [str(aim) for aim in AIMS[:2]] == ["f1", "precision=0.5"]


# ---------------------------------------------------------------- what is refused


def test_reviews_that_chance_did_not_draw_are_refused():
    top = Draw(
        examples=np.arange(2),
        wrong=np.array([True, False]),
        probability=None,
        stratum=np.zeros(2, dtype=int),
    )
    with pytest.raises(InputError, match="None of the reviewed examples was drawn by chance"):
        learn({"margin": np.arange(4)}, [top], np.full(4, 0.5))


def test_where_nothing_is_wrong_there_is_nothing_to_learn():
    with pytest.raises(InputError, match="None of the 3 reviewed labels is wrong"):
        learn({"margin": np.arange(3)}, [census([False] * 3)], np.full(3, 0.5))


def test_an_aim_out_of_reach_is_told_with_the_highest_there_is():
    wrong = [False, True, False, False]
    message = (
        r"expected to reach a precision of 0\.9: the highest is 0\.5, rule margin, first 2 examples"
    )
    with pytest.raises(InputError, match=message):
        learn(
            {"margin": np.arange(4)},
            [census(wrong)],
            np.full(4, 0.5),
            Aim(name="precision", least=0.9),
        )


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_is_between_0_and_1(confidence):
    with pytest.raises(InputError, match=r"confidence is .*; between 0 and 1 was expected"):
        learn({"margin": np.arange(1)}, [census([True])], [0.5], confidence=confidence)
