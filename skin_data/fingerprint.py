"""Kept results belong to the code that made them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np


def code_fingerprint(sources: Iterable[str | Path]) -> str:
    """Name a version of some code, so that results kept from another version are not taken for its own.

    Args:
        sources: Python files. The versions of OpenCV and NumPy, which do the arithmetic, count as well.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(f"opencv {cv2.__version__} numpy {np.__version__}".encode())
    for source in sorted(map(Path, sources), key=lambda path: path.name):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
