"""Prepared pixels of a data set, decoded once and cached as one array on disk."""

import functools
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skin_data.ledger import DECODING_MODULES, code_fingerprint
from skin_data.progress import Progress, no_progress
from triage.atomic import replacing
from triage.crop import CROP, Crop
from triage.errors import UnreadablePhoto, UnusableInput
from triage.photo import prepare_pixels, read_photo

if TYPE_CHECKING:
    import pandas as pd

    from skin_data.manifest import Manifest

Pixels = npt.NDArray[np.uint8]
_SHOWN = 5  # photos named in an error


def load_pixels(
    manifest: "Manifest",
    frame: "pd.DataFrame",
    size: int,
    crop: Crop = CROP,
    cache: Path | None = None,
    progress: Progress = no_progress,
) -> Pixels:
    """Return the model's input for each row, uint8 [len(frame), size, size, 3], prepared by `triage` as on the device.

    With a folder `cache` the array is memory-mapped from there, so that a data set larger than memory works; without,
    photos are decoded every time. Progress is called as `progress("decode photos", done, total)`.

    Raises:
        UnusableInput: a photo of the table is missing or damaged, or the disk is too full.
    """
    paths = manifest.photo_paths(frame)
    shape = (len(paths), size, size, 3)
    if cache is None:
        return _decode_into(np.empty(shape, np.uint8), paths, size, crop, progress)
    file = Path(cache) / f"pixels-{size}-{_content_key(manifest, paths, size, crop)}.npy"
    if not file.is_file():
        needed = int(np.prod(shape, dtype=np.int64))
        file.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(file.parent).free
        if needed > 0.9 * free:
            raise UnusableInput(
                f"Not enough disk space for the decoded photos. Received: {free / 1e9:.1f} GB free in {file.parent}, "
                f"{needed / 1e9:.1f} GB needed. Make room, or use fewer photos or a smaller input size."
            )
        with replacing(file) as temporary:
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
            _decode_into(array, paths, size, crop, progress)
            array.flush()
    mapped: Pixels = np.load(file, mmap_mode="r")
    return mapped


@functools.cache
def preparing_code() -> str:
    """Fingerprint of the code that prepares pixels, so that photos are decoded again when it has changed."""
    return code_fingerprint(str(module.__file__) for module in DECODING_MODULES)


def _content_key(manifest: "Manifest", paths: list[Path], size: int, crop: Crop) -> str:
    stamps, missing = [f"{size} {crop.shape} {crop.fraction} {preparing_code()}"], []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            missing.append(path)
        else:
            # With size and modification time, so that a photo edited in place is decoded again.
            stamps.append(f"{path}|{stat.st_size}|{stat.st_mtime_ns}")
    if missing:
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", ..." if len(missing) > _SHOWN else "")
        raise UnusableInput(
            f"{len(missing)} of {len(paths)} photos of the table are missing. Received: {manifest.path}; missing: "
            f"{shown}. Put them back, or run `skin-distill prepare` again."
        )
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:16]


def _decode_into(array: Pixels, paths: list[Path], size: int, crop: Crop, progress: Progress) -> Pixels:
    def decode(number: int) -> None:
        try:
            array[number] = prepare_pixels(read_photo(paths[number]), size, crop)
        except UnreadablePhoto as error:
            raise UnusableInput(
                f"A photo of the table can no longer be read. Received: {error}. Run `skin-distill prepare` again."
            ) from error

    with ThreadPoolExecutor() as pool:
        for done, _ in enumerate(pool.map(decode, range(len(paths)))):
            progress("decode photos", done + 1, len(paths))
    return array
