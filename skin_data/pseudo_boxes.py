"""Boxes of lesions in photos without a mask, kept only where two independent methods agree.

Masks exist for dermoscopy. What learns from them alone finds little in clinical photographs. Both methods take the
lesion to be near the middle, where photographers put it. They fail on different photos: contrast follows whatever is
large and of another colour, GrabCut stays with what is in the middle.
"""

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.boxes import box_around, overlap
from skin_data.spot_views import Box
from triage.photo import Photo, resize_pixels

AGREEMENT = 0.6
"""Least IoU of the two boxes."""
SIDE = 120
"""Longer side in pixels at which photos are searched."""
MIDDLE = 0.25
"""Standard deviation, as a fraction of the sides, of the Gaussian that says how near to the middle a pixel is."""
PASSES, NEAR_SKIN = 4, 2.5
"""Fits of the skin's colour, and distance in standard deviations beyond which a pixel does not count in the next."""
LEAST_DEVIATION = 2.0
"""Of the skin's colour, CIELAB units: even skin has noise."""
CORE, DISC, OUTSIDE = 0.06, 0.18, 0.42
"""Radii, as fractions of the sides, that GrabCut starts from: surely lesion, probably lesion, surely none beyond."""
ITERATIONS = 5

Mask = npt.NDArray[np.uint8]
_OPEN, _CLOSE = np.ones((3, 3), np.uint8), np.ones((9, 9), np.uint8)


def pseudo_box(photo: Photo) -> Box | None:
    """Return the box of a photo's main lesion, float32 [4], or None where the methods do not agree on one."""
    scale = SIDE / max(photo.shape[:2])
    height, width = (max(8, round(side * scale)) for side in photo.shape[:2])
    small = resize_pixels(photo, width, height)
    by_contrast, by_grabcut = (box_around(mask) for mask in (_by_contrast(small), _by_grabcut(small)))
    if by_contrast is None or by_grabcut is None:
        return None
    agreement = overlap(np.array([by_contrast]), np.array([by_grabcut]))[0]
    return np.asarray(by_grabcut, np.float32) if agreement >= AGREEMENT else None


def _by_contrast(pixels: Photo) -> Mask:
    """Return the mask of the strongest region beyond Otsu's threshold (1979) on the distance from the skin's colour.

    The skin's colour is a plane, since light falls off across a photo, fitted to what is far from the middle.
    """
    lab = cv2.cvtColor(cv2.GaussianBlur(pixels, (0, 0), 2).astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    x, y = _positions(pixels)
    values, plane = lab.reshape(-1, 3), np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1)
    middle = np.exp(-(x**2 + y**2) / (2 * MIDDLE**2))
    weights, distance = 1 - middle.ravel(), np.zeros(x.size)
    for _ in range(PASSES):
        skin = weights * (distance < NEAR_SKIN)
        root = np.sqrt(skin)[:, None]
        residuals = values - plane @ np.linalg.lstsq(plane * root, values * root, rcond=None)[0]
        variance = (residuals**2 * skin[:, None]).sum(axis=0) / skin.sum()
        distance = np.sqrt((residuals**2 / np.maximum(variance, LEAST_DEVIATION**2)).sum(axis=1))
    contrast = distance.reshape(x.shape) * np.sqrt(middle)
    scaled = np.clip(contrast / max(np.quantile(contrast, 0.995), 1e-9) * 255, 0, 255).astype(np.uint8)
    mask = np.asarray(cv2.threshold(scaled, 0, 1, cv2.THRESH_OTSU)[1], np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _OPEN)
    return _region(np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _CLOSE), np.uint8), contrast)


def _by_grabcut(pixels: Photo) -> Mask:
    """Return the mask of GrabCut (Rother et al. 2004) that starts from a disc in the middle."""
    radius = np.hypot(*_positions(pixels))
    labels = np.where(radius < DISC, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[radius < CORE], labels[radius > OUTSIDE] = cv2.GC_FGD, cv2.GC_BGD
    lab = cv2.cvtColor(cv2.GaussianBlur(pixels, (0, 0), 1), cv2.COLOR_RGB2LAB)
    cv2.setRNGSeed(0)  # its clusters start at random
    cv2.grabCut(lab, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), ITERATIONS, cv2.GC_INIT_WITH_MASK)
    mask = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    return _region(np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _OPEN), np.uint8), np.ones(mask.shape))


def _positions(pixels: Photo) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of each pixel from the middle, in fractions of the sides, [height, width] each."""
    rows, columns = np.indices(pixels.shape[:2])
    return (columns + 0.5) / pixels.shape[1] - 0.5, (rows + 0.5) / pixels.shape[0] - 0.5


def _region(mask: Mask, strength: np.ndarray) -> Mask:
    """Return the connected region of a mask with the largest sum of a strength."""
    count, regions = cv2.connectedComponents(mask)
    sums = np.bincount(np.asarray(regions).ravel(), strength.ravel(), count)
    return np.asarray((regions == 1 + np.argmax(sums[1:])) if count > 1 else mask * 0, np.uint8)
