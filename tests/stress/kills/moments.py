"""Moments of a process, at each of which it may be killed."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

COUNTED = ("open", "os.rename", "os.remove", "tempfile.mkstemp")
"""Operations on files, as Python's audit events name them; each is told just before it happens."""


class Moments:
    """Counts moments of a process and kills it at one of them.

    A moment is a call of the progress function, or an operation on a file under a folder.

    Attributes:
        count: moments so far.
        tail_count: of them, those from the first file on whose path has `tail` in it.
    """

    def __init__(self, folder: Path, tail: str, at: int = 0, in_tail: bool = False):
        """Choose where the process ends.

        Args:
            folder: whose files count.
            tail: the tail of the moments begins with the first path that has this in it.
            at: number of the moment to be killed at, from 1; 0 spares the process.
            in_tail: count `at` from where the tail begins.
        """
        self.folder, self.tail, self.at, self.in_tail = str(folder), tail, at, in_tail
        self.count = self.tail_count = 0

    def watch_files(self) -> None:
        """Count operations on files of the folder; it cannot be undone."""
        sys.addaudithook(self._audit)

    def pass_by(self) -> None:
        """Count one moment."""
        self.count += 1
        self.tail_count += self.tail_count > 0
        if self.at and self.at == (self.tail_count if self.in_tail else self.count):
            os.kill(os.getpid(), signal.SIGKILL)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in COUNTED:
            return
        path = str(arguments[0])
        if path.startswith(self.folder):
            if self.tail_count == 0 and self.tail in path[len(self.folder) :]:
                self.tail_count = 1
            self.pass_by()
