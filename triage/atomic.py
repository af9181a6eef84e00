"""Atomic file writes: write a temporary file, fsync, rename.

Temporary files are locked with `flock` (where available) while they are written, so that `remove_abandoned` can tell
leftovers of killed processes from files being written now.
"""

import errno
import fnmatch
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from triage.errors import UnusableInput
from triage.plain_text import in_utf8, json_text

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers for a full disk and an exceeded quota."""
MIN_FREE_BYTES = 65_536
"""A disk with less counts as full if a write has failed."""
MARK = ".half"
"""Part of a temporary file's name: `.teacher-3f9ac204.half.keras`."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`, on an exception it is removed.

    The temporary name keeps the suffix of `path`, because many writers choose the format by it. Missing folders are
    created.

    Raises:
        UnusableInput: the file cannot be written, for example because the disk is full or the folder read-only.
    """
    path = Path(path)
    descriptor = temporary = None
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = _locked_file(path)
        try:
            yield temporary
        except OSError as error:  # of this file or of another one
            if error.filename == str(temporary) or _is_full(path.parent, error):
                raise _not_written(path, error) from error
            raise
        with writing(path):
            with open(temporary, "r+b") as written:  # Windows syncs only what is open for writing
                os.fsync(written.fileno())
            temporary.replace(path)
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors of the operating system in the block into an UnusableInput that names the file or folder written."""
    try:
        yield
    except OSError as error:
        raise _not_written(path, error) from error


def check_writable(path: str | Path) -> None:
    """Raise UnusableInput if a file cannot be written, before work is spent on its contents."""
    with suppress(_Undo), replacing(path):
        raise _Undo


class _Undo(Exception):
    """Leaves the block of `replacing` without a file."""


def _not_written(path: Path, error: OSError) -> UnusableInput:
    full = _is_full(path.parent, error)
    reason = "the disk is full" if full else error.strerror or str(error)
    remedy = "Free some space and try again" if full else "Choose a place that you can write to"
    return UnusableInput(f"Cannot write {path}: {reason}. {remedy}.")


def _is_full(folder: Path, error: OSError) -> bool:
    if error.errno is not None:
        return error.errno in FULL_DISK
    # numpy reports a short write without an errno, so ask the disk.
    with suppress(OSError):
        return shutil.disk_usage(folder).free < MIN_FREE_BYTES
    return False


def _locked_file(path: Path) -> tuple[int | None, Path]:
    """Create the temporary file; its descriptor holds the lock and is None where there are no locks."""
    while True:
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{MARK}{path.suffix}")
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except FileExistsError:
            continue
        if fcntl is None:
            os.close(descriptor)  # Windows cannot rename open files
            return None, temporary
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Before it was locked, another process may have removed it as abandoned.
        if os.fstat(descriptor).st_nlink:
            return descriptor, temporary
        os.close(descriptor)


def remove_abandoned(folder: str | Path) -> int:
    """Remove temporary files of killed processes in a folder and its subfolders.

    Files being written are locked and stay. Without `flock` (Windows) nothing is removed.

    Args:
        folder: may be missing.

    Returns:
        Number of files removed.
    """
    if fcntl is None:
        return 0
    removed = 0
    for parent, _, names in os.walk(folder):  # skips folders that vanish meanwhile
        for name in fnmatch.filter(names, f".*-????????{MARK}*"):
            path = Path(parent, name)
            with suppress(OSError):  # locked, or already gone
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                    removed += 1
                finally:
                    os.close(descriptor)
    return removed


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write bytes atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically; names that are not UTF-8 are written as in `in_utf8`."""
    write_bytes(path, in_utf8(text).encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write indented JSON atomically; NaN and inf raise ValueError."""
    write_text(path, json_text(value) + "\n")


def sha256_of(path: str | Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
