"""Fifty reviewers and more at once: simulated people in real processes against the real server.

The 5,440 candidates of ImageNet are answered with the votes that were published for them, five
each. In the first part clients and the server are killed again and again and examples are held
beyond their lease; in the second nobody is, and votes are timed. It ends with 1 where a vote is
lost or doubled, a verdict is not that of all five votes, or a target is not met. With --postgres
the audit is on a PostgreSQL server, which is started for it (the tests' own), or with --database
on one that is there.
"""

import argparse
import json
import os
import random
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import text

import errata
from errata.core.consensus import VERDICTS, verdict_codes
from errata.paper.published import Pack
from errata.review.people import link_of

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("ERRATA_DATA") or HERE.parent.parent / "shared" / "data")
K, THRESHOLD = 5, 3


def main() -> None:
    """Run both parts, tell what came of them, and end with 1 where a target is not met."""
    args = arguments()
    with tempfile.TemporaryDirectory() as folder, server(args) as address:
        parts = {
            name: Campaign.make(Path(folder), name, args, address).run(args, kills=name == "rough")
            for name in ("rough", "timed")
        }
    report = {**parts, "reviewers": args.reviewers, "cores": os.cpu_count()}
    rough, timed = parts["rough"], parts["timed"]
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(report, indent=1) + "\n")
    met = list(verdicts(rough, timed))
    for what, found, fine in met:
        say(f"{'met' if fine else 'NOT MET':8}{what}: {found}")
    sys.exit(0 if all(fine for *_, fine in met) else 1)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviewers", type=int, default=200)
    parser.add_argument("--examples", type=int, default=5440)
    parser.add_argument("--lease", type=float, default=10, help="seconds, in the rough part")
    parser.add_argument("--think", type=float, default=0.6, help="seconds before an answer, mean")
    parser.add_argument("--seconds", type=float, default=60, help="of the timed part")
    parser.add_argument("--database", help="postgresql://HOST/DBNAME: where the audit is")
    parser.add_argument("--postgres", action="store_true", help="start a server, and use that")
    parser.add_argument(
        "--json", type=Path, default=HERE.parent / "build" / "benchmarks" / "reviewing.json"
    )
    return parser.parse_args()


@contextmanager
def server(args: argparse.Namespace) -> Iterator[str | None]:
    """Yield where the audit's database is to be; None for a file."""
    if not args.postgres:
        yield args.database
        return
    sys.path.append(str(HERE.parent / "tests"))
    import postgres_server

    with postgres_server.running(durable=True) as started:
        yield started.url


def verdicts(rough: dict, timed: dict) -> Iterator[tuple[str, str, bool]]:
    """Yield each target, what was found, and whether it is met."""
    yield "votes beyond five on an example", str(rough["beyond"]), rough["beyond"] == 0
    yield "votes doubled", str(rough["doubled"]), rough["doubled"] == 0
    yield "acknowledged votes lost", str(rough["lost"]), rough["lost"] == 0
    yield "verdicts other than of all votes", str(rough["other"]), rough["other"] == 0
    saved = rough["saved"]
    yield "votes saved at threshold 3, ≥ 20 %", f"{saved:.1%}", saved >= 0.2
    kills = f"{rough['clients killed']} clients, {rough['servers killed']} servers"
    yield "killed meanwhile", kills, rough["servers killed"] > 0
    rate, slow = timed["votes a second"], timed["p95 ms"]
    yield "votes a second, ≥ 300 on SQLite", f"{rate:.0f}", rate >= 300 or not timed["SQLite"]
    yield "p95 of a vote, < 100 ms on SQLite", f"{slow:.0f} ms", slow < 100 or not timed["SQLite"]


# ---------------------------------------------------------------- what is answered


@dataclass
class Truth:
    """Hands each example's five published answers to five reviewers, each answer to one.

    An answer whose reviewer has gone, and whose vote is not in the audit, goes to another.
    """

    answers: dict[str, list[str]]
    audit: errata.Audit
    stale: float
    taken: dict[tuple[str, int], tuple[str, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def word(self, reviewer: str, example: str) -> str | None:
        """Return what a reviewer answers; None while all answers are with others."""
        now = time.monotonic()
        with self.lock:
            words = self.answers[example]
            places = range(len(words))
            mine = [at for at in places if self.taken.get((example, at), ("",))[0] == reviewer]
            free = [at for at in places if (example, at) not in self.taken]
            for at in mine or free or self._stale(example, places, now):
                self.taken[example, at] = reviewer, now
                return words[at]
        return None

    def _stale(self, example: str, places: range, now: float) -> list[int]:
        with self.audit._db.read() as db:  # noqa: SLF001 (as the server's own would say)
            voted = set(db.scalars(VOTERS, {"example": int(example)}))
        return [
            at
            for at in places
            if self.taken[example, at][0] not in voted
            and now - self.taken[example, at][1] > self.stale
        ]

    @contextmanager
    def served(self) -> Iterator[int]:
        """Serve words over a socket; yield its port."""
        truth = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    said = json.dumps(truth.word(*json.loads(line)))
                    try:
                        self.wfile.write(said.encode() + b"\n")
                    except OSError:  # the reviewer was killed
                        return

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()


VOTERS = text(
    "SELECT r.name FROM votes v JOIN reviewers r ON r.id = v.reviewer WHERE v.example = :example "
    "AND v.answer IS NOT NULL"
)
# nobody takes an answer back here, so a second one of a reviewer on an example is one too many
DOUBLED = text(
    "SELECT count(*) FROM (SELECT 1 AS one FROM votes WHERE answer IS NOT NULL "
    "GROUP BY example, reviewer HAVING count(*) > 1) AS twice"
)


# ---------------------------------------------------------------- the campaign


@dataclass
class Campaign:
    """An audit with its reviewers invited, and what they will say."""

    audit: Path
    answers: dict[str, list[str]]
    full: list[str]
    tokens: dict[str, str]

    @classmethod
    def make(
        cls, folder: Path, name: str, args: argparse.Namespace, address: str | None
    ) -> "Campaign":
        """Return the campaign of ImageNet's candidates."""
        published = Pack(DATA).votes("imagenet")
        n = min(args.examples, len(published.ids))
        rng = np.random.default_rng(0)
        audit = errata.Audit.create(
            folder / name,
            labels=published.given[:n],
            classes=[f"{index} {name}" for index, name in enumerate(published.classes)],
            name="ImageNet",
            database=address,
        )
        names = audit.classes
        audit.add_candidates(
            [
                {"index": row, "suggested": int(suggested)}
                for row, suggested in enumerate(published.suggested[:n])
            ],
            flagger="the study",
        )
        audit.plan(votes=K, threshold=THRESHOLD, stopping="exact", full_share=0.02)
        answers = {}
        for row, counts in enumerate(published.votes[:n].tolist()):
            pair = names[published.given[row]], names[int(published.suggested[row])]
            words = np.repeat([*pair, "both", "neither"], counts[:4]).tolist()
            rng.shuffle(words)
            answers[str(row)] = words
        codes = verdict_codes(published.votes[:n], THRESHOLD)
        tokens = {}
        for number in range(args.reviewers):
            made = audit.invite(f"reviewer {number}")
            tokens[made.name] = link_of(audit, made).rpartition("/")[2]
        audit.close()
        full = [VERDICTS[code] for code in codes]
        return cls(folder / name, answers, full, tokens)

    def run(self, args: argparse.Namespace, *, kills: bool) -> dict:
        """Let everybody review; return what came of it."""
        lease = args.lease if kills else 600
        audit = errata.Audit.open(self.audit)
        truth = Truth(self.answers, audit, stale=lease + 2)
        crowd = Crowd(self, self.audit, free_port(), lease, args, kills=kills)
        with truth.served() as words:
            crowd.truth = words
            crowd.work(seconds=None if kills else args.seconds)
        audit.close()
        return crowd.told()


@dataclass
class Crowd:
    """The server and the reviewers of one run, as processes."""

    campaign: Campaign
    place: Path
    port: int
    lease: float
    args: argparse.Namespace
    kills: bool
    truth: int = 0
    killed: Counter = field(default_factory=Counter)

    def work(self, *, seconds: float | None) -> None:
        """Run until nothing is left, or for some seconds."""
        rng = random.Random(0)
        self.server = self.serve()
        self.people = {name: self.send(name) for name in self.campaign.tokens}
        begun = time.monotonic()
        next_kill, next_server = begun + 5, begun + 10
        done: set[str] = set()
        while len(done) < len(self.people) and (
            seconds is None or time.monotonic() - begun < seconds
        ):
            time.sleep(0.05)
            now = time.monotonic()
            for name, process in self.people.items():
                code = process.poll()
                if code == 0:
                    done.add(name)
                elif code is not None and code != -signal.SIGKILL:
                    sys.exit(f"{name} ended with {code}: {process.stderr.read().decode()}")
            if self.kills and now > next_server:
                self.server.kill()
                self.server.wait()
                self.server = self.serve()
                self.killed["servers"] += 1
                next_server = time.monotonic() + 10  # since it answers
            if self.kills and now > next_kill:
                name = rng.choice([one for one in self.people if one not in done] or [""])
                if name:
                    self.people[name].kill()
                    self.people[name].wait()
                    self.people[name] = self.send(name)
                    self.killed["clients"] += 1
                next_kill = now + 0.2
        for process in self.people.values():
            process.kill()
            process.wait()
        self.server.kill()
        self.server.wait()

    def serve(self) -> subprocess.Popen:
        """Start the server, and wait until it listens."""
        words = ["review", str(self.place), "--port", str(self.port), "--no-browser"]
        words += ["--invited-only", "--lease", str(self.lease / 60)]
        process = subprocess.Popen(
            [Path(sys.executable).with_name("errata"), *words], stderr=subprocess.DEVNULL
        )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return process

    def send(self, name: str) -> subprocess.Popen:
        """Start a reviewer."""
        job = {
            "name": name,
            "token": self.campaign.tokens[name],
            "port": self.port,
            "truth": self.truth,
            "think": 0.05 if self.kills else self.args.think,
            "dawdle": 0.002 if self.kills else 0,
            "lease": self.lease,
            "seed": time.monotonic_ns(),
            "log": str(self.place.with_name(f"{self.place.name}-{name.replace(' ', '-')}.log")),
        }
        words = [sys.executable, "-S", "-E", str(HERE / "reviewer.py"), json.dumps(job)]
        return subprocess.Popen(words, stderr=subprocess.PIPE)

    def told(self) -> dict:
        """Return what came of it, from the audit and from what reviewers were told."""
        audit = errata.Audit.open(self.place)
        votes = audit.votes()
        found = audit.verdicts()
        by_example = Counter(vote.example for vote in votes)
        held = {(vote.example, vote.reviewer) for vote in votes}
        with audit._db.read() as db:  # noqa: SLF001 (the rows, not what is made of them)
            doubled = db.scalar(DOUBLED)
        acknowledged, times = set(), []
        for name in self.campaign.tokens:
            path = self.place.with_name(f"{self.place.name}-{name.replace(' ', '-')}.log")
            for line in path.read_text().splitlines() if path.exists() else ():
                example, added, took, when = line.split()
                if added == "1":
                    acknowledged.add((int(example), name))
                times.append((float(when), float(took)))
        verdict = dict(zip(found.examples.tolist(), found.codes.tolist(), strict=True))
        other = sum(
            code < 0 or VERDICTS[code] != self.campaign.full[example]
            for example, code in verdict.items()
        )
        n = len(self.campaign.full)
        took = [one for _, one in times]
        begun, ended = min(when for when, _ in times), max(when for when, _ in times)
        steady = [one for when, one in times if when > begun + (ended - begun) / 5]
        return {
            "SQLite": not audit._db.others_write,  # noqa: SLF001
            "examples": n,
            "votes": len(votes),
            "saved": 1 - len(votes) / (K * n),
            "beyond": sum(count > K for count in by_example.values()),
            "doubled": doubled,
            "lost": len(acknowledged - held),
            "other": other + (n - len(verdict)),
            "seconds": ended - begun,
            "votes a second": len(took) / (ended - begun),
            "median ms": 1000 * float(np.median(steady)),
            "p95 ms": 1000 * float(np.quantile(steady, 0.95)),
            "clients killed": self.killed["clients"],
            "servers killed": self.killed["servers"],
        }


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def say(*words: object) -> None:
    """Print, at once."""
    print(*words, flush=True)


if __name__ == "__main__":
    main()
