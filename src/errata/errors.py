"""The exceptions and the warning that errata raises; every exception is an `ErrataError`."""

import difflib
from collections.abc import Iterable


class ErrataError(Exception):
    """Base of all errors raised by errata; the message says what to do."""


class InputError(ErrataError, ValueError):
    """Something handed in does not fit: its value, its shape or its name."""


class LabelError(InputError):
    """Labels, class names or example ids that cannot be used."""


class ProbabilityError(InputError):
    """Probabilities that cannot be used."""


class PredictionError(InputError):
    """Predictions of models that cannot be used."""


class VoteError(InputError):
    """A vote that cannot be taken."""


class NameUnknownError(InputError):
    """A word that is not one of the known ones."""


class FileError(ErrataError):
    """A file that is missing, cut short, changed, or of the wrong kind."""


class AuditError(ErrataError):
    """The audit is not in the state the verb needs."""


class PausedError(AuditError):
    """A maintainer has paused the review, or this reviewer."""


class BusyError(AuditError):
    """The audit's database is held by others or cannot be reached; the same may work later."""


class HubError(ErrataError):
    """The hub of Hugging Face cannot be reached, or does not take or give a release."""


class MissingExtraError(ErrataError, ImportError):
    """An optional dependency is not installed."""


class ErrataWarning(UserWarning):
    """Input that is used as it is, but that the caller should know about."""


_LISTED = 20
"""So many known names are listed; of more the first few are enough to see what they look like."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> NameUnknownError:
    """Return the error for a word that is not one of the known ones, with the nearest.

    Examples
    --------
    >>> str(unknown_name("rule", "margn", ["margin", "class"]))
    "There is no rule 'margn'. Did you mean 'margin'? Known: margin, class."
    """
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    few = known if len(known) <= _LISTED else known[:5]
    listed = ", ".join(few) + (f" and {len(known) - 5:,} more" if len(known) > _LISTED else "")
    return NameUnknownError(f"There is no {kind} {str(name)!r}.{hint} Known: {listed}.")
