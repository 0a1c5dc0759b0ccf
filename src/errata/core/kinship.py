"""Kinship: how near a compared model is to the one that suggested the corrections.

A set of corrections that one model, the flagger, proposed favours the models that answer like it.
What is here tells which models those are, and scores models in ways that depend less on who
proposed; what to conclude from it is for whoever compares.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer, Real
from scipy import special, stats

LEAST_OTHERS = 5
"""With fewer other models nobody knows what models of one accuracy do: none is named."""


def agreement(
    answers: Integer[np.ndarray, "candidates"], suggested: Integer[np.ndarray, "candidates"]
) -> float:
    """Return the share of the suggested labels that are a model's own best answer.

    Parameters
    ----------
    answers : the model's best answer to each candidate, ``(candidates,)``
    suggested : the labels that were suggested, before anybody checked them

    Examples
    --------
    >>> agreement(np.array([3, 1, 2, 2]), np.array([3, 1, 0, 2]))
    0.75
    """
    return float((answers == suggested).mean()) if len(suggested) else float("nan")


@dataclass(frozen=True, eq=False)
class Kin:
    """Which models agree with a flagger more than models of their accuracy do; see `find_kin`.

    Attributes
    ----------
    named : which stand out, ``(models,)``
    expected : the share of the suggestions that a model of this accuracy gives, ``(models,)``; nan
        where that cannot be told
    low, high : the 95 % prediction interval of this share, ``(models,)``; nan likewise
    studentised : how far a model is above what is expected, in standard errors of the prediction,
        ``(models,)``; nan likewise
    """

    named: Bool[np.ndarray, "models"]
    expected: Float[np.ndarray, "models"]
    low: Float[np.ndarray, "models"]
    high: Float[np.ndarray, "models"]
    studentised: Float[np.ndarray, "models"]


def find_kin(
    agreeing: Integer[np.ndarray, "models"],
    candidates: int,
    right: Integer[np.ndarray, "models"],
    of: int,
    *,
    error: float = 0.05,
) -> Kin:
    """Return the models whose agreement with a flagger stands out from that of the others.

    For each model a line is fitted through all others: agreement against accuracy, both as
    log-odds. Shares lie between 0 and 1 and so does what log-odds predict of them; and between
    models, agreement has been found to follow accuracy in a line on such a scale (Baek et al.; they
    use the normal quantile). A half is added to each count, so that 0 and 1 have log-odds too. The
    distance from the line over its standard error is the externally studentised residual,
    ``e / (s √(1 - h))`` with the model's residual ``e`` and leverage ``h`` in the fit of all, and
    the scatter ``s`` without it. That holds both the noise of the candidates and the spread between
    models; it is never taken to be below the binomial noise of so many candidates, else a few
    models that happen to agree alike would make the next one stand out by a single answer.

    The test is one-sided, upwards. As kin can hide each other, up to a quarter of the models are
    taken out one by one, always the one that stands out most, and the last that is over its
    critical value is named together with all that were taken out before it (the generalised ESD
    test, Rosner). Critical values are those of t, by Bonferroni over models and steps: so with
    residuals that are about normal, the chance to name anybody where no model is kin is at most
    ``error``. The last fit of all leaves out the named ones and the model itself.

    Parameters
    ----------
    agreeing : how many suggestions are each model's best answer, ``(models,)``
    candidates : how many suggestions there are
    right : on how many examples that are no candidates each model gives the given label,
        ``(models,)``. On a candidate who gives the suggestion does not give the given label, so
        accuracy there would explain the agreement by itself
    of : how many such examples there are; with 0 of them, or with equal accuracies, what is
        expected is the same for all
    error : the chance to name a model wrongly, over all models

    Returns
    -------
    Nobody is named, and all else is nan, with less than `LEAST_OTHERS` other models or without
    candidates. A model that alone fixes the slope of the line cannot be predicted: nan, not named.

    References
    ----------
    Belsley, Kuh and Welsch (1980), "Regression Diagnostics", section 2.1, for the residual.
    Rosner (1983), "Percentage Points for a Generalized ESD Many-Outlier Procedure", Technometrics
    25, 165-172; his critical values do not count the steps, and are too low for few models. Baek,
    Jiang, Raghunathan and Kolter (2022), "Agreement-on-the-Line", NeurIPS, section 3, for agreement
    against accuracy.

    Examples
    --------
    >>> agreeing = np.array([640, 400, 410, 430, 390, 420, 450, 410])
    >>> right = np.array([700, 650, 690, 720, 640, 700, 750, 710])
    >>> kin = find_kin(agreeing, 1000, right, 1000)
    >>> kin.named
    array([ True, False, False, False, False, False, False, False])
    >>> [round(float(share[0]), 2) for share in (kin.low, kin.expected, kin.high)]
    [0.38, 0.42, 0.46]
    """
    n = len(agreeing)
    if n <= LEAST_OTHERS or candidates == 0:
        nothing = np.full(n, np.nan)
        return Kin(np.zeros(n, dtype=bool), nothing, nothing, nothing, nothing)
    agrees, accuracy = _log_odds(agreeing, candidates), _log_odds(right, of)
    steps = n // 4
    left, named = np.arange(n), 0
    out: list[int] = []
    while len(out) < steps and len(left) > LEAST_OTHERS:
        apart = _predicted(agrees[left], accuracy[left], candidates)
        most = int(np.nanargmax(np.append(apart.studentised, -np.inf)))
        if most == len(left):  # none can be predicted
            break
        out.append(int(left[most]))
        if apart.studentised[most] > stats.t.isf(error / (steps * len(left)), apart.freedom):
            named = len(out)
        left = np.delete(left, most)
    kin = np.zeros(n, dtype=bool)
    kin[out[:named]] = True
    told = np.empty((4, n))
    for model in range(n):
        beside = np.append(np.flatnonzero(~kin & (np.arange(n) != model)), model)
        apart = _predicted(agrees[beside], accuracy[beside], candidates)
        odds, half = apart.expected[-1], apart.error[-1] * stats.t.isf(0.025, apart.freedom)
        shares = special.expit(np.array([odds, odds - half, odds + half]))
        shares = (shares * (candidates + 1) - 0.5) / candidates  # without the half that was added
        told[:, model] = *np.clip(shares, 0, 1), apart.studentised[-1]
    return Kin(kin, *told)


class _Predicted(NamedTuple):
    """What all others predict of each model, in log-odds, and how far it is from that."""

    expected: Float[np.ndarray, "models"]
    error: Float[np.ndarray, "models"]
    """The standard error of the prediction."""
    studentised: Float[np.ndarray, "models"]
    freedom: int


def _predicted(
    agrees: Float[np.ndarray, "models"], accuracy: Float[np.ndarray, "models"], candidates: int
) -> _Predicted:
    """Predict each model from a line through the others; nan where they leave its slope open."""
    centred = accuracy - accuracy.mean()
    columns = [np.ones_like(agrees)]
    if np.ptp(accuracy) > 1e-9:  # else there is no slope to fit
        columns.append(centred)
    basis = np.linalg.qr(np.stack(columns, axis=1))[0]
    residual = agrees - basis @ (basis.T @ agrees)
    own = 1 - (basis**2).sum(axis=1)  # 1 - leverage
    own[own < 1e-9] = np.nan
    expected = agrees - residual / own
    freedom = len(agrees) - len(columns) - 1
    scatter = (residual @ residual - residual**2 / own) / freedom
    chance = special.expit(expected)
    error = np.sqrt(np.maximum(scatter, 1 / (candidates * chance * (1 - chance))) / own)
    return _Predicted(expected, error, (agrees - expected) / error, freedom)


def _log_odds(counts: Integer[np.ndarray, "models"], of: int) -> Float[np.ndarray, "models"]:
    odds: Float[np.ndarray, "models"] = np.log((counts + 0.5) / (of - counts + 0.5))
    return odds


def proposed_by_others(
    answers: Integer[np.ndarray, "models corrections"],
    given: Integer[np.ndarray, "corrections"],
    corrected: Integer[np.ndarray, "corrections"],
    kin: Bool[np.ndarray, "models"],
) -> Bool[np.ndarray, "models corrections"]:
    """Return for each model the corrections that other models would have suggested, too.

    Others are those that are neither the model itself nor among the kin of the flagger: nobody is
    judged by what they suggested themselves. They suggest the commonest of their best answers that
    is not the given label; of several equally common ones, each.

    Parameters
    ----------
    answers : each model's best answer, ``(models, corrections)``
    given, corrected : the labels before and after; they differ
    kin : which models are kin of the flagger, ``(models,)``

    Examples
    --------
    >>> answers = np.array([[1, 1], [1, 2], [2, 2], [0, 1]])
    >>> given, corrected = np.array([0, 0]), np.array([1, 1])
    >>> proposed_by_others(answers, given, corrected, np.array([True, False, False, False]))
    array([[ True, False],
           [False,  True],
           [ True,  True],
           [ True, False]])
    """
    others = ~kin
    votes = np.zeros(answers.shape, dtype=np.int64)  # how many others answer as each model does
    for answer in answers[others]:
        votes += answers == answer
    speaks = others[:, np.newaxis] & (answers != given)
    right = answers == corrected
    for_it = np.count_nonzero(right & others[:, np.newaxis], axis=0)
    proposed = np.empty(answers.shape, dtype=bool)
    for model, own in enumerate(answers):
        without = votes - (answers == own) * int(others[model])
        rivals = np.where(speaks & ~right, without, 0).max(axis=0, initial=0)
        mine = for_it - (right[model] & others[model])
        proposed[model] = (mine > 0) & (mine >= rivals)
    return proposed


def right_by_votes(
    answers: Integer[np.ndarray, "candidates"],
    given: Integer[np.ndarray, "candidates"],
    suggested: Integer[np.ndarray, "candidates"],
    votes: Real[np.ndarray, "candidates answers"],
    threshold: float | Real[np.ndarray, "candidates"],
) -> Bool[np.ndarray, "candidates"]:
    """Return on which candidates a model is right by the votes alone.

    Its best answer is right if it is the given label and ``threshold`` votes are for that, or the
    suggested one and as many are; a vote for both counts for each. Unlike the accuracy on C, the
    candidates whose suggestion won, this leaves no candidate out because of how it ended.

    Parameters
    ----------
    answers : the model's best answer to each candidate, ``(candidates,)``
    given, suggested : their labels
    votes : how many reviewers gave each answer, ``(candidates, 4)``, columns as
        `errata.core.consensus.ANSWERS`; further columns are not looked at. Or how probable each
        answer is by a model of the crowd
    threshold : votes needed, or the least probability; one for all candidates, or one for each

    Examples
    --------
    >>> votes = np.array([[3, 2, 0, 0], [0, 1, 2, 2], [1, 2, 2, 0]])
    >>> labels = {"given": np.array([0, 0, 0]), "suggested": np.array([1, 1, 1])}
    >>> right_by_votes(np.array([0, 1, 1]), **labels, votes=votes, threshold=3)
    array([ True,  True,  True])
    """
    for_given, for_suggested, for_both = votes[:, 0], votes[:, 1], votes[:, 2]
    right: Bool[np.ndarray, "candidates"] = (
        (answers == given) & (for_given + for_both >= threshold)
    ) | ((answers == suggested) & (for_suggested + for_both >= threshold))
    return right
