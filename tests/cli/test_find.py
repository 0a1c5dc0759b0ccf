"""`errata find`, run as people run it: the installed program, its exit codes, stdout and stderr."""

import csv
import io
import json
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest

import errata
from helpers import ERRATA, require, run_errata

FORMS = ("table", "json", "csv")
KEYS = ["n", "classes", "rule", "score", "estimated_errors", "thresholds", "warnings", "flagged"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with labels.npy and probs.npy: 60 examples, 3 classes, some errors."""
    folder = tmp_path_factory.mktemp("find")
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    probs = rng.dirichlet([1, 1, 1], 60) * 0.4
    probs[np.arange(60), truth] += 0.6
    labels = truth.copy()
    labels[::12] = (labels[::12] + 1) % 3
    np.save(folder / "labels.npy", labels)
    np.save(folder / "probs.npy", probs)
    (folder / "names.json").write_text('["cat", "dog", "frog"]')
    return folder


def find(folder, *words, labels="labels.npy", probs="probs.npy"):
    return run_errata("find", "--labels", labels, "--probs", probs, *words, cwd=folder)


def test_json_is_what_python_finds_under_exactly_the_agreed_keys(folder):
    result = find(folder, "--format", "json", "--quiet")
    payload = json.loads(result.stdout)
    assert (result.returncode, result.stderr) == (0, "")
    assert list(payload) == KEYS
    assert list(payload["flagged"][0]) == ["index", "given", "suggested", "score", "rules"]
    findings = errata.find(folder / "labels.npy", folder / "probs.npy")
    assert payload == json.loads(json.dumps(findings.to_dict()))
    assert len(payload["flagged"]) == 3


def test_ids_tell_the_examples_in_every_form(folder):
    ids = [f"pet {row:02}" for row in range(60)]
    (folder / "ids.json").write_text(json.dumps(ids))
    findings = errata.find(folder / "labels.npy", folder / "probs.npy", ids=ids)
    expected = [ids[index] for index in findings.indices]
    shown = {form: find(folder, "--ids", "ids.json", "--format", form) for form in FORMS}
    assert [row["id"] for row in csv.DictReader(io.StringIO(shown["csv"].stdout))] == expected
    assert [row["id"] for row in json.loads(shown["json"].stdout)["flagged"]] == expected
    assert all(one in shown["table"].stdout for one in expected)
    few = find(folder, "--ids", "names.json")
    assert few.returncode == 2
    assert "ids has shape (3,); one id for each of the 60 examples" in few.stderr


def test_csv_has_a_row_for_each_flagged_example(folder):
    result = find(folder, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    findings = errata.find(folder / "labels.npy", folder / "probs.npy")
    assert [int(row["index"]) for row in rows] == findings.indices.tolist()
    assert rows[0]["rules"].split()[0] == "margin"


def test_the_table_names_classes_and_the_summary_goes_to_stderr(folder):
    result = find(folder, "--classes", "names.json", "--limit", "2")
    assert result.returncode == 0
    assert "suggested" in result.stdout
    assert "frog" in result.stdout
    assert len(result.stdout.splitlines()) == 2 + 2  # two examples below the head and its line
    assert "3 of 60 labels (5.00%) are flagged by rule 'margin'" in result.stderr
    assert "flagged" not in result.stdout


def test_quiet_leaves_stderr_empty(folder):
    assert find(folder, "--quiet").stderr == ""


def test_rule_score_and_compat_are_handed_on(folder):
    words = ("--rule", "class", "--score", "self_confidence", "--compat", "cleanlab")
    payload = json.loads(find(folder, *words, "--format", "json").stdout)
    options = {"rule": "class", "score": "self_confidence", "compat": "cleanlab"}
    findings = errata.find(folder / "labels.npy", folder / "probs.npy", **options)
    assert payload == json.loads(json.dumps(findings.to_dict()))


def test_a_warning_is_one_line_on_stderr_even_with_quiet(folder):
    probs = np.load(folder / "probs.npy")
    np.save(folder / "off.npy", probs * 1.0005)
    result = find(folder, "--quiet", "--format", "json", probs="off.npy")
    assert result.returncode == 0
    [line] = result.stderr.splitlines()
    assert line.startswith("warning: Rows of probs do not sum exactly to 1")
    assert json.loads(result.stdout)["warnings"] == [line.removeprefix("warning: ")]


def test_normalize_mends_rows_that_do_not_sum_to_1(folder):
    np.save(folder / "twice.npy", np.load(folder / "probs.npy") * 2)
    refused = find(folder, probs="twice.npy")
    assert refused.returncode == 2
    assert "--normalize" in refused.stderr
    assert find(folder, "--normalize", probs="twice.npy").returncode == 0


def cut_short(path: Path) -> None:
    np.save(path, np.ones((60, 3)) / 3)
    path.write_bytes(path.read_bytes()[:-100])


def pickled_array(path: Path) -> None:
    np.save(path, np.array([{}, 1], dtype=object), allow_pickle=True)


BAD = {
    "missing": (lambda path: None, "does not exist"),
    "empty": (lambda path: path.touch(), "is empty"),
    "folder": (lambda path: path.mkdir(), "holds no probabilities"),
    "cut": (cut_short, "cut short"),
    "object array": (pickled_array, "pickle"),
    "plain pickle": (lambda path: path.write_bytes(pickle.dumps([1, 2])), "pickle"),
    "text": (lambda path: path.write_text("0.5,0.5\n"), "is not an array file"),
    "shape": (lambda path: np.save(path, np.ones(60)), "shape"),
    "rows": (lambda path: np.save(path, np.full((59, 3), 1 / 3)), "59"),
    "nan": (lambda path: np.save(path, np.full((60, 3), np.nan)), "NaN"),
    "negative": (lambda path: np.save(path, np.tile([2, -1, 0.0], (60, 1))), "negative"),
    "one class": (lambda path: np.save(path, np.ones((60, 1))), "one class"),
    "no rows": (lambda path: np.save(path, np.ones((0, 3))), "zero"),
    "words": (lambda path: np.save(path, np.full((60, 3), "x")), "dtype"),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD)
def test_bad_probabilities_get_a_sentence_and_exit_code_2(folder, tmp_path, make, said):
    bad = tmp_path / "bad.npy"
    make(bad)
    result = find(folder, probs=bad)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


BAD_LABELS = {
    "out of range": (np.full(60, 7), "labels[0] is 7"),
    "fractions": (np.full(60, 0.5), "0.5"),
    "missing": (np.full(60, np.nan), "missing"),
    "too many": (np.zeros(61, int), "61"),
    "table": (np.zeros((60, 2), int), "shape"),
    "words": (np.full(60, "cat"), "class names"),
}


@pytest.mark.parametrize(("labels", "said"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_get_a_sentence_and_exit_code_2(folder, tmp_path, labels, said):
    np.save(tmp_path / "bad.npy", labels)
    result = find(folder, labels=tmp_path / "bad.npy")
    assert result.returncode == 2, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["cat", "dog"]', "2"),
        ('{"0": "cat"', "is not JSON"),
        ('{"a": "cat"}', "keys are not 0 to 0"),
        ("3", "holds a int; a list is expected"),
    ],
)
def test_bad_class_names_get_a_sentence(folder, tmp_path, text, said):
    (tmp_path / "names.json").write_text(text)
    result = find(folder, "--classes", tmp_path / "names.json")
    assert result.returncode == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rule", "margn"], "Did you mean 'margin'?"),
        (["--score", "confidence"], "Did you mean 'self_confidence'?"),
        (["--compat", "cleanlb"], "Did you mean 'cleanlab'?"),
        (["--format", "xml"], "'table', 'json', 'csv'"),
        (["--limit", "0"], "--limit"),
        (["--rules", "margin"], "--rule"),
        (["an.audit"], "Give either an audit or two arrays"),
    ],
)
def test_unknown_words_exit_with_2_and_name_the_known_ones(folder, words, said):
    result = find(folder, *words)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "too_many"),
    [
        (("p2.npy",), "p2.npy"),
        (("p2.npy", "p3.npy"), "p2.npy, p3.npy"),
        (("p2.zarr",), "p2.zarr"),
    ],
)
def test_shards_that_a_shell_makes_words_of_are_told_whatever_they_are(folder, words, too_many):
    (folder / "p2.npy").touch()
    (folder / "p2.zarr").mkdir(exist_ok=True)
    result = find(folder, *words)
    assert result.returncode == 2
    assert f"error: These words belong to no option: {too_many}. Labels" in result.stderr


def test_an_audit_is_no_word_too_many(folder, tmp_path):
    errata.Audit.create(
        tmp_path / "my.audit", labels=folder / "labels.npy", probs=folder / "probs.npy"
    )
    result = run_errata("find", tmp_path / "my.audit", "extra", cwd=folder)
    assert result.returncode == 2
    assert "These words belong to no option: extra. Labels" in result.stderr


def test_the_help_shows_no_more_words_than_are_taken():
    assert "find [OPTIONS] [AUDIT]\n" in run_errata("find", "--help").stdout


def test_where_nothing_is_flagged_the_head_of_the_csv_stands_alone(folder):
    np.save(folder / "good.npy", np.load(folder / "probs.npy").argmax(axis=1))
    result = find(folder, "--rule", "argmax", "--format", "csv", labels="good.npy")
    assert (result.returncode, result.stdout) == (0, "index,given,suggested,score,rules\n")
    table = find(folder, "--rule", "argmax", labels="good.npy")
    assert (table.returncode, table.stdout) == (0, "")
    assert "0 of 60 labels (0.00%) are flagged" in table.stderr


@pytest.mark.parametrize("words", [[], ["--labels", "labels.npy"], ["--classes", "names.json"]])
def test_half_of_what_is_needed_says_what_is_needed(folder, words):
    result = run_errata("find", *words, cwd=folder)
    assert result.returncode == 2
    assert "errata find --labels L.npy --probs P.npy" in result.stderr


def test_a_reader_that_stops_early_is_no_accident(folder, tmp_path):
    n = 20_000
    np.save(tmp_path / "l.npy", np.zeros(n, int))
    np.save(tmp_path / "p.npy", np.tile([0.1, 0.9], (n, 1)))
    line = f"'{ERRATA}' find --labels l.npy --probs p.npy --rule argmax --format csv -q | head -n 2"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert [line for line in result.stderr.splitlines() if not line.startswith("warning: ")] == []


def test_a_count_is_how_many_are_flagged(folder):
    payload = json.loads(find(folder, "--count", "3", "--format", "json", "--quiet").stdout)
    assert len(payload["flagged"]) == 3


# ---------------------------------------------------------------- several labels per example


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    rng = np.random.default_rng(0)
    truth = rng.random((80, 3)) < 0.4
    np.save(folder / "probs.npy", np.where(truth, 0.8, 0.2) + 0.2 * rng.random((80, 3)) - 0.1)
    labels = truth.copy()
    labels[::20, 1] ^= True
    np.save(folder / "labels.npy", labels)
    names = ["cat", "dog", "frog"]
    sets = [[names[k] for k in np.flatnonzero(row)] for row in labels]
    (folder / "labels.json").write_text(json.dumps(sets))
    (folder / "names.json").write_text(json.dumps(names))
    return folder


def test_several_labels_are_found_in_lists_and_in_a_matrix(several):
    words = ("--multilabel", "--classes", "names.json", "--format", "json", "--quiet")
    result = find(several, *words, labels="labels.json")
    assert (result.returncode, result.stderr) == (0, "")
    payload = json.loads(result.stdout)
    assert list(payload) == KEYS
    findings = errata.find_multilabel(several / "labels.npy", several / "probs.npy")
    assert payload == json.loads(json.dumps(findings.to_dict()))
    assert sorted(row["index"] for row in payload["flagged"]) == [0, 20, 40, 60]
    assert find(several, *words, labels="labels.npy").stdout == result.stdout


def test_the_table_of_several_labels_has_their_names(several):
    result = find(several, "--multilabel", "--classes", "names.json", labels="labels.json")
    assert "4 of 80 examples (5.00%) are flagged by rule 'margin'" in result.stderr
    findings = errata.find_multilabel(several / "labels.npy", several / "probs.npy")
    line = result.stdout.splitlines()[2]
    for applies in (findings.given[0], findings.suggested[0]):
        named = ", ".join(np.array(["cat", "dog", "frog"])[applies]) or "(none)"
        assert named in line
    rows = list(
        csv.DictReader(io.StringIO(find(several, "--multilabel", "--format", "csv").stdout))
    )
    assert rows[0]["given"].split() == [str(k) for k in np.flatnonzero(findings.given[0])]


@pytest.mark.parametrize("words", [["--normalize"], ["--count", "3"]])
def test_what_several_labels_do_not_know_is_refused(several, words):
    result = find(several, "--multilabel", *words)
    assert result.returncode == 2
    assert "neither with an audit" in result.stderr


def test_several_labels_without_the_option_are_told_of_it(several):
    result = find(several)
    assert result.returncode == 2
    assert "--multilabel" in result.stderr


# ---------------------------------------------------------------- large sets


def test_shards_tables_and_several_models_are_taken(folder):
    labels, probs = np.load(folder / "labels.npy"), np.load(folder / "probs.npy")
    plain = json.loads(find(folder, "--format", "json").stdout)
    np.save(folder / "part-1.npy", probs[:20])
    np.save(folder / "part-2.npy", probs[20:])
    (folder / "labels.csv").write_text(
        "id,class\n" + "\n".join(f"x{i},{label}" for i, label in enumerate(labels))
    )
    words = ("find", "--labels", "labels.csv", "--label-column", "class", "--format", "json")
    result = run_errata(*words, "--probs", "part-*.npy", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == plain
    twice = run_errata(*words, "--probs", "probs.npy", "--probs", "part-*.npy", cwd=folder)
    mean = json.loads(twice.stdout)  # the mean of a model and itself
    assert [row["index"] for row in mean["flagged"]] == [row["index"] for row in plain["flagged"]]


def test_the_best_few_classes_need_the_number_of_classes(folder):
    probs = np.load(folder / "probs.npy")
    best = np.argsort(-probs, axis=1)[:, :2]
    (folder / "top2").mkdir()
    np.save(folder / "top2" / "indices.npy", best)
    np.save(folder / "top2" / "values.npy", np.take_along_axis(probs, best, axis=1))
    refused = find(folder, probs="top2")
    assert refused.returncode == 2
    assert "--n-classes" in refused.stderr
    taken = find(folder, "--n-classes", probs.shape[1], probs="top2")
    assert taken.returncode == 0, taken.stderr


def test_ids_that_stand_twice_are_told_with_their_file(folder):
    (folder / "twice.csv").write_text("id\na\nb\na\n")
    result = find(folder, "--ids", "twice.csv")
    assert result.returncode == 2
    assert "twice.csv: ids[0] and ids[2] are both 'a'" in " ".join(result.stderr.split())


def test_partial_results_and_scores_go_where_they_are_asked_to(folder):
    result = find(folder, "--resume", "partial", "--scores-out", "scores.npy")
    assert result.returncode == 0, result.stderr
    scores = np.load(folder / "scores.npy")
    labels, probs = np.load(folder / "labels.npy"), np.load(folder / "probs.npy")
    others = np.where(np.arange(probs.shape[1]) == labels[:, None], -1, probs)
    margins = probs[np.arange(len(labels)), labels] - others.max(axis=1)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, margins, atol=1e-6)
    assert not (folder / "partial").exists()


def test_partial_results_stay_until_the_result_is_out(folder):
    words = ["--labels", "labels.npy", "--probs", "probs.npy", "--format", "csv", "-q"]
    kept = [*words, "--resume", "kept"]
    with Path("/dev/full").open("w") as full:
        lost = run_errata("find", *kept, cwd=folder, capture_output=False, stdout=full)
    assert lost.returncode == 1
    assert (folder / "kept" / "parts.jsonl").stat().st_size > 0
    with Path("/dev/full").open("w") as full:
        run_errata("find", *kept, cwd=folder, capture_output=False, stdout=full)
    again = run_errata("find", *kept, cwd=folder)
    assert again.stdout == run_errata("find", *words, cwd=folder).stdout
    assert not (folder / "kept").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "rya"), "There is no engine 'rya'. Did you mean 'ray'?"),
        (("--address", "10.0.0.1:1"), "goes with --engine ray"),
        (("--multilabel", "--resume", "partial"), "what is for large sets"),
        (("--label-column", "label"), "has no columns"),
    ],
)
def test_options_that_do_not_fit_are_refused(folder, words, said):
    result = find(folder, *words)
    assert result.returncode == 2
    assert said in result.stderr


def test_an_engine_of_a_cluster_prints_data_alone_on_stdout(folder):
    require("ray")
    result = find(folder, "--engine", "ray", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == json.loads(find(folder, "--format", "json").stdout)
