"""What describes a release to people and machines, checked by the libraries that read it."""

import json
import warnings

import numpy as np
import pytest

from audits import cast, planned_audit
from errata import Images, load_release
from errata.audit import Audit
from helpers import require

DESCRIPTION = {
    "title": "Pets: the sequel",
    "summary": 'Sixty pets; "quoted", and a # that is no comment.',
    "licence": "cc-by-4.0",
    "licence_notes": "The pictures belong to their owners.",
    "source": "https://example.org/pets",
    "source_datasets": ["example/pets"],
    "authors": [
        {
            "given-names": "Ann",
            "family-names": "Ö",
            "orcid": "https://orcid.org/0000-0002-1825-0097",
        },
        {"name": "The Pet Society"},
    ],
    "citation": "Ann Ö (2020), Pets.",
    "doi": "10.5281/zenodo.1234567",
    "url": "https://example.org/pets/corrected",
    "date": "2026-11-27",
    "language": ["en"],
    "tags": ["pets"],
    "protocol": "They saw six others of each kind.",
    "platform": "a room with ten screens",
    "limitations": "Foxes are rare.",
    "maintenance": "Twice a year.",
    "report_to": "mailto:pets@example.org",
}
NAMES = ["cat: 'tom'", "#dog", "no"]
ANSWERS = ["sss", "ggs", "bbb", "nnn", "gsb", "g"]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    place = tmp_path_factory.mktemp("cards")
    pixels = np.arange(60, dtype=np.uint8).reshape(60, 1, 1)
    audit = planned_audit(
        place / "pets.audit", votes=3, threshold=2, media=Images(pixels), classes=NAMES
    )
    for example, answers in enumerate(ANSWERS):
        cast(audit, example, answers)
    return audit.release(place / "pets", description=DESCRIPTION).path


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    place = tmp_path_factory.mktemp("sets")
    given = np.eye(4, dtype=bool)[np.arange(20) % 4]
    audit = Audit.create(place / "a", labels=given, classes=list("abcd"), multilabel=True)
    audit.add_candidates([{"index": i, "suggested": [1, 2]} for i in range(3)], flagger="m")
    audit.plan(votes=1, threshold=1)
    votes = [
        {"index": i, "reviewer": "r", "labels": one} for i, one in enumerate([["b"], [], ["c"]])
    ]
    audit.add_votes(votes, kind="person")
    return audit.release(place / "out").path


def test_the_head_of_the_card_is_what_the_hub_reads(released):
    require("datasets")  # comes with it
    import huggingface_hub as hub

    card = hub.DatasetCard.load(released / "README.md")
    data = card.data
    assert isinstance(data, hub.DatasetCardData)
    assert (data.license, data.language, data.pretty_name) == (
        *("cc-by-4.0", ["en"], "Pets: the sequel: corrected labels"),
    )
    assert data.task_categories == ["image-classification"]
    assert data.size_categories == ["n<1K"]
    assert data.annotations_creators == ["crowdsourced"]
    assert data.source_datasets == ["example/pets"]
    assert "pets" in data.tags
    plain = data.to_dict()
    assert [one["config_name"] for one in plain["configs"]] == [
        *("threshold-2", "threshold-3", "votes", "candidates", "changes"),
    ]
    assert [one for one in plain["configs"] if one.get("default")] == plain["configs"][:1]
    names = plain["dataset_info"][0]["features"][4]["dtype"]["class_label"]["names"]
    assert names == dict(zip("012", NAMES, strict=True))
    assert card.text.strip().startswith("# Pets: the sequel: corrected labels")


@pytest.mark.parametrize("kind", ["released", "sets"])
def test_datasets_reads_the_default_and_every_part_without_a_network(
    kind, request, tmp_path, monkeypatch
):
    require("datasets")
    import datasets

    folder = request.getfixturevalue(kind)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    cache = str(tmp_path / "cache")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        default = datasets.load_dataset(str(folder), cache_dir=cache, split="test")
        parts = {
            name: datasets.load_dataset(str(folder), name, cache_dir=cache, split="test")
            for name in datasets.get_dataset_config_names(str(folder))
        }
    release = load_release(folder)
    assert default["id"][:] == list(release.ids)
    given = default.features["given"]
    if kind == "released":
        assert given.names == NAMES
        labels = [-1 if label is None else label for label in default["drop_ambiguous"]]
        np.testing.assert_array_equal(labels, release.labels)
        assert default["multi_label"][2] == [int(release.given[2]), 2]
    else:
        assert given.feature.names == list("abcd")
        assert [tuple(labels or ()) for labels in default["drop_ambiguous"]] == list(release.sets)
    assert set(parts) == {"votes", "candidates", "changes", *release.manifest["labels"]}
    assert parts["votes"].num_rows == release.manifest["votes"]
    files = release.manifest["labels"]
    for name, about in files.items():
        assert parts[name].num_rows == about["counts"]["D"]


@pytest.mark.parametrize("kind", ["released", "sets"])
def test_mlcroissant_validates_and_reads_the_records(kind, request, caplog):
    require("mlcroissant")
    import mlcroissant

    folder = request.getfixturevalue(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    told = [one for one in issues.warnings if "recommended" not in str(one)]
    assert not told
    assert "not standard" not in caplog.text
    release = load_release(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        records = list(dataset.records(release.file))
        votes = list(dataset.records("votes"))
    found = [record[f"{release.file}/id"].decode() for record in records]
    assert found == list(release.ids)
    assert len(votes) == release.manifest["votes"]
    if kind == "released":
        given = [record[f"{release.file}/given"] for record in records]
        np.testing.assert_array_equal(given, release.given)


def test_how_the_labels_came_about_is_told_in_the_names_of_croissant(released):
    require("mlcroissant")
    import mlcroissant

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = mlcroissant.Dataset(jsonld=released / "croissant.json").metadata
    assert told.data_annotation_protocol
    assert told.annotations_per_item
    assert told.version == "1.0.0"
    plain = json.loads((released / "croissant.json").read_text())
    assert plain["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    rai = {key[4:]: text for key, text in plain.items() if key.startswith("rai:")}
    assert "whether the given label, the suggested label" in rai["dataAnnotationProtocol"]
    assert rai["dataAnnotationProtocol"].endswith("They saw six others of each kind.")
    assert rai["dataAnnotationPlatform"] == "a room with ten screens"
    assert rai["annotationsPerItem"] == "1 to 3 votes on each checked example, none on others"
    analysis = "6 of 8 candidates have votes: non_error 1, correctable 1, "
    assert rai["dataAnnotationAnalysis"].startswith(analysis)
    assert [tool.endswith("rule margin") for tool in rai["machineAnnotationTools"]] == [True]
    assert rai["dataLimitations"].endswith("Foxes are rare.")
    assert rai["dataReleaseMaintenancePlan"].endswith("reported to mailto:pets@example.org.")


def test_the_card_says_what_binds_who_uses_it(released, sets):
    told = (released / "README.md").read_text().split("## Licence and source\n")[1]
    for part in (
        *("Labels and votes: cc-by-4.0.", "The pictures belong to their owners."),
        *("Source: https://example.org/pets", "    Ann Ö (2020), Pets."),
        "Mistakes are reported to mailto:pets@example.org",
    ):
        assert part in told
    least = (sets / "README.md").read_text()
    assert "Nobody has said under which licence these labels and votes are" in least


def test_the_citation_is_of_the_citation_file_format(released, sets):
    require("datasets")  # brings it
    import yaml

    cff = yaml.safe_load((released / "CITATION.cff").read_text())
    assert cff["cff-version"] == "1.2.0"
    assert cff["title"] == "Pets: the sequel: corrected labels"
    assert (cff["type"], cff["version"], cff["license"]) == ("dataset", "1.0.0", "CC-BY-4.0")
    assert cff["authors"] == DESCRIPTION["authors"]
    assert cff["references"][0]["type"] == "data"  # so the format calls data sets there
    assert (cff["doi"], cff["date-released"]) == (DESCRIPTION["doi"], DESCRIPTION["date"])
    least = yaml.safe_load((sets / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(least)
    assert "license" not in least
    assert least["authors"] == [{"name": "The maintainers and reviewers of a"}]
