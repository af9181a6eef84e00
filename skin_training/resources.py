"""What a training will need, said before the hours are spent."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from triage.errors import UnusableInput

FLOAT = 4  # bytes
BASE_MEMORY = 1_000_000_000
"""Bytes that Python, TensorFlow and its compiled graphs take at least. Real batches take more: an EfficientNet-Lite2
peaked at 4.7 GB with 32 photos of 224 pixels, mapped files included."""
COPIES_IN_MEMORY = 6
"""Of the weights: themselves, gradients, AdamW's two moments, their average, and the best epoch's."""
COPIES_IN_CHECKPOINT = 5
"""Of the weights: as trained, the best, AdamW's two moments, their average."""
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def needed_memory(parameters: int, answering: int = 0) -> int:
    """Return the bytes of memory that training a model takes at least.

    What a batch's activations take comes on top; photos are read from disk as they are needed.

    Args:
        parameters: of the model that is trained.
        answering: parameters of models that are held beside it and only answer.
    """
    return BASE_MEMORY + FLOAT * (COPIES_IN_MEMORY * parameters + answering)


def needed_disk(parameters: int, features: int = 0) -> int:
    """Return the bytes of disk that a run takes at most, beside the prepared photos (`skin_data.pixels`).

    Args:
        parameters: of the model that is trained. A checkpoint is written beside the one that it replaces.
        features: float32 values of a frozen backbone's features.
    """
    return 2 * COPIES_IN_CHECKPOINT * FLOAT * parameters + FLOAT * features


def memory_limit() -> int | None:
    """Return the bytes of memory that this process may use: the machine's, or its container's; None if unknown."""
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
    answering: int = 0,
) -> None:
    """Raise where a training cannot come to its end here.

    Args:
        parameters: of the model that is trained.
        folder: where the run is written.
        features: float32 values of a frozen backbone's features that are stored.
        limit: bytes of memory; None asks the system.
        free: bytes of disk; None asks the system.
        answering: parameters of models that are held beside it and only answer, such as a student's teacher.

    Raises:
        UnusableInput: too little memory or disk; the message says how much is needed and what to do.
    """
    memory, disk = needed_memory(parameters, answering), needed_disk(parameters, features)
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
