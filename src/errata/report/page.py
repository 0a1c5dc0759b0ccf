"""The report: one HTML file that needs nothing else, written from a `ReportContext`.

Charts are drawn to SVG, once for wide pages and once for narrow ones; their colours become CSS
variables, so one drawing serves light, dark and print. The page runs no script and asks no host
for anything.
"""

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image

from errata.comparison import Comparison, ModelAccuracies
from errata.core.consensus import VOTED
from errata.core.kinship import LEAST_OTHERS
from errata.core.selection import RULES
from errata.datasets.media import Clip, Picture, Row, Text
from errata.errors import FileError
from errata.files import write_atomic
from errata.kin import Flagger
from errata.labels import named
from errata.report import certainty, charts
from errata.report.charts import ModelChange, Relation, Section
from errata.report.context import ReportContext, ReportExample
from errata.report.words import (
    CHOICE_VERDICT_MEANINGS,
    SET_VERDICT_MEANINGS,
    VERDICT_MEANINGS,
    VERDICT_NAMES,
    joined,
    percent,
)
from errata.store.files import check_replaceable
from errata.words import plural, short_names

THUMBNAIL = 320
"""Pictures with a longer side are made smaller: the page holds up to 48 of them."""

TINY = 96
"""Pictures up to this size are enlarged without smoothing, so that every pixel shows."""

LONGEST_CLIP = 400_000
"""Bytes of a sound; of a larger one the page tells the length alone."""

IMPORTED = "imported"
"""The rule of candidates from elsewhere."""

ORDER = "given_order"
"""The score of candidates from elsewhere that have none: a whole number, 1 for the first."""

_GENERATOR, _TITLE = b'<meta name="generator" content="errata">', b": label audit</title>"
_HEAD = 65536
"""By what, in its first bytes, a report is known again; the title holds the name of the audit."""

EXCERPT, LONGEST = 240, 6000
"""Letters of a text on a card; letters it unfolds to."""

MOST_FLAGGERS = 4
"""So many are drawn; all are in the table."""


def write_report(context: ReportContext, out: Path) -> Path:
    """Write the report to the file ``out`` and return its path.

    The same context gives the same bytes. An earlier report there is replaced, and nothing else.

    Raises
    ------
    FileError
        The file cannot be written, or would take the place of another.
    """
    if out.is_dir():
        raise FileError(f"{out} is a folder; name the file of the report, such as report.html.")
    if not out.parent.is_dir():
        raise FileError(
            f"There is no folder {out.parent} for the report; make it, or name another."
        )
    check_replaceable(out, "The report", _is_report)
    environment = Environment(
        loader=PackageLoader("errata.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cards = [card(example, context) for example in context.suspicious]
    page = environment.get_template("report.html").render(
        it=context,
        headline=headline(context),
        figures=figures(context),
        verdicts=_verdicts(context),
        rate=certainty.rate(context),
        guess=_guess(context),
        suspicious=_suspicious(context),
        level=f"{100 * context.confidence:g}\u00a0%",
        meanings=_meanings(context),
        names=VERDICT_NAMES,
        cards=cards,
        unseen=all(each["kind"] == "none" for each in cards),
        pairs=_pairs(context),
        accuracy=_accuracy(context),
        models=_models(context.comparison),
        ranking=certainty.ranking(context.comparison),
        kinship=kinship(context.comparison),
        prevalence=_prevalence(context),
        today=_today(context.comparison),
        by_chance=_by_chance(context.comparison),
        crossings=_crossings(context.comparison),
        style=charts.stylesheet(),
        plural=plural,
        marked=marked,
        unbroken=unbroken,
    )
    try:
        # a path may hold what no text can: half of a character is shown as "?", as in texts
        write_atomic(out, page.encode(errors="replace"))
    except OSError as error:
        raise FileError(
            f"The report cannot be written to {out}: {error.strerror}. Name another file."
        ) from None
    return out


def _is_report(path: Path) -> bool:
    """Tell whether a file is a report: by the head of its page, which `write_report` wrote."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD).partition(b"<style>")[0]
    return head.startswith(b"<!doctype html>") and _GENERATOR in head and _TITLE in head


# ---------------------------------------------------------------- sentences and figures


def marked(text: str) -> Markup:
    """Return a text for the page, with what stands in it between backticks as code.

    Examples
    --------
    >>> marked("draw <some>: `errata plan`")
    Markup('draw &lt;some&gt;: <code>errata plan</code>')
    """
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(unbroken(text))))
    return Markup(coded)  # noqa: S704 (escaped above)


def unbroken(text: str) -> str:
    r"""Return a text in which no line ends before a per-cent sign.

    Examples
    --------
    >>> unbroken("95 % confidence")
    '95\xa0% confidence'
    """
    return re.sub(r"(?<=\d) %", "\u00a0%", text)


def headline(context: ReportContext) -> str:
    """Return the sentence a person can act on."""
    if context.rule is None:
        if not context.probabilities:
            return (
                "Nobody has named a label that looks wrong yet. Next: errata candidates import "
                f"{context.path} FILE --flagger NAME"
            )
        return f"Nothing has been looked for yet. Next: errata find {context.path}"
    if context.candidates == 0:
        return "No label looks wrong by this rule. Another rule may be less strict."
    if context.decided == 0:
        return f"{_waiting(context)} verdict yet. Next: errata review {context.path}"
    corrected = context.verdict_counts.get("correctable", 0)
    unknown = _unknown(context)
    were = "was" if corrected == 1 else "were"
    if context.multilabel:
        first = f"The labels of {plural(corrected, 'example')} of {context.n:,} were corrected"
        lack = "because no label is agreed on"
    else:
        first = f"{plural(corrected, 'label')} of {context.n:,} {were} corrected"
        lack = "for want of one right label"
    if unknown:
        first += f", and {plural(unknown, 'example')} left out {lack}"
    wait = "candidate still waits" if context.open == 1 else "candidates still wait"
    waiting = f" {context.open:,} {wait} for votes." if context.open else ""
    compared = context.comparison
    if compared is None:
        return f"{first}.{waiting}"
    sure = compared.certainty
    # what chance drew tells of all examples; without it there are the corrections alone
    leads = sure.best() if sure is not None and sure.by_chance else compared.headline()
    return f"{first}.{waiting} {unbroken(leads)}"


def _waiting(context: ReportContext) -> str:
    """Return what is to be checked, and that nothing is, up to the word "verdict".

    What chance drew need not look wrong.
    """
    drawn = sum(context.by_chance.values())
    flagged = context.candidates - drawn
    if context.candidates == 1:
        told = "Chance drew 1 example to check" if drawn else "1 label looks wrong"
        return f"{told}, and it has no"
    by_chance = f"hance drew {plural(drawn, 'example')} to check"
    wrong = plural(flagged, "label looks", "labels look") + " wrong"
    if not drawn:
        return f"{wrong}, and none of them has a"
    if not flagged:
        return f"C{by_chance}, and none of them has a"
    return f"{wrong}, c{by_chance}, and none has a"


def _unknown(context: ReportContext) -> int:
    return sum(
        context.verdict_counts.get(name, 0) for name in ("multi_label", "neither", "non_agreement")
    )


def figures(context: ReportContext) -> list[tuple[str, str, str]]:
    """Return the key figures: a number, what it counts, and a word of explanation."""
    rows = [(f"{context.n:,}", "examples", plural(len(context.classes), "class", "classes"))]
    if (rate := _headline_rate(context)) is not None:
        rows.append(rate)
    if context.rule is not None:
        rows.append((f"{context.candidates:,}", "candidates", _sent(context)))
    if context.decided or context.open:
        rest = f"{context.open:,} still open" if context.open else "none left open"
        rows.append((f"{context.decided:,}", "with a verdict", rest))
    if context.decided:
        corrected = context.verdict_counts.get("correctable", 0)
        rows.append((f"{corrected:,}", "corrected", "the set C"))
        lack = "no label agreed on" if context.multilabel else "no single right label"
        rows.append((f"{_unknown(context):,}", "left out", f"{lack}: the set U"))
    return rows


def _headline_rate(context: ReportContext) -> tuple[str, str, str] | None:
    """Return the one error rate at the top: the estimate, or else what is certain, or a guess."""
    if context.moments:
        _, estimate, low, high = context.moments[-1]
        level = f"{100 * context.confidence:g}\u00a0% interval"
        told = f"{level}: {100 * low:.1f} to {percent(high, 1)}"
        return percent(estimate, 1), "of all labels wrong", told
    if context.decided:
        wrong = context.decided - context.verdict_counts.get("non_error", 0)
        # not their share of what was checked, which would look like one of all labels
        told = f"{percent(wrong / context.n, 1)} of all; {context.decided:,} were checked"
        rest = context.n - context.decided
        if not rest:
            return f"{wrong:,}", "labels wrong or doubtful", told
        told += f", of the {rest:,} others nobody knows"
        return f"≥\u202f{wrong:,}", "labels wrong or doubtful", told
    if context.estimated_errors is None:
        return None
    share = percent(context.estimated_errors / context.n)
    note = f"{share} of the labels: a guess of find, before anybody looked"
    return f"{context.estimated_errors:,}", "errors guessed", note


def _guess(context: ReportContext) -> str | None:
    """Return what `find` alone told of the error rate, where more is known now."""
    if context.estimated_errors is None or not context.decided:
        return None
    share = percent(context.estimated_errors / context.n)
    return (
        f"Before anybody looked, `errata find` had put it at {context.estimated_errors:,} "
        f"({share}), from {context.estimated_from} alone: that says how many candidates to look "
        "at, and has no interval."
    )


def _sent(context: ReportContext) -> str:
    """Return how the candidates came to be: by which rule, and how many by chance."""
    drawn = sum(context.by_chance.values())
    flagged = context.candidates - drawn
    sent = f"sent by rule {context.rule}"
    if context.rule == IMPORTED:
        sent = "named in a list from elsewhere"
    if not drawn:
        return sent
    return f"{drawn:,} drawn by chance" + (f", {flagged:,} {sent}" if flagged else "")


_GOALS = {
    "rate": "to tell how many of all labels are wrong",
    "ranking": "to tell which models are better",
}
"""What examples are drawn by chance for."""


def _drawn(context: ReportContext) -> str:
    """Return what chance drew, and what for."""
    each = [
        f"{plural(count, 'example')} {_GOALS[goal]} (`errata plan --goal {goal}`)"
        for goal, count in context.by_chance.items()
    ]
    return joined(each)


def _suspicious(context: ReportContext) -> str:
    """Return which examples are shown, and in what order."""
    shown, drawn = len(context.suspicious), sum(context.by_chance.values())
    flagged = context.candidates - drawn
    by = "" if not context.score else f" by {context.score}"
    order = (
        "in the order of the list they come from" if context.score == ORDER else f"worst first{by}"
    )
    struck = "A label struck through was corrected by the reviewers."
    if flagged or not drawn:
        first = "The" if shown == flagged else f"The first {shown} of the"
        rest = f" Not shown here is what chance drew: {_drawn(context)}." if drawn else ""
        return f"{first} {plural(flagged, 'candidate')}, {order}. {struck}{rest}"
    first = "All" if shown == drawn else f"The {shown} most suspicious"
    return (
        f"No candidate was sent because it looked wrong: chance drew {_drawn(context)}. So most of "
        f"their labels may well be right. {first} of them are shown, {order}. {struck}"
    )


def _verdicts(context: ReportContext) -> Section | None:
    if not context.decided:
        return None
    counts, arise = context.verdict_counts, _meanings(context).keys()
    wrong = context.decided - counts.get("non_error", 0)
    sentence = (
        f"Reviewers found {wrong:,} of {context.decided:,} candidates wrong or doubtful "
        f"({percent(wrong / context.decided, 0)}); a verdict takes {_needed(context)}."
    )
    if context.decided < context.n:
        sentence += (
            " That is the share among what was checked, not among all labels: suspicious ones are "
            "checked more."
        )
    says = "; ".join(f"{VERDICT_NAMES[name]}: {counts.get(name, 0):,}" for name in arise)

    def draw(width: int) -> Any:
        return charts.verdict_chart(counts, verdicts=arise, width=width)

    return Section(sentence, charts.drawing(f"Verdicts. {says}.", draw))


def _meanings(context: ReportContext) -> dict[str, str]:
    if context.choice:
        return CHOICE_VERDICT_MEANINGS
    return SET_VERDICT_MEANINGS if context.multilabel else VERDICT_MEANINGS


def _needed(context: ReportContext) -> str:
    if context.threshold is None:
        return context.needed
    unit = "a label" if context.multilabel else "one answer"
    if isinstance(context.threshold, int):
        return f"{plural(context.threshold, 'vote')} for {unit}"
    each = " or ".join(map(str, context.threshold))
    return f"{each} votes, as the candidate's plan says, for {unit}"


def _pairs(context: ReportContext) -> Section | None:
    pairs = sorted(context.pairs, key=lambda pair: -pair.candidates)
    if not pairs:
        return None
    names = context.classes
    top = pairs[0]
    sentence = (
        f"Most often {names[top.given]} is doubted in favour of {names[top.suggested]}: "
        f"{plural(top.candidates, 'candidate')}"
    )
    sentence += f", {top.correctable:,} of them corrected." if context.decided else "."
    named = [(names[p.given], names[p.suggested], p.candidates, p.correctable) for p in pairs]
    says = "; ".join(f"{a} to {b}: {count:,}" for a, b, count, _ in named[:12])
    return Section(
        sentence,
        charts.drawing(
            f"Given and suggested. {says}.", lambda w: charts.pairs_chart(named, width=w)
        ),
    )


# ---------------------------------------------------------------- models


def _accuracy(context: ReportContext) -> Section:
    compared: Comparison | None = context.comparison
    if context.multilabel:
        return Section("Models are not compared where examples may have several labels.", None)
    if compared is None:
        return Section(
            f"No model has been compared. Next: errata compare {context.path} PREDICTIONS", None
        )
    short = short_names([m.model for m in compared.models])
    rows = [
        ModelChange(
            short[m.model], before.accuracy, after.accuracy, before.rank or 0, after.rank or 0
        )
        for m, before, after in _before_and_after(compared)
    ]
    if not rows:
        return Section("No example has a known label, so there is no accuracy.", None)
    rows.sort(key=lambda row: (row.corrected_rank, row.original_rank, row.model))
    moved = [row for row in rows if row.original_rank != row.corrected_rank]
    if not moved:
        ranks = "No model changes its rank"
    else:
        some = joined([row.model for row in moved[:4]])
        rest = f" and {len(moved) - 4} more" if len(moved) > 4 else ""
        who = plural(len(moved), "model changes its", "models change their")
        ranks = f"{who} rank: {some}{rest}"
    if _by_chance(compared):
        ranks = f"By these alone {ranks[0].lower()}{ranks[1:]}"
    unchecked = context.n - context.decided
    rest = (
        f" The {unchecked:,} labels that nobody checked count as they are given: if some of them "
        "are wrong, these accuracies are too."
        if unchecked > 0
        else ""
    )
    question = "What do the corrections made so far change?"
    if _by_chance(compared):
        question += (
            f" These are no estimates for all {context.n:,} examples, and have no intervals: the "
            "estimates stand above."
        )
    sentence = (
        f"{question} {compared.headline()} {ranks}. Given labels "
        f"are scored over all {compared.sizes['D']:,} examples, corrected ones over the "
        f"{compared.sizes['P']:,} that were not left out.{rest}"
    )
    says = "; ".join(
        f"{row.model}: {percent(row.original)} to {percent(row.corrected)}" for row in rows[:40]
    )
    return Section(
        sentence,
        charts.drawing(
            f"Accuracy on given and on corrected labels. {says}.",
            lambda w: charts.accuracy_chart(rows, width=w),
        ),
    )


def _before_and_after(compared: Comparison) -> list[tuple[ModelAccuracies, Any, Any]]:
    """Return each model with its score on the given labels over D and on the corrected over P."""
    scored = [(m, m.score("original", "D"), m.score("corrected", "P")) for m in compared.models]
    return [(m, a, b) for m, a, b in scored if a is not None and b is not None and b.of]


def _models(compared: Comparison | None) -> list[dict[str, Any]]:
    """Return the rows of the table of models, best on corrected labels first."""
    if compared is None:
        return []
    rows = []
    for model, before, after in _before_and_after(compared):
        given_c, corrected_c = model.score("original", "C"), model.score("corrected", "C")
        rows.append(
            {
                "model": model.model,
                "before": percent(before.accuracy),
                "before_rank": before.rank,
                "after": percent(after.accuracy),
                "after_rank": after.rank,
                "rise": (before.rank or 0) - (after.rank or 0),
                "c_before": percent(given_c.accuracy) if given_c and given_c.of else "–",
                "c_after": percent(corrected_c.accuracy) if corrected_c and corrected_c.of else "–",
                "c_rank": corrected_c.rank if corrected_c and corrected_c.of else "–",
            }
        )
    return sorted(rows, key=lambda row: (row["after_rank"], row["before_rank"], row["model"]))


def kinship(compared: Comparison | None) -> dict[str, Any] | None:
    """Return who is kin of the flaggers: in words, drawn for each, and as a table."""
    if compared is None or compared.kinship is None or len(compared.models) < 2:
        return None
    told = compared.kinship
    measured = compared.sizes["C"] and len(compared.models) > LEAST_OTHERS
    drawn = [flagger for flagger in told.flaggers if measured]
    drawn.sort(key=lambda flagger: -len(flagger.kin))
    return {
        "voted": told.voted(),
        "warning": told.warning(),
        "sentence": told.sentence(),
        "few": told.few if told.warning() else None,  # the sentence has it
        "drawings": [
            (flagger.name, flagger.candidates, _relations(compared, flagger))
            for flagger in drawn[:MOST_FLAGGERS]
        ],
        "flaggers": [flagger.name for flagger in told.flaggers],
        "votes": told.models[0].by_votes.of,
        "models": [
            {
                "model": each.model,
                "kin": bool(each.kin_of),
                "agreements": [
                    (percent(agreement.share, 1), agreement.interval)
                    for agreement in (flagger.models[place] for flagger in told.flaggers)
                ],
                "ranks": [
                    place.rank or "–" for place in (each.on_c, each.by_others, each.by_votes)
                ],
            }
            for place, each in sorted(
                enumerate(told.models),
                key=lambda at: (at[1].by_votes.rank or 0, at[1].on_c.rank or 0, at[1].model),
            )
        ],
    }


def _relations(compared: Comparison, flagger: Flagger) -> charts.Drawing:
    """Return the chart of agreement with one flagger against the gain on C."""
    short = short_names([m.model for m in compared.models])
    relations = []
    for each, near in zip(compared.models, flagger.models, strict=True):
        before, after = each.original[1]["C"].accuracy, each.corrected[1]["C"].accuracy
        usual = None if near.low is None or near.high is None else (near.low, near.high)
        gain = 100 * (after - before)
        relations.append(Relation(short[each.model], near.share, gain, near.kin, usual))
    says = "; ".join(
        f"{one.model}: {percent(one.agreement, 0)}, {one.gain:+.0f}{', kin' if one.kin else ''}"
        for one in sorted(relations, key=lambda one: -one.agreement)[:40]
    )
    return charts.drawing(
        f"Agreement with the flagger {flagger.name}, and points gained on C. {says}.",
        lambda width: charts.kin_chart(relations, width=width),
    )


def _prevalence(context: ReportContext) -> list[Section]:
    """Return the chart near today's noise prevalence, and the one of the whole range."""
    compared: Comparison | None = context.comparison
    if compared is None or not compared.sizes["C"] or not compared.sizes["B"]:
        return []
    short = short_names([m.model for m in compared.models])
    lines = {
        short[m.model]: (m.corrected[1]["B"].accuracy, m.corrected[1]["C"].accuracy)
        for m in compared.models
    }
    crossings = [(short[c.a], short[c.b], c.prevalence) for c in compared.crossings]
    today = compared.noise_prevalence
    leads = charts.leads(lines, crossings)
    pairs = len(lines) * (len(lines) - 1) // 2
    if len(lines) == 1:
        sentence = "With one model there is no order to change."
    elif not crossings:
        sentence = "By these lines no two models would change places at any noise prevalence."
    else:
        changes = joined([f"{model} from {percent(start, 1)}" for start, model in leads[1:]])
        lead = f"The lead goes to {changes}." if changes else f"{leads[0][1]} leads throughout."
        sentence = (
            f"By these lines {len(crossings):,} of {plural(pairs, 'pair')} of models would change "
            "places at some noise prevalence. "
            f"{lead}"
        )
    near = _near(today, [c[2] for c in crossings], [start for start, _ in leads[1:]])
    ranges = [(0.0, near), (0.0, 1.0)] if near < 0.8 else [(0.0, 1.0)]
    sections = []
    for low, high in ranges:

        def draw(width: int, domain: tuple[float, float] = (low, high)) -> Any:
            return charts.prevalence_chart(
                lines, crossings, noise_prevalence=today, domain=domain, width=width
            )

        says = f"Accuracy against noise prevalence, from {percent(low, 0)} to {percent(high, 0)}. "
        sections.append(Section(sentence, charts.drawing(says + sentence, draw)))
        sentence = "The whole range, to 100\u00a0%, where only corrected examples are left."
    return sections


def _near(today: float, prevalences: Sequence[float], changes: Sequence[float]) -> float:
    """Return how far the first chart reaches.

    It holds today's prevalence, the half of the crossings next to it, and the next change of
    the lead unless that is far off.
    """
    nearest = sorted(prevalences, key=lambda prevalence: abs(prevalence - today))
    soon = [change for change in changes if change < 0.3][:1]
    reach = max([2 * today, *nearest[: max(1, len(nearest) // 2)], *soon])
    for end in (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
        if reach <= 0.9 * end:
            return end
    return 1.0


def _today(compared: Comparison | None) -> str:
    """Return the noise prevalence of this test set, as far as it was checked."""
    return percent(compared.noise_prevalence) if compared is not None else ""


def _by_chance(compared: Comparison | None) -> bool:
    """Return whether chance drew some of what was checked, so that it tells of the rest."""
    return bool(compared and compared.certainty and compared.certainty.by_chance)


def _crossings(compared: Comparison | None) -> list[dict[str, str]]:
    if compared is None:
        return []
    return [
        {"above": c.above, "below": c.below, "prevalence": percent(c.prevalence)}
        for c in compared.crossings
    ]


# ---------------------------------------------------------------- cards


def card(example: ReportExample, context: ReportContext) -> dict[str, Any]:
    """Return what the card of one suspicious example shows."""
    names = context.classes
    named_each = context.multilabel or context.choice
    listed = example.votes if named_each else VOTED
    votes = [(answer, example.votes.get(answer, 0)) for answer in listed]
    dots = [] if named_each else [answer for answer, count in votes for _ in range(count)]
    return {
        "id": example.id,
        "given": named(example.given, names),
        "suggested": named(example.suggested, names),
        "corrected": None if example.corrected is None else named(example.corrected, names),
        "score": f"{example.score:.0f}" if context.score == ORDER else f"{example.score:.3f}",
        "flagged": _flagged(example.rules),
        "verdict": example.verdict,
        "votes": [(answer, count) for answer, count in votes if count],
        "dots": dots[:15],
        **_shown(example.shown),
    }


def _flagged(rules: Sequence[str]) -> str:
    if list(rules) == [IMPORTED]:
        return "named in a list from elsewhere"
    if not rules:
        return "flagged by no rule, drawn by chance"
    return f"flagged by {'all six rules' if {*RULES} <= {*rules} else ', '.join(rules)}"


def _shown(shown: object) -> dict[str, Any]:
    if isinstance(shown, Picture):
        uri, tiny = _thumbnail(shown)
        return {"kind": "picture", "uri": uri, "tiny": tiny}
    if isinstance(shown, Text):
        text = shown.text.strip()
        if len(text) <= EXCERPT + 60:
            return {"kind": "text", "excerpt": text, "rest": ""}
        space = text.rfind(" ", EXCERPT // 2, EXCERPT)
        cut = EXCERPT if space < 0 else space
        rest = text[cut:LONGEST] + (" …" if len(text) > LONGEST else "")
        return {"kind": "text", "excerpt": text[:cut], "rest": rest}
    if isinstance(shown, Clip):
        heard = len(shown.data) <= LONGEST_CLIP
        address = _data_address(shown.data, shown.mime) if heard else ""
        return {"kind": "clip", "uri": address, "long": f"{shown.seconds:.1f} seconds"}
    if isinstance(shown, Row):
        rows = [
            (name, f"{value:g}" if isinstance(value, float) else str(value))
            for name, value in zip(shown.names, shown.values, strict=True)
        ]
        return {"kind": "row", "rows": rows[:6], "rest": rows[6:200]}
    return {"kind": "none"}


def _thumbnail(picture: Picture) -> tuple[str, bool]:
    """Return a picture as a data address, made smaller if it is large; and whether it is tiny."""
    data, mime = picture.data, picture.mime
    if max(picture.width, picture.height) > THUMBNAIL:
        with Image.open(io.BytesIO(data)) as image:
            image.thumbnail((THUMBNAIL, THUMBNAIL))
            small = io.BytesIO()
            image.convert("RGB").save(small, "JPEG", quality=85)
        data, mime = small.getvalue(), "image/jpeg"
    return _data_address(data, mime), max(picture.width, picture.height) <= TINY


def _data_address(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
