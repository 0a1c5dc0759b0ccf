"""Tasks and votes in the forms of other tools, in and out of an audit.

`errata.audit.Audit` is made of this and of the verbs. What the forms are is for `errata.exchange`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from errata.array_files import PathLike
from errata.asking import is_choice
from errata.datasets.media import Clip, Picture, Text
from errata.errors import AuditError, FileError, InputError, VoteError
from errata.exchange import label_studio, published
from errata.exchange.forms import (
    READERS,
    TASK_WRITERS,
    VOTE_FORMS,
    form_of,
    known_form,
    read_votes_of,
)
from errata.exchange.pseudonyms import PSEUDONYMS, may_stand_for, pseudonyms
from errata.exchange.questions import Asked, Item, Kind, Question, Reading, Shown, counted
from errata.exchange.votes import CANNOT_TELL, is_votes, write_votes
from errata.predicting import Predicting
from errata.results import Exported, VoteRecord, VotesAdded, VotesImported
from errata.store import records, voting
from errata.store.files import check_replaceable, new_folder

_ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
}

_MEDIA_BESIDE = (
    "Where pictures or sounds are found: tasks name them as media/..., beside the file of tasks. "
    "--media-url (media_url) says where else."
)


class Exchanging(Predicting):
    """What leaves an audit for other tools, and comes back; `errata.audit.Audit` has the rest."""

    def add_votes(
        self,
        votes: Iterable[Mapping[str, Any]] | PathLike,
        *,
        kind: str = "imported",
        note: str = "",
        by: str | None = None,
    ) -> VotesAdded:
        """Add votes from elsewhere."""
        raise NotImplementedError

    def votes(self) -> list[VoteRecord]:
        """Return the votes that count."""
        raise NotImplementedError

    def index_of(self, example_id: str) -> int:
        """Return the row number of an example's id."""
        raise NotImplementedError

    def import_votes(
        self,
        file: PathLike,
        *,
        form: str | None = None,
        id_field: str | None = None,
        answer_field: str | None = None,
        answers: Mapping[str, str] | None = None,
        most: int | None = None,
        kind: str = "imported",
        note: str = "",
    ) -> VotesImported:
        """Add the votes of a file of another tool, or of our own; a line tells what is refused.

        Adding the same file again adds nothing. A pseudonym that this audit gave out is the
        reviewer whom it stands for.

        Parameters
        ----------
        form : ``"errata"``, ``"mturk"``, ``"label-studio"``, ``"argilla"`` or ``"published"``;
            without it, the one that the file looks like
        id_field, answer_field, answers, most : how it is to be read, see
            `errata.exchange.questions.Reading`
        kind, note : as in `add_votes`

        Raises
        ------
        AuditError
            There is no plan, so nobody was asked anything.
        VoteError
            There are votes, and not one of them can be taken; or the file does not tell its
            columns.
        NameUnknownError
            There is no such form.
        FileError
            The file cannot be read.
        """
        self.check_planned()
        taken = form_of(file) if form is None else known_form(form, list(READERS))
        if taken != "errata":
            self._check_pairs_only(taken)
        reading = Reading(
            id_field=id_field, answer_field=answer_field, answers=answers or {}, most=most
        )
        read = read_votes_of(taken, file, self._asked(), reading)
        added = self.add_votes(read.rows, kind=kind, note=note)
        return VotesImported(**vars(added), form=taken, left_out=read.left_out)

    def export_votes(self, out: PathLike, *, form: str = "errata", names: bool = False) -> Exported:
        """Write the votes that count; the result says what the form cannot hold.

        Parameters
        ----------
        out : a file, whose ending chooses CSV, JSON, JSON lines or Parquet; an earlier export
            there is replaced, and nothing else. For ``"label-studio"``, a new folder
        form : ``"errata"``, ``"label-studio"``, or ``"published"``: counts without names
        names : write reviewers' names; else for each a pseudonym, the same each time, which
            `import_votes` and `add_votes` of this audit know

        Raises
        ------
        NameUnknownError
            There is no such form.
        FileError
            The file cannot be written, or would take the place of one that is no earlier export.
        """
        known_form(form, VOTE_FORMS)
        rows = self.vote_rows(names=names)
        if form == "errata":
            check_replaceable(Path(out), "The votes", is_votes)
            with _to_file(out):
                write_votes(rows, out)
            return Exported(path=Path(out), form=form, count=len(rows))
        self._check_pairs_only(form)
        kept = [row for row in rows if row["kind"] != "simulated"]
        lost = counted(
            len(rows) - len(kept), "simulated vote", "simulated votes", "this form cannot mark them"
        )
        if form == "published":
            check_replaceable(Path(out), "The counts", published.is_counts)
            items = [(question, Shown(kind="text", value="")) for question in self.questions()]
            with _to_file(out):
                lost += published.write(out, items, kept, audit=self._stands_for())
        else:
            with new_folder(Path(out)) as folder:
                voted = {row["id"] for row in kept}
                asked = [question for question in self.questions() if question.id in voted]
                shown = list(self._items(asked, folder, "media"))
                lost += label_studio.write_votes(folder, shown, kept)
        return Exported(path=Path(out), form=form, count=len(kept), not_carried=lost)

    def vote_rows(self, *, names: bool = False) -> list[dict[str, Any]]:
        """Return the votes that count in the columns of a vote file.

        Parameters
        ----------
        names : as in `export_votes`
        """
        rows = [vote.to_dict() for vote in self.votes()]
        if names:
            return rows
        called = pseudonyms(self.path)
        return [row | {"reviewer": called(row["reviewer"])} for row in rows]

    def export_tasks(
        self, out: PathLike, *, form: str = "csv", media_url: str = "media", every: bool = False
    ) -> Exported:
        """Write what reviewers are asked, for another tool, into a new folder.

        The tasks are blind: two labels in a random order, which is drawn once for each, and
        nothing that says which of them is given.

        Parameters
        ----------
        out : the folder; pictures and sounds are in its ``media``
        form : ``"label-studio"``, ``"argilla"``, ``"mturk-csv"`` or ``"csv"``
        media_url : where ``media`` will be found by those who are asked
        every : also candidates that need no more votes: those that have all, those where asking
            has stopped, and those that a maintainer decided

        Raises
        ------
        AuditError
            There is no plan, or no candidate needs votes.
        NameUnknownError
            There is no such form.
        FileError
            There is something at ``out``, or what is shown cannot be read.
        """
        self.check_planned()
        self._check_pairs_only(form)
        writer = TASK_WRITERS[known_form(form, list(TASK_WRITERS))]
        with self._db.read() as db:
            planned = records.planned(db)
        asked = [self._question(row) for row in planned if every or row["needs"]]
        if not asked:
            raise AuditError(
                f"No candidate of {self.path} needs any more votes, so there is nothing to ask. "
                "`--all` (every=True) writes them all."
            )
        with new_folder(Path(out)) as folder:
            items = list(self._items(asked, folder, media_url))
            lost = writer(folder, items)
        if self._media is None:
            lost += ("The examples: the audit was made without any, so a task shows the id alone.",)
        elif items[0][1].kind != "text" and media_url == "media":
            lost += (_MEDIA_BESIDE,)
        if not self.multilabel:
            lost += (f'The answer "{CANNOT_TELL}": a choice that you call so comes back as it.',)
        lost += ("Typical examples of each label, which `errata review` shows.",)
        return Exported(path=Path(out), form=form, count=len(asked), not_carried=lost)

    def questions(self) -> list[Question]:
        """Return what is asked about each planned candidate, in the order of asking."""
        with self._db.read() as db:
            planned = records.planned(db)
        return [self._question(row) for row in planned]

    def _question(self, row: Mapping[str, Any]) -> Question:
        example = row["example"]
        given, suggested = (
            tuple(row[side]) if self.multilabel else (row[side],) for side in ("given", "suggested")
        )
        # as for a reviewer without a name, which nobody has
        if self.multilabel:
            order = self._shuffled("", example, {*given, *suggested})
        else:
            order = given + suggested
            order = order if self._first("", example) == "given" else order[::-1]
        return Question(
            id=self.ids[example],
            example=example,
            given=self._called(given),
            suggested=self._called(suggested),
            given_classes=given,
            suggested_classes=suggested,
            options=self._called(order),
            multilabel=self.multilabel,
            votes=row["votes"],
        )

    def _check_pairs_only(self, form: str) -> None:
        """Refuse a form that holds questions of two labels, or of several that apply, alone."""
        with self._db.read() as db:
            plans = records.plans(db)
        asked = next((plan["question"] for plan in plans if is_choice(plan)), None)
        if asked is not None:
            raise AuditError(
                f"Reviewers of {self.path} choose one of several answers (question {asked}), which "
                f"the form {form!r} cannot hold. Ask on the page of `errata review`; votes go in "
                "and out by the form 'errata': CSV, JSON lines or Parquet."
            )

    def _called(self, labels: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.classes[label] for label in labels)

    def _asked(self) -> Asked:
        refused: list[str] = []
        index_of = self._index_of_many(refused)

        def complain(id_: str) -> Exception:
            refused.append(id_)
            try:
                index_of(id_)
            except InputError as error:
                return error
            return VoteError(f"The example {id_!r} is in no plan, so nobody was asked about it.")

        wrote = (self.path / PSEUDONYMS).is_file()
        return Asked(self.questions(), complain, audit=self._stands_for() if wrote else "")

    def _stands_for(self) -> str:
        """Return what stands for this audit, and no other, in files without names."""
        return pseudonyms(self.path, kind="audit")(self.name)

    def _index_of_many(self, refused: Sequence[str]) -> Callable[[str], int]:
        raise NotImplementedError

    def _with_names(self, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """Return votes by the reviewers for whom pseudonyms stand that this audit gave out."""
        some = any(may_stand_for(row.get("reviewer")) for row in rows)
        if not some or not (self.path / PSEUDONYMS).is_file():
            return rows
        called = pseudonyms(self.path)
        with self._db.read() as db:
            behind = {called(name): name for name in voting.reviewer_names(db)}
        return [
            row | {"reviewer": behind[row["reviewer"]]}
            if may_stand_for(row.get("reviewer")) and row["reviewer"] in behind
            else row
            for row in rows
        ]

    def _items(self, questions: Iterable[Question], folder: Path, url: str) -> Iterator[Item]:
        """Yield each question with what it shows; write pictures and sounds into ``folder``."""
        for question in questions:
            seen = self.show(question.example)
            if isinstance(seen, Picture | Clip):
                ending = _ENDINGS.get(seen.mime, seen.mime.rpartition("/")[2])
                name = f"{question.example}.{ending}"
                (folder / "media").mkdir(exist_ok=True)
                (folder / "media" / name).write_bytes(seen.data)
                kind: Kind = "image" if isinstance(seen, Picture) else "audio"
                yield question, Shown(kind=kind, value=f"{url.rstrip('/')}/{name}")
            elif isinstance(seen, Text):
                yield question, Shown(kind="text", value=seen.text)
            elif seen is None:
                yield question, Shown(kind="text", value=question.id)
            else:
                pairs = zip(seen.names, seen.values, strict=True)
                lines = (f"{name}: {value}" for name, value in pairs)
                yield question, Shown(kind="text", value="\n".join(lines))


@contextmanager
def _to_file(path: PathLike) -> Iterator[None]:
    """Name the file that cannot be written."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}. Name another.") from None
