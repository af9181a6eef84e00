"""What is needed to reproduce a result: versions, processor, command."""

import os
import platform
import sys
from pathlib import Path
from typing import Any

from triage.machine import cpu_model, package_versions

RECORDED_PACKAGES = (
    "skin-distill", "tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "numpy",
    "opencv-python-headless", "pandas", "scikit-learn",
)  # fmt: skip


def describe_environment() -> dict[str, Any]:
    """Return packages, Python, platform, processor, cores and command of this process."""
    return {
        "packages": package_versions(RECORDED_PACKAGES),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }
