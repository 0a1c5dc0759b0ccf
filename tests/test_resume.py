"""A search that was stopped goes on: nothing known is done again, and the result is the same."""

import contextlib

import numpy as np
import pytest

import errata
from helpers import as_bytes, killed_at

N, M = 4000, 10


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, M, N)
    labels = np.where(rng.random(N) < 0.1, rng.integers(0, M, N), truth)
    probs = rng.dirichlet(np.full(M, 0.3), N) * 0.4
    probs[np.arange(N), truth] += 0.6
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "probs.npy", probs.astype(np.float32))
    return tmp_path / "labels.npy", tmp_path / "probs.npy", tmp_path / "partial"


STOPPED = """
import sys
import time
import errata

def slowly(done, total):
    print(done, flush=True)
    time.sleep(0.05)

errata.find(sys.argv[1], sys.argv[2], chunk_rows=50, resume=sys.argv[3], progress=slowly)
"""


def test_a_killed_search_goes_on_where_it_stood_and_finds_the_same_bytes(files):
    labels, probs, partial = files
    with killed_at(STOPPED, *map(str, files)) as process:
        for line in process.stdout:
            if int(line) >= 1000:
                break
    assert partial.is_dir()
    seen = []
    found = errata.find(
        labels,
        probs,
        chunk_rows=50,
        resume=partial,
        progress=lambda done, total: seen.append(done),
    )
    assert 1000 <= seen[0] < N
    assert as_bytes(found) == as_bytes(errata.find(labels, probs))
    assert not partial.exists(), "nothing is left once all is done"


def test_an_interrupted_search_goes_on_too_with_another_rule(files):
    labels, probs, partial = files

    def stop(done, total):
        if done >= 2000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        errata.find(labels, probs, chunk_rows=100, resume=partial, progress=stop)
    seen = []
    found = errata.find(
        labels,
        probs,
        rule="class",
        score="self_confidence",
        chunk_rows=100,
        resume=partial,
        progress=lambda done, total: seen.append(done),
    )
    assert seen[0] >= 2000
    plain = errata.find(labels, probs, rule="class", score="self_confidence")
    assert as_bytes(found) == as_bytes(plain)


def stopped(files, **options):
    labels, probs, partial = files

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        errata.find(labels, probs, chunk_rows=100, resume=partial, progress=stop, **options)


def test_partial_results_of_other_labels_or_probabilities_are_refused(files):
    labels, probs, partial = files
    stopped(files)
    other = np.load(labels)
    other[0] = (other[0] + 1) % M
    with pytest.raises(errata.FileError, match=r"partial.*labels"):
        errata.find(other, probs, chunk_rows=100, resume=partial)
    np.save(probs, np.load(probs)[:, ::-1])
    with pytest.raises(errata.FileError, match=r"partial.*prob"):
        errata.find(labels, probs, chunk_rows=100, resume=partial)
    with pytest.raises(errata.FileError, match=r"partial.*normalize"):
        errata.find(labels, probs, chunk_rows=100, resume=partial, normalize=True)


def test_the_warning_of_a_resumed_search_names_the_same_row(files):
    """Two rows deviate alike: the first is named, also where the second was read first."""
    labels, probs, partial = files
    table = np.load(probs).astype(np.float64)
    table /= table.sum(axis=1, keepdims=True)
    table[[150, 3900]] = [0.25, 0.25, 0.25, 0.25 + 2**-11, 0, 0, 0, 0, 0, 0]
    np.save(probs, table)

    def stop(done, total):
        if done == N:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        errata.find(labels, probs, chunk_rows=100, resume=partial, progress=stop)
    lines = (partial / "parts.jsonl").read_text().splitlines(keepends=True)
    assert len(lines) == N / 100
    (partial / "parts.jsonl").write_text("".join(lines[:1] + lines[2:]))  # rows 100 to 199
    with pytest.warns(errata.ErrataWarning, match=r"probs\[150\]"):
        errata.find(labels, probs, chunk_rows=100, resume=partial)
    with pytest.warns(errata.ErrataWarning, match=r"probs\[150\]"):
        errata.find(labels, probs)


def test_partial_results_stay_until_what_was_found_is_written_down(files):
    labels, probs, partial = files
    options = {"chunk_rows": 100, "resume": partial}

    def print_it():
        with contextlib.ExitStack() as until:
            errata.find(labels, probs, until=until, **options)
            with pytest.raises(errata.FileError, match="Another process works in"):
                errata.find(labels, probs, **options)
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        print_it()
    assert (partial / "parts.jsonl").read_text().count("\n") == N / 100
    with contextlib.ExitStack() as until:
        found = errata.find(labels, probs, until=until, **options)
        assert partial.is_dir()
    assert not partial.exists()
    assert as_bytes(found) == as_bytes(errata.find(labels, probs))


def test_partial_results_stay_until_an_audit_has_what_was_found(files, tmp_path, monkeypatch):
    labels, probs, partial = files
    audit = errata.Audit.create(tmp_path / "one.audit", labels=labels, probs=probs)

    def full(*words):
        raise OSError("no room")

    monkeypatch.setattr("errata.store.records.add_finding", full)
    with pytest.raises(OSError, match="no room"):
        audit.find(resume=partial)
    assert partial.is_dir()
    monkeypatch.undo()
    audit.find(resume=partial)
    assert not partial.exists()
