"""Documents cannot lie: the code in README and docs runs, the commands they name exist."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from errata.cli.app import app
from errata.paper.audits import make_audit
from helpers import REPO

PAGES = [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = ("demo", "review", "paper")  # serve a page or need data: tested elsewhere

# What a page may ask to be done before its first line: <!-- before: init find plan -->
STEPS = {
    "init": "errata init digits.audit --labels labels.npy --probs probs.npy --images digits.npy",
    "find": "errata find digits.audit",
    "plan": "errata plan digits.audit",
    "votes": "errata votes import digits.audit answers.csv --simulated",
    "release": "errata release digits.audit digits-corrected",
    "compare": "errata compare digits.audit predictions.npz",
}


def page_name(page: Path) -> str:
    return str(page.relative_to(REPO))


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text())


def commands(text: str) -> list[list[str]]:
    return [
        shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("errata ")
    ]


def run(words: list[str]) -> None:
    if words[1] in NOT_RUN or "cifar10.audit" in words:
        return
    serves = words[1] == "audit" and "--no-review" not in words
    result = CliRunner().invoke(app, [*words[1:], *(["--no-review"] if serves else [])])
    assert result.exit_code == 0, f"{shlex.join(words)}\n{result.output}\n{result.exception!r}"


def execute(code: str, names: dict[str, Any], where: str) -> None:
    exec(compile(code, where, "exec"), names)


def draw_pets(folder: Path, digits: Any) -> None:
    """Write pictures of two classes into a folder for each; two of them lie in the wrong one."""
    for number, index in enumerate(np.flatnonzero(digits.target < 2)[:80]):
        label = digits.target[index] if number not in (10, 50) else 1 - digits.target[index]
        place = folder / ("cat", "dog")[label]
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((15 * digits.images[index]).astype(np.uint8)).resize((32, 32))
        picture.save(place / f"{number:02}.png")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory) -> Path:
    """Return a folder with the files that the tutorial makes, and answers to what find finds."""
    folder = tmp_path_factory.mktemp("workshop")
    first = next(
        code for language, code in blocks(REPO / "docs/tutorial.md") if language == "python"
    )
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        execute(first, names, "docs/tutorial.md")
    import errata

    findings = errata.find(names["labels"], names["probs"])
    rows = [
        f"{index},{reviewer},{'suggested' if names['digits'].target[index] == other else 'given'}"
        for index, other in zip(findings.indices, findings.suggested, strict=True)
        for reviewer in ("ada", "grace", "mary")
    ]
    (folder / "answers.csv").write_text("\n".join(["id,reviewer,answer", *rows]))
    draw_pets(folder / "pets", names["digits"])
    return folder


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_code_of_a_page_runs_in_order(page, workshop, tmp_path, monkeypatch):
    shutil.copytree(workshop, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    before = re.search(r"<!-- before: ([\w ]+) -->", page.read_text())
    for step in before[1].split() if before else ():
        run(shlex.split(STEPS[step]))
    names: dict[str, Any] = {}
    for language, code in blocks(page):
        if language == "python":
            execute(code, names, page_name(page))
        elif language == "sh":
            for words in commands(code):
                run(words)


def test_the_first_screen_of_compare_is_what_the_page_shows(data, tmp_path):
    """But for the last digits, which hang on the machine's arithmetic of draws."""
    audit = make_audit("cifar10", data, tmp_path / "ten.audit")
    models = data / "models/cifar10/pytorch_cifar10_top5.npz"
    result = CliRunner().invoke(app, ["compare", str(audit.path), str(models), "--quiet"])
    page = (REPO / "docs/verbs/compare.md").read_text()
    [shown] = [code for language, code in BLOCK.findall(page) if language == "text"]
    number = re.compile(r"\d[\d,]*\.?\d*")
    texts = [number.sub("#", text).split() for text in (shown, result.stdout)]
    assert texts[0] == texts[1]
    page_says, it_says = (
        [float(found.replace(",", "")) for found in number.findall(text)]
        for text in (shown, result.stdout)
    )
    np.testing.assert_allclose(page_says, it_says, atol=1)


def complaint(words: list[str]) -> str | None:
    """Return what is wrong with a command line, by the parser that will read it."""
    command: Any = typer.main.get_command(app)
    names = iter(words[1:])
    for word in names:
        if word.startswith("-"):
            options = {
                opt: param
                for param in command.params
                for opt in [*param.opts, *param.secondary_opts]
            }
            name = word.partition("=")[0]
            if name not in options and name != "--help":
                return f"there is no option {word} in `{shlex.join(words)}`"
            if name in options and name == word and not options[name].is_flag:
                next(names, None)  # its value, which is no command
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"there is no command {word} in `{shlex.join(words)}`"
            command = command.commands[word]
    return None


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_command_that_a_page_names_exists(page):
    text = page.read_text()
    named = [
        words for language, code in blocks(page) if language == "sh" for words in commands(code)
    ]
    inline = re.findall(r"`(errata [a-z][^`]*)`", BLOCK.sub("", text))
    named += [line.split() for line in inline if "..." not in line]
    wrong = [said for words in named if (said := complaint(words))]
    assert not wrong, "\n".join(wrong)


def test_the_check_sees_commands_and_options_that_are_not_there():
    assert complaint(["errata", "finds"]) == "there is no command finds in `errata finds`"
    assert "no option --lables" in str(complaint(["errata", "find", "--lables", "l.npy"]))
    assert "no command add" in str(complaint(["errata", "votes", "add"]))
    assert "no command DATA" in str(complaint(["errata", "paper", "--quiet", "DATA"]))
    assert complaint(["errata", "paper", "--data", "DATA", "audit", "mnist", "OUT"]) is None
    assert complaint(["errata", "votes", "export", "a.audit", "--format", "json"]) is None


def test_every_make_target_that_a_page_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
    for page in [*PAGES, REPO / "CONTRIBUTING.md"]:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
        assert named <= targets, f"{page_name(page)} names {sorted(named - targets)}"


def test_every_command_has_its_page():
    listed = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    pages = {page.stem for page in (REPO / "docs/verbs").glob("*.md")}
    assert listed - pages == {"demo", "paper", "datasets"}
    assert pages <= listed


def test_news_are_named_for_their_issue_and_kind():
    kinds = {"added", "changed", "fixed", "removed", "security"}
    for fragment in (REPO / "changelog.d").glob("*"):
        if fragment.name != "README.md":
            assert re.fullmatch(rf"\d+\.({'|'.join(kinds)})(\.\d+)?\.md", fragment.name), fragment


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page_name(page)} links to {target}"
