"""One file from a server to the disk: whole or not at all, and on from where it was."""

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from skin_data.download.checksum import checksum_of
from skin_data.download.remote import ConnectionLost, RangeRefused, RemoteFile
from triage.atomic import FULL_DISK
from triage.errors import SkinDistillError, UnusableInput

PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.part")  # names that `partial_path` gives
ATTEMPTS = 5  # in a row without a new byte, before a file is given up
PAUSE = 1.0  # seconds before the second attempt; doubled before each further one


class DiskFull(UnusableInput):
    """No further file can be written."""


class Stopped(SkinDistillError):
    """Another file's failure, or the person, has ended the download."""


class PartialFile:
    """The beginning of a file, kept beside its place until it is complete.

    Args:
        target: where the complete file goes.
        remote: the file on the server; a beginning of another content of it is thrown away.
        on_bytes: called with the number of bytes that came, and a negative one when some were thrown away.
        stopped: ends the transfer at the next bytes.
    """

    def __init__(
        self, target: Path, remote: RemoteFile, on_bytes: Callable[[int], None], stopped: threading.Event | None = None
    ):
        self.target, self.remote, self.on_bytes, self.stopped = target, remote, on_bytes, stopped
        self.size, self.checksum = remote.size, remote.checksum
        self.path = partial_path(target, remote)
        self.offset = 0

    def __enter__(self) -> "PartialFile":
        with _disk_errors(self.target):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            # The beginning of an older version is of no use any more, and can be gigabytes.
            start = f".{self.target.name}."
            for other in self.target.parent.iterdir() if self.remote.unpack_into is not None else ():
                if other.name.startswith(start) and other.suffix == ".part" and other != self.path:
                    other.unlink()
            self._file = open(self.path, "ab")
        self.offset = self._file.tell()
        self.on_bytes(self.offset)
        if self.remote.size is not None and self.offset > self.remote.size:
            self.restart()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What did not fit on a full disk is tried again by close(); the bytes before are what counts.
        with suppress(OSError):
            self._file.close()

    def write(self, data: bytes) -> int:
        """Append bytes.

        Raises:
            UnusableInput: the disk is full or broken.
            Stopped: the download was ended.
        """
        if self.stopped is not None and self.stopped.is_set():
            raise Stopped(f"{self.remote.path} was not completed, because the download was stopped.")
        with _disk_errors(self.target):
            self._file.write(data)
        self.offset += len(data)
        self.on_bytes(len(data))
        return len(data)

    def flush(self) -> None:
        """Hand the bytes to the operating system."""
        with _disk_errors(self.target):
            self._file.flush()

    def restart(self) -> None:
        """Begin again with an empty file."""
        with _disk_errors(self.target):
            self._file.truncate(0)
        self.on_bytes(-self.offset)
        self.offset = 0

    def expect(self, size: int | None, checksum: str | None) -> None:
        """Take over what only the transfer told."""
        self.size = self.size if self.size is not None else size
        self.checksum = self.checksum or checksum

    @property
    def complete(self) -> bool:
        """Whether all bytes are there, as far as their number was told before the transfer."""
        return self.remote.size is not None and self.offset == self.remote.size

    def problem(self) -> str | None:
        """Why the file is not what the server said; None if it is. The checksum decides where there is one."""
        self.flush()
        if self.checksum:
            found = checksum_of(self.path, self.checksum.split(":")[0])
            return None if found == self.checksum else f"checksum {found} instead of {self.checksum}"
        if self.size is not None and self.offset != self.size:
            return f"{self.offset} bytes instead of {self.size}"
        return None

    def publish(self, record: Callable[[Path, str | None], None]) -> None:
        """Make it the complete file.

        Args:
            record: called with where the complete bytes lie and their checksum, before they get their name: so there is
                never a file that nobody knows the origin of.
        """
        with _disk_errors(self.target):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            record(self.path, self.checksum)
            self.path.replace(self.target)


def partial_path(target: Path, remote: RemoteFile) -> Path:
    """Where the beginning of a file is kept; it depends on the content."""
    key = hashlib.sha256(remote.identity.encode()).hexdigest()[:8]
    return target.with_name(f".{target.name}.{key}.part")


def fetch_file(
    remote: RemoteFile,
    target: Path,
    on_bytes: Callable[[int], None],
    record: Callable[[Path, str | None], None],
    stopped: threading.Event | None = None,
) -> None:
    """Download one file; what an earlier attempt brought is not fetched again.

    Args:
        remote: the file on the server.
        target: where it goes.
        on_bytes: called with the number of bytes that came (or were there), negative when some were thrown away.
        record: called with the path of the complete bytes and the checksum that they were checked against (None if the
            server gave none), just before they become `target`.
        stopped: ends the transfer at the next bytes.

    Raises:
        ConnectionLost: the network failed `ATTEMPTS` times in a row without a new byte.
        UnusableInput: the server refused, sent something else than it said, or the disk is full.
    """
    with PartialFile(target, remote, on_bytes, stopped) as partial:
        continued = partial.offset > 0
        while True:
            _fetch_all(remote, partial)
            problem = partial.problem()
            if problem is None:
                partial.publish(record)
                return
            partial.restart()
            # What an earlier run left may be damaged; what came in one piece is what the server sends.
            if not continued:
                with suppress(OSError):
                    partial.path.unlink()
                raise UnusableInput(
                    f"{remote.path} is damaged: {problem}. It was thrown away. Run the same command again; if it comes "
                    "damaged again, the server's copy or a proxy on the way is at fault."
                )
            continued = False


def _fetch_all(remote: RemoteFile, partial: PartialFile) -> None:
    failures = 0
    while not partial.complete:
        before = partial.offset
        try:
            remote.fetch(partial)
            if partial.size is None or partial.offset >= partial.size or (partial.checksum and not partial.problem()):
                return
            raise ConnectionLost(
                f"The server ended {remote.path} early, after {partial.offset} of {partial.size} bytes, again and "
                "again. What came stays: run the same command again; it goes on from there."
            )
        except ConnectionLost as error:
            if isinstance(error, RangeRefused):
                partial.restart()
            failures = 0 if partial.offset > before else failures + 1
            if failures >= ATTEMPTS:
                raise
            pause = PAUSE * 2 ** max(0, failures - 1)
            if partial.stopped is not None:
                partial.stopped.wait(pause)
            else:
                time.sleep(pause)


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """Put errors of the disk into words."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise DiskFull(
                f"The disk is full. Received: {error.strerror} while writing {target}. What is complete stays: make "
                "room and run the same command again; it goes on from there."
            ) from error
        raise UnusableInput(f"{target} cannot be written. Received: {error.strerror}.") from error
