"""The study's vote files, as published, give the paper's counts in an audit of the same set."""

import json
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import errata
from audits import planned_audit
from errata import InputError, VoteError
from errata.exchange.forms import form_of
from errata.exchange.published import read
from errata.exchange.questions import Asked, Question
from errata.exchange.rows import PROBLEM
from errata.paper import audits, printed
from errata.paper.audits import make_audit
from errata.paper.published import SOURCES, Pack

ONE_LABEL = [key for key in SOURCES if key != "audioset"]


@pytest.fixture
def unvoted(data, tmp_path, monkeypatch):
    """Return what makes the study's audit of a set, before anybody voted."""

    def of(key):
        with monkeypatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore", errata.ErrataWarning)
            patch.setattr(errata.Audit, "add_votes", lambda *_, **__: None)
            patch.setattr(errata.Audit, "compare", lambda *_, **__: None)
            return make_audit(key, data, tmp_path / f"{key}.audit")

    return of


def mturk(data, key):
    return data / "label_errors" / "mturk" / f"{key}_mturk.json"


def asked_of(pack, published):
    """Return the questions that the study's audit asks, by the ids that it has."""
    ids = audits._ids(pack, published) or [str(row) for row in range(published.source.size)]
    questions = []
    pairs = zip(published.given.tolist(), published.suggested.tolist(), strict=True)
    for row, (given, guessed) in zip(published.rows.tolist(), pairs, strict=True):
        # of 13 of MNIST the given label is guessed, and the audit suggests another
        suggested = (given + 1) % len(published.classes) if given == guessed else guessed
        names = (published.classes[given], published.classes[suggested])
        questions.append(
            Question(
                id=ids[row],
                example=row,
                given=names[:1],
                suggested=names[1:],
                given_classes=(given,),
                suggested_classes=(suggested,),
                options=names,
            )
        )
    return Asked(questions, LookupError)


@pytest.mark.parametrize("key", ONE_LABEL)
def test_the_votes_of_a_file_come_to_the_counts_of_the_paper(data, key):
    pack = Pack(data)
    published = pack.votes(key)
    assert form_of(mturk(data, key)) == "published"
    rows = read(mturk(data, key), asked_of(pack, published)).rows
    assert len(rows) == published.votes.sum() + sum(
        sum(others.values()) for others in published.others
    )
    tallies = {}
    for row in rows:
        tallies.setdefault(row["id"], Counter())[row["answer"]] += 1
    table = np.array([[tally[answer] for answer in errata.ANSWERS] for tally in tallies.values()])
    printed_row = next(row for row in printed.table("table2") if row["set"] == key)
    assert len(table) == int(printed_row["checked"])
    for threshold in (3, 4, 5):
        codes = errata.verdict_codes(table, threshold)
        counts = dict(zip(errata.VERDICTS, np.bincount(codes, minlength=5).tolist(), strict=True))
        assert counts == published.counts(threshold)
        if threshold == 3:
            assert counts == {name: int(printed_row[name] or 0) for name in errata.VERDICTS}


@pytest.mark.parametrize("key", ["mnist", "cifar10", "20news"])
def test_the_verdicts_of_an_audit_are_those_of_the_paper(unvoted, data, key):
    audit, published = unvoted(key), Pack(data).votes(key)
    added = audit.import_votes(mturk(data, key))
    votes = int(published.votes.sum())
    assert (added.form, added.added, added.refused) == ("published", votes, ())
    for threshold in (3, 4, 5):
        assert audit.verdicts(threshold=threshold).counts == published.counts(threshold)
    again = audit.import_votes(mturk(data, key))
    assert (again.added, again.already_there) == (0, votes)


def test_label_sets_are_confirmed_as_in_the_paper(unvoted, data):
    audit = unvoted("audioset")
    added = audit.import_votes(mturk(data, "audioset"))
    assert (added.added, added.refused) == (5 * 307, ())
    for threshold in (3, 4, 5):
        confirmed = audit.verdicts(threshold=threshold).counts["non_error"]
        assert confirmed == Pack(data).audioset.counts(threshold)["non_error"]
    assert audit.import_votes(mturk(data, "audioset")).added == 0


def test_an_audit_that_has_the_studys_votes_gets_none_twice(data, tmp_path):
    audit = make_audit("20news", data, tmp_path / "audit")
    assert audit.import_votes(mturk(data, "20news")).added == 0


def test_the_votes_on_one_set_are_not_taken_for_those_on_another(unvoted, data):
    audit = unvoted("cifar100")
    with pytest.raises(VoteError, match="cifar10_mturk.json, item 1: "):
        audit.import_votes(mturk(data, "cifar10"))
    assert audit.votes() == []


def test_the_number_of_a_picture_file_is_not_taken_for_a_row(data):
    pack = Pack(data)
    published = pack.votes("imagenet")
    asked = asked_of(pack, published)
    known = [asked.at(row) for row in published.rows.tolist()]
    by_row = Asked([replace(one, id=str(one.example)) for one in known], VoteError)
    found = read(mturk(data, "imagenet"), by_row).rows
    assert len(found) == 5440
    assert all(PROBLEM in row for row in found), "an id looks like a row, and is none"


def item(row, given, guessed, **more):
    labels = {"given_original_label": given, "our_guessed_label": guessed}
    return {"id": row, **labels, "mturk": {"given": 1, "guessed": 2}, **more}


def test_an_item_that_does_not_fit_is_told_by_its_number(tmp_path):
    audit = planned_audit(tmp_path / "audit")
    first, second = audit.questions()[:2]
    good = item(first.example, first.given_classes[0], first.suggested_classes[0])
    named = item(second.example, second.given[0].upper(), second.suggested[0])
    items = [
        good,
        named,
        item(first.example, first.suggested_classes[0], first.given_classes[0]),
        item(999, 0, 1),
        {"id": first.example},
        good | {"mturk": {"given": -1}},
        {"id": first.example, "given_original_labels": [], "our_guessed_labels": [], "mturk": {}},
        7,
    ]
    path = tmp_path / "x_mturk.json"
    path.write_text(json.dumps(items))
    added = audit.import_votes(path)
    assert added.added == 6
    reasons = dict(line.split(": ", 1) for line in added.refused)
    assert [name.split()[-1] for name in reasons] == ["3", "4", "5", "6", "7", "8"]
    for why, said in zip(
        (
            "The votes are not on the same question",
            "There is no example '999'",
            "There are no counts",
            "whole numbers from 0 were expected",
            "One of the item and the audit has several labels",
            "An object with",
        ),
        reasons.values(),
        strict=True,
    ):
        assert why in said
    with pytest.raises(InputError, match="says itself what its fields and answers mean"):
        audit.import_votes(path, answers={"x": "given"})
