"""What the corrected labels do to a comparison of models: accuracies, ranks and crossings.

`compare` counts; a `Comparison` holds the counts and shows them as tables, rows and sentences.
Reading predictions from files is for `errata.sources.predictions`, drawing for `errata.report`.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Integer

from errata.certain import Certainty, Lead, ReviewDesign, certainty
from errata.core.accuracy import Sets, hits, ranks
from errata.core.stability import Crossing, crossings
from errata.errors import PredictionError, unknown_name
from errata.kin import Checked, Kinship, kinship
from errata.words import WIDTH, plural, short_names

Labels = Literal["original", "corrected"]
Subset = Literal["D", "P", "B", "C"]

_PREFIXES: tuple[tuple[str, Labels], ...] = (("", "original"), ("c", "corrected"))
_SHOWN: dict[Literal["P", "C"], str] = {"P": "P = B and C", "C": "C alone"}
_MOST_PAIRS = 5  # on the first screen, and of those that change places
_SUBSETS: dict[Labels, tuple[Subset, ...]] = {
    "original": ("D", "P", "B", "C"),
    "corrected": ("P", "B", "C"),  # outside P nobody knows the right label, so not on D
}


@dataclass(frozen=True)
class Score:
    """How often a model is right on a set of examples, and its rank there among the models."""

    hits: int
    of: int
    rank: int | None
    """1 for the best, shared by models that tie; None if the set is empty."""

    @property
    def accuracy(self) -> float:
        """The share of hits, between 0 and 1; nan if the set is empty."""
        return self.hits / self.of if self.of else float("nan")

    @property
    def percent(self) -> float | None:
        """The share of hits in percent; None if the set is empty."""
        return 100 * self.hits / self.of if self.of else None

    def to_dict(self) -> dict[str, Any]:
        """Return the score as plain values, the accuracy on an empty set as None."""
        accuracy = self.accuracy if self.of else None
        return {"hits": self.hits, "of": self.of, "accuracy": accuracy, "rank": self.rank}


@dataclass(frozen=True)
class ModelAccuracies:
    """The scores of one model.

    ``original[k][subset]`` is its top-k score against the given labels, over all examples
    (``"D"``), those with a known label (``"P"``), the benign (``"B"``) and the correctable ones
    (``"C"``); ``corrected[k][subset]`` is the same against the corrected labels, without ``"D"``.
    A ``k`` above the number of answers the model gives is left out.
    """

    model: str
    original: Mapping[int, Mapping[Subset, Score]]
    corrected: Mapping[int, Mapping[Subset, Score]]

    def score(self, labels: Labels, subset: Subset, k: int = 1) -> Score | None:
        """Return one score, or None if the model gives fewer than ``k`` answers."""
        by_k = self.original if labels == "original" else self.corrected
        return by_k[k][subset] if k in by_k else None

    def to_dict(self) -> dict[str, Any]:
        """Return all scores as plain values, fit for JSON."""

        def plain(by_k: Mapping[int, Mapping[Subset, Score]]) -> dict[str, Any]:
            return {
                str(k): {subset: score.to_dict() for subset, score in scores.items()}
                for k, scores in by_k.items()
            }

        return {
            "model": self.model,
            "original": plain(self.original),
            "corrected": plain(self.corrected),
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison:
    """Models compared on the given and on the corrected labels of one test set; see `compare`."""

    models: tuple[ModelAccuracies, ...]
    """In the order they were handed in."""
    k: tuple[int, ...]
    """How many answers count: 1, and what was asked for, if a model gives that many."""
    sizes: Mapping[str, int]
    """How many examples are in each of ``"D"``, ``"P"``, ``"B"``, ``"C"`` and ``"U"``."""
    crossings: tuple[Crossing, ...]
    """Where two models change places on corrected labels, top-1; lowest prevalence first."""
    original_crossings: tuple[Crossing, ...]
    """The same on the given labels."""
    kinship: Kinship | None = None
    """Which models resemble who suggested the corrections; None where that was not told."""
    certainty: Certainty | None = None
    """How sure the accuracies and ranks are; None where it was not told what was checked."""

    @property
    def noise_prevalence(self) -> float:
        """The share of P that is in C, ``N``; nan if P is empty."""
        return self.sizes["C"] / self.sizes["P"] if self.sizes["P"] else float("nan")

    def __getitem__(self, model: str) -> ModelAccuracies:
        """Return the scores of one model, by its name."""
        by_name = {each.model: each for each in self.models}
        if model not in by_name:
            raise unknown_name("model", model, by_name)
        return by_name[model]

    def leaders(self, labels: Labels, subset: Subset, k: int = 1) -> tuple[str, ...]:
        """Return the models that share the first rank on a set; none if the set is empty."""
        scores = ((each.model, each.score(labels, subset, k)) for each in self.models)
        return tuple(model for model, score in scores if score is not None and score.rank == 1)

    def headline(self) -> str:
        """Return who leads, in a sentence.

        On corrected labels this is top-1 accuracy over P, on the given ones over the whole set,
        D, as a leaderboard has it.
        """
        if len(self.models) == 1:
            return f"{self.models[0].model} is the only model, so there is no ranking."
        before, after = self.leaders("original", "D"), self.leaders("corrected", "P")
        if self.sizes["C"] == 0:
            return f"No label was corrected; {_lead(before, 'leads', 'tie')} on the given ones."
        corrected = f"{_lead(after, 'leads', 'tie')} on corrected labels"
        if before == after:
            return f"{corrected}, as on the given ones."
        return f"{corrected}; {_lead(before, 'led', 'tied')} on the given ones."

    def table(self, subset: Literal["P", "B", "C"] = "P") -> list[dict[str, Any]]:
        """Return the comparison on one set in the columns of the paper's tables S1 and S2.

        These tables are over C. Accuracies are in percent: ``acc@k`` on the given labels,
        ``cacc@k`` on the corrected ones; ``rank@k`` and ``crank@k`` are the ranks by them. None
        stands where the set is empty or a model gives too few answers. Best ``cacc@1`` first.
        """
        rows = []
        for each in self.models:
            scores = {
                f"{prefix}{{}}@{k}": each.score(labels, subset, k)
                for k in self.k
                for prefix, labels in _PREFIXES
            }
            row: dict[str, Any] = {"model": each.model}
            row |= {name.format("acc"): score and score.percent for name, score in scores.items()}
            row |= {name.format("rank"): score and score.rank for name, score in scores.items()}
            rows.append(row)
        return sorted(rows, key=lambda row: (row["crank@1"] or 0, row["rank@1"] or 0))

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row for each model, fit for CSV.

        ``original_D@1`` is the top-1 accuracy over D on the given labels, between 0 and 1, and
        ``original_D@1_rank`` the rank by it; so for every set and ``k``. None where there is none.
        With kinship told, ``kin_of`` names the flaggers a model is kin of, and it is also scored on
        the corrections that others propose, too, and by votes over all checked examples.
        """
        rows = []
        for each in self.models:
            row: dict[str, Any] = {"model": each.model}
            for labels, subsets in _SUBSETS.items():
                for k in self.k:
                    for subset in subsets:
                        score = each.score(labels, subset, k)
                        plain = score.to_dict() if score else {"accuracy": None, "rank": None}
                        row[f"{labels}_{subset}@{k}"] = plain["accuracy"]
                        row[f"{labels}_{subset}@{k}_rank"] = plain["rank"]
            rows.append(row)
        for told in (self.kinship, self.certainty):
            if told is not None:
                rows = [row | more for row, more in zip(rows, told.columns(), strict=True)]
        return rows

    def curves(self, labels: Labels = "corrected") -> list[dict[str, Any]]:
        """Return the two ends of each model's top-1 prevalence curve, which is a straight line.

        At prevalence 0 stands the accuracy on B, at prevalence 1 the one on C. Without examples
        in B or in C there are no curves.
        """
        if not (self.sizes["B"] and self.sizes["C"]):
            return []
        ends: tuple[tuple[float, Subset], ...] = ((0.0, "B"), (1.0, "C"))
        return [
            {"model": each.model, "prevalence": prevalence, "accuracy": score.accuracy}
            for each in self.models
            for prevalence, subset in ends
            if (score := each.score(labels, subset))
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, fit for JSON."""
        return {
            "headline": self.headline(),
            "sizes": dict(self.sizes),
            "noise_prevalence": self.noise_prevalence if self.sizes["P"] else None,
            "k": list(self.k),
            "models": [each.to_dict() for each in self.models],
            "crossings": [_plain(crossing) for crossing in self.crossings],
            "original_crossings": [_plain(crossing) for crossing in self.original_crossings],
            "kinship": None if self.kinship is None else self.kinship.to_dict(),
            "certainty": None if self.certainty is None else self.certainty.to_dict(),
        }

    def __repr__(self) -> str:
        parts = [self._title(), _filled(self.verdict())]
        parts.append(f"{self._summary_title()}\n{_text_table(self.summary())}")
        if self.certainty and (unsettled := self.certainty.unsettled):
            title = "Pairs that are swapped for sure, and undecided neighbours:"
            parts.append(self._pairs(title, unsettled, most=_MOST_PAIRS))
        return "\n\n".join(parts)

    def verdict(self) -> str:
        """Return in a paragraph what became of the ranking, and whom the corrections may favour."""
        told = self.certainty.verdict() if self.certainty else self.headline()
        warning = self.kinship.warning() if self.kinship else None
        return f"{told} {warning}" if warning else told

    def summary(self) -> list[dict[str, Any]]:
        """Return a row for each model, the best by the corrected labels first.

        ``rank`` is that by the given labels, and the one by the corrected labels where it is
        another. With certainty, ``corrected`` is the estimate for all examples, with its interval
        and the ranks between which the model lies; without it, the accuracy over P.
        """
        standings = self.certainty.standings["corrected"] if self.certainty else None
        rows = []
        if standings:
            after = ranks(np.array([one.accuracy for one in standings])).tolist()
        for place, each in enumerate(self.models):
            given, corrected = each.original[1]["D"], each.corrected[1]["P"]
            rank = after[place] if standings else corrected.rank
            row: dict[str, Any] = {
                "model": each.model,
                "rank": f"{given.rank}"
                if rank in (None, given.rank)
                else f"{given.rank} -> {rank}",
                "given": given.percent,
                "corrected": corrected.percent,
            }
            if standings:
                row |= standings[place].row(ranked=len(self.models) > 1)
            rows.append((rank or given.rank or 0, row))
        return [row for _, row in sorted(rows, key=lambda one: one[0])]

    def details(self) -> str:
        """Return all there is to read: accuracies on each set, kinship, all ways of counting."""
        parts = [repr(self)]
        parts.append("Acc is the percentage right by the given labels, cAcc by the corrected ones.")
        for subset, name in _SHOWN.items():
            if self.sizes[subset]:
                of = plural(self.sizes[subset], "example")
                parts.append(f"{name}, {of}\n{_text_table(self.table(subset))}")
        if self.sizes["C"]:
            parts.append(self._crossings_in_words())
        if self.certainty is not None:
            parts.append(
                f"{_filled(self.certainty.title())}\n{_text_table(self.certainty.table())}"
            )
            if neighbours := self.certainty.neighbours:
                told = bool(self.certainty.unsettled)
                parts.append(self._pairs("Neighbours:", neighbours, told=told, bands=True))
        kin = self.kinship
        if kin is not None and kin.models[0].by_votes.of:
            parts.append(f"{kin.title()}\n{_text_table(kin.table())}")
        if kin is not None:
            # a warning is on the first screen
            favoured = kin.voted() if kin.warning() else kin.sentence()
            parts += [_filled(favoured)] if favoured else []
        return "\n\n".join(parts)

    def _title(self) -> str:
        sizes = self.sizes
        return _filled(
            f"{plural(len(self.models), 'model')} on {plural(sizes['D'], 'example')}: "
            f"{sizes['B']:,} benign (B: confirmed, or not checked), {sizes['C']:,} corrected (C), "
            f"{sizes['U']:,} unknown (U)"
        )

    def _summary_title(self) -> str:
        if self.certainty is None:
            return (
                f"Percentage right by the given labels (D, {self.sizes['D']:,}) and by the "
                f"corrected ones (P, {self.sizes['P']:,})"
            )
        ranked = (
            "; ranks: between which each lies, all at once; best: the chance that no other is "
            "better"
        )
        return _filled(
            "Percentage right by the given and by the corrected labels, with intervals of "
            f"{self.certainty.about()}{ranked if len(self.models) > 1 else ''}"
        )

    def _pairs(
        self,
        title: str,
        leads: Sequence[Lead],
        *,
        most: int | None = None,
        told: bool = False,
        bands: bool = False,
    ) -> str:
        """Lay out some pairs of models.

        Parameters
        ----------
        most : show so many of them
        told : whether what the columns mean has been said before
        bands : whether to show at which prevalences they may swap, too
        """
        assert self.certainty is not None, "without it nothing is known of pairs"
        relabels = (
            "- relabels: so many wrong labels among the unchecked, each right as the second says, "
            "put the first behind"
        )
        here = f"here N is {100 * self.noise_prevalence:.2f} %" if self.sizes["P"] else "here: none"
        lead = (
            "- lead, for all pairs at once: by so many points the first is better, from low to "
            "high. Order, by the estimates: as given, or swapped; with a ?: either may be better"
        )
        swap = f"- swap at N: at which noise prevalence they swap by what was counted; {here}"
        columns = (lead, swap, f"{relabels}; {self.certainty.wrong_in_words()}")
        also = (
            f"- may swap at: where N may be, with {100 * self.certainty.confidence:g} % confidence "
            "for each pair alone (no N: one leads at each; any N: the checked labels cannot tell)"
        )
        shown = [*([] if told else columns), *([also] if bands else [])]
        head = "\n".join([title, *(_filled(column, indent="  ") for column in shown)])
        short = short_names([each.model for each in self.models])
        rows = [each.row(short) for each in leads[:most]]
        if not bands:
            rows = [{name: row[name] for name in row if name != "may swap at"} for row in rows]
        rest = len(leads) - len(rows)
        more = f"\nand {plural(rest, 'pair')} more" if rest else ""
        return f"{head}\n{_text_table(rows)}{more}"

    def _crossings_in_words(self) -> str:
        here = self.noise_prevalence
        now = f"Noise prevalence N = |C| / |P| = {100 * here:.2f} %"
        if not self.crossings:
            return f"{now}; by corrected labels no two models change places at another."
        pairs = plural(len(self.models) * (len(self.models) - 1) // 2, "pair")
        nearest = sorted(self.crossings, key=lambda each: abs(each.prevalence - here))[:_MOST_PAIRS]
        change = "changes" if len(self.crossings) == 1 else "change"
        many = f"by corrected labels {len(self.crossings):,} of {pairs} {change} places at some N"
        lines = [_filled(f"{now}; {many}, nearest first:")]
        bands = self.certainty.bands if self.certainty else {}
        lines += [f"  {each}{bands.get(frozenset((each.a, each.b)), '')}" for each in nearest]
        rest = len(self.crossings) - len(nearest)
        return "\n".join([*lines, *([f"  and {rest:,} more"] if rest else [])])


def compare(
    predictions: Mapping[str, Integer[np.ndarray, "n _answers"]],
    *,
    given: Integer[np.ndarray, "n"],
    corrected: Integer[np.ndarray, "n"],
    sets: Sets,
    k: Sequence[int] = (1, 5),
    checked: Checked | None = None,
    design: ReviewDesign | None = None,
    confidence: float = 0.95,
    population: bool = True,
) -> Comparison:
    """Compare models on the given and on the corrected labels of a test set.

    Parameters
    ----------
    predictions : each model's answers, best first, as `errata.sources.predictions` reads them
    given, corrected : labels before and after the review; outside C they are the same
    sets : the sets B, U, P and C
    k : an example is a hit if its label is among the first ``k`` answers; 1 is always counted.
        A model that gives fewer answers has no score for that ``k``.
    checked : the candidates, to tell which models are kin of who suggested the corrections
    design : which labels were checked, and how they came to be, to tell how sure the ranking is
    confidence, population : of that, see `errata.certain.certainty`

    Raises
    ------
    PredictionError
        There is no model to compare, or a ``k`` is below 1.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize
    Machine Learning Benchmarks", definitions 1, 2 and 6, section 5, tables S1 and S2.

    Examples
    --------
    >>> from errata.core.accuracy import label_sets
    >>> given, corrected = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    >>> sets = label_sets(4, np.array([3]), np.array([1]))
    >>> predictions = {"copycat": given[:, None], "clever": corrected[:, None]}
    >>> comparison = compare(predictions, given=given, corrected=corrected, sets=sets)
    >>> comparison.headline()
    'clever leads on corrected labels; copycat led on the given ones.'
    >>> comparison["clever"].corrected[1]["P"].accuracy
    1.0
    """
    if not predictions:
        raise PredictionError("There are no predictions, so there is no model to compare.")
    if min(k, default=1) < 1:
        raise PredictionError(f"k is {tuple(k)}, but whole numbers from 1 up count answers.")
    masks: dict[Subset, Bool[np.ndarray, "n"]] = {
        "D": np.ones(len(given), dtype=bool),
        "P": sets.pruned,
        "B": sets.benign,
        "C": sets.correctable,
    }
    most_answers = max(top.shape[1] for top in predictions.values())
    kept = tuple(sorted({1, *(each for each in k if each <= most_answers)}))
    original, corrected_scores = (
        {each: _scores(predictions, truth, masks, subsets, each) for each in kept}
        for truth, subsets in zip((given, corrected), _SUBSETS.values(), strict=True)
    )

    def of_model(
        model: str, scores: dict[int, dict[str, dict[Subset, Score]]]
    ) -> dict[int, dict[Subset, Score]]:
        return {each: by_model[model] for each, by_model in scores.items() if model in by_model}

    models = tuple(
        ModelAccuracies(model, of_model(model, original), of_model(model, corrected_scores))
        for model in predictions
    )
    sizes = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    found = _crossings([(each.model, each.corrected[1]) for each in models])
    return Comparison(
        models=models,
        k=kept,
        sizes=sizes | {"U": int(np.count_nonzero(sets.unknown))},
        crossings=found,
        original_crossings=_crossings([(each.model, each.original[1]) for each in models]),
        kinship=None
        if checked is None
        else kinship(
            {model: top[:, 0] for model, top in predictions.items()},
            given=given,
            corrected=corrected,
            correctable=sets.correctable,
            checked=checked,
        ),
        certainty=None
        if design is None
        else certainty(
            predictions,
            given=given,
            corrected=corrected,
            sets=sets,
            crossings=found,
            design=design,
            confidence=confidence,
            population=population,
        ),
    )


def _scores(
    predictions: Mapping[str, Integer[np.ndarray, "n _answers"]],
    truth: Integer[np.ndarray, "n"],
    masks: Mapping[Subset, Bool[np.ndarray, "n"]],
    subsets: Sequence[Subset],
    k: int,
) -> dict[str, dict[Subset, Score]]:
    """Return the top-k scores, on each of the subsets, of the models that give k answers."""
    scores: dict[str, dict[Subset, Score]] = {}
    able = [model for model, top in predictions.items() if top.shape[1] >= k]
    right = [hits(predictions[model], truth, k) for model in able]
    for subset in subsets:
        size = int(np.count_nonzero(masks[subset]))
        found = np.array([int(np.count_nonzero(hit & masks[subset])) for hit in right])
        for model, count, rank in zip(able, found.tolist(), ranks(found).tolist(), strict=True):
            score = Score(count, size, rank if size else None)
            scores.setdefault(model, {})[subset] = score
    return scores


def _crossings(scores: Sequence[tuple[str, Mapping[Subset, Score]]]) -> tuple[Crossing, ...]:
    models, by_subset = zip(*scores, strict=True)
    return crossings(
        models,
        np.array([each["B"].hits for each in by_subset]),
        np.array([each["C"].hits for each in by_subset]),
        n_benign=by_subset[0]["B"].of,
        n_correctable=by_subset[0]["C"].of,
    )


def _plain(crossing: Crossing) -> dict[str, Any]:
    return {
        "a": crossing.a,
        "b": crossing.b,
        "prevalence": crossing.prevalence,
        "exact": str(crossing.exact),
        "below": crossing.below,
        "above": crossing.above,
    }


def _lead(models: Sequence[str], leads: str, tie: str) -> str:
    if len(models) == 1:
        return f"{models[0]} {leads}"
    shown = [*models] if len(models) <= 4 else [*models[:3], f"{len(models) - 3} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]} {tie}"


def _filled(paragraph: str, indent: str = "") -> str:
    """Break a paragraph into lines, at no hyphen (names of models have them), before no percent."""
    held = paragraph.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.fill(
        held, WIDTH, break_on_hyphens=False, break_long_words=False, subsequent_indent=indent
    )
    return lines.replace("\N{NO-BREAK SPACE}", " ")


def _text_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay out the rows of `Comparison.table`: names to the left, numbers to the right."""

    def cell(value: object) -> str:
        return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)

    heads = [
        name.replace("acc", "Acc").replace("rank", "Rank") if "@" in name else name
        for name in rows[0]
    ]
    lines = [heads, *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)),
            ]
        )
        for line in lines
    )
