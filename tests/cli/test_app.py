"""The program as a whole: help, version, and how it leaves when something fails."""

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from errata.cli.output import Printer
from helpers import ERRATA
from helpers import run_errata as run


@pytest.fixture
def arrays(tmp_path):
    np.save(tmp_path / "l.npy", np.array([0, 1, 1]))
    np.save(tmp_path / "p.npy", np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    return ["--labels", tmp_path / "l.npy", "--probs", tmp_path / "p.npy"]


def test_help_lists_the_commands_in_the_order_of_the_work():
    result = run("--help")
    assert result.returncode == 0
    listed = [line.split()[0] for line in result.stdout.split("Commands:")[1].splitlines() if line]
    work = ["find", "init", "plan", "review", "verdicts", "release", "compare", "report", "why"]
    assert [name for name in listed if name in work] == work
    assert {"votes", "demo"} < set(listed)


def test_help_and_version_load_nothing_heavy():
    code = (
        "import sys\n"
        "from errata.cli import main\n"
        "sys.argv = ['errata', '--help']\n"
        "try: main()\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    heavy = {"scipy", "sqlalchemy", "fastapi", "altair", "pyarrow", "PIL", "jinja2", "uvicorn"}
    assert not heavy & set(result.stderr.split())


def test_version_is_the_installed_one():
    assert run("--version").stdout == f"errata {version('errata')}\n"


def test_the_package_is_run_as_the_program_is():
    command = [sys.executable, "-m", "errata", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == run("--version").stdout


def test_nothing_at_all_shows_the_help():
    result = run()
    assert "Usage: errata" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("words", "option", "found"),
    [
        (("review", "x", "--port", "99999"), "--port", "99999"),
        (("review", "x", "--port=-1"), "--port", "-1"),
        (("predict", "x", "--folds", "1"), "--folds", "1"),
        (("predict", "x", "--seed", "two"), "--seed", "two"),
        (("plan", "x", "--votes", "0"), "--votes", "0"),
        (("review", "x", "--lease", "long"), "--lease", "long"),
        (("votes", "export", "x", "y", "--format", "xml"), "--format", "xml"),
    ],
)
def test_what_an_option_cannot_be_is_told_with_what_it_is(words, option, found):
    result = run(*words)
    assert result.returncode == 2
    said = result.stderr.split("Error: ")[1]
    assert option in said
    assert found in said.partition(option)[2]
    assert "--help" in result.stderr


def test_an_unknown_command_exits_with_2():
    result = run("fnd")
    assert result.returncode == 2
    assert "fnd" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_failure_that_is_no_bad_input_exits_with_1_and_says_how_to_see_more(arrays):
    with Path("/dev/full").open("w") as full:
        result = run("find", *arrays, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1
    assert "failure: OSError: [Errno 28] No space left on device" in result.stderr
    assert "ERRATA_DEBUG=1" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("how", ["option", "environment"])
def test_the_traceback_is_shown_when_asked_for(how):
    words = ["find", "--labels", "no.npy", "--probs", "no.npy"]
    if how == "option":
        result = run("--debug", *words)
    else:
        result = run(*words, env=os.environ | {"ERRATA_DEBUG": "1"})
    assert result.returncode == 2
    assert "Traceback" in result.stderr
    assert "error: no.npy does not exist" in result.stderr


def test_ctrl_c_exits_with_130_and_says_that_it_can_be_run_again(arrays, tmp_path):
    waiting = tmp_path / "names.json"
    os.mkfifo(waiting)  # reading it waits for a writer that never comes
    words = [ERRATA, "find", *map(str, arrays), "--classes", str(waiting)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    for _ in range(100):  # until it has opened the pipe
        try:
            writer = os.open(waiting, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:
            time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=30)
    os.close(writer)
    assert process.returncode == 130
    assert "Run the command again" in talk
    assert "Traceback" not in talk


@pytest.mark.parametrize(
    "words", [["labels.npy", "probs.npy"], ["--probs", "part-1.npy", "part-2.npy", "part-3.npy"]]
)
def test_words_too_many_are_named_with_how_to_quote_a_pattern(words):
    done = run("find", "--labels", "labels.npy", *words)
    assert done.returncode == 2
    assert f"{words[-1]}." in done.stderr.replace("\n", " ")
    assert "--probs 'part-*.npy'" in done.stderr


def test_where_there_is_nothing_to_say_nothing_is_said(capsys):
    printer = Printer()
    printer.say(*[])
    printer.say("one", "two")
    assert capsys.readouterr().err == "one\ntwo\n"
