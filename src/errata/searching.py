"""One search for label errors: the passes over the probabilities, in bounded memory.

The first pass reads everything once: it checks each row and notes p(given), the
most probable class and its probability, some six to twelve bytes an example. The next ones look
again only at examples that these do not settle: whose most probable class misses its threshold,
or that may be among the leaders of a pair of classes. What is noted lies in memory while that is
little, else in a mapped file.

Knows sources, engines and the arithmetic of `core`; what users hand in is for `errata.finding`.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import pairwise
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float, Int, Integer, UInt8

from errata import arrays
from errata.core import joint as joints
from errata.core import ranking, selection
from errata.core.joint import PairCounts
from errata.core.ranking import Examples, RowStats, Score
from errata.core.rows import NONE, DenseRows, Rows, TopRows
from errata.core.selection import LeaderSearch, Pairs, Rule
from errata.core.streams import Entries, Lowest, joined
from errata.core.thresholds import ClassSums, add_sums, class_sums, mean_self_confidence
from errata.engine.base import Engine, Progress
from errata.engine.local import LocalEngine
from errata.engine.partial import Partial
from errata.sources.average import Average
from errata.sources.base import Source
from errata.sources.dense import Dense

Compat = Literal["cleanlab"]
Result = TypeVar("Result")

MOST = 1 + 2 * arrays.SUM_TOLERANCE
"""What the probabilities of an example sum to, at most; twice the tolerance, for rounding."""

_BLOCK_BYTES = 2**24
"""What is read in one go, of a part that is larger."""

VIEW_BYTES = 2**26
"""What is looked at in one go where nothing need be read: there only the notes take memory."""

_SLAB_ROWS = 2**18
"""Examples whose notes are gone through in one go; fewer where these are all."""

_FEWEST_ROWS = 2**16
"""And so many at least: with less a thread's own work shows."""

_SAMPLE_ROWS = 2**16
"""Of so many examples the lowest are sought to tell about where the lowest of all lie."""

_NOTHING = np.empty(0, np.int64)

_ENOUGH_BYTES = 2**30
"""Reading ends at the first fault once so much has been read: who waits hours for a message?"""


def columns_of(source: Source, *, normalize: bool) -> dict[str, np.dtype[Any]]:
    """Return what the first pass notes of each example, with the type of each column."""
    floats = np.dtype(np.float32) if normalize and source.dtype.itemsize < 4 else source.dtype
    top = np.min_scalar_type(source.n_classes - 1)
    return {"self_confidence": floats, "top": top, "top_confidence": floats}


# ---------------------------------------------------------------- what is done to a part


@dataclass(frozen=True)
class Part:
    """Consecutive examples that are read in one go."""

    start: int
    stop: int
    given: Integer[np.ndarray, "rows"]


@dataclass(frozen=True)
class Sight:
    """What the first look tells of a part; no statistics where its rows cannot be used."""

    faults: arrays.RowFaults
    stats: RowStats | None
    unlisted: int = 0  # how many given labels are not among the best few that are known
    beyond: float = 0.0  # and how probable the most probable of these can be


@dataclass(frozen=True)
class FirstLook:
    """Check the rows of a part, and read off p(given), the most probable class, its probability."""

    source: Source
    normalize: bool

    def __call__(self, part: Part) -> Sight:
        """Look at one part, block by block."""
        at_once = _rows_at_once(self.source, wide=self.normalize)
        sights = []
        for start, rows in self._blocks(part.start, part.stop, at_once):
            begin = start - part.start
            given = part.given[begin : begin + len(rows)].astype(np.int64)
            sights.append(self._block(start, rows, given))
        stats = [sight.stats for sight in sights if sight.stats is not None]
        return Sight(
            reduce(arrays.merge_faults, (sight.faults for sight in sights)),
            ranking.concatenate_stats(stats) if len(stats) == len(sights) else None,
            sum(sight.unlisted for sight in sights),
            max(sight.beyond for sight in sights),
        )

    def _blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, Rows]]:
        if isinstance(self.source, Average):
            usable = partial(usable_rows, normalize=self.normalize)
            return self.source.blocks_checked(start, stop, rows, usable)
        return self.source.blocks(start, stop, rows)

    def _block(self, start: int, rows: Rows, given: Int[np.ndarray, "rows"]) -> Sight:
        few = isinstance(rows, TopRows)
        table = rows.table
        top, confidence, sums = arrays.largest(table)
        faults = arrays.check_rows(table, start, sums=sums, partial=few)
        if arrays.unusable(faults, normalize=self.normalize):
            return Sight(faults, None)
        if sums is None:  # a negative zero
            rows = rows.absolute()
        if self.normalize:
            rows = scaled(rows, self.source)
        known = None if few or self.normalize or sums is None else (top, confidence)
        stats = ranking.row_stats(given, rows, best=known)
        top = stats.top.astype(np.min_scalar_type(self.source.n_classes - 1))  # it may travel far
        stats = replace(stats, top=top)
        if not isinstance(rows, TopRows):
            return Sight(faults, stats)
        beyond = np.where(rows.lacks(given), rows.beyond(MOST), 0)
        return Sight(faults, stats, int(np.count_nonzero(beyond)), float(beyond.max()))


def usable_rows(table: Float[np.ndarray, "rows _columns"], *, normalize: bool) -> bool:
    """Tell whether all rows of a table can be used."""
    faults = arrays.check_rows(table, 0, sums=arrays.largest(table)[2])
    return not arrays.unusable(faults, normalize=normalize)


def scaled(rows: Rows, source: Source) -> Rows:
    """Return rows divided by their sums; an average has divided those of its models itself."""
    return rows if isinstance(source, Average) else rows.normalized()


def _rows_at_once(source: Source, *, wide: bool) -> int:
    """Return the rows of a block; fewer where they are made float64, several times over."""
    if wide:
        return max(1, _BLOCK_BYTES // 8 // source.row_bytes)
    return max(1, (_BLOCK_BYTES if whole(source) is None else VIEW_BYTES) // source.row_bytes)


Ask = Callable[[Rows, Int[np.ndarray, "some"], Examples], Result]
"""What is asked of rows: of which, and what is known of them already."""


@dataclass(frozen=True)
class SecondLook(Generic[Result]):
    """Ask something of the probabilities of some examples of one part."""

    source: Source
    normalize: bool
    ask: Ask[Result]

    def __call__(self, examples: Examples) -> list[Result]:
        """Return the answers, of consecutive runs of the examples."""
        rows = whole(self.source)
        if rows is not None:
            return [self._answer(rows, examples.index, examples)]
        first, last = int(examples.index[0]), int(examples.index[-1])
        at_once = _rows_at_once(self.source, wide=self.normalize or self.ask is ask_entropy)
        answers = []
        for start, rows in self.source.blocks(first, last + 1, at_once):
            begin, end = np.searchsorted(examples.index, [start, start + len(rows)])
            if begin < end:
                some = examples.where(slice(begin, end))
                answers.append(self._answer(rows, some.index - start, some))
        return answers

    def _answer(self, rows: Rows, place: Int[np.ndarray, "some"], examples: Examples) -> Result:
        if self.normalize:
            some = scaled(rows.where(place).absolute(), self.source)
            return self.ask(some, np.arange(len(examples)), examples)
        return self.ask(rows, place, examples)


@dataclass(frozen=True)
class AskEstimate:
    """Ask for the confident estimate, and in how many cases it could be a class not listed.

    The most probable class does not reach its bar, so no other has more than half of the whole,
    and only those with a bar as low need a look.
    """

    bars: Float[np.ndarray, "classes"]
    columns: Int[np.ndarray, "columns"]
    cleanlab: bool

    def __call__(
        self, rows: Rows, place: Int[np.ndarray, "some"], examples: Examples
    ) -> tuple[Int[np.ndarray, "some"], int]:
        """Return the estimates, and that number."""
        doubtful = 0
        if isinstance(rows, DenseRows):
            low = rows.columns(place, self.columns).absolute()
            found, several = low.estimates(self.bars[self.columns])
            estimate = np.append(self.columns, NONE)[found]
        else:
            rows = rows.where(place).absolute()
            estimate, several = rows.estimates(self.bars)
            if isinstance(rows, TopRows):
                doubtful = int(np.count_nonzero(rows.doubtful(self.bars, MOST)))
        if self.cleanlab:  # the most probable of all where several classes collide
            estimate = np.where(several, examples.stats.top, estimate)
        return estimate, doubtful


@dataclass(frozen=True)
class AskLeads:
    """Ask where examples may lead a pair of classes."""

    search: LeaderSearch

    def __call__(self, rows: Rows, place: Int[np.ndarray, "some"], examples: Examples) -> Entries:
        """Return the leads."""
        return self.search.leads(rows, place, examples, MOST)


def ask_other(
    rows: Rows, place: Int[np.ndarray, "some"], examples: Examples
) -> tuple[Int[np.ndarray, "some"], Float[np.ndarray, "some"]]:
    """Ask for the most probable class but the given one."""
    return rows.where(place).absolute().others(examples.given)


def ask_entropy(
    rows: Rows,
    place: Int[np.ndarray, "some"],
    examples: Examples,  # noqa: ARG001
) -> Float[np.ndarray, "some"]:
    """Ask for the entropy."""
    return rows.where(place).entropy()


# ---------------------------------------------------------------- the search


@dataclass(frozen=True)
class Tally:
    """What the first pass tells of the set as a whole."""

    sums: ClassSums
    wrong: int  # examples with a more probable class than the given one
    agree: int  # examples whose prediction, the lowest of the most probable classes, is the given
    predicted: Int[np.ndarray, "classes"]  # how many examples each class is predicted for

    def plus(self, other: "Tally") -> "Tally":
        """Return what is told of both sets of examples together."""
        return Tally(
            add_sums(self.sums, other.sums),
            self.wrong + other.wrong,
            self.agree + other.agree,
            self.predicted + other.predicted,
        )


@dataclass(frozen=True)
class Flagged:
    """The flagged examples, in the order of their numbers."""

    examples: Examples
    suggested: Int[np.ndarray, "flagged"]
    scores: Float[np.ndarray, "flagged"]
    codes: UInt8[np.ndarray, "flagged"]  # the rules that flag each, see `selection.codes_of`


@dataclass(frozen=True)
class Seen:
    """What is known of every example."""

    codes: UInt8[np.ndarray, "n"]  # the rules that flag each, see `selection.codes_of`
    self_confidence: Float[np.ndarray, "n"]
    margin: Float[np.ndarray, "n"]
    tie: Int[np.ndarray, "n"]


@dataclass(eq=False)
class Search:
    """One search, pass by pass.

    Attributes
    ----------
    given : labels in any integer type, maybe mapped, ``(n,)``
    tie : places among equals; without them, the row numbers
    notes : what is known of each example, with the columns of `columns_of`
    edges : where the parts begin, and n
    """

    source: Source
    given: Integer[np.ndarray, "n"]
    tie: Int[np.ndarray, "n"] | None
    compat: Compat | None
    normalize: bool
    engine: Engine
    local: LocalEngine
    notes: Partial
    edges: Int[np.ndarray, "_edges"]
    progress: Progress | None

    # ------------------------------------------------------------ the notes

    def __post_init__(self) -> None:
        n = self.source.n
        wanted = np.arange(0, n, max(_FEWEST_ROWS, min(_SLAB_ROWS, n // 4)))[1:]
        cuts = np.unique(self.edges[np.searchsorted(self.edges, wanted)])
        ends = [0, *cuts[cuts < n].tolist(), n]
        self._slabs = [slice(a, b) for a, b in pairwise(ends)]
        """Runs of parts whose notes are gone through in one go."""
        self._estimate = self.notes.array(
            "estimate", np.dtype(np.min_scalar_type(-self.source.n_classes))
        )
        self._bound = self.notes.array("bound", np.dtype(np.float32))
        """By how much each example can lead; rounded, which the search for leaders allows for."""
        self._codes = self.notes.array("codes", np.dtype(np.uint8))
        """The rules that flag each example, see `selection.codes_of`."""

    def _stats(self, rows: slice) -> RowStats:
        column = self.notes.columns
        return RowStats(
            column["self_confidence"][rows], column["top"][rows], column["top_confidence"][rows]
        )

    def _labels(self, rows: slice) -> Int[np.ndarray, "rows"]:
        return self.given[rows].astype(np.int64, copy=False)

    def _ties(self, index: Int[np.ndarray, "some"]) -> Int[np.ndarray, "some"]:
        return index if self.tie is None else self.tie[index]

    def _examples(self, slab: slice, rows: Int[np.ndarray, "some"]) -> Examples:
        """Return some examples of a slab, by their places in it."""
        index = rows + slab.start
        return Examples(
            index, self._labels(slab)[rows], self._ties(index), self._stats(slab).where(rows)
        )

    def _report(self, done: int) -> None:
        if self.progress:
            self.progress(done, self.source.n)

    def _look(
        self,
        ask: Ask[Result],
        choose: Callable[[slice], Int[np.ndarray, "_some"]],
        slabs: Sequence[slice] | None = None,
    ) -> Iterator[tuple[Examples, list[Result]]]:
        """Ask something of the examples that are chosen from each slab (of all), part by part."""
        asked: deque[Examples] = deque()

        def chosen(slab: slice) -> Examples:
            return self._examples(slab, choose(slab))

        def tasks() -> Iterator[Examples]:
            for examples in self.local.map(chosen, self._slabs if slabs is None else slabs):
                if len(examples):
                    for begin, end in pairwise(self._cuts(examples.index)):
                        asked.append(examples.where(slice(begin, end)))
                        yield asked[-1]

        look = SecondLook(self.source, self.normalize, ask)
        done = self.source.n
        for answers in self.engine.map(look, tasks()):
            examples = asked.popleft()
            yield examples, answers
            done = int(examples.index[-1]) + 1
            self._report(done)
        if done < self.source.n:
            self._report(self.source.n)

    def _cuts(self, index: Int[np.ndarray, "some"]) -> list[int]:
        """Return where to cut some examples, so that each piece is one task."""
        edges = np.searchsorted(index, self.edges)
        if whole(self.source) is not None:  # no part need be read, but the answers take memory
            few = max(1, _BLOCK_BYTES // self.source.row_bytes)
            edges = np.append(np.arange(0, len(index), few), len(index))
        return list(np.unique(edges).tolist())

    # ------------------------------------------------------------ the passes

    def first_pass(self) -> arrays.RowFaults:
        """Look at every part that the notes do not hold yet; return what is wrong with the rows.

        Where there are faults that cannot be used, the notes are not complete.
        """
        missing = self.notes.missing()

        def tasks() -> Iterator[Part]:
            for part in missing:
                start, stop = int(self.edges[part]), int(self.edges[part + 1])
                yield Part(start, stop, self.given[start:stop])

        faults = {part: _faults(one) for part, one in self.notes.summaries().items()}
        rows = sum(one.rows for one in faults.values())
        sights = self.engine.map(FirstLook(self.source, self.normalize), tasks())
        for part, sight in zip(missing, sights, strict=False):
            faults[part] = sight.faults
            rows += sight.faults.rows
            if sight.stats is not None:
                columns = {name: getattr(sight.stats, name) for name in self.notes.columns}
                rest = {"unlisted": sight.unlisted, "beyond": sight.beyond}
                self.notes.put(part, columns, {"faults": vars(sight.faults), **rest})
            elif rows * self.source.row_bytes > _ENOUGH_BYTES:
                break
            self._report(rows)
        # in the order of the parts, also where some were known, as the first of equals is named
        return reduce(arrays.merge_faults, (faults[part] for part in sorted(faults)))

    def unlisted_warning(self) -> tuple[str, ...]:
        """Return a warning where given labels are not among the best few known, or nothing."""
        summaries = self.notes.summaries().values()
        unlisted = sum(one["unlisted"] for one in summaries)
        if not unlisted:
            return ()
        beyond = max(one["beyond"] for one in summaries)
        note = (
            f"The given label of {unlisted:,} of {self.source.n:,} examples is not among the best "
            f"classes that are listed. Its probability is taken as 0; it is {beyond:.3g} at most."
        )
        return (note,)

    def tally(self) -> "Tally":
        """Count what the first pass noted."""

        def one(slab: slice) -> Tally:
            given, stats, n_classes = self._labels(slab), self._stats(slab), self.source.n_classes
            return Tally(
                class_sums(given, stats.self_confidence, n_classes),
                int(np.count_nonzero(selection.by_argmax(stats))),
                int(np.count_nonzero(stats.top == given)),
                np.bincount(stats.top, minlength=n_classes),
            )

        return reduce(Tally.plus, self.local.map(one, self._slabs))

    def estimates(self, means: Float[np.ndarray, "classes"]) -> tuple[str, ...]:
        """Note the confident estimate of every example; return the warnings."""
        cleanlab = self.compat == "cleanlab"
        bars = joints.bars_in(
            self.notes.columns["self_confidence"].dtype, means - 1e-6 if cleanlab else means
        )
        lowest = float(bars.min())

        def unsettled(slab: slice) -> Int[np.ndarray, "_some"]:
            stats = self._stats(slab)
            reached, left = joints.settled(stats.top, stats.top_confidence, bars, MOST)
            # not `np.where(reached, stats.top, NONE)`: -1 wraps round in the unsigned type of top
            self._estimate[slab] = stats.top
            self._estimate[slab][~reached] = NONE
            return np.flatnonzero(~reached & (left >= lowest))

        doubtful = 0
        ask = AskEstimate(bars, np.flatnonzero(bars <= MOST / 2), cleanlab)
        for examples, answers in self._look(ask, unsettled):
            self._estimate[examples.index] = np.concatenate([found for found, _ in answers])
            doubtful += sum(count for _, count in answers)
        if not doubtful:
            return ()
        note = (
            f"For {doubtful:,} of {self.source.n:,} examples no listed class reaches its threshold "
            "and one that is not listed could. They count as confident for none."
        )
        return (note,)

    def confident_joint(self) -> PairCounts:
        """Return the counts of the confident estimates."""

        def one(slab: slice) -> PairCounts:
            return joints.confident_joint(
                self._labels(slab), self._estimate[slab], self.source.n_classes
            )

        held: list[PairCounts] = []
        for part in self.local.map(one, self._slabs):
            held.append(part)
            if len(held) == 16:
                held = [joints.add_counts(held)]
        return joints.add_counts(held)

    def flag(self, counts: PairCounts) -> int:
        """Note the rules that flag each example, all but ``margin``.

        Parameters
        ----------
        counts : calibrated counts of the joint

        Returns
        -------
        how many rule ``confident`` flags
        """
        self._codes[:] = 0
        self.mark("class", self._of_class(counts))
        self.mark("noise_rate", self._leaders(selection.pairs_of(counts)))
        class_bit, rate_bit = (1 << selection.bit_of(rule) for rule in ("class", "noise_rate"))

        def one(slab: slice) -> int:
            masks = selection.flags(
                self._labels(slab),
                self._stats(slab),
                self._estimate[slab],
                noise_rate=self._codes[slab] & rate_bit > 0,
                of_class=self._codes[slab] & class_bit > 0,
                cleanlab=self.compat == "cleanlab",
            )
            self._codes[slab] = selection.codes_of(masks)
            return int(np.count_nonzero(masks["confident"]))

        return sum(self.local.map(one, self._slabs))

    def mark(self, rule: Rule, index: Int[np.ndarray, "_flagged"]) -> None:
        """Note that a rule flags some examples."""
        self._codes[index] |= np.uint8(1 << selection.bit_of(rule))

    def _of_class(self, counts: PairCounts) -> Int[np.ndarray, "_flagged"]:
        if self.compat == "cleanlab":
            confidence = self.notes.columns["self_confidence"]
            return np.flatnonzero(
                selection.by_class_cleanlab(self._labels(slice(None)), confidence, counts)
            )

        def confidence_of(slab: slice) -> Candidates:
            value = self.notes.columns["self_confidence"][slab].astype(np.float64)
            return Candidates(np.arange(len(value)), self._labels(slab), value)

        return self._lowest(selection.of_class(counts), confidence_of).index

    def _lowest(
        self,
        wanted: Int[np.ndarray, "groups"],
        candidates: "Callable[[slice], Candidates]",
    ) -> Entries:
        """Return the lowest of each group among the candidates of all slabs.

        A sample tells about where the cut of each group lies. Only where that turns out too low
        are all candidates gone through.
        """

        def gather(wanted: Int[np.ndarray, "groups"], cut: Float[np.ndarray, "groups"]) -> Lowest:
            def one(slab: slice) -> Entries:
                return self._entries(slab, candidates(slab), cut)

            lowest = Lowest(wanted)
            for entries in self.local.map(one, self._slabs):
                lowest.add(entries)
            return lowest

        stride = self.source.n // _SAMPLE_ROWS
        if stride < 4:
            return gather(wanted, Lowest(wanted).cut).result()
        sample = Lowest(np.where(wanted > 0, 3 * wanted // (2 * stride) + 4, 0))
        every = slice(0, self.source.n, stride)
        sample.add(self._entries(every, candidates(every), sample.cut))
        sample.settle()
        lowest = gather(wanted, sample.cut)
        few = lowest.missing() > 0
        found = lowest.result()
        if few.any():
            rest = np.where(few, wanted, 0)
            again = gather(rest, Lowest(rest).cut).result()
            found = joined([found.where(np.flatnonzero(~few[found.group])), again])
        return found

    def _entries(
        self, slab: slice, found: "Candidates", cut: Float[np.ndarray, "groups"]
    ) -> Entries:
        """Return the candidates of a slab that do not lie above the cut."""
        index = found.place * (slab.step or 1) + slab.start
        entries = Entries(found.group, found.value, self._ties(index), index)
        return entries.below(cut)

    def _leaders(self, pairs: Pairs) -> Int[np.ndarray, "_flagged"]:
        """Return the leaders of every pair, with few looks.

        Where the most probable class is not the given one, its lead is known. A look at a few
        more examples bounds the leads that matter of most pairs, and so how many need a look.
        """
        leaders = Lowest(pairs.wanted)

        def known(slab: slice) -> Entries:
            given, stats = self._labels(slab), self._stats(slab)
            self._bound[slab] = selection.most_lead(given, stats, MOST)
            wrong = np.flatnonzero(stats.top != given)
            pair = pairs.find(given[wrong], stats.top[wrong])
            counted = np.flatnonzero(pair >= 0)
            examples = self._examples(slab, wrong[counted])
            lead = examples.stats.shortfall()
            return Entries(pair[counted], lead, examples.tie, examples.index)

        for entries in self.local.map(known, self._slabs):
            leaders.add(entries)
        seeds = self._seeds(leaders, pairs)
        self._seek(leaders, pairs, self._slabs, lambda slab: _within(seeds, slab))
        begin, many = 0, 1
        while begin < len(self._slabs):  # each time more at once, as there is less to look for
            self._seek(leaders, pairs, self._slabs[begin : begin + many], None, seeds)
            begin, many = begin + many, 4 * many
        return leaders.result().index

    def _seek(
        self,
        leaders: Lowest,
        pairs: Pairs,
        slabs: Sequence[slice],
        only: Callable[[slice], Int[np.ndarray, "_some"]] | None,
        but: Int[np.ndarray, "_known"] = _NOTHING,
    ) -> None:
        """Add the leads of the examples that may be among the leaders.

        Parameters
        ----------
        only : of these alone, by their places in a slab
        but : leave these examples out
        """
        leaders.settle()
        search = LeaderSearch.after(leaders, pairs)

        def hopeful(slab: slice) -> Int[np.ndarray, "_some"]:
            may_lead = search.hopeful(self.given[slab], self._bound[slab])
            if only is not None:
                rows = only(slab)
                kept: Int[np.ndarray, "_some"] = rows[may_lead[rows]]
                return kept
            may_lead[_within(but, slab)] = False
            return np.flatnonzero(may_lead)

        for _, answers in self._look(AskLeads(search), hopeful, slabs):
            for entries in answers:
                leaders.add(entries)

    def _seeds(self, leaders: Lowest, pairs: Pairs) -> Int[np.ndarray, "_seeds"]:
        """Return examples to look at first where pairs have too few leaders to bound the rest.

        Those that can lead by most, and a few more than are lacking. Of a small set, all whose
        most probable class is not the given one.
        """
        if self.source.n <= _FEWEST_ROWS:
            return np.flatnonzero(self.notes.columns["top"] != self.given)
        lacking = np.zeros(pairs.n_classes, np.int64)
        np.maximum.at(lacking, pairs.given, leaders.missing())

        def bounds_of(slab: slice) -> Candidates:
            bound = self._bound[slab].astype(np.float64)
            return Candidates(np.arange(len(bound)), self._labels(slab), -bound)

        if not lacking.any():
            return _NOTHING
        wanted = np.where(lacking > 0, 2 * lacking + 8, 0)
        return np.sort(self._lowest(wanted, bounds_of).index)

    def flag_margin(self, wanted: int, wrong: int) -> None:
        """Note that rule ``margin`` flags the lowest margins.

        Parameters
        ----------
        wanted : how many
        wrong : how many are negative; these are known, the others need a second look
        """

        def negative(slab: slice) -> Candidates:
            margin = self._stats(slab).shortfall()
            return _of_one_group(np.flatnonzero(margin < 0), margin)

        found = self._lowest(np.array([min(wanted, wrong)]), negative)
        self.mark("margin", found.index)
        if wanted > wrong:
            self.mark("margin", self._lowest_positive(wanted - wrong).index)

    def _lowest_positive(self, wanted: int) -> Entries:
        """Return the lowest margins of the examples that no class is more probable for than theirs.

        Such a margin is at least 2 p(given) - `MOST`, so those of the lowest p(given), looked at
        first, leave few others.
        """

        def agreeing(slab: slice) -> Candidates:
            stats = self._stats(slab)
            rows = np.flatnonzero(stats.shortfall() == 0)
            return _of_one_group(rows, stats.self_confidence.astype(np.float64))

        lowest = Lowest(np.array([wanted]))
        seeds = np.sort(self._lowest(lowest.wanted, agreeing).index)
        self._add_margins(lowest, lambda slab: _within(seeds, slab))
        lowest.settle()
        worst = float(lowest.cut[0])

        def rest(slab: slice) -> Int[np.ndarray, "_some"]:
            found = agreeing(slab)
            rows = found.place[2 * found.value - MOST <= worst]
            return np.setdiff1d(rows, _within(seeds, slab), assume_unique=True)

        self._add_margins(lowest, rest)
        return lowest.result()

    def _add_margins(
        self, lowest: Lowest, choose: Callable[[slice], Int[np.ndarray, "_some"]]
    ) -> None:
        for examples, answers in self._look(ask_other, choose):
            other = np.concatenate([confidence for _, confidence in answers])
            margin = ranking.normalized_margin(examples.stats.self_confidence, other)
            group = np.zeros(len(examples), np.int64)
            lowest.add(Entries(group, margin, examples.tie, examples.index))

    # ------------------------------------------------------------ what is flagged

    def flagged(self, rule: Rule, score: Score) -> Flagged:
        """Return the examples that a rule flags, with suggested labels and scores."""
        bit = 1 << selection.bit_of(rule)

        def chosen(slab: slice) -> Examples:
            return self._examples(slab, np.flatnonzero(self._codes[slab] & bit))

        examples = _joined(list(self.local.map(chosen, self._slabs)))
        stats, codes = examples.stats, self._codes[examples.index]
        suggested = stats.top.astype(np.int64)
        confidence = stats.top_confidence.copy()
        # where the most probable class is not the given one, the first look has found it
        agreeing = examples.index[suggested == examples.given]
        for some, answers in self._look(ask_other, lambda slab: _within(agreeing, slab)):
            place = np.searchsorted(examples.index, some.index)
            suggested[place] = np.concatenate([other for other, _ in answers])
            confidence[place] = np.concatenate([other for _, other in answers])
        if score == "weighted_entropy":
            looks = self._look(ask_entropy, lambda slab: _within(examples.index, slab))
            parts = [self._entropy_score(some.stats, answers) for some, answers in looks]
            scores = np.concatenate([np.empty(0), *parts])
        else:
            scores = self._score(score, stats.self_confidence, confidence)
        return Flagged(examples, suggested, scores, codes)

    def _score(
        self,
        score: Score,
        self_confidence: Float[np.ndarray, "some"],
        other: Float[np.ndarray, "some"],
    ) -> Float[np.ndarray, "some"]:
        if score == "self_confidence":
            return self_confidence.astype(np.float64)
        margin = ranking.normalized_margin(self_confidence, other)
        return (margin + 1) / 2 if self.compat == "cleanlab" else margin

    def _entropy_score(
        self, stats: RowStats, answers: Sequence[Float[np.ndarray, "_some"]]
    ) -> Float[np.ndarray, "rows"]:
        cleanlab = self.compat == "cleanlab"
        entropy = ranking.weighted_entropy_cleanlab if cleanlab else ranking.weighted_entropy
        return entropy(stats.self_confidence, np.concatenate(answers))

    def seen(self) -> "Seen":
        """Return what the passes have told of every example, once all rules have flagged theirs."""
        n = self.source.n
        margin = np.empty(n)
        for examples, answers in self._look(
            ask_other, lambda slab: np.arange(slab.stop - slab.start)
        ):
            other = np.concatenate([confidence for _, confidence in answers])
            confidence = examples.stats.self_confidence
            margin[examples.index] = ranking.normalized_margin(confidence, other)
        return Seen(
            np.array(self._codes),
            self.notes.columns["self_confidence"].astype(np.float64),
            margin,
            np.arange(n) if self.tie is None else self.tie,
        )

    def write_scores(self, score: Score, out: Float[np.ndarray, "n"]) -> None:
        """Write the score of every example into an array."""
        if score == "self_confidence":
            for slab in self._slabs:
                out[slab] = self.notes.columns["self_confidence"][slab]
            return
        ask: Ask[Any] = ask_entropy if score == "weighted_entropy" else ask_other
        for examples, answers in self._look(ask, lambda slab: np.arange(slab.stop - slab.start)):
            if score == "weighted_entropy":
                out[examples.index] = self._entropy_score(examples.stats, answers)
            else:
                other = np.concatenate([confidence for _, confidence in answers])
                out[examples.index] = self._score(score, examples.stats.self_confidence, other)


def whole(source: Source) -> Rows | None:
    """Return all rows of a source, where they need not be read."""
    return source.whole() if isinstance(source, Dense) else None


@dataclass(frozen=True)
class Candidates:
    """Examples of a slab that compete in groups for the lowest value."""

    place: Int[np.ndarray, "some"]  # where in the slab they stand
    group: Int[np.ndarray, "some"]
    value: Float[np.ndarray, "some"]


def _of_one_group(place: Int[np.ndarray, "some"], values: Float[np.ndarray, "rows"]) -> Candidates:
    return Candidates(place, np.zeros_like(place), values[place])


def _within(index: Int[np.ndarray, "some"], slab: slice) -> Int[np.ndarray, "_here"]:
    """Return the places in a slab of those of some examples that lie there."""
    begin, end = np.searchsorted(index, [slab.start, slab.stop])
    here: Int[np.ndarray, "_here"] = index[begin:end] - slab.start
    return here


def _joined(parts: Sequence[Examples]) -> Examples:
    return Examples(
        np.concatenate([part.index for part in parts]),
        np.concatenate([part.given for part in parts]),
        np.concatenate([part.tie for part in parts]),
        ranking.concatenate_stats([part.stats for part in parts]),
    )


def _faults(summary: dict[str, Any]) -> arrays.RowFaults:
    """Return the faults that were noted down as JSON, which has lists in place of tuples."""
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in summary["faults"].items()
    }
    return arrays.RowFaults(**plain)


def in_sample_warning(tally: Tally) -> tuple[str, ...]:
    """Return a warning where the model seems to have seen the labels, or nothing."""
    n, confidence = int(tally.sums.counts.sum()), mean_self_confidence(tally.sums)
    # the best published model of MNIST, out of sample, errs on 0.9 %
    if n < 50 or tally.wrong * 500 >= n or confidence < 0.95:
        return ()
    warning = (
        f"These probabilities look in-sample: {n - tally.wrong:,} of {n:,} predictions equal the "
        f"given label and the mean probability of the given label is {confidence:.3f}. A model "
        "that was trained on these labels repeats their errors; use cross-validated probabilities, "
        "of a model that has not seen the example."
    )
    return (warning,)


def unrelated_warning(tally: Tally) -> tuple[str, ...]:
    """Return a warning where labels and probabilities seem to be of different examples, or nothing.

    Predictions then agree with the labels as often as by chance, where a model with 15 % of what is
    attainable beyond chance (Cohen's kappa, for these numbers of predictions of each class) would
    have stood out. Of few examples, or the same prediction for all, nothing is said.
    """
    counts = tally.sums.counts
    n = int(counts.sum())
    chance = float(counts @ (tally.predicted / n))
    attainable = int(np.minimum(counts, tally.predicted).sum())
    spread = 3 * math.sqrt(chance * (1 - chance / n))
    if tally.agree > chance + spread or spread >= 0.15 * (attainable - chance):
        return ()
    warning = (
        f"Labels and probabilities do not seem to belong together: {tally.agree:,} of {n:,} "
        f"predictions equal the given label, and {chance:,.0f} would by chance. Are the labels in "
        "the order of the rows (and of the shards), and the class numbers in that of the columns?"
    )
    return (warning,)
