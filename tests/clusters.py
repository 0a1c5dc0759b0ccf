"""A Ray cluster of this machine, whose nodes come and go."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return as soon as a condition holds; it has to within a minute."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds} seconds it is still not so"
        time.sleep(0.05)


class RayCluster:
    """A head without processors, and nodes that come and go."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        self.folder = folder
        head = {
            "num_cpus": 0,
            "include_dashboard": False,
            "temp_dir": str(folder),
            # a node that does not answer counts as lost after a second, not after fifteen
            "_system_config": {
                "health_check_initial_delay_ms": 0,
                "health_check_period_ms": 300,
                "health_check_failure_threshold": 3,
            },
        }
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = self._cluster.address

    @property
    def nodes(self) -> list[Any]:
        """All but the head."""
        return list(self._cluster.worker_nodes)

    def add(self, processors: int) -> Any:
        """Return a further node, once it is there."""
        return self._cluster.add_node(num_cpus=processors, object_store_memory=80 * 2**20)

    def remove(self, node: Any) -> None:
        """Kill all processes of a node, without a chance to clean up."""
        self._cluster.remove_node(node, allow_graceful=False)

    def remove_all(self) -> None:
        """Kill all nodes but the head, and wait until the cluster has seen it."""
        import ray

        for node in self.nodes:
            self.remove(node)
        wait_until(lambda: not ray.cluster_resources().get("CPU"))

    def close(self) -> None:
        self._cluster.shutdown()
