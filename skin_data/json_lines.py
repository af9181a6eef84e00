"""Results by key, one JSON line each, so that a kill loses at most the last line."""

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any


class JsonLines:
    """A file of `{"key": ..., "result": ...}` lines, read into `results` by key; the last of several lines with a key
    counts.

    The file and its folder are made if needed. Lines cut short by a kill are ignored. Threads may share it.
    """

    def __init__(self, path: Path):
        self.results: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = open(path, "ab+")  # noqa: SIM115
        self.file.seek(0)
        line = b"\n"
        # In bytes, where only LF ends a line: file names may contain other line separators.
        for line in self.file:
            with suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line.decode("utf-8", "replace"))
                self.results[entry["key"]] = entry["result"]
        if not line.endswith(b"\n"):
            self.file.write(b"\n")

    def keep(self, key: str, result: dict[str, Any]) -> None:
        """Remember a result."""
        # "replace": file names need not be UTF-8.
        line = json.dumps({"key": key, "result": result}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock:
            self.results[key] = result
            self.file.write(line)
            self.file.flush()

    def close(self) -> None:
        """Close the file; on a full disk the error that ended the work counts."""
        with suppress(OSError):
            self.file.close()
