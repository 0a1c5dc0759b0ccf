"""The commands that work on an audit, run one after the other as people run them."""

import csv
import io
import json
import shutil
import signal
import subprocess
import urllib.request
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from audits import FIVE, choice_audit, small_audit
from errata.audit import Audit
from errata.store import records
from helpers import ERRATA, run_errata
from published_texts import wav

N, CLASSES = 120, ("cat", "dog", "frog")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of arrays: 120 examples, 3 classes, 10 wrong labels, two models."""
    folder = tmp_path_factory.mktemp("audit")
    rng = np.random.default_rng(1)
    truth = np.arange(N) % 3
    probs = np.full((N, 3), 0.1)
    probs[np.arange(N), truth] = 0.8
    labels = truth.copy()
    labels[::12] = (labels[::12] + 1) % 3
    np.save(folder / "labels.npy", labels)
    np.save(folder / "probs.npy", probs)
    np.save(folder / "pixels.npy", rng.integers(0, 256, (N, 8, 8), dtype=np.uint8))
    np.savez(folder / "models.npz", faithful=truth, copycat=labels)
    (folder / "names.json").write_text(json.dumps(CLASSES))
    (folder / "away.json").write_text(json.dumps(["../secret.png"] * N))
    (folder / "ids.txt").write_text("".join(f"pet-{i}\n" for i in range(N)))
    words = ["--labels", "labels.npy", "--probs", "probs.npy", "--classes", "names.json"]
    words += ["--ids", "ids.txt", "--images", "pixels.npy", "--name", "Pets"]
    made = errata(folder, "init", "pets.audit", *words)
    assert "Next: errata find pets.audit" in made.stderr
    assert "120" in made.stdout
    return folder


def errata(folder, *words, code=0):
    result = run_errata(*words, cwd=folder)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result


def as_json(folder, *words):
    result = errata(folder, *words, "--format", "json", "--quiet")
    assert result.stderr == ""
    return json.loads(result.stdout)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def planned(folder):
    found = as_json(folder, "find", "pets.audit", "--rule", "argmax")
    assert sorted(one["index"] for one in found["flagged"]) == list(range(0, N, 12))
    assert as_json(folder, "plan", "pets.audit", "--votes", "3", "--threshold", "2")["added"] == 10
    return folder


@pytest.fixture(scope="module")
def voted(planned):
    """Return the folder after two reviewers corrected all candidates but the last."""
    lines = [f"pet-{i},{who},suggested" for i in range(0, N - 12, 12) for who in ("ada", "grace")]
    (planned / "votes.csv").write_text("\n".join(["id,reviewer,answer", *lines]))
    imported = ("votes", "import", "pets.audit", "votes.csv")
    assert as_json(planned, *imported)["added"] == 18
    assert as_json(planned, *imported)["already_there"] == 18
    return planned


def test_a_kin_of_the_flagger_is_warned_of_in_every_format(voted):
    labels, truth = np.load(voted / "labels.npy"), np.arange(N) % 3
    rng = np.random.default_rng(2)
    models = {}
    for i in range(9):  # plain ones correct hardly any candidate
        models[f"plain {i}"] = np.where(rng.random(N) < 0.1, (labels + 2) % 3, labels)
        models[f"plain {i}"][::12] = np.where(np.arange(10) == i % 4, truth[::12], labels[::12])
    np.savez(voted / "many.npz", **models, relative=np.where(np.arange(N) % 9 == 1, 0, truth))
    words = ("compare", "pets.audit", "many.npz")
    shown = errata(voted, *words)
    warning = "relative gives 100 % of the suggestions of the flagger"
    assert warning in " ".join(shown.stdout.split())
    assert warning not in shown.stderr, "it is said once"
    listed = errata(voted, *words, "--format", "csv")
    assert warning in listed.stderr
    assert [r["kin_of"] != "" for r in rows(listed.stdout)] == [False] * 9 + [True]
    assert as_json(voted, *words)["kinship"]["kin"] == ["relative"]


def test_compare_without_predictions_takes_those_that_the_audit_holds(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    audit.plan(votes=1, threshold=1)
    assert "Say where they are: `errata compare AUDIT PREDICTIONS`" in (
        errata(tmp_path, "compare", "a", code=2).stderr
    )
    n, m = audit.n, len(audit.classes)
    rng = np.random.default_rng(0)
    doubted = np.where(np.arange(n) >= n - 9, (audit.labels + 1) % m, audit.labels)
    np.savez(tmp_path / "voters.npz", **dict.fromkeys("abc", doubted))
    np.savez(tmp_path / "others.npz", **{name: rng.integers(m, size=n) for name in "de"})
    errata(tmp_path, "find", "a", "--predictions", "voters.npz")
    quiet = errata(tmp_path, "compare", "a", "--format", "json")
    assert "voted for" not in quiet.stderr, "nobody is asked about what they flagged"
    errata(tmp_path, "plan", "a", "--budget", "5")
    voted = errata(tmp_path, "compare", "a", "--format", "json")
    assert [one["model"] for one in json.loads(voted.stdout)["models"]] == ["a", "b", "c"]
    assert "predictions that the audit holds: a, b, c." in voted.stderr
    assert "warning: 3 of the models voted for what `find --predictions` flagged" in voted.stderr
    told = errata(tmp_path, "compare", "a", "others.npz", "--format", "json")
    again = errata(tmp_path, "compare", "a", "--format", "json")
    assert again.stdout == told.stdout
    assert "voted" not in again.stderr
    assert "holds: d, e." in again.stderr


def test_a_plan_that_is_continued_says_what_the_votes_say(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    audit.plan(goal="rate", budget=40, votes=1, threshold=1)
    waiting = errata(tmp_path, "plan", "a", "--continue").stdout
    assert "None of the 40 drawn examples is decided yet." in waiting
    assert "Next: errata review a" in errata(tmp_path, "plan", "a", "--continue").stderr
    with audit._db.read() as db:
        examples = [row["example"] for row in records.planned(db)]
    audit.add_votes([{"index": i, "reviewer": "ann", "answer": "given"} for i in examples])
    done = errata(tmp_path, "plan", "a", "--continue", "--within", "0.3")
    assert "and ± 30 percentage points is wanted." in " ".join(done.stdout.split())
    assert "Next: errata report a OUT.html" in done.stderr
    assert "full_share" not in done.stdout
    told = as_json(tmp_path, "plan", "a", "--continue", "--within", "0.3")
    assert (told["added"], told["enough"]) == (0, True)
    assert as_json(tmp_path, "plan", "a", "--continue", "--budget", "5")["added"] == 5
    refused = errata(tmp_path, "plan", "a", "--within", "0.3", code=2)
    assert "Say --continue (continued=True), too" in refused.stderr


def test_find_shows_ids_and_class_names_and_what_comes_next(planned):
    result = errata(planned, "find", "pets.audit", "--rule", "argmax", "--limit", "1")
    assert "pet-0" in result.stdout
    assert "cat" in result.stdout
    assert "Next: errata plan pets.audit" in result.stderr


def test_votes_come_out_as_they_went_in(voted):
    exported = rows(errata(voted, "votes", "export", "pets.audit", "--names", "--quiet").stdout)
    given = rows((voted / "votes.csv").read_text())
    assert [{key: row[key] for key in given[0]} for row in exported] == given
    assert {row["kind"] for row in exported} == {"imported"}


def test_of_many_votes_that_are_refused_ten_are_named(voted):
    there = "pet-0,ada,suggested"
    lines = ["id,reviewer,answer", there, *(f"pet-108,eve{i},perhaps" for i in range(158))]
    (voted / "many.csv").write_text("\n".join(lines))
    result = errata(voted, "votes", "import", "pets.audit", "many.csv", code=2)
    assert "Refused: 158." in result.stderr
    assert result.stderr.count("many.csv, line") == 10
    assert "and 148 more; --format json has them all" in result.stderr
    listed = errata(voted, "votes", "import", "pets.audit", "many.csv", "--format", "json", code=2)
    assert len(json.loads(listed.stdout)["refused"]) == 158


def test_an_audit_that_is_there_is_not_made_again(planned):
    words = ("--labels", "labels.npy", "--probs", "probs.npy")
    told = errata(planned, "init", "pets.audit", *words, code=2).stderr
    assert "There is an audit at pets.audit already, and nothing was changed." in told
    assert "Audit.open" not in told


def test_a_plan_that_adds_nothing_says_so_in_every_form(planned):
    again = errata(planned, "plan", "pets.audit")
    assert "All candidates are planned already. Nothing was added." in again.stdout
    told = as_json(planned, "plan", "pets.audit")
    assert (told["added"], told["outlook"][-18:]) == (0, "Nothing was added.")
    (row,) = rows(errata(planned, "plan", "pets.audit", "-q", "--format", "csv").stdout)
    assert (row["added"], row["outlook"]) == ("0", told["outlook"])


def test_votes_that_cannot_be_taken_are_named_and_the_others_go_in(voted):
    lines = ["id,reviewer,answer", "pet-108,ada,given", "pet-1,ada,given", "pet-108,eve,perhaps"]
    (voted / "mixed.csv").write_text("\n".join(lines))
    result = errata(voted, "votes", "import", "pets.audit", "mixed.csv", code=2)
    assert "Refused: 2. The other votes are in." in result.stderr
    assert "mixed.csv, line 3" in result.stderr
    assert "perhaps" in result.stderr
    assert "mixed.csv" not in result.stdout, "what was refused is told once"
    assert ["refused", "2"] in [line.split() for line in result.stdout.splitlines()]
    exported = rows(errata(voted, "votes", "export", "pets.audit").stdout)
    assert [row["answer"] for row in exported if row["id"] == "pet-108"] == ["given"]


def test_simulated_holds_whatever_the_file_says(planned, tmp_path):
    shutil.copytree(planned / "pets.audit", tmp_path / "pets.audit")
    (tmp_path / "sim.csv").write_text("id,reviewer,answer,kind\npet-0,robot,given,person\n")
    errata(tmp_path, "votes", "import", "pets.audit", "sim.csv", "--simulated")
    exported = rows(errata(tmp_path, "votes", "export", "pets.audit", "--names").stdout)
    assert [row["kind"] for row in exported if row["reviewer"] == "robot"] == ["simulated"]


def test_verdicts_without_votes_have_the_head_of_their_csv(folder, tmp_path):
    shutil.copy(folder / "labels.npy", tmp_path)
    shutil.copy(folder / "probs.npy", tmp_path)
    errata(tmp_path, "init", "pets.audit", "--labels", "labels.npy", "--probs", "probs.npy")
    errata(tmp_path, "find", "pets.audit", "--rule", "argmax")
    errata(tmp_path, "plan", "pets.audit")
    empty = errata(tmp_path, "verdicts", "pets.audit", "--format", "csv").stdout
    assert empty == (
        "id,given,suggested,votes_given,votes_suggested,votes_both,votes_neither,votes_other,"
        "verdict\n"
    )


def test_candidates_from_elsewhere_need_no_probabilities(folder, tmp_path):
    for name in ("labels.npy", "names.json"):
        shutil.copy(folder / name, tmp_path)
    words = ["--labels", "labels.npy", "--classes", "names.json"]
    made = errata(tmp_path, "init", "pets.audit", *words)
    assert "Next: errata candidates import pets.audit FILE --flagger NAME" in made.stderr
    early = errata(tmp_path, "find", "pets.audit", code=2)
    assert "made without probabilities" in early.stderr
    (tmp_path / "doubts.csv").write_text("id,suggested\n12,cat\n0,cat\n1,dog\n")
    imported = ("candidates", "import", "pets.audit", "doubts.csv", "--flagger", "ann")
    result = errata(tmp_path, *imported, code=2)
    assert "1 candidates were refused, the others are in:\ndoubts.csv, line 4: " in result.stderr
    assert "'dog', is the given one" in result.stderr
    assert as_json(tmp_path, "plan", "pets.audit")["added"] == 2
    assert "rank 1 of 2 by rule 'imported'" in errata(tmp_path, "why", "pets.audit", "12").stdout
    nothing = errata(tmp_path, "init", "new.audit", "--labels", "labels.npy", code=2)
    assert "no probabilities and no class names" in nothing.stderr


def test_sets_of_labels_go_the_whole_way(tmp_path):
    sets = [["dog", "rain, heavy"], ["dog"], [], ["rain, heavy", "car"]] * 10
    (tmp_path / "sets.json").write_text(json.dumps(sets))
    (tmp_path / "names.json").write_text(json.dumps(["dog", "rain, heavy", "car"]))
    truth = np.array([[name in one for name in ("dog", "rain, heavy", "car")] for one in sets])
    truth[1] = [True, False, True]
    np.save(tmp_path / "probs.npy", np.where(truth, 0.9, 0.1))
    words = ["--labels", "sets.json", "--classes", "names.json", "--probs", "probs.npy"]
    errata(tmp_path, "init", "sounds.audit", *words)
    found = errata(tmp_path, "find", "sounds.audit", "--rule", "argmax").stdout
    assert "dog" in found
    flagged = as_json(tmp_path, "find", "sounds.audit", "--rule", "argmax")["flagged"]
    assert [(one["index"], one["given"], one["suggested"]) for one in flagged] == [(1, [0], [0, 2])]
    (tmp_path / "doubts.csv").write_text('id,suggested\n2,"[""car""]"\n')
    errata(tmp_path, "plan", "sounds.audit", "--votes", "1", "--threshold", "1")
    errata(tmp_path, "candidates", "import", "sounds.audit", "doubts.csv", "--flagger", "ann")
    errata(tmp_path, "plan", "sounds.audit", "--votes", "1", "--threshold", "1")
    empty = errata(tmp_path, "verdicts", "sounds.audit", "--format", "csv").stdout
    assert empty == "id,given,suggested,agreed,reviewers,votes,verdict\n"
    lines = ["id,reviewer,labels", '1,ann,"[""dog"", ""rain, heavy""]"', "2,ann,[]"]
    (tmp_path / "votes.csv").write_text("\n".join(lines))
    assert as_json(tmp_path, "votes", "import", "sounds.audit", "votes.csv")["added"] == 2
    exported = errata(tmp_path, "votes", "export", "sounds.audit", "--quiet").stdout
    (tmp_path / "again.csv").write_text(exported)
    again = as_json(tmp_path, "votes", "import", "sounds.audit", "again.csv")
    assert (again["added"], again["already_there"]) == (0, 2)
    (one, two) = rows(errata(tmp_path, "verdicts", "sounds.audit", "--format", "csv").stdout)
    assert (one["agreed"], one["verdict"]) == ("dog + rain, heavy", "correctable")
    assert (two["agreed"], two["verdict"]) == ("", "non_error")
    assert as_json(tmp_path, "release", "sounds.audit", "out")["counts"]["C"] == 1
    assert as_json(tmp_path, "why", "sounds.audit", "1")["votes"][0]["labels"] == [
        "dog",
        "rain, heavy",
    ]
    refused = errata(tmp_path, "compare", "sounds.audit", "probs.npy", code=2)
    assert "models are not compared" in refused.stderr


def test_a_folder_of_votes_is_named_as_one(planned):
    result = errata(planned, "votes", "import", "pets.audit", ".", code=2)
    assert "is a folder; a file of votes (.csv, .json, .jsonl or .parquet)" in result.stderr


def test_verdicts_release_compare_report_and_why(voted):
    verdicts = as_json(voted, "verdicts", "pets.audit")
    assert verdicts["counts"]["correctable"] == 9
    table = errata(voted, "verdicts", "pets.audit")
    assert "imported" in table.stderr
    listed = rows(errata(voted, "verdicts", "pets.audit", "--format", "csv").stdout)
    assert [row["verdict"] for row in listed if row["id"] != "pet-108"] == ["correctable"] * 9

    released = as_json(voted, "release", "pets.audit", "corrected")
    assert released["counts"]["C"] == 9
    assert (voted / "corrected" / "manifest.json").is_file()
    again = as_json(voted, "release", "pets.audit", "corrected")
    assert again == released | {"already_there": True}
    said = errata(voted, "release", "pets.audit", "corrected").stderr
    assert "Without a verdict: 1 of 10 candidates. This release keeps their given labels" in said
    again = errata(voted, "release", "pets.audit", "pets.audit", code=2)
    assert again.stderr.startswith("error: ")

    compared = as_json(voted, "compare", "pets.audit", "models.npz")
    assert compared["headline"].startswith("faithful leads on corrected labels; copycat led")
    table = errata(voted, "compare", "pets.audit", "models.npz")
    assert "copycat" in table.stdout
    by_model = rows(errata(voted, "compare", "pets.audit", "models.npz", "--format", "csv").stdout)
    assert [row["model"] for row in by_model] == ["faithful", "copycat"]
    assert compared["kinship"]["warning"] is None
    assert "cannot be told from 2 of them" not in table.stdout
    assert "More: --details" in table.stderr
    more = errata(voted, "compare", "pets.audit", "models.npz", "--details")
    assert more.stdout.startswith(table.stdout.rstrip())
    assert "cannot be told from 2 of them" in more.stdout
    assert "More" not in more.stderr

    reported = errata(voted, "report", "pets.audit", "report.html")
    assert reported.stdout == "report.html\n"
    assert "Pets" in (voted / "report.html").read_text()

    story = errata(voted, "why", "pets.audit", "pet-0")
    assert "correctable" in story.stdout
    assert as_json(voted, "why", "pets.audit", "pet-0")["given"] == "dog"
    nearest = errata(voted, "why", "pets.audit", "pet-500", code=2)
    assert "There is no example 'pet-500'. Did you mean 'pet-" in nearest.stderr


def test_review_serves_the_page_until_ctrl_c(planned):
    words = [ERRATA, "review", "pets.audit", "--port", "0", "--no-browser"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=planned) as process:
        said = process.stderr.readline()
        url = next(word for word in said.split() if word.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(url) as page:
            assert "Pets" in page.read().decode()
        process.send_signal(signal.SIGINT)
        talk = process.stderr.read()
    assert process.returncode == 0, talk
    assert "Traceback" not in talk


@pytest.mark.parametrize(
    "words",
    [
        ["find", "no.audit"],
        ["plan", "no.audit"],
        ["candidates", "import", "no.audit", "file.csv", "--flagger", "x"],
        ["review", "no.audit", "--no-browser"],
        ["verdicts", "no.audit"],
        ["votes", "export", "no.audit"],
        ["release", "no.audit", "out"],
        ["compare", "no.audit", "models.npz"],
        ["report", "no.audit", "out.html"],
        ["why", "no.audit", "1"],
    ],
    ids=lambda words: words[0],
)
def test_an_audit_that_is_not_there_is_named(folder, words):
    result = errata(folder, *words, code=2)
    assert result.stderr.startswith("error: no.audit")
    assert "errata init" in result.stderr


def test_an_audit_of_sounds_in_groups_is_made_of_files(tmp_path):
    for name in ("low", "high"):
        (tmp_path / f"{name}.wav").write_bytes(wav(bytes(800), bits=16))
    np.save(tmp_path / "labels.npy", np.array([0, 1]))
    (tmp_path / "names.txt").write_text("a\nb\n")
    (tmp_path / "files.json").write_text('["low.wav", "high.wav"]')
    (tmp_path / "speakers.txt").write_text("ada\nada\n")
    words = ["--labels", "labels.npy", "--classes", "names.txt", "--groups", "speakers.txt"]
    made = errata(tmp_path, "init", "said.audit", *words, "--sounds", ".", "--files", "files.json")
    assert "Next: errata predict said.audit" in made.stderr
    data = Audit.open(tmp_path / "said.audit").dataset()
    assert (data.kind, data.groups.tolist()) == ("sounds", [0, 0])


INIT = ["init", "new.audit", "--labels", "labels.npy", "--probs", "probs.npy"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--labels", "no.npy"], "no.npy does not exist"),
        (["--probs", "labels.npy"], "shape"),
        (["--classes", "ids.txt"], "There are 120 class names"),
        (["--ids", "names.json"], "one id for each of the 120 examples"),
        (["--images", "pixels.npy", "--texts", "ids.txt"], "Give one of --images, --texts"),
        (["--files", "names.json"], "--files names the file of each example"),
        (["--images", "."], "--files names the file of each example"),
        (["--images", ".", "--files", "ids.txt"], "is missing"),
        (["--images", "names.zip", "--files", "ids.txt"], "archive"),
        (["--images", ".", "--files", "away.json"], "(number 1 of --files) is outside the"),
        (["--sounds", ".", "--files", "away.json"], "give the folder above all files"),
        (["--sounds", "."], "--files names the file of each example"),
        (["--sounds", ".", "--files", "ids.txt"], "a sound file that ends in"),
        (["--groups", "names.json"], "a name for each of the 120 examples"),
        (["--texts", "names.json"], "3 examples, but there are 120 labels"),
        (["--features", "pixels.npy"], "shape"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_audit_is_not_made_of_bad_input_and_nothing_is_left_behind(folder, words, said):
    result = errata(folder, *INIT, *words, code=2)
    assert said in result.stderr
    assert not (folder / "new.audit").exists()
    assert list(folder.glob("*new.audit*")) == []


@pytest.mark.parametrize(
    ("place", "said"),
    [(".", "is the folder you are in"), ("../labels.npy/x", "labels.npy is a file")],
)
def test_an_audit_is_made_in_a_new_folder_or_not_at_all(folder, tmp_path, place, said):
    inside = tmp_path / "empty"
    inside.mkdir()
    for name in ("labels.npy", "probs.npy"):
        shutil.copy(folder / name, tmp_path / name)
    words = ["--labels", "../labels.npy", "--probs", "../probs.npy"]
    assert said in errata(inside, "init", place, *words, code=2).stderr
    assert list(inside.iterdir()) == []


def test_an_audit_that_is_there_is_left_as_it_is(folder):
    result = errata(folder, "init", "pets.audit", *INIT[2:], code=2)
    assert "pets.audit" in result.stderr


@pytest.mark.parametrize("packed", [False, True])
def test_files_that_are_no_pictures_are_counted_when_the_audit_is_made(tmp_path, packed):
    np.save(tmp_path / "labels.npy", [0, 1, 0, 1])
    np.save(tmp_path / "probs.npy", np.full((4, 2), 0.5))
    names = [f"{number}.png" for number in range(4)]
    (tmp_path / "files.json").write_text(json.dumps(names))
    (tmp_path / "pets").mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (3, 2)).save(picture, "PNG")
    words = [*INIT[2:], "--files", "files.json", "--images", "pets.zip" if packed else "pets"]
    for contents in ([b"", b"no picture"], [picture.getvalue()] * 2):
        for name, content in zip(names, [picture.getvalue()] * 2 + contents, strict=True):
            (tmp_path / "pets" / name).write_bytes(content)
        with ZipFile(tmp_path / "pets.zip", "w") as archive:
            for name in names:
                archive.write(tmp_path / "pets" / name, name)
        if not all(contents):
            said = " ".join(errata(tmp_path, "init", "new.audit", *words, code=2).stderr.split())
            assert "2.png" in said
            assert "is no picture, or is broken: it is empty, or in no known format (2 of 4" in said
            assert not (tmp_path / "new.audit").exists()
    errata(tmp_path, "init", "new.audit", *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verdicts", "fresh.audit"], "plan"),
        (["plan", "fresh.audit"], "find"),
        (["release", "fresh.audit", "out"], "plan"),
        (["review", "fresh.audit", "--no-browser", "--port", "0"], "plan"),
        (["compare", "fresh.audit", "models.npz"], "plan"),
        (["plan", "fresh.audit", "--votes", "2", "--threshold", "3"], "threshold"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_step_that_comes_too_early_names_the_one_before(folder, words, said):
    if not (folder / "fresh.audit").exists():
        errata(folder, "init", "fresh.audit", *INIT[2:])
    result = errata(folder, *words, code=2)
    assert said in result.stderr


def test_a_plan_says_what_is_asked_and_the_verdicts_what_was_chosen(tmp_path):
    choice_audit(tmp_path / "pets.audit", planned=False)
    asked = ["--question", "choice", "--options", "3", "--extra", "neutral", "--extra", "off-topic"]
    plan = as_json(tmp_path, "plan", "pets.audit", "--votes", "1", "--threshold", "1", *asked)
    assert (plan["question"], plan["options"], plan["extra"]) == (
        "choice",
        3,
        ["neutral", "off-topic"],
    )
    again = as_json(tmp_path, "plan", "pets.audit", "--votes", "1", "--threshold", "1", *asked)
    assert again["added"] == 0
    refused = errata(tmp_path, "plan", "pets.audit", "--question", "pooled", code=2)
    assert "with the question choice" in refused.stderr
    audit = Audit.open(tmp_path / "pets.audit")
    task = audit.task_for("ann", 3)
    (other,) = set(task.labels) - {int(audit.labels[3]), 3}
    assert audit.vote_choice("ann", 3, other, key="1")
    (row,) = rows(errata(tmp_path, "verdicts", "pets.audit", "--format", "csv").stdout)
    assert (row["verdict"], row["suggested"]) == ("correctable", FIVE[other])
    assert row["chosen"] == f"{FIVE[other]} 1"


@pytest.mark.parametrize("options", ["0", "6", "some", "-1"])
def test_options_that_make_no_list_are_refused_in_a_sentence(tmp_path, options):
    choice_audit(tmp_path / "pets.audit", planned=False)
    words = ("plan", "pets.audit", "--question", "choice", "--options", options)
    assert "options is" in errata(tmp_path, *words, code=2).stderr


def test_a_plan_of_pairs_says_what_it_always_said(tmp_path):
    choice_audit(tmp_path / "pets.audit", planned=False)
    plan = as_json(tmp_path, "plan", "pets.audit")
    assert not {"question", "options", "extra"} & set(plan)
