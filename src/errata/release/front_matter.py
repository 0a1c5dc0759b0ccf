"""The head of the card in YAML, as the Hugging Face hub and ``datasets`` read it."""

from typing import Any

from errata.release.content import Content, Labelling
from errata.release.tables import ADJUDICATION, CANDIDATES, CHANGES, VOTES, labels_file
from errata.release.yaml import as_yaml

MOST_NAMED = 100
"""Of so many classes the head has the names; of more, the manifest alone."""

_TASKS = {
    "images": "image-classification",
    "texts": "text-classification",
    "sounds": "audio-classification",
    "features": "tabular-classification",
}
_SIZES = (
    *((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M")),
    *((10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B")),
)
"""The sizes that the hub knows, and what is below each."""


def front_matter(content: Content) -> str:
    """Return the head of the card, between its two lines of hyphens."""
    d = content.description
    kinds = {row["kind"] for row in content.votes if row["kind"] != ADJUDICATION}
    by_kind = [_TASKS[content.kind]] if content.kind else []
    others = {"votes": VOTES, "candidates": CANDIDATES, "changes": CHANGES}
    head: dict[str, Any] = {
        "license": d.licence,
        "pretty_name": f"{content.title}: corrected labels",
        "language": list(d.language),
        "task_categories": list(d.task_categories) or by_kind,
        "size_categories": [_size(content.n)],
        "annotations_creators": ["machine-generated" if kinds == {"simulated"} else "crowdsourced"],
        "source_datasets": list(d.source_datasets),
        "tags": ["label-errors", "test-set", "croissant", *d.tags],
        "configs": [
            {
                "config_name": name,
                "data_files": [{"split": "test", "path": path}],
                **({"default": True} if name == content.default.name else {}),
            }
            for name, path in (
                *((one.name, labels_file(one.name)) for one in content.labellings),
                *others.items(),
            )
        ],
        "dataset_info": [_info(content, one) for one in content.labellings],
    }
    return f"---\n{as_yaml({key: value for key, value in head.items() if value})}---\n"


def _size(n: int) -> str:
    return next((name for most, name in _SIZES if n < most), "1B<n<10B")


def _info(content: Content, labels: Labelling) -> dict[str, Any]:
    """Return the columns of a labels file, as ``datasets`` types them."""
    label: dict[str, Any] = {"dtype": "int64"}
    if len(content.classes) <= MOST_NAMED:
        names = {str(number): name for number, name in enumerate(content.classes)}
        label = {"dtype": {"class_label": {"names": names}}}
    several = {"list": label["dtype"]}
    text, one = {"dtype": "string"}, several if content.multilabel else label
    columns = {
        "index": {"dtype": "int64"},
        **dict.fromkeys(("id", "path", "sha256"), text),
        "given": one,
        "verdict": text,
        **dict.fromkeys(content.policies[:2], one),
        **dict.fromkeys(content.policies[2:], several),
    }
    return {
        "config_name": labels.name,
        "features": [{"name": name, **kind} for name, kind in columns.items()],
    }
