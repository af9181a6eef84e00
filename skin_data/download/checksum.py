"""Checksums in the forms that servers give them."""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

BLOCK = 1 << 20  # bytes read at once


def checksum_of(path: Path, algorithm: str) -> str:
    """Checksum of a file's bytes as `algorithm:hexadecimal`.

    Args:
        path: of the file.
        algorithm: crc32, crc32c or a name that hashlib knows, such as md5.
    """
    update, digest = _running(algorithm)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            update(block)
    return f"{algorithm}:{digest()}"


def from_base64(algorithm: str, digest: str | None) -> str | None:
    """Write a Base64 digest, as Google's storage gives it, as `algorithm:hexadecimal`; None where it is none."""
    try:
        return f"{algorithm}:{base64.b64decode(digest, validate=True).hex()}" if digest else None
    except (binascii.Error, ValueError):
        return None


def _running(algorithm: str) -> tuple[Callable[[bytes], Any], Callable[[], str]]:
    if algorithm == "crc32":
        state = {"crc": 0}
        return (
            lambda block: state.__setitem__("crc", zlib.crc32(block, state["crc"])),
            lambda: f"{state['crc']:08x}",
        )
    if algorithm == "crc32c":
        # Comes with google-cloud-storage, the only client whose server gives such checksums.
        import google_crc32c

        crc32c = google_crc32c.Checksum()
        return crc32c.update, lambda: crc32c.digest().hex()
    digest = hashlib.new(algorithm)
    return digest.update, digest.hexdigest
