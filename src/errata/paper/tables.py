"""Tables 1, 2, S1 and S2, recomputed, with the paper's figure beside each of ours.

Every row is a mapping of our figures, with the paper's under ``"paper"`` as they are printed.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import errata
from errata.paper import printed
from errata.paper.benchmark import Benchmark, platform_of, short_name
from errata.paper.cells import Ledger, Source, count, decimals
from errata.paper.published import SOURCES, Key, Pack

Row = dict[str, Any]

TITLES: Mapping[str, str] = {source.key: source.title for source in SOURCES.values()} | {
    printed.FIRST_SAMPLE: "Caltech-256, first sample of 400"
}
"""What a row of tables 1 and 2 is called."""

_NO_PROBS = (
    "The probabilities are not in the pack, and the candidates that were published are a sample"
)
_FIRST = (
    "The 400 candidates of the first sample were not published, and 2,360 of a later check were"
)
_MNIST = (
    "Confident learning estimates 15 errors; the study had the 100 lowest margins checked, which "
    "`errata.find(..., count=100)` flags, all 100 the same"
)


@dataclass(frozen=True)
class Guessed:
    """How many labels of a set confident learning guesses to be wrong, and how that is known."""

    number: int | None
    why: str
    same_candidates: bool | None = None
    """Whether the flagged examples are just those that were published."""


def guessed(pack: Pack, key: Key, candidates: int) -> Guessed:
    """Return how many labels of a set are guessed to be wrong.

    Computed from the probabilities where they are published, else the number of candidates.
    """
    if SOURCES[key].probs is None:
        if SOURCES[key].labels is None:
            return Guessed(None, _NO_PROBS)
        return Guessed(candidates, "the number of published candidates")
    with warnings.catch_warnings():
        # MNIST's model is so good that its probabilities look in-sample; IMDB's exceed 1 by 1e-5
        warnings.simplefilter("ignore", errata.ErrataWarning)
        found = errata.find(pack.labels(key), pack.probs(key))
        if len(found) != candidates:
            found = errata.find(pack.labels(key), pack.probs(key), count=candidates)
    same = set(found.indices.tolist()) == set(pack.votes(key).rows.tolist())
    return Guessed(found.estimated_errors, "computed from the probabilities", same)


def table1(pack: Pack, ledger: Ledger, *, step: Callable[[], None]) -> list[Row]:
    """Return table 1: how many labels of each set were guessed, checked and found to be wrong.

    Parameters
    ----------
    ledger : takes every cell
    step : called after each set
    """
    rows = []
    for line in printed.table("table1"):
        rows.append(
            _first_sample1(line) if line["set"] == printed.FIRST_SAMPLE else _row1(pack, line)
        )
        row = rows[-1]
        shown = {
            "size": count(row["size"]),
            "guessed": count(row["guessed"]),
            "checked": count(row["checked"]),
            "validated": count(row["validated"]),
            "estimated": count(row["estimated"]),
            "percent": decimals(row["percent"]),
        }
        ledger.row(
            "table 1",
            row["name"],
            paper=row["paper"],
            ours=shown,
            source="first version" if row["set"] == printed.FIRST_SAMPLE else "print",
            why=row.pop("why"),
        )
        step()
    return rows


def _printed1(line: Mapping[str, str]) -> dict[str, str]:
    whole = ("size", "guessed", "checked", "validated", "estimated")
    figures = {column: count(int(line[column])) or "" if line[column] else "" for column in whole}
    return figures | {"percent": line["percent"]}


def _row1(pack: Pack, line: Mapping[str, str]) -> Row:
    key: Key = SOURCES[line["set"]].key  # type: ignore[index]  # a row of ours, by its key
    source = SOURCES[key]
    verdicts = pack.audioset.counts() if key == "audioset" else pack.votes(key).counts()
    checked = sum(verdicts.values())
    errors = checked - verdicts["non_error"]
    guess = guessed(pack, key, checked)
    why = {}
    sampled = source.labels is None
    if sampled:
        # the printed number of guesses stands in for the one that cannot be computed
        population = int(line["guessed"])
        low, high = errata.sampled_errors(errors, checked, population)
        estimated: int | None = errors * population // checked
        interval = [low, high]
        why = {"guessed": guess.why, "size": "The labels are not in the pack"}
    else:
        estimated, interval = None, None
    if key == "mnist":
        why["guessed"] = _MNIST
    size = None if sampled else _size(pack, key)
    of = source.size
    return {
        "set": key,
        "name": source.title,
        "modality": source.modality,
        "model": line["model"],
        "size": size,
        "guessed": guess.number,
        "guessed_from": guess.why,
        "same_candidates": guess.same_candidates,
        "checked": checked,
        "validated": errors,
        "estimated": estimated,
        "percent": 100 * (errors if estimated is None else estimated) / of,
        "percent_95": interval and [100 * bound / of for bound in interval],
        "paper": _printed1(line),
        "why": why,
    }


def _size(pack: Pack, key: Key) -> int:
    return len(pack.index(key)) if key == "audioset" else len(pack.labels(key))


def _first_sample1(line: Mapping[str, str]) -> Row:
    """Return the row of Caltech-256's first sample: an estimate from the printed counts."""
    found, checked, population = (int(line[c]) for c in ("validated", "checked", "guessed"))
    of = int(line["size"])
    low, high = errata.sampled_errors(found, checked, population)
    estimated = found * population // checked  # rounded down, as the paper does
    return {
        "set": line["set"],
        "name": TITLES[line["set"]],
        "modality": "image",
        "model": line["model"],
        "size": None,
        "guessed": None,
        "guessed_from": "not published",
        "same_candidates": None,
        "checked": None,
        "validated": None,
        "estimated": estimated,
        "percent": 100 * estimated / of,
        "percent_95": [100 * low / of, 100 * high / of],
        "paper": _printed1(line),
        "why": dict.fromkeys(("size", "guessed", "checked", "validated"), _FIRST),
    }


COLUMNS2 = (
    *("checked", "non_error", "error"),
    *("non_agreement", "correctable", "multi_label", "neither"),
)
"""The columns of table 2."""


def table2(pack: Pack, ledger: Ledger) -> list[Row]:
    """Return table 2: what the votes on the candidates of each set come to."""
    rows = []
    for line in printed.table("table2"):
        first = line["set"] == printed.FIRST_SAMPLE
        counts = dict.fromkeys(COLUMNS2) if first else _counts2(pack, line["set"])
        paper = {
            column: count(int(line[column])) or "" if line[column] else "" for column in COLUMNS2
        }
        row = {"set": line["set"], "name": TITLES[line["set"]], **counts, "paper": paper}
        rows.append(row)
        ledger.row(
            "table 2",
            str(row["name"]),
            paper=paper,
            ours={column: count(counts[column]) for column in COLUMNS2},
            source="first version" if first else "print",
            why=dict.fromkeys(COLUMNS2, _FIRST) if first else None,
        )
    return rows


def _counts2(pack: Pack, name: str) -> dict[str, int | None]:
    if name == "audioset":
        sets = pack.audioset.counts()
        rest = dict.fromkeys(COLUMNS2[3:])  # the paper sorts errors of label sets no further
        return {"checked": sum(sets.values()), **sets, **rest}
    source = next(source for source in SOURCES.values() if source.key == name)
    published = pack.votes(source.key)
    counts = published.counts()
    checked = sum(counts.values())
    found: dict[str, int | None] = {
        "checked": checked,
        "error": checked - counts["non_error"],
        **counts,
    }
    for place, verdict in ((2, "multi_label"), (3, "neither")):
        if not published.votes[:, place].any() and not _asked(pack, source.key, place):
            found[verdict] = None
    return {column: found[column] for column in COLUMNS2}


def _asked(pack: Pack, key: Key, place: int) -> bool:
    """Return whether the workers were offered an answer at all."""
    return errata.ANSWERS[place] in pack.items(key)[0]["mturk"]


SCORES = ("acc@1", "cacc@1", "acc@5", "cacc@5")
RANKS = ("rank@1", "crank@1", "rank@5", "crank@5")


def models_table(benchmark: Benchmark, name: str, ledger: Ledger, *, source: Source) -> list[Row]:
    """Return table S1 or S2: accuracies in percent and ranks of every model on C, at 3 votes.

    Parameters
    ----------
    name : ``"table_s1"`` or ``"table_s2"``
    source : where the paper's figures are known from
    """
    paper = {line.pop("model"): line for line in printed.table(name)}
    found = benchmark.at(3).table("C")
    rows = []
    for row in found:
        model = row["model"]
        ours = {column: decimals(row[column]) for column in SCORES}
        ours |= {column: str(row[column]) for column in RANKS}
        ties = {c: sum(other[c] == row[c] for other in found) for c in RANKS}
        ledger.row(
            name.replace("_", " "),
            model,
            paper=paper[model],
            ours=ours,
            source=source,
            tied=ties,
        )
        rows.append(
            {
                "model": model,
                "platform": platform_of(model),
                "name": short_name(model),
                **{column: row[column] for column in (*SCORES, *RANKS)},
                "paper": paper[model],
            }
        )
    return rows
