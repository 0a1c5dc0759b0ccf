"""`find` on what models answer: models as voters, from the door to the release."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import errata
from audits import CLASSES, cast, small_audit, small_set
from errata.audit import Audit
from errata.core.crowd import models_as_voters
from errata.errors import (
    ErrataWarning,
    InputError,
    LabelError,
    NameUnknownError,
    PredictionError,
)
from helpers import run_errata

LABELS = small_set()[0]


def small_answers(models=5):
    """Return answers of models to `small_set`, right on wrong labels, wrong on some others."""
    rng = np.random.default_rng(3)
    truth = np.arange(60) % 3
    errs = 0.15 * (truth == LABELS)
    return {
        f"model {k}": np.where(rng.random(60) < errs, rng.integers(0, 3, 60), truth)
        for k in range(models)
    }


ANSWERS = small_answers()
WRONG = list(range(8))


# ---------------------------------------------------------------- errata.find


@st.composite
def polls(draw):
    """Return labels and answers of three or four models, few of each, so that ties abound."""
    n, models = draw(st.integers(1, 8)), draw(st.integers(3, 4))
    row = st.lists(st.integers(0, 2), min_size=models + 1, max_size=models + 1)
    table = np.array(draw(st.lists(row, min_size=n, max_size=n)))
    return table[:, 0], {f"model {k}": table[:, k + 1] for k in range(models)}


@pytest.mark.filterwarnings("ignore::errata.errors.ErrataWarning")
@settings(max_examples=60)
@given(polls(), st.booleans())
def test_flagged_are_those_that_the_voters_doubt_worst_first(poll, several):
    labels, answers = poll
    voters = models_as_voters(np.stack([*answers.values()], axis=1), labels, 3)
    if several:  # more answers than one: the first is the vote
        answers = {k: np.stack([one, (one + 1) % 3], axis=1) for k, one in answers.items()}
    found = errata.find(labels, predictions=answers, n_classes=3)
    wanted = sorted(np.flatnonzero(voters.doubted), key=lambda i: (voters.right[i], i))
    assert found.indices.tolist() == wanted
    np.testing.assert_array_equal(found.scores, voters.right[found.indices])
    np.testing.assert_array_equal(found.suggested, voters.rival[found.indices])
    np.testing.assert_array_equal(found.given, labels[found.indices])
    np.testing.assert_array_equal(found.self_confidence, voters.right)
    assert found.rules == (("crowd",),) * len(found)
    assert (found.rule, found.score, found.compat) == ("crowd", "crowd", None)
    assert found.estimated_errors == round(voters.wrong.sum())
    assert found.confident_joint.sum(axis=1).tolist() == found.label_counts.tolist()
    off = found.confident_joint.sum() - np.trace(found.confident_joint)
    assert off == len(found)
    for k in range(3):
        mean = voters.right[labels == k].mean() if (labels == k).any() else np.inf
        assert found.thresholds[k] == pytest.approx(mean)


@pytest.mark.filterwarnings("ignore::errata.errors.ErrataWarning")
@settings(max_examples=60)
@given(polls(), st.data())
def test_a_count_takes_exactly_that_many_of_the_worst_that_have_a_rival(poll, data):
    labels, answers = poll
    voters = models_as_voters(np.stack([*answers.values()], axis=1), labels, 3)
    disputed = np.flatnonzero(voters.rival >= 0)
    count = data.draw(st.integers(1, len(labels) + 1))
    if count > len(disputed):
        with pytest.raises(InputError, match=f"count is {count}, but of {len(disputed)} examples"):
            errata.find(labels, predictions=answers, n_classes=3, count=count)
        return
    found = errata.find(labels, predictions=answers, n_classes=3, count=count)
    wanted = sorted(disputed, key=lambda i: (voters.right[i], i))[:count]
    assert found.indices.tolist() == wanted
    assert (found.suggested != found.given).all()


@pytest.mark.filterwarnings("ignore:These give the same answer")
def test_ids_settle_ties_and_names_will_do(tmp_path):
    labels = ["dog", "dog", "cat", "cat", "dog", "cat"]
    answers = {
        name: ["cat", "cat", "cat", "cat", "dog", other]
        for name, other in (("a", "dog"), ("b", "cat"), ("c", "cat"))
    }
    options = {"predictions": answers, "classes": ["cat", "dog"], "count": 2}
    assert errata.find(labels, **options).indices.tolist() == [0, 1]
    assert errata.find(labels, **options, ids=list("zyxwvu")).indices.tolist() == [1, 0]


def test_rows_of_a_table_are_joined_by_id_and_labels_may_be_a_column(tmp_path):
    ids = [f"pet {i}" for i in range(60)]
    rows = [",".join([ids[i], *(CLASSES[a[i]] for a in ANSWERS.values())]) for i in range(60)]
    (tmp_path / "answers.csv").write_text("\n".join([",".join(["id", *ANSWERS]), *rows[::-1]]))
    (tmp_path / "labels.csv").write_text("\n".join(["label", *(CLASSES[k] for k in LABELS)]))
    by_id = errata.find(
        tmp_path / "labels.csv", predictions=tmp_path / "answers.csv", classes=CLASSES, ids=ids
    )
    plain = errata.find(LABELS, predictions=ANSWERS, n_classes=3)
    assert by_id.indices.tolist() == plain.indices.tolist()
    assert sorted(plain.indices.tolist()) == WRONG
    np.testing.assert_array_equal(plain.suggested, plain.indices % 3)


def test_the_score_of_every_example_can_be_written(tmp_path):
    found = errata.find(LABELS, predictions=ANSWERS, n_classes=3, scores_out=tmp_path / "s.npy")
    written = np.load(tmp_path / "s.npy")
    np.testing.assert_array_equal(written, found.self_confidence.astype(np.float32))


def test_a_file_of_labels_among_the_models_is_told():
    with pytest.warns(ErrataWarning, match="answer the given label of every example.*: copy. If"):
        found = errata.find(LABELS, predictions=ANSWERS | {"copy": LABELS}, n_classes=3)
    assert "take them out" in found.warnings[0]


def test_copies_of_a_model_are_told_and_as_how_many_voters_all_count():
    copies = {"twin": ANSWERS["model 0"], "triplet": ANSWERS["model 0"], "two": ANSWERS["model 1"]}
    said = "same answer to every example, so they count as one voter: model 0, twin, triplet; and"
    with pytest.warns(ErrataWarning, match=said):
        found = errata.find(LABELS, predictions=ANSWERS | copies, n_classes=3)
    table = np.stack([*(ANSWERS | copies).values()], axis=1)
    count = models_as_voters(table, LABELS, 3).weights.sum()
    (told,) = found.warnings
    assert f"and these: model 1, two. All 8 models count as {count:.1f} voters" in told
    assert not errata.find(LABELS, predictions=ANSWERS, n_classes=3).warnings


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"probs": small_set()[1]}, InputError, "With predictions, models vote: probs cannot be"),
        ({"rule": "argmax", "score": "self_confidence"}, InputError, "vote: rule, score cannot"),
        ({"compat": "cleanlab"}, InputError, "models vote: compat cannot be chosen"),
        ({"normalize": True, "resume": "x"}, InputError, "vote: normalize, resume cannot"),
        ({"engine": errata.LocalEngine(), "threads": 2}, InputError, "vote: engine, threads"),
        ({"n_classes": None}, InputError, "do not tell how many classes .*--n-classes 10"),
        ({"n_classes": 1}, InputError, "There are 1 classes, where 2 or more"),
        ({"classes": ["a", "b"]}, InputError, "n_classes is 3, but there are 2 class names"),
        ({"n_classes": 2}, LabelError, "is 2, but there are 2 classes, so labels run from 0 to 1"),
        ({"predictions": small_answers(2)}, PredictionError, "of 2 models .model 0, model 1."),
        ({"predictions": small_answers(1)}, PredictionError, "of 1 model .model 0., but 3 or more"),
        ({"predictions": "nowhere"}, errata.FileError, "nowhere does not exist"),
        ({"count": 0}, InputError, "count is 0"),
        ({"count": 60}, InputError, "count is 60, but of .* examples alone any model answers"),
    ],
)  # fmt: skip
def test_what_does_not_go_with_votes_gets_a_sentence(options, error, message):
    with pytest.raises(error, match=message):
        errata.find(LABELS, **{"predictions": ANSWERS, "n_classes": 3, **options})


def test_the_score_of_a_crowd_needs_answers():
    with pytest.raises(InputError, match="'crowd' is that of models as voters: give predictions"):
        errata.find(*small_set(), score="crowd")
    with pytest.raises(NameUnknownError, match="no rule 'crowd'"):
        errata.find(*small_set(), rule="crowd")


# ---------------------------------------------------------------- an audit


@pytest.fixture
def voted(tmp_path):
    audit = Audit.create(tmp_path / "pets.audit", labels=LABELS, classes=CLASSES)
    np.savez(tmp_path / "answers.npz", **ANSWERS)
    audit.find(predictions=tmp_path / "answers.npz")
    return audit


def test_an_audit_keeps_what_voted_and_goes_all_the_way(voted, tmp_path):
    (kept,) = (voted.path / "predictions").iterdir()
    assert voted.plan(votes=1, threshold=1).candidates == 8
    for example in WRONG:
        cast(voted, example, "s")
    assert voted.verdicts(threshold=1).counts["correctable"] == 8
    told = str(voted.why(3))
    assert "rank" in told
    assert "by rule 'crowd', crowd 0." in told
    assert "by 5 models as voters" in told
    assert "thresholds" not in told
    made = voted.release(tmp_path / "release")
    (plan,) = json.loads((made.path / "manifest.json").read_text())["settings"]["plans"]
    assert plan["find"]["flagger"] == "5 models as voters"
    assert plan["find"]["settings"]["models"] == [*ANSWERS]
    digest = plan["find"]["settings"]["predictions"]["sha256"]
    assert kept.name == f"{digest[:12]}.npz"
    assert "one model's probabilities" not in (made.path / "README.md").read_text()
    assert "5 models as voters" in (made.path / "README.md").read_text()
    page = voted.report(tmp_path / "report.html").read_text()
    assert f"SHA-256 {digest}" in page
    # the models that voted are not compared because of it
    assert "model 0 leads" not in page


def test_the_same_answers_are_kept_once_by_find_and_compare(voted, tmp_path):
    voted.plan(votes=1, threshold=1)
    with pytest.warns(ErrataWarning, match="of the models voted for what `find --predictions`"):
        compared = voted.compare(tmp_path / "answers.npz")
    assert compared.kinship.voters == tuple(ANSWERS)
    assert compared.kinship.sentence().startswith(
        f"All {len(ANSWERS)} models voted for what was flagged, and corrections favour them over "
    )
    voted.find(predictions=ANSWERS, flagger="the leaderboard", count=3)
    assert len([*(voted.path / "predictions").iterdir()]) == 1


def test_who_voted_where_chance_alone_chose_is_not_said_to_be_favoured(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find(rule="argmax")
    audit.plan(votes=1, threshold=1)
    audit.find(predictions=ANSWERS, count=3)
    assert audit.plan(votes=1, threshold=1).added == 0, "all were planned before"
    assert audit.plan(goal="rate", budget=20, votes=1, threshold=1).added
    assert audit.compare(ANSWERS).kinship.voters == ()


def test_the_surest_by_votes_are_exemplars(voted):
    voted.plan()
    assert all(LABELS[one] == 1 for one in voted.exemplars(1, count=3))


def test_probabilities_stay_what_shortlists_and_crowdlab_look_at(tmp_path):
    audit = small_audit(tmp_path / "both.audit")
    audit.find()
    audit.find(predictions=ANSWERS)
    audit.plan(votes=2, threshold=2, question="choice", options=2)
    pair = small_audit(tmp_path / "pairs.audit")
    pair.find()
    pair.find(predictions=ANSWERS)
    pair.plan(votes=2, threshold=2)
    for example in WRONG:
        cast(pair, example, "ss")
    assert pair.verdicts(consensus="crowdlab").counts["correctable"] == 8


def test_an_audit_of_sets_of_labels_cannot_be_voted_on(tmp_path):
    audit = Audit.create(tmp_path / "a", labels=[[0], [0, 1]], classes=["cat", "dog"])
    with pytest.raises(InputError, match="holds sets of labels, and a model that votes answers"):
        audit.find(predictions={"a": [0, 1]})


@pytest.mark.filterwarnings("ignore:These give the same answer")
def test_two_answers_an_example_of_two_classes_are_told_apart_from_marks(tmp_path):
    audit = Audit.create(tmp_path / "a", labels=[0, 1, 0, 1, 0], classes=["cat", "dog"])
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6], [0.8, 0.2]])
    found = audit.find(predictions={"a": probs, "b": probs, "c": probs}, count=1)
    assert found.indices.tolist() == [2]


# ---------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "labels.npy", LABELS)
    (tmp_path / "names.json").write_text(json.dumps(CLASSES))
    models = tmp_path / "models"
    models.mkdir()
    for name, answers in ANSWERS.items():
        np.save(models / f"{name}.npy", answers)
    return tmp_path


def test_the_command_takes_files(folder):
    words = ("find", "--labels", "labels.npy", "--predictions", "models")
    result = run_errata(*words, "--n-classes", "3", "--format", "json", "--quiet", cwd=folder)
    found = errata.find(LABELS, predictions=ANSWERS, n_classes=3)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == json.loads(json.dumps(found.to_dict()))
    shown = run_errata(*words, "--classes", "names.json", cwd=folder)
    assert "8 of 60 labels (13.33%) are flagged by rule 'crowd'" in shown.stderr


def test_the_command_takes_an_audit(folder):
    def errata_(*words):
        result = run_errata(*words, cwd=folder)
        assert result.returncode == 0, result.stderr
        return result

    errata_("init", "pets.audit", "--labels", "labels.npy", "--classes", "names.json")
    result = errata_("find", "pets.audit", "--predictions", "models", "--count", "5")
    assert "5 of 60 labels" in result.stderr
    assert "Next: errata plan pets.audit" in result.stderr
    assert "5 models as voters" in errata_("why", "pets.audit", str(worst())).stdout


def worst():
    return errata.find(LABELS, predictions=ANSWERS, n_classes=3).indices[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--labels", "labels.npy", "--probs", "p.npy", "--predictions", "models"],
         "--probs and --predictions are two ways to look at labels"),
        (["--predictions", "models"], "Give either an audit or two arrays"),
        (["--labels", "labels.npy"], "--predictions takes what several models answer"),
        (["--labels", "labels.npy", "--predictions", "models"], "such as 10 (--n-classes 10)"),
        (["--labels", "labels.npy", "--predictions", "models", "--n-classes", "3", "--rule",
          "class"], "models vote: rule cannot be chosen"),
        (["--labels", "labels.npy", "--predictions", "models", "--multilabel"],
         "nor with --predictions"),
    ],
)  # fmt: skip
def test_the_command_says_what_does_not_go_together(folder, words, message):
    result = run_errata("find", *words, cwd=folder)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())
