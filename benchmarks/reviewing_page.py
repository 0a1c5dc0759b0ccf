"""How long the next example takes to be painted: a real browser, fifty answers by the keyboard.

The page on which people review is gone through by keys alone, with small and with large pictures.
The browser's own clock takes the time from the key to the frame that shows the new example. It ends
with 1 where the target is not met.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

import errata
from errata.datasets.media import Images

HERE = Path(__file__).resolve().parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
TARGET_MS = 100
SETTLED = 0.31  # seconds for which a new example takes no answer
KEYS = ("1", "2", "3", "4")
SERVE = """
import sys
from errata.audit import Audit
from errata.review.app import serve
serve(Audit.open(sys.argv[1]), port=int(sys.argv[2]), open_browser=False)
"""
WATCH = """() => {
  window.times = []
  let pressed = 0
  // on the window, to be told before the page's own script
  addEventListener('keydown', () => { pressed = performance.now() }, true)
  new MutationObserver(() => {
    if (!pressed) return
    const since = pressed
    pressed = 0
    // a task after a frame has begun: the frame is painted
    requestAnimationFrame(() => setTimeout(() => window.times.push(performance.now() - since)))
  }).observe(document.body, { childList: true })
}"""


def main() -> None:
    """Label through the page, tell how long it took, and end with 1 where it took too long."""
    args = arguments()
    report = {"cores": os.cpu_count(), "answers": args.answers, "think": args.think, "sides": {}}
    for side in args.side:
        with tempfile.TemporaryDirectory() as folder:
            audit = make(Path(folder) / "page.audit", args.answers + 1, side)
            times = label(audit, args.answers, args.think)
            votes = len(audit.votes())
        report["sides"][side] = {"ms": times, "votes": votes}
        p95 = float(np.percentile(times, 95))
        met = p95 < TARGET_MS and votes == args.answers
        print(
            f"{'met' if met else 'NOT MET':8}pictures of {side} x {side}: key to next example "
            f"median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms (< {TARGET_MS}), longest "
            f"{max(times):.0f} ms; {votes} votes of {args.answers} answers"
        )
        report["met"] = report.get("met", True) and met
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(report, indent=1) + "\n")
    sys.exit(0 if report["met"] else 1)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=50)
    parser.add_argument("--think", type=float, default=0.5, help="seconds before each answer")
    parser.add_argument(
        "--side", type=int, nargs="+", default=[28, 512], help="pixels of each picture"
    )
    parser.add_argument(
        "--json", type=Path, default=HERE.parent / "build" / "benchmarks" / "reviewing_page.json"
    )
    return parser.parse_args()


def make(path: Path, wrong: int, side: int) -> errata.Audit:
    """Return an audit of pictures of noise, some of whose labels are wrong."""
    n, rng = 4 * wrong, np.random.default_rng(0)
    truth = np.arange(n) % 10
    given = np.where(np.arange(n) < wrong, (truth + 1) % 10, truth)
    probs = np.full((n, 10), 0.02)
    probs[np.arange(n), truth] = 0.82
    pictures = Images(rng.integers(0, 255, (n, side, side, 3), dtype=np.uint8))
    names = [f"class {number}" for number in range(10)]  # mere digits would be no keys
    audit = errata.Audit.create(path, labels=given, probs=probs, classes=names, media=pictures)
    audit.find(rule="argmax")
    audit.plan()
    return audit


def label(audit: errata.Audit, answers: int, think: float) -> list[float]:
    """Return how many milliseconds each next example took."""
    port = free_port()
    words = [sys.executable, "-c", SERVE, str(audit.path), str(port)]
    server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    server.stderr.readline()  # it listens
    try:
        with sync_playwright() as playwright:
            program = next(filter(None, map(shutil.which, CHROMIUM)), None)
            if program is None:
                sys.exit("There is no Chromium here: install it, or put it on the PATH.")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"http://127.0.0.1:{port}")
            page.keyboard.type("Ana")
            page.click("button:text-is('Begin')")
            page.wait_for_selector("#a")
            page.evaluate(WATCH)
            for number in range(answers):
                time.sleep(max(think, SETTLED))
                press(page, KEYS[number % len(KEYS)])
            return [float(one) for one in page.evaluate("window.times")]
    finally:
        server.kill()
        server.communicate()


def press(page: Page, key: str) -> None:
    """Answer, and wait until the answer is acknowledged."""
    ticket = "document.querySelector('[name=ticket]').value"
    before = page.evaluate(ticket)
    page.keyboard.press(key)
    while page.evaluate(ticket) in ("", before):
        time.sleep(0.005)


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
