"""Fixtures that several packages' tests share."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # as teacher/__init__.py does


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real photographs and pretrained weights, where a machine has one."""
    folder = Path(os.environ.get("SKIN_DISTILL_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"real photographs are not on this machine (looked in {folder}; set SKIN_DISTILL_SHARED)")
    return folder
