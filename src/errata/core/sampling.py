"""Which examples to check, drawn by chance with probabilities that are known exactly.

`in_strata` and `by_size` draw; below them are what they are made of: strata, how many to draw in
each, simple random sampling in strata, and the pivotal method for probabilities of any size. What
a sample says is for `errata.core.error_rate`.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from errata.errors import InputError

FLOOR = 2
"""So many are drawn in each stratum at least: from one alone no spread can be told."""

PROPORTIONAL = 0.2
"""So much of a budget is shared out by size alone, as the scores may be wrong about the spread."""

STRATA = 20
FEWEST_IN_STRATUM = 5
"""There are at most so many strata, and so many examples to draw in each on average."""


def in_strata(
    predicted: Float[np.ndarray, "n"],
    flagged: Bool[np.ndarray, "n"],
    budget: int,
    rng: np.random.Generator,
) -> tuple[Int[np.ndarray, "drawn"], Int[np.ndarray, "drawn"], Float[np.ndarray, "drawn"]]:
    """Return what is drawn at random in strata, the stratum of each, and its probability.

    The strata are those of `cut_strata`, and the numbers drawn in them those of `allocate`. Every
    example can be drawn. A single one is drawn from all alike: of two strata it would leave one
    without any chance.

    Parameters
    ----------
    predicted : a guess at the probability that each label is wrong, in ``0..1``
    flagged : which examples a run of `find` flagged
    budget : how many to draw, 1 or more
    rng : where chance comes from

    Returns
    -------
    The drawn examples in an order to check them in, ``budget`` of them or all; their strata, from 0
    on; and the probabilities with which they were drawn, above 0, alike in a stratum

    Examples
    --------
    >>> f, flagged = np.array([0.5, 0.5, 0.0, 0.0]), np.array([True, True, False, False])
    >>> drawn, strata, probability = in_strata(f, flagged, 3, np.random.default_rng(0))
    >>> sorted(strata.tolist()), sorted(probability.tolist())
    ([0, 0, 1], [0.5, 1.0, 1.0])
    """
    if budget == 1:
        strata = np.zeros(len(predicted), dtype=np.int64)
    else:
        count = min(STRATA, max(2, budget // FEWEST_IN_STRATUM))
        strata = cut_strata(predicted, flagged, count=count)
    sizes = np.bincount(strata)
    rates = np.bincount(strata, predicted) / sizes
    numbers = allocate(sizes, np.sqrt(rates * (1 - rates)), budget)
    assert (numbers > 0).all(), "a stratum that nothing is drawn of is told of by nothing"
    drawn = stratified_sample(strata, numbers, rng)
    return drawn, strata[drawn], (numbers / sizes)[strata[drawn]]


def by_size(
    sizes: Float[np.ndarray, "n"], budget: int, rng: np.random.Generator
) -> tuple[Int[np.ndarray, "drawn"], Int[np.ndarray, "drawn"], Float[np.ndarray, "drawn"]]:
    """Return what is drawn in proportion to sizes, in one stratum, and each one's probability.

    Parameters
    ----------
    sizes : above 0
    budget : how many to draw, in ``1..n``
    rng : where chance comes from

    Returns
    -------
    As of `in_strata`: ``budget`` examples; 0 for each; and probabilities, see
    `inclusion_probabilities`

    Examples
    --------
    >>> sizes = np.array([1.0, 1.0, 2.0, 8.0])
    >>> drawn, strata, probability = by_size(sizes, 2, np.random.default_rng(0))
    >>> probability[drawn == 3], strata
    (array([1.]), array([0, 0]))
    """
    chances = inclusion_probabilities(sizes, budget)
    drawn = pivotal_sample(chances, rng)
    return drawn, np.zeros(len(drawn), dtype=np.int64), chances[drawn]


def cut_strata(
    predicted: Float[np.ndarray, "n"],
    flagged: Bool[np.ndarray, "n"],
    *,
    count: int,
) -> Int[np.ndarray, "n"]:
    """Return the stratum of each example, 0 for the most suspicious ones.

    Flagged and unflagged examples never share one. Each of the two is sorted by ``predicted`` and
    cut where the running sum of ``sqrt(f (1 - f))`` passes equal steps, so that strata are narrow
    where labels are doubtful and wide where nearly all are right. Ties are settled by index.

    Parameters
    ----------
    predicted : a guess at the probability that the label is wrong, ``f``, in ``0..1``
    flagged : which examples a run of `find` flagged
    count : how many strata there are at most, 1 or more; 2 at least where some are flagged and
        some are not

    Returns
    -------
    Whole numbers from 0 on, without gaps

    References
    ----------
    Dalenius and Hodges (1959), "Minimum variance stratification", JASA 54; here with the spread of
    a yes or no, ``f (1 - f)``, in place of the density. Kumar and Raj (2016), "Classifier risk
    estimation under limited labeling resources".

    Examples
    --------
    >>> f = np.array([0.5, 0.0, 0.5, 0.0, 0.1])
    >>> cut_strata(f, np.array([True, False, False, False, False]), count=3)
    array([0, 2, 1, 2, 2])
    """
    weight = np.sqrt(predicted * (1 - predicted))
    parts = [np.flatnonzero(flagged), np.flatnonzero(~flagged)]
    parts = [part for part in parts if len(part)]
    total = float(weight.sum())
    shares = [float(weight[part].sum()) / total if total > 0 else 0.0 for part in parts]
    strata = np.zeros(len(predicted), dtype=np.int64)
    begin, left = 0, max(count, len(parts))
    for number, (members, share) in enumerate(zip(parts, shares, strict=True)):
        others = len(parts) - 1 - number  # each still to come needs one
        own = left if others == 0 else min(max(1, round(share * left)), left - others)
        part = members[np.argsort(-predicted[members], kind="stable")]
        steps = np.cumsum(weight[part])
        if own > 1 and steps[-1] > 0:
            # half a step back, so that an example lies where its middle does
            places = ((steps - weight[part] / 2) / steps[-1] * own).astype(np.int64)
            places = np.unique_inverse(np.minimum(places, own - 1)).inverse_indices
        else:
            places = np.zeros(len(part), dtype=np.int64)
        strata[part] = begin + places
        begin, left = begin + int(places[-1]) + 1, left - own
    return strata


def allocate(
    sizes: Int[np.ndarray, "strata"],
    spreads: Float[np.ndarray, "strata"],
    budget: int,
    *,
    floor: int = FLOOR,
    proportional: float = PROPORTIONAL,
) -> Int[np.ndarray, "strata"]:
    """Return how many examples to draw in each stratum.

    A stratum gets a share that grows with its size times its spread, which makes the variance of
    the total least (Neyman), mixed with one by size alone; never less than ``floor`` and never
    more than it has. Halves of an example go to the largest remainders, then to the first strata.

    Parameters
    ----------
    sizes : how many examples each stratum has, 1 or more
    spreads : the standard deviation expected in each, 0 or more
    budget : how many to draw in all, 1 or more
    floor : so many in each stratum at least, as far as it has them and the budget reaches
    proportional : the share of the budget that goes by size alone, in ``0..1``

    Returns
    -------
    Whole numbers that sum to ``budget``, or to all examples if there are fewer

    References
    ----------
    Neyman (1934); Cochran, Sampling Techniques (1977), sections 5.5 and 5.9.

    Examples
    --------
    >>> allocate(np.array([10, 90]), np.array([0.5, 0.1]), 20)
    array([ 6, 14])
    """
    budget = min(budget, int(sizes.sum()))
    floor = min(floor, budget // len(sizes))
    by_spread = sizes * spreads
    if by_spread.sum() == 0:
        by_spread = sizes.astype(float)
    share = proportional * sizes / sizes.sum() + (1 - proportional) * by_spread / by_spread.sum()
    least = np.minimum(floor, sizes)

    def drawn(scale: float) -> Float[np.ndarray, "strata"]:
        numbers: Float[np.ndarray, "strata"] = np.clip(scale * share, least, sizes)
        return numbers

    share = np.maximum(share, 1e-9)  # or a stratum without spread would never be filled
    # what is drawn grows with the scale, from the floor to everything
    low, high = 0.0, float((sizes / share).max())
    for _ in range(200):
        middle = (low + high) / 2
        if drawn(middle).sum() < budget:
            low = middle
        else:
            high = middle
    wanted = drawn(high)
    numbers: Int[np.ndarray, "strata"] = np.maximum(np.floor(wanted + 1e-9).astype(np.int64), least)
    missing = budget - int(numbers.sum())
    remainders = np.where(numbers < sizes, wanted - numbers, -1.0)
    numbers[np.argsort(-remainders, kind="stable")[: max(missing, 0)]] += 1
    return numbers


def stratified_sample(
    strata: Int[np.ndarray, "n"],
    numbers: Int[np.ndarray, "strata"],
    rng: np.random.Generator,
) -> Int[np.ndarray, "drawn"]:
    """Return examples drawn at random, so many of each stratum, in an order to check them in.

    In a stratum every set of examples is as likely as any other of its size, and every order. The
    strata take turns: however far the checking has come, each has about its share of what is
    checked, and what is checked of it is a random sample of it.

    Parameters
    ----------
    strata : the stratum of each example, in ``0..strata-1``
    numbers : how many to draw in each, at most as many as it has
    rng : where chance comes from

    Examples
    --------
    >>> strata = np.array([0, 1, 1, 1])
    >>> drawn = stratified_sample(strata, np.array([1, 2]), np.random.default_rng(0))
    >>> sorted(strata[drawn].tolist())
    [0, 1, 1]
    """
    shuffled = rng.permutation(len(strata))
    by_stratum = shuffled[np.argsort(strata[shuffled], kind="stable")]
    sizes = np.bincount(strata, minlength=len(numbers))
    assert (numbers <= sizes).all(), "a stratum has fewer examples than are to be drawn"
    place = np.arange(len(strata)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    wanted = np.repeat(numbers, sizes)
    drawn = place < wanted
    turn = (place[drawn] + rng.random(int(numbers.sum()))) / wanted[drawn]
    in_turn: Int[np.ndarray, "drawn"] = by_stratum[drawn][np.argsort(turn, kind="stable")]
    return in_turn


def inclusion_probabilities(sizes: Float[np.ndarray, "n"], budget: int) -> Float[np.ndarray, "n"]:
    """Return probabilities proportional to ``sizes`` that sum to ``budget``, none above 1.

    What would come out above 1 is drawn for certain, and the rest share what is left.

    Parameters
    ----------
    sizes : above 0
    budget : how many are to be drawn, in ``1..n``

    References
    ----------
    Tillé, Sampling Algorithms (2006), section 2.10.

    Examples
    --------
    >>> inclusion_probabilities(np.array([1.0, 1.0, 2.0, 8.0]), 2)
    array([0.25, 0.25, 0.5 , 1.  ])
    """
    if not 1 <= budget <= len(sizes):
        raise InputError(f"{budget} of {len(sizes)} cannot be drawn; from 1 to all was expected.")
    descending = np.sort(sizes)[::-1]
    below = np.cumsum(descending[::-1])[::-1]  # the sum of a size and of all smaller ones
    left = budget - np.arange(len(sizes))  # to be drawn besides so many that are certain
    # the first number of certain ones at which none of the others would be above 1
    certain = int(np.argmax(left * descending <= below * (1 + 1e-12)))
    probabilities: Float[np.ndarray, "n"] = np.minimum(sizes * left[certain] / below[certain], 1.0)
    probabilities[np.argsort(-sizes, kind="stable")[:certain]] = 1.0
    return probabilities


def pivotal_sample(
    probabilities: Float[np.ndarray, "n"], rng: np.random.Generator
) -> Int[np.ndarray, "drawn"]:
    """Return examples drawn with the given probabilities, always as many, in a random order.

    Two examples at a time meet, in a random order: the one gives the other as much of its
    probability as there is room for, and which of them is settled, at 0 or at 1, is drawn so that
    neither gains or loses on average. The number drawn is the sum of the probabilities, rounded
    up or down where that is no whole number.

    Until the probabilities of those that met sum to 1 each new one is out or holds all, so who
    holds them in the end is drawn in one go, in proportion. Work is left for each drawn example
    alone, and not for each meeting.

    Parameters
    ----------
    probabilities : in ``0..1``
    rng : where chance comes from

    References
    ----------
    Deville and Tillé (1998), "Unequal probability sampling without replacement through a splitting
    method", Biometrika 85(1), section 7, in a random order; Chauvet (2012), "On a characterization
    of ordered pivotal sampling", Bernoulli 18(4), for the draw in one go.

    Examples
    --------
    >>> drawn = pivotal_sample(np.array([0.5, 0.5, 1.0, 0.0]), np.random.default_rng(0))
    >>> len(drawn), 2 in drawn, 3 in drawn
    (2, True, False)
    """
    close = 1e-9  # of sums of fractions that ought to be whole
    certain = np.flatnonzero(probabilities >= 1 - close)
    open_ = rng.permutation(np.flatnonzero((probabilities > close) & (probabilities < 1 - close)))
    own = probabilities[open_]
    sums = np.cumsum(own)
    before = np.concatenate([[0.0], sums])  # the sum of all before each
    whole = np.arange(int(before[-1] + close) + 1)  # the sums at which one more is in
    meets = np.searchsorted(sums, whole[1:] - close)  # the example with which it is reached
    # what the holder has when that one comes, and at the very end
    shares = np.append(before[meets], before[-1]) - whole
    holders, fights = rng.random(2 * len(whole)).reshape(2, -1)
    points = np.searchsorted(sums, whole + holders * shares, side="right").tolist()
    wins = fights[:-1] * (2 - shares[:-1] - own[meets]) < 1 - own[meets]
    chosen: list[int] = []
    held, last = -1, -1  # who keeps what is above a whole number, and the last that came to one
    for place, (at, win) in enumerate(zip(meets.tolist(), wins.tolist(), strict=True)):
        if last < points[place] and last + 1 < at:
            held = min(points[place], at - 1)
        chosen.append(held if win else at)
        held, last = (at if win else held), at
    if shares[-1] > close and fights[-1] < shares[-1]:
        at = min(points[-1], len(own) - 1)
        chosen.append(at if at > last else held)
    return rng.permutation(np.concatenate([certain, open_[np.array(chosen, dtype=np.int64)]]))
