"""Room on the disk, looked at before it is needed."""

import shutil
from pathlib import Path

from triage.errors import UnusableInput

RESERVE = 200_000_000  # bytes that are left free for everything else


def check_space(folder: Path, needed: int) -> None:
    """Raise where a disk has less room than needed.

    Args:
        folder: on the disk; it need not exist yet.
        needed: bytes.

    Raises:
        UnusableInput: too little room; says how much is there.
    """
    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed and needed + RESERVE > free:
        raise UnusableInput(
            f"Too little room on the disk of {folder}. Needed: {in_words(needed)} and {in_words(RESERVE)} to spare. "
            f"Received: {in_words(free)} free. Make room, or give a folder on another disk with --out."
        )


def in_words(size: int) -> str:
    """A number of bytes as people write it, in powers of 1000: `1.4 GB`."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(amount) < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
