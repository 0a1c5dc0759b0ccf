"""A program that is killed at random moments, again and again, and then run to its end."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

REPEATS = 20


def check_that_kills_change_nothing(source: str, folder: Path, within: float) -> None:
    """Run a program that goes on from the folder it is given; its file must have the same bytes.

    Parameters
    ----------
    source : prints "ready", then works on checkpoints in its first argument, and writes its second
    within : seconds after "ready" in which it is killed
    """
    script = folder / "run.py"
    script.write_text(textwrap.dedent(source))
    kept, out, whole = folder / "kept", folder / "out.npy", folder / "whole.npy"
    subprocess.run([sys.executable, script, folder / "other", whole], check=True)
    killed = 0
    chance = random.Random(0)
    for _ in range(REPEATS):
        process = subprocess.Popen(
            [sys.executable, script, kept, out], stdout=subprocess.PIPE, start_new_session=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0, within))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        process.stdout.close()
    subprocess.run([sys.executable, script, kept, out], check=True)
    assert killed >= REPEATS // 2
    assert out.read_bytes() == whole.read_bytes()
