"""The verbs: an audit is a folder that remembers everything about one test set's labels.

The folder holds ``audit.db`` (what people decided and why), ``arrays/``, ``media/`` and
``predictions/``; or, in place of the first, ``database.json``, which says on what server that is.
``thumbnails/``, which `site` makes, may be removed at any time.
Each verb of `Audit` is one call to the layer that does the work, and one
transaction; between calls nothing is kept in memory that the folder does not have, so a process
may be killed at any point and another may go on.
"""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar

import numpy as np
from jaxtyping import Float, Int, Integer, Shaped
from sqlalchemy import Connection

from errata import telling
from errata.array_files import PathLike, is_json, load_array, read_json_list
from errata.arrays import (
    as_class_names,
    as_count,
    as_ids,
    as_label_sets,
    as_labels,
    as_probs,
    check_unicode,
)
from errata.asking import restand
from errata.browsing import MOST_ROWS, Browsing, build_site
from errata.certain import ReviewDesign
from errata.comparison import Comparison, compare
from errata.core.accuracy import Sets, corrected_labels, corrected_sets, label_sets
from errata.core.cutoff import Aim
from errata.core.ranking import Score
from errata.core.selection import REVIEWED, Rule
from errata.crowd import Consensus, as_consensus
from errata.cutting import as_aim, learnt_from
from errata.datasets.base import Dataset
from errata.datasets.media import Media
from errata.engine.base import Engine
from errata.errors import (
    AuditError,
    ErrataError,
    ErrataWarning,
    InputError,
    LabelError,
    NameUnknownError,
    VoteError,
    unknown_name,
)
from errata.exchange.candidates import as_rows as candidate_rows
from errata.exchange.candidates import check_candidate
from errata.exchange.votes import KINDS, as_rows, check_vote, one_form
from errata.finding import Findings, Learn, find
from errata.folder import Arrays, put
from errata.inviting import doer
from errata.kin import Checked
from errata.labels import Label, named
from errata.multilabel import MultilabelFindings, find_multilabel
from errata.rating import open_by, wrong_by
from errata.reported import as_markdown
from errata.results import (
    CandidatesAdded,
    Release,
    SetVerdicts,
    Story,
    Verdicts,
    VoteRecord,
    VotesAdded,
)
from errata.searching import Compat
from errata.store import records, voting
from errata.store.database import Database
from errata.store.files import new_folder, sha256
from errata.store.place import DATABASE, Schema, is_audit, place_of, write_place
from errata.store.postgres import new_schema

if TYPE_CHECKING:
    from errata.review.background import RunningReview

T = TypeVar("T")

MOMENTS = 12
"""At so many moments a report says what was known of the error rate."""


class Audit(Browsing):
    """One test set under audit: from its labels to a corrected release.

    Make one with `Audit.create`, come back to it with `Audit.open`.

    Examples
    --------
    >>> import tempfile
    >>> labels = [0, 0, 0, 1, 1, 1]
    >>> p = np.array([0.9, 0.8, 0.1, 0.2, 0.3, 0.1])
    >>> folder = Path(tempfile.mkdtemp()) / "pets.audit"
    >>> audit = Audit.create(
    ...     folder, labels=labels, probs=np.stack([p, 1 - p], axis=1), classes=["cat", "dog"]
    ... )
    >>> len(audit.find())
    1
    >>> audit.plan(votes=1, threshold=1)
    Plan 1: candidates added: 1, in all: 1; votes wanted for each: 1, to decide: 1
    >>> audit.vote("ann", 2, "suggested", first="given", key="1")
    True
    >>> audit.verdicts().counts["correctable"]
    1
    """

    def __init__(self, path: Path, db: Database, row: Mapping[str, Any]) -> None:
        self.path = path
        """The audit's folder."""
        self.name: str = row["name"]
        self.n: int = row["n"]
        """How many examples there are."""
        self.classes: tuple[str, ...] = tuple(row["classes"])
        """The class names."""
        self.multilabel: bool = row["multilabel"]
        """Whether an example may have several labels, or none."""
        self._db = db
        self._arrays = Arrays(path)
        self._seed: int = row["seed"]
        self._media_row: dict[str, Any] | None = row["media"]
        self._review: RunningReview | None = None

    def __repr__(self) -> str:
        return f"Audit({self.name!r}, {self.n:,} examples, {len(self.classes)} classes)"

    # ------------------------------------------------------------ make and open

    @classmethod
    def create(
        cls,
        path: PathLike,
        *,
        labels: object,
        probs: object = None,
        classes: Sequence[object] | None = None,
        media: Media | None = None,
        ids: object = None,
        groups: object = None,
        name: str | None = None,
        multilabel: bool = False,
        database: str | None = None,
    ) -> "Audit":
        """Make an audit; the folder ``path`` must be new, or empty.

        Arrays that are in memory are copied into the audit. An array file is referred to by its
        path and SHA-256, and must stay as it is.

        Parameters
        ----------
        labels : given labels, integers ``(n,)``, or strings with ``classes``; or an array file.
            A list of labels for each example, or a matrix ``(n, m)`` of 0 and 1, makes an audit
            where an example may have several labels. Lists may be in a ``.json`` file
        probs : out-of-sample probabilities ``(n, m)``; or an array file. Without them there is
            nothing for `find` to look at until `predict` makes some, or candidates come from
            elsewhere, see `add_candidates`
        classes : class names in the order of the columns; needed without probabilities
        media : what reviewers are shown: `Images`, `Texts`, `Sounds` or `Features`
        ids : ``n`` different ids of the examples; without them, their row numbers
        groups : a number or a name for each example, those with equal ones belonging together:
            `predict` learns from all of a group, or asks about all of it
        name : what the audit is called; without it, as its folder
        multilabel : examples may have several labels, or none, even where all of these have one
        database : ``"postgresql://HOST:PORT/DBNAME"``, for an audit that several servers work on;
            it becomes a schema of its own there. Without it, the database is a file in the folder

        Raises
        ------
        AuditError
            There is something at ``path`` already, or the database cannot be made.
        LabelError, ProbabilityError, FileError, InputError
            The input cannot be used; the message says why, where and what to do.
        MissingExtraError
            ``database`` needs psycopg, which is not installed.
        """
        path = Path(path)
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise AuditError(_taken(path))
        if classes is not None and not isinstance(classes, Iterable):
            raise LabelError(f"Class names come as a list, one for each column, not {classes!r}.")
        several = multilabel or _are_sets(labels)
        given, table, names = _arrays(labels, probs, classes, several)
        if several and not multilabel and (given.sum(axis=1) == 1).all():
            raise LabelError(
                "These labels are lists, or a matrix, and every example has exactly one. If none "
                "can have more, give one label for each example (labels.argmax(axis=1) of a "
                "matrix); if examples may have several, say multilabel=True (--multilabel)."
            )
        n = len(given)
        if name is not None and not isinstance(name, str):
            raise InputError(
                f"The name of the audit is {name!r}, of type {type(name).__name__}; a text was "
                "expected. Without one it is called as its folder."
            )
        name = name or path.stem
        check_unicode(name, "The name of the audit is")
        own_ids = None if ids is None else as_ids(ids, n)
        own_groups = None if groups is None else _as_groups(groups, n)
        if media is not None and len(media) != n:
            raise InputError(
                f"The media hold {len(media):,} examples, but there are {n:,} labels. One for "
                "each, in the order of the labels, was expected."
            )
        with contextlib.ExitStack() as stack:
            schema = None if database is None else stack.enter_context(new_schema(database))
            folder = stack.enter_context(new_folder(path))
            for part in ("arrays", "media", "predictions"):
                (folder / part).mkdir()
            source = None if is_json(labels) else labels
            arrays = [put("labels", source, given, folder)]
            if table is not None:
                arrays.append(put("probs", probs, table, folder))
            if own_ids is not None:
                arrays.append(put("ids", None, own_ids, folder))
            if own_groups is not None:
                arrays.append(put("groups", None, own_groups, folder))
            described = None if media is None else media.save(folder / "media")
            _begin(
                folder,
                schema,
                arrays,
                {
                    "name": name,
                    "n": n,
                    "classes": list(names),
                    "multilabel": several,
                    "seed": int(arrays[0]["sha256"][:8], 16),
                    "media": described,
                    "errata": version("errata"),
                },
            )
        return cls.open(path)

    @classmethod
    def of_dataset(
        cls,
        path: PathLike,
        data: Dataset,
        *,
        probs: object = None,
        name: str | None = None,
        database: str | None = None,
    ) -> "Audit":
        """Make an audit of a data set: of its labels, its ids, and what its examples show.

        Parameters
        ----------
        data : see `errata.open_dataset`
        probs, name, database : as in `create`; without a name, that of the data set

        Raises
        ------
        AuditError, ErrataError
            As `create`.
        """
        return cls.create(
            path,
            labels=data.labels,
            probs=probs,
            classes=data.classes,
            media=data.media,
            ids=tuple(data.ids),
            groups=data.groups,
            name=name or data.name,
            multilabel=data.multilabel,
            database=database,
        )

    @classmethod
    def open(cls, path: PathLike) -> "Audit":
        """Open the audit in the folder ``path``.

        Raises
        ------
        AuditError
            There is none, a newer errata wrote it, or its database cannot be reached.
        """
        path = Path(path)
        if not is_audit(path):
            raise AuditError(_no_audit(path))
        db = Database(place_of(path))
        with db.read() as connection:
            row = records.audit(connection)
        if row is None:
            raise AuditError(
                f"{path} is an audit that was never finished. Remove it, and create it again."
            )
        return cls(path, db, row)

    def close(self) -> None:
        """Close the database, so that the folder may be moved; a review that runs is stopped."""
        if self._review is not None:
            self._review.stop()
        self._db.close()

    @cached_property
    def labels(self) -> Shaped[np.ndarray, "n *classes"]:
        """The given labels, integers ``(n,)``; booleans ``(n, m)`` where there may be several."""
        with self._db.read() as db:
            row = records.array(db, "labels")
        assert row is not None, "an audit has labels"
        turn = as_label_sets if self.multilabel else as_labels
        return turn(self._arrays.load(row), n_classes=len(self.classes), n=self.n)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of the examples, in their order."""
        own = self._own_ids
        return tuple(map(str, range(self.n))) if own is None else tuple(own.tolist())

    def _id_of(self, example: int) -> str:
        own = self._own_ids
        return str(example) if own is None else str(own[example])

    @cached_property
    def _own_ids(self) -> Shaped[np.ndarray, "n"] | None:
        with self._db.read() as db:
            known = records.array(db, "ids")
        return None if known is None else self._arrays.load(known)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {id_: index for index, id_ in enumerate(self.ids)}

    def index_of(self, example_id: str) -> int:
        """Return the row number of an example's id.

        Raises
        ------
        NameUnknownError
            There is no such id.
        """
        if example_id in self._places:
            return self._places[example_id]
        if self.n <= 50_000:  # comparing with more takes longer than people wait
            raise unknown_name("example", example_id, self.ids)
        raise self._unknown(example_id)

    def _unknown(self, example_id: str) -> NameUnknownError:
        return NameUnknownError(
            f"There is no example {example_id!r}; ids run from {self.ids[0]!r} to {self.ids[-1]!r}."
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """What must be said with every result, of its votes and of what a maintainer decided."""
        with self._db.read() as db:
            return telling.notices(db)

    @property
    def vote_notices(self) -> tuple[str, ...]:
        """Which votes are simulated, and which imported: what reviewers are told, too."""
        with self._db.read() as db:
            return telling.vote_notices(db)

    # ------------------------------------------------------------ find and plan

    def find(
        self,
        *,
        rule: Rule = "margin",
        score: Score = "normalized_margin",
        compat: Compat | None = None,
        normalize: bool = False,
        count: SupportsIndex | None = None,
        aim: str | None = None,
        probs: str | Iterable[str] | None = None,
        predictions: Mapping[str, object] | PathLike | None = None,
        flagger: str | None = None,
        engine: Engine | None = None,
        resume: PathLike | None = None,
        scores_out: PathLike | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Findings | MultilabelFindings:
        """Find the labels that are probably wrong; see `errata.find` for the choices.

        Where examples may have several labels, see `errata.find_multilabel`.

        A second run stands beside the first: what was planned keeps its suggested label.

        Parameters
        ----------
        rule : also ``"reviewed"``: the first examples in the order of one of the other rules, how
            many of which is learnt from the reviewed examples; see `Findings.cutoff`. It takes a
            plan for the goal ``"rate"``, and 50 decided examples. What was reviewed is flagged as
            the rule has it, whatever its verdict is
        aim : of rule ``"reviewed"``, what the cut is chosen for. ``"f1"``, or without it: the best
            F1; ``"precision=0.9"``: the most errors found at such a precision or better;
            ``"recall=0.8"``: the fewest flags at such a recall or better
        probs : the name of a set of probabilities, see `probabilities`, or several names for their
            mean; without it, the best of those that `predict` made, or else those handed in
        predictions : in place of probabilities, what three models or more answer, which are kept
            in the audit; see `errata.read_predictions`
        flagger : what the probabilities come from, for the record; without it, their names, or how
            many models vote

        Raises
        ------
        AuditError
            There are too few reviewed examples for rule ``"reviewed"``.
        InputError, NameUnknownError
            As `errata.find` says; or no cut reaches what is aimed at, or an aim is given to another
            rule.
        """
        if aim is not None and rule != REVIEWED:
            raise InputError(
                f"The aim {aim!r} is what rule 'reviewed' chooses its cut for, but the rule is "
                f"{rule!r}, which has a cut of its own. Leave the aim out, or take rule 'reviewed'."
            )
        if predictions is not None:
            others: dict[str, Any] = {"rule": rule, "score": score, "scores_out": scores_out}
            others |= {"probs": probs, "compat": compat, "normalize": normalize}
            others |= {"engine": engine, "resume": resume}
            return self._find_voted(predictions, flagger, count, others)
        by = self._learner(as_aim(aim or "f1")) if rule == REVIEWED else rule
        with self._db.read() as db:
            chosen = self._chosen(db, probs)
        options: dict[str, Any] = {
            "rule": by,
            "score": score,
            "compat": compat,
            "progress": progress,
        }
        source = self._source(chosen)
        options |= {"classes": self.classes, "ids": self._own_ids}
        found: Findings | MultilabelFindings
        if self.multilabel:
            if normalize or count is not None:
                raise InputError(
                    "Where examples may have several labels, normalize and count have no meaning: "
                    "each label has a probability of its own. Leave them out."
                )
            if engine is not None or resume is not None or scores_out is not None:
                raise InputError(
                    "engine, resume and scores_out are for sets with one label an example; this "
                    "audit has several. Leave them out."
                )
        else:
            options |= {"normalize": normalize, "count": count, "engine": engine}
            options |= {"resume": resume, "scores_out": scores_out}
        with ExitStack() as until_kept:
            if self.multilabel:
                found = find_multilabel(self.labels, source, **options)
            else:
                found = find(self.labels, source, **options, until=until_kept)
            settings: dict[str, Any] = {"normalize": normalize, "count": as_count("count", count)}
            if isinstance(found, Findings) and found.cutoff is not None:
                settings["cutoff"] = found.cutoff.to_dict()
            self._keep_found(found, chosen.numbers, flagger or chosen.called, settings)
        return found

    def _learner(self, aim: Aim) -> Learn:
        """Return what chooses a cut for rule ``reviewed``, by the votes there are."""
        if self.multilabel:
            raise InputError(
                f"Rule 'reviewed' is for examples with one label each, and those of {self.path} "
                "may have several. Take another rule."
            )
        with self._db.read() as db:
            planned = records.planned_draws(db)
            wrong: dict[int, bool] = {}
            open_: frozenset[int] = frozenset()
            if planned:
                verdicts = self._verdicts(db, Consensus(name="threshold"))
                wrong, open_ = wrong_by(verdicts), open_by(verdicts)
        return learnt_from(planned, wrong, open_, n=self.n, aim=aim, seed=self._seed)

    def _find_voted(
        self,
        predictions: Mapping[str, object] | PathLike,
        flagger: str | None,
        count: SupportsIndex | None,
        options: Mapping[str, Any],
    ) -> Findings:
        """Find the labels that models as voters hold wrong.

        Parameters
        ----------
        options : what is handed to `errata.find` with them, which refuses what does not fit
        """
        if self.multilabel:
            raise InputError(
                f"{self.path} holds sets of labels, and a model that votes answers one label for "
                "each example. Give probabilities of each label, and leave predictions out."
            )
        answers = self._read_predictions(predictions)
        # the first alone: two whole numbers an example could be the marks of two classes
        best = {model: top[:, 0] for model, top in answers.items()}
        found = find(
            self.labels,
            predictions=best,
            classes=self.classes,
            ids=self._own_ids,
            count=count,
            **options,
        )
        kept = self._arrays.keep_predictions(answers)
        # not by the role of those that are compared: a report compares the newest of these
        with self._db.write() as db:
            records.add_array(db, **kept | {"role": "voters"})
        settings = {
            "count": as_count("count", count),
            "models": list(answers),
            "predictions": {"path": kept["path"], "sha256": kept["sha256"]},
        }
        self._keep_found(found, {}, flagger or f"{len(answers)} models as voters", settings)
        return found

    def _read_predictions(
        self, predictions: Mapping[str, object] | PathLike
    ) -> dict[str, Integer[np.ndarray, "n _answers"]]:
        from errata.sources.predictions import read_predictions

        return read_predictions(
            predictions,
            n=self.n,
            n_classes=len(self.classes),
            classes=self.classes,
            ids=self.ids,
        )

    def _kept_predictions(self) -> dict[str, Integer[np.ndarray, "n _answers"]]:
        """Return the predictions that were compared last, or else those that voted last."""
        with self._db.read() as db:
            compared, voters = (records.array(db, role) for role in ("predictions", "voters"))
        kept = compared or voters
        if kept is None:
            raise AuditError(
                f"{self.path} holds no predictions yet. Say where they are: `errata compare AUDIT "
                "PREDICTIONS`, a .npz, .npy or .csv file or a folder of what models answered."
            )
        return self._arrays.predictions(kept)

    def _keep_found(
        self,
        found: Findings | MultilabelFindings,
        looked_at: dict[str, Any],
        flagger: str,
        settings: dict[str, Any],
    ) -> None:
        """Note down a run of `find`.

        Parameters
        ----------
        looked_at : the numbers of the probabilities, as fields of its row
        """
        confidence = self._arrays.keep("self_confidence", found.self_confidence)
        with self._db.write() as db:
            plain = found.to_dict()
            number = records.add_finding(
                db,
                {
                    "rule": found.rule,
                    "score": found.score,
                    "compat": found.compat,
                    "settings": settings,
                    "flagger": flagger,
                    "estimated_errors": found.estimated_errors,
                    "thresholds": plain["thresholds"],
                    "warnings": plain["warnings"],
                    **looked_at,
                    "self_confidence": records.add_array(db, **confidence),
                    "errata": version("errata"),
                },
                [{"example": one.pop("index"), **one} for one in plain["flagged"]],
            )
            records.log(db, "find", finding=number, flagged=len(found))

    def add_candidates(
        self, candidates: Iterable[Mapping[str, Any]] | PathLike, *, flagger: str
    ) -> CandidatesAdded:
        """Add candidates from elsewhere, worst first; a line in the result tells what is refused.

        They stand beside the runs of `find`, as a run of rule ``"imported"``, and are planned,
        reviewed and released like any others.

        Parameters
        ----------
        candidates : mappings with ``id`` (or ``index``) and ``suggested``, the name or the index
            of a class (a list of them where examples may have several), and maybe ``score``; or
            the path of a file of them, see `errata.exchange.candidates`. Their order is their
            rank, whatever the scores
        flagger : who, or what, doubts these labels, for the record

        Returns
        -------
        What was added. The score is called ``"given_score"`` where every candidate has one; where
        none has, ``"given_order"``, which is 1 for the first

        Raises
        ------
        InputError
            There are no candidates, or none that can be taken, or only some have scores.

        Examples
        --------
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "pets.audit"
        >>> audit = Audit.create(folder, labels=["cat", "dog"], classes=["cat", "dog", "fox"])
        >>> audit.add_candidates([{"index": 1, "suggested": "fox"}], flagger="a look at the set")
        CandidatesAdded: 1 by a look at the set, 0 refused
        """
        flagger = one_form(flagger)
        if not flagger:
            raise InputError("The flagger is empty; say who, or what, doubts these labels.")
        rows = candidate_rows(candidates)
        found: dict[int, dict[str, Any]] = {}
        refused: list[str] = []
        index_of = self._index_of_many(refused)
        for row in rows:
            where = str(row["where"])
            try:
                one = check_candidate(
                    row,
                    index_of=index_of,
                    n=self.n,
                    classes=self.classes,
                    multilabel=self.multilabel,
                )
                self._check_doubt(one, found)
            except InputError as error:
                refused.append(f"{where}: {error}")
            else:
                found[one["example"]] = one | {"where": where}
        if not rows:
            raise InputError("There are no candidates to add; one row for each was expected.")
        if not found:
            raise InputError(
                f"None of the {len(rows):,} candidates can be taken. The first: {refused[0]}"
            )
        score = _score_name(list(found.values()))
        source = candidates if isinstance(candidates, str | os.PathLike) else None
        settings = (
            {} if source is None else {"file": Path(source).name, "sha256": sha256(Path(source))}
        )
        with self._db.write() as db:
            number = self._add_doubts(
                db, list(found.values()), flagger=flagger, score=score, settings=settings
            )
            records.log(db, "add_candidates", finding=number, flagged=len(found), flagger=flagger)
        return CandidatesAdded(
            run=number, flagger=flagger, added=len(found), refused=tuple(refused)
        )

    def _check_doubt(self, one: Mapping[str, Any], found: Mapping[int, Mapping[str, Any]]) -> None:
        """Check that a candidate doubts the given label, and is the first for its example."""
        example, suggested = one["example"], one["suggested"]
        if example in found:
            raise LabelError(
                f"The example {self.ids[example]!r} is named already, in "
                f"{found[example]['where']}; one suggested label for each was expected."
            )
        if suggested == self._given(example):
            raise LabelError(
                f"The suggested label of {self.ids[example]!r}, "
                f"{named(suggested, self.classes)!r}, is the given one, so there is nothing to "
                "ask. Leave it out, or suggest another."
            )

    def _given(self, example: int) -> Label:
        """Return the given label of an example, or the sorted classes of its set."""
        label = self._plain(self.labels[example])
        return label if isinstance(label, int) else tuple(label)

    def _plain(self, label: Any) -> int | list[int]:
        return np.flatnonzero(label).tolist() if self.multilabel else int(label)

    def _index_of_many(self, refused: Sequence[str]) -> Callable[[str], int]:
        """Return `index_of` for many ids: for the first three refused it names the nearest."""

        def index_of(example_id: str) -> int:
            near = len(refused) < 3  # each search for a near name takes its time
            if near or example_id in self._places:
                return self.index_of(example_id)
            raise self._unknown(example_id)

        return index_of

    # ------------------------------------------------------------ votes

    def add_votes(
        self,
        votes: Iterable[Mapping[str, Any]] | PathLike,
        *,
        kind: str = "imported",
        note: str = "",
        by: str | None = None,
    ) -> VotesAdded:
        """Add votes from elsewhere; what cannot be added is told in the result, the rest goes in.

        Adding the same votes again adds nothing. There may be more than the plan wants; all count.
        A pseudonym that this audit gave out is the reviewer whom it stands for.

        Parameters
        ----------
        votes : mappings with ``id`` (or ``index``), ``reviewer`` and ``answer``, and maybe
            ``time`` (ISO 8601), ``first`` (the label shown first), ``kind``, and ``said``, the
            reviewer's own word where the answer is ``"other"``, which decides nothing. Where
            examples may have several labels, ``labels``, a list of those that apply, stands in
            place of the answer. Or the path of a vote file, see `errata.exchange.votes`
        kind : how they came about: ``"simulated"``, ``"imported"`` or ``"person"``. A vote may
            say ``"simulated"`` or ``"imported"`` of itself, which holds unless all are simulated
        note : about their reviewers, said wherever these votes count ("slip rate 3 %")
        by : the maintainer who brings them, for the record

        Raises
        ------
        AuditError
            There is no plan, so nobody was asked anything.
        VoteError
            There are votes, and not one of them can be taken.
        """
        if kind not in KINDS:
            raise unknown_name("kind of vote", kind, KINDS)
        self.check_planned()
        rows = self._with_names(as_rows(votes))
        ballots: list[voting.Ballot] = []
        refused: list[str] = []
        index_of = self._index_of_many(refused)
        chooses = self.asks.chooses
        for row in rows:
            where = str(row["where"])
            try:
                checked = check_vote(
                    row,
                    index_of=index_of,
                    n=self.n,
                    kind=kind,
                    label_names=self.classes if self.multilabel or chooses else None,
                    chooses=chooses,
                )
            except InputError as error:
                refused.append(f"{where}: {error}")
            else:
                id_ = self.ids[checked["example"]]
                ballots.append(voting.Ballot(where=where, id=id_, **checked))
        with self._db.write() as db:
            added, already, more = voting.cast_all(db, ballots, note)
            if added:
                restand(db, multilabel=self.multilabel)
                records.log(db, "add_votes", added=added, kind=kind, note=note, **doer(by))
        result = VotesAdded(added=added, already_there=already, refused=(*refused, *more))
        if rows and len(result.refused) == len(rows):
            raise VoteError(
                f"None of the {len(rows):,} votes can be taken. The first: {result.refused[0]}"
            )
        return result

    def votes(self) -> list[VoteRecord]:
        """Return the votes that count, in the order in which they came."""
        with self._db.read() as db:
            held = voting.held(db)
        return [
            VoteRecord(
                id=self.ids[vote["example"]],
                example=vote["example"],
                reviewer=vote["name"],
                answer=vote["answer"],
                time=vote["created_at"],
                first=vote["first"],
                kind=vote["kind"],
                said=vote["said"],
                labels=(
                    None
                    if vote["labels"] is None
                    else tuple(self.classes[label] for label in vote["labels"])
                ),
            )
            for vote in held
        ]

    def verdicts(
        self,
        *,
        threshold: int | None = None,
        consensus: str = "threshold",
        least: float | None = None,
    ) -> Verdicts | SetVerdicts:
        """Say what the votes come to; `SetVerdicts` where examples may have several labels.

        Parameters
        ----------
        threshold : votes for one answer that make a verdict; without it, each candidate's is
            that of its plan
        consensus : ``"threshold"``: votes are counted, as in the paper; or the model that weighs
            them: ``"one_coin"``, ``"dawid_skene"``, ``"glad"``; or ``"crowdlab"``, where the
            probabilities of the newest run of `find` vote along
        least : with a model, the least probability of the answer that makes a verdict; without it
            0.9, and 0.5 for ``"crowdlab"``. A candidate without such an answer is open while votes
            are wanted, and ``non_agreement`` then

        Raises
        ------
        AuditError
            There is no plan; or no probabilities, which ``"crowdlab"`` needs.
        InputError
            No candidate could get so many votes; or a threshold comes with a model, ``least``
            without one, or a model where examples may have several labels.
        VoteError
            No candidate has two votes, and ``"crowdlab"`` has nothing to compare.
        """
        chosen = as_consensus(consensus, threshold, least)
        with self._db.read() as db:
            return self._verdicts(db, chosen)

    def _verdicts(self, db: Connection, consensus: Consensus) -> Verdicts | SetVerdicts:
        found = telling.verdicts(
            db,
            consensus,
            ids=self.ids,
            classes=self.classes,
            multilabel=self.multilabel,
            probs=lambda planned: self._answer_probs(db, planned),
        )
        if found is None:
            raise self._unplanned(db)
        return found

    # ------------------------------------------------------------ review

    def review(
        self,
        *,
        host: str = "localhost",
        port: int = 0,
        height: int = 720,
        reviewer: str | None = None,
        inline: bool = True,
        url: str | None = None,
        invited_only: bool = False,
        frame_ancestors: Sequence[str] | None = None,
    ) -> "RunningReview":
        """Serve the review page in the background, and show it in a notebook; else say where it is.

        Votes are in `votes` as soon as they are given. Asking again for what runs returns it.

        Parameters
        ----------
        host : the address to listen at. Beyond this machine (``"0.0.0.0"``: everywhere) nobody is
            let in but by the link of an invitation. In a notebook, the name by which its own page
            was opened: in a frame of a page of another name browsers keep no cookies, and the
            reviewer's name is one
        port : where to listen; 0 takes any free port
        height : of the frame in a notebook, in pixels
        reviewer : the name that the start page proposes
        inline : let a notebook show the page in a frame; else it shows a link
        url : where reviewers reach the server, if that is not at the host, as behind a proxy
        invited_only : let nobody in but by a link on this machine, too
        frame_ancestors : the origins of pages that may hold the frame, such as
            ``"https://notebooks.example.org"``; without them, those of this machine

        Raises
        ------
        AuditError
            There is no plan, or the review runs already and was asked for otherwise.
        InputError
            The height or an origin is none.
        ErrataError
            The port is taken, or may not be used.
        """
        # the one import upwards: what serves an audit is made of it
        from errata.review.background import RunningReview, as_settings

        settings = as_settings(
            host=host,
            port=port,
            height=height,
            reviewer=reviewer,
            inline=inline,
            url=url,
            invited_only=invited_only,
            frame_ancestors=frame_ancestors,
        )
        self.check_planned()
        running = self._review
        if running is None or not running.running:
            self._review = RunningReview(self, settings)
            return self._review
        if running.settings != settings:
            raise AuditError(
                f"The review of {self.path} runs already, at {running.url}, and was asked for "
                "otherwise now. Call its stop() first, or ask as before to get it."
            )
        return running

    # ------------------------------------------------------------ release, compare, report

    def release(
        self,
        out: PathLike,
        *,
        threshold: int | None = None,
        consensus: str = "threshold",
        least: float | None = None,
        version: str | None = None,
        previous: PathLike | None = None,
        description: Mapping[str, Any] | PathLike | None = None,
        hashes: bool = True,
        progress: Callable[[int, int], None] | None = None,
    ) -> Release:
        """Write the corrected test set into the new folder ``out``.

        It holds labels for every threshold and policy, votes under pseudonyms, what changed, and
        cards for people and machines: see `errata.load_release`. The same audit and options give
        the same bytes.

        Parameters
        ----------
        threshold, consensus, least : what makes the verdicts of the default labels, see `verdicts`
        version : such as ``"2.0.0"``; without it ``"1.0.0"``, or the next minor one after
            ``previous``
        previous : the folder of the release before it: what changed since is told
        description : what the audit does not know, such as the licence, see
            `errata.release.describing.Description`; or a TOML file
        hashes : whether to read every example that people are shown, for the SHA-256 by which
            others find theirs
        progress : called with how many examples have been read for it, and of how many

        Raises
        ------
        AuditError
            There is no vote yet, or something else is at ``out`` already.
        InputError, VoteError
            As `verdicts`; or the version is none, the previous release is of another test set, or
            the description says what none has.
        FileError
            The description, the previous release or an example cannot be read.
        """
        from errata import releasing
        from errata.release.content import next_version
        from errata.release.describing import read_description
        from errata.release.loading import previous_release
        from errata.release.writing import write_release

        chosen = as_consensus(consensus, threshold, least)
        described = read_description(description)
        before = None if previous is None else previous_release(Path(previous), self.ids)
        number = next_version(version, None if before is None else before.manifest["version"])
        with self._db.read() as db:
            verdicts = self._verdicts(db, chosen)
            if len(verdicts) == 0:
                raise AuditError(
                    f"No candidate of {self.path} has a vote yet, so nothing could be corrected. "
                    "Open `review`, or import votes."
                )
            reported = self._outcomes(db, self._verdicts_so_far(db), verdicts)
            content = releasing.gather(
                db,
                verdicts,
                chosen,
                folder=self.path,
                name=self.name,
                version=number,
                previous=before,
                description=described,
                classes=self.classes,
                ids=self.ids,
                given=self.labels,
                media=self._media,
                reported=as_markdown([one.published() for one in reported]),
                hashes=hashes,
                progress=progress,
            )
        _, corrected = self._corrected(verdicts)
        with self._db.write() as db:  # so that a folder whose record is lost is known of
            records.log(db, "release begun", path=str(Path(out).absolute()))
        with self._db.write() as db:  # held throughout, so that the folder and its record agree
            made = write_release(Path(out), content)
            path, manifest = str(Path(out).absolute()), made.hashes["manifest.json"]
            others = records.namesakes(db, made.version, manifest_sha256=manifest, path=path)
            made = replace(made, namesakes=others)
            if records.has_release(db, manifest, path):
                return made
            records.add_release(
                db,
                {
                    "version": made.version,
                    "path": path,
                    "threshold": verdicts.threshold or verdicts.made_by,
                    "manifest_sha256": manifest,
                },
                (
                    {
                        "example": example,
                        "verdict": verdict,
                        "corrected": self._plain(corrected[example]),
                    }
                    for example, verdict in zip(
                        verdicts.examples.tolist(), verdicts.names, strict=True
                    )
                ),
            )
            records.log(db, "release", version=made.version)
        return made

    def compare(
        self,
        predictions: Mapping[str, object] | PathLike | None = None,
        *,
        threshold: int | None = None,
        consensus: str = "threshold",
        least: float | None = None,
        confidence: float = 0.95,
        population: bool = True,
    ) -> Comparison:
        """Compare models on the given and on the corrected labels.

        The predictions are kept in the audit, for `report`. Where examples may have several
        labels, models are not compared.

        Parameters
        ----------
        predictions : each model's answers; see `errata.sources.predictions.read_predictions`.
            Without them, those that were compared last, or else that `find` last had vote
        threshold, consensus, least : what makes verdicts, see `verdicts`
        confidence : of intervals, ranks and decided pairs, strictly between 0 and 1
        population : whether the test set counts as a sample of such examples; else what is not
            sure is only which of its own unchecked labels are wrong

        Raises
        ------
        AuditError
            Examples have several labels; there is no plan; the audit holds no predictions, and none
            are given; or the doubt is to be about unchecked labels alone, and chance drew none of
            those that were checked.
        PredictionError, FileError
            As `errata.sources.predictions.read_predictions`.

        Warns
        -----
        ErrataWarning
            Models voted for what was flagged, and nothing was drawn by chance.
        """
        if self.multilabel:
            raise AuditError(
                f"{self.path} holds sets of labels, and models are not compared on these: accuracy "
                "asks for one right label. `release` writes the corrected sets, for a measure of "
                "your own."
            )
        chosen = as_consensus(consensus, threshold, least)
        with self._db.read() as db:
            verdicts = self._verdicts(db, chosen)
            assert isinstance(verdicts, Verdicts), "the other kind was refused above"
            checked, design = telling.checked(db, verdicts), self._design(db, verdicts)
        if not population and not design.by_chance and design.unchecked.any():
            raise AuditError(
                f"How sure a ranking of this test set is hangs on the {design.unchecked.sum():,} "
                "labels that nobody checked, and chance drew none of those that somebody did. Draw "
                "some (`errata plan AUDIT --goal ranking`) and have them reviewed, or leave out "
                "--this-set (population=False)."
            )
        answers = (
            self._kept_predictions() if predictions is None else self._read_predictions(predictions)
        )
        voters = [model for model in answers if model in checked.voters]
        if voters and not design.by_chance:
            each = f"{len(voters)} of the models" if len(voters) > 1 else voters[0]
            warnings.warn(
                f"{each} voted for what `find --predictions` flagged, and corrections favour who "
                "voted for them. Compare with models that had no vote, or have examples checked "
                "that chance draws (`errata plan AUDIT --goal ranking`).",
                ErrataWarning,
                stacklevel=2,
            )
        compared = self._compared(
            answers, verdicts, checked, design, confidence=confidence, population=population
        )
        kept = self._arrays.keep_predictions(answers)
        with self._db.write() as db:
            records.add_array(db, **kept)
            records.log(db, "compare", predictions=kept["path"], models=len(answers))
        return compared

    def report(
        self,
        out: PathLike,
        *,
        threshold: int | None = None,
        consensus: str = "threshold",
        least: float | None = None,
    ) -> Path:
        """Write one page to look at, self-contained: counts, examples, accuracies, charts.

        Parameters
        ----------
        threshold, consensus, least : what makes verdicts, see `verdicts`
        """
        from errata.report.page import write_report

        chosen = as_consensus(consensus, threshold, least)
        with self._db.read() as db:
            planned = records.newest_plan(db) is not None
            verdicts = self._verdicts(db, chosen) if planned else None
            predictions = records.array(db, "predictions")
            comparison, rates, unrated = None, None, ""
            if isinstance(verdicts, Verdicts):
                rates, unrated = _or_why(
                    partial(self._rates, db, verdicts, chosen, moments=MOMENTS)
                )
            if isinstance(verdicts, Verdicts) and predictions is not None:
                answers = self._arrays.predictions(predictions)
                checked, design = telling.checked(db, verdicts), self._design(db, verdicts)
                comparison = self._compared(answers, verdicts, checked, design)
            context = telling.report_context(
                db,
                name=self.name,
                path=str(self.path),
                n=self.n,
                classes=self.classes,
                ids=self.ids,
                multilabel=self.multilabel,
                verdicts=verdicts,
                comparison=comparison,
                rates=rates or (),
                unrated=unrated,
                show=self.show,
            )
        return write_report(context, Path(out))

    def site(
        self,
        out: PathLike,
        *,
        limit: int = MOST_ROWS,
        media: bool = True,
        originals: str | None = None,
        report_to: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Path:
        """Write the pages of this audit into the folder ``out``; see `errata.build_site`."""
        return build_site(
            [self],
            out,
            limit=limit,
            media=media,
            originals=originals,
            report_to=report_to,
            progress=progress,
        )

    def _compared(
        self,
        answers: Mapping[str, Integer[np.ndarray, "n _answers"]],
        verdicts: Verdicts,
        checked: Checked,
        design: ReviewDesign,
        *,
        confidence: float = 0.95,
        population: bool = True,
    ) -> Comparison:
        sets, corrected = self._corrected(verdicts)
        return compare(
            answers,
            given=self.labels,
            corrected=corrected,
            sets=sets,
            checked=checked,
            design=design,
            confidence=confidence,
            population=population,
        )

    def _corrected(
        self, verdicts: Verdicts | SetVerdicts
    ) -> tuple[Sets, Shaped[np.ndarray, "n *classes"]]:
        sets = label_sets(self.n, verdicts.examples, verdicts.codes)
        change = corrected_labels if isinstance(verdicts, Verdicts) else corrected_sets
        right = verdicts.suggested if isinstance(verdicts, Verdicts) else verdicts.agreed
        return sets, change(self.labels, verdicts.examples, right, verdicts.codes)

    # ------------------------------------------------------------ why

    def why(self, example: str | int, *, names: bool = True) -> Story:
        """Tell the whole story of one label: scores, flagger, plan, votes, verdict, releases.

        Parameters
        ----------
        example : its id, or its row number
        names : call reviewers and maintainers by their names; else by the pseudonyms that stand
            for them in what leaves the audit

        Raises
        ------
        NameUnknownError
            There is no such example.
        """
        index = self.index_of(example) if isinstance(example, str) else self._checked(example)
        with self._db.read() as db:
            told = self._stories(db, self._reached(db)).of(db, [index], **self._of_example(db))
            return (told if names else self._without_names(db, told))[0]


def _or_why(made: Callable[[], T]) -> tuple[T | None, str]:
    """Return what is made, or None and why it cannot be: a report says that in its place."""
    try:
        return made(), ""
    except ErrataError as error:
        return None, str(error)


def _begin(
    folder: Path,
    schema: Schema | None,
    arrays: Iterable[Mapping[str, Any]],
    row: Mapping[str, Any],
) -> None:
    """Make the database of a new audit."""
    if schema is not None:
        write_place(folder, schema)
    with contextlib.closing(Database(place_of(folder))) as db, db.write() as connection:
        for array in arrays:
            records.add_array(connection, **array)
        records.log(connection, "create", errata=version("errata"))
        records.set_audit(connection, row)


def _arrays(
    labels: object, probs: object, classes: Sequence[object] | None, multilabel: bool
) -> tuple[Shaped[np.ndarray, "n *classes"], Float[np.ndarray, "n m"] | None, tuple[str, ...]]:
    """Return given labels, probabilities and class names, each known to fit the others."""
    turn = as_label_sets if multilabel else as_labels
    if probs is not None:
        table = as_probs(probs)
        n, m = table.shape
        names = as_class_names(classes, m)
        return turn(labels, n_classes=m, n=n, classes=classes), table, names
    if classes is None:
        raise LabelError(
            "There are no probabilities and no class names, so the classes are not known. Give "
            "`classes` (--classes): the names in the order of the class numbers."
        )
    listed = list(classes)
    if len(listed) < 2:
        raise LabelError(
            f"The class names are {listed}; with fewer than two classes no label can be wrong."
        )
    names = as_class_names(listed, len(listed))
    known_by = "there are {} class names"
    return turn(labels, n_classes=len(names), classes=names, known_by=known_by), None, names


def _as_groups(groups: object, n: int) -> Int[np.ndarray, "n"]:
    """Return a whole number for each example."""
    found = np.asarray(load_array(groups) if isinstance(groups, str | os.PathLike) else groups)
    if found.shape != (n,) or found.dtype.kind not in "iuU":
        raise InputError(
            f"The groups have shape {found.shape} and dtype {found.dtype}; a whole number or a "
            f"name for each of the {n:,} examples was expected."
        )
    return found.astype(np.int64) if found.dtype.kind != "U" else np.unique_inverse(found)[1]


def _are_sets(labels: object) -> bool:
    """Tell whether labels are lists of labels, or a matrix; one row or column is a mistake."""
    if isinstance(labels, str | os.PathLike):
        labels = read_json_list(labels) if is_json(labels) else load_array(labels)
    if isinstance(labels, list | tuple):
        return any(
            isinstance(row, list | tuple | AbstractSet)
            or (isinstance(row, np.ndarray) and row.ndim > 0)
            for row in labels
        )
    try:
        array = np.asarray(labels)
    except ValueError:  # no array at all, which `as_labels` says
        return False
    if array.dtype.kind == "O" and array.ndim == 1:
        return _are_sets(array.tolist())
    return array.ndim == 2 and min(array.shape) > 1


def _score_name(found: Sequence[Mapping[str, Any]]) -> str:
    """Return what the scores of candidates from elsewhere are called."""
    without = [one["where"] for one in found if one["score"] is None]
    if without and len(without) < len(found):
        raise InputError(
            f"{len(without):,} of {len(found):,} candidates have no score, the first of them in "
            f"{without[0]}. Give every candidate a score, or none."
        )
    return "given_order" if without or not found else "given_score"


def _taken(path: Path) -> str:
    if is_audit(path):
        return f"There is an audit at {path} already. Open it with Audit.open, or name another."
    what = "a folder with something in it" if path.is_dir() else "a file"
    return f"{path} is {what}; an audit needs a new folder. Name another."


def _no_audit(path: Path) -> str:
    what = f"is not an audit (it has no {DATABASE})" if path.exists() else "does not exist"
    beside = sorted(each.name for each in path.parent.glob("[!.]*") if is_audit(each))[:5]
    hint = f" Beside it: {', '.join(beside)}." if beside else ""
    return (
        f"{path} {what}.{hint} Make one with Audit.create, or "
        f"`errata init {path} --labels LABELS.npy --probs PROBS.npy`."
    )
