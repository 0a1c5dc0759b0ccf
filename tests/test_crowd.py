"""Verdicts by models of the crowd: the models' own, on the votes and probabilities of the audit."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

import label_sets
from audits import CLASSES, planned_audit, small_audit, small_set
from crowds import coins, simulated
from errata.cli.app import app
from errata.core.aggregation import dawid_skene, glad, one_coin
from errata.core.consensus import VERDICTS, VOTED, posterior_verdict_codes, verdict_codes
from errata.core.crowdlab import answer_probs, crowdlab
from errata.errors import AuditError, InputError, NameUnknownError, VoteError

FITTED = {"one_coin": one_coin, "dawid_skene": dawid_skene, "glad": glad}
MODELS = (*FITTED, "crowdlab")


def votes_of(audit, names, said):
    """Return votes: ``said[name]`` are the answers to the candidates, by their first letters."""
    words = {word[0]: word for word in VOTED}
    asked = [question.example for question in audit.questions()]
    return [
        {
            "index": example,
            "reviewer": name,
            "answer": words[letter],
            **({"said": "can't tell"} if letter == "o" else {}),
        }
        for name in names
        for example, letter in zip(asked, said[name], strict=False)
    ]


SAID = {
    "ann": "ssssbnso",
    "bob": "ssssbnsg",
    "cid": "ssgsbnsg",
    "dan": "gggggggg",
    "eve": "gggggggg",
}
"""Three who look, and two who always say "given"."""


@pytest.fixture
def audit(tmp_path):
    audit = planned_audit(tmp_path / "audit")
    audit.add_votes(votes_of(audit, SAID, SAID))
    return audit


def arrays_of(audit):
    """Return the votes as arrays, put together from what anybody can ask the audit for."""
    asked = [question.example for question in audit.questions()]
    votes = audit.votes()
    names = list(dict.fromkeys(vote.reviewer for vote in votes))
    return (
        np.array([asked.index(vote.example) for vote in votes]),
        np.array([names.index(vote.reviewer) for vote in votes]),
        np.array([VOTED.index(vote.answer) for vote in votes]),
    )


def posterior_by_hand(audit, name):
    if name != "crowdlab":
        return FITTED[name](*arrays_of(audit), n_items=8, n_answers=5).posterior
    _, probs = small_set()
    questions = audit.questions()
    mapped = np.zeros((8, 5))
    for place, question in enumerate(questions):
        row = probs[question.example]
        given, suggested = question.given_classes[0], question.suggested_classes[0]
        mapped[place, [0, 1]] = row[given], row[suggested]
        mapped[place, 3] = 1 - row[given] - row[suggested]
    return crowdlab(*arrays_of(audit), mapped).posterior


@pytest.mark.parametrize("name", MODELS)
def test_verdicts_by_a_model_are_those_of_its_posterior(audit, name):
    found = audit.verdicts(consensus=name, least=0.6)
    posterior = posterior_by_hand(audit, name)
    np.testing.assert_allclose(found.model.posterior, posterior, atol=1e-12)
    np.testing.assert_array_equal(found.codes, posterior_verdict_codes(posterior, 0.6))
    assert found.threshold is None
    assert found.model.consensus == name
    assert f"0.6 or more by the model {name}" in repr(found)


def test_a_model_sees_who_does_not_look(audit):
    counted = dict(zip(audit.verdicts().examples.tolist(), audit.verdicts().names, strict=True))
    weighed = audit.verdicts(consensus="one_coin")
    third = audit.questions()[2].example  # two say it is wrong, one who looks and two who do not
    assert counted[third] == "non_error"
    assert dict(zip(weighed.examples.tolist(), weighed.names, strict=True))[third] == "correctable"


def test_counting_stays_what_it_was(audit):
    plain, named = audit.verdicts(), audit.verdicts(consensus="threshold")
    assert plain.to_dict() == named.to_dict()
    assert {"consensus", "least"}.isdisjoint(plain.to_dict())
    assert plain.model is None
    assert not any(column.startswith("p_") for column in plain.columns)


def test_what_a_model_is_not_sure_of_is_open_while_votes_are_wanted(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=2, threshold=2)
    names = ("ann", "bob")
    audit.add_votes(votes_of(audit, names, {"ann": "ssss", "bob": "ssg"}))
    found = audit.verdicts(consensus="one_coin", least=0.97)
    assert found.names[2] == "non_agreement"  # both have answered, and differ
    assert found.names[3] == "open"  # one more is wanted
    assert found.open == 1
    assert found.unreviewed == 4


def test_where_asking_has_stopped_nothing_is_open(tmp_path):
    audit = planned_audit(tmp_path / "a", stopping="exact", full_share=0)
    names = ("ann", "bob", "cid")
    audit.add_votes(votes_of(audit, names, dict.fromkeys(names, "ssssssss")))
    found = audit.verdicts(consensus="crowdlab", least=1)
    assert set(found.names) == {"non_agreement"}


def test_a_fit_that_did_not_settle_is_told(audit, monkeypatch):
    from errata import crowd

    def hasty(*votes, **options):
        return one_coin(*votes, **options, max_iterations=1)

    monkeypatch.setattr(crowd, "_FITTED", {"one_coin": hasty})
    assert "had not settled after 1 steps" in audit.verdicts(consensus="one_coin").notices[-1]


# ---------------------------------------------------------------- CROWDLAB


def test_crowdlab_takes_the_probabilities_of_the_newest_run(tmp_path, audit):
    before = audit.verdicts(consensus="crowdlab")
    audit.add_candidates([{"index": 50, "suggested": CLASSES[1]}], flagger="me")  # no run of find
    after = audit.verdicts(consensus="crowdlab")
    np.testing.assert_array_equal(before.model.posterior, after.model.posterior)
    with audit._db.read() as db:
        from errata.store import records

        assert after.model.probabilities == (records.array(db, "probs")["sha256"],)


def test_how_much_the_model_weighs_is_said_with_the_verdicts(tmp_path, audit):
    said = audit.verdicts(consensus="crowdlab").notices[-1]
    assert re.search(r"a model's probabilities vote along, with the weight of [\d,.]+ review", said)
    audit.release(tmp_path / "out", consensus="crowdlab")
    assert json.loads((tmp_path / "out/manifest.json").read_text())["notices"][-1] == said


def test_answers_are_as_probable_as_the_classes_they_stand_for():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(6), 50).astype(np.float32) * 2  # find(normalize=True)
    given, suggested = rng.integers(0, 6, (2, 50))
    found = answer_probs(probs, given, suggested)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert not found[:, [2, 4]].any()
    for row in range(50):
        share = probs[row] / probs[row].sum()
        assert found[row, 0] == pytest.approx(share[given[row]])
        others = [c for c in range(6) if c not in (given[row], suggested[row])]
        assert found[row, 3] == pytest.approx(share[others].sum())


def test_without_probabilities_crowdlab_says_what_to_do(tmp_path):
    labels, _ = small_set()
    audit = small_audit(tmp_path / "a", labels=labels, probs=None)
    audit.add_candidates([{"index": 0, "suggested": "fox"}], flagger="me")
    audit.plan()
    audit.add_votes([{"index": 0, "reviewer": "ann", "answer": "given"}])
    with pytest.raises(AuditError, match="`find` has not run .* one_coin"):
        audit.verdicts(consensus="crowdlab")


def test_crowdlab_with_single_votes_has_nothing_to_compare(tmp_path):
    audit = planned_audit(tmp_path / "a")
    audit.add_votes(votes_of(audit, ["ann"], SAID))
    with pytest.raises(VoteError, match="None of 8 items has two votes"):
        audit.verdicts(consensus="crowdlab")


# ---------------------------------------------------------------- what makes no sense


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"consensus": "one-coin"}, NameUnknownError, "Did you mean 'one_coin'"),
        ({"consensus": "glad", "threshold": 3}, InputError, "glad counts none"),
        ({"consensus": "glad", "least": 0.0}, InputError, "least is 0.0"),
        ({"consensus": "glad", "least": 1.1}, InputError, "least is 1.1"),
        ({"least": 0.9}, InputError, "votes are counted here"),
        ({"threshold": 0}, InputError, "threshold is 0, but it counts things"),
    ],
)
@pytest.mark.parametrize("verb", ["verdicts", "release", "report", "compare"])
def test_a_consensus_that_cannot_be_is_refused(tmp_path, audit, verb, options, error, message):
    first = {
        "verdicts": (),
        "release": (tmp_path / "out",),
        "report": (tmp_path / "out.html",),
        "compare": ({"m": np.zeros(60, int)},),
    }[verb]
    with pytest.raises(error, match=message):
        getattr(audit, verb)(*first, **options)


def test_where_examples_have_several_labels_votes_are_counted(tmp_path):
    audit = label_sets.sounds(tmp_path / "a")
    label_sets.tick(audit, 0, "d", "d")
    with pytest.raises(InputError, match="may have several labels here"):
        audit.verdicts(consensus="one_coin")


# ---------------------------------------------------------------- and on


def test_a_release_says_which_model_made_its_verdicts(tmp_path, audit):
    audit.release(tmp_path / "counted")
    audit.release(tmp_path / "weighed", consensus="crowdlab")
    counted, weighed = (
        json.loads((tmp_path / name / "manifest.json").read_text())
        for name in ("counted", "weighed")
    )
    assert (counted["default"], weighed["default"]) == ("threshold-3", "model")
    assert "model" not in counted["labels"]
    made = weighed["labels"]["model"]
    assert (made["threshold"], made["consensus"], made["least"]) == (None, "crowdlab", 0.5)
    assert made["probabilities"] == [weighed["inputs"]["probs"]["sha256"]]
    verdicts = audit.verdicts(consensus="crowdlab")
    assert made["counts"]["correctable"] == verdicts.counts["correctable"]
    assert weighed["labels"]["threshold-3"] == counted["labels"]["threshold-3"]
    readme = (tmp_path / "weighed/README.md").read_text()
    assert "needs a probability of 0.5 or more by the model crowdlab." in readme


def test_models_are_compared_on_the_labels_of_the_same_verdicts(audit):
    truth = np.arange(60) % 3
    weighed = audit.compare({"m": truth}, consensus="one_coin")
    counts = audit.verdicts(consensus="one_coin").counts
    assert weighed.sizes["C"] == counts["correctable"]


def test_a_report_says_what_a_verdict_takes(tmp_path, audit):
    page = audit.report(tmp_path / "r.html", consensus="one_coin").read_text()
    assert "a verdict takes a probability of 0.9 or more by the model one_coin." in page


def test_the_command_tells_the_probabilities(audit):
    words = ["verdicts", str(audit.path), "--consensus", "one_coin", "--least", "0.8"]
    head, first, *_ = CliRunner().invoke(app, [*words, "--format", "csv"]).stdout.splitlines()
    row = dict(zip(head.split(","), first.split(","), strict=True))
    assert row["verdict"] in VERDICTS
    assert sum(float(row[f"p_{answer}"]) for answer in VOTED) == pytest.approx(1)
    found = json.loads(CliRunner().invoke(app, [*words, "--format", "json"]).stdout)
    assert (found["consensus"], found["least"]) == ("one_coin", 0.8)


def test_reviewers_are_told_by_name_on_the_screen_and_by_pseudonym_elsewhere(audit):
    words = ["reviewers", str(audit.path)]
    table = CliRunner().invoke(app, words)
    assert "eve" in table.stdout
    assert "alpha = " in table.stderr
    found = json.loads(CliRunner().invoke(app, [*words, "--format", "json"]).stdout)
    assert {one["name"] for one in found["reviewers"]} == {
        one.name for one in audit.reviewers(names=False)
    }
    assert found["agreement"]["items"] == 8
    csv = CliRunner().invoke(app, [*words, "--format", "csv", "--names"]).stdout
    assert sorted(line.split(",")[0] for line in csv.splitlines()[1:]) == sorted(SAID)


def test_one_coin_decides_more_than_three_votes_of_five_and_errs_less():
    rates = np.random.default_rng(1).uniform(0.45, 0.95, 40)
    shares = [0.35, 0.45, 0.08, 0.1, 0.02]
    truth, items, reviewers, answers = simulated(1, coins(rates, 5), 2000, 5, shares)
    table = np.zeros((2000, 5), int)
    np.add.at(table, (items, answers), 1)
    counted = verdict_codes(table, 3)
    weighed = posterior_verdict_codes(one_coin(items, reviewers, answers).posterior, 0.9)
    (few, less), (more, better) = (
        ((codes < 4).mean(), (codes == truth)[codes < 4].mean()) for codes in (counted, weighed)
    )
    print(f"counted {few:.3f} {less:.3f}, weighed {more:.3f} {better:.3f}")  # noqa: T201
    assert few < more
    assert less < better
