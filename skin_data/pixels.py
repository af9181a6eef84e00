"""Prepared pixels of a data set, decoded once and kept as one array on disk."""

import functools
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from skin_data.ledger import code_fingerprint
from skin_data.progress import Progress, no_progress
from triage import photo, photo_header
from triage.atomic import replacing
from triage.errors import UnreadablePhoto, UnusableInput
from triage.photo import CROP_FRACTION, prepare_pixels, read_photo

_SHOWN = 5  # photos named in an error


def load_pixels(
    manifest: Any,
    frame: Any,
    size: int,
    crop_fraction: float = CROP_FRACTION,
    cache: Path | None = None,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Return the model's view of each photo, as `triage` prepares it on the device.

    Args:
        manifest: the `Manifest` that `frame` comes from.
        frame: rows of its table.
        size: side in pixels.
        crop_fraction: share of each side that the centre crop keeps.
        cache: a folder for the decoded array; it is then read back memory-mapped, so that a data set larger than
            memory works. None decodes every time, into memory.
        progress: called as `progress("decode photos", done, total)`.

    Returns:
        uint8 [len(frame), size, size, 3].

    Raises:
        UnusableInput: a photo of the table is gone or damaged, or the disk is too full.
    """
    paths = [Path(path) for path in manifest.photo_paths(frame)]
    shape = (len(paths), size, size, 3)
    if cache is None:
        return _decode_into(np.empty(shape, np.uint8), paths, size, crop_fraction, progress)
    file = pixels_file(manifest, frame, size, crop_fraction, cache)
    if not file.is_file():
        needed = int(np.prod(shape, dtype=np.int64))
        file.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(file.parent).free
        if needed > 0.9 * free:
            raise UnusableInput(
                f"Not enough disk for the decoded photos. Received: {free / 1e9:.1f} GB free in {file.parent}, "
                f"{needed / 1e9:.1f} GB needed. Make room, or use fewer photos or a smaller input size."
            )
        with replacing(file) as temporary:
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
            _decode_into(array, paths, size, crop_fraction, progress)
            array.flush()
    return np.load(file, mmap_mode="r")


def pixels_file(manifest: Any, frame: Any, size: int, crop_fraction: float, cache: Path) -> Path:
    """Return where `load_pixels` keeps the decoded photos of these rows; whether they are there is not asked.

    Raises:
        UnusableInput: photos of the table are gone; up to five are named.
    """
    paths = [Path(path) for path in manifest.photo_paths(frame)]
    stamps, gone = [f"{size} {crop_fraction} {preparing_code()}"], []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            gone.append(path)
        else:
            # Size and time of change stand in the key, so that a photo edited in place is decoded again.
            stamps.append(f"{path}|{stat.st_size}|{stat.st_mtime_ns}")
    if gone:
        named = ", ".join(map(str, gone[:_SHOWN])) + (f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else "")
        raise UnusableInput(
            f"{len(gone)} of {len(paths)} photos of the table are gone. Received: {manifest.path}; gone: {named}. "
            "Put them back, or run `skin-distill prepare` again."
        )
    key = hashlib.sha256("\n".join(stamps).encode()).hexdigest()
    return Path(cache) / f"pixels-{size}-{key[:16]}.npy"


@functools.cache
def preparing_code() -> str:
    """Fingerprint of the code that prepares pixels, so that photos are decoded again when it has changed."""
    return code_fingerprint(str(module.__file__) for module in (photo, photo_header))


def _decode_into(array: Any, paths: list[Path], size: int, crop_fraction: float, progress: Progress) -> Any:
    def decode(number: int) -> None:
        try:
            array[number] = prepare_pixels(read_photo(paths[number]), size, crop_fraction)
        except UnreadablePhoto as error:
            raise UnusableInput(
                f"A photo of the table cannot be read any more. Received: {error}. Run `skin-distill prepare` again."
            ) from error

    with ThreadPoolExecutor() as pool:
        for done, _ in enumerate(pool.map(decode, range(len(paths)))):
            progress("decode photos", done + 1, len(paths))
    return array
