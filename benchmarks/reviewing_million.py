"""A million candidates: how long `errata review` takes to start, and to ask its first question.

The audit is made up: 1.2 million texts of 300 classes, a million of them planned. The server is the
real one, started anew each time; a new reviewer then asks for the first page and, with the token of
an invitation, a program for the first question. It ends with 1 where a target is not met.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

import errata
from errata.datasets.media import Texts
from errata.review.people import link_of

HERE = Path(__file__).resolve().parent
CLASSES = 300
START, FIRST = 3.0, 0.3  # seconds
PATIENCE = 120.0


def main() -> None:
    """Make the audit, start the server some times, and tell what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument(
        "--gold", type=float, default=0.05, help="so much of what is asked has a known answer"
    )
    parser.add_argument(
        "--json", type=Path, default=HERE.parent / "build" / "benchmarks" / "reviewing_million.json"
    )
    parser.add_argument("--audit", type=Path, help="where the audit is made, and kept")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = args.audit or Path(folder, "million.audit")
        if not place.exists():
            make(place, args.candidates, args.gold)
        rounds = [once(place, number) for number in range(args.times)]
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"rounds": rounds, "cores": os.cpu_count()}, indent=1) + "\n")
    met = list(told(rounds))
    for what, found, fine in met:
        say(f"{'met' if fine else 'NOT MET':8}{what}: {found}")
    sys.exit(0 if all(fine for *_, fine in met) else 1)


def make(place: Path, candidates: int, gold: float) -> None:
    """Make an audit of so many candidates, and as many fifths more that nobody doubts."""
    begun = time.monotonic()
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=candidates + candidates // 5)
    audit = errata.Audit.create(
        place,
        labels=labels,
        classes=[f"class {label}" for label in range(CLASSES)],
        media=Texts([f"text {row}" for row in range(len(labels))]),
    )
    others = (labels + rng.integers(1, CLASSES, size=len(labels))) % CLASSES
    doubted = rng.permutation(len(labels))[:candidates]
    audit.add_candidates(
        (
            {"index": row, "suggested": other}
            for row, other in zip(doubted.tolist(), others[doubted].tolist(), strict=True)
        ),
        flagger="chance",
    )
    say(f"made in {time.monotonic() - begun:.0f} s, ", end="")
    begun = time.monotonic()
    audit.plan(votes=5, threshold=3, stopping="exact")
    known = np.setdiff1d(np.arange(len(labels)), doubted)[:1000]
    audit.add_gold(
        {"index": row, "suggested": other, "answer": "given"}
        for row, other in zip(known.tolist(), others[known].tolist(), strict=True)
    )
    audit.plant(gold)
    audit.close()
    say(f"planned in {time.monotonic() - begun:.0f} s")


def once(place: Path, number: int) -> dict[str, float]:
    """Start the server, ask for the first page and the first question; return the seconds."""
    audit = errata.Audit.open(place)
    token = link_of(audit, audit.invite(f"program {number} {time.time()}")).rpartition("/")[2]
    audit.close()
    port = free_port()
    words = ["review", str(place), "--port", str(port), "--no-browser"]
    begun = time.monotonic()
    server = subprocess.Popen(
        [Path(sys.executable).with_name("errata"), *words], stderr=subprocess.DEVNULL
    )
    try:
        until_it_answers(port)
        started = time.monotonic() - begun
        cookie = signed_in(port, f"person {number} {time.time()}")
        took = {"start": started, "page": asked(port, "/review", {"cookie": cookie})}
        took["question"] = asked(port, "/api/task", {"authorization": f"Bearer {token}"})
        took["next page"] = asked(port, "/review", {"cookie": cookie})
    finally:
        server.kill()
        server.wait()
    say(", ".join(f"{what} {1000 * seconds:.0f} ms" for what, seconds in took.items()))
    return took


def until_it_answers(port: int) -> None:
    """Ask for the start page until it comes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            asked(port, "/", {})
        except OSError:
            time.sleep(0.01)
        else:
            return
    sys.exit("the server did not start")


def signed_in(port: int, name: str) -> str:
    """Begin as a reviewer; return the cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/", urlencode({"name": name}), kind)
    said = connection.getresponse()
    said.read()
    cookies = [value.partition(";")[0] for value in said.headers.get_all("set-cookie", [])]
    return "; ".join(cookies)


def asked(port: int, path: str, headers: dict[str, str]) -> float:
    """Return how long an answer takes, the connection included."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path, headers={"accept": "text/html", **headers})
    response = connection.getresponse()
    body = response.read()
    took = time.monotonic() - begun
    if response.status != 200 or not body:
        sys.exit(f"{path} was answered with {response.status}: {body.decode()[:300]}")
    return took


def told(rounds: list[dict[str, float]]) -> Iterator[tuple[str, str, bool]]:
    """Yield each target, what was found, and whether it is met: every time."""
    for what, name, most in (
        ("start of errata review", "start", START),
        ("first page of a reviewer", "page", FIRST),
        ("first question of a program", "question", FIRST),
    ):
        times = [one[name] for one in rounds]
        found = f"median {np.median(times):.3f} s, longest {max(times):.3f} s"
        yield f"{what}, < {most:g} s", found, max(times) < most


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def say(text: str, end: str = "\n") -> None:
    """Print, at once."""
    print(text, end=end, flush=True)


if __name__ == "__main__":
    main()
