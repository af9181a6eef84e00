"""The machine that something was measured on."""

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

CPUINFO = Path("/proc/cpuinfo")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
PACKAGES = ("numpy", "opencv-python-headless", "skin-distill")


class Machine(TypedDict):
    """What a latency depends on; None where the system does not say."""

    cpu: str
    cores: int | None
    load_average: float | None
    governor: str | None
    platform: str
    python: str
    runtime: str
    packages: dict[str, str | None]


def describe_machine(runtime: str) -> Machine:
    """Return processor, cores, load, frequency governor, platform and versions; `runtime` runs the model."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_average": load_average(),
        "governor": GOVERNOR.read_text().strip() if GOVERNOR.is_file() else None,
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "runtime": runtime,
        "packages": package_versions(PACKAGES),
    }


def cpu_model() -> str:
    """Name of the processor, as the system gives it."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    # Desktop kernels write "model name", phones' "Hardware".
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Hardware")))
    return next(named, platform.processor() or platform.machine())


def load_average() -> float | None:
    """Average number of runnable processes in the last minute; None on systems that do not count them."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def own_cores() -> list[int]:
    """Numbers of the cores that this process may use; empty where a process cannot choose its cores."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def package_versions(names: Iterable[str]) -> dict[str, str | None]:
    """Version of each distribution; None where it is not installed, as nothing is on a phone."""
    from importlib.metadata import PackageNotFoundError, version  # takes 10 ms

    versions: dict[str, str | None] = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    return versions
