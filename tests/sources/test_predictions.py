import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.errors import ErrataWarning, FileError, LabelError, PredictionError
from errata.sources.predictions import read_predictions

CLASSES = ["cat", "dog", "truck"]


def read(source, *, n=2, n_classes=3, **settings):
    return read_predictions(source, n=n, n_classes=n_classes, **settings)


def as_lists(predictions):
    return {model: top.tolist() for model, top in predictions.items()}


def one(answers, **settings):
    [top] = read({"m": answers}, **settings).values()
    return top.tolist()


# ---------------------------------------------------------------- arrays


@pytest.mark.parametrize(
    "answers",
    [
        [0, 2],
        np.array([0, 2], dtype=np.uint8),
        np.array([[0], [2]], dtype=np.int64),
        ["cat", "truck"],
        np.array(["cat", "truck"], dtype=object),
        np.array([0, 2], dtype=object),
    ],
)
def test_best_classes_come_as_numbers_or_as_names(answers):
    assert one(answers, classes=CLASSES) == [[0], [2]]


def test_best_k_classes_are_taken_as_they_stand():
    assert one([[2, 0], [1, 2]]) == [[2, 0], [1, 2]]
    assert one([["truck", "cat"], ["dog", "truck"]], classes=CLASSES) == [[2, 0], [1, 2]]


@given(st.lists(st.lists(st.integers(0, 4), min_size=7, max_size=7).filter(any), min_size=1))
def test_of_probabilities_the_best_five_are_kept_and_ties_settled_by_class(rows):
    weights = np.array(rows)
    probs = weights / weights.sum(axis=1, keepdims=True)
    by_hand = [sorted(range(7), key=lambda j: (-row[j], j))[:5] for row in rows]
    assert one(probs, n=len(rows), n_classes=7) == by_hand


def test_the_best_of_probabilities_do_not_depend_on_the_chunk(monkeypatch):
    probs = np.random.default_rng(0).dirichlet([1.0] * 6, size=20).astype(np.float16)
    whole = one(probs, n=20, n_classes=6)
    monkeypatch.setattr("errata.sources.predictions._CHUNK", 18)
    assert one(probs, n=20, n_classes=6) == whole
    before = probs.copy()
    np.testing.assert_array_equal(probs, before)


def test_faults_are_counted_over_all_chunks(monkeypatch):
    monkeypatch.setattr("errata.sources.predictions._CHUNK", 3)
    probs = np.array([[1, 0, 0], [0, 2, 0], [0, 1, 0], [0, 5, 0], [1.0, 0, 0]])
    message = r"\[1\] does not sum to 1 \(2 rows do not; the furthest, \[3\], sums to 5\)"
    with pytest.raises(PredictionError, match=message):
        one(probs, n=5)


def test_with_few_classes_all_are_kept():
    assert one([[0.2, 0.5, 0.3], [0.0, 0.0, 1.0]]) == [[1, 2, 0], [2, 0, 1]]


def test_a_reader_leaves_the_callers_probabilities_alone():
    probs = np.array([[0.2, 0.5, 0.3], [0.0, 0.0, 1.0]])
    before = probs.copy()
    one(probs)
    np.testing.assert_array_equal(probs, before)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([0, 1, 2], "has 3 rows, but there are 2 examples"),
        (5, r"has shape \(\)\. Expected: the best class"),
        (np.zeros((2, 0), int), r"has shape \(2, 0\)"),
        (np.zeros((2, 1, 1), int), r"has shape \(2, 1, 1\)"),
        ([[0, 1], [2]], "is no rectangular table"),
        ([0, 3], r"predictions\['m'\]\[1\] is 3, but classes run from 0 to 2 \(1 answers"),
        ([[0, 1], [-1, 2]], r"\[1, 0\] is -1, but classes run from 0 to 2"),
        ([[0, 1], [2, 2]], r"\[1\] is \[2, 2\], which names a class twice \(1 rows do\)"),
        ([[0, 0, 1], [0, 1, 0]], r"look like one-hot rows: give array.argmax\(axis=1\)"),
        ([0.0, 2.0], r"float64 numbers such as 0; class numbers are integers.*astype\(int\)"),
        ([[0.5, 0.5], [1, 0]], "has 2 columns of float64, but there are 3 classes"),
        ([[1, 0, 0], [np.nan, 1, 0]], r"\[1\] holds NaN or infinity \(1 rows do\)"),
        ([[1, 0, 0], [2.5, -1, 0.5]], r"\[1\] is below 0 somewhere.*for logits: after a softmax"),
        ([[1, 0, 0], [0.5, 0, 0]], r"\[1\] does not sum to 1.*sums to 0.5\)"),
        ([[3, 2, 1], [0.5, 0.5, 0]], r"\[0\] does not sum to 1.*softmax"),
        ([True, False], "has the type bool"),
        ([b"cat", b"dog"], r"has the type \|S3"),
        ([0, None], r"\[1\] is None \(1 answers are neither numbers nor names"),
        (["cat", "trcuk"], r"\[1\]: There is no class 'trcuk'. Did you mean 'truck'"),
    ],
)
def test_answers_that_do_not_fit_are_refused(answers, message):
    with pytest.raises(PredictionError, match=message):
        one(answers, classes=CLASSES)


def test_names_without_known_class_names_are_refused():
    with pytest.raises(PredictionError, match="holds names such as 'cat', but the class names are"):
        one(["cat", "dog"])


def test_class_names_must_be_as_many_as_classes():
    with pytest.raises(LabelError, match="2 class names"):
        one(["cat", "dog"], classes=["cat", "dog"])


def test_published_columns_come_unsorted_and_are_sorted_by_probability():
    preds = np.array([[0, 1, 2], [0, 1, 2]])
    probs = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4]], dtype=np.float32)
    found = read({"plain": [1, 1], "m__probs": probs, "m__preds": preds})
    assert as_lists(found) == {"plain": [[1], [1]], "m": [[1, 2, 0], [2, 0, 1]]}
    assert as_lists(read({"m__preds": preds})) == {"m": preds.tolist()}
    assert as_lists(read({"m__preds": [1, 2], "m__probs": [0.5, 0.4]})) == {"m": [[1], [2]]}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "predictions holds no model"),
        ({" ": [0, 1]}, "has the model name ' '"),
        ({3: [0, 1]}, "has the model name 3"),
        ({"m__probs": [[0.5], [0.5]]}, r"\['m__probs'\] comes without 'm__preds'"),
        ({"m": [0, 1], "m__preds": [0, 1]}, "holds the model 'm' twice, also as 'm__preds'"),
        (
            {"m__preds": [[0, 1], [1, 2]], "m__probs": [[0.5], [0.5]]},
            r"\['m__probs'\] is float64 of shape \(2, 1\).*shape \(2, 2\), was expected",
        ),
        ({"m__preds": [0, 1], "m__probs": [np.nan, 0.5]}, "One finite float for each"),
        ({"m__preds": [0, 1], "m__probs": [1, 0]}, "is int64 of shape"),
        (np.array([0, 1]), 'Predictions are ndarray.*write {"model name": array}'),
        (None, "Predictions are NoneType"),
    ],
)
def test_sources_that_do_not_fit_are_refused(source, message):
    with pytest.raises(PredictionError, match=message):
        read(source)


# ---------------------------------------------------------------- array files


def test_an_npz_file_holds_a_model_in_each_array_and_keeps_their_order(tmp_path):
    np.savez_compressed(tmp_path / "p.npz", zebra=[0, 1], ant=[[2, 1], [1, 0]])
    expected = {"zebra": [[0], [1]], "ant": [[2, 1], [1, 0]]}
    assert as_lists(read(tmp_path / "p.npz")) == expected
    assert list(read(str(tmp_path / "p.npz"))) == ["zebra", "ant"]


def test_a_folder_holds_a_model_in_each_npy_file(tmp_path):
    np.save(tmp_path / "svm.npy", [0, 1])
    np.save(tmp_path / "forest.npy", [[0.2, 0.5, 0.3], [0.0, 0.0, 1.0]])
    (tmp_path / "notes.txt").write_text("not a model")
    found = read(tmp_path)
    assert as_lists(found) == {"forest": [[1, 2, 0], [2, 0, 1]], "svm": [[0], [1]]}
    assert list(found) == ["forest", "svm"]
    assert as_lists(read(tmp_path / "svm.npy")) == {"svm": [[0], [1]]}


def test_a_folder_is_what_its_npz_files_hold_too_each_as_it_would_be_alone(tmp_path):
    np.save(tmp_path / "svm.npy", [0, 1])
    np.savez(tmp_path / "a.npz", net__preds=[[0, 1], [2, 1]], net__probs=[[0.1, 0.9], [0.9, 0.1]])
    np.savez(tmp_path / "b.npz", forest=[2, 2])
    found = read(tmp_path)
    apart = [read(tmp_path / name) for name in ("svm.npy", "a.npz", "b.npz")]
    assert as_lists(found) == as_lists({k: v for one in apart for k, v in one.items()})
    assert list(found) == ["svm", "net", "forest"]
    np.savez(tmp_path / "c.npz", svm=[0, 0])
    with pytest.raises(
        PredictionError, match=r"c\.npz holds the model 'svm', which another file there"
    ):
        read(tmp_path)


def test_what_lies_beside_predictions_in_a_folder_is_left_out_with_a_word(tmp_path):
    np.save(tmp_path / "svm.npy", [0, 1])
    for name in ("labels.npy", "svm.labels.npy"):
        np.save(tmp_path / name, [0, 0])
        with pytest.warns(ErrataWarning, match=rf"{name} was not read .* it holds labels"):
            assert list(read(tmp_path)) == ["svm"]
        (tmp_path / name).unlink()
    (tmp_path / "accuracies.csv").write_text("model,top1\nsvm,50\n")
    with pytest.warns(ErrataWarning, match=r"accuracies\.csv was not read .* \.npz files are"):
        assert list(read(tmp_path)) == ["svm"]
    np.save(tmp_path / "labels", [0, 0])
    (tmp_path / "svm.npy").unlink()
    with pytest.raises(FileError, match=r"holds no \.npy or \.npz files with what models answer"):
        read(tmp_path)


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def test_files_that_cannot_be_read_are_named(tmp_path):
    for name in ("p.npz", "p.npy", "p.csv"):
        with pytest.raises(FileError, match=f"{name} does not exist. Predictions are a mapping"):
            read(tmp_path / name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match=r"The folder .*empty holds no \.npy or \.npz files"):
        read(tmp_path / "empty")
    (tmp_path / "p.parquet").write_bytes(b"PAR1")
    with pytest.raises(FileError, match=r"ending '\.parquet', which is no known kind"):
        read(tmp_path / "p.parquet")
    (tmp_path / "zeros.npz").write_bytes(b"")
    with pytest.raises(FileError, match=r"zeros\.npz is cut short"):
        read(tmp_path / "zeros.npz")


def test_a_cut_or_damaged_npz_file_is_named(tmp_path):
    path = tmp_path / "p.npz"
    answers = np.arange(3000) % 3
    np.savez(path, first=answers, second=answers)
    whole = path.read_bytes()
    cut(path, len(whole) - 100)
    with pytest.raises(FileError, match=r"p\.npz is cut short or damaged"):
        read(path, n=3000)
    path.write_bytes(whole[:9000] + b"damage" + whole[9006:])
    with pytest.raises(FileError, match=r"p\.npz .* damaged \(Bad CRC-32"):
        read(path, n=3000)


def test_a_cut_npy_file_is_named(tmp_path):
    np.save(tmp_path / "m.npy", np.arange(300) % 3)
    cut(tmp_path / "m.npy", 500)
    with pytest.raises(FileError, match=r"m\.npy is cut short"):
        read(tmp_path / "m.npy", n=300)


def test_an_npz_file_that_is_a_single_array_is_refused(tmp_path):
    np.save(tmp_path / "p.npy", [0, 1])
    (tmp_path / "p.npy").rename(tmp_path / "p.npz")
    with pytest.raises(FileError, match=r"p\.npz is no \.npz file; a single array belongs in"):
        read(tmp_path / "p.npz")


def test_pickles_are_refused_with_the_way_to_convert_them(tmp_path):
    objects = np.array([0, None], dtype=object)
    np.savez(tmp_path / "p.npz", m=objects, allow_pickle=True)
    with pytest.raises(FileError, match=r"pickled Python objects.*numpy\.savez\('converted\.npz'"):
        read(tmp_path / "p.npz")
    np.save(tmp_path / "m.npy", objects, allow_pickle=True)
    with pytest.raises(FileError, match=r"pickled Python objects.*convert"):
        read(tmp_path / "m.npy")


def test_what_is_wrong_in_a_file_is_said_with_its_path(tmp_path):
    path = tmp_path / "p.npz"
    np.savez(path, svm=[0, 9])
    with pytest.raises(PredictionError, match=re.escape(f"{path}['svm'][1] is 9")):
        read(path)


# ---------------------------------------------------------------- tables


def table(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_has_a_column_for_each_model(tmp_path):
    path = table(tmp_path / "p.csv", "\ufeffsvm, forest\n0, cat\n\n2, truck\n")
    assert as_lists(read(path, classes=CLASSES)) == {"svm": [[0], [2]], "forest": [[0], [2]]}


def test_rows_of_a_table_are_put_in_the_order_of_the_ids(tmp_path):
    path = table(tmp_path / "p.csv", "ID,svm\nb,2\na,0\n")
    assert as_lists(read(path, ids=["a", "b"])) == {"svm": [[0], [2]]}
    path = table(tmp_path / "q.csv", "svm,id\n2,1\n0,0\n")
    assert as_lists(read(path)) == {"svm": [[0], [2]]}


def test_numbers_that_are_names_are_read_as_the_names_where_only_that_is_possible(tmp_path):
    stars = ["1", "2", "3"]
    names = table(tmp_path / "names.csv", "m\n1\n3\n")  # 3 is no class number
    assert as_lists(read(names, classes=stars)) == {"m": [[0], [2]]}
    numbers = table(tmp_path / "numbers.csv", "m\n0\n2\n")  # 0 is no class name
    assert as_lists(read(numbers, classes=stars)) == {"m": [[0], [2]]}
    either = table(tmp_path / "either.csv", "m\n1\n2\n")
    with pytest.raises(PredictionError, match="'1', which is a class number and also the name of"):
        read(either, classes=stars)
    same = table(tmp_path / "same.csv", "m\n1\n2\n")
    assert as_lists(read(same, classes=["0", "1", "2"])) == {"m": [[1], [2]]}


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", FileError, "p.csv is empty; a header"),
        ("svm\n0\n", PredictionError, r"p.csv\['svm'\] has 1 rows, but there are 2 examples"),
        ("svm\n", PredictionError, r"p.csv\['svm'\] has shape \(0,\)"),
        ("id\n0\n1\n", PredictionError, "p.csv holds no model"),
        ("svm,svm\n0,0\n1,1\n", PredictionError, "two columns 'svm'"),
        ("svm,\n0,0\n1,1\n", PredictionError, "has the model name ''"),
        ("svm,tree\n0,1\n1\n", FileError, r"line 3 has 1 cells, but the header has 2"),
        ("svm,tree\n0,\n1,1\n", PredictionError, "line 2: the cell under 'tree' is empty"),
        ("svm\n0\n7\n", PredictionError, r"\['svm'\]\[1\] is 7, but classes run from 0 to 2"),
        ("svm\ncat\ndgo\n", PredictionError, "no class 'dgo'. Did you mean 'dog'"),
        ("svm\n0.1\n0.2\n", PredictionError, "no class '0.1'"),
        ("id,svm\n0,0\n5,1\n", PredictionError, "line 3: there is no example with the id '5'"),
        ("id,svm\n0,0\n0,1\n", PredictionError, "line 3: the id '0' stands here a second time"),
        ("id,svm\n1,0\n", PredictionError, r"no row for the id '0' \(1 of 2 are absent\)"),
        ('svm\n"0\n1\n', FileError, "p.csv is no CSV file in UTF-8"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, text, error, message):
    with pytest.raises(error, match=message):
        read(table(tmp_path / "p.csv", text), classes=CLASSES)


def test_a_table_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"svm\n\xff\xfe\n")
    with pytest.raises(FileError, match=r"p\.csv is no CSV file in UTF-8"):
        read(tmp_path / "p.csv")


# ---------------------------------------------------------------- published predictions


def test_the_published_models_are_read_with_their_unsorted_columns(data):
    path = data / "models/cifar10/pytorch_cifar10_top5.npz"
    found = read_predictions(path, n=10_000, n_classes=10)
    assert len(found) == 13
    labels = np.load(data / "models/cifar10/labels.npy")
    right = {model: int((top[:, 0] == labels).sum()) for model, top in found.items()}
    assert min(right.items(), key=lambda item: item[1]) == ("pytorch_vgg11_bn", 9209)
    assert max(right.items(), key=lambda item: item[1]) == ("pytorch_vgg13_bn", 9429)
    with np.load(path) as archive:
        probs = archive["pytorch_vgg11_bn__probs"]
        columns = archive["pytorch_vgg11_bn__preds"]
    for row in range(200):
        by_hand = sorted(range(5), key=lambda column: -probs[row, column])
        assert found["pytorch_vgg11_bn"][row].tolist() == columns[row][by_hand].tolist()
