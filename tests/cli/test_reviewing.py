"""`errata review` with options, `errata gold` and panels of `errata invite`."""

import json
import subprocess

import pytest

from audits import candidates, planned_audit, small_audit
from errata.audit import Audit
from errata.errors import AuditError
from errata.exchange.pseudonyms import pseudonyms
from helpers import ERRATA
from helpers import run_errata as run


@pytest.fixture
def found(tmp_path):
    audit = small_audit(tmp_path / "pets.audit")
    audit.find()
    audit.close()
    return audit.path


def serve(*words):
    """Start a review server until it listens; return what it said."""
    process = subprocess.Popen(
        [ERRATA, "review", *map(str, words), "--no-browser", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    said = ""
    while "Review pets at" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.kill()
    process.communicate()
    return said


def test_review_plans_where_there_is_no_plan_and_else_asks_for_the_same(found):
    nothing = run("review", found, "--no-browser")
    assert nothing.returncode == 2
    assert "Nothing is planned yet" in nothing.stderr
    said = serve(found, "--votes", 4, "--stopping", "exact", "--gold", 0.2)
    assert "Plan 1: candidates added: 8" in said
    assert "Gold: 0.2 of what is asked, 2 examples, 2 of them made now" in said
    other = run("review", found, "--no-browser", "--votes", "5")
    assert other.returncode == 2
    assert "is planned already, with votes 4 (plan 1)" in other.stderr
    assert "Plan" not in serve(found, "--votes", 4, "--threshold", 3)
    audit = Audit.open(found)
    assert audit.progress("Ana").total == 10


@pytest.mark.parametrize("lease", ["0", "-1", "10081", "inf", "nan"])
def test_an_example_is_kept_for_some_minutes_and_for_a_week_at_most(found, lease):
    refused = run("review", found, "--votes", 4, "--no-browser", "--lease", lease)
    assert refused.returncode == 2
    assert f"--lease is {float(lease)}" in refused.stderr
    assert "at most 10,080, a week" in " ".join(refused.stderr.split())
    with pytest.raises(AuditError, match="Nothing is planned yet"):
        Audit.open(found).check_planned()


def test_gold_is_imported_and_told(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit", votes=1, threshold=1)
    file = tmp_path / "gold.jsonl"
    rows = [{"index": 30, "suggested": "dog", "answer": "given"}, {"id": "0", "answer": "given"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = run("gold", "import", audit.path, file)
    assert found.returncode == 2
    assert "1 gold examples were refused" in found.stderr
    assert "gold.jsonl, line 2: The example '0' is planned" in found.stderr
    audit.plant(0.5)
    while (task := audit.task("Ana")) is not None:
        audit.vote("Ana", task.example, "given", first=task.first, key=task.id)
    words = ["gold", "accuracy", audit.path, "--format", "json"]
    told = json.loads(run(*words, "--names").stdout)
    assert [(one["reviewer"], one["right"], one["of"]) for one in told] == [("Ana", 1, 1)]


def test_people_are_told_by_name_on_the_screen_and_by_pseudonym_elsewhere(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit", votes=2, threshold=2)
    audit.add_gold([{"index": 30, "suggested": "dog", "answer": "given"}])
    audit.plant(0.5)
    for name in ("Ana", "Ben"):
        while (task := audit.task(name)) is not None:
            audit.vote(name, task.example, "given", first=task.first, key=task.id)
    (example, *_) = candidates(audit)
    audit.adjudicate(example, "both", reason="a look", by="Max")
    called = pseudonyms(audit.path)
    for words, people in (
        (["gold", "accuracy", audit.path], ("Ana", "Ben")),
        (["reviewers", audit.path], ("Ana", "Ben")),
        (["why", audit.path, audit.ids[example]], ("Ana", "Ben", "Max")),
    ):
        for form in ("table", "csv", "json"):
            named = run(*words, "--format", form, "--names").stdout
            found = run(*words, "--format", form).stdout
            assert all(name in named for name in people)
            if form == "table":
                assert found == named
                continue
            assert not any(name in found for name in people)
            assert called("Ana") in found
            assert called("Ben") in found
    told = [one.reviewer for one in audit.gold_accuracy(names=False)]
    assert told == sorted(map(called, ("Ana", "Ben")))
    story = audit.why(example, names=False)
    assert [one["reviewer"] for one in story.votes] == [called("Ana"), called("Ben")]
    assert f"both, by {story.adjudications[0]['maintainer']}, " in repr(story)
    assert story.adjudications[0]["maintainer"].startswith("maintainer ")


def test_a_panel_gets_a_link_and_tells_who_came(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit")
    words = ["invite", audit.path, "Prolific", "--panel", "--panel-votes", "3", "--format", "json"]
    words += ["--completion-code", "C1", "--completion-url", "https://x.org/?cc={code}"]
    (made,) = json.loads(run(*words, "--url", "https://r.org").stdout)
    assert made["link"].startswith("https://r.org/panel/")
    assert made["link"].endswith("?PROLIFIC_PID={{%PROLIFIC_PID%}}")
    (panel,) = audit.panels()
    assert (panel.answers, panel.code, panel.url) == (3, "C1", "https://x.org/?cc=C1")
    name = audit.enter(panel, "p1")
    (came,) = json.loads(run("invite", audit.path, "--participants", "--format", "json").stdout)
    assert (came["participant"], came["reviewer"], came["panel"]) == ("p1", name, "Prolific")
    (listed,) = json.loads(run("invite", audit.path, "--format", "json").stdout)
    assert (listed["name"], listed["role"]) == ("Prolific", "panel")
    run("invite", audit.path, "Prolific", "--revoke")
    assert audit.panel(panel.number) is None


def test_who_has_a_link_gets_no_second_one_and_is_shown_the_first(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit")

    def links(*words):
        done = run("invite", audit.path, *words, "--format", "json", "--quiet")
        assert done.returncode == 0
        return {one["name"]: one["link"] for one in json.loads(done.stdout)}, done.stderr

    first, said = links("Ana Lima", "Ana  Lima")
    assert said == ""
    again, said = links("Ana Lima", "Ben", "--days", "90")
    assert again["Ana Lima"] == first["Ana Lima"]
    assert said.startswith("warning: Ana Lima had a link that counts: it is shown again, and no")
    assert "errata invite AUDIT NAME --revoke" in said
    assert [one.name for one in audit.invitations()] == ["Ana Lima", "Ben"]

    refused = run("invite", audit.path, "Ana Lima", "--role", "maintainer")
    assert refused.returncode == 2
    assert "Ana Lima has a link as reviewer that counts until " in refused.stderr
    assert "errata invite AUDIT 'Ana Lima' --revoke" in refused.stderr

    run("invite", audit.path, "Ana Lima", "--revoke")
    anew, said = links("Ana Lima", "--role", "maintainer")
    assert said == ""
    assert anew["Ana Lima"] != first["Ana Lima"]


def test_a_panel_that_is_open_is_not_opened_again_and_its_link_is_told(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit")
    words = ["invite", audit.path, "Prolific", "--panel", "--format", "json"]
    (made,) = json.loads(run(*words).stdout)
    refused = run(*words, "--panel-votes", "3")
    assert refused.returncode == 2
    assert made["link"] in refused.stderr
    assert "errata invite AUDIT Prolific --revoke" in refused.stderr
    assert len(audit.panels()) == 1
    (reviewer,) = json.loads(run("invite", audit.path, "Prolific", "--format", "json").stdout)
    assert "/join/" in reviewer["link"]  # a panel's link is nobody's own
    run("invite", audit.path, "Prolific", "--revoke")
    assert run(*words).returncode == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:8765", ""),
        ("http://localhost:8901", "--port 8901"),
        (
            "http://reviews.example.org:8901",
            "--host 0.0.0.0 --port 8901 --url http://reviews.example.org:8901",
        ),
        ("https://reviews.example.org", "--host 0.0.0.0 --url https://reviews.example.org"),
    ],
)
def test_after_an_invitation_comes_the_server_that_its_link_leads_to(tmp_path, url, words):
    planned_audit(tmp_path / "a.audit").close()
    done = run("invite", "a.audit", "Ana", "--url", url, cwd=tmp_path)
    assert (
        f"errata review a.audit {words}".strip() == done.stderr.splitlines()[-1].split("Next: ")[1]
    )
    refused = run("invite", "a.audit", "Ben", "--url", f"{url}/labels", cwd=tmp_path)
    assert refused.returncode == 2
    assert "is no address of a review server" in refused.stderr
    assert [one.name for one in Audit.open(tmp_path / "a.audit").invitations()] == ["Ana"]
