"""The paper, rebuilt: every figure of it that the published data allow."""

import csv
import json
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from errata.paper.beyond import RESNET18
from errata.paper.rebuild import STEPS, rebuild
from helpers import run_errata


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def rebuilt(data, steps):
    return rebuild(data, progress=lambda done, total: steps.append((done, total)))


def by_set(rows):
    return {row["set"]: row for row in rows}


# ---------------------------------------------------------------- cells


def test_the_figures_compared_and_equal_are_these_many(rebuilt):
    """The 272 of the record, table S1, pin our own computation: only a change of it could differ.

    What holds them from outside is the authors' file of an earlier round, see below.
    """
    cells = rebuilt.ledger.to_dict()
    assert (cells["compared"], cells["equal"]) == (500, 499)
    assert cells["by_source"] == {
        "print": {"compared": 120, "equal": 119},
        "first version": {"compared": 4, "equal": 4},
        "design record": {"compared": 272, "equal": 272},
        "authors' file": {"compared": 104, "equal": 104},
    }
    assert rebuilt.ledger.unexplained == []


def test_the_one_figure_that_differs_is_mnists_and_is_explained(rebuilt):
    [cell] = rebuilt.ledger.differ
    assert (cell.where, cell.paper, cell.ours) == ("table 1, MNIST, guessed", "100", "15")
    assert "the study had the 100 lowest margins checked" in cell.why


def test_what_cannot_be_computed_is_the_first_sample_and_two_sizes(rebuilt):
    lacking = [cell for cell in rebuilt.ledger.cells if cell.ours is None]
    assert {cell.place[1] for cell in lacking} == {
        "Caltech-256 (first 400)",
        "QuickDraw",
        "Amazon Reviews",
    }
    assert all(cell.why for cell in lacking)


def test_table_2_is_equal_in_every_row(rebuilt):
    table = rebuilt.ledger.table("table 2")
    assert len(table) == 11
    for row, cells in table.items():
        for cell in cells.values():
            assert cell.equal or (row.endswith("(first 400)") and cell.ours is None)


def test_progress_ends_at_its_total(rebuilt, steps):
    assert steps == [(done, STEPS) for done in range(1, STEPS + 1)]


# ---------------------------------------------------------------- tables


def test_guesses_come_from_probabilities_where_they_are_published(rebuilt):
    rows = by_set(rebuilt.tables["table1"])
    found = {key: row["guessed"] for key, row in rows.items() if row["same_candidates"] is not None}
    assert found == {"mnist": 15, "cifar10": 275, "20news": 93, "imdb": 1310}
    assert all(rows[key]["same_candidates"] for key in found)


def test_the_three_sampled_sets_have_an_interval_around_their_error_rate(rebuilt):
    rows = by_set(rebuilt.tables["table1"])
    sampled = {key: row["percent_95"] for key, row in rows.items() if row["percent_95"]}
    assert sampled.keys() == {"caltech256-first", "quickdraw", "amazon"}
    for key, (low, high) in sampled.items():
        assert low < rows[key]["percent"] < high
    # by the normal approximation: 1,870 of 2,500 is 74.8 % +- 1.7
    share = 1870 / 2500
    half = 1.96 * np.sqrt(share * (1 - share) / 2500) * 100 * 6_825_383 / 50_426_266
    low, high = sampled["quickdraw"]
    assert (high - low) / 2 == pytest.approx(half, rel=0.03)


def test_ranks_of_s1_are_those_of_its_accuracies(rebuilt):
    rows = rebuilt.tables["s1"]
    assert len(rows) == 34
    for row in rows:
        for score, rank in (("acc@1", "rank@1"), ("cacc@5", "crank@5")):
            assert row[rank] == 1 + sum(other[score] > row[score] for other in rows)


def test_table_s1_fits_the_authors_file_of_an_earlier_round(rebuilt):
    """Their C is 1,405 of our 1,428 examples, so no count may be above ours, or 24 below."""
    found = rebuilt.beyond["earlier_results"]
    assert (found["more"], found["figures"], found["fitting"]) == (23, 136, 136)


# ---------------------------------------------------------------- figures


def test_figure_4_has_every_crossing_that_two_lines_make(rebuilt):
    compared = rebuilt.imagenet.at(3)
    expected = {}
    for a, b in combinations(compared.models, 2):
        on = [
            [Fraction(model.corrected[1][subset].hits, compared.sizes[subset]) for subset in "BC"]
            for model in (a, b)
        ]
        benign, correctable = (x - y for x, y in zip(*on, strict=True))
        if benign * correctable < 0:
            expected[a.model, b.model] = float(benign / (benign - correctable))
    figure = rebuilt.figures["figure4"]
    assert {(x["a"], x["b"]): x["prevalence"] for x in figure["crossings"]} == expected
    assert round(100 * figure["n0"], 1) == 2.9


def test_figure_5_is_made_by_the_same_formula(rebuilt):
    figure = rebuilt.figures["figure5"]
    [crossing] = [
        x for x in figure["crossings"]
        if {x["a"], x["b"]} == {"pytorch_vgg11_bn", "pytorch_vgg19_bn"}
    ]  # fmt: skip
    assert round(100 * crossing["prevalence"], 2) == 5.64
    assert round(100 * figure["n0"], 2) == 0.18


def test_figure_s1_ranks_by_all_thresholds_and_both_ks(rebuilt):
    panels = {(p["set"], p["threshold"], p["k"]): p for p in rebuilt.figures["figure_s1"]}
    assert len(panels) == 12
    assert panels["imagenet", 3, 1] == rebuilt.figures["figure3"][0]
    sizes = [panels["imagenet", threshold, 1]["sizes"]["C"] for threshold in (3, 4, 5)]
    assert sizes == [1428, 960, 468]


def test_figure_1_shows_every_verdict_that_there_is(rebuilt):
    counts = {verdict: len(found) for verdict, found in rebuilt.figures["figure1"].items()}
    assert counts["multi_label"] == 0, "neither MNIST nor CIFAR-10 has one"
    assert all(count for verdict, count in counts.items() if verdict != "multi_label")


# ---------------------------------------------------------------- what the paper does not say


def test_there_are_two_resnet50_and_the_example_is_about_that_of_keras(rebuilt):
    found = rebuilt.beyond["which_resnet50"]["crossings"]
    assert round(100 * found["keras_resnet50"]["prevalence"], 2) == 8.61
    assert round(100 * found["pytorch_resnet50"]["prevalence"], 1) == 42.8


def test_the_suggestions_are_those_of_a_relative_of_resnet18(rebuilt):
    kin = rebuilt.beyond["kinship"][0]
    first, *rest = kin["models"]
    assert first["model"] == RESNET18
    assert round(100 * first["agreement"]) == 64
    assert [round(100 * model["agreement"]) for model in (rest[-1], rest[0])] == [36, 47]
    assert (first["rank_on_c"], first["corrected_rank_on_c"], first["rank_by_votes"]) == (34, 1, 29)
    assert kin["correlation"] == pytest.approx(0.96, abs=0.005)
    assert [model["model"] for model in kin["models"] if model["kin"]] == [RESNET18]
    assert [round(100 * first[end]) for end in ("low", "high")] == [36, 47]
    assert first["rank_on_c_by_others"] == 1, "that others propose the same does not undo it"
    assert not any(model["kin"] for model in rebuilt.beyond["kinship"][1]["models"])


def test_agreement_with_the_suggestions_is_counted_over_all_candidates(rebuilt, data):
    items = json.loads((data / "label_errors/mturk/cifar10_mturk.json").read_text())
    archive = np.load(data / "models/cifar10/pytorch_cifar10_top5.npz")
    preds, probs = (archive[f"pytorch_vgg11_bn__{what}"] for what in ("preds", "probs"))
    same = sum(
        preds[item["id"], probs[item["id"]].argmax()] == item["our_guessed_label"] for item in items
    )
    kin = {model["model"]: model for model in rebuilt.beyond["kinship"][1]["models"]}
    assert kin["pytorch_vgg11_bn"]["agreement"] == same / len(items)


def test_leaving_confirmed_candidates_out_of_b_moves_the_crossing(rebuilt):
    left = rebuilt.beyond["without_flagged_non_errors"][0]
    assert left["with"]["benign"] - left["without"]["benign"] == 2524
    assert round(100 * left["with"]["crossing"], 2) == 8.61
    assert round(100 * left["without"]["crossing"], 2) == 3.52


# ---------------------------------------------------------------- the command


def test_json_has_the_agreed_keys(data):
    result = run_errata("paper", "--data", data, "--format", "json", "--quiet")
    assert result.returncode == 0, result.stderr
    payload = json.loads(result.stdout)
    assert payload["tables"].keys() == {"table1", "table2", "s1", "s2"}
    assert payload["figures"].keys() >= {"figure1", "figure3", "figure4", "figure5"}
    assert payload["figures"]["figure4"]["crossings"][0].keys() >= {"a", "b", "prevalence"}
    assert payload["cells"].keys() >= {"compared", "equal", "differ"}
    assert payload["cells"]["differ"][0].keys() >= {"where", "paper", "ours", "why"}


def test_csv_has_a_row_for_every_cell(data):
    result = run_errata("paper", "--data", data, "--format", "csv", "--quiet")
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert sum(row["ours"] != "" for row in rows) == 500


def test_the_counts_are_printed_and_each_cell_has_the_papers_figure_beside_it(data):
    result = run_errata("paper", "--data", data)
    assert "500 figures compared, 499 equal, 1 differs." in result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "MNIST 10,000 = 15 ≠ 100 100 = 15 = – 0.15 =" in lines
    assert "AudioSet 307 = 32 = 275 = – – – –" in lines
    assert "VGG-11-BN 27.78 = 66.67 = 100.00 = 100.00 = 11 = 1 = 1 = 1 =" in lines


@pytest.fixture
def changed(data, tmp_path):
    """Return a copy of the pack in which one vote on MNIST is another."""
    for path in data.rglob("*"):
        name = tmp_path / path.relative_to(data)
        if path.is_dir():
            name.mkdir()
        elif path.name != "mnist_mturk.json":
            name.symlink_to(path)
    items = json.loads((data / "label_errors/mturk/mnist_mturk.json").read_text())
    confirmed = next(item for item in items if item["mturk"]["given"] == 5)
    confirmed["mturk"] = {"given": 0, "guessed": 0, "neither": 5}
    (tmp_path / "label_errors/mturk/mnist_mturk.json").write_text(json.dumps(items))
    return tmp_path


def test_a_difference_without_a_reason_is_a_failure(changed):
    result = run_errata("paper", "--data", changed)
    assert result.returncode == 1
    assert "No reason is known: table 2, MNIST, neither." in result.stderr
    assert "16 ≠ 15" in result.stdout


@pytest.mark.parametrize("words", [[], ["--data", "nowhere"]])
def test_without_the_pack_one_message_says_how_to_get_it(tmp_path, words, monkeypatch):
    monkeypatch.delenv("ERRATA_DATA", raising=False)
    result = run_errata("paper", *words, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert "`errata paper fetch DATA` downloads" in line
