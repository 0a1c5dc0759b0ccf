"""`errata maintainer`: passwords are asked for unseen, and come from scripts by stdin alone."""

import contextlib
import json
import os
import pty
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from audits import small_audit
from errata.audit import Audit
from errata.cli.app import app
from errata.errors import InputError, NameUnknownError

PASSWORD = "three words together"


@pytest.fixture
def folder(tmp_path):
    return str(small_audit(tmp_path / "pets.audit").path)


def run(*words, typed=None):
    return CliRunner().invoke(app, ["maintainer", *words, "--format", "json"], input=typed)


def test_a_password_from_stdin_opens_a_session_and_is_not_printed(folder):
    found = run(folder, "Max", "--password-stdin", typed=f"{PASSWORD}\r\n")
    assert found.exit_code == 0
    assert [one["name"] for one in json.loads(found.stdout)] == ["Max"]
    assert PASSWORD not in found.output
    assert "Next: errata review" in found.stderr
    audit = Audit.open(folder)
    session = audit.log_in("Max", PASSWORD)
    assert json.loads(run(folder).stdout)[0]["name"] == "Max"
    assert json.loads(run(folder, "Max", "--remove").stdout) == []
    assert audit.session(session) is None


def at_a_terminal(folder, *typed):
    """Return the exit code, and all that a terminal shows while somebody types."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", "import sys; from errata.cli import main; sys.exit(main())"]
    process = subprocess.Popen(
        [*words, "maintainer", folder, "Max"],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    for prompt, answer in zip((b"Password: ", b"The same again: "), typed, strict=True):
        while not shown.endswith(prompt):
            shown += os.read(ours, 1000)
        os.write(ours, f"{answer}\n".encode())
    with contextlib.suppress(OSError):  # Linux says so that the other end is closed
        while more := os.read(ours, 1000):
            shown += more
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


@pytest.mark.parametrize(("again", "code"), [(PASSWORD, 0), ("another one entirely", 2)])
def test_at_a_terminal_it_is_asked_for_twice_and_not_shown(folder, again, code):
    found, shown = at_a_terminal(folder, PASSWORD, again)
    assert found == code
    assert PASSWORD not in shown
    assert again not in shown
    assert ("passwords differ. Nothing was changed" in shown) is (code == 2)
    assert (Audit.open(folder).log_in("Max", PASSWORD) is not None) is (code == 0)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["Max"], InputError, "no terminal to ask.*--password-stdin"),
        (["Max", "--password-stdin"], InputError, "has 5 characters"),
        (["Max", "--remove"], NameUnknownError, "no account of 'Max'"),
        (["--remove"], InputError, "whose account"),
    ],
)
def test_what_cannot_be_done_is_told(folder, words, error, message):
    found = run(folder, *words, typed="short\n")
    assert isinstance(found.exception, error)
    with pytest.raises(error, match=message):
        raise found.exception
    assert Audit.open(folder).accounts() == ()
