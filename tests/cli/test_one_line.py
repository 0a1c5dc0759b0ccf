"""`errata audit`: one line from a data set to the page on which its labels are checked."""

import json
import signal
import subprocess
import time
import urllib.request

import numpy as np
import pytest

from errata.audit import Audit
from errata.predict.named import DEFAULTS
from helpers import ERRATA, run_errata
from published_texts import wav

WRONG = 5


def pictures(folder, n=48):
    """Write a folder of dark and bright pictures; one of the bright ones lies with the dark."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for index in range(n):
        bright = index % 2
        label = "dark" if index == WRONG or not bright else "bright"
        pixels = rng.integers(0, 80, (16, 16, 3), dtype=np.uint8) + np.uint8(150 * bright)
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{index:02}.png")
    return folder


def texts(path, n=60):
    rows = ["id,words,kind"]
    for index in range(n):
        good = index % 2
        words = ["a dull poor film", "a fine lovely film"][good]
        kind = "bad" if index == WRONG or not good else "good"
        rows.append(f"r{index},{words} number {index % 7},{kind}")
    path.write_text("\n".join(rows) + "\n")
    return path


def sounds(folder, n=48):
    """Write a folder of low and high tones; one of the high ones lies with the low."""
    rng = np.random.default_rng(0)
    for index in range(n):
        high = index % 2
        label = "low" if index == WRONG or not high else "high"
        times = np.arange(4000) / 8000
        tone = np.sin(2 * np.pi * (1400 if high else 300) * times + rng.random())
        values = 9000 * tone + 300 * rng.standard_normal(4000)
        (folder / label).mkdir(parents=True, exist_ok=True)
        data = wav(values.astype("<i2").tobytes(), bits=16)
        (folder / label / f"{index:02}.wav").write_bytes(data)
    return folder


def audited(*words, **options):
    done = run_errata("audit", *words, "--no-review", "--format", "json", **options)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout), done.stderr


def asked(path):
    """Return the ids of the examples that reviewers of an audit are asked about."""
    audit = Audit.open(path)
    return [audit.ids[row] for row in range(audit.n) if audit.why(row).plan]


def test_a_folder_of_pictures_becomes_an_audit_beside_it(tmp_path):
    pictures(tmp_path / "pets")
    found, talk = audited("pets", "--model", "logistic", cwd=tmp_path)
    assert found["audit"] == "pets-audit"
    assert (found["examples"], found["classes"], found["model"]) == (48, 2, "logistic")
    assert found["candidates"] >= 1
    assert "Next: errata review pets-audit" in talk
    audit = Audit.open(tmp_path / "pets-audit")
    assert audit.name == "pets"
    assert f"dark/{WRONG:02}.png" in asked(audit.path)
    assert (audit.show(0).width, audit.show(0).height) == (16, 16)
    why = run_errata("why", "pets-audit", f"dark/{WRONG:02}.png", cwd=tmp_path)
    assert "logistic, run 1 of predict" in why.stdout


def test_columns_model_folds_and_seed_are_as_asked(tmp_path):
    table = texts(tmp_path / "reviews.csv")
    words = ["--text", "words", "--label", "kind", "--model", "fasttext", "--folds", "3"]
    found, _ = audited(table, *words, "--seed", "4", "--out", tmp_path / "mine", "--votes", "5")
    assert found["audit"] == str(tmp_path / "mine")
    audit = Audit.open(tmp_path / "mine")
    (made,) = audit.probabilities()
    assert (made.model, made.folds, made.seed) == ("fasttext", 3, 4)
    assert asked(audit.path) == [f"r{WRONG}"]
    plan = audit.why(WRONG).plan
    assert (plan["votes"], plan["threshold"]) == (5, 3)


def test_numbers_of_an_array_and_a_default_for_them(tmp_path):
    labels = np.arange(60) % 2
    values = np.random.default_rng(0).standard_normal((60, 3)) + 8 * labels[:, None]
    labels[WRONG] = 0
    np.save(tmp_path / "x.npy", values)
    np.save(tmp_path / "y.npy", labels)
    found, _ = audited(tmp_path / "x.npy", "--label", tmp_path / "y.npy")
    assert found["model"] == DEFAULTS["features"]
    assert asked(tmp_path / "x-audit") == [str(WRONG)]


def test_a_second_call_does_nothing_again(tmp_path):
    table = texts(tmp_path / "reviews.csv")
    words = [table, "--text", "words", "--label", "kind"]
    first, _ = audited(*words)
    audit = Audit.open(tmp_path / "reviews-audit")
    stories = [repr(audit.why(row)) for row in range(audit.n)]
    assert audited(*words)[0] == first
    assert [repr(audit.why(row)) for row in range(audit.n)] == stories
    other, _ = audited(*words, "--model", "fasttext")
    assert other["model"] == "fasttext"
    assert [one.model for one in audit.probabilities()] == ["tfidf-sgd", "fasttext"]


def test_a_model_may_learn_from_the_train_part_first(tmp_path):
    rows = texts(tmp_path / "all.csv", n=80).read_text().splitlines()
    (tmp_path / "films").mkdir()
    train = [row.replace("film number", "story of sort") for row in rows[41:]]
    for part, some in (("train", train), ("test", rows[1:41])):
        (tmp_path / "films" / f"{part}.csv").write_text("\n".join([rows[0], *some]) + "\n")
    words = [tmp_path / "films", "--label", "kind", "--text", "words", "--pretrain", "train"]
    for _ in range(2):  # the second time nothing is left to do
        found, _ = audited(*words)
        assert found["examples"] == 40
        (one,) = Audit.open(tmp_path / "films-audit").probabilities()
        assert one.record["job"]["pretrain"]["examples"] == 40


def test_a_call_that_is_killed_at_any_moment_is_followed_by_another(tmp_path):
    table = texts(tmp_path / "reviews.csv", n=400)
    words = [ERRATA, "audit", str(table), "--text", "words", "--label", "kind", "--no-review"]
    for wait in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    audited(*words[2:-1])
    audit = Audit.open(tmp_path / "reviews-audit")
    assert len(audit.probabilities()) == 1
    assert asked(audit.path) == [f"r{WRONG}"]
    assert audit.why(WRONG).runs == 1


def test_what_cannot_be_read_is_told_before_anything_is_made_or_left_out(tmp_path):
    folder = pictures(tmp_path / "pets")
    (folder / "dark" / "00.png").write_bytes(b"no picture")
    words = [folder, "--model", "logistic", "--no-review"]
    stopped = run_errata("audit", *words)
    assert stopped.returncode == 2
    assert "00.png is no picture" in stopped.stderr
    assert "1 of 48 examples cannot be read; `--leave-out`" in stopped.stderr
    assert not (tmp_path / "pets-audit").exists()
    for _ in range(2):
        found, talk = audited(*words[:-1], "--leave-out")
        assert (found["examples"], found["left_out"]) == (47, 1)
        assert f"left out: {folder}/dark/00.png is no picture" in talk


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(",bad\n", ",good\n", 1), "the first that of 'r0': 'bad' then, "),
        (lambda text: text + "r60,a fine film,good\n", "60 examples then, 61 now"),
        (lambda text: text.replace("r3,", "x3,"), "example 3 was 'r3' then, and is 'x3' now"),
        (lambda text: text.replace(",good", ",fine"), "classes bad, good then, bad, fine now"),
    ],
)
def test_an_audit_of_other_data_is_left_alone(tmp_path, change, said):
    table = texts(tmp_path / "reviews.csv")
    words = [table, "--text", "words", "--label", "kind"]
    audited(*words)
    table.write_text(change(table.read_text()))
    refused = run_errata("audit", *words, "--no-review")
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Name another folder (--out)" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["reviews.csv"], "label"),
        (["reviews.csv", "--label", "kind", "--text", "words", "--model", "tfdif"], "tfidf-sgd"),
        (["here", "--set", "mnist", "--label", "kind"], "known: leave out --label"),
        (["reviews.csv", "--label", "kind", "--text", "words", "--folds", "99"], "99 folds cannot"),
        (["reviews.csv", "--label", "kind", "--text", "words", "--out", "."], "is a folder with"),
        (["reviews.csv", "--label", "kind", "--text", "words", "--set", "mnist"], "mnist|MNIST"),
    ],
    ids=lambda words: words[-1] if isinstance(words, list) else None,
)
def test_mistakes_are_told_in_a_sentence(tmp_path, words, said):
    texts(tmp_path / "reviews.csv")
    done = run_errata("audit", *words, "--no-review", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: ") or "error: " in done.stderr
    assert any(word in " ".join(done.stderr.split()) for word in said.split("|"))
    assert "Traceback" not in done.stderr


def test_labels_that_all_look_right_leave_nothing_to_check(tmp_path):
    table = tmp_path / "clear.csv"
    lines = [f"{'fine lovely' if i % 2 else 'dull poor'},{'ab'[i % 2]}" for i in range(60)]
    table.write_text("\n".join(["text,label", *lines]))
    done = run_errata("audit", table, "--port", "0", "--no-browser")
    assert done.returncode == 0, done.stderr
    assert "nothing to check" in done.stderr


# ---------------------------------------------------------------- the page


def serving(words, folder):
    """Start the program, and return it with the address of its page once it says it."""
    process = subprocess.Popen(
        [ERRATA, *words, "--port", "0", "--no-browser"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    said = []
    for line in process.stderr:
        said.append(line)
        for word in line.split():
            if word.startswith("http://127.0.0.1:"):
                return process, word
    raise AssertionError("".join(said))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_the_page_is_served_and_served_again(tmp_path, end):
    pictures(tmp_path / "pets")
    for _ in range(2):
        process, url = serving(["audit", "pets", "--model", "logistic"], tmp_path)
        with process, urllib.request.urlopen(url) as page:
            assert "pets" in page.read().decode()
            process.send_signal(end)
            process.communicate()
        assert process.returncode == (0 if end == signal.SIGINT else -end)


def test_an_answer_on_the_page_is_a_verdict(tmp_path, browser):
    pictures(tmp_path / "pets")
    process, url = serving(["audit", "pets", "--model", "logistic"], tmp_path)
    try:
        page = browser.new_page()
        page.goto(url)
        page.keyboard.type("Ana")
        page.click("button:text-is('Begin')")  # without practice
        page.wait_for_selector("#a")
        assert page.locator("#example img, .example img, img").first.evaluate(
            "picture => picture.naturalWidth"
        )
        answers = []
        page.on(
            "requestfinished",
            lambda one: answers.append(one) if one.url.endswith("/answer") else None,
        )
        for _ in range(20):  # a key that is pressed before the page has settled is passed over
            page.wait_for_timeout(1_000)
            if answers:
                break
            page.keyboard.press("n")
        page.close()
    finally:
        process.kill()
        process.communicate()
    verdicts = Audit.open(tmp_path / "pets-audit").verdicts()
    assert verdicts.counts["neither"] == 1


# ---------------------------------------------------------------- sounds


def test_a_folder_of_sounds_becomes_an_audit(tmp_path):
    if "sounds" not in DEFAULTS:
        pytest.skip("No model for sounds is there yet.")
    found, _ = audited(sounds(tmp_path / "tones"))
    assert (found["examples"], found["model"]) == (48, DEFAULTS["sounds"])
    assert f"low/{WRONG:02}.wav" in asked(tmp_path / "tones-audit")
    assert Audit.open(tmp_path / "tones-audit").show(0).mime == "audio/wav"
