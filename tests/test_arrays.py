"""The one door: every kind of bad input gets a sentence that says what, where and what to do."""

import ast
import contextlib
import gc
import itertools
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import errata
from errata.array_files import load_array
from errata.arrays import (
    RowFaults,
    as_class_names,
    as_count,
    as_ids,
    as_label_sets,
    as_labels,
    as_probs,
    check_rows,
    largest,
    merge_faults,
)
from errata.errors import FileError, InputError, LabelError, NameUnknownError, ProbabilityError
from errata.sources.opening import open_probs
from helpers import quiet_find

LABELS = np.array([0, 1, 2, 0, 1, 2])
PROBS = np.full((6, 3), 0.25) + np.eye(3)[LABELS] * 0.25


def with_cell(row: int, column: int, value: float) -> np.ndarray:
    probs = PROBS.copy()
    probs[row, column] = value
    return probs


@pytest.mark.parametrize(
    ("probs", "message"),
    [
        (with_cell(4, 1, np.nan), r"probs\[4\] holds NaN or infinity \(1 of 6 rows do\)"),
        (with_cell(2, 0, np.inf), r"probs\[2\] holds NaN or infinity"),
        (with_cell(3, 2, -0.1), r"probs\[3\] holds a negative number .* softmax"),
        (with_cell(5, 0, 0.5), r"1 of 6 rows .* \(first probs\[5\].* 1\.25.* normalize=True"),
        (PROBS[:, 0], r"shape \(6,\).* shape \(n, m\)"),
        (LABELS, r"shape \(6,\).* are labels and probabilities swapped\?"),
        (PROBS[:0], "zero examples"),
        (PROBS[:, :1], "with one class no label can be wrong"),
        (PROBS.astype(str), "dtype <U"),
        ([[0.5, 0.5], [1.0]], "no rectangular table of numbers"),
    ],
)
def test_probabilities_that_cannot_be_used_are_refused_with_the_place(probs, message):
    with pytest.raises(ProbabilityError, match=message):
        errata.find(LABELS, probs)


def test_a_row_of_zeros_cannot_be_normalized():
    probs = PROBS * 7
    probs[1] = 0
    with pytest.raises(ProbabilityError, match=r"probs\[1\] is all zeros \(1 of 6 rows are\)"):
        errata.find(LABELS, probs, normalize=True)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 0, 1, 3], r"labels\[5\] is 3, .* 0 to 2 \(1 of 6 are outside\)"),
        ([0, 1, -1, 0, 1, 2], r"labels\[2\] is -1"),
        ([0.0, 1.0, 2.0, 0.0, 1.0, 2.0], r"labels are float64 .*astype\(int\)"),
        ([0.5, 1, 2, 0, 1, 2], "Labels with fractions"),
        ([0, 1, np.nan, 0, 1, 2], r"labels\[2\] is missing \(1 of 6 are\)"),
        ([0, 1, None, 0, 1, 2], r"labels\[2\] is missing"),
        ([0, 1, 2, 0, 1, 2, 0], r"7 labels for 6 rows .* \(more labels than rows\)"),
        ([0, 1, 2], "fewer labels than rows"),
        ([], "zero examples"),
        ([[0], [1], [2], [0], [1], [2]], r"shape \(6, 1\).*ravel"),
        (np.eye(6, 3, dtype=int), r"shape \(6, 3\).*`errata.find_multilabel`"),
        ([[0], [1, 2], [], [0], [1], [2]], "no plain list: .*`errata.find_multilabel`"),
        (["a", "b", "c", "a", "b", "c"], "no class names were given"),
        ([0, "b", 1, 0, 1, 2], r"labels\[1\] is 'b', of type str"),
        (np.array([0, "b", 1, 0, 1, 2], object), r"labels\[1\] is 'b', of type str"),
        (np.array([0, 1, 2, 0, 1, 2], "M8[s]"), "dtype datetime64"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_with_the_place(labels, message):
    with pytest.raises(LabelError, match=message):
        errata.find(labels, PROBS)


def test_class_names_turn_string_labels_into_columns_and_name_the_nearest():
    names = ["cat", "dog", "frog"]
    assert as_labels(["frog", "cat"], n_classes=3, classes=names).tolist() == [2, 0]
    objects = np.array(["frog", "cat"], object)
    assert as_labels(objects, n_classes=3, classes=names).tolist() == [2, 0]
    with pytest.raises(LabelError, match=r"labels\[1\] is 'frgo', .* Did you mean 'frog'\?"):
        as_labels(["cat", "frgo"], n_classes=3, classes=names)
    with pytest.raises(LabelError, match="There are 2 class names, .* 3 columns"):
        as_class_names(["cat", "dog"], 3)
    with pytest.raises(LabelError, match="'cat' stands twice"):
        as_class_names(["cat", "dog", "cat"], 3)
    with pytest.raises(
        LabelError, match=r"class 1 is 'd\\udcf6g', which is not valid Unicode.*2 of"
    ):
        as_class_names(["cat", "d\udcf6g", "fr\udcf6g"], 3)


def test_numpy_integers_among_objects_are_integers():
    assert as_labels(np.array([np.int64(1), 0], object), n_classes=2).tolist() == [1, 0]


@pytest.mark.parametrize("labels", [[[0, 1], [0]], [b"\xff", b"a"]])
def test_labels_that_are_no_plain_list_are_refused(labels):
    with pytest.raises(LabelError, match=r"labels is no plain list"):
        errata.find(labels, PROBS[:2])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("ab", "The class names are 'ab'; a list"),
        (3, "The class names are 3; a list"),
        (["a", None], "The name of class 1 is missing"),
        (["", "b"], "The name of class 0 is missing"),
    ],
)
def test_class_names_that_are_none_are_refused(classes, message):
    with pytest.raises(LabelError, match=message):
        as_class_names(classes, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.uint64, bool])
def test_labels_of_any_integer_type_become_int64(dtype):
    labels = as_labels(np.array([0, 1, 1], dtype), n_classes=1000)
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 1, 1]


def test_ids_must_differ_and_be_there():
    assert as_ids([3, 1, 2], 3).tolist() == ["3", "1", "2"]
    with pytest.raises(
        LabelError, match=r"ids\[1\] is '\\udce9', which is not valid .* \(1 of 2 are"
    ):
        as_ids(["e", "\udce9"], 2)
    with pytest.raises(LabelError, match=r"ids\[0\] and ids\[2\] are both 'a' \(1 ids are dup"):
        as_ids(["a", "b", "a"], 3)
    with pytest.raises(LabelError, match=r"ids has shape \(2,\); one id for each of the 3"):
        as_ids(["a", "b"], 3)
    for missing in (None, float("nan"), ""):
        with pytest.raises(LabelError, match=r"ids\[1\] is missing"):
            as_ids(np.array(["a", missing, "b"], object), 3)


@pytest.mark.parametrize(
    ("kind", "call", "message"),
    [
        ("rule", {"rule": "margn"}, "There is no rule 'margn'. Did you mean 'margin'"),
        ("score", {"score": "entropy"}, "There is no score 'entropy'"),
        ("compat", {"compat": "cleanlb"}, "Did you mean 'cleanlab'"),
    ],
)
def test_an_unknown_word_names_the_nearest_known_one(kind, call, message):
    with pytest.raises(NameUnknownError, match=message):
        errata.find(LABELS, PROBS, **call)


# ---------------------------------------------------------------- warnings


def test_rows_a_little_off_are_used_with_a_warning_that_names_the_largest_deviation():
    probs = PROBS.copy()
    probs[2] *= 1.0005
    with pytest.warns(errata.ErrataWarning, match=r"largest deviation is 0\.0005, at probs\[2\]"):
        findings = errata.find(LABELS, probs)
    assert "largest deviation" in findings.warnings[0]
    assert findings.self_confidence[2] == probs[2, 2]  # as they are


@pytest.mark.parametrize("off", [-2e-3, -1.1e-3, 1.1e-3, 2e-3])
def test_rows_further_off_than_a_thousandth_are_refused(off):
    probs = PROBS.copy()
    probs[3] *= 1 + off
    with pytest.raises(ProbabilityError, match=r"1 of 6 rows of probs do not sum to 1"):
        errata.find(LABELS, probs)
    assert errata.find(LABELS, probs, normalize=True).warnings == ()


def test_values_a_hair_over_one_are_used_as_in_the_published_imdb_file():
    probs = np.array([[1.00001, 0.0], [0.2, 0.8], [0.6, 0.4]])
    with pytest.warns(errata.ErrataWarning, match="largest deviation"):
        assert errata.find([0, 1, 1], probs).self_confidence[0] == 1.00001


def test_classes_without_examples_are_named():
    with pytest.warns(errata.ErrataWarning, match="1 class has no examples: frog"):
        findings = errata.find([0, 1, 0, 1, 0, 1], PROBS, classes=["cat", "dog", "frog"])
    assert findings.to_dict()["thresholds"][2] is None


def of_a_fair_model(labels, n_classes):
    """Return probabilities of a model that is right on two of three examples."""
    predicted = np.where(np.arange(len(labels)) % 3, labels, (labels + 1) % n_classes)
    return (np.eye(n_classes)[predicted] + 1) / (n_classes + 1)


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize(
    "mixed_up",
    [
        lambda labels, probs: (np.random.default_rng(1).permutation(labels), probs),
        lambda labels, probs: (labels, np.roll(probs, 1, axis=1)),
    ],
    ids=["rows", "columns"],
)
def test_labels_that_belong_to_other_rows_or_columns_are_warned_of(n_classes, mixed_up):
    labels = np.random.default_rng(0).integers(0, n_classes, 1_000)
    probs = of_a_fair_model(labels, n_classes)
    assert not errata.find(labels, probs).warnings
    with pytest.warns(errata.ErrataWarning, match=r"do not seem to belong together: \d+ of 1,000"):
        errata.find(*mixed_up(labels, probs))


def test_ties_do_not_hide_that_labels_belong_to_other_rows():
    """A prediction is the lowest of the most probable classes, whatever the label is."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 2_000)
    probs = of_a_fair_model(rng.permutation(labels), 2)
    probs[::3] = 0.5
    with pytest.warns(errata.ErrataWarning, match="do not seem to belong together"):
        errata.find(labels, probs)


@pytest.mark.parametrize(
    ("labels", "probs"),
    [
        (np.arange(1_000) % 2, np.tile([0.6, 0.4], (1_000, 1))),
        (np.arange(200) % 10 // 9, np.tile([0.9, 0.1], (200, 1))),
        (np.zeros(500, int), np.tile([0.4, 0.6], (500, 1))),
        (np.arange(60) % 7, np.random.default_rng(0).dirichlet(np.ones(7), 60)),
        (np.arange(60) % 2, of_a_fair_model(np.arange(60) // 30, 2)),
    ],
    ids=["always the same", "the commonest", "one class alone", "few", "few of two classes"],
)
def test_what_tells_nothing_of_the_order_is_not_warned_of(labels, probs):
    found = quiet_find(labels, probs)
    assert not any("belong together" in warning for warning in found.warnings)


def test_probabilities_that_repeat_the_labels_look_in_sample():
    labels = np.arange(200) % 2
    probs = np.where(np.eye(2)[labels] > 0, 0.99, 0.01)
    with pytest.warns(errata.ErrataWarning, match="look in-sample: 200 of 200 predictions"):
        errata.find(labels, probs)


def test_normalize_divides_rows_and_is_silent():
    plain = errata.find(LABELS, PROBS)
    scaled = errata.find(LABELS, PROBS * 4, normalize=True)
    assert scaled.thresholds.tolist() == plain.thresholds.tolist()
    assert scaled.warnings == ()


# ---------------------------------------------------------------- files


def test_a_path_is_read_as_the_array_it_holds(tmp_path):
    np.save(tmp_path / "p.npy", PROBS)
    np.savez(tmp_path / "l.npz", labels=LABELS)
    found = errata.find(tmp_path / "l.npz", str(tmp_path / "p.npy"))
    assert found.to_dict() == errata.find(LABELS, PROBS).to_dict()
    assert isinstance(as_probs(tmp_path / "p.npy"), np.memmap)


def spoil(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "probs.npy"
    np.save(path, PROBS)
    whole = path.read_bytes()
    if kind == "cut":
        path.write_bytes(whole[:-5])
    elif kind == "cut header":
        path.write_bytes(whole[:20])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("0.1,0.9\n")
    elif kind == "objects":
        np.save(path, np.array([{}, None], object), allow_pickle=True)
    elif kind == "pickle":
        import pickle

        path.write_bytes(pickle.dumps([1, 2]))
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "missing":
        path.rename(tmp_path / "prob.npy")
    elif kind == "two arrays":
        np.savez(path.with_suffix(".npz"), a=PROBS, b=PROBS)
        path.with_suffix(".npz").rename(path)
    elif kind == "zip of text":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "0,1")
    elif kind == "cut zip":
        np.savez(path.with_suffix(".npz"), a=PROBS)
        path.write_bytes(path.with_suffix(".npz").read_bytes()[:-30])
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cut", r"is cut short: .* shape \(6, 3\) of float64, 272 bytes, but the file has 267"),
        ("cut header", "cut short or damaged"),
        ("zip of text", "something else than arrays"),
        ("empty", "is empty"),
        ("text", "is not an array file"),
        ("objects", "pickled Python objects, .*convert it once"),
        ("pickle", "pickled Python objects"),
        ("folder", "is a folder"),
        ("missing", r"does not exist.* Did you mean .*prob\.npy\?"),
        ("two arrays", r"holds 2 arrays \(a, b\)"),
        ("cut zip", "cut short or damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_way_on(tmp_path, kind, message):
    with pytest.raises(FileError, match=message):
        load_array(spoil(tmp_path, kind))


def test_big_endian_integer_and_long_double_probabilities_become_native_floats():
    for dtype in (">f4", np.longdouble, np.int8):
        probs = as_probs(np.eye(2).astype(dtype))
        assert probs.dtype in (np.float32, np.float64)
        assert probs.dtype.isnative


@contextlib.contextmanager
def parsed_meanwhile(moment: int) -> Iterator[list[threading.Thread]]:
    """Have another thread parse a literal amid that collection of garbage, if so many come."""
    collections = itertools.count()
    came = []

    def parse(phase: str, _: object) -> None:
        if phase == "start" and next(collections) == moment:
            thread = threading.Thread(target=ast.literal_eval, args=("[0]",))
            thread.start()
            thread.join()
            came.append(thread)

    often = gc.get_threshold()
    gc.callbacks.append(parse)
    gc.set_threshold(1)
    try:
        yield came
    finally:
        gc.set_threshold(*often)
        gc.callbacks.remove(parse)


@pytest.mark.parametrize("kind", ["npy", "npz"])
@pytest.mark.parametrize("read", [load_array, open_probs])
def test_a_sound_file_is_read_while_another_thread_reads_its_own(tmp_path, read, kind):
    # Python before 3.11.8 counts how deep it parses in one place for all threads
    np.save(tmp_path / "probs.npy", PROBS)
    np.savez(tmp_path / "probs.npz", PROBS)
    for moment in itertools.count():
        with parsed_meanwhile(moment) as came:
            read(tmp_path / f"probs.{kind}")
        if not came:
            break
    assert moment > 20, "collections came amid the parsing"


# ---------------------------------------------------------------- the cut into chunks


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8),
        elements=st.sampled_from([0.0, 0.5, 1.0, -0.5, np.nan, np.inf, 1 + 5e-4]),
    ),
    st.integers(1, 8),
)
def test_the_cut_into_chunks_never_changes_what_is_wrong_with_the_rows(probs, rows):
    faults = RowFaults(0)
    for start in range(0, len(probs), rows):
        chunk = probs[start : start + rows]
        faults = merge_faults(faults, check_rows(chunk, start, sums=largest(chunk)[2]))
    assert faults == check_rows(probs, 0)
    bad = [row for row, values in enumerate(probs) if not np.isfinite(values).all()]
    assert faults.not_finite == ((bad[0], len(bad)) if bad else None)
    negative = [row for row, values in enumerate(probs) if (values < 0).any()]
    assert faults.negative == ((negative[0], len(negative)) if negative else None)


@given(
    hnp.arrays(
        st.sampled_from([np.float16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
        elements=st.one_of(
            st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0]),
            st.sampled_from([-0.5, float("nan"), float("inf"), -float("inf")]),
            st.floats(0, 1, width=16),
        ),
    )
)
def test_the_largest_by_bit_pattern_is_the_largest_where_numbers_are_in_order(probs):
    top, highest, sums = largest(probs)
    plain = bool(np.isfinite(probs).all() and not np.signbit(probs).any())
    assert (sums is not None) == plain
    if sums is not None:
        np.testing.assert_array_equal(top, probs.argmax(axis=1))
        np.testing.assert_array_equal(highest, probs.max(axis=1))
        wide = probs.astype(np.float64)
        np.testing.assert_allclose(sums, wide.sum(axis=1), rtol=1e-6, atol=0)


@given(
    st.sampled_from([np.float16, np.float32, np.float64]),
    st.sampled_from([2, 7, 345, 1000]),
    st.integers(0, 40),
    st.integers(0, 2**32 - 1),
)
def test_the_sum_of_a_row_has_the_same_bits_wherever_the_row_stands(dtype, m, skipped, seed):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(m, 0.05), 60).astype(dtype)  # most are tiny, as a softmax has it
    whole, part = largest(probs)[2], largest(probs[skipped:].copy())[2]
    np.testing.assert_array_equal(whole[skipped:], part)
    exact = probs.astype(np.float64).sum(axis=1)
    np.testing.assert_allclose(whole, exact, atol=1e-5 if dtype == np.float32 else 1e-6)


def test_minus_zero_is_a_probability():
    probs = np.array([[-0.0, 1.0], [1.0, -0.0], [0.3, 0.7]])
    found, plain = errata.find([0, 1, 1], probs), errata.find([0, 1, 1], probs + 0.0)
    assert found.to_dict() == plain.to_dict()


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_whatever_is_damaged_nothing_but_a_file_error_comes_out(tmp_path, save):
    path = tmp_path / ("probs.npy" if save is np.save else "probs.npz")
    save(path, PROBS)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 400), 3):
            broken[at] = rng.integers(0, 256)
        path.write_bytes(bytes(broken[: rng.integers(1, len(whole) + 1)]))
        with contextlib.suppress(FileError):  # anything else fails the test
            load_array(path)


def test_what_is_no_regular_file_is_said_to_be_so():
    with pytest.raises(FileError, match=r"/dev/null is no regular file; an array file was exp"):
        load_array("/dev/null")


# ---------------------------------------------------------------- several labels per example

SETS = [[0], [], [2, 1], [0, 1, 2]]
MATRIX = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 1], [1, 1, 1]])


@pytest.mark.parametrize(
    "labels",
    [
        SETS,
        tuple(map(tuple, SETS)),
        [set(row) for row in SETS],
        [np.array(row, np.uint16) for row in SETS],
        np.array([np.array(row, np.uint16) for row in SETS], object),
        MATRIX,
        MATRIX.astype(bool),
        MATRIX.astype(np.float32),
        MATRIX.tolist(),
        MATRIX.astype(bool).tolist(),
        list(MATRIX.astype(bool)),
    ],
)
def test_every_form_of_label_sets_is_the_same_matrix(labels):
    np.testing.assert_array_equal(as_label_sets(labels, n_classes=3, n=4), MATRIX == 1)


def test_label_sets_may_be_names_and_lie_in_files(tmp_path):
    names = [["cat"], [], ["emu", "dog"], ["emu", "cat", "dog"]]
    wanted = MATRIX == 1
    classes = ["cat", "dog", "emu"]
    np.testing.assert_array_equal(as_label_sets(names, n_classes=3, classes=classes), wanted)
    np.save(tmp_path / "matrix.npy", MATRIX)
    (tmp_path / "sets.json").write_text(json.dumps(SETS))
    (tmp_path / "names.json").write_text(json.dumps(names))
    (tmp_path / "matrix.json").write_text(json.dumps(MATRIX.tolist()))
    for path in tmp_path.iterdir():
        found = as_label_sets(path, n_classes=3, n=4, classes=classes)
        np.testing.assert_array_equal(found, wanted, err_msg=path.name)


@given(st.integers(1, 6).flatmap(lambda m: st.tuples(st.just(m), st.lists(
    st.sets(st.integers(0, m - 1)), min_size=1))))  # fmt: skip
def test_sets_come_back_from_their_matrix(drawn):
    m, sets = drawn
    matrix = as_label_sets(sets, n_classes=m)
    assert [set(np.flatnonzero(row).tolist()) for row in matrix] == sets
    np.testing.assert_array_equal(as_label_sets(matrix, n_classes=m), matrix)


def test_two_classes_are_read_in_one_way_or_not_at_all():
    assert as_label_sets([[0, 1], [1]], n_classes=2).tolist() == [[True, True], [False, True]]
    assert as_label_sets([[0, 1], [1, 1]], n_classes=2).tolist() == [[False, True], [True, True]]
    assert as_label_sets([{0, 1}, {1, 0}], n_classes=2).tolist() == [[True, True], [True, True]]
    with pytest.raises(
        LabelError, match=r"two ways: each list is \[0, 1\].* numpy.array\(labels\)"
    ):
        as_label_sets([[0, 1], [1, 0]], n_classes=2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "zero examples"),
        (np.zeros((0, 3)), "zero examples"),
        ([[0], [3], [5]], r"labels\[1\] holds 3, .* 0 to 2 \(2 of 3 are outside\)"),
        ([[0], [], [1, -1]], r"labels\[2\] holds -1"),
        ([[0], [1.0]], r"labels\[1\] holds 1\.0, of type float"),
        ([[0], [1, "b"]], r"labels\[1\] holds 'b', of type str"),
        ([[], ["b"]], r"labels\[1\] holds the string 'b', but no class names"),
        ([[0], None], r"labels\[1\] is missing\. .* empty list, \[\]"),
        ([[0], [1, None]], r"labels\[1\]\[1\] is missing"),
        ([[0], [float("nan")]], r"labels\[1\]\[0\] is missing"),
        ([0, 1, 2], r"labels\[0\] is 0; a list .* `errata.find`"),
        (np.array([2, 1]), r"labels\[0\] is 2; a list .* `errata.find`"),
        (["cat"], r"labels\[0\] is 'cat'; a list"),
        ([[0], {1: 2}], r"labels\[1\] is \{1: 2\}; a list"),
        (
            [[0], [2, 1, 2], [1, 1]],
            r"labels\[1\] holds class 2 twice \(2 labels .* \[set\(row\)",
        ),
        ([[0, 1], [1, 1]], r"labels\[1\] holds class 1 twice .* needs 3 entries"),
        ([[0], [True, False]], r"labels\[1\] holds booleans, but labels\[0\] .* 3 classes"),
        ([[[0]], [[1]]], r"labels\[0\] holds \[0\], of type list"),
        ({0: [1]}, r"shape \(\); a list of labels for each example"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (MATRIX[:, :2], r"shape \(4, 2\), but the probabilities have 3 columns"),
        (MATRIX * 2, r"labels\[0, 0\] is 2; .* 0 and 1 \(6 of 12 entries are neither\)"),
        (np.where(MATRIX, np.nan, 0), r"labels\[0, 0\] is nan"),
        (MATRIX.astype(str), "a matrix of <U"),
    ],
)
def test_label_sets_that_cannot_be_used_are_refused_with_the_place(labels, message):
    with pytest.raises(LabelError, match=message):
        as_label_sets(labels, n_classes=3)


def test_label_sets_must_be_as_many_as_the_rows():
    for labels in (SETS, MATRIX):
        with pytest.raises(LabelError, match="4 labels for 3 rows .*more labels than rows"):
            as_label_sets(labels, n_classes=3, n=3)
    with pytest.raises(LabelError, match=r"labels\[0\] holds 'cow', which is none of"):
        as_label_sets([["cow"]], n_classes=3, classes=["cat", "dog", "emu"])


def test_files_of_label_sets_that_cannot_be_read_are_named(tmp_path):
    broken = tmp_path / "broken.json"
    with pytest.raises(FileError, match="broken.json cannot be read: No such file"):
        as_label_sets(broken, n_classes=3)
    broken.write_text("[[0], [1]")
    with pytest.raises(FileError, match="broken.json is not JSON: .* line 1 column 10"):
        as_label_sets(str(broken), n_classes=3)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="broken.json is not UTF-8 text"):
        as_label_sets(broken, n_classes=3)


@pytest.mark.parametrize("count", [2.0, True, "2", np.True_])
def test_a_count_is_a_whole_number(count):
    with pytest.raises(InputError, match="count is .*a whole number was expected"):
        as_count("count", count)
