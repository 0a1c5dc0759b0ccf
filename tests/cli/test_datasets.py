"""`errata datasets`, run as people run it."""

import csv
import io
import json

from errata.datasets.registry import PUBLISHED
from helpers import run_errata


def test_all_published_sets_are_listed_with_what_is_known_of_them():
    result = run_errata("datasets", "--format", "json")
    assert result.returncode == 0
    listed = json.loads(result.stdout)["datasets"]
    assert [each["name"] for each in listed] == list(PUBLISHED)
    for each in listed:
        known = PUBLISHED[each["name"]]
        assert list(each) == ["name", "title", "kind", "examples", "classes", "licence"]
        assert each["examples"] == known.examples
        assert (each["title"], each["kind"], each["classes"], each["licence"]) == (
            known.title, known.kind, known.classes, known.licence
        )  # fmt: skip


def test_a_table_and_csv_hold_the_same_sets():
    rows = list(csv.DictReader(io.StringIO(run_errata("datasets", "--format", "csv").stdout)))
    assert [row["name"] for row in rows] == list(PUBLISHED)
    assert rows[list(PUBLISHED).index("mnist")]["examples"] == "train=60000 test=10000"
    result = run_errata("datasets")
    assert "Next: errata datasets NAME" in result.stderr
    for each in PUBLISHED.values():
        assert each.title in result.stdout


def test_a_name_tells_what_to_download_and_where_to_put_it():
    known = PUBLISHED["mnist"]
    told = json.loads(run_errata("datasets", "mnist", "--format", "json", "--quiet").stdout)
    assert told["citation"] == known.citation
    assert told["download"] == list(known.download)
    assert told["layout"] == known.layout.splitlines()
    result = run_errata("datasets", "mnist")
    for line in (*known.download, *known.layout.splitlines(), "FOLDER/"):
        assert line in result.stdout
    assert "open_dataset" in result.stderr


def test_an_unknown_name_is_refused_with_the_nearest():
    result = run_errata("datasets", "mnits")
    assert result.returncode == 2
    assert "There is no data set 'mnits'. Did you mean 'mnist'?" in result.stderr
    assert result.stdout == ""
