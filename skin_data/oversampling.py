"""Oversampling of rare skin tones within each class, up to a cap."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from triage.skin_tone import UNKNOWN_TONE

Integers = npt.NDArray[np.int64]


def photo_repeats(diagnoses: Sequence[str | None], tones: Sequence[str], most: int) -> Integers:
    """Return int64 [n], how often each photo appears in an epoch, 1 to `most`: cells of class and tone approach the
    largest.

    The cap prevents overfitting on a few photos. A photo of unknown tone is weighed by its class alone; one without a
    diagnosis appears once.
    """
    cells = Counter((d, t) for d, t in zip(diagnoses, tones, strict=True) if d and t != UNKNOWN_TONE)
    classes = Counter(d for d in diagnoses if d)
    largest_cell, largest_class = max(cells.values(), default=0), max(classes.values(), default=0)

    def repeats(diagnosis: str | None, tone: str) -> int:
        if not diagnosis:
            return 1
        ratio = largest_class / classes[diagnosis]
        if tone != UNKNOWN_TONE:
            ratio = largest_cell / cells[diagnosis, tone]
        return max(1, min(most, round(ratio)))

    return np.array([repeats(d, t) for d, t in zip(diagnoses, tones, strict=True)], np.int64)


def draws_of_epoch(repeats: Integers, seed: int, epoch: int) -> tuple[Integers, Integers]:
    """Return the order of an epoch: int64 [sum of repeats] twice.

    First the photo, then how often it was shown before in the whole run, which is the number of its view; modulo any
    number of views, all appear equally often.
    """
    photos = np.repeat(np.arange(len(repeats)), repeats)
    before = epoch * repeats[photos] + np.arange(len(photos)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    order = np.random.Generator(np.random.Philox(key=seed, counter=[1, 0, 0, epoch])).permutation(len(photos))
    return photos[order], before[order]
