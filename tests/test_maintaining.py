"""Accounts, sessions, pauses and leases: who may do what, and until when."""

import sqlite3

import pytest

from audits import candidates, planned_audit
from errata.errors import InputError, NameUnknownError, PausedError, VoteError
from errata.maintaining import SESSION_SECONDS

PASSWORD = "three words together"


@pytest.fixture
def audit(tmp_path, address):
    return planned_audit(tmp_path / "pets.audit", database=address)


def vote(audit, name, example, key="k"):
    return audit.vote(name, example, "given", first="given", key=key)


# ---------------------------------------------------------------- accounts and sessions


def test_only_the_right_password_of_a_known_name_begins_a_session(audit):
    audit.set_password("Max  Lima ", PASSWORD)
    token = audit.log_in(" Max Lima", PASSWORD)
    assert audit.session(token) == "Max Lima"
    for name, password in (
        ("Max Lima", PASSWORD + "x"),
        ("Max Lima", ""),
        ("max lima", PASSWORD),
        ("Eve", PASSWORD),
        ("", PASSWORD),
        ("Max\0", PASSWORD),
        ("x" * 1000, PASSWORD),
    ):
        assert audit.log_in(name, password) is None
    assert audit.session(token + "x") is audit.session("") is None


def test_no_password_and_no_token_is_in_the_database(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit")
    audit.set_password("Max", PASSWORD)
    token = audit.log_in("Max", PASSWORD)
    with sqlite3.connect(audit.path / "audit.db") as plain:
        (hash_,) = plain.execute("SELECT hash FROM accounts").fetchone()
        everything = "\n".join(plain.iterdump())
    assert hash_.startswith("$argon2id$")
    assert PASSWORD not in everything
    assert token not in everything


def test_a_session_of_after_a_backup_is_none_once_that_is_put_back(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit")
    audit.close()
    backup = (audit.path / "audit.db").read_bytes()
    before = audit.begin_session("Max")
    audit.close()
    for file in audit.path.glob("audit.db*"):
        file.unlink()
    (audit.path / "audit.db").write_bytes(backup)
    again = type(audit).open(audit.path)
    after = again.begin_session("Mia")
    assert again.session(before) is None
    assert again.session(after) == "Mia"


def test_the_diary_says_who_logged_in_who_brought_votes_and_that_nobody_could_log_in(audit):
    audit.begin_session("Max")
    votes = [{"index": candidates(audit)[0], "reviewer": "ann", "answer": "given"}]
    audit.add_votes(votes, by="Mia")
    audit.note_lockout(300)
    told = [(one.verb, dict(one.details).get("by")) for one in audit.events(limit=3)]
    assert told == [("lockout", None), ("add_votes", "Mia"), ("log_in", "Max")]


def test_a_session_ends_when_it_is_ended_expires_or_the_password_changes(audit):
    audit.set_password("Max", PASSWORD)
    one, two, three = (audit.log_in("Max", PASSWORD) for _ in range(3))
    machine = audit.begin_session()
    audit.end_session(one)
    assert [audit.session(each) is None for each in (one, two)] == [True, False]
    audit.set_password("Max", PASSWORD + "!")
    assert audit.session(two) is audit.session(three) is None
    assert audit.log_in("Max", PASSWORD) is None
    four = audit.log_in("Max", PASSWORD + "!")
    assert audit.session(four) == "Max"
    audit.remove_account("Max")
    assert audit.session(four) is None
    assert audit.accounts() == ()
    audit.set_password("Max", PASSWORD + "!")
    assert audit.session(four) is None, "a new account of the name does not revive it"
    assert audit.session(machine) is not None
    begun = audit._now()
    audit._now = lambda: begun + SESSION_SECONDS + 1
    assert audit.session(machine) is None


@pytest.mark.parametrize("password", ["", "short enough"[:11], "x" * 1001])
def test_a_password_has_a_length(audit, password):
    with pytest.raises(InputError, match=rf"has {len(password)} characters; 12 to 1000"):
        audit.set_password("Max", password)


def test_an_account_that_is_not_there_cannot_be_removed(audit):
    with pytest.raises(NameUnknownError, match="no account of 'Eve'"):
        audit.remove_account("Eve")
    with pytest.raises(VoteError, match="name is missing"):
        audit.set_password(" ", PASSWORD)


# ---------------------------------------------------------------- pauses and leases


@pytest.mark.parametrize("whom", ["ann", None])
def test_who_is_paused_is_handed_nothing_and_cannot_answer(audit, whom):
    example = audit.task("ann").example
    assert vote(audit, "ann", example)
    held = audit.task("ann").example
    assert audit.pause(whom, by="Max")
    assert not audit.pause(whom)
    assert audit.paused("ann")
    assert audit.paused() is (whom is None)
    for refused in (
        lambda: audit.task("ann"),
        lambda: vote(audit, "ann", held, "2"),
        lambda: audit.skip("ann", held),
        lambda: audit.undo("ann"),
    ):
        with pytest.raises(PausedError, match="paused"):
            refused()
    assert len(audit.votes()) == 1
    if whom is None:
        with pytest.raises(PausedError, match="The review is paused"):
            audit.task("bob")
    else:
        assert audit.task("bob") is not None
    assert audit.resume(whom, by="Max")
    assert not audit.resume(whom)
    assert vote(audit, "ann", audit.task("ann").example, "2")
    told = [(one.verb, one.details.get("by")) for one in audit.events()[:2]]
    assert told == [("resume", "Max"), ("pause", "Max")]


def test_who_is_paused_is_not_asked_about_gold_either(audit):
    audit.plant(0.5)
    planned = {audit.index_of(one.id) for one in audit.questions()}
    while (task := audit.task("ann")).example in planned:
        vote(audit, "ann", task.example, str(task.example))
    audit.pause("ann")
    for refused in (
        lambda: audit.task("ann"),
        lambda: audit.task("ann", besides=task.example),
        lambda: vote(audit, "ann", task.example, "gold"),
        lambda: audit.skip("ann", task.example),
        lambda: audit.undo("ann"),
    ):
        with pytest.raises(PausedError):
            refused()
    assert audit.gold_accuracy() == ()
    audit.resume("ann")
    assert vote(audit, "ann", task.example, "gold")
    (ann,) = audit.standings()
    (known,) = audit.gold_accuracy()
    gold = ann.counts.gold
    assert (gold.hits, gold.of, gold.low) == (known.right, 1, known.low)


def test_a_pause_outlives_the_process_and_holds_of_a_name_in_any_form(audit):
    audit.pause(" Ana  Lima")
    again = type(audit).open(audit.path)
    with pytest.raises(PausedError, match="has paused you"):
        again.task("Ana Lima")
    again.pause()
    again.resume()
    assert again.paused("Ana Lima")


def test_what_is_released_goes_to_others_and_may_still_be_answered(tmp_path, address):
    audit = planned_audit(tmp_path / "one.audit", votes=1, threshold=1, database=address)
    held = {name: audit.task(name).example for name in ("ann", "bob")}
    assert len(set(held.values())) == 2
    assert audit.release_leases("ann", by="Max") == 1
    assert audit.release_leases("ann") == audit.release_leases("nobody") == 0
    taken = audit.task("cid").example
    assert taken == held["ann"]
    assert not vote(audit, "ann", taken), "cid looks at it now, and one vote is enough"
    assert audit.release_leases() == 2
    assert vote(audit, "ann", taken)
