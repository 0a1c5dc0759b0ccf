"""The parts of the report that say how sure its numbers are: the error rate, and the ranking.

What they say is what `errata.results.ErrorRate` and `errata.certain.Certainty` say; here it is put
in order, drawn, and told to those who cannot see the drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from errata.certain import Certainty, Standing
from errata.comparison import Comparison
from errata.core.accuracy import ranks
from errata.core.certainty import Sample, accuracies
from errata.report import charts
from errata.report.charts import ModelInterval, RankSet, Section
from errata.report.context import ReportContext
from errata.report.words import joined, percent
from errata.words import plural, short_names

MOST_TOLD = 40
"""So many models are told to those who cannot see a drawing; all are in the table."""

MOST_NAMED = 4
"""So many models are named in a sentence."""


@dataclass(frozen=True)
class Ranking:
    """What the page says of how sure the ranking is.

    Attributes
    ----------
    question : what it answers, and for which examples
    sentence : the verdict
    intervals, sets, pairs : the three drawings, as far as there is something to draw
    rows : the same as a table, best first
    """

    question: str
    sentence: str
    intervals: Section
    sets: Section
    pairs: Section | None
    rows: Sequence[dict[str, Any]]


# ---------------------------------------------------------------- the error rate


def rate(context: ReportContext) -> Section | None:
    """Return how many of all labels are wrong, and how that came to be known as votes came in."""
    if not context.error_rate:
        return _not_yet(context)
    sentence = " ".join(context.error_rate)
    if len(context.moments) < 2:
        return Section(sentence, None)
    told = "; ".join(
        f"{checked:,}: {percent(estimate)} ({percent(low)} to {percent(high)})"
        for checked, estimate, low, high in context.moments
    )
    says = (
        f"Error rate with its {_level(context.confidence)} interval, by examples checked. {told}."
    )

    def draw(width: int) -> Any:
        return charts.error_course_chart({"this audit": context.moments}, width=width)

    return Section(sentence, charts.drawing(says, draw))


def _not_yet(context: ReportContext) -> Section | None:
    """Return that what chance drew waits for votes; None where it drew nothing."""
    drawn = sum(context.by_chance.values())
    if not drawn or context.decided:
        return None
    wait = plural(drawn, "example that chance drew waits", "examples that chance drew wait")
    sentence = f"Nobody knows yet: {wait} for votes. Their verdicts will tell it, with an interval."
    return Section(sentence, None)


# ---------------------------------------------------------------- the ranking


def ranking(compared: Comparison | None) -> Ranking | None:
    """Return how sure the order of the models is; None where there is no order."""
    if compared is None or compared.certainty is None or not compared.certainty.pairs:
        return None
    told = _Told(compared, compared.certainty)
    return Ranking(
        question=_question(told.certainty),
        sentence=told.certainty.verdict(),
        intervals=told.intervals(),
        sets=told.sets(),
        pairs=told.pairs() if told.ranked else None,
        rows=told.rows(),
    )


def _question(certainty: Certainty) -> str:
    """Return what is asked here, in distinction to what the corrections alone change."""
    if certainty.by_chance:
        drew = f"the {certainty.by_chance:,} that chance drew stand for those that nobody checked"
        return (
            f"Which models are better by the right labels of all {certainty.n:,} examples, and do "
            f"the votes tell? In these estimates {drew}, so they may differ from the accuracies "
            "that count the corrections made so far alone."
        )
    return "Do the votes tell which models are better, or may the order be chance?"


class _Told:
    """A comparison with its models sorted, best by the corrected labels first."""

    def __init__(self, compared: Comparison, certainty: Certainty) -> None:
        self.certainty = certainty
        names = [each.model for each in compared.models]
        # where no label is checked, or no pair is told apart, there is no rank to draw
        self.ranked = bool(certainty.checked and certainty.decided)
        standings = certainty.standings["corrected"]
        self.rank = ranks(np.array([one.accuracy for one in standings])).tolist()
        self.given_rank = [each.original[1]["D"].rank or 0 for each in compared.models]
        self.order = sorted(
            range(len(names)), key=lambda i: (-standings[i].accuracy, self.given_rank[i], names[i])
        )
        self.standings: list[Standing] = [standings[i] for i in self.order]
        self.short = short_names(names)
        self.given = _given(compared, certainty)

    @property
    def names(self) -> list[str]:
        """The models as they are drawn, best first."""
        return [self.short[one.model] for one in self.standings]

    def intervals(self) -> Section:
        """Return the accuracies with their intervals."""
        rows = [
            ModelInterval(name, self.given[i], _share(one))
            for name, i, one in zip(self.names, self.order, self.standings, strict=True)
        ]
        says = "; ".join(
            f"{row.model}: {_interval(row.given)} to {_interval(row.corrected)}"
            for row in rows[:MOST_TOLD]
        )
        changes = [100 * (row.corrected[0] - row.given[0]) for row in rows]
        least, most = min(changes), max(changes)
        signed = [f"{change:+.2f}".replace("-", "−") for change in (least, most)]
        moved = " to ".join(dict.fromkeys(signed))
        of = "test sets of this kind" if self.certainty.population else "this test set alone"
        level = _level(self.certainty.confidence)
        sentence = (
            f"From the given to the corrected labels the accuracies move by {moved} points. "
            f"Each {level} interval is for its model alone, and about {of}. "
            f"All {self.certainty.n:,} examples count here; where reviewers found no one right "
            "label, the given one does."
        )
        heading = f"Accuracy with {level} intervals, on given and on corrected labels"
        if all(_nothing_known(row.corrected) for row in rows):
            whole = f"The interval of every model reaches from 0 to 100\u00a0% ({level})"
            return Section(f"{whole}: so few verdicts tell nothing of any accuracy.", None)
        return Section(
            sentence,
            charts.drawing(
                f"{heading}. {says}.", lambda width: charts.interval_chart(rows, width=width)
            ),
        )

    def sets(self) -> Section:
        """Return between which ranks each model lies."""
        rows = [
            RankSet(name, one.best_rank, one.worst_rank, self.rank[i], self.given_rank[i])
            for name, i, one in zip(self.names, self.order, self.standings, strict=True)
        ]
        says = "; ".join(
            f"{row.model}: {_ranks(row.best, row.worst)}, now {row.rank}, before {row.given_rank}"
            for row in rows[:MOST_TOLD]
        )
        first = [row.model for row in rows if row.best == 1]
        sure = sum(row.best == row.worst for row in rows)
        lead = f"Only {first[0]} can be first." if len(first) == 1 else _may_be_first(first)
        fixed = {0: "No model has but one possible rank", 1: "One model has but one possible rank"}
        some = f"{sure:,} of {plural(len(rows), 'model')} have but one possible rank each"
        sentence = (
            f"{lead} {fixed.get(sure, some)}. With "
            f"{_level(self.certainty.confidence)} confidence all these sets of ranks hold at once."
        )
        if not self.ranked:
            return Section(self._unranked(), None)
        return Section(
            sentence,
            charts.drawing(
                f"Possible ranks. {says}.", lambda width: charts.rank_set_chart(rows, width=width)
            ),
        )

    def _unranked(self) -> str:
        """Return why no rank and no pair is drawn."""
        if not self.certainty.checked:
            return "No label is checked yet, so the votes tell nothing of the ranks."
        pairs, models = plural(self.certainty.pairs, "pair"), len(self.standings)
        return f"None of the {pairs} is told apart, so each model may have any rank, 1 to {models}."

    def pairs(self) -> Section:
        """Return who is surely ahead of whom."""
        short, certainty = self.short, self.certainty
        decided = [(short[better], short[worse]) for better, worse in certainty.decided]
        swapped = [(short[pair.first], short[pair.second]) for pair in certainty.order.swapped]
        told = f"{len(decided):,} of {plural(certainty.pairs, 'pair')} of models"
        are = "is" if len(decided) == 1 else "are"
        sentence = f"{told} {are} told apart"
        if swapped:
            sentence += f", {len(swapped):,} of them in another order than by the given labels"
        level = _level(certainty.confidence)
        sentence += f". With {level} confidence nothing that is said of any pair is wrong"
        infirm = [(short[better], short[worse]) for better, worse in certainty.infirm]
        if infirm:
            hang = "hangs" if len(infirm) == 1 else "hang"
            sentence += (
                ", if the given label counts where the right one is not known: on these labels "
                f"{hang} {plural(len(infirm), 'pair')}"
            )
        sentence += "."
        says = "; ".join(
            f"{row['short']}: surely ahead of {row['ahead']}, behind {row['behind']}"
            for row in self.rows()[:MOST_TOLD]
        )
        if infirm:
            which = "; ".join(f"{better} ahead of {worse}" for better, worse in infirm[:MOST_TOLD])
            says += f". If the given label counts where the right one is not known: {which}"

        def draw(width: int) -> Any:
            return charts.decided_chart(self.names, decided, swapped, infirm=infirm, width=width)

        return Section(sentence, charts.drawing(f"Decided pairs. {says}.", draw))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row of the table for each model."""
        table = _ahead([one.model for one in self.standings], self.certainty)
        rows = []
        for place, (i, one) in enumerate(zip(self.order, self.standings, strict=True)):
            open_ = ~(table[place] | table[:, place])
            open_[place] = False
            rows.append(
                {
                    "model": one.model,
                    "short": self.short[one.model],
                    "given": _in_two(self.given[i]),
                    "corrected": _in_two(_share(one)),
                    "ranks": _ranks(one.best_rank, one.worst_rank),
                    "best": one.best.replace(" ", "\u00a0"),
                    "ahead": int(table[place].sum()),
                    "behind": int(table[:, place].sum()),
                    "open": ", ".join(self.names[at] for at in np.flatnonzero(open_)) or "–",
                }
            )
        return rows


def _given(compared: Comparison, certainty: Certainty) -> list[tuple[float, float, float]]:
    """Return each model's accuracy by the given labels, with its interval.

    That of its own depends on how many it is right on, and not on which.
    """
    hits = np.array([each.original[1]["D"].hits for each in compared.models])
    right: Bool[np.ndarray, "n models"] = np.arange(certainty.n)[:, np.newaxis] < hits
    none = np.zeros(0, dtype=np.int64)
    nobody = Sample(examples=none, probabilities=none.astype(np.float64), strata=none)
    found = accuracies(right, right[:0], nobody, population=certainty.population)
    low, high = found.intervals(certainty.confidence)
    return list(zip(found.accuracy.tolist(), low.tolist(), high.tolist(), strict=True))


def _ahead(models: Sequence[str], certainty: Certainty) -> Bool[np.ndarray, "models models"]:
    """Return whether the model of the row is surely ahead of that of the column."""
    place = {model: at for at, model in enumerate(models)}
    table = np.zeros((len(models), len(models)), dtype=bool)
    for better, worse in certainty.decided:
        table[place[better], place[worse]] = True
    return table


def _may_be_first(models: list[str]) -> str:
    if len(models) <= MOST_NAMED:
        return f"{joined(models)} can be first."
    more = f"{len(models) - MOST_NAMED + 1} more"
    return f"{joined([*models[: MOST_NAMED - 1], more])} can be first."


def _ranks(best: int, worst: int) -> str:
    return f"{best}" if best == worst else f"{best}–{worst}"


def _share(one: Standing) -> tuple[float, float, float]:
    """Return an accuracy with its interval."""
    return one.accuracy, one.low, one.high


def _interval(share: tuple[float, float, float]) -> str:
    accuracy, low, high = share
    return f"{percent(accuracy)} ({100 * low:.2f} to {100 * high:.2f})"


def _nothing_known(share: tuple[float, float, float]) -> bool:
    """Return whether an interval leaves all open, as it is written."""
    _, low, high = share
    return f"{100 * low:.0f} {100 * high:.0f}" == "0 100"


def _in_two(share: tuple[float, float, float]) -> tuple[str, str]:
    accuracy, low, high = share
    return percent(accuracy), f"{100 * low:.2f} to {100 * high:.2f}"


def _level(confidence: float) -> str:
    return f"{100 * confidence:g}\u00a0%"
