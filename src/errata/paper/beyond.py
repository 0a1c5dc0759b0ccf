"""What the paper does not say, and the same data do: facts and figures.

Which ResNet-50 its example is about; that a relative of one of the ranked models chose the set C
and suggested its labels; the average error rate; and what leaving the confirmed candidates out of
B changes.
"""

from typing import Any, Literal

import numpy as np

import errata
from errata.paper import printed
from errata.paper.benchmark import Benchmark
from errata.paper.cells import Ledger, Source

Labels = Literal["original", "corrected"]
LABELS: tuple[Labels, ...] = ("original", "corrected")

RESNET18 = "pytorch_resnet18"
RESNETS50 = ("keras_resnet50", "pytorch_resnet50")
VGGS = ("pytorch_vgg19_bn", "pytorch_vgg11_bn")


def crossing(benchmark: Benchmark, a: str, b: str, threshold: int = 3) -> dict[str, Any] | None:
    """Return where two models change places on corrected labels, or None if they do not."""
    for each in benchmark.at(threshold).crossings:
        if {each.a, each.b} == {a, b}:
            return {"below": each.below, "above": each.above, "prevalence": each.prevalence}
    return None


def which_resnet50(imagenet: Benchmark) -> dict[str, Any]:
    """Return where ResNet-18 overtakes each of the two ResNet-50 models."""
    return {
        "n0": imagenet.at(3).noise_prevalence,
        "crossings": {model: crossing(imagenet, model, RESNET18) for model in RESNETS50},
    }


def kinship(benchmark: Benchmark) -> dict[str, Any]:
    """Return how far each model agrees with the suggestions, and how it fares on C.

    ``agreement`` is the share of all suggested labels that are the model's best answer, before
    anybody checked them; ``low`` and ``high`` what models of its accuracy give, and ``kin`` whether
    it stands out; ``gain`` the percentage points that correcting C is worth to it there.
    ``rank_by_votes`` ranks by all checked examples in place of C: an answer is right if it is one
    of the two labels and the votes confirm it, those for both counting for each.
    """
    compared = benchmark.at(3)
    told = compared.kinship
    assert told is not None, "the candidates were handed in"
    [flagger] = told.flaggers
    models: list[dict[str, Any]] = []
    for each, near, ranked in zip(compared.models, flagger.models, told.models, strict=True):
        before, after = _score(each, "original", "C"), _score(each, "corrected", "C")
        models.append(
            {
                "model": each.model,
                "name": benchmark.names[each.model],
                "agreement": near.share,
                "low": near.low,
                "high": near.high,
                "kin": near.kin,
                "gain": 100 * (after.accuracy - before.accuracy),
                "rank_on_c": before.rank,
                "corrected_rank_on_c": after.rank,
                "rank_on_c_by_others": ranked.by_others.rank,
                "right_by_votes": ranked.by_votes.share,
                "rank_by_votes": ranked.by_votes.rank,
            }
        )
    models.sort(key=lambda model: -model["agreement"])
    pairs = np.array([[model["agreement"], model["gain"]] for model in models])
    return {
        "set": benchmark.key,
        "suggestions": flagger.candidates,
        "models": models,
        "correlation": float(np.corrcoef(pairs.T)[0, 1]),
    }


def without_flagged_non_errors(benchmark: Benchmark, pair: tuple[str, str]) -> dict[str, Any]:
    """Return what changes when candidates that the workers confirmed are left out of B.

    They were flagged because models find them hard, and the paper counts them as benign.

    Parameters
    ----------
    pair : two models whose crossing is told before and after
    """
    before, after = benchmark.at(3), benchmark.without_flagged_non_errors(3)
    moved = []
    for each in before.models:
        old, new = (_score(one, "corrected", "P") for one in (each, after[each.model]))
        if old.rank != new.rank:
            moved.append({"model": each.model, "rank": old.rank, "without": new.rank})
    told = {}
    for name, compared in (("with", before), ("without", after)):
        crossed = [x.prevalence for x in compared.crossings if {x.a, x.b} == set(pair)]
        told[name] = {
            "benign": compared.sizes["B"],
            "n0": compared.noise_prevalence,
            "crossing": crossed[0] if crossed else None,
            "crossings": len(compared.crossings),
        }
    return {"set": benchmark.key, "pair": list(pair), **told, "ranks_that_move_on_p": moved}


def earlier_results(imagenet: Benchmark) -> dict[str, Any]:
    """Return how table S1 sits with the authors' result file of an earlier round.

    That file is over 1,405 of the 1,428 examples of C. So no count of hits in it can be above
    ours, nor more than 23 below it; ``fitting`` counts the figures for which that is so.
    """
    size, theirs = printed.earlier_imagenet()
    compared = imagenet.at(3)
    more = compared.sizes["C"] - size
    fitting = total = 0
    for each in compared.models:
        scores = [_score(each, labels, "C", k) for k in (1, 5) for labels in LABELS]
        for score, earlier in zip(scores, theirs[each.model], strict=True):
            total += 1
            fitting += 0 <= score.hits - earlier <= more
    return {"examples": size, "more": more, "figures": total, "fitting": fitting}


def averages(table1: list[dict[str, Any]]) -> dict[str, float]:
    """Return the averages over the ten sets that the abstract reports, in percent.

    ``error_rate`` and ``confirmed``, the share of checked candidates that are errors, are means
    over the sets as the final version has them; with the first sample of Caltech-256 in place of
    the full check, ``first_error_rate`` and ``first_confirmed`` are those of the first version,
    the latter over all candidates at once.
    """
    first = next(row for row in table1 if row["set"] == printed.FIRST_SAMPLE)
    final = [row for row in table1 if row is not first]
    earlier = [first if row["set"] == "caltech256" else row for row in final]
    shares = [row["validated"] / row["checked"] for row in final]
    found, checked = (
        sum(row[column] or int(row["paper"][column].replace(",", "")) for row in earlier)
        for column in ("validated", "checked")
    )
    return {
        "error_rate": float(np.mean([row["percent"] for row in final])),
        "first_error_rate": float(np.mean([row["percent"] for row in earlier])),
        "confirmed": 100 * float(np.mean(shares)),
        "first_confirmed": 100 * found / checked,
    }


def sentences(
    table1: list[dict[str, Any]], imagenet: Benchmark, cifar10: Benchmark, ledger: Ledger
) -> None:
    """Set what the paper says in words beside what comes out here."""
    mean = averages(table1)
    row = next(row for row in table1 if row["set"] == "imagenet")
    first: Source = "first version"
    for what, paper, ours, source in (
        ("average error rate, %", "3.3", f"{mean['error_rate']:.1f}", "print"),
        ("average error rate, %", "3.4", f"{mean['first_error_rate']:.1f}", first),
        (
            "candidates that are errors, average of the sets, %",
            "51",
            f"{mean['confirmed']:.0f}",
            "print",
        ),
        ("candidates that are errors, %", "54", f"{mean['first_confirmed']:.0f}", first),
        ("errors in ImageNet, %", "6", f"{row['percent']:.0f}", "print"),
    ):
        where = "abstract of the first version" if source == first else "abstract"
        ledger.add(where, what, paper=paper, ours=ours, source=source)
    for benchmark, pair, paper, what in (
        (imagenet, (RESNETS50[0], RESNET18), "6", "ResNet-18 overtakes ResNet-50"),
        (cifar10, VGGS, "5", "VGG-11 overtakes VGG-19"),
    ):
        crossed = crossing(benchmark, *pair)
        assert crossed is not None, "the abstract's example crosses"
        points = 100 * (crossed["prevalence"] - benchmark.at(3).noise_prevalence)
        farther = f"{what} with so many more points of prevalence"
        ledger.add("abstract", farther, paper=paper, ours=f"{points:.0f}")
    found = which_resnet50(imagenet)
    today, keras = found["n0"], found["crossings"]["keras_resnet50"]["prevalence"]
    what = "ResNet-18 overtakes ResNet-50 at, %"
    ledger.add("figure 4", "prevalence today, %", paper="2.9", ours=f"{100 * today:.1f}")
    ledger.add("figure 4", what, paper="8.6", ours=f"{100 * keras:.1f}")
    for model, ranks in (("keras_nasnetlarge", ("1", "29")), (RESNET18, ("34", "1"))):
        each = imagenet.at(3)[model]
        for labels, paper in zip(LABELS, ranks, strict=True):
            what = f"rank of {imagenet.names[model]} on C by {labels} labels"
            ledger.add("figure 3", what, paper=paper, ours=str(_score(each, labels, "C").rank))


def _score(
    model: errata.ModelAccuracies, labels: Labels, subset: Literal["P", "C"], k: int = 1
) -> errata.Score:
    score = model.score(labels, subset, k)
    assert score is not None, "every model gives five answers"
    return score
