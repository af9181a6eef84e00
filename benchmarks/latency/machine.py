"""The machine that a figure was measured on."""

import os
import platform
from pathlib import Path
from typing import Any

from skin_training.environment import cpu_model, package_versions

GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def describe_machine(runtime: str) -> dict[str, Any]:
    """What a figure depends on: processor, cores, load, governor, runtime and versions."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_average": load_average(),
        "governor": GOVERNOR.read_text().strip() if GOVERNOR.is_file() else None,
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "runtime": runtime,
        "packages": package_versions(("numpy", "opencv-python-headless", "skin-distill")),
    }


def own_cores() -> list[int]:
    """Numbers of the cores that this process may use; none where the system does not let a process choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def load_average() -> float | None:
    """Processes that wanted to run in the last minute, this one included; None on systems that do not count them."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
