"""Skin colours of a data set, on which its colour calibration is checked."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.making.representative import choose_representative
from skin_data.progress import Progress
from triage.skin_tone import TONE_BUCKETS, skin_mask

if TYPE_CHECKING:
    from skin_data.manifest import Manifest

PHOTOS_PER_TONE = 100


def skin_colors(
    manifest: "Manifest", size: int, crop_fraction: float, cache: Path, progress: Progress
) -> dict[str, np.ndarray]:
    """Return the median colour of healthy skin in the training photos of each tone bucket.

    Args:
        manifest: the data set.
        size: of the prepared photos.
        crop_fraction: of the prepared photos.
        cache: folder of the decoded photos.
        progress: called as `progress(stage, done, total)`.

    Returns:
        sRGB uint8 [3] by bucket: the median, channel by channel, over the medians of up to `PHOTOS_PER_TONE` photos,
        taken in turn from each class. A bucket without photos is missing.

    Raises:
        UnusableInput: photos cannot be read.
    """
    from skin_data.pixels import load_pixels

    frame = manifest.split("train")
    pixels = load_pixels(manifest, frame, size, crop_fraction, cache, progress)
    found = {}
    for bucket in TONE_BUCKETS:
        rows = np.flatnonzero((frame["tone_bucket"] == bucket).to_numpy(bool))
        chosen = rows[choose_representative(frame.iloc[rows], PHOTOS_PER_TONE, seed=0)]
        medians = [
            np.median(photo[mask], axis=0) for photo in pixels[np.sort(chosen)] if (mask := skin_mask(photo)).any()
        ]
        if medians:
            found[bucket] = np.rint(np.median(medians, axis=0)).astype(np.uint8)
    return found
