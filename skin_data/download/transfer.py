"""One file from a server to the disk: whole or not at all, resumed where it stopped."""

import base64
import hashlib
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from skin_data.download import remote as servers
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

    Attributes:
        offset: bytes that are here already; the server is asked for the rest.
        size: of the complete file; None until known.
        checksum: of the complete file; None until known.

    Args:
        target: where the complete file goes.
        remote: the file on the server; a beginning of other content has another name.
        on_bytes: called with a number of bytes, negative when some were discarded, and whether they were fetched now.
        stopped: ends the transfer at the next bytes.
    """

    def __init__(
        self, target: Path, remote: RemoteFile, on_bytes: Callable[[int, bool], None], stopped: threading.Event
    ):
        self.target, self.remote, self.on_bytes, self.stopped = target, remote, on_bytes, stopped
        self.size, self.checksum = remote.size, remote.checksum
        self.path = partial_path(target, remote)
        with _disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "ab")  # noqa: SIM115
        self.offset = self._file.tell()
        on_bytes(self.offset, False)
        if self.size is not None and self.offset > self.size:
            self.restart()

    def write(self, data: bytes) -> int:
        """Append bytes; `Stopped` if the download was ended."""
        if self.stopped.is_set():
            raise Stopped(f"{self.remote.path} is incomplete because the download was stopped.")
        with _disk_errors(self.target):
            self._file.write(data)
        self.offset += len(data)
        self.on_bytes(len(data), True)
        return len(data)

    def restart(self) -> None:
        """Discard the bytes, because the server sends the file from its beginning."""
        with _disk_errors(self.target):
            self._file.truncate(0)
        self.on_bytes(-self.offset, False)
        self.offset = 0

    @property
    def complete(self) -> bool:
        """Whether all bytes are here; False while their number is unknown."""
        return self.size is not None and self.offset == self.size

    def problem(self) -> str | None:
        """Return how the file differs from the server's, by checksum where there is one; None where it does not."""
        with _disk_errors(self.target):
            self._file.flush()
        if self.checksum:
            found = checksum_of(self.path, self.checksum.split(":")[0])
            return None if found == self.checksum else f"checksum {found} instead of {self.checksum}"
        return None if self.size in (None, self.offset) else f"{self.offset} bytes instead of {self.size}"

    def publish(self, record: Callable[[Path, str | None], None]) -> None:
        """Move the complete file to its target, after recording it: no file ever lies there without a record."""
        with _disk_errors(self.target):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            record(self.path, self.checksum)
            self.path.replace(self.target)

    def close(self) -> None:
        """Close the file; on a full disk that fails again, and the bytes before count."""
        with suppress(OSError):
            self._file.close()


def partial_path(target: Path, remote: RemoteFile) -> Path:
    """Return where the beginning of a file is kept; it depends on the content."""
    key = hashlib.sha256(remote.identity.encode()).hexdigest()[:8]
    return target.with_name(f".{target.name}.{key}.part")


def fetch_file(
    remote: RemoteFile,
    target: Path,
    on_bytes: Callable[[int, bool], None],
    record: Callable[[Path, str | None], None],
    stopped: threading.Event,
) -> None:
    """Download one file, from where an earlier attempt stopped.

    Args:
        remote: the file on the server.
        target: where it goes.
        on_bytes: see `PartialFile`.
        record: called with the path of the complete bytes and their checksum, None if the server gave none.
        stopped: ends the transfer at the next bytes.

    Raises:
        ConnectionLost: the network failed `ATTEMPTS` times in a row without a new byte.
        UnusableInput: the server refused, sent something damaged, or the disk is full.
    """
    with closing(PartialFile(target, remote, on_bytes, stopped)) as partial:
        resumed = partial.offset > 0
        while True:
            _fetch_rest(remote, partial)
            problem = partial.problem()
            if problem is None:
                partial.publish(record)
                return
            partial.restart()
            # Bytes of an earlier run may be damaged; what arrived in one piece is what the server sends.
            if not resumed:
                partial.path.unlink(missing_ok=True)
                raise UnusableInput(
                    f"{remote.path} is damaged and was discarded. Received: {problem}. Run the same command again; if "
                    "it happens again, the server's copy or a proxy is at fault."
                )
            resumed = False


def fetch_url(url: str, partial: PartialFile, params: Mapping[str, str] | None = None) -> int:
    """Stream a URL into a partial file from its offset on, by a byte range where the server supports it.

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
    """Return a file's checksum (crc32, crc32c or an algorithm of hashlib) as `algorithm:hexadecimal`."""
    digest: Any = None
    if algorithm == "crc32c":
        # Part of google-cloud-storage, the only client whose server gives such checksums.
        import google_crc32c

        digest = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    elif algorithm != "crc32":
        digest = hashlib.new(algorithm)
    crc = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            if digest is None:
                crc = zlib.crc32(block, crc)
            else:
                digest.update(block)
    return f"{algorithm}:{crc:08x}" if digest is None else f"{algorithm}:{digest.digest().hex()}"


def from_base64(algorithm: str, digest: str | None) -> str | None:
    """Write a Base64 digest, as Google's storage gives it, as `algorithm:hexadecimal`; None where it is invalid."""
    with suppress(ValueError):
        return f"{algorithm}:{base64.b64decode(digest, validate=True).hex()}" if digest else None
    return None


def _fetch_rest(remote: RemoteFile, partial: PartialFile) -> None:
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
            partial.stopped.wait(servers.PAUSE * 2 ** max(0, failures - 1))


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise DiskFull(
                f"The disk is full. Received: {error.strerror} while writing {target}. What is complete stays: make "
                "room and run the same command again to resume."
            ) from error
        raise UnusableInput(f"{target} cannot be written. Received: {error.strerror}.") from error
