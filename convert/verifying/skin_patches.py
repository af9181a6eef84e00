"""Skin colours of a data set, on which its colour calibration is checked."""

import numpy as np

from convert.making.representative import choose_representative
from convert.student import load_student_pixels
from skin_data.manifest import Manifest
from skin_data.progress import Progress
from skin_training.run_folder import RunFolder
from triage.skin_tone import TONE_BUCKETS, skin_mask

PHOTOS_PER_TONE = 100


def skin_colors(run: RunFolder, manifest: Manifest, size: int, progress: Progress) -> dict[str, np.ndarray]:
    """Return the median colour of healthy skin in the training photos of each tone bucket.

    Args:
        run: of the student.
        manifest: the data set that it was trained on.
        size: of its input.
        progress: called as `progress(stage, done, total)`.

    Returns:
        sRGB uint8 [3] by bucket: the median, channel by channel, over the medians of up to `PHOTOS_PER_TONE` photos,
        taken in turn from each class. A bucket without photos is missing.

    Raises:
        UnusableInput: photos cannot be read.
    """
    frame = manifest.split("train")
    pixels = load_student_pixels(run, manifest, frame, size, progress)
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
