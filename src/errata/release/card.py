"""The card of a release, ``README.md``: what a stranger reads first."""

import numpy as np

from errata.core.consensus import CORRECTABLE
from errata.core.crowd import CROWD
from errata.labels import named
from errata.release.content import Content
from errata.release.front_matter import front_matter
from errata.release.tables import ADJUDICATION, CANDIDATES, CHANGES, VOTES, labels_file
from errata.results import IMPORTED, SetVerdicts, Verdicts
from errata.words import in_markdown

SHORT = 100
"""Up to so many corrected labels are listed in the card."""

_LEFT_OUT = "left out by `drop_ambiguous`"


def card(content: Content, mark: str) -> str:
    """Return the card of a release whose fingerprint is ``mark``: Markdown."""
    c, v, d = content.counts, content.verdicts, content.description
    votes = sum(row["kind"] != ADJUDICATION for row in content.votes)
    notices = "".join(f"> **{notice}**\n\n" for notice in v.notices)
    summary = f"{d.summary.strip()}\n\n" if d.summary else ""
    return f"""{front_matter(content)}
# {in_markdown(content.title)}: corrected labels

{summary}Version {content.version}, content `{mark[:12]}`. {c["D"]:,} examples in \
{len(content.classes):,} classes. {c["candidates"]:,} labels looked wrong and were sent for
checking; {c["reviewed"]:,} of them have {votes:,} votes under {content.reviewers:,} reviewers'
names. A verdict needs {v.needed}.

{notices}{_found(content)}
## Use

```python
import errata
release = errata.load_release(".")  # the folder of this file
labels, mask = release.labels, release.mask  # score models on labels[mask]
```

Or without errata, where row *i* is example *i* of the test set:

```python
import pyarrow.parquet as pq
table = pq.read_table("{labels_file(content.default.name)}")
labels = table["drop_ambiguous"]  # null where no label is trusted
```

{_files(content)}
{_changes(content)}
## Bear in mind

- Only candidates were checked. Wrong labels among the {c["D"] - c["reviewed"]:,} other examples, if
  any, are still there, and count as right.
- The candidates and the suggested labels come from {_origin(content)}, and corrections
  chosen by one model can favour its relatives. Say so when you rank models on this set.
- `SHA256SUMS` has the SHA-256 of every file here, and `manifest.json` that of what the release was
  made from. `errata verify` checks both, and that the labels follow from the votes.
{_limitations(content)}
## Licence and source

{_licence(content)}"""


def _limitations(content: Content) -> str:
    said = content.description.limitations.strip()
    return f"\n{said}\n" if said else ""


def _licence(content: Content) -> str:
    """Return what may be done with the labels, and where the examples are."""
    d = content.description
    named_ = in_markdown(d.licence)
    licence = (
        "Nobody has said under which licence these labels and votes are: ask before you use them."
        if d.licence == "unknown"
        else f"Labels and votes: {named_}."
    )
    parts = [
        f"{licence} The examples themselves are not in this release, and have their own licence.",
        d.licence_notes.strip(),
        f"Source: {in_markdown(d.source)}" if d.source else "",
        f"Cite the test set as:\n\n{_quoted(d.citation)}" if d.citation else "",
        f"Mistakes are reported to {in_markdown(d.report_to)}" if d.report_to else "",
        "`CITATION.cff` says how this release is cited.",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _quoted(text: str) -> str:
    """Return lines as a block that nothing in them ends."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines())


def _files(content: Content) -> str:
    """Return the tables of files and of columns."""
    rows = [
        f"| `{labels_file(one.name)}` | labels where {_needs(one.verdicts)}"
        f"{' (the default)' if one is content.default else ''} |\n"
        for one in content.labellings
    ]
    return f"""| file | what it holds |
|---|---|
{"".join(rows)}| `{VOTES}` | every vote, under pseudonyms |
| `{CANDIDATES}` | what was sent for checking, by which rule and plan |
| `{CHANGES}` | what is not as given, with the votes; `CHANGES.md` lists it for people |

| column of a labels file | what it is |
|---|---|
| `index`, `id`, `path`, `sha256` | which example: its row, its id, its file and the SHA-256 of \
its own bytes, where there are any |
| `given` | {_label(content)}; their names, in order, are `classes` in `manifest.json` |
| `verdict` | {_found_by(content)}; `open` if votes are lacking; empty without votes |
| `drop_ambiguous` | the label, given or corrected; empty where none is trusted |
| `keep_given` | the corrected label where there is one, else the given one |
{_multi(content)}"""


def _needs(verdicts: Verdicts | SetVerdicts) -> str:
    return f"a verdict needs {verdicts.needed}"


def _label(content: Content) -> str:
    return "the given labels, class numbers" if content.multilabel else "the given class number"


def _multi(content: Content) -> str:
    if content.multilabel:
        return ""
    return "| `multi_label` | all labels that are accepted, also two; empty where none is known |\n"


def _found(content: Content) -> str:
    """Return the table of what was found."""
    c = content.counts
    rows: tuple[tuple[str, str, str], ...]
    if content.multilabel:
        rows = (
            ("`non_error`: the labels that they agree on are the given ones", "non_error", "kept"),
            ("`correctable`: they agree on other labels", "correctable", "labels corrected"),
            ("`neither`: they agree on no label", "neither", _LEFT_OUT),
            ("`non_agreement`: too few can tell", "non_agreement", _LEFT_OUT),
        )
    elif content.chosen:
        rows = (
            ("`non_error`: the given label is right", "non_error", "kept"),
            ("`correctable`: another class is right", "correctable", "label corrected"),
            ("`multi_label`: both labels fit", "multi_label", _LEFT_OUT),
            ("`neither`: none of the classes shown fits", "neither", _LEFT_OUT),
            ("`non_agreement`: the reviewers differ", "non_agreement", _LEFT_OUT),
        )
    else:
        rows = (
            ("`non_error`: the given label is right", "non_error", "kept"),
            ("`correctable`: the suggested label is right", "correctable", "label corrected"),
            ("`multi_label`: both labels fit", "multi_label", _LEFT_OUT),
            ("`neither` label fits", "neither", _LEFT_OUT),
            ("`non_agreement`: the reviewers differ", "non_agreement", _LEFT_OUT),
        )
    lines = [f"| {what} | {c[verdict]:,} | {fate} |\n" for what, verdict, fate in rows]
    waiting = c["open"] + c["unreviewed"]
    lines.append(f"| open, or not reviewed yet | {waiting:,} | kept as given |\n")
    head = f"| {_found_by(content)} | candidates | in this release |\n|---|---:|---|\n"
    return head + "".join(lines)


def _found_by(content: Content) -> str:
    """Return whose findings the verdicts are, in words."""
    by_hand = ", or a maintainer decided" if content.verdicts.adjudicated.any() else ""
    return f"what the reviewers found{by_hand}"


def _origin(content: Content) -> str:
    """Return what proposed the candidates, in words."""
    runs = [plan["find"] for plan in content.settings["plans"]]
    others = (IMPORTED, CROWD)
    listed = dict.fromkeys(run["flagger"] for run in runs if run["rule"] in others)
    found = any(run["rule"] not in others for run in runs)
    return " and ".join([*["one model's probabilities"] * found, *map(in_markdown, listed)])


def _changes(content: Content) -> str:
    count = content.counts["correctable"]
    if not count:
        return "## What changed\n\nNo label was corrected.\n"
    if count > SHORT:
        return (
            f"## What changed\n\n{count:,} labels: the rows of `{CHANGES}` with a `corrected` one, "
            "listed in `CHANGES.md`.\n"
        )
    return f"## What changed\n\n{corrected_list(content)}"


def corrected_list(content: Content) -> str:
    """Return the corrected labels of the default file as a table of Markdown."""
    verdicts = content.verdicts
    corrected = np.flatnonzero(verdicts.codes == CORRECTABLE).tolist()
    rows = (
        "| " + " | ".join([in_markdown(verdicts.ids[row]), *_change(verdicts, row)]) + " |\n"
        for row in sorted(corrected, key=lambda row: int(verdicts.examples[row]))
    )
    head = "| id | given | corrected | votes for the correction |\n|---|---|---|---:|\n"
    return head + "".join(rows)


def _change(verdicts: Verdicts | SetVerdicts, row: int) -> tuple[str, str, str]:
    """Return the given and the corrected label of one candidate, and the votes for it."""
    names, votes = verdicts.classes, verdicts.votes[row]
    if isinstance(verdicts, SetVerdicts):
        sets = (verdicts.given[row], verdicts.agreed[row])
        told = (named(tuple(np.flatnonzero(one).tolist()), names) for one in sets)
        given, corrected = map(in_markdown, told)
        votes_for = f"{in_markdown(verdicts.told(row))} of {verdicts.reviewers[row]}"
        return given, corrected, votes_for + _by_hand(verdicts, row)
    given, corrected = (
        in_markdown(names[one]) for one in (verdicts.given[row], verdicts.suggested[row])
    )
    return given, corrected, f"{votes[CORRECTABLE]} of {votes.sum()}" + _by_hand(verdicts, row)


def _by_hand(verdicts: Verdicts | SetVerdicts, row: int) -> str:
    """Return what is said beside the votes of one candidate where these did not decide it."""
    return "; decided by a maintainer" if verdicts.adjudicated[row] else ""
