"""What machines read of a release: ``croissant.json``, Croissant 1.1 with the RAI fields.

See https://mlcommons.org/croissant: files and columns as JSON-LD, and how the labels came about.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from errata.release.content import Content
from errata.release.tables import ADJUDICATION
from errata.results import IMPORTED

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        term: f"cr:{term}"
        for term in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract"),
            *("field", "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray"),
            *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source"),
            *("subField", "transform"),
        )
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
}

_COLUMNS = {
    "index": "Row of the example in the test set, from 0",
    "id": "Id of the example",
    "path": "File of the example, relative to the folder of all",
    "sha256": "SHA-256 of the example's own bytes",
    "given": "Label that the test set ships with: a class number",
    "verdict": "What the reviewers found; open if votes are lacking",
    "drop_ambiguous": "Label, given or corrected; nothing where none is trusted",
    "keep_given": "Corrected label where there is one, else the given one",
    "multi_label": "All labels that are accepted",
    "corrected": "The label that is right in place of the given one",
    "suggested": "Label that reviewers were asked about besides the given one",
    "reviewer": "Pseudonym",
    "answer": "What the reviewer answered",
    "order": "Place of the vote among those on the example, from 1",
}


def croissant(folder: Path, content: Content, hashes: Mapping[str, str]) -> str:
    """Return the JSON-LD of a release whose data files lie in ``folder``."""
    d = content.description
    files = [name for name in hashes if name.endswith(".parquet")]
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": f"{content.title}: corrected labels",
        "description": d.summary.strip()
        or f"Labels of {content.title}, checked by people and corrected, for every example.",
        "version": content.version,
        "license": d.licence,
        "url": d.url or d.source,
        "citeAs": d.citation.strip(),
        "datePublished": d.date,
        "creator": [{"@type": "sc:Person", "name": _name(one)} for one in d.authors],
        "keywords": ["label errors", "test set", *d.tags],
        "isLiveDataset": False,
        **_rai(content),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "encodingFormat": "application/x-parquet",
                "sha256": hashes[name],
            }
            for name in files
        ],
        "recordSet": [_records(name, pq.read_schema(folder / name)) for name in files],
    }
    told = {name: value for name, value in described.items() if value not in ("", [])}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _name(author: Mapping[str, str]) -> str:
    names = (author.get("given-names"), author.get("family-names"))
    return author.get("name") or " ".join(filter(None, names))


def _records(file: str, schema: pa.Schema) -> dict[str, Any]:
    """Return the columns of a file as a set of records."""
    name = Path(file).stem
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [_field(name, file, field) for field in schema],
    }


def _field(records: str, file: str, field: Any) -> dict[str, Any]:
    kind, listed = field.type, pa.types.is_list(field.type)
    if listed:
        kind = kind.value_type
    types = {
        pa.int64(): "sc:Integer",
        pa.float64(): "sc:Float",
        pa.bool_(): "sc:Boolean",
        pa.string(): "sc:Text",
    }
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{field.name}",
        "name": field.name,
        "description": _COLUMNS.get(field.name, field.name.replace("_", " ")),
        "dataType": types[kind],
        # Croissant's way of saying that there are any number of them
        **({"isArray": True, "arrayShape": "-1"} if listed else {}),
        "source": {"fileObject": {"@id": file}, "extract": {"column": field.name}},
    }


def _rai(content: Content) -> dict[str, Any]:
    """Return how the labels came about, under Croissant's names for that."""
    d, c, v = content.description, content.counts, content.verdicts
    cast = [row for row in content.votes if row["kind"] != ADJUDICATION]
    each: dict[int, int] = {}
    for row in cast:
        each[row["index"]] = each.get(row["index"], 0) + 1
    asked = f"{min(each.values())} to {max(each.values())} votes" if each else "no votes"
    plans: Sequence[Mapping[str, Any]] = content.settings["plans"]
    tools = dict.fromkeys(
        run["flagger"] if run["rule"] == IMPORTED else f"{run['flagger']}, rule {run['rule']}"
        for run in (plan["find"] for plan in plans)
    )
    question = (
        "which labels apply"
        if content.multilabel
        else "which one of several labels is right"
        if content.chosen
        else "whether the given label, the suggested label, both or neither is right"
    )
    protocol = (
        f"Reviewers were asked {question}, each on their own. A verdict needs {v.needed}. "
        f"{d.protocol.strip()}"
    )
    analysis = [
        f"{c['reviewed']:,} of {c['candidates']:,} candidates have votes: "
        + ", ".join(f"{name} {c[name]:,}" for name in v.counts)
        + f", open {c['open']:,}.",
        *v.notices,
    ]
    limitations = (
        f"Only candidates were checked: wrong labels among the other {c['D'] - c['reviewed']:,} "
        "examples are still there. Corrections chosen by one model can favour its relatives. "
        f"{d.limitations.strip()}"
    )
    reported = f" Mistakes are reported to {d.report_to}." if d.report_to else ""
    plan = (
        "Each version is immutable; a corrected one is a new version that names the one before. "
        f"{d.maintenance.strip()}"
    )
    return {
        "rai:dataAnnotationProtocol": protocol.strip(),
        "rai:dataAnnotationPlatform": d.platform.strip() or "errata review",
        "rai:annotationsPerItem": f"{asked} on each checked example, none on others",
        "rai:dataAnnotationAnalysis": " ".join(analysis),
        "rai:machineAnnotationTools": list(tools),
        "rai:dataLimitations": limitations.strip(),
        "rai:personalSensitiveInformation": "Reviewers have pseudonyms; votes have no times.",
        "rai:dataReleaseMaintenancePlan": plan.strip() + reported,
    }
