"""What is needed to reproduce a result: date, commit, versions, processor, command."""

import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from triage.machine import cpu_model, package_versions

RECORDED_PACKAGES = (
    "skin-distill", "tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "numpy",
    "opencv-python-headless", "pandas", "scikit-learn",
)  # fmt: skip


def describe_environment() -> dict[str, Any]:
    """Return date, commit, packages, Python, platform, processor, cores and command of this process."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": source_commit(),
        "packages": package_versions(RECORDED_PACKAGES),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def source_commit() -> str | None:
    """Return the commit of this source tree, with "-dirty" after changes; None where it is no git checkout."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
