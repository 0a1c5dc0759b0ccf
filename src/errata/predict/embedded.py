"""Embeddings with a logistic regression on them: what serves best where there is no GPU.

An embedding makes a row of numbers of every example; `Embedded` keeps them and learns from them.
How they are made is in `errata.predict.patches`, `errata.predict.mel` and
`errata.predict.backbones`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Shaped

from errata.datasets.base import Dataset, Kind
from errata.predict.base import Fold, Predicted
from errata.predict.checkpoints import Checkpoints
from errata.predict.folds import folds_of
from errata.predict.linear import learn

Rows = Callable[[Dataset, range], Shaped[np.ndarray, "rows ..."]]
"""Makes a row of numbers of each of some examples."""

Numbers = Callable[[Shaped[np.ndarray, "rows ..."]], Float32[np.ndarray, "rows width"]]
"""Makes what is learnt from of such rows."""

PIECE = 1_000
"""So many examples are embedded between two checkpoints."""

_LOADED, _EMBEDDED = 0.2, 0.8
"""The share of a fold that is done when the rows are there, and when the numbers are, about."""


@runtime_checkable
class Embedding(Protocol):
    """Makes a row of numbers of every example, whatever the others and their labels are."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it can be made of."""
        ...

    def notes(self) -> tuple[str, ...]:
        """Return what there is to say about it, if anything."""
        ...

    def settings(self) -> dict[str, object]:
        """Return all that decides the numbers, in plain values for JSON."""
        ...

    def rows(self, data: Dataset) -> Rows:
        """Return what makes the rows for a data set, and those of what is learnt from first."""
        ...


@runtime_checkable
class LearntEmbedding(Embedding, Protocol):
    """One that learns something itself, without labels, from the training part of each fold."""

    def learn(self, rows: Shaped[np.ndarray, "n ..."], seed: int) -> Numbers:
        """Return what makes numbers of rows, learnt from those of the training part."""
        ...


@dataclass(frozen=True)
class Embedded:
    """An embedding, and a logistic regression of its numbers, standardized.

    The rows are made once and are the same in every fold. They stay in memory, and are kept with
    the checkpoints, a thousand examples at a time, so that a run that goes on makes the missing
    ones alone. What an embedding learns itself it learns in each fold from the training part:
    nothing of an example is in the model that predicts it.

    Examples
    --------
    >>> from errata.predict.mel import Mel
    >>> Embedded(Mel()).name
    'mel'
    """

    embedding: Embedding

    @property
    def name(self) -> str:
        """That of the embedding."""
        return self.embedding.name

    def settings(self) -> dict[str, object]:
        """Return those of the embedding; the regression has none."""
        return self.embedding.settings()

    def predict(self, fold: Fold) -> Predicted:
        """Learn from the training part, and what to learn from first, together."""
        if isinstance(self.embedding, LearntEmbedding):
            train, held_out = self._rows(fold, _LOADED)
            numbers = self.embedding.learn(train, fold.seed)
            train, held_out = _turned(numbers, [train, held_out], fold)
        else:
            train, held_out = self._rows(fold, _EMBEDDED)
        labels = _labels(fold)
        judges = _judges(fold, len(labels))
        found = learn(train, labels, len(fold.data.classes), judges=judges)
        right = float(np.mean(found.probs(train).argmax(axis=1) == labels))
        return Predicted(found.probs(held_out), right, self.embedding.notes())

    def _rows(self, fold: Fold, share: float) -> tuple[Any, Any]:
        """Return the rows of all that is learnt from, and of what is held out.

        When they are all there, a share of the fold is done.
        """
        maker = _Lazily(self.embedding, fold.data)
        n, more = len(fold.data), len(fold.pretrain or ())

        def report(done: int) -> None:
            fold.report(share * done / (n + more), None)

        def kept(data: Dataset, name: str, before: int) -> Any:
            def make() -> Shaped[np.ndarray, "n ..."]:
                return _kept(name, maker, data, fold.checkpoints, lambda k: report(before + k))

            return fold.once(name, make)

        rows = kept(fold.data, "embedded", 0)
        train = rows[fold.train]
        if fold.pretrain is not None:
            train = np.concatenate([kept(fold.pretrain, "embedded first", n), train])
        return train, rows[fold.held_out]


class _Lazily:
    """What makes rows, made itself when it is first called: a network takes time to load."""

    def __init__(self, embedding: Embedding, data: Dataset) -> None:
        self._embedding, self._data = embedding, data
        self._rows: Rows | None = None

    def __call__(self, data: Dataset, some: range) -> Shaped[np.ndarray, "rows ..."]:
        if self._rows is None:
            self._rows = self._embedding.rows(self._data)
        return self._rows(data, some)


def _kept(
    name: str, rows: Rows, data: Dataset, checkpoints: Checkpoints, report: Callable[[int], None]
) -> Shaped[np.ndarray, "n ..."]:
    """Return a row for each example, from the checkpoints where they are there."""
    pieces = []
    for start in range(0, len(data), PIECE):
        some = range(start, min(start + PIECE, len(data)))
        held = checkpoints.load(f"{name} {start}")
        if held is None:
            held = {"rows": rows(data, some)}
            if checkpoints.folder is not None:  # in memory they are once as it is
                checkpoints.save(f"{name} {start}", held)
        pieces.append(held["rows"])
        report(some.stop)
    return np.concatenate(pieces)


def _turned(
    numbers: Numbers,
    parts: list[Shaped[np.ndarray, "_rows ..."]],
    fold: Fold,
) -> Iterator[Float32[np.ndarray, "_rows width"]]:
    """Yield the numbers of the rows of each part, telling how far it is."""
    n, done = sum(map(len, parts)), 0
    for part in parts:
        turned = []
        for start in range(0, len(part), PIECE):
            turned.append(numbers(part[start : start + PIECE]))
            done += len(turned[-1])
            fold.report(_LOADED + (_EMBEDDED - _LOADED) * done / n, None)
        yield np.concatenate(turned)


def _labels(fold: Fold) -> Any:
    """Return the labels of what is learnt from: first what comes first, then the training part."""
    own = fold.data.labels[fold.train]
    return own if fold.pretrain is None else np.concatenate([fold.pretrain.labels, own])


def _judges(fold: Fold, n: int) -> Bool[np.ndarray, "n"]:
    """Return which rows choose the regularisation: a fifth of the training part, by groups."""
    judges = np.zeros(n, np.bool_)
    groups = None if fold.groups is None else fold.groups[fold.train]
    units = len(fold.train) if groups is None else len(np.unique(groups))
    if units < 2:
        return judges
    labels = fold.data.labels[fold.train]
    dealt = folds_of(labels, min(5, units), seed=fold.seed, groups=groups)
    judges[n - len(fold.train) :] = dealt == 0
    return judges
