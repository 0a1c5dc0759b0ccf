"""The data files of an audit's pages: scripts that hand a value to the page that loads them.

A page that was opened from a file may load scripts and pictures from beside it, and nothing else;
so each file is one call, ``errata.put("NAME", VALUE)``, and a value is JSON. Rows are cut into
chunks, which pages load when they come into sight.

=================  =================================================================================
``audit``          what the audit is, and what its pages begin with
``index``          a column for each thing that rows are filtered and sorted by
``rows-0000``      what cards show, 200 rows each
``more-0000``      what the page of an example shows besides, of the same rows
``search-0000``    ids and texts to look for words in, 5,000 rows each
``exemplars``      examples of each class that occurs among the rows
``confusion``      pairs of labels, and how many labels of each class are wrong
``benchmark``      what models have right before and after
=================  =================================================================================
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from errata.core.consensus import CORRECTABLE, VOTED
from errata.errors import NameUnknownError
from errata.labels import Label, named
from errata.site.context import SHOWN_VERDICTS, SiteContext
from errata.site.pictures import Exhibit, Exhibits

CHUNK, SEARCHED = 200, 5000
"""Rows a chunk: of cards, and of the text search."""

SEARCHED_TEXT = 1000
"""Characters of a text that are looked through."""

STRIKING = 4
"""So many examples stand for an audit where there is room for no more."""

_KEPT_CHUNKS = 4
"""What is shown of so many chunks is held: their rows, their texts and their pictures follow one
upon the other."""


class Data:
    """The data files of one audit.

    Parameters
    ----------
    context : the audit
    slug : what its folder is called
    others : the name and the folder of each audit that has pages beside it
    """

    def __init__(
        self, context: SiteContext, slug: str, others: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.context = context
        self.slug = slug
        self._others = others
        self.exhibits = None if context.media is None else Exhibits(context.media, context.cache)
        self._shown = lru_cache(_KEPT_CHUNKS)(self._shown_anew)
        self._votes = _coded(context.cast)
        self._place = {example: row for row, example in enumerate(context.examples.tolist())}

    def names(self) -> Iterator[str]:
        """Yield the names of the files."""
        yield from ("audit", "index", "confusion")
        yield from (name for name in ("benchmark", "exemplars") if self._has(name))
        yield from (f"search-{part:04d}" for part in range(_parts(self.context.rows, SEARCHED)))
        for part in range(self.chunks):
            yield f"rows-{part:04d}"
            yield f"more-{part:04d}"

    def value(self, name: str) -> object:
        """Return what a file hands over.

        Raises
        ------
        NameUnknownError
            There is no such file.
        """
        kind, _, number = name.partition("-")
        chunked: dict[str, tuple[int, Callable[[int], object]]] = {
            "rows": (CHUNK, self._rows),
            "more": (CHUNK, self._more),
            "search": (SEARCHED, self._search),
        }
        if kind in chunked and number.isdecimal():
            size, make = chunked[kind]
            if int(number) < _parts(self.context.rows, size):
                return make(int(number))
        whole: dict[str, Callable[[], object]] = {
            "audit": self.audit,
            "index": self._index,
            "confusion": self._confusion,
            "benchmark": lambda: self.context.benchmark,
            "exemplars": self._exemplars,
        }
        if name not in whole or not self._has(name):
            raise NameUnknownError(f"There is no data file {name} in the site of this audit.")
        return whole[name]()

    @property
    def chunks(self) -> int:
        """How many chunks of rows there are."""
        return _parts(self.context.rows, CHUNK)

    def files(self, chunk: int) -> list[str]:
        """Return the names of the pictures and sounds of a chunk."""
        return [file for shown in self._shown(chunk) for file in shown.files]

    def exemplar_files(self) -> list[str]:
        """Return the names of the pictures and sounds of the exemplars."""
        return [
            one[side]
            for shown in self._exemplars().values()
            for one in shown
            for side in ("src", "full")
            if side in one
        ]

    def _has(self, name: str) -> bool:
        c = self.context
        if name == "exemplars":
            return self.exhibits is not None
        return name != "benchmark" or c.benchmark is not None

    # ------------------------------------------------------------ the audit

    def audit(self) -> dict[str, Any]:
        """Return what the audit is: the value of ``audit``."""
        c = self.context
        return {
            "name": c.name,
            "slug": self.slug,
            "n": c.n,
            "kind": c.kind,
            "multilabel": c.multilabel,
            "choice": c.choice,
            "classes": list(c.classes),
            "thresholds": list(c.thresholds),
            "threshold": c.threshold,
            "votes": c.votes,
            "planned": c.planned,
            "verdicts": list(SHOWN_VERDICTS),
            "answers": list(VOTED),
            "candidates": c.candidates,
            "rows": c.rows,
            "chunk": CHUNK,
            "search": {"chunk": SEARCHED, "parts": _parts(c.rows, SEARCHED)},
            "score": {"name": c.score, "words": c.order},
            "table1": c.figures,
            "counts": [list(counts) for counts in c.counts],
            "rate": c.rate,
            "notices": list(c.notices),
            "striking": self._striking(),
            "release": c.release,
            "report": None if c.report_to is None else {"to": c.report_to},
            "others": [{"name": name, "href": f"../{slug}/"} for name, slug in self._others],
            "made": {"errata": c.errata},
            "has": {"benchmark": c.benchmark is not None, "media": c.kind is not None},
        }

    def entry(self) -> dict[str, Any]:
        """Return what the list of several audits says of this one."""
        told = self.audit()
        return {name: told[name] for name in ("name", "threshold", "table1", "rate", "made")} | {
            "href": f"{self.slug}/index.html",
            "sample": [self._sample(row) for row in self._striking()],
        }

    def _sample(self, row: int) -> dict[str, Any]:
        c = self.context
        facts = self._row(row, self._shown(row // CHUNK)[row % CHUNK])
        moved = {side: f"{self.slug}/{facts[side]}" for side in ("src", "full") if side in facts}
        right = facts["corrected"][self._own_threshold]  # reviewers may agree on a third label
        labels = {
            "given": named(c.given[row], c.classes),
            "suggested": named(tuple(right) if isinstance(right, list) else right, c.classes),
        }
        return facts | moved | labels

    @property
    def _own_threshold(self) -> int:
        """Return the place of the audit's threshold among all."""
        c = self.context
        return list(c.thresholds).index(c.threshold) if c.threshold in c.thresholds else 0

    def _striking(self) -> list[int]:
        """Return rows that were corrected by most votes, each of another pair of labels."""
        c = self.context
        corrected = c.codes == CORRECTABLE
        rows = np.flatnonzero(corrected[self._own_threshold])
        rows = rows[np.argsort(-corrected[:, rows].sum(axis=0), kind="stable")].tolist()
        first = {(c.given[row], c.suggested[row]): row for row in reversed(rows)}
        other = [row for row in rows if row not in first.values()]
        chosen = [row for row in rows if row in first.values()]
        return [*chosen, *other][:STRIKING]

    # ------------------------------------------------------------ rows

    def _index(self) -> dict[str, Any]:
        c = self.context
        kinds, of = self._votes
        return {
            "row": c.examples.tolist(),
            "given": [_plain(label) for label in c.given],
            "suggested": [_plain(label) for label in c.suggested],
            "v": c.codes.tolist(),
            "votes": {"kinds": [list(kind) for kind in kinds], "of": of},
            "score": "rank",
            "disagreement": [round(share, 3) for share in c.differ],
        }

    def _span(self, part: int, size: int) -> range:
        return range(part * size, min((part + 1) * size, self.context.rows))

    def _shown_anew(self, chunk: int) -> list[Exhibit]:
        span = self._span(chunk, CHUNK)
        if self.exhibits is None:
            return [Exhibit({})] * len(span)
        return self.exhibits.all(self.context.examples[span.start : span.stop].tolist())

    def _rows(self, chunk: int) -> list[dict[str, Any]]:
        span, shown = self._span(chunk, CHUNK), self._shown(chunk)
        return [self._row(row, one) for row, one in zip(span, shown, strict=True)]

    def _row(self, row: int, shown: Exhibit) -> dict[str, Any]:
        c = self.context
        example = int(c.examples[row])
        facts: dict[str, Any] = {"id": c.id_of(example), **shown.facts}
        corrected = [_plain(labels.get(row)) for labels in c.corrected]
        if any(label is not None for label in corrected):
            facts["corrected"] = corrected
        if c.link is not None:
            facts["link"] = self._link(row)
        return facts

    def _link(self, row: int) -> str:
        c = self.context
        assert c.link is not None, "asked for where there is one"
        return c.link(int(c.examples[row]), named(c.given[row], c.classes))

    def _search(self, part: int) -> list[str]:
        rows = self._span(part, SEARCHED)
        ids = [self.context.id_of(example) for example in self._examples(rows)]
        if self.context.kind != "texts":
            return [id_.lower() for id_ in ids]
        assert self.exhibits is not None, "texts are shown"
        texts = [shown.text[:SEARCHED_TEXT] for shown in self.exhibits.all(self._examples(rows))]
        return [
            " ".join(f"{id_} {text}".lower().split()) for id_, text in zip(ids, texts, strict=True)
        ]

    def _examples(self, rows: range) -> list[int]:
        found: list[int] = self.context.examples[rows.start : rows.stop].tolist()
        return found

    def _more(self, chunk: int) -> list[dict[str, Any]]:
        c = self.context
        span = self._span(chunk, CHUNK)
        told, shown = c.told(self._examples(span)), self._shown(chunk)
        found = []
        for row, one, exhibit in zip(span, told, shown, strict=True):
            more: dict[str, Any] = {"history": [list(line) for line in one.history]}
            if one.confidence is not None:
                more["confidence"] = float(f"{one.confidence:.3g}")
            if exhibit.text:
                more["text"] = exhibit.text
            if c.answers:
                example = int(c.examples[row])
                more["models"] = [[name, int(best[example])] for name, best in c.answers.items()]
            found.append(more)
        return found

    def example(self, number: int) -> dict[str, Any]:
        """Return everything about one example under names: its JSON file.

        Raises
        ------
        NameUnknownError
            No row is about it.
        """
        return self.all_of(self.row_of(number))

    def row_of(self, number: int) -> int:
        """Return the row of an example.

        Raises
        ------
        NameUnknownError
            It has none.
        """
        if number not in self._place:
            raise NameUnknownError(f"Nothing is told of example {number} in this site.")
        return self._place[number]

    def all_of(self, row: int) -> dict[str, Any]:
        """Return everything about a row under names."""
        c = self.context
        example = int(c.examples[row])
        at = [str(threshold) for threshold in c.thresholds]
        verdicts = [None if code < 0 else SHOWN_VERDICTS[code] for code in c.codes[:, row].tolist()]
        corrected = [self._name(labels.get(row)) for labels in c.corrected]
        return {
            "audit": c.name,
            "id": c.id_of(example),
            "index": example,
            "given": self._name(c.given[row]),
            "suggested": self._name(c.suggested[row]),
            "rank": row + 1,
            "votes": _counted(c.cast[row]),
            "verdicts": dict(zip(at, verdicts, strict=True)),
            "corrected": dict(zip(at, corrected, strict=True)),
            "release": None if c.release is None else c.release["version"],
        } | ({} if c.link is None else {"original": self._link(row)})

    def _name(self, label: Label | None) -> str | list[str] | None:
        if label is None:
            return None
        names = self.context.classes
        return names[label] if isinstance(label, int) else [names[one] for one in label]

    # ------------------------------------------------------------ classes

    def _exemplars(self) -> dict[str, list[dict[str, Any]]]:
        c = self.context
        assert self.exhibits is not None, "asked for where there are any"
        both = (*c.given, *c.suggested)
        labels = {label for one in both for label in ((one,) if isinstance(one, int) else one)}
        found = {}
        for label in sorted(labels):
            examples = c.exemplars(label)
            shown = [
                {"id": c.id_of(example), **exhibit.facts}
                for example, exhibit in zip(examples, self.exhibits.all(examples), strict=True)
            ]
            rows = [self._place.get(example) for example in examples]
            found[str(label)] = [
                facts if row is None else facts | {"row": row}
                for facts, row in zip(shown, rows, strict=True)
            ]
        return found

    def _confusion(self) -> dict[str, Any]:
        c = self.context
        pairs: list[list[Any]] = []
        if not c.multilabel:  # sets of labels hardly ever meet in the same two
            count = Counter(zip(c.given, c.suggested, strict=True))
            corrected = [
                Counter((c.given[row], label) for row, label in labels.items())
                for labels in c.corrected
            ]
            # a pair is also what only reviewers made: a class that nothing suggested
            each = dict.fromkeys(pair for some in (count, *corrected) for pair in some)
            pairs = [
                [*pair, count[pair], [some[pair] for some in corrected]]
                for pair in sorted(each, key=lambda pair: -count[pair])
            ]
        words = (
            "The share of the checked labels of a class that reviewers did not confirm, with "
            "Wilson's 95 % interval. Only candidates were checked, so it says nothing of the "
            "others of the class."
        )
        return {"pairs": pairs, "classes": [list(row) for row in c.wrong], "words": words}


def script(name: str, value: object) -> bytes:
    r"""Return the data file that hands a value over.

    Examples
    --------
    >>> script("pair", {"given": "猫", "n": 2})
    b'errata.put("pair", {"given":"\xe7\x8c\xab","n":2});\n'
    """
    return f'errata.put("{name}", {_json(value)});\n'.encode("utf-8", "replace")


def document(value: object) -> bytes:
    """Return a JSON file, for programs and for curious people."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(
        "utf-8", "replace"
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _parts(rows: int, size: int) -> int:
    return -(-rows // size)


def _plain(label: Label | None) -> int | list[int] | None:
    return list(label) if isinstance(label, tuple) else label


def _counted(votes: Sequence[Any]) -> dict[str, int]:
    """Return votes by answer, or by what was chosen, most votes first.

    Examples
    --------
    >>> _counted((4, 1, 0, 0, 0)), _counted((("cat", 4), ("dog", 1)))
    ({'given': 4, 'suggested': 1, 'both': 0, 'neither': 0, 'other': 0}, {'cat': 4, 'dog': 1})
    """
    if votes and isinstance(votes[0], int):
        return dict(zip(VOTED, votes, strict=True))
    return dict(votes)


def _coded(rows: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """Return the distinct values of a column, and which of them each row has.

    Examples
    --------
    >>> _coded([(4, 1), (5, 0), (4, 1)])
    ([(4, 1), (5, 0)], [0, 1, 0])
    """
    kinds: dict[Any, int] = {}
    of = [kinds.setdefault(row, len(kinds)) for row in rows]
    return list(kinds), of
