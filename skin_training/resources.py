"""Memory and disk that a training needs, checked before it starts."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from triage.errors import UnusableInput

FLOAT = 4  # bytes
BASE_MEMORY = 1_000_000_000
"""Least number of bytes for Python, TensorFlow and its compiled graphs. Batches add to it: EfficientNet-Lite2 peaked at
4.7 GB with 32 photos of 224 pixels, mapped files included."""
COPIES_IN_MEMORY = 6
"""Of the weights: weights, gradients, AdamW's two moments, moving average, those kept."""
COPIES_IN_CHECKPOINT = 5
"""Of the weights: weights, those kept, AdamW's two moments, moving average."""
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_limit() -> int | None:
    """Return the memory limit of this process in bytes, of the machine or container; None if unknown."""
    limits = []
    for path in CGROUP_LIMITS:
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):
            continue
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(limits, default=None)


def check_resources(
    parameters: int,
    folder: Path,
    features: int = 0,
    limit: int | None = None,
    free: int | None = None,
    frozen: int = 0,
) -> None:
    """Raise where memory or disk does not suffice for a training.

    Activations of a batch come on top of the memory, prepared photos (`skin_data.pixels`) on top of the disk.

    Args:
        parameters: of the model that is trained.
        folder: where the run is written.
        features: number of float32 values that are stored, such as a frozen backbone's features.
        limit: bytes of memory; None asks the system.
        free: bytes of disk; None asks the system.
        frozen: parameters of models that only predict, such as a student's teacher.

    Raises:
        UnusableInput: too little memory or disk; names what is needed and available.
    """
    memory = BASE_MEMORY + FLOAT * (COPIES_IN_MEMORY * parameters + frozen)
    disk = FLOAT * (2 * COPIES_IN_CHECKPOINT * parameters + features)  # a checkpoint is written beside the old one
    limit = memory_limit() if limit is None else limit
    if limit is not None and memory > limit:
        raise UnusableInput(
            f"This training needs about {_gigabytes(memory)} of memory. Received: a machine or container with "
            f"{_gigabytes(limit)}. Choose a smaller backbone, or a larger machine."
        )
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free if free is None else free
    if disk > free:
        raise UnusableInput(
            f"This training writes up to {_gigabytes(disk)} under {folder}. Received: a disk with "
            f"{_gigabytes(free)} free. Make room, or run it in a folder on another disk."
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
