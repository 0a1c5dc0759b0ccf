"""The predicting side of an audit: its own examples, each by a model that has not seen it.

`errata.audit.Audit` is made of this and of the verbs; between calls nothing is kept in memory that
the audit's folder does not have. How models learn is for `errata.predict`.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

import numpy as np
from jaxtyping import Int
from sqlalchemy import Connection

from errata.arrays import as_count
from errata.core.ranking import shortlists
from errata.datasets.base import Dataset
from errata.doubting import blocks, mean_rows
from errata.errors import AuditError, InputError, unknown_name
from errata.overseeing import Overseeing
from errata.results import Probabilities, RunOfFind
from errata.reviewing import FROM_ELSEWHERE
from errata.store import records

if TYPE_CHECKING:
    from errata.predict.base import Step
    from errata.predict.comparing import ModelsCompared
    from errata.predict.crossval import OutOfSample
    from errata.predict.quality import Quality
    from errata.predict.together import Handling

CHECKPOINTS = "checkpoints"
"""The part of an audit's folder in which unfinished runs of `predict` are kept."""


class Set(NamedTuple):
    """A set of probabilities: what `find` calls it, and the row of its array."""

    name: str
    array: dict[str, Any]


class Chosen(NamedTuple):
    """The sets that a run of `find` looks at: one, or the mean of several."""

    sets: tuple[Set, ...]

    @property
    def called(self) -> str:
        """What stands for them in the record."""
        *others, last = [one.name for one in self.sets]
        return f"the mean of {', '.join(others)} and {last}" if others else last

    @property
    def numbers(self) -> dict[str, Any]:
        """What the row of a run says of them."""
        first, *others = [one.array["id"] for one in self.sets]
        return {"probs": None, "averaged": [first, *others]} if others else {"probs": first}


class Predicting(Overseeing):
    """What models predict of the examples; `errata.audit.Audit` says what the fields are."""

    name: str

    def predict(
        self,
        model: object = None,
        *,
        folds: SupportsIndex = 5,
        duplicates: "Handling" = "together",
        pretrain: Dataset | None = None,
        seed: SupportsIndex = 0,
        temperature: bool = False,
        progress: "Callable[[Step], None] | None" = None,
    ) -> Probabilities:
        """Predict every example by a model that has not seen it; keep what it says for `find`.

        Several models stand beside each other. A run that was killed goes on where it was; one
        that is done, of the same model, data and versions, is not done again.

        Parameters
        ----------
        model : a name, a classifier of scikit-learn, or a `errata.predict.base.Model`; without it,
            the default for this kind of example
        folds, duplicates, pretrain, seed, temperature, progress : see `errata.cross_val_probs`

        Raises
        ------
        AuditError
            The audit holds no examples to learn from.
        InputError, FileError
            As `errata.cross_val_probs`.
        """
        from errata.predict.checkpoints import remove_checkpoints
        from errata.predict.crossval import as_model, as_seed, cross_val_probs, record_of
        from errata.predict.named import default_model
        from errata.predict.together import as_handling

        data = self.dataset()
        chosen = as_model(default_model(data) if model is None else model)
        n_folds, seed = as_count("folds", folds) or 0, as_seed(seed)
        asked = {"temperature": temperature, "duplicates": as_handling(duplicates)}
        asked |= json.loads(json.dumps(record_of(chosen, data, pretrain, n_folds, seed)))
        number = self._predicted_before(asked)
        if number is None:
            kept = self.path / CHECKPOINTS / _called(chosen.name, asked)
            found = cross_val_probs(
                chosen,
                data,
                folds=n_folds,
                duplicates=duplicates,
                pretrain=pretrain,
                seed=seed,
                temperature=temperature,
                resume=kept,
                progress=progress,
            )
            number = self._keep(found, asked)
            remove_checkpoints(kept)
            with contextlib.suppress(OSError):  # another run has checkpoints there
                kept.parent.rmdir()
        return next(one for one in self.probabilities() if one.run == number)

    def dataset(self) -> Dataset:
        """Return the audit's examples with their given labels, as models take them.

        Raises
        ------
        AuditError
            The audit was made without pictures, texts, sounds or features.
        """
        media = self._media
        if media is None:
            raise AuditError(
                f"{self.path} was made without examples, so there is nothing to learn from. Create "
                "an audit with them (`--images`, `--texts`, `--features`, or `errata audit`), or "
                "predict the data set itself (`errata predict DATASET`)."
            )
        labels = self.labels if self.multilabel else self.labels.astype(np.int64)
        return Dataset(self.name, "all", self.ids, labels, self.classes, media, groups=self._groups)

    @cached_property
    def _groups(self) -> Int[np.ndarray, "n"] | None:
        with self._db.read() as db:
            row = records.array(db, "groups")
        return None if row is None else np.asarray(self._arrays.load(row))

    def _predicted_before(self, asked: dict[str, Any]) -> int | None:
        """Return the number of the run that was asked for just this, if there is one."""
        with self._db.read() as db:
            done = records.predicted(db)
        same = (row["id"] for row in done if {k: row["record"].get(k) for k in asked} == asked)
        return next(same, None)

    def _keep(self, found: "OutOfSample", asked: dict[str, Any]) -> int:
        """Write what was predicted into the audit; return the number of the run."""
        probs = self._arrays.keep("predicted_probabilities", found.probs)
        folds = self._arrays.keep("folds", found.folds)
        with self._db.write() as db:
            number = records.add_predicted(
                db,
                {
                    "model": asked["model"],
                    "probs": records.add_array(db, **probs),
                    "folds": records.add_array(db, **folds),
                    "accuracy": found.quality.accuracy,
                    "log_loss": found.quality.log_loss,
                    "calibration_error": found.quality.calibration_error,
                    "train_accuracy": found.train_accuracy,
                    "record": asked | {"temperatures": found.record["temperatures"]},
                    "warnings": list(found.warnings),
                    "errata": version("errata"),
                },
            )
            records.log(db, "predict", run=number, model=asked["model"])
        return number

    def probabilities(self) -> tuple[Probabilities, ...]:
        """Return every set of probabilities there is: those handed in, then those predicted."""
        with self._db.read() as db:
            sets, rows = _sets(db), records.predicted(db)
            best = _best(sets, rows)
        by_array = {row["probs"]: row for row in rows}
        return tuple(_described(one, by_array.get(one.array["id"]), best) for one in sets.values())

    def models_compared(self) -> "ModelsCompared":
        """Return how good the models of `predict` are, each by the name of its probabilities.

        Raises
        ------
        AuditError
            `predict` has not run.
        """
        from errata.predict.comparing import Measured, ModelsCompared
        from errata.predict.quality import reliability

        with self._db.read() as db:
            rows = records.predicted(db)
            arrays = [records.array_number(db, row["probs"]) for row in rows]
        if not rows:
            raise AuditError(f"No model has predicted the examples of {self.path}. Run `predict`.")
        labels = self.labels.astype(np.int64)
        return ModelsCompared(
            {
                row["name"]: Measured(
                    _quality(row),
                    row["train_accuracy"],
                    reliability(np.asarray(self._arrays.load(array)), labels),
                )
                for row, array in zip(rows, arrays, strict=True)
            }
        )

    def newest_run(self, probs: str) -> RunOfFind | None:
        """Return the newest run of `find` on one set of probabilities; None if it has not run.

        Raises
        ------
        NameUnknownError
            There is no such set.
        """
        with self._db.read() as db:
            (one,) = self._chosen(db, probs).sets
            row = records.newest_run(db, one.array["id"])
        if row is None:
            return None
        return RunOfFind(
            number=row["id"],
            estimated_errors=row["estimated_errors"],
            flagged=row["flagged"],
            planned=bool(row["planned"]),
        )

    def _chosen(self, db: Connection, probs: str | Iterable[str] | None) -> Chosen:
        """Return the sets of these names; without names, the one that is taken by itself."""
        sets = _sets(db)
        if not sets:
            way_on = self._or_predict or ", or create an audit with probabilities"
            raise AuditError(
                f"{self.path} was made without probabilities, so `find` has nothing to look at. "
                f"{FROM_ELSEWHERE}, let the answers of models vote (`find --predictions`){way_on}."
            )
        if probs is None:
            return Chosen((sets[_best(sets, records.predicted(db))],))
        names = list(dict.fromkeys([probs] if isinstance(probs, str) else probs))
        if not names:
            raise InputError(
                f"probs names no set of probabilities. There are {', '.join(sets)}; leave it out "
                "for the best."
            )
        for name in names:
            if name not in sets:
                raise unknown_name("set of probabilities in this audit", name, sets)
        return Chosen(tuple(sets[name] for name in names))

    def _shortlists(
        self, db: Connection, found: Sequence[Mapping[str, Any]], count: int
    ) -> list[list[int]]:
        """Return the classes to choose from of candidates, each ``example given suggested``.

        The given and the suggested one, and the most probable others by the newest run of `find`,
        or else by the best probabilities; without any, these two.
        """
        both = np.array([[one["given"], one["suggested"]] for one in found], np.int64)
        lists: list[list[int]] = []
        if not records.has_probabilities(db):
            lists += np.sort(both, axis=1).tolist()
            return lists
        run = records.newest_computed(db)
        if run is None:
            rows = [one.array for one in self._chosen(db, None).sets]
        else:
            rows = records.looked_at(db, run)
        tables = [self._arrays.load(row) for row in rows]
        examples = np.array([one["example"] for one in found])
        for some in blocks(len(found), len(self.classes)):
            probs = mean_rows(tables, examples[some]).table
            lists += shortlists(probs, both[some], count).tolist()
        return lists

    def _source(self, chosen: Chosen) -> object:
        """Return what `find` reads: the file of one set, or the mean of several."""
        from errata.sources.opening import open_average

        paths = [self._arrays.path(one.array) for one in chosen.sets]
        return paths[0] if len(paths) == 1 else open_average(paths)


def _called(model: str, asked: dict[str, Any]) -> str:
    """Return the name of a folder for the checkpoints of one job."""
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', model)}-{digest[:12]}"


def _sets(db: Connection) -> dict[str, Set]:
    """Return the sets of probabilities by name: those handed in are called as their file."""
    predicted = {
        row["name"]: Set(row["name"], records.array_number(db, row["probs"]))
        for row in records.predicted(db)
    }
    handed_in = records.array(db, "probs")
    if handed_in is None:
        return predicted
    name = Path(handed_in["path"]).name
    return {name: Set(name, handed_in)} | predicted


def _best(sets: dict[str, Set], predicted: Sequence[dict[str, Any]]) -> str:
    """Return which set `find` takes where it is not told.

    Of those that were handed in nobody knows here whether they are out-of-sample. If they are not,
    they look best and are worst.
    """
    from errata.predict.quality import best_of

    if not predicted:
        return next(iter(sets), "")
    return str(predicted[best_of([_quality(row) for row in predicted])]["name"])


def _quality(row: dict[str, Any]) -> "Quality":
    from errata.predict.quality import Quality

    return Quality(row["accuracy"], row["log_loss"], row["calibration_error"])


def _described(one: Set, row: dict[str, Any] | None, best: str) -> Probabilities:
    plain: dict[str, Any] = {"name": one.name, "sha256": one.array["sha256"]}
    if row is not None:
        told = ("accuracy", "log_loss", "calibration_error", "train_accuracy", "model", "record")
        plain |= {name: row[name] for name in told}
        plain |= {name: row["record"]["job"][name] for name in ("folds", "seed")}
        plain |= {"run": row["id"], "warnings": tuple(row["warnings"])}
    return Probabilities(**plain, best=one.name == best)
