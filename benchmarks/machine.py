"""Where and when something was measured, in words."""

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from measuring import total
from words import in_bytes


def machine(packages: Iterable[str]) -> dict[str, str]:
    """Return date, processor, cores, memory, system, and the versions of Python and packages."""
    cpu = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (cpu.read_text().splitlines() if cpu.exists() else [])
        if line.startswith("model name")
    ]
    versions = [f"Python {platform.python_version()}"]
    for name in packages:
        with suppress(PackageNotFoundError):
            versions.append(f"{name} {version(name)}")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": models[0] if models else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": in_bytes(total()),
        "system": f"{platform.system()} {platform.release()}",
        "versions": ", ".join(versions),
    }
