"""Kinship: who is named on the paper's audits, how often wrongly, and how often rightly.

The first part makes the study's audits of ImageNet and CIFAR-10 from the published data and
compares their models. In the second each of the 34 ImageNet models plays the flagger of the others.
The third makes up models of which none is kin, or one is. It prints tables; ``--publish`` renews
those of docs/certainty/kinship.md, and the chart. It ends with 1 if a target is not met. The data
is looked for in ERRATA_DATA, else in ../shared/data.
"""

import argparse
import os
import re
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special, stats
from telling import markdown, put

import errata
from errata.paper.audits import make_audit
from errata.paper.benchmark import display_names, short_name
from errata.paper.published import Pack

REPO = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ERRATA_DATA") or REPO.parent / "shared" / "data")
PAGE = REPO / "docs" / "certainty" / "kinship.md"
CHART = REPO / "docs" / "images" / "kinship.svg"
KIN = "pytorch_resnet18"
LEAST_RANK = 25  # of ResNet-18 by votes, or a worse one
MOST_ALARMS = 0.05
MODELS = (6, 12, 34)
CANDIDATES, ELSEWHERE = 1_000, 10_000


def main() -> None:
    """Measure, tell, and end with 1 if a target is not met."""
    args = arguments()
    late: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        compared = {key: published(key, Path(folder)) for key in ("imagenet", "cifar10")}
    late += missed(compared["imagenet"])
    texts = {
        "said": f"> {compared['imagenet'].kinship.sentence()}",
        "published": told(compared),
        "each": each_as_flagger(),
    }
    texts["alarms"], more = alarms(args.runs, args.seed)
    late += more
    for text in texts.values():
        print(f"{text}\n")
    if args.publish:
        for marker, text in texts.items():
            put(marker, text, PAGE)
        errata.charts.save_chart(chart(compared["imagenet"]), CHART)
    for line in late:
        print(line, file=sys.stderr)
    sys.exit(bool(late))


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2_000, help="of each made-up field of models")
    parser.add_argument("--seed", type=int, default=0, help="of what is made up")
    parser.add_argument("--publish", action="store_true", help=f"renew {PAGE.name} and its chart")
    return parser.parse_args()


# ---------------------------------------------------------------- the published audits


def published(key: str, folder: Path) -> errata.Comparison:
    """Return the comparison of a set's published models on the study's audit of it."""
    with closing(make_audit(key, DATA, folder / f"{key}.audit")) as audit:
        predictions = Pack(DATA).predictions(key, n_classes=len(audit.classes))
        return audit.compare(predictions)


def missed(compared: errata.Comparison) -> list[str]:
    """Return what ought to have come out of ImageNet's audit and did not."""
    kinship = compared.kinship
    lines = []
    if kinship.kin != (KIN,):
        lines.append(f"ImageNet: {', '.join(kinship.kin) or 'nobody'} is named, not {KIN} alone")
    rank = next(each.by_votes.rank for each in kinship.models if each.model == KIN)
    if rank < LEAST_RANK:
        lines.append(f"ImageNet: {KIN} is on rank {rank} by votes, not on {LEAST_RANK} or worse")
    return lines


def told(compared: dict[str, errata.Comparison]) -> str:
    """Return who agrees most, with the ranks in three ways, and the sentences."""
    imagenet, cifar10 = compared["imagenet"], compared["cifar10"]
    kinship = imagenet.kinship
    [flagger] = kinship.flaggers
    names = display_names([each.model for each in kinship.models])
    both = zip(flagger.models, kinship.models, strict=True)
    rows = [
        [
            names[near.model] + (", **kin**" if near.kin else ""),
            f"{100 * near.share:.1f} %",
            f"{near.interval} %",
            f"{near.studentised:+.1f}",
            *(str(place.rank) for place in (ranked.on_c, ranked.by_others, ranked.by_votes)),
        ]
        for near, ranked in sorted(both, key=lambda pair: -pair[0].agreeing)
    ]
    head = ["", "agrees", "models of its accuracy", "distance"]
    head += ["rank on C", "by others", "by votes"]
    shown, left = [*rows[:5], *rows[-2:]], len(rows) - 7
    of = [each.by_others.of for each in kinship.models]
    below = (
        f"ImageNet: {flagger.candidates:,} suggestions, {len(rows)} models, of which the {left} in "
        "the middle are left out here. Distances are in standard errors. C holds "
        f"{imagenet.sizes['C']:,} corrections, of which other models propose {min(of):,} to "
        f"{max(of):,}, too."
    )
    near = next(each for each in flagger.models if each.model == KIN)
    copied = (near.share - near.expected) / (1 - near.expected)
    other = (
        f"So {names[KIN]} answers as if it copied {100 * copied:.0f} % of the suggestions. "
        f"CIFAR-10, {len(cifar10.models)} models: {cifar10.kinship.sentence()}"
    )
    return "\n\n".join([markdown(head, shown), below, other])


def chart(compared: errata.Comparison) -> Any:
    """Return the chart of the page."""
    names = display_names([each.model for each in compared.models])
    relations = []
    for each, near in zip(compared.models, compared.kinship.flaggers[0].models, strict=True):
        before, after = each.score("original", "C"), each.score("corrected", "C")
        gain = after.percent - before.percent
        usual = (near.low, near.high)
        one = errata.charts.Relation(names[each.model], near.share, gain, near.kin, usual)
        relations.append(one)
    title = "ImageNet: who agrees with the flagger gains by the corrections"
    return errata.charts.kin_chart(relations, title=title, width=560)


# ---------------------------------------------------------------- each model as the flagger


def each_as_flagger() -> str:
    """Return whom each of ImageNet's models, as the flagger of the others, would have for kin.

    Its candidates are the examples on which its answer is not the given label.
    """
    pack = Pack(DATA)
    labels = pack.labels("imagenet")
    best = {model: top[:, 0] for model, top in pack.predictions("imagenet", n_classes=1000).items()}
    names = display_names(list(best))
    rows, near, pairs = [], 0, 0
    for flagger, suggested in best.items():
        candidate = suggested != labels
        others = {model: answers for model, answers in best.items() if model != flagger}
        kin = errata.find_kin(
            np.array([(a == suggested)[candidate].sum() for a in others.values()]),
            int(candidate.sum()),
            np.array([(a == labels)[~candidate].sum() for a in others.values()]),
            int((~candidate).sum()),
        )
        named = [model for model, is_kin in zip(others, kin.named, strict=True) if is_kin]
        pairs += len(named)
        near += sum(family(model) == family(flagger) for model in named)
        if named:
            far = kin.studentised[kin.named]
            rows.append(
                [
                    names[flagger],
                    ", ".join(names[model] for model in named),
                    ", ".join(f"{distance:+.1f}" for distance in far),
                ]
            )
    below = (
        f"The other {len(best) - len(rows)} name nobody. {near} of the {pairs} named are of the "
        "family of the flagger."
    )
    return "\n\n".join([markdown(["flagger", "kin", "distance"], rows), below])


def family(model: str) -> str:
    """Return the name of a model's architecture without its size."""
    return re.match("[A-Za-z]+", short_name(model))[0]


# ---------------------------------------------------------------- made-up models


@dataclass(frozen=True)
class Field:
    """Models of which none is kin: how they come to agree with a flagger as often as they do.

    The log-odds of agreement are linear in those of accuracy, but for a curve, plus what is a
    model's own. A model gives a suggestion where a number falls below a bar of its own; of the
    number's variance a share is drawn for the candidate, and the same to all models.
    """

    title: str
    varied: bool = True  # accuracies from 57 to 88 %, else all 73 %
    shared: float = 0.0
    family: float = 0.0  # of the spread, the share that a family of four has in common
    curve: float = 0.0
    tails: float | None = None  # degrees of freedom; without them normal
    target: bool = True
    spread: float = 0.12  # of log-odds between models; on ImageNet it is 0.11


FIELDS = (
    Field("equal accuracies", varied=False),
    Field("unequal accuracies"),
    Field("unequal, answers correlated 0.6", shared=0.6),
    Field("unequal, correlated, in families", shared=0.4, family=0.5),
    Field("unequal, agreement bent against accuracy", curve=0.3),
    Field("unequal, a few far from the line (t, 5 degrees)", tails=5, target=False),
)
COPIED = (0.05, 0.1, 0.15, 0.2, 0.3)


def draw(
    rng: np.random.Generator, field: Field, models: int, copied: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each model agrees, and is right elsewhere; the first copies some answers."""
    skill = rng.uniform(0.3, 2.0, models) if field.varied else np.full(models, 1.0)
    own = rng.standard_t(field.tails, models) if field.tails else rng.normal(size=models)
    kind = np.repeat(rng.normal(size=-(-models // 4)), 4)[:models]
    own = np.sqrt(1 - field.family) * own + np.sqrt(field.family) * kind
    odds = 0.3 * (skill - 1) - field.curve * (skill - 1.15) ** 2 - 0.3 + field.spread * own
    chance = special.expit(odds)
    if field.shared:
        common = np.sqrt(field.shared) * rng.normal(size=CANDIDATES)
        number = common + np.sqrt(1 - field.shared) * rng.normal(size=(models, CANDIDATES))
        agrees = number < stats.norm.ppf(chance)[:, np.newaxis]
    else:
        agrees = rng.random((models, CANDIDATES)) < chance[:, np.newaxis]
    agrees[0] |= rng.random(CANDIDATES) < copied
    return agrees.sum(axis=1), rng.binomial(ELSEWHERE, special.expit(skill))


def alarms(runs: int, seed: int) -> tuple[str, list[str]]:
    """Return how often somebody is named wrongly, and a kin rightly, and what is too often."""
    rows, late = [], []
    for field in FIELDS:
        shares = []
        for models in MODELS:
            rng = np.random.default_rng([seed, models])
            found = [find(*draw(rng, field, models)) for _ in range(runs)]
            shares.append(float(np.mean([named.any() for named in found])))
            if field.target and shares[-1] > MOST_ALARMS:
                late.append(
                    f"{models} models, {field.title}: somebody is named in {shares[-1]:.1%} of the "
                    f"runs, not in {MOST_ALARMS:.0%} or fewer"
                )
        rows.append([field.title, *map(percent, shares)])
    powers = []
    for copied in COPIED:
        found = []
        for models in MODELS:
            rng = np.random.default_rng([seed, models])
            kin = [find(*draw(rng, FIELDS[2], models, copied))[0] for _ in range(runs // 4)]
            found.append(percent(float(np.mean(kin))))
        powers.append([f"{100 * copied:.0f} %", *found])
    head = [f"{models} models" for models in MODELS]
    copies = (
        "The kin is named, in the third of these fields, where one model copies so many of the "
        "suggestions, whatever it would have answered:"
    )
    what = (
        f"{CANDIDATES:,} candidates, {runs:,} runs of each, for kin a quarter as many. In all "
        f"fields but the last, where scatter is not normal, {100 * MOST_ALARMS:.0f} % at most are "
        "wanted."
    )
    texts = [
        "Somebody is named, though no model is kin:",
        markdown(["", *head], rows),
        copies,
        markdown(["copies", *head], powers),
        what,
    ]
    return "\n\n".join(texts), late


def find(agreeing: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return who is named."""
    return errata.find_kin(agreeing, CANDIDATES, right, ELSEWHERE).named


def percent(share: float) -> str:
    """Write a share."""
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
