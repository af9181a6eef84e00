"""Which files of a data set's folder are complete, kept in a file that survives a kill."""

import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from skin_data.download.transfer import checksum_of
from triage.errors import UnusableInput

NAME = ".download.jsonl"


class Ledger:
    """A JSON line per complete file: path, size, checksum, modification time. The last line of a path counts.

    Used as a context manager; it keeps other downloads out of the folder meanwhile. Threads may share it.

    Args:
        folder: of the data set; made if needed.

    Raises:
        UnusableInput: the folder cannot be written to, or another download is running in it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.entries: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = open(folder / NAME, "a+", encoding="utf-8", errors="replace")  # noqa: SIM115
        except OSError as error:
            raise UnusableInput(f"The folder cannot be written to. Received: {folder} ({error.strerror}).") from error

    def __enter__(self) -> "Ledger":
        if not _lock_file(self._file):
            self._file.close()
            raise UnusableInput(
                f"Another download is running in this folder. Received: {self.folder}. Wait for it, or stop it and run "
                "this command again."
            )
        self._file.seek(0)
        text = self._file.read()
        for line in text.split("\n"):
            try:
                entry = json.loads(line)
                if entry["identity"]:
                    self.entries[entry["path"]] = entry
                else:
                    self.entries.pop(entry["path"], None)
            except (ValueError, KeyError, TypeError):
                continue  # cut short by a kill
        if text and not text.endswith("\n"):
            self._file.write("\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # On a full disk close() fails again; the error that ended the run counts.
        with suppress(OSError):
            self._file.close()

    def record(self, path: str, identity: str, **facts: Any) -> None:
        """Remember that a file is complete.

        Args:
            path: relative to the folder; an archive may be gone.
            identity: of its content.
            facts: anything else worth keeping.
        """
        entry = {"path": path, "identity": identity, **facts}
        with self._lock:
            self.entries[path] = entry
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    def record_file(self, path: str, identity: str, checksum: str | None, at: Path, **facts: Any) -> None:
        """Remember a complete file with its size, checksum and modification time.

        Args:
            path: relative to the folder.
            identity: of its content.
            checksum: of its bytes.
            at: where the bytes are now; moving them to `path` changes nothing.
            facts: anything else worth keeping.
        """
        stat = at.stat()
        self.record(path, identity, size=stat.st_size, checksum=checksum, changed=stat.st_mtime_ns, **facts)

    def remove_withdrawn(self, paths: Iterable[str]) -> None:
        """Remove files that only an earlier version of the data set had, unless they were changed here.

        A photo may be withdrawn because the person in it asked for it; it must not stay in training forever.
        """
        for path in list(paths):
            if self.holds(path, self.entries[path]["identity"]):
                (self.folder / path).unlink()
            self.record(path, "")
            del self.entries[path]

    def knows(self, path: str) -> bool:
        """Whether the file at a path was downloaded, in whatever version."""
        return path in self.entries

    def holds(self, path: str, identity: str) -> bool:
        """Whether a file is here, complete and with this content.

        Its size is compared, and its checksum too if it was modified since.
        """
        entry = self.entries.get(path)
        if not entry or entry["identity"] != identity or "size" not in entry:
            return False
        try:
            stat = (self.folder / path).stat()
        except OSError:
            return False
        if stat.st_size != entry["size"]:
            return False
        if stat.st_mtime_ns == entry["changed"]:
            return True
        checksum = entry["checksum"]
        return bool(checksum) and checksum_of(self.folder / path, checksum.split(":")[0]) == checksum

    def unpacked(self, path: str, identity: str) -> bool:
        """Whether all files of an archive are here."""
        archive = self.entries.get(path)
        if not archive or archive["identity"] != identity or "members" not in archive:
            return False
        members = [entry for entry in self.entries.values() if entry.get("archive") == path]
        return len(members) >= archive["members"] and all(self.holds(m["path"], m["identity"]) for m in members)


def _lock_file(file: TextIO) -> bool:
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network file systems have no locks.
        return not isinstance(error, BlockingIOError)
    return True
