"""Audits that several processes work on at once, on either database; and what a server adds."""

import json
import random
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

import errata
import postgres_server
from audits import planned_audit, small_audit, small_set
from desks import client, serving, ticket
from errata.audit import Audit
from errata.errors import (
    AuditError,
    BusyError,
    FileError,
    InputError,
    MissingExtraError,
)
from errata.review import people
from errata.review.people import link_of
from errata.store import queue, records, voting
from errata.store.database import Database
from errata.store.files import sha256
from helpers import require, run_errata
from postgres_server import GUARDED

# ---------------------------------------------------------------- where the database is


@pytest.fixture
def schemas(postgres):
    """Return what tells which schemas are new on the server."""

    def listed():
        return set(postgres.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'errata%'"))

    before = listed()
    return lambda: listed() - before


def test_an_audit_on_a_server_needs_to_be_told_nothing_more(tmp_path, postgres, schemas):
    np.save(tmp_path / "labels.npy", small_set()[0])
    (tmp_path / "classes.txt").write_text("cat\ndog\nfox\n")
    words = ["init", tmp_path / "a", "--labels", tmp_path / "labels.npy"]
    words += ["--classes", tmp_path / "classes.txt", "--database", postgres.url]
    made = run_errata(*words, "--format", "json")
    assert made.returncode == 0, made.stderr
    assert "Traceback" not in made.stderr
    place = tmp_path / "a" / "database.json"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert {json.loads(place.read_text())["name"]} == schemas()
    assert not (tmp_path / "a" / "audit.db").exists()
    audit = errata.Audit.open(tmp_path / "a")
    assert (audit.n, audit.classes) == (60, ("cat", "dog", "fox"))
    again = run_errata(*words)
    assert "There is an audit at" in again.stderr
    assert len(schemas()) == 1
    audit.close()


def test_several_audits_share_a_server_and_touch_nothing_of_each_other(tmp_path, postgres):
    audits = [planned_audit(tmp_path / name, database=postgres.url) for name in "ab"]
    first = audits[0].task("ann").example
    assert audits[0].vote("ann", first, "given", first="given", key="1")
    assert [len(one.votes()) for one in audits] == [1, 0]
    assert audits[1].vote("ann", first, "both", first="given", key="1")
    assert [[vote.answer for vote in one.votes()] for one in audits] == [["given"], ["both"]]
    for one in audits:
        one.close()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgresql://ann:s3cret@db.example.org/audits", "holds a password.*PGPASSWORD"),
        ("postgresql://ann@db.example.org/audits?password=s3cret", "holds a password"),
        ("mysql://ann@db.example.org/s3cret", "postgresql://HOST:PORT/DBNAME was expected"),
        ("postgresql://db.example.org:s3cret/x", "postgresql://HOST:PORT/DBNAME was expected"),
        ("postgresql://db.example.org", "postgresql://HOST:PORT/DBNAME was expected"),
        ("s3cret", "postgresql://HOST:PORT/DBNAME was expected"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_and_not_repeated(tmp_path, address, message):
    with pytest.raises(InputError, match=message) as told:
        small_audit(tmp_path / "a", database=address)
    assert "s3cret" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_password_comes_from_outside_and_stays_there(tmp_path, postgres, monkeypatch):
    address = postgres.url_of(GUARDED)
    with pytest.raises(BusyError, match=r"password.*PGPASSWORD or ~/\.pgpass"):
        small_audit(tmp_path / "a", database=address)
    monkeypatch.setenv("PGPASSWORD", GUARDED)
    with pytest.raises(AuditError, match="permission denied.*GRANT CREATE ON DATABASE"):
        small_audit(tmp_path / "a", database=address)
    postgres.sql(f"GRANT CREATE ON DATABASE audits TO {GUARDED}")
    audit = small_audit(tmp_path / "a", database=address)
    audit.close()
    for path in (path for path in (tmp_path / "a").rglob("*") if path.is_file()):
        assert f":{GUARDED}@".encode() not in path.read_bytes()


def test_who_reaches_no_server_is_told_what_to_do(tmp_path):
    nowhere = f"postgresql:///audits?host={tmp_path}/nowhere"
    with pytest.raises(BusyError, match="cannot be used: .*Check that the server runs"):
        small_audit(tmp_path / "a", database=nowhere)
    assert list(tmp_path.iterdir()) == []
    done = run_errata("init", tmp_path / "a", "--labels", "l.npy", "--database", nowhere)
    assert "Traceback" not in done.stderr


def test_without_psycopg_the_message_names_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'errata\[postgres\]'"):
        small_audit(tmp_path / "a", database="postgresql://db.example.org/audits")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["set_audit", "rename"])
def test_making_an_audit_that_fails_leaves_nothing(tmp_path, postgres, schemas, monkeypatch, where):
    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(*{"set_audit": (records, where), "rename": (Path, where)}[where], fail)
    with pytest.raises(OSError, match="disk is full"):
        small_audit(tmp_path / "a", database=postgres.url)
    assert schemas() == set()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_does_not_say_where_is_named(tmp_path, postgres):
    small_audit(tmp_path / "a", database=postgres.url).close()
    for wrong in ("", "[]", '{"url": "x"}', '{"url": "x", "name": "a; DROP SCHEMA b"}'):
        (tmp_path / "a" / "database.json").write_text(wrong)
        with pytest.raises(FileError, match=r"database\.json does not say where"):
            errata.Audit.open(tmp_path / "a")


@pytest.mark.parametrize("several", [False, True])
def test_the_same_steps_come_to_the_same_on_either_database(tmp_path, postgres, several):
    made = []
    for name, url in (("file", None), ("server", postgres.url)):
        labels, probs = small_set()
        options = {"labels": labels, "probs": probs, "classes": ["cat", "dog", "fox"]}
        if several:
            options["labels"] = [[label] for label in labels]
        audit = errata.Audit.create(
            tmp_path / name, **options, name="a", multilabel=several, database=url
        )
        audit.find()
        audit.plan(votes=3, threshold=2, stopping="exact")
        steps = []
        rng = random.Random(0)
        for number in range(60):
            who = f"r{number % 4}"
            task = audit.task(who)
            if task is None:
                steps.append((who, audit.waiting(who).examples))
            elif several:
                ticked = [label for label in task.labels if rng.random() < 0.5]
                audit.vote_labels(who, task.example, ticked, shown=task.labels, key=str(number))
            else:
                word = rng.choice(["given", "suggested", "suggested", "both"])
                audit.vote(who, task.example, word, first=task.first, key=str(number))
            if rng.random() < 0.2:
                steps.append(audit.undo(who))
            steps.append((task and task.example, audit.progress(who)))
        ids = [vote.id for vote in audit.votes()]
        audit.add_votes([{"id": ids[0], "reviewer": "x", "answer": "given"}]) if not several else 0
        release = audit.release(tmp_path / f"{name}-release")
        steps.append([(vote.id, vote.reviewer, vote.answer) for vote in audit.votes()])
        steps.append((audit.verdicts().counts, audit.notices, release.version))
        steps.append([sha256(path) for path in sorted((release.path / "labels").iterdir())])
        audit.close()
        made.append(steps)
    assert made[0] == made[1]


# ---------------------------------------------------------------- many processes at once

VOTES, THRESHOLD, LEASE = 5, 3, 2.0
WORK = """
import itertools, random, sys, time
from errata.audit import Audit

path, name, seed, lease = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
rng = random.Random(seed)
audit = Audit.open(path)
audit.lease_seconds = lease
print("ready", flush=True)
for attempt in itertools.count():
    task = audit.task(name)
    if task is None:
        if not audit.waiting(name).examples:
            break
        time.sleep(0.05)
        continue
    word = rng.choice(["given", "suggested", "suggested", "both"])
    if audit.vote(name, task.example, word, first="given", key=f"{seed} {attempt}"):
        print("voted", task.example, flush=True)
        if rng.random() < 0.05:
            audit.undo(name)
    elif rng.random() < 0.05:
        audit.skip(name, task.example)
print("done", flush=True)
"""


@dataclass
class Worker:
    """A reviewer at work, in a process that is killed and started again."""

    audit: Path
    name: str
    log: Path
    runs: int = field(default=0)

    def start(self, seed: int) -> None:
        words = [sys.executable, "-c", WORK, str(self.audit), self.name, str(seed), str(LEASE)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=subprocess.PIPE, text=True)
        self.runs += 1

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.log.read_text().splitlines()]


def test_processes_that_review_at_once_give_each_example_its_votes_and_lose_none(tmp_path, address):
    audit = many(tmp_path / "a", address)
    names = [*(f"r{number}" for number in range(7)), "r0"]  # one of them in two windows
    workers = [Worker(audit.path, name, tmp_path / f"{n}.log") for n, name in enumerate(names)]
    rng = random.Random(1)
    for number, worker in enumerate(workers):
        worker.start(number)
    killed, deadline = 0, time.monotonic() + 200
    while any(worker.process.poll() is None for worker in workers):
        if time.monotonic() > deadline:
            for worker in workers:
                worker.process.kill()
            pytest.fail("somebody waits for ever")
        time.sleep(0.1)
        worker = rng.choice(workers)
        at_work = worker.lines().count(["ready"]) == worker.runs
        if killed < 6 and at_work and worker.process.poll() is None:
            worker.process.kill()
            worker.process.communicate()
            killed += 1
            worker.start(100 + killed)
            audit.invite(f"late {killed}")  # which changes the audit as a whole
    for worker in workers:
        _, said = worker.process.communicate()
        assert worker.process.returncode == 0, said
    assert killed >= 3
    left = set()
    for name in sorted(set(names)):
        while (task := audit.task(name)) is not None:
            left.add(task.example)
            assert audit.vote(name, task.example, "both", first="given", key=f"{task.example}")
    check_votes(audit)
    with audit._db.read() as db:
        votes = voting.history(db, asked(audit))
    known = {(vote["name"], str(example)) for example in votes for vote in votes[example]}
    taken_back = {one for one in votes if any(vote["withdrawn"] for vote in votes[one])}
    # one may take an answer back when the others have just left, and then answer otherwise
    assert left <= taken_back, "somebody left though an example was free"
    for worker in workers:
        told = {(worker.name, words[1]) for words in worker.lines() if words[0] == "voted"}
        assert told <= known, "a vote that was acknowledged is lost"
    audit.close()


def many(path, address):
    labels, probs = small_set(400, 60)
    return planned_audit(
        path,
        votes=VOTES,
        threshold=THRESHOLD,
        stopping="exact",
        database=address,
        labels=labels,
        probs=probs,
    )


def asked(audit):
    with audit._db.read() as db:
        return [row["example"] for row in records.planned(db)]


def check_votes(audit):
    """Check that every example has the votes it needs, none too many, and none twice."""
    votes = audit.votes()
    assert max(Counter(vote.example for vote in votes).values()) <= VOTES
    assert set(Counter((vote.example, vote.reviewer) for vote in votes).values()) == {1}
    found = audit.verdicts()
    assert (found.open, found.unreviewed) == (0, 0)
    assert len(asked(audit)) > 30


def test_one_reviewer_in_many_windows_has_one_vote(tmp_path, address):
    audit = planned_audit(tmp_path / "a", database=address)
    examples = asked(audit)
    opened = [errata.Audit.open(audit.path) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        for turn in range(4):  # in the first nobody knows her yet
            pair = examples[2 * turn : 2 * turn + 2]
            sent = [
                pool.submit(one.vote, "ann", pair[n % 2], "given", first="given", key=str(turn))
                for n, one in enumerate(opened)
            ]
            assert sum(one.result() for one in sent) == 1, "one key, one vote"
    assert len(audit.votes()) == 4
    for one in (audit, *opened):
        one.close()


def test_an_example_that_others_are_just_being_handed_is_waited_for(tmp_path, postgres):
    audit = planned_audit(tmp_path / "a", votes=2, threshold=2, database=postgres.url)
    (last, *others) = asked(audit)
    for name in ("x", "y"):
        for example in others:
            assert audit.vote(name, example, "given", first="given", key=str(example))
    taken, go_on = threading.Event(), threading.Event()

    def take(db):
        number = voting.reviewer(db, "ann", "person")
        assert queue.take(db, number, now=0, seconds=600) == last
        taken.set()
        assert go_on.wait(timeout=20)

    with ThreadPoolExecutor(2) as pool:
        ann = pool.submit(audit._db.together, take)
        assert taken.wait(timeout=20)
        bob = pool.submit(audit.task, "bob")
        time.sleep(0.5)
        assert not bob.done()
        go_on.set()
        ann.result(timeout=20)
        assert bob.result(timeout=20).example == last
    audit.close()


def test_nobody_waits_for_a_second_connection_while_they_hold_one(tmp_path, address, monkeypatch):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, database=address)
    held, together = [], Database.together

    @contextmanager
    def holding(db):
        assert not held, "forty threads that do this share fifteen connections"
        held.append(db)
        try:
            yield
        finally:
            held.clear()

    def alone(method):
        @contextmanager
        def block(db):
            with nullcontext() if db.pending else holding(db), method(db) as connection:
                yield connection

        return block

    def alone_together(db, work):
        with holding(db) if db.others_write else nullcontext():
            return together(db, work)

    monkeypatch.setattr(Database, "read", alone(Database.read))
    monkeypatch.setattr(Database, "write", alone(Database.write))
    monkeypatch.setattr(Database, "together", alone_together)
    monkeypatch.setattr("errata.planting._KEPT_SECONDS", -1.0)  # nothing is remembered
    for name in ("ann", "bob"):
        task, _ = audit.asked(name)
        audit.task(name, besides=task.example)
        assert audit.vote(name, task.example, "given", first="given", key="1")
        audit.skip(name, audit.task(name).example)
        audit.progress(name)
        audit.undo(name)
        audit.waiting(name)
        audit.exemplars(0)
    audit.pause("ann", by="max")
    audit.resume("ann", by="max")
    done = audit.task("ann").example
    assert audit.vote("ann", done, "given", first="given", key="2")
    audit.adjudicate(done, "given", reason="seen", by="max")
    again = Audit.open(audit.path)
    assert again.undo_adjudication(done, by="max")
    again.close()
    monkeypatch.undo()
    audit.close()


def test_of_two_who_take_back_at_the_same_moment_one_is_heard(tmp_path, address):
    one = planned_audit(tmp_path / "a", database=address)
    other = Audit.open(one.path)
    for _ in range(6):
        task = one.task("ann")
        one.vote("ann", task.example, "given", first=task.first, key=str(task.example))
    told = []
    for seen in (6, 5, 4):
        barrier = threading.Barrier(2)

        def take_back(audit, seen=seen, barrier=barrier):
            barrier.wait()
            return audit.undo("ann", answered=seen)

        with ThreadPoolExecutor(2) as pool:
            tries = [pool.submit(take_back, audit) for audit in (one, other)]
        (error,) = filter(None, (each.exception() for each in tries))
        assert f"holds {seen - 1} answers, and {seen} were seen" in str(error)
        told += [each.result() for each in tries if each.exception() is None]
        assert one.progress("ann").answered == seen - 1
    assert len(set(told)) == 3
    one.close()
    other.close()


# ---------------------------------------------------------------- two servers


def test_two_servers_review_one_audit(tmp_path, postgres):
    audit = many(tmp_path / "a", postgres.url)
    tokens = [link_of(audit, audit.invite(f"r{number}")).rpartition("/")[2] for number in range(7)]
    with (
        serving(audit) as first,
        serving(audit) as second,
        ThreadPoolExecutor(len(tokens)) as pool,
    ):
        both = [first.url, second.url]
        told = [pool.submit(review, token, both, n) for n, token in enumerate(tokens)]
        added = sum(one.result() for one in told)
    assert len(audit.votes()) == added
    check_votes(audit)
    audit.close()


def review(token, urls, seed):
    """Review until the end, now on this server, now on that; return how many votes were added."""
    rng, added = random.Random(seed), 0
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, timeout=60) as web, ThreadPoolExecutor(2) as twice:
        while True:
            following = sound(web.get(f"{rng.choice(urls)}/api/task"))
            question = following["question"]
            if question is None:
                if not following["waiting"]:
                    return added
                time.sleep(0.1)
                continue
            answer = {"ticket": question["ticket"], "answer": rng.choice(["a", "b", "both"])}
            sent = [twice.submit(web.post, f"{url}/api/answer", json=answer) for url in urls]
            told = [sound(one.result())["added"] for one in sent]
            assert sum(told) <= 1
            added += sum(told)


def sound(response):
    assert response.status_code == 200, response.text
    return response.json()


def test_a_server_goes_on_when_its_database_comes_back(tmp_path):
    require("postgres")
    require("psycopg")
    with postgres_server.running() as server:
        audit = planned_audit(tmp_path / "a", database=server.url)
        browser = client(audit, "Ana")
        page = browser.get("/review").text
        server.stop()
        away = browser.post("/answer", data={"ticket": ticket(page), "answer": "a"})
        assert away.status_code == 503
        assert "cannot be used" in away.text
        assert "Nothing was changed" in away.text
        server.start()
        browser.post("/answer", data={"ticket": ticket(page), "answer": "a"})
        assert len(audit.votes()) == 1
        audit.close()


def test_who_was_invited_is_told_that_the_database_is_away(tmp_path, monkeypatch):
    require("postgres")
    require("psycopg")
    monkeypatch.setattr(people, "KEPT_SECONDS", 0.0)  # each request looks its invitation up
    with postgres_server.running() as server:
        audit = planned_audit(tmp_path / "a", database=server.url)
        link = urlsplit(link_of(audit, audit.invite("Ana"))).path
        bearer = {"authorization": f"Bearer {link.rpartition('/')[2]}"}
        browser = client(audit)
        assert browser.get(link).status_code == 200
        server.stop()
        page = browser.get("/review")
        asked = browser.get("/api/task", headers=bearer)
        assert (page.status_code, asked.status_code) == (503, 503)
        assert "cannot be used" in page.text
        assert "cannot be used" in asked.json()["error"]["message"]
        server.start()
        assert sound(browser.get("/api/task", headers=bearer))["question"]
        audit.close()
