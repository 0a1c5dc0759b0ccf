"""The study's vote files, as published, give the paper's counts in an audit of the same set."""

import json
import warnings

import pytest

import errata
from audits import planned_audit
from errata import InputError, VoteError
from errata.paper import printed
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


@pytest.mark.parametrize("key", ONE_LABEL)
def test_the_verdicts_are_those_of_the_paper(unvoted, data, key):
    audit, published = unvoted(key), Pack(data).votes(key)
    added = audit.import_votes(mturk(data, key))
    votes = int(published.votes.sum()) + sum(sum(other.values()) for other in published.others)
    assert (added.form, added.added, added.refused) == ("published", votes, ())
    row = next(row for row in printed.table("table2") if row["set"] == key)
    for verdict, count in audit.verdicts().counts.items():
        assert count == int(row[verdict] or 0)
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


def test_the_number_of_a_picture_file_is_not_taken_for_a_row(data, tmp_path):
    """An audit of ImageNet without its file names: 5,440 ids look like rows, and are none."""
    pack = Pack(data)
    published = pack.votes("imagenet")
    audit = errata.Audit.create(
        tmp_path / "audit", labels=pack.labels("imagenet"), classes=published.classes
    )
    pairs = zip(published.rows.tolist(), published.suggested.tolist(), strict=True)
    audit.add_candidates([{"index": row, "suggested": label} for row, label in pairs], flagger="x")
    audit.plan()
    with pytest.raises(VoteError, match="None of the 5,440 votes can be taken"):
        audit.import_votes(mturk(data, "imagenet"))


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
