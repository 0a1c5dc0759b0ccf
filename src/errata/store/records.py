"""What an audit is made of and what was done with it, from its settings to its releases.

Every function works inside the transaction of the connection it is handed; rows are dictionaries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from errata.store import tables as t

Row = dict[str, Any]

_FLAGGED = t.candidates.c.drawn.is_(False)
"""What a run found, without what plans drew besides."""

_COMPUTED = or_(t.findings.c.probs.is_not(None), t.findings.c.averaged.is_not(None))
"""The runs of `find` that looked at probabilities."""

_VOTED = "crowd"
"""The score of the runs in which models voted, as `errata.core.crowd` calls it."""

_PART = 10_000
"""A database is asked about so many examples by name at once."""


def now() -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


# ---------------------------------------------------------------- the audit


def set_audit(db: Connection, row: Mapping[str, Any]) -> None:
    """Write the audit's one row: with it, and not before, the database is an audit."""
    db.execute(insert(t.audit).values(id=1, created_at=now(), **row))


def audit(db: Connection) -> Row | None:
    """Return the audit's row, or None if it was never finished."""
    return _first(db, select(t.audit))


def log(db: Connection, verb: str, **details: Any) -> None:
    """Add a line to the audit's diary."""
    db.execute(insert(t.events).values(verb=verb, details=details, created_at=now()))


# ---------------------------------------------------------------- arrays


def add_array(
    db: Connection,
    *,
    role: str,
    path: str,
    sha256: str,
    shape: Sequence[int] | None = None,
    dtype: str | None = None,
) -> int:
    """Note down an array file; return its number."""
    row = {"role": role, "path": path, "sha256": sha256, "shape": shape, "dtype": dtype}
    return _inserted(db, t.arrays, row)


def array(db: Connection, role: str) -> Row | None:
    """Return the newest array of a role."""
    arrays = select(t.arrays).where(t.arrays.c.role == role)
    return _first(db, arrays.order_by(t.arrays.c.id.desc()))


def array_number(db: Connection, number: int) -> Row:
    """Return one array by its number."""
    row = _first(db, select(t.arrays).where(t.arrays.c.id == number))
    assert row is not None, "a foreign key points to it"
    return row


# ---------------------------------------------------------------- probabilities


def add_predicted(db: Connection, row: Mapping[str, Any]) -> int:
    """Note down what a model predicted of the audit's own examples; return the number of the run.

    It is called as its model; where there is one of this name, by name and count: ``logistic-2``.
    """
    there = set(db.scalars(select(t.predicted.c.name)))
    names = (row["model"] if n == 1 else f"{row['model']}-{n}" for n in count(1))
    name = next(name for name in names if name not in there)
    return _inserted(db, t.predicted, {**row, "name": name, "created_at": now()})


def predicted(db: Connection) -> list[Row]:
    """Return what models predicted of the audit's own examples, oldest run first."""
    return _all(db, select(t.predicted).order_by(t.predicted.c.id))


def predicted_as(db: Connection, probs: int) -> Row | None:
    """Return the run that an array of probabilities is from; None where it was handed in."""
    return _first(db, select(t.predicted).where(t.predicted.c.probs == probs))


def has_probabilities(db: Connection) -> bool:
    """Tell whether there are any for `find` to look at."""
    return array(db, "probs") is not None or bool(predicted(db))


# ---------------------------------------------------------------- findings


def add_finding(db: Connection, row: Mapping[str, Any], found: Iterable[Mapping[str, Any]]) -> int:
    """Write a run of `find`, or a list from elsewhere, and its candidates, worst first.

    Returns
    -------
    the number of the run
    """
    finding = _inserted(db, t.findings, {**row, "created_at": now()})
    rows = [
        {**candidate, "finding": finding, "rank": rank} for rank, candidate in enumerate(found, 1)
    ]
    if rows:
        db.execute(insert(t.candidates), rows)
    return finding


def newest_finding(db: Connection) -> Row | None:
    """Return the newest run of `find`, or list from elsewhere."""
    return _first(db, select(t.findings).order_by(t.findings.c.id.desc()))


def newest_run(db: Connection, probs: int) -> Row | None:
    """Return the newest run of `find` on these probabilities alone.

    With it ``flagged``, how many examples it flagged, and ``planned``, whether a plan took these.
    """
    flagged = select(func.count()).where(t.candidates.c.finding == t.findings.c.id, _FLAGGED)
    planned = select(func.count()).where(t.plans.c.finding == t.findings.c.id)
    query = select(
        t.findings,
        flagged.correlate(t.findings).scalar_subquery().label("flagged"),
        planned.correlate(t.findings).scalar_subquery().label("planned"),
    ).where(t.findings.c.probs == probs)
    return _first(db, query.order_by(t.findings.c.id.desc()))


def newest_computed(db: Connection) -> Row | None:
    """Return the newest run of `find` on probabilities, whatever else came after it."""
    return _first(db, select(t.findings).where(_COMPUTED).order_by(t.findings.c.id.desc()))


def newest_doubting(db: Connection) -> Row | None:
    """Return the newest run of `find` on probabilities or on predictions.

    Such a run can say of every example how doubtful its label is, flagged or not. With it
    ``arrays``, those of the probabilities that it looked at.
    """
    doubting = select(t.findings).where(or_(_COMPUTED, t.findings.c.score == _VOTED))
    run = _first(db, doubting.order_by(t.findings.c.id.desc()))
    if run is None:
        return None
    return run | {"arrays": [] if run["score"] == _VOTED else looked_at(db, run)}


def looked_at(db: Connection, run: Mapping[str, Any]) -> list[Row]:
    """Return the arrays of probabilities that a run of `find` looked at."""
    return [array_number(db, number) for number in run["averaged"] or [run["probs"]]]


def planned_findings(db: Connection) -> list[Row]:
    """Return the runs of `find` that the plans took their candidates from, oldest first."""
    used = select(t.findings).where(t.findings.c.id.in_(select(t.plans.c.finding)))
    return _all(db, used.order_by(t.findings.c.id))


def finding_count(db: Connection) -> int:
    """Return how many runs of `find` and lists from elsewhere there are."""
    return db.scalar(select(func.count()).select_from(t.findings)) or 0


def flagged(db: Connection, finding: int) -> list[int]:
    """Return the examples that a run flagged, worst first."""
    c = t.candidates.c
    query = select(c.example).where(c.finding == finding, _FLAGGED).order_by(c.rank)
    return list(db.scalars(query))


def candidates(db: Connection, finding: int) -> list[Row]:
    """Return what a run flagged, worst first."""
    found = select(t.candidates).where(t.candidates.c.finding == finding, _FLAGGED)
    return _all(db, found.order_by(t.candidates.c.rank))


def runs(db: Connection) -> dict[int, Row]:
    """Return every run of `find` and list from elsewhere, by its number, oldest first.

    With it ``of``, how many examples it flagged.
    """
    c = t.candidates.c
    count = select(c.finding, func.count()).where(_FLAGGED).group_by(c.finding)
    of = {row[0]: row[1] for row in db.execute(count)}
    every = _all(db, select(t.findings).order_by(t.findings.c.id))
    return {run["id"]: run | {"of": of.get(run["id"], 0)} for run in every}


def candidate_rows(db: Connection, examples: Sequence[int]) -> dict[int, list[Row]]:
    """Return for each of some examples what every run said of it, oldest first; maybe nothing."""
    found: dict[int, list[Row]] = {example: [] for example in examples}
    c = t.candidates.c
    for part in parts(examples):
        query = select(t.candidates).where(c.example.in_(part)).order_by(c.finding)
        for row in _all(db, query):
            found[row["example"]].append(row)
    return found


def candidates_among(db: Connection, examples: Sequence[int]) -> set[int]:
    """Return those of some examples that any run flagged."""
    c = t.candidates.c
    flagged = select(c.example).where(c.example.in_(examples), _FLAGGED)
    return set(db.scalars(flagged.distinct()))


def candidates_of(db: Connection, finding: int, examples: Sequence[int]) -> dict[int, Row]:
    """Return what a run, or a plan that drew besides, says of some examples, by example.

    Each row has ``id example given suggested``; an example that is no candidate of it has none.
    """
    c = t.candidates.c
    query = select(c.id, c.example, c.given, c.suggested).where(c.finding == finding)
    return {
        row["example"]: row
        for part in parts(examples)
        for row in _all(db, query.where(c.example.in_(part)))
    }


# ---------------------------------------------------------------- plans


def add_plan(
    db: Connection,
    row: Mapping[str, Any],
    *,
    needs: int | None = None,
    in_full: Callable[[list[int]], Sequence[bool]] | None = None,
    options: Callable[[list[Row]], Sequence[list[int]]] | None = None,
    drawn: Sequence[Mapping[str, Any]] | None = None,
) -> tuple[int, int]:
    """Plan the candidates of ``row["finding"]`` that no plan holds yet, worst first.

    Parameters
    ----------
    needs : how many votes each needs at least; without it, all that are wanted
    in_full : tells which of some examples, in any order, are asked for all their votes
    options : returns the sorted classes to choose from of candidates, each ``example given
        suggested``; without it, what there is follows from the plan's question
    drawn : what chance drew, in the order of asking, to be planned in place of these: each
        ``example given suggested score probability stratum``. What the run did not flag becomes
        a candidate of it; what it flagged with another label than ``suggested`` is asked about
        with this one

    Returns
    -------
    the plan's number, and how many candidates it added
    """
    plan = _inserted(db, t.plans, {**row, "created_at": now()})
    if drawn is None:
        found = _waiting(db, row["finding"], row["budget"], labels=options is not None)
    else:
        found = _as_candidates(db, row["finding"], drawn)
    rows: list[Row] = [
        {
            "plan": plan,
            "candidate": one["id"],
            "example": one["example"],
            "position": position,
            "probability": one.get("probability", 1.0),  # the worst are asked about for certain
            "stratum": one.get("stratum"),
            "suggested": one.get("instead"),
        }
        for position, one in enumerate(found)
    ]
    if options is not None and found:
        listed = options(found)
        rows = [row | {"options": classes} for row, classes in zip(rows, listed, strict=True)]
    if rows:
        db.execute(insert(t.planned), rows)
        _stand(db, plan, row["votes"], row["votes"] if needs is None else needs, in_full)
    return plan, len(rows)


def _waiting(db: Connection, finding: int, budget: int | None, *, labels: bool) -> list[Row]:
    """Return the candidates of a run that no plan holds yet, worst first."""
    c = t.candidates.c
    more = (c.given, c.suggested) if labels else ()  # a million need not be read
    return _all(db, _waiting_for(finding, c.id, c.example, *more).limit(budget))


def waiting(db: Connection, finding: int) -> list[int]:
    """Return the examples that a run flagged and no plan holds yet, worst first."""
    return list(db.scalars(_waiting_for(finding, t.candidates.c.example)))


def _waiting_for(finding: int, *columns: Any) -> Select[Any]:
    c = t.candidates.c
    unplanned = c.example.not_in(select(t.planned.c.example))
    return select(*columns).where(c.finding == finding, _FLAGGED, unplanned).order_by(c.rank)


def _as_candidates(db: Connection, finding: int, drawn: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return what was drawn with the candidates that it is; those that are missing are made.

    Each has ``suggested``, what it is asked about with, and ``instead``: the same where its
    candidate says another, else None.
    """
    c = t.candidates.c
    known = candidates_of(db, finding, [one["example"] for one in drawn])
    last = db.scalar(select(func.max(c.rank)).where(c.finding == finding)) or 0
    new = [one for one in drawn if one["example"] not in known]
    if new:
        told = ("example", "given", "suggested", "score")
        db.execute(
            insert(t.candidates),
            [
                {name: one[name] for name in told}
                | {"finding": finding, "rank": rank, "rules": [], "drawn": True}
                for rank, one in enumerate(new, last + 1)
            ],
        )
        known |= candidates_of(db, finding, [one["example"] for one in new])
    rows = []
    for one in drawn:
        found = known[one["example"]]
        asked = {name: one[name] for name in ("suggested", "probability", "stratum")}
        instead = None if one["suggested"] == found["suggested"] else one["suggested"]
        rows.append(found | asked | {"instead": instead})
    return rows


def _stand(
    db: Connection,
    plan: int,
    votes: int,
    needs: int,
    in_full: Callable[[list[int]], Sequence[bool]] | None,
) -> None:
    """Note down how the examples of a new plan stand."""
    p = t.planned.c
    names = ["example", "place", "full", "votes", "needs"]
    query = select(p.example, p.id, literal(False), literal(0), literal(needs))
    db.execute(insert(t.standing).from_select(names, query.where(p.plan == plan)))
    if in_full is None:
        return
    examples = list(db.scalars(select(p.example).where(p.plan == plan)))
    full = [
        {"one": one} for one, is_full in zip(examples, in_full(examples), strict=True) if is_full
    ]
    if full:
        row = update(t.standing).where(t.standing.c.example == bindparam("one"))
        db.execute(row.values(full=True, needs=votes), full)


def newest_plan(db: Connection, goal: str | None = None) -> Row | None:
    """Return the newest plan, of all or for a goal."""
    query = select(t.plans).order_by(t.plans.c.id.desc())
    return _first(db, query if goal is None else query.where(t.plans.c.goal == goal))


def plans(db: Connection) -> list[Row]:
    """Return every plan, oldest first, with how many candidates it added."""
    added = (
        select(func.count())
        .where(t.planned.c.plan == t.plans.c.id)
        .correlate(t.plans)
        .scalar_subquery()
    )
    return _all(db, select(t.plans, added.label("candidates")).order_by(t.plans.c.id))


def planned(db: Connection, example: int | None = None) -> list[Row]:
    """Return what is planned, in the order of asking, with the labels to ask about.

    Each row has ``example given suggested score rules plan finding rank position probability
    stratum goal votes threshold stopping question extra options full needs`` (stratum: None where
    chance had no part; votes: wanted; options: the sorted
    classes to choose from, None for all; full: asked for all, wherever asking may stop; needs: how
    many more are asked for at least).
    """
    if example is None:
        return _all(db, _PLANNED)
    return [dict(row) for row in db.execute(_PLANNED_ONE, {"one": example}).mappings()]


def planned_of(db: Connection, examples: Sequence[int]) -> dict[int, Row]:
    """Return what `planned` does of some examples, by example; those in no plan are not there."""
    return {
        row["example"]: row
        for part in parts(examples)
        for row in _all(db, _PLANNED.where(t.planned.c.example.in_(part)))
    }


_SUGGESTED = func.coalesce(t.planned.c.suggested, t.candidates.c.suggested).label("suggested")
"""What a planned example is asked about with besides its given label."""


def _planned_rows() -> Select[Any]:
    c, p = t.candidates.c, t.planned.c
    return (
        select(
            *(p.example, c.given, _SUGGESTED, c.score, c.rules, c.finding, c.rank),
            *(p.plan, p.position, p.probability, p.stratum, t.plans.c.goal),
            *(t.plans.c.votes, t.plans.c.threshold),
            *(t.plans.c.stopping, t.plans.c.question, t.plans.c.extra, p.options),
            *(t.standing.c.full, t.standing.c.needs),
        )
        .select_from(t.planned.join(t.candidates).join(t.plans, p.plan == t.plans.c.id))
        .join(t.standing, t.standing.c.example == p.example)
        .order_by(p.id)
    )


_PLANNED = _planned_rows()
_PLANNED_ONE = _PLANNED.where(t.planned.c.example == bindparam("one"))


_PLANNED_LABELS = (
    select(
        *(
            t.planned.c.example,
            t.candidates.c.given,
            _SUGGESTED,
            or_(t.candidates.c.drawn, t.planned.c.suggested.is_not(None)).label("drawn"),
        ),
        *(t.candidates.c.finding, t.plans.c.votes, t.plans.c.threshold, t.plans.c.question),
    )
    .select_from(t.planned.join(t.candidates).join(t.plans, t.planned.c.plan == t.plans.c.id))
    .order_by(t.planned.c.id)
)


def planned_labels(db: Connection) -> list[Row]:
    """Return a part of what `planned` does, in half the time.

    Each row has ``example given suggested drawn finding votes threshold question`` (drawn: by
    chance, and asked about with a label that no flagger suggested).
    """
    return _all(db, _PLANNED_LABELS)


_PLANNED_DRAWS = (
    select(
        *(t.planned.c.example, t.planned.c.plan, t.planned.c.probability, t.planned.c.stratum),
        *(t.plans.c.goal, t.plans.c.votes, t.plans.c.threshold, t.plans.c.stopping),
    )
    .select_from(t.planned.join(t.plans, t.planned.c.plan == t.plans.c.id))
    .order_by(t.planned.c.id)
)


def planned_draws(db: Connection) -> list[Row]:
    """Return a part of what `planned` does, in a fraction of the time: how it came to be planned.

    Each row has ``example plan probability stratum goal votes threshold stopping``.
    """
    return _all(db, _PLANNED_DRAWS)


def planned_examples(db: Connection) -> list[int]:
    """Return the examples that are planned, in the order of asking."""
    return list(db.scalars(select(t.planned.c.example).order_by(t.planned.c.id)))


def suggestions(db: Connection, examples: Sequence[int]) -> dict[int, list[int]]:
    """Return the distinct labels that any run suggested for some examples, in class order.

    Of audits whose examples have one label each; an example that no run suggests any for has none.
    """
    c = t.candidates.c
    found: dict[int, set[int]] = {}
    for part in parts(examples):
        query = select(c.example, c.suggested).where(c.example.in_(part))
        for example, suggested in db.execute(query):
            found.setdefault(example, set()).add(suggested)
    return {example: sorted(labels) for example, labels in found.items()}


def drawn_count(db: Connection) -> int:
    """Return how many examples are planned that chance drew."""
    return db.scalar(select(func.count()).where(t.planned.c.stratum.is_not(None))) or 0


def planned_count(db: Connection) -> int:
    """Return how many examples are planned."""
    return db.scalar(select(func.count()).select_from(t.planned)) or 0


def planned_pairs(db: Connection) -> list[tuple[int, int, int]]:
    """Return each pair of a given and a suggested class that is planned, and how often it is.

    Of audits whose examples have one label each.
    """
    given, suggested = cast(t.candidates.c.given, Text), cast(_SUGGESTED.element, Text)
    query = (
        select(given.label("given"), suggested.label("suggested"), func.count().label("often"))
        .select_from(t.planned.join(t.candidates))
        .group_by(given, suggested)
        .order_by(given, suggested)
    )
    return [(int(row.given), int(row.suggested), row.often) for row in db.execute(query)]


# ---------------------------------------------------------------- releases


def add_release(
    db: Connection, row: Mapping[str, Any], content: Iterable[Mapping[str, Any]]
) -> int:
    """Write down a release and the label of every decided candidate in it."""
    release = _inserted(db, t.releases, {**row, "created_at": now()})
    rows = [{**example, "release": release} for example in content]
    if rows:
        db.execute(insert(t.released), rows)
    return release


def has_release(db: Connection, manifest_sha256: str, path: str) -> bool:
    """Tell whether this release was written down, at this path."""
    known = select(t.releases.c.id).where(
        t.releases.c.manifest_sha256 == manifest_sha256, t.releases.c.path == path
    )
    return _first(db, known) is not None


def namesakes(db: Connection, version: str, *, manifest_sha256: str, path: str) -> tuple[str, ...]:
    """Return the paths of other releases of this version, at other places, oldest first."""
    r = t.releases.c
    others = (r.version == version, r.manifest_sha256 != manifest_sha256, r.path != path)
    query = select(r.path).where(*others).order_by(r.id)
    return tuple(dict.fromkeys(db.scalars(query)))


def releases(db: Connection, examples: Sequence[int]) -> dict[int, list[Row]]:
    """Return for each of some examples every release, oldest first.

    Each row has the example's ``verdict`` and ``corrected`` in it; None where it has none.
    """
    every = _all(db, select(t.releases).order_by(t.releases.c.id))
    r = t.released.c
    told = {
        (row.release, row.example): {"verdict": row.verdict, "corrected": row.corrected}
        for part in (parts(examples) if every else ())
        for row in db.execute(select(t.released).where(r.example.in_(part)))
    }
    nothing = {"verdict": None, "corrected": None}
    return {
        example: [release | told.get((release["id"], example), nothing) for release in every]
        for example in examples
    }


def newest_releases(db: Connection) -> list[Row]:
    """Return every release, the newest first."""
    return _all(db, select(t.releases).order_by(t.releases.c.id.desc()))


# ---------------------------------------------------------------- rows


def _inserted(db: Connection, table: Any, row: Mapping[str, Any]) -> int:
    key = db.execute(insert(table).values(**row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _all(db: Connection, query: Any) -> list[Row]:
    found = db.execute(query)
    names = tuple(found.keys())
    # not `dict` of each mapping, which takes twice as long
    return [dict(zip(names, row, strict=True)) for row in found]


def parts(examples: Sequence[int]) -> list[Sequence[int]]:
    """Return examples in parts that one question to a database can name."""
    return [examples[begin : begin + _PART] for begin in range(0, len(examples), _PART)]


def _first(db: Connection, query: Any) -> Row | None:
    row = db.execute(query.limit(1)).mappings().first()
    return None if row is None else dict(row)
