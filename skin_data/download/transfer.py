"""One file from a server to the disk: whole or not at all, resumed where it stopped."""

import base64
import binascii
import hashlib
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from skin_data.download import remote as remote_module
from skin_data.download.remote import ConnectionLost, RangeRefused, RemoteFile
from triage.atomic import FULL_DISK
from triage.errors import SkinDistillError, UnusableInput

ATTEMPTS = 5  # in a row without a new byte, before a file is given up
BLOCK = 1 << 20  # bytes read at once
TIMEOUT = (30.0, 60.0)  # seconds to connect, and without a byte
RECEIVED_AT_ONCE = 1 << 14  # bytes; of a connection that breaks, an unfinished block is lost


class DiskFull(UnusableInput):
    """No further file can be written."""


class Stopped(SkinDistillError):
    """The download was ended by another file's failure or by the user."""


class PartialFile:
    """The beginning of a file, kept beside its target until it is complete.

    Args:
        target: where the complete file goes.
        remote: the file on the server; a beginning of other content has another name.
        on_bytes: called with the number of bytes that arrived, a negative one when some were discarded.
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
            self._file = open(self.path, "ab")
        self.offset = self._file.tell()
        self.on_bytes(self.offset)
        if self.remote.size is not None and self.offset > self.remote.size:
            self.restart()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # On a full disk close() fails again; the bytes before count.
        with suppress(OSError):
            self._file.close()

    def write(self, data: bytes) -> int:
        """Append bytes.

        Raises:
            UnusableInput: the disk is full or broken.
            Stopped: the download was ended.
        """
        if self.stopped is not None and self.stopped.is_set():
            raise Stopped(f"{self.remote.path} is incomplete because the download was stopped.")
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
        """Discard the bytes, because the server sends the file from its beginning."""
        with _disk_errors(self.target):
            self._file.truncate(0)
        self.on_bytes(-self.offset)
        self.offset = 0

    @property
    def complete(self) -> bool:
        """Whether all bytes are there; False while their number is unknown."""
        return self.size is not None and self.offset == self.size

    def problem(self) -> str | None:
        """Return how the file differs from the server's, by checksum where there is one; None where it does not."""
        self.flush()
        if self.checksum:
            found = checksum_of(self.path, self.checksum.split(":")[0])
            return None if found == self.checksum else f"checksum {found} instead of {self.checksum}"
        if self.size is not None and self.offset != self.size:
            return f"{self.offset} bytes instead of {self.size}"
        return None

    def publish(self, record: Callable[[Path, str | None], None]) -> None:
        """Move the complete file to its target.

        Args:
            record: called before that with the path of the bytes and their checksum, so that no file ever lies at its
                target without a record.
        """
        with _disk_errors(self.target):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            record(self.path, self.checksum)
            self.path.replace(self.target)


def partial_path(target: Path, remote: RemoteFile) -> Path:
    """Return where the beginning of a file is kept; it depends on the content."""
    key = hashlib.sha256(remote.identity.encode()).hexdigest()[:8]
    return target.with_name(f".{target.name}.{key}.part")


def fetch_file(
    remote: RemoteFile,
    target: Path,
    on_bytes: Callable[[int], None],
    record: Callable[[Path, str | None], None],
    stopped: threading.Event | None = None,
) -> None:
    """Download one file, from where an earlier attempt stopped.

    Args:
        remote: the file on the server.
        target: where it goes.
        on_bytes: see `PartialFile`.
        record: see `PartialFile.publish`; the checksum is None if the server gave none.
        stopped: ends the transfer at the next bytes.

    Raises:
        ConnectionLost: the network failed `ATTEMPTS` times in a row without a new byte.
        UnusableInput: the server refused, sent something damaged, or the disk is full.
    """
    with PartialFile(target, remote, on_bytes, stopped) as partial:
        resumed = partial.offset > 0
        while True:
            _fetch_all(remote, partial)
            problem = partial.problem()
            if problem is None:
                partial.publish(record)
                return
            partial.restart()
            # Bytes of an earlier run may be damaged; what arrived in one piece is what the server sends.
            if not resumed:
                with suppress(OSError):
                    partial.path.unlink()
                raise UnusableInput(
                    f"{remote.path} is damaged and was discarded. Received: {problem}. Run the same command again; if "
                    "it happens again, the server's copy or a proxy is at fault."
                )
            resumed = False


def fetch_url(url: str, partial: PartialFile, params: Mapping[str, str] | None = None) -> int:
    """Stream a URL into a partial file from its offset on, by a byte range where the server supports it.

    Args:
        url: redirections are followed.
        partial: gets the bytes.
        params: query.

    Returns:
        The HTTP status; only with 200 and 206 is anything written.

    Raises:
        requests.RequestException: no connection, or an HTTP status of 400 or more.
    """
    import requests

    # identity: sizes, ranges and checksums are of the file, not of a compressed response.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={partial.offset}-"} if partial.offset else {})
    with requests.get(url, params=params, headers=headers, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        if response.status_code in (200, 206):
            if partial.offset and response.status_code == 200:
                partial.restart()
            for block in response.iter_content(RECEIVED_AT_ONCE):
                partial.write(block)
        return response.status_code


def checksum_of(path: Path, algorithm: str) -> str:
    """Return the checksum of a file as `algorithm:hexadecimal`.

    Args:
        path: of the file.
        algorithm: crc32, crc32c or a name that hashlib knows, such as md5.
    """
    if algorithm == "crc32":
        crc = 0
        for block in _blocks(path):
            crc = zlib.crc32(block, crc)
        return f"crc32:{crc:08x}"
    digest: Any
    if algorithm == "crc32c":
        # Part of google-cloud-storage, the only client whose server gives such checksums.
        import google_crc32c

        digest = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    else:
        digest = hashlib.new(algorithm)
    for block in _blocks(path):
        digest.update(block)
    return f"{algorithm}:{digest.digest().hex()}"


def from_base64(algorithm: str, digest: str | None) -> str | None:
    """Write a Base64 digest, as Google's storage gives it, as `algorithm:hexadecimal`; None where it is invalid."""
    try:
        return f"{algorithm}:{base64.b64decode(digest, validate=True).hex()}" if digest else None
    except (binascii.Error, ValueError):
        return None


def _blocks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            yield block


def _fetch_all(remote: RemoteFile, partial: PartialFile) -> None:
    failures = 0
    while not partial.complete:
        before = partial.offset
        try:
            remote.fetch(partial)
            if partial.size is None or partial.offset >= partial.size or (partial.checksum and not partial.problem()):
                return
            raise ConnectionLost(
                f"The server repeatedly ended {remote.path} early. Received: {partial.offset} of {partial.size} bytes, "
                "which are kept. Run the same command again to resume."
            )
        except ConnectionLost as error:
            if isinstance(error, RangeRefused):
                partial.restart()
            failures = 0 if partial.offset > before else failures + 1
            if failures >= ATTEMPTS:
                raise
            pause = remote_module.PAUSE * 2 ** max(0, failures - 1)
            if partial.stopped is not None:
                partial.stopped.wait(pause)
            else:
                time.sleep(pause)


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """Translate errors of the disk."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise DiskFull(
                f"The disk is full. Received: {error.strerror} while writing {target}. What is complete stays: make "
                "room and run the same command again to resume."
            ) from error
        raise UnusableInput(f"{target} cannot be written. Received: {error.strerror}.") from error
