"""`find_multilabel`: a slow oracle, its laws, cleanlab's flags, and real pixels."""

import json
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import errata
from errata import MultilabelFindings, multilabel
from errata.errors import LabelError, NameUnknownError, ProbabilityError
from errata.finding import COMPATS, RULES, SCORES
from helpers import require
from oracle import find_by_hand


@st.composite
def audits(draw, max_n=16):
    """Draw label sets, empty ones too, and probabilities in eighths, so that ties are common."""
    n, m = draw(st.integers(1, max_n)), draw(st.integers(2, 5))
    labels = draw(hnp.arrays(bool, (n, m)))
    eighths = draw(hnp.arrays(np.int64, (n, m), elements=st.integers(0, 8)))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    return labels, (eighths / 8).astype(dtype)


def quiet_find(*args, **kwargs) -> MultilabelFindings:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errata.ErrataWarning)
        return errata.find_multilabel(*args, **kwargs)


def as_bytes(findings: MultilabelFindings) -> dict[str, object]:
    values = {field.name: getattr(findings, field.name) for field in fields(findings)}
    return {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in values.items()}


def flagged_by(labels, probs, rule, **options) -> np.ndarray:
    mask = np.zeros(len(labels), bool)
    mask[quiet_find(labels, probs, rule=rule, **options).indices] = True
    return mask


# ---------------------------------------------------------------- a slow, separate oracle


def averaged(scores):
    """Return the moving average of one example's scores, from the best to the worst."""
    falling = sorted(scores, reverse=True)
    average = falling[0]
    for score in falling[1:]:
        average = 0.8 * score + (1 - 0.8) * average
    return average


@given(audits(), st.sampled_from(RULES))
def test_find_is_one_label_against_the_rest_for_each(audit, rule):
    labels, probs = audit
    found = quiet_find(labels, probs, rule=rule)
    n, m = labels.shape
    wide = probs.astype(float)
    each = [
        find_by_hand(labels[:, k].astype(int), np.stack([1 - wide[:, k], wide[:, k]], axis=1))
        for k in range(m)
    ]
    assert found.to_dict()["thresholds"] == [one.thresholds for one in each]
    assert found.confident_joint.tolist() == [one.confident_joint for one in each]
    assert found.estimated_errors == sum(one.estimated_errors for one in each)
    margins = [[each[k].margins[i] for k in range(m)] for i in range(n)]
    wrong = {name: {(i, k) for k in range(m) for i in each[k].flagged[name]} for name in RULES}
    expected = sorted({i for i, _ in wrong[rule]}, key=lambda i: (averaged(margins[i]), i))
    assert found.indices.tolist() == expected
    assert found.scores.tolist() == [averaged(margins[i]) for i in expected]
    for place, i in enumerate(expected):
        assert found.given[place].tolist() == labels[i].tolist()
        turned = [bool(labels[i, k]) ^ ((i, k) in wrong[rule]) for k in range(m)]
        assert found.suggested[place].tolist() == turned
        assert found.rules[place] == tuple(
            name for name in RULES if any(row == i for row, _ in wrong[name])
        )
    own = [(margin + 1) / 2 for margin in map(min, margins)]
    assert found.self_confidence.tolist() == own
    assert found.label_counts.tolist() == labels.sum(axis=0).tolist()


# ---------------------------------------------------------------- laws

CALLS = st.fixed_dictionaries(
    {
        "rule": st.sampled_from(RULES),
        "score": st.sampled_from(SCORES),
        "compat": st.sampled_from([None, *COMPATS]),
    }
)


@settings(max_examples=50)
@given(audits(), CALLS, st.integers(1, 4))
def test_the_cut_into_chunks_and_columns_changes_no_byte(audit, call, columns):
    labels, probs = audit
    plain = quiet_find(labels, probs, **call)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multilabel, "_FEWEST_ROWS", 1)
        patch.setattr(multilabel, "_CHUNK_BYTES", 64)
        patch.setattr(multilabel, "_MOST_COLUMNS", columns)
        cut = quiet_find(labels, probs, **call)
    assert as_bytes(cut) == as_bytes(plain)


@settings(max_examples=50)
@given(audits(), st.sampled_from(RULES), st.sampled_from(SCORES), st.randoms())
def test_with_ids_the_order_of_the_examples_does_not_matter(audit, rule, score, random):
    labels, probs = audit
    ids = np.array([f"{k:02}" for k in random.sample(range(len(labels)), len(labels))])
    moved = np.array(random.sample(range(len(labels)), len(labels)))
    plain = quiet_find(labels, probs, rule=rule, score=score, ids=ids)
    other = quiet_find(labels[moved], probs[moved], rule=rule, score=score, ids=ids[moved])
    assert moved[other.indices].tolist() == plain.indices.tolist()
    alike = ("scores", "given", "suggested", "thresholds", "confident_joint")
    for name in alike:
        assert getattr(other, name).tobytes() == getattr(plain, name).tobytes(), name
    assert other.rules == plain.rules


@settings(max_examples=50)
@given(audits(), st.sampled_from(RULES), st.sampled_from(SCORES), st.randoms())
def test_the_order_of_the_classes_does_not_matter(audit, rule, score, random):
    labels, probs = audit
    moved = np.array(random.sample(range(labels.shape[1]), labels.shape[1]))
    plain = quiet_find(labels, probs, rule=rule, score=score)
    other = quiet_find(labels[:, moved], probs[:, moved], rule=rule, score=score)
    assert other.indices.tolist() == plain.indices.tolist()
    assert other.scores.tobytes() == plain.scores.tobytes()
    assert other.suggested.tolist() == plain.suggested[:, moved].tolist()
    assert other.thresholds.tolist() == plain.thresholds[moved].tolist()


@given(audits(), st.integers(0, 99), st.sampled_from(RULES), st.sampled_from(SCORES))
def test_the_type_of_the_numbers_loses_nothing_of_1_minus_p(audit, seed, rule, score):
    labels, _ = audit
    probs = np.random.default_rng(seed).beta(0.1, 0.3, labels.shape)
    for dtype in (np.float16, np.float32):
        narrow = quiet_find(labels, probs.astype(dtype), rule=rule, score=score)
        wide = quiet_find(labels, probs.astype(dtype).astype(float), rule=rule, score=score)
        assert as_bytes(narrow) == as_bytes(wide)


@given(audits(), CALLS)
def test_what_is_suggested_differs_from_what_is_given(audit, call):
    found = quiet_find(*audit, **call)
    assert (found.suggested != found.given).any(axis=1).all()
    assert np.all(np.diff(found.scores) >= 0)


@settings(max_examples=50)
@given(audits(), CALLS)
def test_lists_names_and_files_are_the_same_labels(tmp_path_factory, audit, call):
    labels, probs = audit
    folder = tmp_path_factory.mktemp("labels")
    names = [f"c{k}" for k in range(labels.shape[1])]
    sets = [[names[k] for k in np.flatnonzero(row)] for row in labels]
    (folder / "labels.json").write_text(json.dumps(sets))
    np.save(folder / "probs.npy", probs)
    plain = quiet_find(labels, probs, classes=names, **call)
    for found in (
        quiet_find(sets, probs, classes=names, **call),
        quiet_find(folder / "labels.json", folder / "probs.npy", classes=names, **call),
    ):
        assert as_bytes(found) == as_bytes(plain)


@settings(max_examples=50)
@given(audits(), CALLS)
def test_the_result_is_plain_json_and_reads_well(audit, call):
    found = quiet_find(*audit, **call)
    payload = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert payload == found.to_dict()
    assert len(payload["flagged"]) == len(found)
    for row, given_labels in zip(payload["flagged"], found.given, strict=True):
        assert row["given"] == np.flatnonzero(given_labels).tolist()
    assert repr(found).startswith(f"MultilabelFindings: {len(found)} of {found.n} examples")
    np.testing.assert_allclose(found.joint.sum(axis=(1, 2)), 1)


def test_nothing_is_flagged_where_nothing_is_wrong():
    labels = np.eye(3, dtype=bool)[[0, 1, 2, 0]]
    for rule in RULES:
        found = errata.find_multilabel(labels, np.where(labels, 0.75, 0.25), rule=rule)
        assert len(found) == 0
        assert found.suggested.shape == (0, 3)
        assert repr(found).count("\n") == 0


def test_the_result_says_in_words_what_it_suggests():
    labels = [["cat", "dog"], [], ["cat"], ["dog"], ["cat"], ["cat", "dog"], []]
    probs = [[0.9, 0.1], [0.1, 0.2], [0.8, 0.1], [0.2, 0.9], [0.1, 0.1], [0.8, 0.9], [0.1, 0.9]]
    found = errata.find_multilabel(labels, probs, classes=["cat", "dog"], rule="argmax")
    lines = repr(found).splitlines()
    assert "3 of 7 examples flagged by rule 'argmax'" in lines[0]
    assert lines[1].startswith("  0: {cat, dog} -> {cat}, normalized_margin -0.4800, flagged by ")
    assert lines[2].startswith("  4: {cat} -> {}, ")
    assert lines[3].startswith("  6: {} -> {dog}, ")


def test_progress_is_told_of_every_pass():
    labels = np.random.default_rng(0).random((500, 7)) < 0.3
    told = []
    quiet_find(labels, labels * 0.5 + 0.2, progress=lambda *done: told.append(done))
    assert (500, 500) in told
    assert (7, 7) in told


# ---------------------------------------------------------------- input

GOOD = np.array([[0.9, 0.2, 0.1], [0.1, 0.8, 0.3], [0.2, 0.7, 0.9], [0.8, 0.1, 0.2]])
SETS = [[0], [1], [1, 2], [0]]


def with_cell(row: int, column: int, value: float) -> np.ndarray:
    probs = GOOD.copy()
    probs[row, column] = value
    return probs


@pytest.mark.parametrize(
    ("labels", "probs", "error", "message"),
    [
        (SETS, with_cell(2, 1, np.nan), ProbabilityError, r"probs\[2\] holds NaN .*1 of 4 rows"),
        (SETS, with_cell(1, 0, np.inf), ProbabilityError, r"probs\[1\] holds NaN or infinity"),
        (SETS, with_cell(3, 2, -0.1), ProbabilityError, r"probs\[3\] .* negative .* a sigmoid"),
        (
            SETS,
            with_cell(1, 0, 2.5),
            ProbabilityError,
            r"1 of 4 rows of probs hold a number beyond 1 \(first probs\[1\].*2\.5.* a sigmoid",
        ),
        (SETS, GOOD[0], ProbabilityError, r"shape \(3,\)"),
        (SETS[:3], GOOD, LabelError, "3 labels for 4 rows .*fewer labels than rows"),
        ([0, 1, 1, 0], GOOD, LabelError, r"labels\[0\] is 0; a list .*`errata.find`"),
        ([[0], [1], [1, 3], [0]], GOOD, LabelError, r"labels\[2\] holds 3, .* 0 to 2"),
        ([["a"], [], [], []], GOOD, LabelError, r"labels\[0\] holds the string 'a'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_place(labels, probs, error, message):
    with pytest.raises(error, match=message):
        errata.find_multilabel(labels, probs)


def test_unknown_words_are_answered_with_the_nearest():
    with pytest.raises(NameUnknownError, match="no rule 'margn'. Did you mean 'margin'"):
        errata.find_multilabel(SETS, GOOD, rule="margn")
    with pytest.raises(NameUnknownError, match="no compat 'cleanlb'"):
        errata.find_multilabel(SETS, GOOD, compat="cleanlb")
    with pytest.raises(LabelError, match=r"ids\[0\] and ids\[3\] are both 'a'"):
        errata.find_multilabel(SETS, GOOD, ids=["a", "b", "c", "a"])


def test_a_hair_beyond_1_is_used_and_said():
    found = errata.find_multilabel(SETS, with_cell(0, 0, 1.000001))
    assert found.warnings == ()
    with pytest.warns(errata.ErrataWarning, match=r"probs\[0\] holds 1\.0005, a little beyond 1"):
        errata.find_multilabel(SETS, with_cell(0, 0, 1.0005))
    with pytest.raises(ProbabilityError, match=r"furthest probs\[0\], with 1\.0015\)"):
        errata.find_multilabel(SETS, with_cell(0, 0, 1.0015))


def test_classes_without_examples_are_named():
    with pytest.warns(errata.ErrataWarning, match="1 class has no examples: emu"):
        found = errata.find_multilabel(
            [[0], [1], [0, 1], []], GOOD, classes=["cat", "dog", "emu"], rule="argmax"
        )
    assert found.indices.tolist() == [2, 3]


def test_probabilities_of_a_softmax_are_recognised(monkeypatch):
    softmax = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.1, 0.5, 0.4], [0.8, 0.1, 0.1]])
    with pytest.warns(errata.ErrataWarning, match="sums to 1, .* 1 examples have several"):
        errata.find_multilabel(SETS, softmax)
    errata.find_multilabel([[0], [1], [1], [2]], softmax)  # one label each: nothing to say
    monkeypatch.setattr(multilabel, "_FEWEST_ROWS", 1)
    monkeypatch.setattr(multilabel, "_CHUNK_BYTES", 8)
    softmax[0] = 0.1  # the first of four chunks
    errata.find_multilabel(SETS, softmax)


def test_probabilities_that_look_in_sample_are_warned_of():
    labels = np.random.default_rng(0).random((200, 4)) < 0.3
    with pytest.warns(errata.ErrataWarning, match="look in-sample: .* mean probability of 0.980"):
        errata.find_multilabel(labels, np.where(labels, 0.98, 0.02))


# ---------------------------------------------------------------- cleanlab

FILTERS = {
    "margin": "low_normalized_margin",
    "noise_rate": "prune_by_noise_rate",
    "class": "prune_by_class",
    "both": "both",
    "confident": "confident_learning",
    "argmax": "predicted_neq_given",
}


@pytest.fixture(scope="module")
def cleanlab_flags():
    require("cleanlab")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what cleanlab imports warns of itself
        from cleanlab.multilabel_classification.filter import find_label_issues

    def flags(labels, probs, rule):
        sets = [np.flatnonzero(row).tolist() for row in labels]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return find_label_issues(sets, probs, filter_by=FILTERS[rule], n_jobs=1)

    return flags


def cleanlab_takes(labels, rule):
    """Tell whether cleanlab takes these: a label of all, or for `argmax` of none, it does not."""
    given_to = labels.sum(axis=0)
    return labels.any() and (given_to < len(labels)).all() and (rule != "argmax" or given_to.all())


@st.composite
def noisy_sets(draw):
    """Draw a set with noisy labels; some with ties, empty classes, examples without labels.

    Some are so certain that in float32 much is lost of 1 - p.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(2, 150)), draw(st.integers(2, 9))
    probs = rng.beta(*draw(st.sampled_from([(1, 1), (0.3, 0.6), (2, 5), (0.05, 0.1)])), (n, m))
    labels = rng.random((n, m)) < probs ** draw(st.sampled_from([0.5, 1, 2, 4]))
    labels ^= rng.random((n, m)) < draw(st.sampled_from([0, 0.2]))
    if draw(st.booleans()):
        labels[:, rng.integers(m)] = False
    if draw(st.booleans()):
        probs = np.round(probs * 8) / 8
    return labels, probs.astype(draw(st.sampled_from([np.float32, np.float64])))


@settings(max_examples=100)
@given(noisy_sets(), st.sampled_from(list(FILTERS)))
def test_flags_are_cleanlabs_bit_for_bit(cleanlab_flags, audit, rule):
    labels, probs = audit
    found = flagged_by(labels, probs, rule, compat="cleanlab")
    if cleanlab_takes(labels, rule):
        np.testing.assert_array_equal(found, cleanlab_flags(labels, probs, rule))


@settings(max_examples=50)
@given(noisy_sets())
def test_thresholds_joints_and_scores_are_cleanlabs(cleanlab_flags, audit):
    from cleanlab.count import (
        compute_confident_joint,
        get_confident_thresholds,
        num_label_issues,
    )
    from cleanlab.multilabel_classification.rank import get_label_quality_scores

    labels, probs = audit
    if not cleanlab_takes(labels, "confident"):
        return
    sets = [np.flatnonzero(row).tolist() for row in labels]
    tolerance = 1e-12 if probs.dtype == np.float64 else 1e-6
    found = quiet_find(labels, probs, rule="argmax", compat="cleanlab")
    theirs = get_confident_thresholds(sets, probs, multi_label=True)
    np.testing.assert_allclose(found.thresholds, theirs, rtol=0, atol=tolerance)
    theirs = compute_confident_joint(sets, probs, multi_label=True, calibrate=False)
    np.testing.assert_array_equal(found.confident_joint, theirs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found.estimated_errors == num_label_issues(sets, probs, multi_label=True)
    for score, method in (
        ("normalized_margin", "normalized_margin"),
        ("self_confidence", "self_confidence"),
        ("weighted_entropy", "confidence_weighted_entropy"),
    ):
        ours = quiet_find(labels, probs, rule="argmax", score=score, compat="cleanlab")
        expected = get_label_quality_scores(sets, probs, method=method)[ours.indices]
        near = 0 if score == "self_confidence" else tolerance
        np.testing.assert_allclose(ours.scores, expected, rtol=0, atol=near)


def test_cleanlab_counts_probabilities_a_millionth_below_the_threshold():
    labels = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    probs = np.array([[0.6, 0.1], [0.6 - 2e-7, 0.1], [0.1, 0.9], [0.1, 0.9]])
    plain = errata.find_multilabel(labels, probs)
    cleanlab = errata.find_multilabel(labels, probs, compat="cleanlab")
    assert plain.confident_joint[0].tolist() == [[2, 0], [0, 1]]
    assert cleanlab.confident_joint[0].tolist() == [[2, 0], [0, 2]]


def test_an_example_flagged_as_a_whole_has_its_worst_entry_turned():
    """With cleanlab's low_normalized_margin, which counts examples and looks at their scores.

    Example 0 has one entry that is confidently wrong, and good ones beside it; the entries of
    example 1 are all uncertain, none confidently wrong.
    """
    labels = np.zeros((8, 3), bool)
    labels[4:] = True
    probs = np.where(labels, 0.9, 0.1)
    probs[0, 1], probs[1] = 0.9, [0.76, 0.76, 0.77]
    call = {"compat": "cleanlab", "score": "self_confidence"}
    confident = errata.find_multilabel(labels, probs, rule="confident", **call)
    assert confident.indices.tolist() == [0]
    assert confident.suggested.tolist() == [[False, True, False]]
    whole = errata.find_multilabel(labels, probs, rule="margin", **call)
    assert whole.indices.tolist() == [1]
    assert whole.suggested.tolist() == [[False, False, True]]
    assert whole.rules == (("margin", "argmax"),)


# ---------------------------------------------------------------- sets with planted errors


def flip(truth: np.ndarray, share: float) -> np.ndarray:
    return truth ^ (np.random.default_rng(1).random(truth.shape) < share)


def out_of_sample(features: np.ndarray, labels: np.ndarray, strength: float) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.multiclass import OneVsRestClassifier

    return cross_val_predict(
        OneVsRestClassifier(LogisticRegression(C=strength, max_iter=300)),
        features,
        labels.astype(int),
        cv=KFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )


def recovered(truth, labels, found) -> tuple[float, float, float]:
    """Return precision and recall of the flagged examples, and recall of the turned entries."""
    wrong = truth != labels
    hits = wrong[found.indices].any(axis=1)
    turned = found.given != found.suggested
    return (
        hits.mean(),
        hits.sum() / wrong.any(axis=1).sum(),
        (turned & wrong[found.indices]).sum() / wrong.sum(),
    )


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return features of pictures of two or three digits side by side, and which digits they show.

    The features are the pixels of each digit, seen through a kernel, and summed.
    """
    from sklearn.datasets import load_digits
    from sklearn.kernel_approximation import Nystroem

    single = load_digits()
    rng, n = np.random.default_rng(0), 1200
    shown = rng.integers(0, len(single.data), (n, 3))
    is_shown = np.stack([np.ones(n, bool), np.ones(n, bool), rng.random(n) < 0.5], axis=1)
    truth = np.zeros((n, 10), bool)
    row, place = np.nonzero(is_shown)
    truth[row, single.target[shown[row, place]]] = True
    kernel = Nystroem(gamma=0.3, n_components=200, random_state=0)
    features = kernel.fit_transform(single.data / 16)[shown]
    return (features * is_shown[:, :, None]).sum(axis=1), truth


def test_most_wrong_labels_of_digits_side_by_side_are_found(digits):
    features, truth = digits
    labels = flip(truth, 0.05)
    found = errata.find_multilabel(labels, out_of_sample(features, labels, 10))
    precision, recall, entries = recovered(truth, labels, found)
    assert precision > 0.8
    assert recall > 0.85
    assert entries > 0.8
    assert found.estimated_errors == pytest.approx((truth != labels).sum(), rel=0.25)
    right = (truth[found.indices] == found.suggested).all(axis=1)
    assert right.mean() > 0.6


def test_most_wrong_labels_of_a_generated_set_are_found():
    from sklearn.datasets import make_multilabel_classification

    features, truth = make_multilabel_classification(
        1500, n_features=100, n_classes=6, n_labels=2, length=300, random_state=0
    )
    labels = flip(truth.astype(bool), 0.05)
    found = errata.find_multilabel(labels, out_of_sample(features / 10, labels, 0.3))
    precision, recall, entries = recovered(truth.astype(bool), labels, found)
    assert precision > 0.65
    assert recall > 0.75
    assert entries > 0.7


def test_audiosets_published_labels_come_in_as_they_are(data: Path):
    """Its probabilities are not published; the predicted label sets stand in, p 3/4 or 1/4."""
    folder = data / "raw" / "audioset"
    predicted = json.loads((folder / "eval_predicted_labels.json").read_text())
    probs = np.full((len(predicted), 527), 0.25, np.float32)
    for row, sets in enumerate(predicted):
        probs[row, sets] = 0.75
    found = quiet_find(folder / "eval_original_labels.json", probs, rule="argmax")
    given_sets = json.loads((folder / "eval_original_labels.json").read_text())
    differ = [row for row, sets in enumerate(given_sets) if set(sets) != set(predicted[row])]
    assert sorted(found.indices.tolist()) == differ
    for index, suggested in zip(found.indices, found.suggested, strict=True):
        assert set(np.flatnonzero(suggested).tolist()) == set(predicted[index])
