"""The site of the study's own audits, from the published data."""

import json
from pathlib import Path
from typing import Any

import pytest

import errata
from errata.paper.audits import make_audit

SETS = ("cifar10", "20news", "quickdraw", "audioset")


def value(folder: Path, name: str) -> Any:
    text = (folder / "data" / f"{name}.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix(f'errata.put("{name}", ').removesuffix(");\n"))


@pytest.fixture(scope="module")
def site(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    audits = [make_audit(name, data, folder / name) for name in SETS]
    return errata.build_site(audits, folder / "site")


def test_the_list_has_what_the_study_found(site):
    entries = value(site, "audits")
    found = [(entry["table1"]["checked"], entry["table1"]["wrong"]) for entry in entries]
    assert found == [(275, 54), (93, 82), (2500, 1870), (307, 275)]
    kinds = [value((site / entry["href"]).parent, "audit")["kind"] for entry in entries]
    assert kinds == ["images", "texts", None, None]
    picked = [bool(entry["table1"]["every"]) for entry in entries]
    assert picked == [False, False, True, False], "of QuickDraw the pack has the checked alone"
    for entry in entries:
        assert len(entry["sample"]) == 4
        for shown in entry["sample"]:
            assert "src" not in shown or (site / shown["src"]).is_file()


def test_cifar10_has_eighteen_corrected_labels_and_a_frog_that_was_a_cat(site):
    folder = site / "cifar-10-as-audited-in-2021"
    rows = [row for part in range(2) for row in value(folder, f"rows-{part:04d}")]
    corrected = [row for row in rows if row.get("corrected", [None])[0] is not None]
    assert len(corrected) == 18
    frog = json.loads((folder / "examples" / "2405.json").read_text())
    assert (frog["given"], frog["corrected"]["5"]) == ("cat", "frog")
    assert len(value(folder, "more-0000")[0]["models"]) == 13
    benchmark = value(folder, "benchmark")
    assert (len(benchmark["models"]), len(benchmark["cells"])) == (13, 27)
    assert benchmark["certainty"]["charts"]
    assert benchmark["certainty"]["tables"][0]["head"][0] == "model"


def test_sets_of_labels_have_votes_for_each(site):
    folder = site / "audioset-as-audited-in-2021"
    told, index = value(folder, "audit"), value(folder, "index")
    assert told["multilabel"]
    assert sum(told["counts"][0]) == 307
    kinds = index["votes"]["kinds"]
    assert all(count <= 5 for kind in kinds for _, count in kind)
    links = [row["id"] for row in value(folder, "rows-0000")]
    assert all("youtu" in link for link in links)


def test_originals_of_audioset_are_its_ids(site, data, tmp_path):
    audit = make_audit("audioset", data, tmp_path / "audioset")
    folder = audit.site(tmp_path / "site", media=False, originals="{id}")
    for row in value(folder, "rows-0000"):
        assert row["link"] == row["id"]
