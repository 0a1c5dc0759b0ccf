"""Worked examples and practice: what they are made of, and that they leave no trace."""

import re

import numpy as np
import pytest

from audits import CLASSES, choice_audit, planned_audit, small_audit
from desks import ORIGIN, client, flash, surf, ticket
from errata.audit import Audit
from errata.datasets.media import Texts
from errata.review.app import create_app
from errata.review.desk import EXEMPLARS
from errata.review.people import link_of
from errata.review.practice import PRACTICE, WAYS, WORKED, lessons
from label_sets import sounds

TEXTS = Texts([f"text {i}." for i in range(60)])


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "pets.audit", media=TEXTS)


def practised(page: str) -> int:
    """Return which example a page of practice shows."""
    found = re.search(r"data-scroll>text (\d+)\.", page)
    assert found
    return int(found[1])


def test_lessons_are_of_examples_that_nothing_flagged_and_that_stand_beside_no_answer(audit):
    found = lessons(audit, beside=EXEMPLARS)
    beside = {one for label in range(3) for one in audit.exemplars(label, count=EXEMPLARS)}
    assert len(set(found.examples)) == len(WORKED) + len(PRACTICE)
    assert audit.undoubted(found.examples) == set(found.examples)
    assert not beside & set(found.examples)
    for item in (*found.worked, *found.practice):
        assert item.given == (audit.labels[item.example],)
        assert len(set(item.shown)) == 2
    for items, answers in ((found.worked, WORKED), (found.practice, PRACTICE)):
        assert [item.right for item in items] == [
            {"a": item.shown[:1], "b": item.shown[1:], "neither": ()}[answer]
            for item, answer in zip(items, answers, strict=True)
        ]
    assert lessons(audit, beside=EXEMPLARS) == found


def test_where_examples_may_have_several_labels_all_of_them_are_to_be_ticked(tmp_path):
    audit = sounds(tmp_path / "sounds.audit")
    found = lessons(audit, beside=EXEMPLARS)
    assert found.practice
    for item in (*found.worked, *found.practice):
        given = set(audit.labels[item.example].nonzero()[0].tolist())
        assert set(item.right) in (given, set())
        assert set(item.shown) - given, "one name at least is wrong"


def test_with_few_classes_or_examples_there_are_fewer_lessons(tmp_path):
    two = small_audit(tmp_path / "two", labels=[0, 1] * 30, probs=None, classes=("x", "y"))
    two.add_candidates([{"index": 0, "suggested": "y"}], flagger="a look")
    found = lessons(two, beside=EXEMPLARS)
    assert all(item.right for item in (*found.worked, *found.practice)), "nothing else to name"
    assert (len(found.worked), len(found.practice)) == (2, 4)
    few = small_audit(tmp_path / "few", labels=[0, 1] * 6, probs=None, classes=("x", "y"))
    few.add_candidates([{"index": 0, "suggested": "y"}], flagger="a look")
    assert lessons(few, beside=EXEMPLARS).examples == []
    few.plan()
    start = client(few, "Ana").get("/")
    assert start.status_code == 200
    assert "Practise" not in start.text


def test_practice_tells_at_once_and_records_nothing(audit):
    browser = client(audit, "Ana")
    items = lessons(audit, beside=EXEMPLARS).practice
    for number, (item, right) in enumerate(zip(items, PRACTICE, strict=True), 1):
        page = browser.get(f"/practice/{number}").text
        assert practised(page) == item.example
        assert f"Practice {number} of {len(items)}" in page
        for answer in ("a", "b", "both", "neither", "unclear"):
            told = browser.post(f"/practice/{number}", data={"answer": answer}).text
            said = flash(re.sub(r'(id="flash") class="[^"]*"', r"\1", told))
            assert said.startswith("Right." if answer == right else "Look again.")
            assert CLASSES[item.given[0]] in said
    assert browser.get(f"/practice/{len(items) + 1}").url.path == "/review"
    assert audit.votes() == []
    assert audit.progress("Ana").answered == 0


def test_practice_on_boxes_wants_exactly_the_right_ones(tmp_path):
    audit = sounds(tmp_path / "sounds.audit")
    browser = client(audit, "Ana")
    item = lessons(audit, beside=EXEMPLARS).practice[0]
    for label, right in ((list(item.right), True), (list(item.shown), False), ([], False)):
        told = browser.post("/practice/1", data={"answer": "labels", "label": label}).text
        assert ("<strong>Right.</strong>" in told) is right
    assert 'value="unclear"' in browser.get("/practice/1").text
    told = browser.post("/practice/1", data={"answer": "unclear", "label": list(item.right)}).text
    assert "<strong>Look again.</strong>" in told
    assert audit.votes() == []


def test_practice_is_offered_until_a_question_was_answered(audit):
    browser = client(audit)
    page = browser.post("/", data={"name": "Ana", "practise": "1"})
    assert page.url.path == "/practice/1"
    assert 'href="/practice/1"' in browser.get("/").text
    page = browser.get("/review").text
    browser.post("/answer", data={"ticket": ticket(page), "answer": "a"})
    assert 'href="/practice/1"' not in browser.get("/").text


def test_what_is_flagged_later_is_no_lesson_any_more(audit):
    browser = client(audit, "Ana")
    first = practised(browser.get("/practice/1").text)
    given = CLASSES[audit.labels[first]]
    other = next(name for name in CLASSES if name != given)
    audit.add_candidates([{"index": first, "suggested": other}], flagger="a look")
    again = browser.get("/practice/1").text
    assert practised(again) != first
    assert "Practice 1 of 4" in again
    assert f"text {first}." not in browser.get("/").text


def test_what_becomes_gold_is_no_lesson_any_more(audit):
    browser = client(audit, "Ana")
    first = practised(browser.get("/practice/1").text)
    other = next(name for name in CLASSES if name != CLASSES[audit.labels[first]])
    audit.add_gold([{"index": first, "answer": "given", "suggested": other}])
    assert practised(browser.get("/practice/1").text) != first
    assert first not in lessons(audit, beside=EXEMPLARS).examples


def test_the_start_page_has_an_example_of_each_answer_with_its_reason(audit):
    start = client(audit).get("/").text
    worked = re.findall(r'<li class="(\w+)-worked">', start)
    assert worked == ["a", "b", "neither", "both"]
    assert len(worked) == WAYS
    for item in lessons(audit, beside=EXEMPLARS).worked:
        assert f"text {item.example}." in start
        assert f"The data set calls this {CLASSES[item.given[0]]}" in start


def ways(audit):
    """Return the ways to answer on the start page, every class as `class`."""
    return re.findall(r'<li class="([a-z]+)(?:-\d+)?-worked">', client(audit).get("/").text)


def test_four_ways_are_worked_out_whatever_the_question_is(tmp_path):
    boxes = sounds(tmp_path / "sounds.audit", media=TEXTS)
    assert ways(boxes) == ["labels", "labels", "labels", "unclear"]
    choice = choice_audit(tmp_path / "pets.audit", media=TEXTS)
    assert ways(choice) == ["class", "class", "neither", "unclear"]
    for audit in (boxes, choice):
        text = client(audit).get("/").text
        assert "So tick nothing, and send." in text or "So none of these names is right." in text
        assert "say that you can&#39;t tell: that is an answer, too" in text


def test_what_no_example_is_known_of_is_told_in_words(tmp_path):
    """With two classes there is no example of which no name is right."""
    labels = np.arange(60) % 2
    doubted = [{"index": 0, "suggested": ["y"]}]
    boxes = Audit.create(
        tmp_path / "boxes", labels=np.eye(2, dtype=int)[labels], classes=("x", "y"), multilabel=True
    )
    boxes.add_candidates(doubted, flagger="a look")
    boxes.plan()
    assert ways(boxes) == ["labels", "labels", "labels", "unclear"]
    assert "none of the names is right, even if one is near: tick nothing, and send." in (
        client(boxes).get("/").text
    )
    for question, last in (("pair", "both"), ("choice", "unclear")):
        one = Audit.create(tmp_path / question, labels=labels, classes=("x", "y"))
        one.add_candidates([{"index": 0, "suggested": "y"}], flagger="a look")
        one.plan(question=question)
        first = ["a", "b"] if question == "pair" else ["class", "class"]
        assert ways(one) == [*first, "neither", last]


def test_strangers_see_no_example_where_a_link_is_needed(audit):
    closed = create_app(audit, invited_only=True)
    start = surf(closed).get("/").text
    assert "worked" not in start
    assert not re.search(r"text \d+\.", start)
    assert surf(closed).get("/practice/1").url.path == "/"
    assert surf(closed).post("/practice/1", data={"answer": "a"}).url.path == "/"
    invited = surf(closed)
    invited.get(link_of(audit, audit.invite("Ana"), url=ORIGIN).removeprefix(ORIGIN))
    start = invited.get("/").text
    assert "both-worked" in start
    assert 'href="/practice/1"' in start
