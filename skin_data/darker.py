"""Photos of skin as if it were darker, so that what is fitted to few photos of dark skin knows the range."""

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

SEED = 20_011
LIGHTNESS, CHROMA = (0.4, 0.85), (0.8, 1.2)
"""Factors of CIELAB's lightness and of its a and b; each photo has its own."""


def darker(pixels: Pixels) -> Pixels:
    """Return darker copies of photos, uint8 [n, size, size, 3], the same for the same photos."""
    generator = np.random.default_rng(SEED)
    found = np.empty_like(pixels)
    for copy, photo in zip(found, pixels, strict=True):
        lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        lab *= np.array([generator.uniform(*LIGHTNESS), *[generator.uniform(*CHROMA)] * 2], np.float32)
        copy[:] = np.rint(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255)
    return found
