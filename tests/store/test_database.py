"""The database, in a file or on a server: its migrations, its promises, and its history.

Nobody can change the last.
"""

import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from audits import planned
from databases import (
    READ_PLACE,
    as_word,
    everything,
    guards,
    new_place,
    refusal,
    run_script,
    tables_of,
)
from errata.errors import AuditError, BusyError, FileError, VoteError
from errata.store import adjudications, queue, records, tables, voting
from errata.store import database as module
from errata.store.database import Database
from errata.store.postgres import new_schema
from postgres_server import DATABASE


@pytest.fixture
def place(address, tmp_path):
    with new_place(tmp_path, address) as found:
        yield found


@pytest.fixture
def db(place):
    database = Database(place)
    yield database
    database.close()


@pytest.fixture
def file(tmp_path):
    """Return a database in a file."""
    database = Database(tmp_path / "audit.db")
    yield database
    database.close()


@pytest.fixture
def schema(postgres):
    """Return a place on a server."""
    with new_schema(postgres.url) as found:
        yield found


def cast(db, example=0, name="ann", key="k", answer="given", kind="person"):
    with db.write() as connection:
        return voting.cast(
            connection,
            example=example,
            reviewer=voting.reviewer(connection, name, kind),
            answer=answer,
            first="given",
            created_at=None,
            kind=kind,
            key=key,
        )


# ---------------------------------------------------------------- migrations


def test_the_migrations_make_the_tables_that_the_code_knows(db):
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_newest_migration_is_the_head_and_numbers_run_without_gaps():
    folder = Path(module.__file__).with_name("migrations")
    script = ScriptDirectory(str(folder))
    numbers = [revision.revision for revision in script.walk_revisions()][::-1]
    assert numbers[-1] == tables.HEAD
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_what_chance_drew_is_asked_about_with_the_label_it_was_drawn_with(db):
    planned(db, n=2)
    with db.write() as connection:
        run = records.newest_finding(connection)
        found = [
            {"example": i, "given": 0, "suggested": 1, "score": -0.5, "rules": ["margin"]}
            for i in range(2, 5)
        ]
        told = {name: one for name, one in run.items() if name not in ("id", "created_at")}
        number = records.add_finding(connection, told, found)
        settings = {"goal": "ranking", "votes": 5, "threshold": 3, "budget": 3}
        told = {"given": 0, "score": -0.5, "probability": 0.5, "stratum": 0}
        drawn = [{"example": i, "suggested": other} | told for i, other in ((3, 0), (4, 1), (9, 2))]
        listed = []
        records.add_plan(
            connection,
            {"finding": number, **settings},
            drawn=drawn,
            options=lambda rows: [listed.append(one["suggested"]) or [0, 1] for one in rows],
        )
    want = {0: 1, 1: 1, 3: 0, 4: 1, 9: 2}
    with db.read() as connection:
        rows, labels = records.planned(connection), records.planned_labels(connection)
        assert {row["example"]: row["suggested"] for row in rows} == want
        assert {row["example"]: row["suggested"] for row in labels} == want
        for example, suggested in want.items():
            (row,) = records.planned(connection, example)
            assert row["suggested"] == suggested
        assert listed == [0, 1, 2], "also in the classes to choose from"
        assert records.planned_pairs(connection) == [(0, 0, 1), (0, 1, 3), (0, 2, 1)]
        assert [row["example"] for row in labels if row["drawn"]] == [3, 9], "no flagger says so"
        (run,) = records.candidate_rows(connection, [3])[3]
        assert run["suggested"] == 1, "what the run said stays"
        assert [row["example"] for row in records.candidates(connection, number)] == [2, 3, 4]
        assert records.flagged(connection, number) == [2, 3, 4]


@pytest.mark.parametrize("part", [1, 2, 10_000])
def test_what_is_read_in_part_is_a_part_of_what_is_read_as_a_whole(db, monkeypatch, part):
    monkeypatch.setattr(records, "_PART", part)
    planned(db, n=4)
    with db.write() as connection:
        run = records.newest_finding(connection)
        told = {name: one for name, one in run.items() if name not in ("id", "created_at")}
        more = {"given": 0, "suggested": 2, "score": -0.5, "rules": ["margin"]}
        number = records.add_finding(connection, told, [{"example": i} | more for i in (7, 3, 5)])
        settings = {"goal": "rate", "votes": 1, "threshold": 1, "budget": 3, "finding": number}
        told = {"given": 0, "suggested": 1, "score": 0.5, "probability": 0.5, "stratum": 0}
        drawn = [{"example": i} | told for i in (5, 8, 9)]
        records.add_plan(connection, settings, drawn=drawn)
    with db.read() as connection:
        rows = records.planned(connection)
        assert [row["example"] for row in rows] == [0, 1, 2, 3, 5, 8, 9]
        draws = records.planned_draws(connection)
        assert draws == [{name: row[name] for name in draws[0]} for row in rows]
        assert records.planned_examples(connection) == [row["example"] for row in rows]
        assert records.drawn_count(connection) == 3
        found = records.candidates(connection, number)
        assert records.flagged(connection, number) == [7, 3, 5] == [one["example"] for one in found]
        assert records.waiting(connection, number) == [7]
        known = records.candidates_of(connection, number, [0, 5, 3, 8, 6])
        assert {one: row["suggested"] for one, row in known.items()} == {5: 2, 3: 2, 8: 1}
        assert records.suggestions(connection, [3, 5, 8, 6]) == {3: [1, 2], 5: [2], 8: [1]}
        newest = records.newest_plan(connection)
        assert newest == records.newest_plan(connection, "rate")
        assert records.newest_plan(connection, "errors")["id"] < newest["id"]
        assert records.newest_plan(connection, "ranking") is None


def test_opening_again_changes_nothing(db, place):
    planned(db)
    again = Database(place)
    with again.read() as connection:
        assert len(records.planned(connection)) == 3
    again.close()


def test_an_upgrade_that_fails_leaves_everything_as_it_was(place):
    run_script(place, "CREATE TABLE events (mine int); CREATE TABLE other (x int);")
    with pytest.raises(AuditError, match=r"not be upgraded.*events.* already exists.*as it was"):
        Database(place)
    assert tables_of(place) == {"events", "other"}


def schema_of(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_database_of_a_newer_errata_is_refused_untouched(db, place):
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(AuditError, match="newer errata: its database has version 0999"):
        Database(place)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "audit.db"
    path.write_bytes(b"nothing of the kind, and long enough to be looked at" * 50)
    with pytest.raises(FileError, match=r"audit\.db cannot be read as a database"):
        Database(path)


def test_a_schema_that_is_gone_is_told_and_not_made_again(schema, postgres):
    Database(schema).close()
    postgres.sql(f"DROP SCHEMA {schema.name} CASCADE")
    with pytest.raises(AuditError, match=f"no schema {schema.name} in .*Restore it"):
        Database(schema)


@pytest.fixture
def first_version(place, monkeypatch):
    """Return an audit's database as version 0001 left it, with a row in each table."""
    with monkeypatch.context() as patch:
        patch.setattr(module, "HEAD", "0001")
        Database(place).close()
    run_script(
        place,
        """
            INSERT INTO arrays (id, role, path, sha256) VALUES (1, 'probs', 'p.npy', '0');
            INSERT INTO audit (id, name, n, classes, seed, media, errata, created_at)
                VALUES (1, 'pets', 9, '["cat", "dog"]', 7, 'null', '0.1.0', 'then');
            INSERT INTO findings VALUES
                (4, 'margin', 'normalized_margin', NULL, '{}', 'model', 2, '[0.5, null]', '[]',
                 1, 1, '0.1.0', 'then');
            INSERT INTO candidates VALUES (7, 4, 3, 1, 0, 1, -0.5, '["margin"]');
            INSERT INTO candidates VALUES (8, 4, 5, 2, 1, 0, -0.25, '["margin", "argmax"]');
            INSERT INTO plans VALUES (1, 4, 'census', 5, 3, NULL, 'then');
            INSERT INTO planned VALUES (1, 1, 7, 3, 0, 1.0), (2, 1, 8, 5, 1, 1.0);
            INSERT INTO reviewers VALUES (1, 'ann', 'person');
            INSERT INTO votes VALUES
                (1, 3, 1, 1, 'given', 'given', 'then', 'person', NULL, 'a'),
                (2, 3, 1, 2, NULL, NULL, 'then', 'person', NULL, 'withdraws 1'),
                (3, 5, 1, 1, 'both', NULL, NULL, 'imported', 'a note', 'b');
            INSERT INTO skips VALUES (1, 3, 1, 2, 'then');
            INSERT INTO releases VALUES (1, 'v', 'out', '3', '0', 'then');
            INSERT INTO released VALUES (1, 5, 'multi_label', 1);
            INSERT INTO events VALUES (1, 'create', '{}', 'then');
        """,
    )
    return place


def test_an_upgrade_keeps_every_row_and_every_trigger(first_version):
    before, guarded = everything(first_version), guards(first_version)
    db = Database(first_version)
    db.close()
    after = everything(first_version)
    assert [row.pop("multilabel") for row in after["audit"]] == [0]
    gold, panels = ("gold", "gold_rates", "gold_answers", "gold_skips"), ("panels", "participants")
    desk = ("accounts", "sessions", "pauses", "adjudications", "reports")
    for table in ("predicted", "leases", "invitations", *gold, *panels, *desk):
        assert after.pop(table) == []
    standing = after.pop("standing")
    assert after.pop("counts") == [{"id": 1, "open": sum(row["needs"] > 0 for row in standing)}]
    wanted = {plan["id"]: plan["votes"] for plan in after["plans"]}
    assert [(plan.pop("stopping"), plan.pop("full_share")) for plan in after["plans"]] == [
        ("off", 0.0)
    ] * len(wanted)
    assert [plan.pop("question") for plan in after["plans"]] == ["pair"] * len(wanted)
    assert {plan.pop("goal") for plan in after["plans"]} == {"errors"}, "what a census is for"
    assert {plan.pop("goal") for plan in before["plans"]} == {"census"}
    assert [plan.pop("budget", None) for plan in after["plans"]] == [
        plan.pop("limit", None) for plan in before["plans"]
    ]
    assert [row.pop("drawn") for row in after["candidates"]] == [0] * len(after["candidates"])
    assert after == before
    held = Counter(vote["example"] for vote in before["votes"] if vote.get("answer"))
    held -= Counter(vote["example"] for vote in before["votes"] if not vote.get("answer"))
    assert standing == [
        {
            "example": row["example"],
            "place": row["id"],
            "full": 0,
            "votes": held[row["example"]],
            "needs": max(0, wanted[row["plan"]] - held[row["example"]]),
        }
        for row in before["planned"]
    ]
    assert guarded.items() <= guards(first_version).items()
    if isinstance(first_version, Path):
        Database(first_version.with_name("new.db")).close()
        old, new = (
            {name: sorted(sql.replace("\n", "").split()) for name, sql in schema_of(path) if sql}
            for path in (first_version, first_version.with_name("new.db"))
        )
        assert old == new, "an audit that was upgraded is as one that is made today"


def test_an_upgraded_audit_is_read_as_it_was_and_can_be_gone_on_with(first_version):
    db = Database(first_version)
    with db.read() as connection:
        planned_rows = records.planned(connection)
        assert [(row["given"], row["suggested"]) for row in planned_rows] == [(0, 1), (1, 0)]
        assert records.newest_finding(connection)["thresholds"] == [0.5, None]
        assert records.releases(connection, [5])[5][0]["corrected"] == 1
        assert records.audit(connection)["multilabel"] is False
        assert [vote["answer"] for vote in voting.held(connection)] == ["both"]
        assert queue.following(connection, voting.number_of(connection, "ann"), now=0) == 3
    assert cast(db, example=3, name="bob")
    with pytest.raises(IntegrityError, match="(?i)foreign key"), db.write() as connection:
        connection.execute(
            text(
                "INSERT INTO planned (plan, candidate, example, position, probability) "
                "VALUES (1, 99, 8, 2, 1)"
            )
        )
    db.close()


# ---------------------------------------------------------------- promises


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: a commit is on the disk when it returns
        ("foreign_keys", 1),
        ("busy_timeout", 30_000),
        ("recursive_triggers", 1),
    ],
)
def test_every_connection_to_a_file_keeps_the_promises(file, pragma, value):
    for block in (file.read, file.write):
        with block() as connection:
            assert connection.scalar(text(f"PRAGMA {pragma}")) == value


@pytest.mark.parametrize(
    ("setting", "read", "write"),
    [
        ("synchronous_commit", "on", "on"),  # a commit is on the disk when it returns
        ("transaction_isolation", "repeatable read", "read committed"),
        ("transaction_read_only", "on", "off"),
        ("lock_timeout", "30s", "30s"),
        ("max_parallel_workers_per_gather", "0", "0"),
    ],
)
def test_every_connection_to_a_server_keeps_the_promises(schema, postgres, setting, read, write):
    postgres.sql(f"ALTER DATABASE {DATABASE} SET synchronous_commit = off")
    db = Database(schema)
    for block, value in ((db.read, read), (db.write, write), (db.read, read)):
        with block() as connection:
            assert connection.scalar(text(f"SHOW {setting}")) == value
            assert connection.scalar(text("SHOW search_path")) == schema.name
    db.close()


def test_a_writer_to_a_file_holds_the_lock_from_its_first_moment(file, tmp_path):
    with file.write():
        other = sqlite3.connect(tmp_path / "audit.db", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN")  # readers do not wait
        other.execute("SELECT count(*) FROM votes").fetchone()
        other.close()


def test_who_waits_too_long_is_told(db, place, monkeypatch):
    monkeypatch.setattr(module, "WAIT_SECONDS", 1)
    impatient = Database(place)
    waits = pytest.raises(BusyError, match="Another process has been writing.*try again")
    with db.write():
        with waits, impatient.write() as connection:
            voting.reviewer(connection, "ann", "person")
        with waits:
            impatient.together(named("ann"))
    with impatient.write() as connection:
        records.log(connection, "vote")
    impatient.close()


def test_what_fails_is_undone_as_a_whole(db):
    def half():
        with db.write() as connection:
            records.log(connection, "first")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        half()
    with db.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM events")) == 0


def test_a_reader_sees_one_state_of_the_database_throughout(db):
    planned(db)
    with db.read() as connection:
        assert voting.held(connection) == []
        assert cast(db)
        assert voting.held(connection) == []
    with db.read() as connection:
        assert len(voting.held(connection)) == 1


def test_processes_that_write_at_once_wait_for_each_other(db, place):
    planned(db, n=40, votes=9)
    program = """
        from errata.store import voting

        db = Database(place)
        for example in range(40):
            with db.write() as connection:
                assert voting.cast(
                    connection, example=example, answer="given", first="given", created_at=None,
                    reviewer=voting.reviewer(connection, sys.argv[2], "person"), kind="person",
                    key=f"{sys.argv[2]} {example}",
                )
    """
    program = READ_PLACE + textwrap.dedent(program)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, as_word(place), name],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("ann", "bob", "cid")
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    with db.read() as connection:
        assert len(voting.held(connection)) == 3 * 40


# ---------------------------------------------------------------- history


@pytest.mark.parametrize("table", ["candidates", "planned", "votes", "skips", "released", "events"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET example = 1"])
def test_history_cannot_be_changed(db, place, table, change):
    planned(db)
    cast(db)
    with db.write() as connection:
        voting.skip(connection, voting.reviewer(connection, "ann", "person"), 1)
        row = {"version": "1", "path": "out", "threshold": 3, "manifest_sha256": "0"}
        content = [{"example": 0, "verdict": "open", "corrected": 0}]
        records.add_release(connection, row, content)
        records.log(connection, "vote")
    change = change.replace("example", "verb") if table == "events" else change
    assert f"{table} are added, never changed" in refusal(place, change.format(table))


@pytest.mark.parametrize("change", ["DELETE FROM adjudications", "UPDATE adjudications SET id = 9"])
def test_what_a_maintainer_decided_cannot_be_changed(db, place, change):
    planned(db)
    decision = {"labels": None, "reason": "seen", "maintainer": "Max"}
    with db.write() as connection:
        adjudications.add(connection, example=0, answer="given", **decision)
        adjudications.add(connection, example=0, answer=None, **decision)
        adjudications.add(connection, example=1, answer="both", **decision)
        assert set(adjudications.held(connection)) == {1}
    assert "adjudications are added, never changed" in refusal(place, change)


@pytest.mark.parametrize("change", ["DELETE FROM predicted", "UPDATE predicted SET accuracy = 1"])
def test_what_was_predicted_cannot_be_changed(db, place, change):
    with db.write() as connection:
        array = records.add_array(connection, role="predicted_probabilities", path="p", sha256="0")
        figures = ("accuracy", "log_loss", "calibration_error", "train_accuracy")
        row = {"model": "m", "probs": array, "folds": array, **dict.fromkeys(figures, 0.5)}
        row |= {"record": {}, "warnings": [], "errata": "0"}
        numbers = [records.add_predicted(connection, row) for _ in range(3)]
        assert [one["name"] for one in records.predicted(connection)] == ["m", "m-2", "m-3"]
    assert numbers == [1, 2, 3]
    assert "predicted are added, never changed" in refusal(place, change)


def test_history_cannot_be_emptied_on_a_server(schema):
    planned(Database(schema)).close()
    assert "votes are added, never changed" in refusal(schema, "TRUNCATE votes")


@pytest.mark.parametrize(
    ("verb", "end"),
    [
        ("INSERT", ""),
        ("INSERT OR REPLACE", ""),
        ("INSERT OR IGNORE", ""),
        ("INSERT", "ON CONFLICT DO NOTHING"),
    ],
)
@pytest.mark.parametrize(
    "same", [{"id": 1}, {"key": "k"}, {"reviewer": 1, "example": 0, "revision": 1}]
)
def test_a_vote_cannot_be_replaced(db, place, verb, end, same):
    if " OR " in verb and not isinstance(place, Path):
        pytest.skip("only SQLite knows these words")
    planned(db)
    cast(db, key="k")
    new = {"id": 2, "key": "new", "reviewer": 1, "example": 1, "revision": 1} | same
    names, values = ", ".join(new), ", ".join(map(repr, new.values()))
    command = f"{verb} INTO votes ({names}, answer, kind) VALUES ({values}, 'both', 'person') {end}"
    assert "votes are added, never replaced" in refusal(place, command)
    with db.read() as connection:
        assert [vote["answer"] for vote in voting.held(connection)] == ["given"]


@pytest.mark.parametrize(
    ("wrong", "values"),
    [
        ("an unknown answer", {"answer": "'maybe'"}),
        ("a word of their own beside another answer", {"said": "'neutral'"}),
        ("labels beside another answer", {"labels": "'[1]'"}),
        ("an answer of labels without any list", {"answer": "'labels'"}),
        ("an even revision that answers", {"revision": 2}),
        ("an odd revision that withdraws", {"answer": "NULL"}),
        ("an example nobody planned", {"example": 99}),
        ("a reviewer nobody knows", {"reviewer": 99}),
        ("an unknown kind", {"kind": "'robot'"}),
    ],
)
def test_the_database_itself_refuses(db, wrong, values):
    planned(db)
    cast(db, example=1)
    row = {"example": 0, "reviewer": 1, "revision": 1, "answer": "'given'", "kind": "'person'"}
    row |= {"key": "'new'"} | values
    with pytest.raises(IntegrityError), db.write() as connection:
        connection.execute(
            text(
                f"INSERT INTO votes ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))})"
            )
        )


def test_an_example_is_planned_once(db):
    planned(db)
    with pytest.raises(IntegrityError, match=r"planned[._]example"), db.write() as connection:
        connection.execute(
            text(
                "INSERT INTO planned (plan, candidate, example, position, probability) "
                "VALUES (1, 1, 0, 9, 1)"
            )
        )


def test_a_simulated_reviewer_is_nobody_else(db):
    planned(db)
    assert cast(db, name="sim 1", kind="simulated")
    with pytest.raises(VoteError, match="'sim 1' is simulated"):
        cast(db, example=1, name="sim 1", key="2")
    assert cast(db, name="ann", key="3")
    with pytest.raises(VoteError, match="'ann' is not simulated"):
        cast(db, example=1, name="ann", key="4", kind="simulated")
    assert cast(db, example=1, name="ann", key="5", kind="imported")


def test_two_reviewers_may_use_the_same_key_and_one_may_not(db):
    planned(db)
    assert cast(db, name="ann", key="1")
    assert cast(db, name="bob", key="1")
    assert not cast(db, example=1, name="ann", key="1")


# ---------------------------------------------------------------- transactions shared by threads


def together(db, works):
    """Hand in some work while another writes; return what each got or raised."""

    def one(work):
        return lambda: db.together(work)

    with db.write():  # so that they wait for their turn
        handed = [db.soon(one(work)) for work in works]
    return [each.exception() or each.result() for each in handed]


def named(name):
    return lambda connection: voting.reviewer(connection, name, "person")


def known(db, name):
    with db.read() as connection:
        return voting.number_of(connection, name)


def test_work_that_waits_shares_a_transaction(file):
    commits = []
    event.listen(file._engine, "commit", lambda _: commits.append(1))
    names = [f"reviewer {number}" for number in range(20)]
    numbers = together(file, [named(name) for name in names])
    with file.read() as connection:
        assert [voting.number_of(connection, name) for name in names] == numbers
    # the writer they waited for, whoever came first perhaps alone, all others, and the reader
    assert len(commits) <= 4


def test_all_that_work_reads_and_writes_is_in_one_transaction(db):
    def work():
        number = db.together(named("ann"))
        with db.write() as connection:
            assert voting.number_of(connection, "ann") == number
        return known(db, "ann"), db.pending

    number, pending = db.soon(work).result(timeout=30)
    assert known(db, "ann") == number
    assert pending is not db.others_write
    assert not db.pending


def test_what_work_changed_is_seen_by_nobody_before_it_has_ended(file):
    seen = []

    def work():
        file.together(named("ann"))
        with ThreadPoolExecutor(1) as another:
            seen.append(another.submit(known, file, "ann").result(timeout=30))

    file.soon(work).result(timeout=30)
    assert seen == [None]
    assert known(file, "ann") is not None


def test_where_nothing_can_be_written_everybody_who_waits_is_told(file, monkeypatch):
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)
    patient = Database(file._path)
    with file.write():
        waiting = [patient.soon(lambda: patient.together(named("ann"))) for _ in range(3)]
        for one in waiting:
            with pytest.raises(BusyError, match="try again"):
                one.result(timeout=30)
    patient.close()
    assert known(file, "ann") is None
    assert patient.soon(lambda: patient.together(named("ann"))).result(timeout=30)


def test_work_that_fails_leaves_nothing_and_hinders_no_other(file):
    def fails(connection):
        voting.reviewer(connection, "nobody", "person")
        raise VoteError("not this one")

    works = [named("ann"), fails, named("bob")]
    ann, error, bob = together(file, works)
    assert str(error) == "not this one"
    with file.read() as connection:
        found = {row.name: row.id for row in connection.execute(select(tables.reviewers))}
    assert found == {"ann": ann, "bob": bob}
    with pytest.raises(VoteError, match="not this one"):
        file.together(fails)
    assert file.together(named("cid")) not in (ann, bob)


def test_where_no_thread_can_be_started_who_waits_is_told_and_the_next_are_not(file, monkeypatch):
    def refused(_work):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(file._threads, "submit", refused)
        with pytest.raises(RuntimeError, match="can't start"):
            file.together(named("ann"))
    assert file.together(named("bob"))
    assert known(file, "ann") is None


def test_work_that_does_not_want_to_go_on_keeps_nobody_else_from_it(file):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file.soon(interrupted).result(timeout=30)
    assert file.together(named("ann"))
