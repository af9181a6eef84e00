"""Files that appear whole or not at all: write beside, fsync, rename.

A killed process leaves its half-written file. It is locked while it is written, where the system has `flock`, so that
`remove_abandoned` can tell what a killed process left from what another one is writing now.
"""

import errno
import fnmatch
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from triage.errors import UnusableInput

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of the system's errors for a full disk, and a full share of one."""
LEAST_FREE = 65_536
"""Bytes below which a disk counts as full when a file could not be written."""
MARK = ".half"
"""Stands before the suffix of a half-written file's name: `.teacher-3f9ac204.half.keras`."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; on success it becomes `path`, on an exception it is removed.

    The temporary name keeps the suffix of `path`, because many writers choose the format by it. The folder is made
    if needed. What stood at `path` before stays until the very moment it is replaced.

    Raises:
        UnusableInput: the disk is full.
    """
    path = Path(path)
    descriptor = temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = _locked_file(path)
        yield temporary
        with open(temporary, "r+b") as written:  # Windows syncs only what is open for writing
            os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException as error:
        full = isinstance(error, OSError) and _is_full(path.parent, error)
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if full:
            raise UnusableInput(
                f"The disk is full. Received: {path}, which stays as it was. Make room and try again."
            ) from error
        raise
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _is_full(folder: Path, error: OSError) -> bool:
    if error.errno is not None:
        return error.errno in FULL_DISK
    # numpy says only that fewer bytes were written than it asked for, so the disk is asked.
    with suppress(OSError):
        return shutil.disk_usage(folder).free < LEAST_FREE
    return False


def _locked_file(path: Path) -> tuple[int | None, Path]:
    """Make the half-written file; its descriptor holds the lock and is None where there are no locks."""
    while True:
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{MARK}{path.suffix}")
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except FileExistsError:
            continue
        if fcntl is None:
            os.close(descriptor)  # Windows renames nothing that is open
            return None, temporary
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Between its making and its locking another process may have taken it for abandoned.
        if os.fstat(descriptor).st_nlink:
            return descriptor, temporary
        os.close(descriptor)


def remove_abandoned(folder: str | Path) -> int:
    """Remove the half-written files that killed processes left in a folder and below it.

    A file that another process is writing is locked, and stays. Without `flock` (Windows) nothing is removed.

    Args:
        folder: need not exist.

    Returns:
        The number of files removed.
    """
    if fcntl is None:
        return 0
    removed = 0
    for parent, _, names in os.walk(folder):  # which passes over folders that are gone meanwhile
        for name in fnmatch.filter(names, f".*-????????{MARK}*"):
            path = Path(parent, name)
            with suppress(OSError):  # locked, or gone meanwhile
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                    removed += 1
                finally:
                    os.close(descriptor)
    return removed


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON to `path`, whole or not at all. NaN and infinities are refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sha256_of(path: str | Path) -> str:
    """Hexadecimal SHA-256 of the bytes of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
