"""What the report says of certainty is what `error_rate` and `compare` say, where these say it."""

import html
import re

import numpy as np
import pytest

from audits import CLASSES, planned_audit, planned_rows, small_audit
from errata.audit import MOMENTS, Audit
from errata.core.accuracy import ranks

N = 600
GIVEN = np.arange(N) % 3
WRONG = np.arange(N) % 8 == 0
TRUTH = np.where(WRONG, (GIVEN + 1) % 3, GIVEN)
RATE, RANKING = ">How many of all labels are wrong<", ">How sure the ranking is<"
CHANGE, ALONE = ">Models before and after<", ">On the corrections alone: no estimate<"
WAIT = "240 examples that chance drew wait for votes"
EVIL = "<script>alert('x')</script> `code`"


def models(names=("clever", "copycat", "poor")):
    """Return answers: one is right by the truth, one by the given labels, one mostly wrong."""
    noise = np.random.default_rng(5).random((3, N))
    clever = np.where(noise[0] < 0.97, TRUTH, (TRUTH + 1) % 3)
    copycat = np.where(noise[1] < 0.97, GIVEN, (GIVEN + 1) % 3)
    poor = np.where(noise[2] < 0.6, GIVEN, (GIVEN + 2) % 3)
    return dict(zip(names, (clever, copycat, poor), strict=False))


def set_up(path, **plan):
    """Return an audit whose wrong labels are doubted, mostly, some of them flagged."""
    rng = np.random.default_rng(6)
    sure = np.where(WRONG, rng.beta(2, 3, N), rng.beta(8, 1, N))
    probs = np.zeros((N, 3))
    probs[np.arange(N), GIVEN] = sure
    probs[np.arange(N), (GIVEN + 1) % 3] = 1 - sure
    audit = Audit.create(path, labels=GIVEN, probs=probs, classes=CLASSES)
    audit.find()
    audit.plan(**{"goal": "rate", "budget": 240, "votes": 1, "threshold": 1, **plan})
    return audit


def answer(audit, share=1.0, says=None):
    """Let a part of what is planned be answered, as the truth is or as is said."""
    rows = planned_rows(audit)
    for row in rows[: int(share * len(rows))]:
        right = "suggested" if WRONG[row["example"]] else "given"
        audit.add_votes([{"index": row["example"], "reviewer": "ann", "answer": says or right}])
    return audit


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Return an audit by chance, checked, and its comparison."""
    audit = answer(set_up(tmp_path_factory.mktemp("audits") / "a"))
    return audit, audit.compare(models())


def page_of(audit, tmp_path):
    """Return the report, read as people see it: entities and code are texts."""
    page = audit.report(tmp_path / "report.html").read_text()
    return html.unescape(re.sub(r"</?code>", "`", page)).replace("\u00a0", " ")


def said_of(page, figure):
    """Return what a figure says to those who cannot see it, each part after its head."""
    [text] = re.findall(rf'aria-label="({figure}[^"]*)"', page)
    return text.rstrip(".").split("; ")


def test_the_first_sentence_names_the_best_by_all_that_chance_tells(checked, tmp_path):
    audit, compared = checked
    lead = re.search(r'class="lead">([^<]*)<', page_of(audit, tmp_path)).group(1)
    assert lead.endswith(compared.certainty.best())
    census = planned_audit(tmp_path / "census", votes=1, threshold=1)
    answer(census)
    other = census.compare({"a": census.labels, "b": np.roll(census.labels, 1)})
    lead = re.search(r'class="lead">([^<]*)<', page_of(census, tmp_path)).group(1)
    assert lead.endswith(other.headline())


def test_what_is_estimated_by_chance_comes_before_what_the_corrections_change(checked, tmp_path):
    audit, _ = checked
    page = page_of(audit, tmp_path)
    assert page.index(RANKING) < page.index(ALONE)
    assert CHANGE not in page
    assert "These are no estimates for all 600 examples" in page
    assert "In these estimates the 240 that chance drew stand for those that nobody" in page
    assert f"The {N - 240} labels that nobody checked count as they are given" in page
    census = planned_audit(tmp_path / "census", votes=1, threshold=1)
    answer(census)
    census.compare({"a": census.labels, "b": np.roll(census.labels, 1)})
    page = page_of(census, tmp_path)
    assert page.index(CHANGE) < page.index(RANKING)
    assert ALONE not in page
    assert "that chance drew stand for" not in page


def test_of_what_chance_drew_the_most_suspicious_are_shown_first(checked, tmp_path):
    audit, _ = checked
    page = page_of(audit, tmp_path)
    table = page[page.index("The audit holds no media") : page.index('id="pairs"')]
    shown = re.findall(r'<tr><th scope="row">(\d+)</th>', table)
    rows = sorted(planned_rows(audit), key=lambda row: row["score"])
    assert shown == [audit.ids[row["example"]] for row in rows[:48]]
    assert "chance drew 240 examples to tell how many of all labels are wrong" in page
    assert "240 drawn by chance" in page


def test_the_error_rate_of_the_page_is_that_of_the_verb(checked, tmp_path):
    audit, _ = checked
    page = page_of(audit, tmp_path)
    found = audit.error_rate()
    assert " ".join(found.sentences()) in page
    told = said_of(page, "Error rate with its 95 % interval")
    assert len(told) == MOMENTS
    shares = [100 * share for share in (found.estimate, found.low, found.high)]
    assert told[-1] == "240: {:.2f} % ({:.2f} % to {:.2f} %)".format(*shares)


def test_the_ranking_of_the_page_is_that_of_the_comparison(checked, tmp_path):
    audit, compared = checked
    certain = compared.certainty
    page = page_of(audit, tmp_path)
    assert certain.verdict() in page
    intervals = said_of(page, "Accuracy with 95 % intervals")
    sets = said_of(page, "Possible ranks")
    pairs = said_of(page, "Decided pairs")
    place = ranks(np.array([one.accuracy for one in certain.standings["corrected"]])).tolist()
    for i, one in enumerate(certain.standings["corrected"]):
        numbers = [100 * share for share in (one.accuracy, one.low, one.high)]
        assert any(one.model in x and x.endswith("{:.2f} % ({:.2f} to {:.2f})".format(*numbers))
                   for x in intervals)  # fmt: skip
        possible = {f"{one.best_rank}", f"{one.best_rank}–{one.worst_rank}"}
        before = compared[one.model].score("original", "D").rank
        assert any(x.endswith(f"{one.model}: {some}, now {place[i]}, before {before}")
                   for x in sets for some in possible)  # fmt: skip
        ahead = sum(better == one.model for better, _ in certain.decided)
        behind = sum(worse == one.model for _, worse in certain.decided)
        sure = f"{one.model}: surely ahead of {ahead}, behind {behind}"
        assert any(x.endswith(sure) for x in pairs)
    assert [(p.first, p.second) for p in certain.order.swapped] == [("copycat", "clever")]
    several = f"{len(certain.decided)} of 3 pairs of models are told apart, 1 of them in another"
    assert several in page
    # by the given labels there is an interval of its own: of a share of hits among so many
    hits = int((models()["clever"] == GIVEN).sum())
    assert re.search(rf"clever: {100 * hits / N:.2f} % \(\d+\.\d+ to \d+\.\d+\) to ", page)


def test_pairs_that_hang_on_labels_without_a_known_right_one_are_set_apart(tmp_path):
    given, second = np.arange(60) % 3, (np.arange(60) + 1) % 3
    audit = Audit.create(tmp_path / "a", labels=given, classes=("cat", "dog", "fox"))
    audit.add_candidates(
        [{"index": i, "suggested": int(second[i])} for i in range(60)], flagger="somebody"
    )
    audit.plan(votes=1, threshold=1)
    audit.add_votes(
        {"index": i, "reviewer": "ann", "answer": "neither" if i < 20 else "given"}
        for i in range(60)
    )
    answers = {"copycat": given, "other": np.where(np.arange(60) < 20, (given + 2) % 3, given)}
    answers["poor"] = (given + 1) % 3
    certain = audit.compare(answers, population=False).certainty
    assert certain.infirm == (("copycat", "other"),)
    page = audit.report(tmp_path / "report.html").read_text()
    said = (
        "nothing that is said of any pair is wrong, if the given label counts where the right one "
        "is not known: on these labels hangs 1 pair."
    )
    assert said in page.replace("\u00a0", " ")
    assert "where the right one is not known: copycat ahead of other" in page
    assert "one is ahead if unknown labels are as given" in page


def test_the_models_of_the_table_are_sorted_and_say_whom_they_are_not_told_apart_from(
    checked, tmp_path
):
    audit, compared = checked
    page = page_of(audit, tmp_path)
    table = page[page.index("How sure the accuracy and the rank of every model are") :]
    rows = re.findall(r'<tr><th scope="row">(\w+)</th>.*<td class="text">(.*)</td></tr>', table)
    named = {name: set(filter("–".__ne__, others.split(", "))) for name, others in rows}
    best = sorted(compared.certainty.standings["corrected"], key=lambda one: -one.accuracy)
    assert list(named)[:3] == [one.model for one in best]
    decided = {frozenset(pair) for pair in compared.certainty.decided}
    for one in list(named)[:3]:
        assert named[one] == {
            other for other in models() if other != one and frozenset((one, other)) not in decided
        }


def test_a_census_says_what_it_supposes_and_draws_no_rate(tmp_path):
    audit = answer(set_up(tmp_path / "a", goal="errors", budget=60))
    compared = audit.compare(models())
    page = page_of(audit, tmp_path)
    assert " ".join(audit.error_rate().sentences()) in page
    assert "nobody knows: no verdict that counts is on an example" in page
    assert "examples checked that chance drew" not in page
    left = N - audit.error_rate().count.checked
    assert f"All this supposes that the {left} labels that nobody checked are right" in page
    assert compared.certainty.verdict() in page
    assert "Decided pairs." in page


def test_what_is_not_there_is_not_drawn(tmp_path):
    page = page_of(small_audit(tmp_path / "new"), tmp_path)
    assert RATE not in page
    assert RANKING not in page
    audit = set_up(tmp_path / "planned")
    page = page_of(audit, tmp_path)
    assert page.index(RATE) < page.index(WAIT), "nobody has said anything yet"
    audit.compare(models())
    page = page_of(audit, tmp_path)
    assert WAIT in page
    assert "No label is checked yet, so the votes tell nothing of the ranks" in page
    assert "Accuracy with 95 % intervals" in page
    assert "Possible ranks." not in page
    assert "Decided pairs." not in page
    page = page_of(answer(set_up(tmp_path / "alone")), tmp_path)
    assert "examples checked that chance drew" in page
    assert RANKING not in page, "no models"


def test_where_no_pair_is_told_apart_no_ranks_are_drawn(tmp_path):
    audit = answer(set_up(tmp_path / "a"), share=0.01)
    certain = audit.compare(models()).certainty
    assert certain.checked, "or this tests nothing"
    assert not certain.decided
    page = page_of(audit, tmp_path)
    assert "None of the 3 pairs is told apart, so each model may have any rank, 1 to 3." in page
    assert "Possible ranks." not in page
    assert "Decided pairs." not in page


def test_no_line_ends_before_a_per_cent_sign(checked, tmp_path):
    audit, _ = checked
    page = audit.report(tmp_path / "report.html").read_text()
    words = re.sub(r"<svg.*?</svg>", "", page[page.index("<main>") :], flags=re.DOTALL)
    assert not re.findall(r">[^<]*\d %[^<]*", words)


def test_one_model_has_no_ranking(tmp_path):
    audit = answer(set_up(tmp_path / "a"))
    audit.compare(models(("only",)))
    assert RANKING not in page_of(audit, tmp_path)


def test_of_sets_of_labels_nothing_is_drawn(tmp_path):
    labels = [[i % 3] if i % 4 else [0, 1] for i in range(40)]
    probs = np.random.default_rng(0).random((40, 3))
    audit = Audit.create(tmp_path / "a", labels=labels, probs=probs, classes=CLASSES)
    audit.find()
    audit.plan(votes=1, threshold=1)
    [question, *_] = audit.questions()
    audit.add_votes([{"id": question.id, "reviewer": "ann", "answer": "labels", "labels": ["cat"]}])
    page = page_of(audit, tmp_path)
    assert RATE not in page
    assert RANKING not in page


def test_where_all_that_was_checked_is_unclear_no_accuracy_is_that_of_clear_labels(tmp_path):
    audit = set_up(tmp_path / "a")
    audit.compare(models())
    answer(audit, says="neither")
    standings = audit.compare(models()).certainty.standings
    assert set(standings) == {"corrected", "accepted"}
    assert "Decided pairs" in page_of(audit, tmp_path)


def test_an_estimate_from_few_checks_is_told_inside_its_interval_and_not_drawn(tmp_path):
    audit = set_up(tmp_path / "a")
    answer(audit, share=0.01)
    standings = audit.compare(models()).certainty.standings["corrected"]
    assert any(one.accuracy in (0, 1) for one in standings), "or this tests nothing"
    page = page_of(audit, tmp_path)
    assert "The interval of every model reaches from 0 to 100 %" in page
    assert "Accuracy with 95 % intervals" not in page
    told = re.findall(r"<td>([\d.]+) %<br><[^>]*>([\d.]+) to ([\d.]+)<", page)
    assert len(told) == 6, "by the given and the corrected labels"
    assert all(0 <= float(low) <= float(at) <= float(high) <= 100 for at, low, high in told)


def test_where_the_probabilities_are_gone_the_page_says_why_there_is_no_rate(tmp_path):
    audit = answer(set_up(tmp_path / "a", budget=40))
    [probs] = (tmp_path / "a" / "arrays").glob("probs*")
    probs.unlink()
    page = page_of(audit, tmp_path)
    assert RATE in page
    assert probs.name in page
    assert "examples checked that chance drew" not in page


def test_a_model_of_the_crowd_is_said_not_to_reckon_slips_out(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=3, threshold=2)
    for question in audit.questions():
        for name in ("ann", "ben", "cy"):
            at = audit.index_of(question.id)
            audit.vote(name, at, "suggested", first="given", key=f"{name} {at}")
    out = audit.report(tmp_path / "report.html", consensus="one_coin")
    assert "slips are not reckoned out: a model weighs the votes." in html.unescape(out.read_text())


def test_a_model_of_any_name_is_shown_as_text(tmp_path):
    audit = answer(set_up(tmp_path / "a", budget=60))
    audit.compare(models((EVIL, "other " + EVIL, "third")))
    page = audit.report(tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_same_audit_gives_the_same_bytes(checked, tmp_path):
    audit, _ = checked
    first, second = (audit.report(tmp_path / f"{i}.html").read_bytes() for i in range(2))
    assert first == second
