"""Loading a release, and laying its labels beside somebody's own copy of the data."""

import warnings

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from audits import CLASSES, cast, planned_audit
from errata import (
    ErrataWarning,
    FileError,
    Images,
    InputError,
    LabelError,
    NameUnknownError,
    content_hash,
    load_release,
)
from errata.audit import Audit

ANSWERS = ["sss", "ggs", "bbb", "nn", "gsb", "g"]
PIXELS = np.arange(60, dtype=np.uint8).reshape(60, 1, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("releases")
    audit = planned_audit(place / "pets.audit", votes=3, threshold=2, media=Images(PIXELS))
    for example, answers in enumerate(ANSWERS):
        cast(audit, example, answers)
    return audit.release(place / "pets").path


def test_labels_and_masks_are_those_of_the_policy(folder):
    dropped = load_release(folder)
    assert (dropped.name, dropped.version, dropped.threshold) == ("pets", "1.0.0", 2)
    assert (dropped.classes, dropped.n, len(dropped)) == (CLASSES, 60, 60)
    assert np.flatnonzero(~dropped.mask).tolist() == [2, 3, 4]
    assert dropped.labels[[2, 3, 4]].tolist() == [-1, -1, -1]
    assert np.flatnonzero(dropped.changed).tolist() == [0]
    assert dropped.labels[0] == 0 != dropped.given[0]
    assert dropped.verdicts[:7] == (
        *("correctable", "non_error", "multi_label", "neither", "non_agreement", "open", None),
    )
    kept = load_release(folder, policy="keep_given")
    assert kept.mask.all()
    assert np.flatnonzero(kept.labels != kept.given).tolist() == [0]
    several = load_release(folder, policy="multi_label")
    np.testing.assert_array_equal(several.labels, dropped.labels)
    np.testing.assert_array_equal(several.mask, dropped.mask)
    assert several.sets[2] == (0, 2)
    assert several.sets[3] == several.sets[4] == ()
    assert several.sets[0] == (0,)


def test_another_threshold_has_other_labels(folder):
    strict = load_release(folder, threshold=3)
    assert strict.file == "threshold-3"
    assert strict.verdicts[1] == "non_agreement"
    with pytest.raises(InputError, match="has no labels for 5 votes; it has those for 2, 3"):
        load_release(folder, threshold=5)
    with pytest.raises(NameUnknownError, match="keep_given"):
        load_release(folder, policy="keep")


@drawn(st.permutations(range(60)), st.integers(1, 60), st.sampled_from(["id", "index", "sha256"]))
def test_any_order_and_part_of_the_data_gets_its_own_labels(folder, order, some, by):
    release = load_release(folder)
    rows = np.array(order[:some])
    keys = {
        "id": [release.ids[row] for row in rows],
        "index": rows,
        "sha256": [content_hash(PIXELS[row]) for row in rows],
    }[by]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aligned = release.align(keys, by=by, given=release.given[rows])
    np.testing.assert_array_equal(aligned.rows, rows)
    np.testing.assert_array_equal(aligned.labels, release.labels[rows])
    np.testing.assert_array_equal(aligned.mask, release.mask[rows])
    np.testing.assert_array_equal(aligned.changed, release.changed[rows])
    told = f"{60 - some} of 60 examples of the release are not among yours."
    assert aligned.notices == ((told,) if some < 60 else ())


def test_unknown_and_repeated_keys_are_told_and_masked_out(folder):
    release = load_release(folder)
    with (
        pytest.warns(ErrataWarning, match=r"1 of 4 keys are the id of no example of pets, the "),
        pytest.warns(ErrataWarning, match=r"1 keys stand more than once among yours, the first"),
    ):
        aligned = release.align(["7", "x", "8", "7"])
    assert aligned.rows.tolist() == [7, -1, 8, 7]
    assert aligned.mask.tolist() == [True, False, True, True]
    assert aligned.labels[1] == -1
    assert "keys[1] = 'x'" in aligned.notices[0]
    with pytest.raises(InputError, match=r"None of the 2 keys is the id.* the first is 'a', and "):
        release.align(["a", "b"])
    with pytest.raises(InputError, match=r"have no path in this release. Use by='id'"):
        release.align(["a.png"], by="path")
    with pytest.raises(InputError, match="a list, one for each example, was expected"):
        release.align("7")
    with pytest.raises(NameUnknownError, match="no key 'row'"):
        release.align(["7"], by="row")


def test_own_labels_that_are_not_the_given_ones_are_told_and_masked_out(folder):
    release = load_release(folder)
    own = [CLASSES[label] for label in release.given]
    own[9] = CLASSES[(release.given[9] + 1) % 3]
    with pytest.warns(
        ErrataWarning, match=r"1 of 60 of your labels .* first given\[9\]: 'dog' for"
    ):
        aligned = release.align(release.ids, given=own)
    assert not aligned.mask[9]
    assert aligned.mask.sum() == release.mask.sum() - 1
    with pytest.raises(LabelError, match="more than half: the keys, or the order of the classes"):
        release.align(release.ids, given=(release.given + 1) % 3)
    with pytest.raises(LabelError, match="given has 59 labels for 60 keys; one for each key, in "):
        release.align(release.ids, given=release.given[:59])
    with pytest.raises(LabelError, match="3, but the release has 3 classes, so labels run from 0"):
        release.align(release.ids, given=release.given + 1)


def test_the_same_content_with_another_label_is_masked_out(tmp_path):
    pixels = PIXELS.copy()
    pixels[[1, 6]] = pixels[0]
    pixels[40] = pixels[43]  # of one class
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, media=Images(pixels))
    cast(audit, 0, "s")
    release = load_release(audit.release(tmp_path / "out").path)
    with pytest.warns(ErrataWarning, match="3 keys are those of several examples with different"):
        aligned = release.align([content_hash(one) for one in pixels], by="sha256")
    assert np.flatnonzero(release.mask & ~aligned.mask).tolist() == [0, 1, 6]
    assert aligned.labels[43] == release.labels[43]


def test_of_copies_each_is_the_one_with_its_given_label(tmp_path):
    pixels = PIXELS.copy()
    pixels[[1, 9]] = pixels[0]
    pixels[40] = pixels[43]
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, media=Images(pixels))
    cast(audit, 0, "s")
    release = load_release(audit.release(tmp_path / "out").path)
    assert release.given[[0, 1, 9]].tolist() == [1, 2, 0]
    assert release.labels[[0, 1, 9]].tolist() == [0, 2, 0]
    hashes = [content_hash(one) for one in pixels]
    order = np.arange(60)[::-1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aligned = release.align(
            [hashes[row] for row in order], by="sha256", given=release.given[order]
        )
    np.testing.assert_array_equal(aligned.labels, release.labels[order])
    np.testing.assert_array_equal(aligned.changed, release.changed[order])
    assert sorted(aligned.rows.tolist()) == list(range(60)), "and of copies that are alike, each"
    assert aligned.notices == ()


def test_copies_with_other_sets_of_accepted_labels_are_not_alike(tmp_path):
    """Neither has one label alone, but the one has two, and the other none."""
    pixels = PIXELS.copy()
    pixels[6] = pixels[0]
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, media=Images(pixels))
    cast(audit, 0, "b")
    cast(audit, 6, "n")
    release = load_release(audit.release(tmp_path / "out").path, policy="multi_label")
    assert (release.sets[0], release.sets[6]) == ((1, 0), ())
    with pytest.warns(ErrataWarning, match="2 keys are those of several examples with different"):
        release.align([content_hash(one) for one in pixels], by="sha256", given=release.given)


def test_sets_of_labels_are_loaded_as_a_matrix(tmp_path):
    given = np.eye(4, dtype=bool)[np.arange(20) % 4] | np.eye(4, dtype=bool)[0]
    audit = Audit.create(tmp_path / "a", labels=given, classes=list("abcd"), multilabel=True)
    audit.add_candidates([{"index": i, "suggested": [1, 2]} for i in range(3)], flagger="m")
    audit.plan(votes=1, threshold=1)
    labels = [["b", "c"], [], ["a", "c"]]
    votes = [{"index": i, "reviewer": "r", "labels": one} for i, one in enumerate(labels)]
    audit.add_votes(votes, kind="person")
    release = load_release(audit.release(tmp_path / "out").path)
    assert release.multilabel
    np.testing.assert_array_equal(release.given, given)
    assert np.flatnonzero(~release.mask).tolist() == [1]
    assert np.flatnonzero(release.changed).tolist() == [0]
    assert release.labels[0].tolist() == [False, True, True, False]
    assert release.sets[:3] == ((1, 2), (), (0, 2))
    aligned = release.align([2, 0], by="index", given=[["a", "c"], ["a"]])
    assert aligned.labels.tolist() == [[True, False, True, False], [False, True, True, False]]


def test_labels_that_are_not_as_they_were_released_are_refused(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    path = copy / "labels" / "threshold-2.parquet"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(FileError, match=r"threshold-2.parquet is not as it was released: its SHA"):
        load_release(copy)
    path.unlink()
    with pytest.raises(FileError, match=r"threshold-2.parquet is missing from the release"):
        load_release(copy)
    with pytest.raises(FileError, match=r"nowhere is no release: it is no folder"):
        load_release(tmp_path / "nowhere")


@pytest.mark.parametrize("key", [1.5, "a", None, float("nan")])
def test_a_row_is_a_whole_number(folder, key):
    with pytest.raises(InputError, match=r"The key .* is no row number"):
        load_release(folder).align([0, key], by="index")
