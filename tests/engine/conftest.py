"""A Ray cluster for all tests of this folder, started when the first of them asks for it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters import RayCluster
from errata.engine.ray import RayEngine
from helpers import require


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    """Yield a cluster with one node of two processors, which stays."""
    require("ray")
    # sockets lie in it, and their paths may not be long
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))
    cluster = RayCluster(folder)
    cluster.add(2)
    yield cluster
    cluster.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ray_engine(ray_cluster: RayCluster) -> Iterator[RayEngine]:
    """Yield an engine that is connected to it."""
    with RayEngine(ray_cluster.address) as engine:
        yield engine
