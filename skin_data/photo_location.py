"""Where photos lie: on a disk of this machine, or behind a URL such as s3:// or gs:// that fsspec reads."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from triage.errors import MissingDependency, UnusableInput

AT_ONCE = 64
"""Requests under way: each waits some 30 ms for its answer."""


def is_url(place: object) -> bool:
    """Whether a place is a URL, or a path that `located` made of one."""
    return "://" in str(place)


def located(place: str | Path, folder: Path | None = None) -> Path:
    """Return a path, from a folder where it is relative; a URL becomes a universal_pathlib path, which `Path` is not.

    Both have the same methods, except for those that only a disk has. Nothing is read.

    Raises:
        MissingDependency: the library that reads such URLs is not installed.
        UnusableInput: nothing reads such URLs.
    """
    if not is_url(place):
        return folder / place if folder else Path(place)
    scheme = str(place).partition("://")[0]
    try:
        from upath import UPath

        path = UPath(place)
        path.fs  # noqa: B018  imports the library
    except ImportError as error:
        raise MissingDependency(
            f"Photos behind {scheme}:// need a library that is not installed: {error}. Received: {place}. Install it "
            "with: pip install 'skin-distill[cluster]'"
        ) from error
    except ValueError as error:
        raise UnusableInput(f"Nothing reads URLs that begin with {scheme}://. Received: {place}.") from error
    return cast("Path", path)


def stamps(paths: Sequence[Path]) -> list[str]:
    """Return of each photo what changes when it does, such as size and modification time; "gone" where it is missing.

    Photos on a disk are asked one after the other, those behind URLs many at once.
    """
    if not any(map(is_url, paths)):
        return [_stamp(path) for path in paths]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_stamp, paths))


def _stamp(path: Path) -> str:
    if is_url(path):
        try:
            return str(path.fs.ukey(path.path))  # type: ignore[attr-defined]
        except Exception:  # clients of buckets raise errors of many types
            return "gone"
    try:
        status = path.stat()
    except OSError:
        return "gone"
    return f"{status.st_size}|{status.st_mtime_ns}"
