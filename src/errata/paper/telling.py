"""The rebuilt paper as text: tables for a terminal, and the sentences that go with them."""

from collections.abc import Mapping
from typing import Any

from errata.paper.cells import Cell
from errata.paper.published import SOURCES
from errata.paper.rebuild import Rebuilt

Table = tuple[str, list[dict[str, str]]]
"""A title and rows of cells."""

HEADS: Mapping[str, str] = {
    "size": "size",
    "guessed": "CL guessed",
    "checked": "checked",
    "validated": "validated",
    "estimated": "estimated",
    "percent": "% error",
    "non_error": "non-errors",
    "error": "errors",
    "non_agreement": "non-agreement",
    "correctable": "correctable",
    "multi_label": "multi-label",
    "neither": "neither",
    "acc@1": "Acc@1",
    "cacc@1": "cAcc@1",
    "acc@5": "Acc@5",
    "cacc@5": "cAcc@5",
    "rank@1": "Rank@1",
    "crank@1": "cRank@1",
    "rank@5": "Rank@5",
    "crank@5": "cRank@5",
}
"""What the columns of the paper's tables are headed."""

TITLES: Mapping[str, str] = {
    "table 1": "Table 1: label errors in ten test sets",
    "table 2": "Table 2: what the workers' votes come to",
    "table s1": "Table S1: 34 ImageNet models on C, 1,428 corrected examples",
    "table s2": "Table S2: 13 CIFAR-10 models on C, 18 corrected examples",
}

LEGEND = (
    "= the paper prints the same; ≠ it prints what follows; ( ) it prints this, and the published "
    "data do not hold what it is made of."
)


def tables(rebuilt: Rebuilt) -> list[Table]:
    """Return the paper's tables, in each cell our figure with the paper's beside it."""
    return [(title, _rows(rebuilt, name)) for name, title in TITLES.items()]


def names_of(rebuilt: Rebuilt, table: str) -> dict[str, str]:
    """Return what the models of a table are called."""
    return rebuilt.cifar10.names if table == "table s2" else rebuilt.imagenet.names


def _rows(rebuilt: Rebuilt, name: str) -> list[dict[str, str]]:
    cells = rebuilt.ledger.table(name)
    percents = intervals(rebuilt) if name == "table 1" else {}
    names = names_of(rebuilt, name)
    rows = []
    for row, by_column in cells.items():
        line = {"": names.get(row, row)}
        line |= {
            HEADS[column]: by_column[column].beside if column in by_column else "–"
            for column in columns(rebuilt, name)
        }
        if percents:
            line["95 %"] = percents.get(row, "")
        rows.append(line)
    return rows


def columns(rebuilt: Rebuilt, table: str) -> list[str]:
    """Return the columns in which a table has figures."""
    rows = rebuilt.ledger.table(table).values()
    return [column for column in HEADS if any(column in row for row in rows)]


def intervals(rebuilt: Rebuilt) -> dict[str, str]:
    """Return the 95 % intervals of the error rates that rest on a sample, by the set's name."""
    return {
        row["name"]: "{:.2f} to {:.2f}".format(*row["percent_95"])
        for row in rebuilt.tables["table1"]
        if row["percent_95"]
    }


def said(rebuilt: Rebuilt) -> list[Cell]:
    """Return the cells that are sentences, not tables."""
    return [cell for cell in rebuilt.ledger.cells if len(cell.place) == 2]


def verdict(rebuilt: Rebuilt) -> str:
    """Return in a few words how many figures were compared, with what, and how many are equal."""
    cells = rebuilt.ledger.to_dict()
    differ = len(cells["differ"])
    recorded = cells["by_source"]["design record"]["compared"]
    known = cells["compared"] - recorded
    return (
        f"{cells['compared']:,} figures compared, {cells['equal']:,} equal, {differ:,} "
        f"{'differs' if differ == 1 else 'differ'}. {known:,} are known from the paper and its "
        f"authors' files; the {recorded:,} of table S1 from a record of this very computation, "
        "which the authors' file of an earlier round bears out."
    )


def lacking(rebuilt: Rebuilt) -> list[tuple[str, str, str]]:
    """Return what cannot be computed: of which set, which figures, and why."""
    found: dict[tuple[str, str], list[str]] = {}
    for cell in rebuilt.ledger.cells:
        if cell.ours is None:
            _, row, column = cell.place
            columns_of = found.setdefault((row, cell.why), [])
            if HEADS[column] not in columns_of:
                columns_of.append(HEADS[column])
    return [(row, ", ".join(some), why) for (row, why), some in found.items()]


def beyond(rebuilt: Rebuilt) -> list[tuple[str, str]]:
    """Return what the paper does not say: a heading and a few sentences each."""
    facts = rebuilt.beyond

    def of(found: Mapping[str, Any]) -> str:
        return SOURCES[found["set"]].title

    return [
        ("Which ResNet-50", _which_resnet50(facts["which_resnet50"])),
        *((f"Who chose C ({of(kin)})", _kinship(kin)) for kin in facts["kinship"]),
        ("The average error rate", _averages(facts["averages"])),
        *(
            (f"Confirmed candidates left out of B ({of(left)})", _left_out(left, rebuilt))
            for left in facts["without_flagged_non_errors"]
        ),
        ("An earlier round of votes", _earlier(facts["earlier_results"])),
    ]


def _which_resnet50(found: Mapping[str, Any]) -> str:
    at = {model: 100 * crossing["prevalence"] for model, crossing in found["crossings"].items()}
    return (
        f"ResNet-18 overtakes ResNet-50 at N = {at['keras_resnet50']:.2f} %, if that is the one of "
        "Keras; the one of PyTorch, from where this ResNet-18 is too, it overtakes at "
        f"{at['pytorch_resnet50']:.1f} %. Today N is {100 * found['n0']:.2f} %. The paper does not "
        "say which of the two it means."
    )


def _kinship(kin: Mapping[str, Any]) -> str:
    first, *rest = kin["models"]
    low, high = 100 * rest[-1]["agreement"], 100 * rest[0]["agreement"]
    return (
        f"C was found, and its new labels suggested, by one model. {first['name']} agrees with "
        f"{100 * first['agreement']:.0f} % of the {kin['suggestions']:,} suggestions, the others "
        f"with {low:.0f} to {high:.0f} %; and the more a model agrees, the more it gains on C "
        f"(correlation {kin['correlation']:.2f}). By the labels of C {first['name']} goes from "
        f"rank {first['rank_on_c']}, before correction, to rank {first['corrected_rank_on_c']} of "
        f"{len(rest) + 1}; by the votes on all candidates, those where the suggestion lost "
        f"included, it is on rank {first['rank_by_votes']}. {_stands_out(kin)}"
    )


def _stands_out(kin: Mapping[str, Any]) -> str:
    out = [model for model in kin["models"] if model["kin"]]
    if not out:
        return "No model agrees with the suggestions more than models of its accuracy do."
    told = (
        f"Models of the accuracy of {model['name']} agree with {100 * model['low']:.0f} to "
        f"{100 * model['high']:.0f} %, so that it stands out."
        for model in out
    )
    return " ".join([*told, "No other does."])


def _averages(mean: Mapping[str, float]) -> str:
    return (
        f"Over the ten sets it is {mean['error_rate']:.2f} %, with the full check of Caltech-256; "
        f"with its first sample, as in the first version, {mean['first_error_rate']:.2f} %. Both "
        "count only errors that a model flagged and workers confirmed: the rest of each set was "
        "not looked at, so both are lower bounds."
    )


def _left_out(left: Mapping[str, Any], rebuilt: Rebuilt) -> str:
    names = (rebuilt.imagenet if left["set"] == "imagenet" else rebuilt.cifar10).names
    before, after = left["with"], left["without"]
    below, above = (names[model] for model in left["pair"])
    return (
        f"{before['benign'] - after['benign']:,} candidates that the workers confirmed count as "
        "benign. They were flagged because a model finds them hard. Without them N is "
        f"{100 * after['n0']:.2f} % in place of {100 * before['n0']:.2f} %, {above} overtakes "
        f"{below} at {100 * after['crossing']:.2f} % in place of {100 * before['crossing']:.2f} %, "
        f"and {len(left['ranks_that_move_on_p'])} models change their rank on P."
    )


def _earlier(earlier: Mapping[str, int]) -> str:
    return (
        f"The authors' own result file for ImageNet is over {earlier['examples']:,} of the "
        f"{earlier['examples'] + earlier['more']:,} corrected examples. {earlier['fitting']} of "
        f"its {earlier['figures']} figures fit table S1 as it comes out here: as many hits, or up "
        f"to {earlier['more']} fewer."
    )


def sections(rebuilt: Rebuilt) -> list[tuple[str, list[dict[str, str]] | str]]:
    """Return everything for a terminal: titles, each with the rows of a table or with a text."""
    told = [{"": ", ".join(cell.place), " ": cell.beside} for cell in said(rebuilt)]
    differ = [{"": cell.where, " ": cell.why} for cell in rebuilt.ledger.differ]
    return [
        *tables(rebuilt),
        ("What the paper says in words", told),
        ("Where the two differ, and why", differ),
        *beyond(rebuilt),
    ]
