"""Check a file of weights from elsewhere before it is read."""

from pathlib import Path
from typing import Any

from triage.errors import UnusableInput

MAX_COMPRESSION = 64
"""Weights hardly shrink; what unpacks to more than this many times its size would fill the memory."""
SMALL_BYTES = 1 << 20
"""Less is read whatever its compression."""


def is_bomb(stored: int, unpacked: int) -> bool:
    """Return whether `stored` bytes that claim to hold `unpacked` bytes are no honest weights."""
    return unpacked > SMALL_BYTES and unpacked > MAX_COMPRESSION * stored


def check_h5(path: str | Path) -> None:
    """Refuse an HDF5 file that would read other files or fill the memory.

    Links and external or virtual data sets lead to any file on this machine; a chunked one can claim any size.

    Args:
        path: of the file.

    Raises:
        UnusableInput: it holds such a part.
        OSError: it is no HDF5 file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        _check_group(file, str(path), set())


def _check_group(group: Any, path: str, seen: set[Any]) -> None:
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _refused(path, f"{group.name}/{name}", "a link")
        part = group[name]
        if (place := h5py.h5o.get_info(part.id).addr) in seen:
            continue
        seen.add(place)
        if isinstance(part, h5py.Group):
            _check_group(part, path, seen)
        elif part.external or part.is_virtual:
            raise _refused(path, part.name, "data of another file")
        elif is_bomb(part.id.get_storage_size(), part.nbytes):
            raise _refused(path, part.name, f"{part.nbytes} bytes that are not in the file")


def _refused(path: str, part: str, what: str) -> UnusableInput:
    return UnusableInput(f"The weights are refused: they hold {what}. Received: {part} in {path}. Use another file.")
