"""The database: its migrations, its promises, and the history that nobody can change."""

import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from audits import planned
from errata.errors import AuditError, FileError, VoteError
from errata.store import adjudications, queue, records, tables, voting
from errata.store import database as module
from errata.store.database import Database


@pytest.fixture
def db(tmp_path):
    database = Database(tmp_path / "audit.db")
    yield database
    database.close()


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


def test_opening_again_changes_nothing(db, tmp_path):
    planned(db)
    again = Database(tmp_path / "audit.db")
    with again.read() as connection:
        assert len(records.planned(connection)) == 3
    again.close()


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "audit.db"
    sqlite3.connect(path).executescript("CREATE TABLE events (mine); CREATE TABLE other (x);")
    before = schema(path)
    with pytest.raises(AuditError, match=r"not be upgraded.*events already exists.*as it was"):
        Database(path)
    assert schema(path) == before


def schema(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_database_of_a_newer_errata_is_refused_untouched(db, tmp_path):
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(AuditError, match="newer errata: its database has version 0999"):
        Database(tmp_path / "audit.db")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "audit.db"
    path.write_bytes(b"nothing of the kind, and long enough to be looked at" * 50)
    with pytest.raises(FileError, match=r"audit\.db cannot be read as a database"):
        Database(path)


@pytest.fixture
def first_version(tmp_path, monkeypatch):
    """Return the path of an audit's database as version 0001 left it, with a row in each table."""
    path = tmp_path / "old.db"
    with monkeypatch.context() as patch:
        patch.setattr(module, "HEAD", "0001")
        Database(path).close()
    with sqlite3.connect(path) as plain:
        plain.executescript(
            """
            PRAGMA foreign_keys = ON;
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
            """
        )
    return path


def everything(path):
    """Return the rows of every table, as mappings without what is empty."""
    with sqlite3.connect(path) as plain:
        plain.row_factory = sqlite3.Row
        names = [
            name
            for (name,) in plain.execute(
                "SELECT name FROM sqlite_master WHERE sql GLOB 'CREATE TABLE*'"
            )
        ]
        return {
            name: [
                {key: row[key] for key in row.keys() if row[key] is not None}  # noqa: SIM118
                for row in plain.execute(f"SELECT * FROM {name}")
            ]
            for name in names
            if name != "alembic_version"
        }


def triggers(path):
    with sqlite3.connect(path) as plain:
        rows = plain.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {name: " ".join(sql.split()) for name, sql in rows}


def test_an_upgrade_keeps_every_row_and_every_trigger(first_version, tmp_path):
    before, guards = everything(first_version), triggers(first_version)
    db = Database(first_version)
    db.close()
    after = everything(first_version)
    assert [row.pop("multilabel") for row in after["audit"]] == [0]
    new = ("predicted", "leases", "invitations", "accounts", "sessions", "pauses", "adjudications")
    for table in new:
        assert after.pop(table) == []
    standing = after.pop("standing")
    wanted = {plan["id"]: plan["votes"] for plan in after["plans"]}
    assert [(plan.pop("stopping"), plan.pop("full_share")) for plan in after["plans"]] == [
        ("off", 0.0)
    ] * len(wanted)
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
    assert guards.items() <= triggers(first_version).items()
    Database(tmp_path / "new.db").close()
    old, new = (
        {name: sorted(sql.replace("\n", "").split()) for name, sql in schema(path) if sql}
        for path in (first_version, tmp_path / "new.db")
    )
    assert old == new, "an audit that was upgraded is as one that is made today"


def test_an_upgraded_audit_is_read_as_it_was_and_can_be_gone_on_with(first_version):
    db = Database(first_version)
    with db.read() as connection:
        planned_rows = records.planned(connection)
        assert [(row["given"], row["suggested"]) for row in planned_rows] == [(0, 1), (1, 0)]
        assert records.newest_finding(connection)["thresholds"] == [0.5, None]
        assert records.releases(connection, 5)[0]["corrected"] == 1
        assert records.audit(connection)["multilabel"] is False
        assert [vote["answer"] for vote in voting.held(connection)] == ["both"]
        assert queue.following(connection, voting.number_of(connection, "ann"), now=0) == 3
    assert cast(db, example=3, name="bob")
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), db.write() as connection:
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
def test_every_connection_keeps_the_promises(db, pragma, value):
    for block in (db.read, db.write):
        with block() as connection:
            assert connection.scalar(text(f"PRAGMA {pragma}")) == value


def test_a_writer_holds_the_lock_from_its_first_moment(db, tmp_path):
    with db.write():
        other = sqlite3.connect(tmp_path / "audit.db", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN")  # readers do not wait
        other.execute("SELECT count(*) FROM votes").fetchone()
        other.close()


def test_who_waits_too_long_is_told(db, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WAIT_SECONDS", 0)
    impatient = Database(tmp_path / "audit.db")
    with (
        db.write(),
        pytest.raises(AuditError, match="Another process has been writing.*try again"),
        impatient.write(),
    ):
        pass
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


def test_processes_that_write_at_once_wait_for_each_other(db, tmp_path):
    planned(db, n=40, votes=9)
    program = """
        import sys
        from pathlib import Path
        from errata.store import voting
        from errata.store.database import Database

        db = Database(Path(sys.argv[1]))
        for example in range(40):
            with db.write() as connection:
                assert voting.cast(
                    connection, example=example, answer="given", first="given", created_at=None,
                    reviewer=voting.reviewer(connection, sys.argv[2], "person"), kind="person",
                    key=f"{sys.argv[2]} {example}",
                )
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "audit.db"), name],
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
def test_history_cannot_be_changed(db, tmp_path, table, change):
    planned(db)
    cast(db)
    with db.write() as connection:
        voting.skip(connection, voting.reviewer(connection, "ann", "person"), 1)
        row = {"version": "1", "path": "out", "threshold": 3, "manifest_sha256": "0"}
        content = [{"example": 0, "verdict": "open", "corrected": 0}]
        records.add_release(connection, row, content)
        records.log(connection, "vote")
    change = change.replace("example", "verb") if table == "events" else change
    plain = sqlite3.connect(tmp_path / "audit.db")  # any program, not only ours
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} are added, never changed"):
        plain.execute(change.format(table))
    plain.close()


@pytest.mark.parametrize("change", ["DELETE FROM adjudications", "UPDATE adjudications SET id = 9"])
def test_what_a_maintainer_decided_cannot_be_changed(db, tmp_path, change):
    planned(db)
    decision = {"labels": None, "reason": "seen", "maintainer": "Max"}
    with db.write() as connection:
        adjudications.add(connection, example=0, answer="given", **decision)
        adjudications.add(connection, example=0, answer=None, **decision)
        adjudications.add(connection, example=1, answer="both", **decision)
        assert set(adjudications.held(connection)) == {1}
    plain = sqlite3.connect(tmp_path / "audit.db")
    with pytest.raises(sqlite3.IntegrityError, match="adjudications are added, never changed"):
        plain.execute(change)
    plain.close()


@pytest.mark.parametrize("change", ["DELETE FROM predicted", "UPDATE predicted SET accuracy = 1"])
def test_what_was_predicted_cannot_be_changed(db, tmp_path, change):
    with db.write() as connection:
        array = records.add_array(connection, role="predicted_probabilities", path="p", sha256="0")
        figures = ("accuracy", "log_loss", "calibration_error", "train_accuracy")
        row = {"model": "m", "probs": array, "folds": array, **dict.fromkeys(figures, 0.5)}
        row |= {"record": {}, "warnings": [], "errata": "0"}
        numbers = [records.add_predicted(connection, row) for _ in range(3)]
        assert [one["name"] for one in records.predicted(connection)] == ["m", "m-2", "m-3"]
    assert numbers == [1, 2, 3]
    plain = sqlite3.connect(tmp_path / "audit.db")
    with pytest.raises(sqlite3.IntegrityError, match="predicted are added, never changed"):
        plain.execute(change)
    plain.close()


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"])
@pytest.mark.parametrize(
    "same", [{"id": 1}, {"key": "k"}, {"reviewer": 1, "example": 0, "revision": 1}]
)
def test_a_vote_cannot_be_replaced(db, tmp_path, verb, same):
    planned(db)
    cast(db, key="k")
    new = {"id": 2, "key": "new", "reviewer": 1, "example": 1, "revision": 1} | same
    names, values = ", ".join(new), ", ".join(map(repr, new.values()))
    plain = sqlite3.connect(tmp_path / "audit.db")
    with pytest.raises(sqlite3.IntegrityError, match="votes are added, never replaced"):
        plain.execute(
            f"{verb} INTO votes ({names}, answer, kind) VALUES ({values}, 'both', 'person')"
        )
    plain.close()
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


def values_of(row):
    return ", ".join(map(str, row.values()))


def test_an_example_is_planned_once(db):
    planned(db)
    with pytest.raises(IntegrityError, match=r"planned\.example"), db.write() as connection:
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
