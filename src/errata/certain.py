"""How sure a comparison of models is: intervals, ranks, decided pairs, and what would flip one.

The arithmetic is that of `errata.core.certainty` and `errata.core.stability`; what is here puts it
together for one comparison, and says it in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Integer

from errata.core.accuracy import Sets
from errata.core.certainty import (
    POLICIES,
    Accuracies,
    Order,
    Policy,
    Ranking,
    Sample,
    accuracies,
    counting,
    credited,
    decide,
    order_kept,
    worst_changes,
)
from errata.core.consensus import NEITHER, NON_AGREEMENT, NON_ERROR
from errata.core.stability import Crossing, Flip, crossing_band, duel, fewest_flips
from errata.words import drawn_and_waiting, plural

_SEED = 7
"""Of the draws by which pairs are decided: the same comparison says the same."""

_NAMED = 3
"""So many pairs are named in a sentence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReviewDesign:
    """Which examples were checked, how they came to be, and what came of it.

    Attributes
    ----------
    checked : the examples, with their probabilities and strata
    suggested : the label that speaks against the given one, ``(checked,)``
    codes : their verdicts, indices into `errata.core.consensus.VERDICTS`, ``(checked,)``
    by_chance : how many of them chance drew; 0: of what was not checked nothing is known
    unchecked : which labels nobody checked, ``(n,)``
    wrong : how many labels are decided and not confirmed, also those that ``checked`` leaves out,
        as a plan without chance found them after the last draw
    supposed_right : how many labels of earlier plans nobody decided: later plans could not draw
        them, so no sample tells of them
    waiting : how many examples chance drew that are not decided yet
    open : how many of these have votes
    """

    checked: Sample
    suggested: Int[np.ndarray, "checked"]
    codes: Int[np.ndarray, "checked"]
    by_chance: int
    unchecked: Bool[np.ndarray, "n"]
    wrong: int
    supposed_right: int = 0
    waiting: int = 0
    open: int = 0


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one model stands by one policy.

    Attributes
    ----------
    model : its name
    accuracy, low, high : its corrected accuracy with the interval of its own, 0 to 1
    best_rank, worst_rank : between these its rank lies, with the confidence for all models at once
    chance_of_best : how probable it is that no other is better
    """

    model: str
    accuracy: float
    low: float
    high: float
    best_rank: int
    worst_rank: int
    chance_of_best: float

    def row(self, *, ranked: bool = True) -> dict[str, Any]:
        """Return the model's standing as a row to look at, accuracies in percent.

        Parameters
        ----------
        ranked : whether there are others, so that it has a rank
        """
        row: dict[str, Any] = {
            "corrected": 100 * self.accuracy,
            "low": 100 * self.low,
            "high": 100 * self.high,
        }
        if ranked:
            row["ranks"] = f"{self.best_rank}-{self.worst_rank}"
            row["best"] = self.best
        return row

    @property
    def best(self) -> str:
        """The chance that no other is better, in words; certain only where its rank leaves no more.

        It is the share of finitely many draws, so that of one that may be first or not it can seem
        to be 0, or 1.
        """
        chance = self.chance_of_best
        if self.best_rank == 1 < self.worst_rank and chance in {0, 1}:
            return "over 99 %" if chance else "under 1 %"
        return _percent(chance)


@dataclass(frozen=True, kw_only=True)
class Lead:
    """By how much one of two models is better, and what would put it behind.

    Attributes
    ----------
    leader, follower : by the estimates of their corrected accuracies
    lead, low, high : the difference of these and what it lies between, -1 to 1; the intervals of
        all pairs hold at once
    decided : whether the leader is surely better
    swapped : whether it was behind by the given labels
    prevalence : the noise prevalence at which the two cross by what was counted, None: at none
    band : the prevalences at which they may be equally good, as
        `errata.core.stability.crossing_band` has them
    flip : the fewest wrong labels among the unchecked that would change their order by what was
        counted. Who leads by that need not be who leads by the estimates, in which what chance drew
        stands for more
    """

    leader: str
    follower: str
    lead: float
    low: float
    high: float
    decided: bool
    swapped: bool
    prevalence: float | None
    band: tuple[tuple[float, float], ...]
    flip: Flip

    @property
    def tied(self) -> bool:
        """Whether neither is better for certain, as where both give the same answers."""
        return self.low == self.high == 0

    @property
    def relabels(self) -> int | None:
        """The fewest relabels that would put the leader behind by what was counted.

        None where none could, or where it is behind by that already, so that `flip` is about
        putting it ahead.
        """
        return self.flip.fewest if self.flip.leader == self.leader else None

    def row(self, names: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the pair as a row to look at: leads in points, prevalences in percent.

        Parameters
        ----------
        names : what to call each model, if not by its name
        """
        names = names or {}
        order = "swapped" if self.swapped else "as given"
        pair = (names.get(model, model) for model in (self.leader, self.follower))
        return {
            "pair": ", ".join(pair),
            "lead": 100 * self.lead,
            "low": 100 * self.low,
            "high": 100 * self.high,
            "order": "tied" if self.tied else order if self.decided else f"{order}?",
            "swap at N": None if self.prevalence is None else f"{100 * self.prevalence:.2f} %",
            "may swap at": _band_in_words(self.band),
            "relabels": None if self.relabels is None else f"{self.relabels:,}",
        }

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            **vars(self),
            "band": [list(part) for part in self.band],
            "flip": vars(self.flip),
        }


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """How sure the ranking of models is, on corrected labels.

    Attributes
    ----------
    standings : of each policy, the models in their order; see `errata.core.certainty.credited`.
        Where no checked label is clear, there is no ``"clear"``
    decided : by ``"corrected"``, the pairs ``(better, worse)`` that are told apart; where the right
        label is not known, the given one counts
    order : what became of the order by the given labels
    flips : of each pair, the fewest wrong labels among the unchecked that would flip it
    leads : of each pair, by how much which of the two is better, where they would change places,
        and its flip; the pairs of the best model first
    confidence : that no statement about a pair is wrong, and all intervals of ranks hold
    population : whether this is about test sets of this kind, or about this one's labels alone
    by_chance, checked, n : how many examples chance drew, were checked, and there are
    supposed_right : how many labels are held right, as nobody decided them and no sample tells
    unknown : of how many labels the right one is not known, as reviewers rejected both or did not
        agree, estimated; they count as given
    firm : the pairs among `decided` that stay so whatever these are
    waiting : how many examples chance drew that are not decided yet
    wrong_unchecked : how many labels that nobody checked are wrong by what chance drew, reviewers
        taken at their word; None where it drew nothing that is decided
    """

    standings: Mapping[Policy, tuple[Standing, ...]]
    decided: tuple[tuple[str, str], ...]
    order: Order
    flips: tuple[Flip, ...]
    leads: tuple[Lead, ...]
    confidence: float
    population: bool
    by_chance: int
    checked: int
    n: int
    supposed_right: int = 0
    unknown: float = 0.0
    firm: tuple[tuple[str, str], ...] = ()
    waiting: int = 0
    wrong_unchecked: float | None = None

    @property
    def pairs(self) -> int:
        """How many pairs of models there are."""
        models = len(self.standings["corrected"])
        return models * (models - 1) // 2

    @property
    def neighbours(self) -> tuple[Lead, ...]:
        """The pairs that are next to each other by their estimates, the best first."""
        ranked = sorted(self.standings["corrected"], key=lambda one: -one.accuracy)
        places = {one.model: place for place, one in enumerate(ranked)}
        return tuple(
            each for each in self.leads if places[each.follower] - places[each.leader] == 1
        )

    @property
    def bands(self) -> dict[frozenset[str], str]:
        """The band of each two models' crossing in words, in brackets."""
        sure = f"{100 * self.confidence:g} %"
        return {
            frozenset((each.leader, each.follower)): f" ({sure} band: {_band_in_words(each.band)})"
            for each in self.leads
        }

    @property
    def unsettled(self) -> tuple[Lead, ...]:
        """The pairs that surely changed places, and undecided neighbours.

        Of these, those that the given labels have the other way round come first.
        """
        swapped = tuple(each for each in self.leads if each.swapped and each.decided)
        undecided = (each for each in self.neighbours if not (each.decided or each.tied))
        return swapped + tuple(sorted(undecided, key=lambda each: not each.swapped))

    def title(self) -> str:
        """Return what the table shows."""
        return (
            f"Percentage right by the corrected labels, with intervals of {self.about()}; "
            "accepted: where reviewers say that two labels are right, either counts, and where "
            "they say that neither is, none does; clear: without the examples that have no clear "
            "label"
        )

    def about(self) -> str:
        """Return how sure everything is, and of what."""
        of = "test sets of this kind" if self.population else "this test set"
        return f"{100 * self.confidence:g} % for {of}"

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each model, the best first."""
        rows = [
            {"model": one.model}
            | one.row(ranked=self.pairs > 0)
            | {
                name: 100 * self.standings[name][place].accuracy
                for name in list(self.standings)[1:]
            }
            for place, one in enumerate(self.standings["corrected"])
        ]
        return sorted(rows, key=lambda row: -row["corrected"])

    def columns(self) -> list[dict[str, Any]]:
        """Return what each model's flat row has besides, in the order of the models."""
        names = ("accuracy", "low", "high", "best_rank", "worst_rank", "chance_of_best")
        return [
            {f"certain_{name}": getattr(one, name) for name in names}
            for one in self.standings["corrected"]
        ]

    def verdict(self) -> str:
        """Return in a paragraph whether the order of the models holds, and how sure that is.

        What all of it hangs on comes first. Where nothing is checked, nothing is decided.
        """
        rest = self.n - self.checked
        told = [*self._supposed(rest)]
        if self.pairs == 0:
            (only,) = self.standings["corrected"]
            told.append(f"{only.model} is the only model, so there is no ranking.")
        elif self.checked:
            sure = f"{100 * self.confidence:g} % confidence"
            told += [self.best(), *self._of_order(sure)]
        if self.unknown:
            told.append(self._of_unknown())
        if not self.order.pairs:
            return " ".join(told)  # of models that tie none is ahead, to be put behind
        accuracy = {one.model: one.accuracy for one in self.standings["corrected"]}
        possible = [
            one
            for one in self.flips
            if one.fewest is not None
            and one.lead
            and accuracy[one.leader] >= accuracy[one.follower]
        ]
        if possible:
            nearest = min(possible, key=lambda one: one.fewest or 0)
            told.append(
                "The fewest unchecked labels that would swap a pair, were they wrong: "
                f"{nearest.fewest:,} of {rest:,}, of {nearest.leader} and {nearest.follower}."
            )
        return " ".join(told)

    @property
    def infirm(self) -> tuple[tuple[str, str], ...]:
        """The pairs among `decided` that labels whose right one is not known could turn."""
        firm = set(self.firm)
        return tuple(pair for pair in self.decided if pair not in firm)

    def _of_unknown(self) -> str:
        """Return what labels of which the right one is not known could change."""
        about = "" if self.checked == self.n else "about "
        told = (
            f"Of {about}{self.unknown:,.0f} labels ({100 * self.unknown / self.n:.2g} %) the right "
            "one is not known, as reviewers rejected the labels shown or did not agree; the given "
            "one counts."
        )
        if self.decided:
            told += (
                f" Whatever they are, {len(self.firm):,} of "
                f"{plural(len(self.decided), 'decided pair')} would stay so."
            )
        if self.infirm:
            hang = "hangs" if len(self.infirm) == 1 else "hang"
            names = _some([f"{better} ahead of {worse}" for better, worse in self.infirm])
            told += f" On them {hang}: {names}."
        if self.infirm:
            told += (
                " Where reviewers choose among more classes (`errata plan --question choice`), "
                "fewer are left open."
            )
        return told

    def _supposed(self, rest: int) -> Iterator[str]:
        """Yield what all else supposes; `rest` labels are not checked."""
        if not self.checked:
            yield "No label is checked yet: all this is by the given labels, and decides nothing."
            yield _way_on(self.waiting)
        elif not self.by_chance and rest:
            drawn = (
                "no verdict that counts is on an example that chance drew."
                if self.waiting
                else "none was drawn by chance."
            )
            yield (
                f"All this supposes that the {rest:,} labels that nobody checked are right: {drawn}"
            )
            yield _way_on(self.waiting)
        if self.by_chance and self.supposed_right:
            labels = plural(self.supposed_right, "label")
            one = self.supposed_right == 1
            yield (
                f"All this supposes that {labels} of earlier plans {'is' if one else 'are'} right "
                f"that {'is' if one else 'are'} not decided: later plans could not draw "
                f"{'it' if one else 'them'}. Have {'it' if one else 'them'} reviewed."
            )

    def wrong_in_words(self) -> str:
        """Return how many of the unchecked labels are wrong, as far as that is known."""
        if self.checked == self.n:
            return "none is unchecked"
        rest = f"{self.n - self.checked:,} unchecked"
        if self.wrong_unchecked is None:
            return (
                f"how many of the {rest} are wrong is not known without verdicts on what chance "
                "draws"
            )
        return f"of the {rest} some {self.wrong_unchecked:,.0f} are wrong, by what chance drew"

    def best(self) -> str:
        """Return which model is the best, and how probable that is, in a sentence.

        Where it is less probable than not, it is told how many models may be.
        """
        standings = self.standings["corrected"]
        highest = max(one.accuracy for one in standings)
        tied = [one.model for one in standings if one.accuracy == highest]
        if len(tied) > 1:
            return (
                f"By the corrected labels {', '.join(tied[:-1])} and {tied[-1]} tie for the best."
            )
        most = max(standings, key=lambda one: one.chance_of_best)
        first = sum(one.best_rank == 1 for one in standings)
        if most.chance_of_best < 0.5 and first > 1:
            return (
                f"By the corrected labels any of {first:,} models may be the best, with "
                f"{100 * self.confidence:g} % confidence."
            )
        return f"The best by the corrected labels is most probably {most.model} ({most.best})."

    def _of_order(self, sure: str) -> Iterator[str]:
        """Yield what became of the order by the given labels."""
        if not self.order.pairs:
            yield "On the given labels all models tie, so no order could change."
            return
        if self.order.stable:
            yield f"The order of the models holds: with {sure} every pair keeps it."
            return
        names = [f"{pair.second} overtakes {pair.first}" for pair in self.order.swapped]
        if names:
            yield f"On corrected labels, with {sure}: {_some(names)}."
        else:
            yield f"With {sure} no swap is proven."
        names = [
            f"{pair.first} and {pair.second} ({_percent(pair.chance)} that the second is better)"
            for pair in self.order.open
        ]
        if names:
            yield (
                f"{len(names):,} of {plural(self.pairs, 'pair')} "
                f"{'is' if len(names) == 1 else 'are'} undecided, as either model may be the "
                f"better: {_some(names)}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "verdict": self.verdict(),
            "confidence": self.confidence,
            "population": self.population,
            "by_chance": self.by_chance,
            "checked": self.checked,
            "supposed_right": self.supposed_right,
            "unknown": self.unknown,
            "firm": [list(pair) for pair in self.firm],
            "waiting": self.waiting,
            "wrong_unchecked": self.wrong_unchecked,
            "policies": {
                policy: [vars(one) for one in each] for policy, each in self.standings.items()
            },
            "decided": [list(pair) for pair in self.decided],
            "order": [vars(pair) for pair in self.order.pairs],
            "pairs": [one.to_dict() for one in self.leads],
            "fewest_relabels": [vars(one) for one in self.flips],
        }


def certainty(
    predictions: Mapping[str, Integer[np.ndarray, "n _answers"]],
    *,
    given: Integer[np.ndarray, "n"],
    corrected: Integer[np.ndarray, "n"],
    design: ReviewDesign,
    sets: Sets | None = None,
    crossings: Sequence[Crossing] = (),
    confidence: float = 0.95,
    population: bool = True,
) -> Certainty:
    """Return how sure the top-1 accuracies of models and their order are.

    Parameters
    ----------
    predictions : each model's answers, best first
    given, corrected : labels before and after the review
    design : which labels were checked, and how they came to be
    sets, crossings : by the corrected labels, see `errata.core.stability.crossings`; without the
        sets nothing is told of the leads
    confidence : strictly between 0 and 1
    population : whether the test set counts as a sample of such examples, too; else the
        uncertainty is that of its own unchecked labels alone

    Raises
    ------
    InputError
        The confidence is out of range, or no example counts.
    """
    models = list(predictions)
    answers = np.stack([top[:, 0] for top in predictions.values()], axis=1).astype(np.int64)
    right = answers == given[:, np.newaxis]
    standings: dict[Policy, tuple[Standing, ...]] = {}
    rankings, estimates = {}, {}
    for policy in POLICIES:
        found = _accuracies(answers, given, design, policy, population=population)
        if found is None:
            continue
        ranking = decide(found, np.random.default_rng(_SEED), confidence=confidence)
        low, high = found.intervals(confidence)
        rankings[policy], estimates[policy] = ranking, found.accuracy
        standings[policy] = tuple(
            Standing(
                model=model,
                # of few checks an estimate may lie outside of what an accuracy can be
                accuracy=float(np.clip(found.accuracy[place], 0, 1)),
                low=float(low[place]),
                high=float(high[place]),
                best_rank=int(ranking.best_rank[place]),
                worst_rank=int(ranking.worst_rank[place]),
                chance_of_best=float(ranking.chance_of_best[place]),
            )
            for place, model in enumerate(models)
        )
    main = rankings["corrected"]
    truth = corrected.astype(np.int64)
    flips = fewest_flips(models, answers, truth, design.unchecked)
    hits = np.count_nonzero(right, axis=0)
    leads = (
        ()
        if sets is None
        else _leads(
            estimates["corrected"].tolist(),
            hits.tolist(),
            main,
            flips=flips,
            right=answers == truth[:, np.newaxis],
            sets=sets,
            crossings=crossings,
            models=models,
            confidence=confidence,
        )
    )
    rows, counts = design.checked.examples, design.checked.counts
    shift = worst_changes(answers[rows], given[rows], design.suggested, design.codes, counts)
    # the intervals are of one step and the pairs of several, so that of a decided one which nothing
    # can shorten the interval may hold zero
    firm = main.decided & ((shift >= 0) | (main.low + shift / len(given) > 0))
    return Certainty(
        standings=standings,
        decided=tuple((models[a], models[b]) for a, b in np.argwhere(main.decided).tolist()),
        order=order_kept(models, hits, main),
        flips=flips,
        leads=leads,
        confidence=confidence,
        population=population,
        by_chance=design.by_chance,
        checked=int(np.count_nonzero(~design.unchecked)),
        supposed_right=design.supposed_right,
        unknown=float(counts @ np.isin(design.codes, (NEITHER, NON_AGREEMENT))),
        firm=tuple((models[a], models[b]) for a, b in np.argwhere(firm).tolist()),
        waiting=design.waiting,
        wrong_unchecked=_wrong_unchecked(design),
        n=len(given),
    )


def ranking_of(
    answers: Int[np.ndarray, "n models"],
    *,
    given: Integer[np.ndarray, "n"],
    design: ReviewDesign,
    confidence: float = 0.95,
    population: bool = True,
) -> Ranking:
    """Return which pairs of models `certainty` decides, and nothing else that it tells.

    Parameters
    ----------
    answers : the best answer of each model
    given, design, confidence, population : as of `certainty`
    """
    found = _accuracies(answers, given, design, "corrected", population=population)
    assert found is not None, "by this policy every label counts"
    return decide(found, np.random.default_rng(_SEED), confidence=confidence)


def _accuracies(
    answers: Int[np.ndarray, "n models"],
    given: Integer[np.ndarray, "n"],
    design: ReviewDesign,
    policy: Policy,
    *,
    population: bool,
) -> Accuracies | None:
    """Return how accurate the models are by a policy; None where it leaves no label to count."""
    keep, rows = counting(design.codes, policy), design.checked.examples
    if design.checked.counts @ ~keep >= len(given):
        return None  # by what was checked, no label is clear
    credit = _credits(answers[rows], given[rows], design, policy)
    right = answers == given[:, np.newaxis]
    first: dict[bytes, int] = {}
    alike = [first.setdefault(column.tobytes(), model) for model, column in enumerate(answers.T)]
    return accuracies(
        right, credit, design.checked, keep=keep, alike=np.array(alike), population=population
    )


def _wrong_unchecked(design: ReviewDesign) -> float | None:
    """Return how many unchecked labels are wrong, if what chance drew stands for them.

    What it stands for, less all that was found; not less than none, nor more than there are.
    """
    if not design.by_chance:
        return None
    others = float(design.checked.counts @ (design.codes != NON_ERROR)) - design.wrong
    return float(np.clip(others, 0, np.count_nonzero(design.unchecked)))


def _leads(
    estimates: Sequence[float],
    before: Sequence[int],
    ranking: Ranking,
    *,
    flips: Sequence[Flip],
    right: Bool[np.ndarray, "n models"],
    sets: Sets,
    crossings: Sequence[Crossing],
    models: Sequence[str],
    confidence: float,
) -> tuple[Lead, ...]:
    """Return what is known of each pair, by estimates, hits before, and what is right after."""
    meet = {(each.a, each.b): each.prevalence for each in crossings}
    columns = np.ascontiguousarray(right.T)
    order = sorted(range(len(models)), key=lambda model: -estimates[model])
    place = {model: at for at, model in enumerate(order)}
    found: dict[tuple[int, int], Lead] = {}
    for (a, b), flip in zip(combinations(range(len(models)), 2), flips, strict=True):
        first, second = (a, b) if place[a] < place[b] else (b, a)
        duels = (duel(columns[a], columns[b], part) for part in (sets.benign, sets.correctable))
        found[place[first], place[second]] = Lead(
            leader=models[first],
            follower=models[second],
            lead=estimates[first] - estimates[second],
            low=float(ranking.low[first, second]),
            high=float(ranking.high[first, second]),
            decided=bool(ranking.decided[first, second]),
            swapped=before[first] < before[second],
            prevalence=meet.get((models[a], models[b])),
            band=crossing_band(*duels, confidence=confidence),
            flip=flip,
        )
    return tuple(found[pair] for pair in sorted(found))


def _credits(
    answers: Int[np.ndarray, "checked models"],
    given: Integer[np.ndarray, "checked"],
    design: ReviewDesign,
    policy: Policy,
) -> Bool[np.ndarray, "checked models"]:
    """Return on which checked examples each model is right."""
    each = [
        credited(
            answers[:, [model]],
            given.astype(np.int64),
            design.suggested,
            design.codes,
            policy=policy,
        )
        for model in range(answers.shape[1])
    ]
    return np.stack(each, axis=1)


def _way_on(waiting: int) -> str:
    """Say how to come by labels that chance drew and people checked; `waiting` are drawn."""
    if waiting:
        return f"{drawn_and_waiting(waiting)}."
    return "`errata plan AUDIT --goal ranking` draws some."


def _percent(chance: float) -> str:
    """Write a chance in percent, not rounded to what is impossible or certain.

    Examples
    --------
    >>> _percent(0.421), _percent(0.9999), _percent(1.0)
    ('42 %', 'over 99 %', '100 %')
    """
    if 0 < chance < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= chance < 1 else f"{100 * chance:.0f} %"


def _band_in_words(band: Sequence[tuple[float, float]]) -> str:
    """Write down between which noise prevalences two models may be equally good.

    Examples
    --------
    >>> _band_in_words([(0.021, 0.05)]), _band_in_words([]), _band_in_words([(0.0, 1.0)])
    ('2.1 to 5.0 %', 'no N', 'any N')
    """
    if tuple(band) == ((0.0, 1.0),):
        return "any N"
    parts = (f"{100 * low:.1f} to {100 * high:.1f} %" for low, high in band)
    return ", ".join(parts) or "no N"


def _some(names: Sequence[str]) -> str:
    """Return the first few of some names, and how many more there are."""
    rest = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {rest:,} more" if rest > 0 else "")
