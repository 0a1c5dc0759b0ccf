"""The mean of several models' probabilities."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.errors import ProbabilityError
from errata.sources.average import Average
from errata.sources.dense import Dense
from errata.sources.opening import open_average, open_probs
from errata.sources.topk import TopK
from source_forms import best, columns, read, write_parquet

RNG = np.random.default_rng(0)
MODELS = [RNG.dirichlet(np.ones(4), 25).astype(dtype) for dtype in (np.float16, np.float32, float)]


def mean_by_hand(arrays, dtype):
    n, m = arrays[0].shape
    return np.array(
        [[sum(float(a[i, j]) for a in arrays) / len(arrays) for j in range(m)] for i in range(n)],
        dtype,
    )


@pytest.mark.parametrize(
    ("which", "dtype"), [([0], "f4"), ([0, 1], "f4"), ([1, 0, 1], "f4"), ([1, 2], "f8")]
)
def test_the_mean_is_taken_in_float64_and_kept_in_float32_where_no_model_has_more(which, dtype):
    arrays = [MODELS[place] for place in which]
    source = Average([Dense(array) for array in arrays])
    found = read(source, np.arange(25))
    assert found.dtype == source.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, mean_by_hand(arrays, dtype))


@given(start=st.integers(0, 25), rows=st.integers(1, 30))
def test_blocks_of_models_need_not_be_alike(start, rows, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    if not (folder / "model.parquet").exists():
        write_parquet(columns(MODELS[1], "lists"), folder / "model.parquet", 4)
    source = Average([open_probs(folder / "model.parquet"), Dense(MODELS[0])])
    blocks = list(source.blocks(start, 25, rows))
    assert [at for at, _ in blocks] == list(range(start, 25, rows))
    found = np.concatenate([block.probs for _, block in blocks] or [np.zeros((0, 4), "f4")])
    np.testing.assert_array_equal(found, mean_by_hand(MODELS[1::-1], "f4")[start:])


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([], "needs the probabilities of at least one model"),
        (
            [Dense(MODELS[0], "a"), Dense(MODELS[0][1:], "b")],
            "b has 24 rows and 4 columns, but a, the first to average, has 25 and 4",
        ),
        (
            [Dense(MODELS[0], "a"), Dense(MODELS[0][:, 1:], "b")],
            "b has 25 rows and 3 columns, but a",
        ),
        (
            [TopK(*best(MODELS[0], 2), 4, name="a")],
            "a lists only the best 2 classes of each example, and a mean needs",
        ),
    ],
)
def test_models_that_cannot_be_averaged_are_named(models, message):
    with pytest.raises(ProbabilityError, match=message):
        Average(models)


def test_what_is_no_source_is_refused_with_what_opens_it():
    # types are not checked there, as with people
    program = "import errata; errata.Average(['a.npy', 'b.npy'])"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    message = "'a.npy' is none. Paths and arrays are opened by `errata.open_average`."
    assert message in told.stderr


@pytest.mark.parametrize("path", ["part-1.npy", Path("part-1.npy")])
def test_one_path_is_no_list_of_models(path):
    # types are not checked there, as with people
    program = f"import errata; from pathlib import *; errata.open_average({path!r})"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    message = "An average is of several models, given as a list: open_average(['part-1.npy', ...])"
    assert message in told.stderr


def test_models_may_be_given_in_any_form(tmp_path):
    np.save(tmp_path / "a.npy", MODELS[0])
    write_parquet(columns(MODELS[1]), tmp_path / "b.parquet")
    names = [f"class {j}." for j in (1, 0, 2, 3)]
    source = open_average([tmp_path / "a.npy", tmp_path / "b.parquet"], class_names=names)
    expected = mean_by_hand([MODELS[0], MODELS[1][:, [1, 0, 2, 3]]], "f4")
    np.testing.assert_array_equal(read(source, np.arange(25)), expected)


def test_shards_of_the_best_few_cannot_be_averaged(tmp_path):
    np.savez(
        tmp_path / "a.npz", **dict(zip(("indices", "values"), best(MODELS[0], 2), strict=True))
    )
    shards = open_probs([tmp_path / "a.npz"] * 2, n_classes=4)
    with pytest.raises(ProbabilityError, match="2 shards lists only the best 2 classes"):
        Average([shards])
