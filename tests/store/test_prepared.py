"""Statements that the driver runs: they say what SQLAlchemy would say."""

import pytest
from sqlalchemy import (
    JSON,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)

from errata.store.prepared import Prepared

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String),
    Column("tags", JSON(none_as_null=True)),
)
ADD = Prepared(insert(THINGS), columns=("name", "tags"))


@pytest.fixture
def db():
    engine = create_engine("sqlite://")
    THINGS.metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_what_is_written_is_what_sqlalchemy_reads(db):
    rows = [{"name": "a", "tags": [3, 1]}, {"name": "b", "tags": None}]
    for row in rows:
        assert ADD.change(db, row) == 1
    found = db.execute(select(THINGS.c.name, THINGS.c.tags).order_by(THINGS.c.id)).mappings()
    assert [dict(row) for row in found] == rows
    assert db.scalar(select(THINGS.c.id).where(THINGS.c.tags.is_(None))) == 2


def test_rows_and_counts_are_those_of_sqlalchemy(db):
    db.execute(insert(THINGS), [{"name": name, "tags": None} for name in "abcd"])
    some = select(THINGS.c.id, THINGS.c.name).where(THINGS.c.id > bindparam("least")).limit(2)
    prepared = Prepared(some)
    for least in (0, 3, 4):
        expected = [tuple(row) for row in db.execute(some, {"least": least})]
        assert prepared.all(db, {"least": least}) == expected
        assert prepared.first(db, {"least": least}) == (expected[0] if expected else None)
        assert prepared.scalar(db, {"least": least}) == (expected[0][0] if expected else None)
    rename = Prepared(
        update(THINGS).where(THINGS.c.id > bindparam("least")).values(name=bindparam("new"))
    )
    assert rename.change(db, {"least": 1, "new": "z"}) == 3
    assert rename.change(db, {"least": 9, "new": "z"}) == 0


def test_a_parameter_that_is_missing_is_told(db):
    with pytest.raises(KeyError, match="least"):
        Prepared(select(THINGS).where(THINGS.c.id > bindparam("least"))).all(db, {})
