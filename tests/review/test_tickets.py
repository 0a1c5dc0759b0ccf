"""Tickets are signed for one purpose with a key that outlives the server."""

import threading

import pytest

from errata.review.tickets import BadTicketError, Seal, Ticket, kept_key


def test_a_key_is_made_once_for_the_owners_eyes(tmp_path):
    keys = []
    threads = [threading.Thread(target=lambda: keys.append(kept_key(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len({*keys, kept_key(tmp_path)}) == 1
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(keys[0]) >= 40


def test_keys_differ_and_so_do_their_stamps(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    stamps = {Seal(kept_key(tmp_path / name)).stamp for name in "ab"}
    assert len(stamps) == 2


def test_what_another_key_signed_is_refused():
    signed = Seal("one").sign("reviewer", "Ana")
    with pytest.raises(BadTicketError, match="not made by this audit's review server"):
        Seal("two").read("reviewer", signed)


def test_what_nobody_can_sign_is_refused():
    with pytest.raises(BadTicketError, match="not made by this audit's review server"):
        Seal("one").read("reviewer", "\ud83d")


def test_every_ticket_is_its_own():
    words = {"reviewer": "Ana", "example": 3, "shown": (1, 2), "answered": 0}
    assert Ticket(**words).nonce != Ticket(**words).nonce
