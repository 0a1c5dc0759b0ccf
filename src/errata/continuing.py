"""Whether to have more labels checked, and how many: what the votes so far say of it.

`errata.planning` asks this for a plan that goes on, gathers what is needed, and plans.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer

from errata.results import ErrorRate


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What the votes so far say of going on.

    Attributes
    ----------
    says : that, in words
    more : how many examples to plan for what is wanted; 0: none now; None: as many as one likes
    enough : whether what is wanted is reached, or cannot be brought nearer
    """

    says: str
    more: int | None = None
    enough: bool = False


def rate_outlook(
    found: ErrorRate,
    *,
    drawn: int,
    left: int,
    within: float | None = None,
    worth: float | None = None,
) -> Outlook:
    """Return whether the error rate is known well enough, or how many more examples that takes.

    The width of the interval is taken to fall with the root of ``1 / m - 1 / n``, ``m`` being how
    many of ``n`` examples are checked, as that of a simple random sample does. Those drawn for
    another question count for as much as a check of theirs weighs in the rate.

    Parameters
    ----------
    found : the error rate by the votes so far
    drawn : how many examples chance drew, decided or not
    left : how many examples no plan holds
    within : half the width of the interval that is wanted, a share; without it, half of what it
        is now
    worth : as how many examples drawn for the rate these count once they are decided; as all, if
        left out
    """
    n, waiting = found.count.population, found.drawn_waiting
    if found.estimate is None:
        return _nothing_known(drawn, waiting, found.drawn_open)
    now = (found.high - found.low) / 2
    known = f"The error rate is known to ± {_points(now)}"
    if within is not None and now <= within:
        return Outlook(says=f"{known}, and ± {_points(within)} is wanted.", more=0, enough=True)
    if left == 0:
        enough = found.by_chance == drawn
        return Outlook(says=f"{known}, and every example is planned.", more=0, enough=enough)
    goal = now / 2 if within is None else within
    counts = found.by_chance if found.worth is None else found.worth
    will = drawn if worth is None else worth
    total = math.ceil(1 / (1 / n + (goal / now) ** 2 * (1 / counts - 1 / n)))
    half = "half of that, " if within is None else ""
    takes = f"{known}; {half}± {_points(goal)} takes about {total:,} drawn examples"
    have = f"{drawn:,} are drawn"
    if will < drawn:
        takes += ", if all are drawn for the rate"
        have += f" and count for {will:,.0f} of these, as some are drawn for the ranking"
    if total > will:
        return Outlook(says=f"{takes}, and {have}.", more=min(math.ceil(total - will), left))
    early = _early(drawn - waiting - found.by_chance, found.drawn_open)
    open_ = f"of these {_are(waiting)} not decided yet{early}: have {_them(waiting)} reviewed first"
    return Outlook(says=f"{takes}, and {have}; {open_}.", more=0)


def errors_outlook(
    chances: Float[np.ndarray, "waiting"] | None,
    *,
    waiting: int,
    budget: int | None,
    planned: int = 0,
    decided: int = 0,
) -> Outlook:
    """Return whether the next candidates are worth a look.

    Parameters
    ----------
    chances : that the label of each candidate is wrong, in the order of asking; None: not known
    waiting : how many candidates no plan holds
    budget : how many would be planned next; None: all
    planned, decided : how many examples plans for errors hold, and how many of these have a verdict
    """
    if waiting == 0:
        return Outlook(says="Every candidate is planned.", more=0, enough=True)
    if planned > 2 * decided:
        return Outlook(
            says=f"Of {planned:,} planned candidates {decided:,} have a verdict. Have the others "
            "reviewed first.",
            more=0,
        )
    following = waiting if budget is None else min(budget, waiting)
    which = f"the next {following:,} of {waiting:,} candidates"
    if chances is None:
        return Outlook(
            says=f"The votes so far cannot tell how many wrong labels to expect among {which}."
        )
    expected = float(chances[:following].sum())
    if expected < 1:
        return Outlook(
            says=f"Less than one wrong label ({expected:.2g}) is to be expected among {which}.",
            more=0,
            enough=True,
        )
    return Outlook(says=f"About {expected:,.0f} wrong labels are to be expected among {which}.")


def ranking_outlook(
    models: Sequence[str],
    undecided: Bool[np.ndarray, "models models"],
    unsettled: Bool[np.ndarray, "models models"],
    *,
    drawn: int,
    by_chance: int,
    waiting: int = 0,
    open_: int = 0,
    newest: tuple[int, int] = (0, 0),
) -> Outlook:
    """Return whether the models are told apart as far as more checking can do it.

    Parameters
    ----------
    models : their names
    undecided : which two are not told apart on this test set, symmetric
    unsettled : which two of these differ on examples that can still be drawn
    drawn, by_chance : how many examples chance drew, and how many of these are decided and count
    waiting, open_ : how many of these are not decided, and how many of them have votes
    newest : how many examples the newest plan for the ranking drew, and how many of these are not
        decided
    """
    if not by_chance:
        return _nothing_known(drawn, waiting, open_)
    if drawn > 2 * by_chance:
        decided = drawn - waiting
        early = _early(decided - by_chance, open_)
        return Outlook(
            says=f"Of {drawn:,} drawn examples {_are(decided)} decided{early}. Have the others "
            "reviewed first.",
            more=0,
        )
    of_newest, still = newest
    if 2 * still > of_newest:
        return Outlook(
            says=f"Of the {of_newest:,} examples that the newest plan for the ranking drew "
            f"{_are(still)} not decided yet. Have {_them(still)} reviewed first.",
            more=0,
        )
    pairs = len(models) * (len(models) - 1) // 2
    doubtful, hopeful = (np.argwhere(np.triu(which)) for which in (undecided, unsettled))
    if len(doubtful) == 0:
        return Outlook(
            says=f"All {pairs:,} pairs of models are told apart on this test set.",
            more=0,
            enough=True,
        )
    told = f"{pairs - len(doubtful):,} of {pairs:,} pairs of models are told apart on this test set"
    if len(hopeful) == 0:
        return Outlook(
            says=f"{told}, and no label that is left to check could tell more.",
            more=0,
            enough=True,
        )
    one, other = (models[place] for place in hopeful[0])
    return Outlook(says=f"{told}; left to settle: {len(hopeful):,}, such as {one} and {other}.")


def confidence_at(look: int, confidence: float = 0.95) -> float:
    """Return the confidence of one of many looks, so that none of them errs with that wanted.

    Whoever looks after each plan and stops once something is decided has as many chances to err as
    looks. Look ``i`` may err with ``(1 - confidence) / (i (i + 1))``, which sums to ``1 -
    confidence`` over all looks there will ever be, so it need not be known how many.

    Parameters
    ----------
    look : its number, from 1 on
    confidence : of all looks together, strictly between 0 and 1

    References
    ----------
    Lan and DeMets (1983), "Discrete sequential boundaries for clinical trials", Biometrika 70, for
    the error that looks spend; here without regard to how alike they are, by Bonferroni.

    Examples
    --------
    >>> [round(confidence_at(look), 4) for look in (1, 2, 3)]
    [0.975, 0.9917, 0.9958]
    """
    return 1 - (1 - confidence) / (look * (look + 1))


def unsettled_pairs(
    undecided: Bool[np.ndarray, "models models"],
    answers: Integer[np.ndarray, "left models"],
) -> Bool[np.ndarray, "models models"]:
    """Return which undecided pairs differ on an example that can still be drawn.

    Parameters
    ----------
    undecided : symmetric
    answers : the best answer of each model to what is left

    Examples
    --------
    >>> unsettled_pairs(~np.eye(3, dtype=bool), np.array([[0, 0, 1], [2, 2, 2]])).astype(int)
    array([[0, 0, 1],
           [0, 0, 1],
           [1, 1, 0]])
    """
    differ = [(answers != answers[:, [model]]).any(axis=0) for model in range(len(undecided))]
    settled: Bool[np.ndarray, "models models"] = undecided & np.stack(differ)
    return settled


def _nothing_known(drawn: int, waiting: int, open_: int) -> Outlook:
    """Return what is said where no example that chance drew is decided and counts."""
    if not drawn:
        says = "No example was drawn by chance yet, so what nobody checked is not known."
        return Outlook(says=says)
    if waiting == drawn:
        return Outlook(says=f"None of the {drawn:,} drawn examples is decided yet.", more=0)
    decided = drawn - waiting
    return Outlook(
        says=f"Of {drawn:,} drawn examples {_are(decided)} decided{_early(decided, open_)}. Have "
        f"{_them(open_)} reviewed first.",
        more=0,
    )


def _early(count: int, open_: int) -> str:
    """Say of how many decided examples that they do not count, and why; nothing of none.

    Parameters
    ----------
    open_ : how many that chance drew have votes and no verdict
    """
    if count <= 0:
        return ""
    some = "1 that is counts" if count == 1 else f"{count:,} that are count"
    one = "1 that has votes and no verdict is" if open_ == 1 else ""
    others = one or f"{open_:,} that have votes and no verdict are"
    return f", and {some} only once the {others} decided"


def _are(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'}"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def _points(share: float) -> str:
    told = f"{100 * share:.2g}"
    return f"{told} percentage point{'' if told == '1' else 's'}"
