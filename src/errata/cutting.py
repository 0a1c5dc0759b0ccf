"""Rule ``reviewed`` of an audit: what its reviewed examples say about where to cut.

The arithmetic is that of `errata.core.cutoff`; what is here says what is asked for, and whether
there are reviews enough to learn it from.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from errata.arrays import as_choice
from errata.core.cutoff import AIMS, Aim, Cutoff, learn_cutoff
from errata.errors import AuditError, InputError
from errata.finding import Learn
from errata.rating import draws_of

FEWEST, FEWEST_OF_EACH = 50, 5
"""So many reviews it takes, and so many wrong and right labels among them."""


def suffices(by_chance: int, *, wrong: int, right: int) -> bool:
    """Tell whether a cut-off can be learnt from so many decided examples.

    Parameters
    ----------
    by_chance : how many of them chance has drawn
    wrong, right : how many of all have wrong labels, and right ones

    Examples
    --------
    >>> suffices(50, wrong=5, right=45), suffices(50, wrong=4, right=46)
    (True, False)
    """
    return by_chance >= FEWEST and min(wrong, right) >= FEWEST_OF_EACH


def as_aim(aim: str) -> Aim:
    """Return what a cut-off is to be chosen for, from words.

    Parameters
    ----------
    aim : ``"f1"``, or ``"precision=0.9"``, or ``"recall=0.8"``, with any number between 0 and 1

    Raises
    ------
    InputError, NameUnknownError
        It is something else.

    Examples
    --------
    >>> as_aim("recall=0.8")
    Aim(name='recall', least=0.8)
    """
    word, equals, number = aim.partition("=")
    name = as_choice("aim", word.strip(), AIMS)
    if name == "f1":
        if equals:
            raise InputError(
                f"The aim is {aim!r}, but 'f1' is the best there is: leave out {number!r}."
            )
        return Aim()
    try:
        least = float(number)
    except ValueError:
        least = -1.0
    if not 0 < least < 1:
        raise InputError(
            f"The aim is {aim!r}; after the {name} comes how much of it, between 0 and 1, such as "
            f"'{name}=0.9'."
        )
    return Aim(name=name, least=least)


def learnt_from(
    planned: Sequence[Mapping[str, Any]],
    wrong: Mapping[int, bool],
    open_: AbstractSet[int],
    *,
    n: int,
    aim: Aim,
    seed: int,
) -> Learn:
    """Return what learns a cut-off from what is reviewed.

    Parameters
    ----------
    planned : rows of `errata.store.records.planned_draws`
    wrong : of the examples that are decided, whether their label is wrong
    open_ : the examples that have votes and no verdict
    n : how many examples there are
    seed : of the audit

    Raises
    ------
    AuditError
        Chance drew none of them, or too few are decided.
    """
    if not any(row["stratum"] is not None for row in planned):
        raise AuditError(
            "Rule 'reviewed' learns from reviewed examples that chance has drawn, flagged and "
            "unflagged ones, and no plan of this audit has drawn any. Plan some, `errata plan "
            "AUDIT --goal rate --budget 300`, and have them reviewed."
        )
    errors, (draws, _) = sum(wrong.values()), draws_of(planned, wrong, open_)
    by_chance = sum(len(one.examples) for one in draws if one.probability is not None)
    enough = suffices(by_chance, wrong=errors, right=len(wrong) - errors)
    if not enough and len(wrong) < n:
        raise AuditError(
            f"Rule 'reviewed' learns from {FEWEST} or more decided examples that chance has drawn, "
            f"and of all that are decided {FEWEST_OF_EACH} or more must have wrong labels, and as "
            f"many right ones. Here {by_chance} of the drawn ones count, and in all {errors} "
            f"wrong and {len(wrong) - errors} right labels. Have more reviewed; to draw more, "
            "`errata plan AUDIT --goal rate --budget N`."
        )

    def learn(
        orders: Mapping[str, Int[np.ndarray, "n"]], guesses: Float[np.ndarray, "n guesses"]
    ) -> Cutoff:
        return learn_cutoff(
            orders, draws, guesses, aim, np.random.default_rng([seed, *b"reviewed"])
        )

    return learn
