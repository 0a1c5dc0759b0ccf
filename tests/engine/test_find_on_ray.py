"""`find` on a real Ray cluster of this machine: the same bytes, whatever is killed meanwhile."""

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import errata
from errata.finding import RULES, SCORES
from errata.sources.dense import Dense
from errata.sources.opening import open_probs
from hard_audits import assert_same_bytes, find_cut_small, hard_audits
from helpers import as_bytes, killed_at, require
from source_forms import forms

N, M, PART = 3000, 12, 60


@dataclass(frozen=True)
class Slow:
    """A source that reads slowly, so that there is time to kill who reads it."""

    source: object
    seconds: float = 0.1

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.source, name)

    def blocks(self, start, stop, rows):
        time.sleep(self.seconds)
        return self.source.blocks(start, stop, rows)


@pytest.fixture(scope="module", autouse=True)
def workers_know_this_module():
    require("ray")  # a skip that was promised to run is a failure
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def audit(tmp_path):
    """Return labels, a source in a file, and what one thread of this process finds."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, M, N)
    labels = np.where(rng.random(N) < 0.1, rng.integers(0, M, N), truth)
    scores = rng.standard_normal((N, M)) + 3 * rng.random((N, 1)) * (truth[:, None] == np.arange(M))
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "probs.npy", probs.astype(np.float32))
    expected = errata.find(labels, tmp_path / "probs.npy", threads=1)
    return labels, open_probs(tmp_path / "probs.npy"), as_bytes(expected)


@pytest.mark.parametrize(
    "name",
    ["array", "npy", "shards, a pattern", "parquet, a folder", "zarr 3", "average"],
)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    audit=hard_audits((2, 3, 6)),
    rule=st.sampled_from(RULES),
    score=st.sampled_from(SCORES),
    chunk_rows=st.integers(5, 50),
)
def test_every_form_gives_the_bytes_of_the_oracle_on_a_cluster(
    ray_engine, name, audit, rule, score, chunk_rows
):
    labels, probs = audit
    form = forms(probs.shape[1], 2)[name]
    options = {"rule": rule, "score": score, "chunk_rows": chunk_rows, "engine": ray_engine}
    with tempfile.TemporaryDirectory() as folder:
        found = find_cut_small(labels, form.open(Path(folder), probs), **options)
    assert_same_bytes(found, labels, probs, rule, score)


class at_a_third:  # noqa: N801 (reads as a word)
    """A progress callback that does something once, a third of the way through the first pass."""

    def __init__(self, do):
        self.do, self.done = do, False

    def __call__(self, done, total):
        if not self.done and done > total / 3:
            self.done = True
            self.do()


def worker_processes():
    """Return the processes of Ray that are at work on a task of this test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if title.startswith(b"ray::_run"):
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize("rule", ["margin", "noise_rate"])
@pytest.mark.parametrize("compat", [None, "cleanlab"])
def test_a_cluster_finds_the_same_bytes(audit, ray_engine, rule, compat):
    labels, source, _ = audit
    options = {"rule": rule, "compat": compat, "score": "weighted_entropy"}
    plain = errata.find(labels, source, threads=1, **options)
    found = errata.find(labels, source, engine=ray_engine, chunk_rows=500, **options)
    assert as_bytes(found) == as_bytes(plain)


def test_arrays_in_memory_travel_to_the_workers(audit, ray_engine):
    labels, source, expected = audit
    array = Dense(np.concatenate([rows.probs for _, rows in source.blocks(0, N, N)]))
    found = errata.find(labels, array, engine=ray_engine, chunk_rows=500)
    assert as_bytes(found) == expected


def kill_whoever_is_at_work(killed):
    """Kill every worker found at a task, looking until there is one: between two tasks none is."""
    deadline = time.monotonic() + 60
    while not killed and time.monotonic() < deadline:
        for process in worker_processes():
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(process, signal.SIGKILL)
                killed.append(process)


def test_killing_workers_changes_no_byte(audit, ray_engine):
    labels, source, expected = audit
    killed = []
    killer = threading.Thread(target=kill_whoever_is_at_work, args=(killed,), daemon=True)
    callback = at_a_third(killer.start)
    found = errata.find(labels, Slow(source), engine=ray_engine, chunk_rows=PART, progress=callback)
    killer.join()
    assert killed, "somebody was at work"
    assert as_bytes(found) == expected


def test_removing_a_node_changes_no_byte(audit, ray_cluster, ray_engine):
    labels, source, expected = audit
    node = ray_cluster.add(2)
    callback = at_a_third(lambda: ray_cluster.remove(node))
    found = errata.find(labels, Slow(source), engine=ray_engine, chunk_rows=PART, progress=callback)
    assert callback.done
    assert as_bytes(found) == expected


DRIVER = """
import sys
import numpy as np
import errata

labels, probs, partial, address = sys.argv[1:]

def told(done, total):
    print(done, flush=True)

engine = errata.RayEngine(address)
errata.find(labels, probs, engine=engine, chunk_rows=20, resume=partial, progress=told)
"""


def test_killing_the_driver_and_starting_again_changes_no_byte(
    audit, ray_cluster, ray_engine, tmp_path
):
    labels, _, expected = audit
    files = [str(tmp_path / name) for name in ("labels.npy", "probs.npy", "partial")]
    with killed_at(DRIVER, *files, ray_cluster.address) as driver:
        for line in driver.stdout:  # the first pass has 150 parts
            if int(line) >= N / 3:
                break
    noted = (tmp_path / "partial" / "parts.jsonl").read_bytes().count(b"\n")
    assert 0 < noted < N / 20, "it was killed in the middle of the first pass"
    seen = []
    found = errata.find(
        labels,
        tmp_path / "probs.npy",
        engine=ray_engine,
        chunk_rows=20,
        resume=tmp_path / "partial",
        progress=lambda done, total: seen.append(done),
    )
    assert seen[0] > N / 3, "what was known was not done again"
    assert as_bytes(found) == expected
    assert not (tmp_path / "partial").exists()
