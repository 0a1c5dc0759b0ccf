"""Kinship of compared models with the flaggers, and rankings that lean less on who flagged.

`kinship` assembles what `errata.core.kinship` computes; a `Kinship` shows it as tables, rows and
sentences. It is a part of an `errata.comparison.Comparison`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int, Integer, Real

from errata.core.accuracy import ranks
from errata.core.kinship import (
    LEAST_OTHERS,
    find_kin,
    proposed_by_others,
    right_by_votes,
)
from errata.words import plural

ERROR = 0.05
"""The chance to name a model wrongly, over all models and flaggers."""

_NAMED = 3  # so many kin are named in a sentence

_SAME = 0.95
"""Who gives such a share of a flagger's suggestions is as good as the flagger."""

_ENOUGH = 20
"""Of fewer suggestions a good model may give nearly all by being right."""

_FEW = 10
"""Of fewer models one must copy a third of the suggestions to be named more often than not."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """The candidates of a test set: what was suggested for each, by whom, and what votes say.

    Attributes
    ----------
    examples : the candidates, each an example, no example twice, ``(candidates,)``
    suggested : what was suggested for each, ``(candidates,)``
    votes, threshold : as in `errata.core.kinship.right_by_votes`
    decided : which have a verdict, ``(candidates,)``; votes on the others are not looked at
    flaggers : who suggested
    flagger : which of them suggested each label, ``(candidates,)``; -1 where reviewers had several
        suggestions or classes to choose from
    flagged : which of them a flagger flagged with this suggestion, ``(candidates,)``; all, if left
        out. The others were drawn by chance, with a suggestion of no flagger's: they count for the
        rank by votes alone
    voters : the models whose votes flagged any, see `errata.models_as_voters`
    """

    examples: Int[np.ndarray, "candidates"]
    suggested: Integer[np.ndarray, "candidates"]
    votes: Real[np.ndarray, "candidates answers"]
    threshold: float | Real[np.ndarray, "candidates"]
    decided: Bool[np.ndarray, "candidates"]
    flaggers: tuple[str, ...]
    flagger: Int[np.ndarray, "candidates"]
    flagged: Bool[np.ndarray, "candidates"] | None = None
    voters: frozenset[str] = frozenset()

    @property
    def suspected(self) -> Bool[np.ndarray, "candidates"]:
        """Which of them a flagger flagged."""
        return np.ones(len(self.examples), dtype=bool) if self.flagged is None else self.flagged


class Place(NamedTuple):
    """How often a model is right on some examples, and its rank by that; None without examples."""

    hits: int
    of: int
    rank: int | None

    @property
    def share(self) -> float | None:
        """The share of hits, between 0 and 1."""
        return self.hits / self.of if self.of else None


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """Where a model stands by three ways to score it on what was checked.

    Attributes
    ----------
    kin_of : the flaggers with which it agrees more than models of its accuracy do
    on_c : on C, by corrected labels
    by_others : the same, on the corrections that models other than it and the kin would have
        suggested, too
    by_votes : on all checked examples, by the votes: see `errata.core.kinship.right_by_votes`
    """

    model: str
    kin_of: tuple[str, ...]
    on_c: Place
    by_others: Place
    by_votes: Place


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far a model agrees with a flagger, and how far models of its accuracy do.

    Attributes
    ----------
    agreeing : how many suggestions are its best answer
    share : the same as a share of the suggestions
    accuracy : by the given labels, on the examples that are no candidates; None without any
    expected, low, high : what models of its accuracy give, and the 95 % prediction interval of it
    studentised : how many standard errors it is above that. Where these cannot be told, None
    kin : whether it stands out
    """

    model: str
    agreeing: int
    share: float
    accuracy: float | None
    expected: float | None
    low: float | None
    high: float | None
    studentised: float | None
    kin: bool

    @property
    def interval(self) -> str:
        """What models of its accuracy give, in words."""
        if self.low is None or self.high is None:
            return "-"
        low, high = (f"{100 * share:.0f}" for share in (self.low, self.high))
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True, kw_only=True)
class Flagger:
    """How far each model agrees with one flagger, over all that it flagged and was asked about."""

    name: str
    candidates: int
    models: tuple[Agreement, ...]

    @property
    def kin(self) -> tuple[Agreement, ...]:
        """The models that stand out, those that agree most first."""
        return tuple(sorted((m for m in self.models if m.kin), key=lambda m: -m.agreeing))

    @property
    def same(self) -> tuple[Agreement, ...]:
        """The models that answer as it suggests, where too few others say what is usual.

        Where there are enough, it is these that tell who stands out.
        """
        if self.candidates < _ENOUGH:
            return ()
        return tuple(m for m in self.models if m.expected is None and m.share >= _SAME)


@dataclass(frozen=True, kw_only=True, repr=False)
class Kinship:
    """Which compared models resemble who suggested the corrections; see `errata.compare`."""

    flaggers: tuple[Flagger, ...]
    """Those whose suggestions reviewers were asked about, one at a time."""
    models: tuple[Ranked, ...]
    """In the order of the comparison."""
    unmeasured: int
    """How many candidates had several answers to choose from, so that no flagger is measured."""
    voters: tuple[str, ...] = ()
    """The compared models that voted for what was flagged."""

    @property
    def kin(self) -> tuple[str, ...]:
        """The models that are kin of a flagger."""
        return tuple(each.model for each in self.models if each.kin_of)

    @property
    def few(self) -> str | None:
        """How little a few models can tell of kinship; None where they are too few, or many."""
        models = len(self.models)
        if not self.flaggers or not LEAST_OTHERS < models < _FEW:
            return None
        return (
            f"With {models} models only strong kin would stand out: what models of one accuracy do "
            "is known but roughly from so few."
        )

    def warning(self) -> str | None:
        """Return whom the corrections may favour, in words; None where nobody stands out."""
        told = [self._favoured(flagger) for flagger in self.flaggers if flagger.kin]
        told += [self._same(flagger, one) for flagger in self.flaggers for one in flagger.same]
        return " ".join(told) or None

    def sentence(self) -> str:
        """Return the warning; without one, that nobody stands out, or why that is not known.

        How little `few` models tell goes with the second, and not with the warning. That models
        voted for what was flagged comes before all.
        """
        return f"{self.voted() or ''} {self._of_agreement()}".lstrip()

    def voted(self) -> str | None:
        """Return which compared models voted for what was flagged, in words; None if none did."""
        voters, models = len(self.voters), len(self.models)
        if not voters:
            return None
        if voters == 1:
            who, them = self.voters[0], "it"
        elif voters < models:
            who, them = f"{voters:,} of the {models:,} models", "them"
        else:
            who, them = "Both models" if models == 2 else f"All {models:,} models", "them"
        return (
            f"{who} voted for what was flagged, and corrections favour {them} over models that had "
            "no vote."
        )

    def _of_agreement(self) -> str:
        if warning := self.warning():
            return warning
        if self.unmeasured and not self.flaggers:
            return (
                "Reviewers had several labels to choose from, so no flagger's suggestions were put "
                "to them one at a time, and kinship is not measured."
            )
        if not self.flaggers:
            return "Nothing was suggested, so there is no flagger to be kin of."
        if len(self.models) <= LEAST_OTHERS:
            return (
                f"Whether a model is kin of the flagger cannot be told from {len(self.models)} of "
                f"them: what models of one accuracy do takes {LEAST_OTHERS} others. Compare more "
                "models, if there are any."
            )
        told = "No model agrees with the suggestions more than models of its accuracy do."
        return f"{told} {self.few}" if self.few else told

    def table(self) -> list[dict[str, Any]]:
        """Return agreement and the three ranks side by side, best by votes first.

        ``agrees`` and ``expected`` are percentages of the suggestions; with several flaggers, those
        of each have its number behind.
        """
        several = len(self.flaggers) > 1
        rows = []
        for place, each in enumerate(self.models):
            row: dict[str, Any] = {"model": each.model, "kin": "kin" if each.kin_of else ""}
            for number, flagger in enumerate(self.flaggers, 1):
                agreement, which = flagger.models[place], f" {number}" if several else ""
                row[f"agrees{which}"] = f"{100 * agreement.share:.1f}"
                row[f"expected{which}"] = agreement.interval
            row |= {"rank on C": each.on_c.rank, "by others": each.by_others.rank}
            rows.append(row | {"by votes": each.by_votes.rank})
        return sorted(rows, key=lambda row: (row["by votes"] or 0, row["rank on C"] or 0))

    def rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each flagger and model, fit for CSV; shares between 0 and 1."""
        return [
            {"flagger": flagger.name, "candidates": flagger.candidates, **vars(each)}
            for flagger in self.flaggers
            for each in flagger.models
        ]

    def columns(self) -> list[dict[str, Any]]:
        """Return what the rows of a comparison say of each model besides."""
        return [
            {
                "kin_of": "; ".join(each.kin_of),
                "corrected_C_by_others@1": each.by_others.share,
                "corrected_C_by_others@1_rank": each.by_others.rank,
                "by_votes@1": each.by_votes.share,
                "by_votes@1_rank": each.by_votes.rank,
            }
            for each in self.models
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, fit for JSON."""
        return {
            "warning": self.warning(),
            "sentence": self.sentence(),
            "kin": list(self.kin),
            "voters": list(self.voters),
            "unmeasured": self.unmeasured,
            "flaggers": [
                {
                    "flagger": flagger.name,
                    "candidates": flagger.candidates,
                    "models": [dict(vars(each)) for each in flagger.models],
                }
                for flagger in self.flaggers
            ],
            "models": [
                {
                    "model": each.model,
                    "kin_of": list(each.kin_of),
                    **{
                        name: {**place._asdict(), "accuracy": place.share}
                        for name, place in (
                            ("on_c", each.on_c),
                            ("by_others", each.by_others),
                            ("by_votes", each.by_votes),
                        )
                    },
                }
                for each in self.models
            ],
        }

    def title(self) -> str:
        """Return what `table` shows, in words."""
        lines = [
            "Kinship: how far each model agrees with the suggestions, in percent, and its ranks"
        ]
        for number, flagger in enumerate(self.flaggers, 1):
            which = f"{number}: " if len(self.flaggers) > 1 else "by "
            lines.append(f"  {which}{flagger.name}, {plural(flagger.candidates, 'suggestion')}")
        votes = max((each.by_votes.of for each in self.models), default=0)
        lines += [
            "Expected is what models of its accuracy give. By others: on the corrections that",
            f"other models propose, too. By votes: on all {plural(votes, 'checked example')}.",
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Kinship: {self.sentence()}"

    def _same(self, flagger: Flagger, one: Agreement) -> str:
        return (
            f"{one.model} is the flagger ({flagger.name}), or as good as that: it gives "
            f"{100 * one.share:.0f} % of the suggestions as its own answers. Corrections favour it."
        )

    def _favoured(self, flagger: Flagger) -> str:
        kin = flagger.kin[:_NAMED]
        rest = len(flagger.kin) - len(kin)
        ranked = {each.model: each for each in self.models}
        one = len(flagger.kin) == 1
        who = _listed([each.model for each in kin], rest)
        shares = _listed([f"{100 * each.share:.0f}" for each in kin])
        beside = _listed([each.interval for each in kin])
        told = (
            f"{who} {'gives' if one else 'give'} {shares} % of the suggestions of the flagger "
            f"({flagger.name}) as {'its own answers' if one else 'their own answers'}; models of "
            f"{'its' if one else 'their'} accuracy give {beside} %. The corrections may favour "
            f"{'it' if one else 'them'}"
        )
        ways = (("on C", "on_c"), ("by votes over all checked examples", "by_votes"))
        places = []
        for words, way in ways:
            found = [getattr(ranked[each.model], way).rank for each in kin]
            if None not in found:
                places.append((words, _listed([_ordinal(rank) for rank in found])))
        if not places:
            return f"{told}."
        (first, rank), *more = places
        are = "it is" if one else "they are"
        of = f"of {len(self.models):,}"
        return "".join(
            [
                f"{told}: {first} {are} {rank} {of}",
                *(f", {words} {rank}" for words, rank in more),
                ".",
            ]
        )


def kinship(
    answers: Mapping[str, Integer[np.ndarray, "n"]],
    *,
    given: Integer[np.ndarray, "n"],
    corrected: Integer[np.ndarray, "n"],
    correctable: Bool[np.ndarray, "n"],
    checked: Checked,
) -> Kinship:
    """Tell which models are kin of a flagger, and rank all in three ways on what was checked.

    A candidate whose suggestion is its given label takes no part: there is nothing to agree with.
    Nor do examples that chance drew and no flagger flagged, but for the rank by votes.
    With several flaggers the chance to name a model wrongly, `ERROR`, is shared among them.

    Parameters
    ----------
    answers : each model's best answer to each example
    given, corrected : labels before and after the review
    correctable : the set C
    checked : the candidates

    Examples
    --------
    >>> given, right = np.zeros(40, dtype=int), np.ones(40, dtype=int)
    >>> answers = {f"model {i}": np.where(np.arange(40) % 8 < i % 3, 1, 0) for i in range(6)}
    >>> answers["copy"] = np.where(np.arange(40) < 20, 1, 0)
    >>> checked = Checked(
    ...     examples=np.arange(20),
    ...     suggested=right[:20],
    ...     votes=np.tile([0, 3, 0, 0], (20, 1)),
    ...     threshold=3,
    ...     decided=np.ones(20, dtype=bool),
    ...     flaggers=("net",),
    ...     flagger=np.zeros(20, dtype=int),
    ... )
    >>> correctable = np.arange(40) < 20
    >>> found = kinship(
    ...     answers, given=given, corrected=right, correctable=correctable, checked=checked
    ... )
    >>> found.kin
    ('copy',)
    """
    labels = given[checked.examples]
    on_candidates = np.stack([answer[checked.examples] for answer in answers.values()])
    flaggers = _flaggers(answers, given, checked)
    kin = np.array([[each.kin for each in flagger.models] for flagger in flaggers], dtype=bool)
    kin = kin.reshape(len(flaggers), len(answers))
    answers_on_c = np.stack([answer[correctable] for answer in answers.values()])
    before, after = given[correctable], corrected[correctable]
    right_on_c = answers_on_c == after
    proposed = proposed_by_others(answers_on_c, before, after, np.any(kin, axis=0))
    by_votes = np.stack(
        [
            right_by_votes(answer, labels, checked.suggested, checked.votes, checked.threshold)
            for answer in on_candidates
        ]
    )
    decided = np.broadcast_to(checked.decided, by_votes.shape)
    ways = zip(
        _places(right_on_c, np.ones_like(right_on_c)),
        _places(right_on_c, proposed),
        _places(by_votes, decided),
        strict=True,
    )
    ranked = [
        Ranked(
            model=model,
            kin_of=tuple(flaggers[at].name for at in np.flatnonzero(kin_of).tolist()),
            on_c=on_c,
            by_others=by_others,
            by_votes=votes,
        )
        for model, kin_of, (on_c, by_others, votes) in zip(answers, kin.T, ways, strict=True)
    ]
    unmeasured = int(np.count_nonzero(checked.suspected & (checked.flagger < 0)))
    return Kinship(
        flaggers=flaggers,
        models=tuple(ranked),
        unmeasured=unmeasured,
        voters=tuple(model for model in answers if model in checked.voters),
    )


def _flaggers(
    answers: Mapping[str, Integer[np.ndarray, "n"]],
    given: Integer[np.ndarray, "n"],
    checked: Checked,
) -> tuple[Flagger, ...]:
    """Return how far each model agrees with each flagger that suggested anything."""
    elsewhere = np.ones(len(given), dtype=bool)
    elsewhere[checked.examples[checked.suspected]] = False
    of = int(np.count_nonzero(elsewhere))
    right = np.array(
        [np.count_nonzero((answer == given) & elsewhere) for answer in answers.values()]
    )
    asked = checked.suspected & (checked.suggested != given[checked.examples])
    parts = {name: asked & (checked.flagger == at) for at, name in enumerate(checked.flaggers)}
    parts = {name: part for name, part in parts.items() if part.any()}
    flaggers = []
    for name, part in parts.items():
        examples, suggested = checked.examples[part], checked.suggested[part]
        agreeing = np.array(
            [np.count_nonzero(answer[examples] == suggested) for answer in answers.values()]
        )
        found = find_kin(agreeing, len(examples), right, of, error=ERROR / len(parts))
        models = tuple(
            Agreement(
                model=model,
                agreeing=int(agreeing[at]),
                share=int(agreeing[at]) / len(examples),
                accuracy=int(right[at]) / of if of else None,
                expected=_known(found.expected[at]),
                low=_known(found.low[at]),
                high=_known(found.high[at]),
                studentised=_known(found.studentised[at]),
                kin=bool(found.named[at]),
            )
            for at, model in enumerate(answers)
        )
        flaggers.append(Flagger(name=name, candidates=len(examples), models=models))
    return tuple(flaggers)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _places(
    right: Bool[np.ndarray, "models examples"], among: Bool[np.ndarray, "models examples"]
) -> list[Place]:
    """Return how each model does on the examples that it is judged by, ranked by the shares."""
    hits, of = np.count_nonzero(right & among, axis=1), np.count_nonzero(among, axis=1)
    shares = np.divide(hits, of, out=np.full(len(of), np.nan), where=of > 0)
    found = zip(hits.tolist(), of.tolist(), ranks(shares).tolist(), strict=True)
    return [Place(count, size, rank or None) for count, size, rank in found]


def _ordinal(number: int) -> str:
    """Write a rank as it is said.

    Examples
    --------
    >>> [_ordinal(n) for n in (1, 2, 3, 11, 22, 34)]
    ['1st', '2nd', '3rd', '11th', '22nd', '34th']
    """
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{last or 'th'}"


def _listed(words: Sequence[str], rest: int = 0) -> str:
    shown = [*words, *([f"{rest} more"] if rest else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
