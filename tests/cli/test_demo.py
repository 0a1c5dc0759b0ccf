"""`errata demo` and `errata paper`, from the command to what lies on the disk."""

import json
import signal
import subprocess
import urllib.request

import pytest

from helpers import ERRATA, run_errata


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return the folder and the result of one run of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    result = run_errata("demo", "out", cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder, result


def test_the_demo_says_what_was_planted_found_and_missed_and_where_to_look(shown):
    folder, result = shown
    assert result.stdout.startswith("Planted 72 wrong labels: ")
    for word in ("missed", "precision", "on corrected labels"):
        assert word in result.stdout
    assert "Look at out/report.html in a browser." in result.stdout
    assert (folder / "out" / "report.html").stat().st_size > 10_000
    assert (folder / "out" / "release" / "manifest.json").is_file()


def test_every_output_of_the_demo_says_that_its_reviewers_are_simulated(shown):
    folder, result = shown
    release = folder / "out" / "release"
    outputs = {
        "stdout": result.stdout,
        "report": (folder / "out" / "report.html").read_text(),
        "readme": (release / "README.md").read_text(),
        "manifest": (release / "manifest.json").read_text(),
        "verdicts": run_errata("verdicts", "out/digits.audit", cwd=folder).stderr,
    }
    silent = [name for name, text in outputs.items() if "simulated" not in text]
    assert silent == []
    assert "slip 5%" in result.stdout


def test_an_audit_of_the_demo_is_an_audit_like_any_other(shown):
    folder, _ = shown
    result = run_errata("verdicts", "out/digits.audit", "--format", "json", cwd=folder)
    assert json.loads(result.stdout)["counts"]["correctable"] > 50


def test_a_second_demo_leaves_the_first_alone(shown):
    folder, _ = shown
    result = run_errata("demo", "out", cwd=folder)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("more", [[], ["--review"]])
def test_a_demo_that_has_no_place_does_no_work(tmp_path, more):
    (tmp_path / "L.npy").touch()
    result = run_errata("demo", "L.npy", *more, cwd=tmp_path)
    assert result.returncode == 2
    (said,) = result.stderr.splitlines()
    assert "L.npy is a file, so no folder can be made in it" in said


def test_review_of_the_demo_waits_for_people_and_goes_on_after_a_kill(tmp_path):
    words = [ERRATA, "demo", "mine", "--review", "--port", "0", "--no-browser"]
    for _ in range(2):
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
            url = next(
                word
                for line in process.stderr
                for word in line.split()
                if word.startswith("http://127.0.0.1:")
            )
            with urllib.request.urlopen(url) as page:
                assert "digits" in page.read().decode()
            process.send_signal(signal.SIGKILL)
    result = run_errata("verdicts", "mine/digits.audit", "--format", "json", cwd=tmp_path)
    verdicts = json.loads(result.stdout)
    assert verdicts["reviewed"] == 0
    assert verdicts["unreviewed"] > 50


def test_the_published_cifar10_audit_comes_back(data, tmp_path):
    words = ("paper", "audit", "cifar10", "cifar10.audit", "--data", data)
    made = run_errata(*words, "--format", "json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    verdicts = json.loads(made.stdout)
    expected = {"non_error": 221, "non_agreement": 32, "correctable": 18}
    expected |= {"multi_label": 0, "neither": 4, "candidates": 275}
    assert {key: verdicts[key] for key in expected} == expected
    assert "1,375 of 1,375 votes were imported" in made.stderr


def test_published_data_that_is_not_there_is_named(tmp_path):
    result = run_errata("paper", "audit", "cifar10", "c.audit", "--data", ".", cwd=tmp_path)
    assert result.returncode == 2
    assert ". holds none. `errata paper fetch DATA` downloads" in result.stderr
    assert not (tmp_path / "c.audit").exists()
