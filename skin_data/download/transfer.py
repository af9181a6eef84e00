"""One file from a server to the disk, resumed where it stopped and checked."""

import base64
import hashlib
import os
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from skin_data.download import remote as servers
from skin_data.download.remote import TIMEOUT, ConnectionLost, Offer, RemoteFile, translated_errors
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import requests

ATTEMPTS = 3  # in a row without a new byte, before a file is given up
BLOCK = 1 << 20  # bytes read at once
RECEIVED_AT_ONCE = 1 << 14  # bytes; of a connection that breaks, an unfinished block is lost

OnBytes = Callable[[int, bool], None]
"""Called with a number of bytes, negative when some were discarded, and whether they were fetched now."""


def partial_path(target: Path, remote: RemoteFile) -> Path:
    """Return where the beginning of a file is kept; it depends on the content."""
    key = hashlib.sha256(remote.identity.encode()).hexdigest()[:8]
    return target.with_name(f".{target.name}.{key}.part")


def fetch(remote: RemoteFile, path: Path, offer: Offer, session: "requests.Session", on_bytes: OnBytes) -> str:
    """Download a file to the partial file `path`, from where an earlier attempt stopped, and return its checksum.

    Raises:
        ConnectionLost: the network failed and did not recover; what arrived is kept.
        UnusableInput: the server refused or sent something damaged.
    """
    remote = remote.locate(remote)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        if remote.size is None or file.tell() > remote.size:
            file.truncate(0)
        begun = file.seek(0, os.SEEK_END)
        on_bytes(begun, False)
        _receive(remote, file, offer, session, on_bytes)
        if begun and _problem(remote, path):
            # Bytes of an earlier run may be damaged; what arrives in one piece is what the server sends.
            _discard(file, on_bytes)
            _receive(remote, file, offer, session, on_bytes)
    if problem := _problem(remote, path):
        path.unlink()
        raise UnusableInput(
            f"{remote.path} is damaged and was discarded. Received: {problem}. Run the same command again; if it "
            "happens again, the server's copy or a proxy is at fault."
        )
    return remote.checksum or checksum_of(path, "sha256")


def _receive(remote: RemoteFile, file: IO[bytes], offer: Offer, session: "requests.Session", on_bytes: OnBytes) -> None:
    """Append the missing bytes; the session repeats failed requests, and this resumes broken transfers."""
    failures = 0
    while (begun := file.tell()) != remote.size:
        try:
            with translated_errors(remote.path, offer.where, offer.advice):
                _append(remote, file, offer, session, on_bytes)
            break
        except ConnectionLost:
            failures = 0 if file.tell() > begun else failures + 1
            if failures >= ATTEMPTS:
                raise
            time.sleep(servers.PAUSE)
    file.flush()
    os.fsync(file.fileno())


def _append(remote: RemoteFile, file: IO[bytes], offer: Offer, session: "requests.Session", on_bytes: OnBytes) -> None:
    # identity: sizes, ranges and checksums are of the file, not of a compressed response.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={file.tell()}-"} if file.tell() else {})
    with session.get(remote.url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        if response.status_code not in (200, 206):  # a firewall's question to a browser comes as 202
            raise UnusableInput(
                f"{offer.where} did not send {remote.path}. Received: HTTP {response.status_code}. {offer.advice}"
            )
        if response.status_code == 200:
            _discard(file, on_bytes)
        for block in response.iter_content(RECEIVED_AT_ONCE):
            file.write(block)
            on_bytes(len(block), True)


def _discard(file: IO[bytes], on_bytes: OnBytes) -> None:
    on_bytes(-file.tell(), False)
    file.seek(0)
    file.truncate()


def _problem(remote: RemoteFile, path: Path) -> str | None:
    """Return how a file differs from the server's, by checksum where there is one; None where it does not."""
    if remote.checksum:
        found = checksum_of(path, remote.checksum)
        return None if found == remote.checksum else f"checksum {found} instead of {remote.checksum}"
    size = path.stat().st_size
    return None if remote.size in (None, size) else f"{size} bytes instead of {remote.size}"


def checksum_of(path: Path, like: str) -> str:
    """Return a file's checksum as `algorithm:hexadecimal`, by the algorithm that `like` is or starts with."""
    algorithm = like.partition(":")[0]
    digest: Any = None
    if algorithm == "crc32c":
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
