"""Kinship: how near a compared model is to the one that suggested the corrections.

A set of corrections that one model proposed favours the models that answer like it. What is here
measures that; what to conclude from it is for whoever compares.
"""

import numpy as np
from jaxtyping import Bool, Integer


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


def right_by_votes(
    answers: Integer[np.ndarray, "candidates"],
    given: Integer[np.ndarray, "candidates"],
    suggested: Integer[np.ndarray, "candidates"],
    votes: Integer[np.ndarray, "candidates answers"],
    threshold: int,
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
        `errata.core.consensus.ANSWERS`; further columns are not looked at
    threshold : votes needed

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
