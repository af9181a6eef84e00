"""Fixtures that several packages' tests share."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # as load_tensorflow does
if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a core to itself
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


SLOW_FIXTURES = {
    "benchmarks": {"model"},
    "convert": {
        "fast",
        "files",
        "flatbuffer",
        "flatbuffers",
        "qat_student",
        "small_run",
        "source",
        "student",
        "to_int8",
    },
    "distill": {"job"},
    "mobile_app": {"tour"},
    "web_app": {"browser", "full_model", "packaged"},
}
"""Fixtures, by folder of tests, that train, convert or open a browser: tests that use them are slow."""
SLOW_FILES = {
    "notebooks/test_notebooks.py",
    "convert/making/test_fast_path.py",
    "convert/making/test_quantization_aware.py",
    "convert/packing/test_metadata.py",
    "distill/test_model_file.py",
    "distill/test_student.py",
    "mobile_app/android/test_start.py",
    "mobile_app/ui/test_behaviour.py",
    "mobile_app/ui/test_end_to_end.py",
    "skin_training/test_head_features.py",
    "skin_training/test_strategy.py",
    "skin_training/test_training.py",
    "stress/test_kills.py",
    "teacher/test_backbones.py",
    "web_app/test_offline_page.py",
    "web_app/test_page_of_a_full_model.py",
    "web_app/test_shipped_model.py",
    "web_app/test_stakeholder_page.py",
    "teacher/test_efficientnet_lite.py",
}
"""Files of tests that train, build published networks, open windows or start processes that do."""
LONGEST_ID = 50  # characters
SHARED_FIXTURES = {"fast", "flatbuffers", "qat_student", "source"}
"""Session fixtures of `tests/convert` that take too long to be made by several workers."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests, group those that share a worker, and put the groups with the most slow tests first."""
    groups = {}
    for item in items:
        path, fixtures = item.path.relative_to(Path(__file__).parent), set(getattr(item, "fixturenames", ()))
        if path.as_posix() in SLOW_FILES or fixtures & SLOW_FIXTURES.get(path.parts[0], set()):
            item.add_marker(pytest.mark.slow)
        shared = path.parts[0] == "convert" and fixtures & SHARED_FIXTURES
        if shared or item.path not in groups:
            groups[item.path] = "convert" if shared else path.with_suffix("").as_posix()
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item.path]))
    slow = Counter(groups[item.path] for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (-slow[groups[item.path]], groups[item.path]))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value, such as a whole photo, by its parameter: ids are sent and printed with every result."""
    return argname if isinstance(val, bytes | str) and len(val) > LONGEST_ID else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run where pytest and pytest-xdist disagree about groups: fixtures of minutes would be made twice."""
    if getattr(session.config.option, "loadgroup", False) and not all("@" in item.nodeid for item in session.items):
        raise pytest.UsageError("pytest-xdist's groups have no effect with this pytest; see setup.py")


@pytest.fixture(scope="module")
def tiny_networks() -> Iterator[str]:
    """Name of a teacher's backbone of two convolutions; the student's MobileNetV3-Small is as small.

    What a training does around its network is tested with it: a large graph takes longer to build than to train.
    """
    from distill.backbones import BACKBONES as STUDENTS
    from teacher.backbones import BACKBONES
    from tests.noise_data import TINY, know_tiny_networks

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STUDENTS, "mobilenetv3small", STUDENTS["mobilenetv3small"])
        patch.setitem(BACKBONES, TINY, None)
        know_tiny_networks(student=True)
        yield TINY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real photographs and pretrained weights, where a machine has one."""
    folder = Path(os.environ.get("SKIN_DISTILL_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"real photographs are not on this machine (looked in {folder}; set SKIN_DISTILL_SHARED)")
    return folder


@pytest.fixture(scope="session")
def make_card() -> Callable[..., dict[str, Any]]:
    """`make_card(size, urgencies, **other)`: a complete card of a model whose classes are c0, c1, ..."""

    def make(size: int, urgencies: tuple[str, ...], dtype: str = "float32", **other: Any) -> dict[str, Any]:
        card = {
            "format": 1,
            "name": "small",
            "classes": [{"id": f"c{i}", "name": f"Class {i}", "urgency": u} for i, u in enumerate(urgencies)],
            "input": {"size": size, "crop_fraction": 0.8, "dtype": dtype},
            "color_calibration": {"matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], "bias": [0.0] * 3},
            "temperature": 1.0,
            "thresholds": {"urgent": 0.4, "abstain_below": 0.05, "well_lit": 0.5},
            "synthetic": False,
            "data": {"dataset": "none", "meta_sha256": "0" * 64},
            "lineage": {},
            "per_tone": {tone: {"n": 80} for tone in ("light", "medium", "dark", "unknown")},
            "not_measured": ["everything"],
            "licence": "MIT",
        }
        return {**card, **other}

    return make
