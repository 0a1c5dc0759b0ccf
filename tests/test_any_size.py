"""What holds for large sets in particular: sparse joints, what is not listed, little room."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import errata
from errata.finding import MOST_DENSE
from helpers import as_bytes, quiet_find


def many_classes(n=600, m=MOST_DENSE + 10):
    """Return labels, and the best three classes of each example."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 40, n)
    labels = np.where(rng.random(n) < 0.1, rng.integers(0, 40, n), truth)
    other = rng.integers(50, m - 1, n)
    indices = np.column_stack([truth, other, other + 1])
    values = np.column_stack([rng.uniform(0.4, 0.9, n), np.full((n, 2), 0.05)])
    return labels, indices, values.astype(np.float32), m


@pytest.mark.parametrize("rule", ["margin", "noise_rate", "class", "confident"])
def test_a_sparse_joint_holds_the_counts_of_the_dense_one(monkeypatch, rule):
    labels, indices, values, m = many_classes()
    sparse = quiet_find(labels, errata.TopK(indices, values, m), rule=rule)
    shares = sparse.joint.toarray()
    monkeypatch.setattr("errata.finding.MOST_DENSE", m)
    dense = quiet_find(labels, errata.TopK(indices, values, m), rule=rule)
    assert not isinstance(sparse.confident_joint, np.ndarray)
    assert isinstance(dense.confident_joint, np.ndarray)
    np.testing.assert_array_equal(sparse.confident_joint.toarray(), dense.confident_joint)
    np.testing.assert_array_equal(shares, dense.joint)
    assert shares.sum() == pytest.approx(1)
    assert sparse.indices.tobytes() == dense.indices.tobytes()
    assert sparse.to_dict() == dense.to_dict()


def test_what_the_best_few_classes_leave_open_is_told():
    labels = np.array([0, 1, 0, 1, 0, 1])
    indices = np.array([[0, 2], [1, 2], [0, 2], [1, 2], [1, 2], [2, 3]])
    values = np.array([[0.9, 0.05], [0.6, 0.3], [0.8, 0.1], [0.9, 0.1], [0.7, 0.2], [0.35, 0.3]])
    said = " ".join(quiet_find(labels, errata.TopK(indices, values, 4)).warnings)
    # examples 4 and 5 do not list their label; it has at most the least of those that are listed
    assert "The given label of 2 of 6 examples is not among the best" in said
    assert "it is 0.3 at most" in said
    # no class of example 5 is confident, and one that is not listed, with up to 0.3, could not be
    assert "no listed class reaches" not in said


def test_an_estimate_that_could_be_a_hidden_class_is_counted():
    labels = np.array([0, 0, 1, 1])
    indices = np.array([[0, 2], [2, 3], [1, 2], [1, 3]])
    values = np.array([[0.4, 0.2], [0.3, 0.3], [0.8, 0.1], [0.9, 0.05]])
    found = quiet_find(labels, errata.TopK(indices, values, 4))
    assert found.thresholds[0] == 0.2  # which example 1, with up to 0.3 for class 0, could reach
    said = "For 1 of 4 examples no listed class reaches its threshold and one that is not listed"
    assert said in " ".join(found.warnings)
    assert found.confident_joint.sum() == 2  # 0.8 does not reach 0.85 either


def test_compat_with_too_many_classes_is_refused():
    top = errata.TopK(np.array([[0]]), np.array([[0.9]]), 10_001)
    with pytest.raises(errata.InputError, match="too large for 10,001 classes"):
        errata.find([0], top, compat="cleanlab")


def test_scores_are_written_for_every_example(tmp_path):
    rng = np.random.default_rng(0)
    labels, probs = rng.integers(0, 4, 90), rng.dirichlet(np.ones(4), 90)
    for score in ("normalized_margin", "self_confidence", "weighted_entropy"):
        for compat in (None, "cleanlab"):
            path = tmp_path / f"{score}.npy"
            options = {"score": score, "compat": compat, "rule": "argmax"}
            found = errata.find(labels, probs, scores_out=path, chunk_rows=7, **options)
            scores = np.load(path)
            assert (scores.dtype, scores.shape) == (np.float32, (90,))
            np.testing.assert_array_equal(scores[found.indices], found.scores.astype(np.float32))
            assert list(tmp_path.iterdir()) == [path]
            path.unlink()


def test_where_scores_cannot_be_written_it_says_so_before_anything_is_read(tmp_path):
    with pytest.raises(errata.FileError, match=r"scores cannot be written to .*No such file"):
        errata.find([0, 1], np.full((2, 2), np.nan), scores_out=tmp_path / "no" / "scores.npy")


def test_scores_of_a_search_that_failed_leave_nothing(tmp_path):
    with pytest.raises(errata.ProbabilityError):
        errata.find([0, 1], np.full((2, 2), np.nan), scores_out=tmp_path / "scores.npy")
    assert not list(tmp_path.iterdir())


LITTLE_ROOM = """
import json
import resource
import sys

import numpy as np

labels, probs, room = sys.argv[1], sys.argv[2], int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (room, room))
import errata

try:
    np.load(probs, mmap_mode="r")
    fits = True
except OSError:
    fits = False
found = errata.find(labels, probs)
print(json.dumps([fits, found.indices.tolist()]))
"""


def test_a_file_larger_than_the_address_space_goes_through(tmp_path):
    """As under `ulimit -v`: not even mapping the file as a whole would be possible."""
    n, m = 1_500_000, 300
    rng = np.random.default_rng(0)
    piece = rng.dirichlet(np.full(m, 0.05), 1000).astype(np.float16)
    labels = np.where(rng.random(n) < 0.01, 0, np.tile(piece.argmax(axis=1), n // 1000))
    np.save(tmp_path / "labels.npy", labels)
    probs = np.lib.format.open_memmap(
        tmp_path / "probs.npy", mode="w+", dtype=np.float16, shape=(n, m)
    )
    for start in range(0, n, 1000):
        probs[start : start + 1000] = piece
    expected = quiet_find(labels, probs)
    room = 800 * 2**20
    assert (tmp_path / "probs.npy").stat().st_size > room
    words = [str(tmp_path / "labels.npy"), str(tmp_path / "probs.npy"), str(room)]
    printed = subprocess.check_output([sys.executable, "-c", textwrap.dedent(LITTLE_ROOM), *words])
    fits, indices = json.loads(printed)
    assert not fits
    assert indices == expected.indices.tolist()


def test_notes_in_a_mapped_file_are_those_in_memory(monkeypatch):
    rng = np.random.default_rng(0)
    labels, probs = rng.integers(0, 4, 500), rng.dirichlet(np.ones(4), 500)
    plain = quiet_find(labels, probs)
    monkeypatch.setattr("errata.engine.partial._IN_MEMORY", 0)
    mapped = quiet_find(labels, probs)
    assert as_bytes(mapped) == as_bytes(plain)
