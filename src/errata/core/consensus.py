"""From votes to verdicts: what the reviewers of a candidate agree on.

Votes arrive here as counts, one column an answer, or as what a model of `aggregation` or
`crowdlab` made of them: probabilities. Who voted, when, and whether a vote was withdrawn, is the
store's business.
"""

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from errata.errors import InputError

ANSWERS = ("given", "suggested", "both", "neither")
"""The answers that can decide, in the order of the columns of a vote table."""

VOTED = (*ANSWERS, "other")
"""Everything a vote can say; "other", in the reviewer's own word, decides nothing."""

CANNOT_TELL = "can't tell"
"""What a reviewer says, as an answer of their own, of an example that cannot be judged."""

VERDICTS = ("non_error", "correctable", "multi_label", "neither", "non_agreement")
"""What the votes can come to. The first four are what agreement on each of `ANSWERS` means."""

NON_ERROR, CORRECTABLE, MULTI_LABEL, NEITHER, NON_AGREEMENT = range(len(VERDICTS))
OPEN = -1
"""The code of a candidate that is not decided yet."""


def verdict_codes(
    votes: Integer[np.ndarray, "candidates answers"], threshold: int
) -> Int[np.ndarray, "candidates"]:
    """Return each candidate's verdict, as its index into `VERDICTS`.

    The first answer, in the order of `ANSWERS`, that has ``threshold`` votes decides; with none
    the reviewers do not agree. The order matters only where more than one answer has enough
    votes, as with 5 votes for each of two answers: the given label keeps the benefit of the doubt.

    Parameters
    ----------
    votes : how many reviewers gave each answer, ``(candidates, 4)``, columns as `ANSWERS`, or
        ``(candidates, 5)``, columns as `VOTED`
    threshold : votes needed for agreement, at least 1 (the paper: 3, of 5)

    Raises
    ------
    InputError
        If the threshold is below 1.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize
    Machine Learning Benchmarks", section 4 and table 2.

    Examples
    --------
    >>> votes = np.array([[3, 2, 0, 0], [1, 4, 0, 0], [2, 2, 1, 0]])
    >>> [VERDICTS[code] for code in verdict_codes(votes, threshold=3)]
    ['non_error', 'correctable', 'non_agreement']
    """
    agreed = _agreed(votes, threshold)
    return np.where(agreed.any(axis=1), agreed.argmax(axis=1), NON_AGREEMENT)


def votes_needed(
    votes: Integer[np.ndarray, "candidates answers"], threshold: int, wanted: int
) -> Int[np.ndarray, "candidates"]:
    """Return how many more votes it takes at least until no later one can change the verdict.

    0 where the verdict is settled: whatever the votes that are still to come say, up to those
    wanted, it stays. Asking may stop there, and gives the same verdicts as asking all.

    Parameters
    ----------
    votes : how many reviewers gave each answer, ``(candidates, 4)``, columns as `ANSWERS`, or
        ``(candidates, 5)``, columns as `VOTED`; every vote counts towards ``wanted``
    threshold : votes needed for agreement, at least 1
    wanted : votes to collect for each candidate, if need be

    Returns
    -------
    from 0 to the votes that are left, ``(candidates,)``

    Raises
    ------
    InputError
        If the threshold is below 1.

    Examples
    --------
    >>> votes = np.array([[1, 1, 0, 0], [0, 3, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    >>> votes_needed(votes, threshold=3, wanted=5)
    array([2, 0, 0, 3])
    """
    held = votes.sum(axis=1, dtype=np.int64)
    return choice_votes_needed(votes[:, : len(ANSWERS)], held, threshold, wanted)


def choice_votes_needed(
    votes: Integer[np.ndarray, "candidates options"],
    reviewers: Integer[np.ndarray, "candidates"],
    threshold: int,
    wanted: int,
) -> Int[np.ndarray, "candidates"]:
    """Return how many more votes it takes at least until the option that decides cannot change.

    Each reviewer chooses one option, or says something that decides nothing; the first option, in
    the order of the columns, that has ``threshold`` votes decides. But for the first, options that
    nobody chose need no column: what one of them can still come to, the first can with no more
    votes, and goes before it.

    Parameters
    ----------
    votes : how many reviewers chose each option, ``(candidates, options)``, at least one column
    reviewers : how many have answered, whatever they said, ``(candidates,)``
    threshold : votes needed for agreement, at least 1
    wanted : votes to collect for each candidate, if need be

    Returns
    -------
    from 0, where it is settled, to the votes that are left, ``(candidates,)``

    Raises
    ------
    InputError
        If the threshold is below 1.

    Examples
    --------
    >>> votes = np.array([[1, 1, 0], [0, 3, 0], [1, 1, 1]])
    >>> choice_votes_needed(votes, np.array([2, 3, 4]), threshold=3, wanted=5)
    array([2, 0, 0])
    """
    _check_threshold(threshold)
    counts = votes.astype(np.int64)
    left = np.maximum(wanted - reviewers, 0)
    # an answer is out of reach once the votes that are left are fewer than it lacks
    lacks = threshold - counts
    out_of_reach = np.maximum(left[:, np.newaxis] - lacks + 1, 0)
    ways = []
    for answer in range(counts.shape[1]):  # it has its votes, and none that goes before it can
        own = np.maximum(lacks[:, answer], 0)
        before = (out_of_reach[:, :answer] - own[:, np.newaxis]).max(axis=1, initial=0)
        taken = (lacks[:, :answer] <= 0).any(axis=1)
        ways.append(np.where(taken, left, own + before))
    none = out_of_reach.max(axis=1)  # no answer can have its votes any more
    ways.append(np.where((lacks <= 0).any(axis=1), left, none))
    needed: Int[np.ndarray, "candidates"] = np.minimum(np.min(ways, axis=0), left)
    return needed


def leading(
    votes: Integer[np.ndarray, "candidates options"], threshold: int
) -> Int[np.ndarray, "candidates"]:
    """Return which option speaks for all of them: the one that decides, or else has most votes.

    The first, in the order of the columns, that has ``threshold`` votes; without one, the first of
    those with most.

    Examples
    --------
    >>> leading(np.array([[0, 3, 3], [1, 2, 2], [0, 0, 0]]), threshold=3)
    array([1, 1, 0])
    """
    _check_threshold(threshold)
    # what has the votes counts as `threshold`, so that the first of these is the first of the most
    first: Int[np.ndarray, "candidates"] = np.minimum(votes, threshold).argmax(axis=1)
    return first


def _agreed(
    votes: Integer[np.ndarray, "candidates answers"], threshold: int
) -> Bool[np.ndarray, "candidates 4"]:
    _check_threshold(threshold)
    agreed: Bool[np.ndarray, "candidates 4"] = votes[:, : len(ANSWERS)] >= threshold
    return agreed


def _check_threshold(threshold: int) -> None:
    if threshold < 1:
        raise InputError(
            f"The agreement threshold is {threshold}, but agreement needs at least 1 vote. "
            "The usual choice is 3, with 5 votes for each candidate."
        )


# ---------------------------------------------------------------- from probabilities

AS_PROBABLE = 1e-9
"""Probabilities that differ by no more are equal: sums in another order differ by less."""


def most_probable(
    posterior: Float[np.ndarray, "candidates answers"],
) -> Int[np.ndarray, "candidates"]:
    """Return the most probable answer of each row, the first of equals.

    Parameters
    ----------
    posterior : the probability of each answer, ``(candidates, answers)``

    Examples
    --------
    >>> most_probable(np.array([[0.2, 0.8], [0.5, 0.5], [0.1 + 0.2, 0.3]]))
    array([1, 0, 0])
    """
    bar = posterior.max(axis=1, keepdims=True, initial=0) - AS_PROBABLE
    best: Int[np.ndarray, "candidates"] = (posterior >= bar).argmax(axis=1)
    return best


def posterior_verdict_codes(
    posterior: Float[np.ndarray, "candidates answers"], least: float
) -> Int[np.ndarray, "candidates"]:
    """Return each candidate's verdict, as its index into `VERDICTS`, by how probable answers are.

    The most probable answer decides if its probability is ``least`` or more; else the reviewers do
    not agree. Among equally probable answers the first in the order of `ANSWERS` decides, so the
    given label keeps the benefit of the doubt, as in `verdict_codes`.

    Parameters
    ----------
    posterior : the probability of each answer, ``(candidates, 4)``, columns as `ANSWERS`, or
        ``(candidates, 5)``, columns as `VOTED`: where "other" is the most probable, nothing is
        decided
    least : the least probability of the answer that decides, above 0 and at most 1

    Raises
    ------
    InputError
        The least probability is out of range, or there are too few or too many columns.

    Examples
    --------
    >>> posterior = np.array([[0.97, 0.01, 0.01, 0.01], [0.2, 0.8, 0, 0], [0.5, 0.5, 0, 0]])
    >>> [VERDICTS[code] for code in posterior_verdict_codes(posterior, least=0.8)]
    ['non_error', 'correctable', 'non_agreement']
    """
    if not 0 < least <= 1:
        raise InputError(
            f"The least probability of a verdict is {least}; above 0 and at most 1 was expected, "
            "such as 0.9."
        )
    if posterior.shape[1] not in {len(ANSWERS), len(VOTED)}:
        raise InputError(
            f"There are probabilities of {posterior.shape[1]} answers; a column for each of "
            f"{', '.join(ANSWERS)} was expected, and perhaps one for {VOTED[-1]}. "
            f"Give n_answers={len(ANSWERS)} to the model that makes them."
        )
    best = most_probable(posterior)
    # what is as probable as `least` but for the last digits of a sum has reached it
    sure = posterior.max(axis=1, initial=0) >= least - AS_PROBABLE
    return np.where(sure & (best < len(ANSWERS)), best, NON_AGREEMENT)


# ---------------------------------------------------------------- several labels per example


def agreed_sets(
    votes: Integer[np.ndarray, "candidates labels"], threshold: int
) -> Bool[np.ndarray, "candidates labels"]:
    """Return which labels the reviewers agree on, where an example may have several.

    Parameters
    ----------
    votes : how many reviewers say that each label applies, ``(candidates, labels)``
    threshold : votes needed for agreement, at least 1 (the paper: 3, of 5)

    Raises
    ------
    InputError
        If the threshold is below 1.

    Examples
    --------
    >>> agreed_sets(np.array([[3, 0, 4], [2, 2, 1]]), threshold=3)
    array([[ True, False,  True],
           [False, False, False]])
    """
    _check_threshold(threshold)
    agreed: Bool[np.ndarray, "candidates labels"] = votes >= threshold
    return agreed


def undecided_labels(
    votes: Integer[np.ndarray, "candidates labels"],
    unclear: Integer[np.ndarray, "candidates"],
    asked: Bool[np.ndarray, "candidates labels"],
    threshold: int,
) -> Bool[np.ndarray, "candidates labels"]:
    """Return the labels of which those who cannot tell could have decided whether they apply.

    That is, the labels that lack the votes, and would have them had each of those who cannot tell
    ticked it. Any other label is in the agreed set or not, whatever those would have said: it has
    the votes, or would lack them all the same.

    Parameters
    ----------
    votes : how many reviewers say that each label applies, ``(candidates, labels)``
    unclear : how many cannot tell, so that they tick nothing, ``(candidates,)``
    asked : the labels that reviewers are asked about, ``(candidates, labels)``
    threshold : votes needed for agreement, at least 1

    Raises
    ------
    InputError
        If the threshold is below 1.

    Examples
    --------
    >>> votes, unclear = np.array([[3, 2], [2, 0], [3, 1]]), np.array([0, 3, 1])
    >>> undecided_labels(votes, unclear, np.ones((3, 2), bool), threshold=3)
    array([[False, False],
           [ True,  True],
           [False, False]])
    """
    _check_threshold(threshold)
    most = votes.astype(np.int64) + unclear.astype(np.int64)[:, np.newaxis]
    undecided: Bool[np.ndarray, "candidates labels"] = (
        asked & (votes < threshold) & (most >= threshold)
    )
    return undecided


def set_verdict_codes(
    votes: Integer[np.ndarray, "candidates labels"],
    given: Bool[np.ndarray, "candidates labels"],
    threshold: int,
    *,
    unclear: Integer[np.ndarray, "candidates"] | None = None,
    asked: Bool[np.ndarray, "candidates labels"] | None = None,
) -> Int[np.ndarray, "candidates"]:
    """Return each candidate's verdict where an example may have several labels, or none.

    The agreed set holds the labels with ``threshold`` votes or more. Where it is the given set the
    verdict is ``non_error``; else, where it is empty, ``neither``; else ``correctable``, and the
    agreed set is the corrected one. Before all that, where some label is undecided (see
    `undecided_labels`), the verdict is ``non_agreement``: no set is agreed on as long as those who
    cannot tell could have made it another. Where everybody can tell it does not arise, and
    ``multi_label`` never does.

    Parameters
    ----------
    votes : how many reviewers say that each label applies, ``(candidates, labels)``
    given : the given sets, ``(candidates, labels)``
    threshold : votes needed for agreement, at least 1
    unclear : how many cannot tell, so that they tick nothing, ``(candidates,)``; without it nobody
    asked : the labels that reviewers are asked about, ``(candidates, labels)``; without it all

    Returns
    -------
    indices into `VERDICTS`, ``(candidates,)``

    Raises
    ------
    InputError
        If the threshold is below 1.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), table 2, which for AudioSet counts errors alone, that is
    everything but ``non_error``: the split of these is ours, and so is "can't tell".

    Examples
    --------
    >>> votes = np.array([[3, 0], [3, 4], [2, 1]])
    >>> given = np.array([[True, False], [True, False], [True, False]])
    >>> [VERDICTS[code] for code in set_verdict_codes(votes, given, threshold=3)]
    ['non_error', 'correctable', 'neither']
    >>> codes = set_verdict_codes(votes, given, threshold=3, unclear=np.array([2, 0, 2]))
    >>> [VERDICTS[code] for code in codes]
    ['non_error', 'correctable', 'non_agreement']
    """
    agreed = agreed_sets(votes, threshold)
    wrong = np.where(agreed.any(axis=1), CORRECTABLE, NEITHER)
    codes = np.where((agreed == given).all(axis=1), NON_ERROR, wrong)
    if unclear is None:
        return codes
    asked = np.ones_like(agreed) if asked is None else asked
    undecided = undecided_labels(votes, unclear, asked, threshold).any(axis=1)
    return np.where(undecided, NON_AGREEMENT, codes)


def set_votes_needed(
    votes: Integer[np.ndarray, "candidates labels"],
    reviewers: Integer[np.ndarray, "candidates"],
    asked: Bool[np.ndarray, "candidates labels"],
    threshold: int,
    wanted: int,
    *,
    unclear: Integer[np.ndarray, "candidates"] | None = None,
) -> Int[np.ndarray, "candidates"]:
    """Return how many more reviewers it takes at least until none can change what is agreed.

    0 where it is settled that the labels that are agreed on stay just these; or that some label
    stays undecided, and so the verdict ``non_agreement``, see `set_verdict_codes`.

    Parameters
    ----------
    votes : how many reviewers say that each label applies, ``(candidates, labels)``
    reviewers : how many have answered, ``(candidates,)``
    asked : the labels that reviewers are asked about, ``(candidates, labels)``
    threshold : votes needed for agreement, at least 1
    wanted : reviewers to ask about each candidate, if need be
    unclear : how many of those who answered cannot tell, ``(candidates,)``; without it nobody

    Returns
    -------
    from 0, where it is settled, to the reviewers that are left, ``(candidates,)``

    Raises
    ------
    InputError
        If the threshold is below 1.

    Examples
    --------
    >>> votes, reviewers = np.array([[3, 0], [1, 1], [3, 0]]), np.array([3, 3, 4])
    >>> asked = np.array([[True, True], [True, True], [True, True]])
    >>> set_votes_needed(votes, reviewers, asked, threshold=3, wanted=5)
    array([0, 1, 0])
    >>> unclear = np.array([0, 2, 1])
    >>> set_votes_needed(votes, reviewers, asked, threshold=3, wanted=5, unclear=unclear)
    array([0, 1, 0])
    """
    _check_threshold(threshold)
    left = np.maximum(wanted - reviewers, 0).astype(np.int64)[:, np.newaxis]
    lacks = threshold - votes.astype(np.int64)
    unclear = np.zeros_like(reviewers) if unclear is None else unclear
    even_so = lacks - unclear.astype(np.int64)[:, np.newaxis]  # had these ticked it
    out_of_reach = np.maximum(left - lacks + 1, 0)
    # each label is settled by as many ticks as it lacks, or by so few left that it cannot have
    # them, even with those who cannot tell
    each = np.minimum(np.maximum(lacks, 0), np.maximum(left - even_so + 1, 0))
    all_settled = np.where(asked, each, 0).max(axis=1, initial=0)
    # or all is settled by one label that stays undecided: out of reach but for those who cannot
    # tell, of whom there may be more to come
    undecided = np.where(asked, np.maximum(out_of_reach, even_so), left).min(axis=1, initial=wanted)
    needed: Int[np.ndarray, "candidates"] = np.minimum(
        np.minimum(all_settled, undecided), left[:, 0]
    )
    return needed
