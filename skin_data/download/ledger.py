"""Which files of a data set's folder are complete, kept in a file that survives a kill."""

import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from skin_data.download.transfer import checksum_of
from triage.errors import UnusableInput

try:
    import fcntl
except ImportError:  # no such locks on Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".download.jsonl"


class Ledger:
    """A JSON line per complete file: path, size, checksum, modification time. The last line of a path counts.

    Threads may share it. While it is open it keeps other downloads out of the folder.

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
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise UnusableInput(
                f"Another download is running in this folder. Received: {folder}. Wait for it, or stop it and run this "
                "command again."
            ) from error
        except OSError:
            pass  # some network file systems have no locks
        self._file.seek(0)
        text = self._file.read()
        for line in text.split("\n"):
            with suppress(ValueError, KeyError, TypeError):  # cut short by a kill
                entry = json.loads(line)
                path, identity = entry["path"], entry["identity"]
                self.entries[path] = entry
                if not identity:
                    del self.entries[path]
        if text and not text.endswith("\n"):
            self._file.write("\n")

    def close(self) -> None:
        """Close the file and release the folder; on a full disk the error that ended the run counts."""
        with suppress(OSError):
            self._file.close()

    def record(self, path: str, identity: str, **facts: Any) -> None:
        """Remember that the file at a path, relative to the folder, was complete with this content."""
        entry = {"path": path, "identity": identity, **facts}
        with self._lock:
            self.entries[path] = entry
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    def record_file(self, path: str, identity: str, checksum: str | None, at: Path, **facts: Any) -> None:
        """Remember a complete file whose bytes are now `at` another path, from where they will be moved."""
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

    def holds(self, path: str, identity: str) -> bool:
        """Whether a file is here with this content: by its size, and by its checksum if it was modified since."""
        entry = self.entries.get(path)
        if not entry or entry["identity"] != identity or "size" not in entry:
            return False
        try:
            stat = (self.folder / path).stat()
        except OSError:
            return False
        if stat.st_size != entry["size"] or stat.st_mtime_ns == entry["changed"]:
            return bool(stat.st_size == entry["size"])
        checksum = entry["checksum"]
        return bool(checksum) and checksum_of(self.folder / path, checksum.split(":")[0]) == checksum

    def unpacked(self, path: str, identity: str) -> bool:
        """Whether all files of an archive are here."""
        archive = self.entries.get(path)
        if not archive or archive["identity"] != identity or "members" not in archive:
            return False
        members = [entry for entry in self.entries.values() if entry.get("archive") == path]
        return len(members) >= archive["members"] and all(self.holds(m["path"], m["identity"]) for m in members)
