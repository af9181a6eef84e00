"""Compare the fine detail of two photos after aligning them, one perhaps cropped from the other.

To a hash every dermoscopic photo is a dark blob; hairs and texture, which it ignores, distinguish them. To compare
those the crop must be known to a pixel: enhanced correlation coefficient maximisation (Evangelidis and Psarakis 2008,
"Parametric image alignment using enhanced correlation coefficient maximization") finds the affine map, starting from
the window that the hashes matched.
"""

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.perceptual_hash import ORIENTATIONS, WINDOWS, frequencies, turned
from triage.photo import Photo

DETAIL_SIDE = 64
"""Pixels, of the grey copies that are aligned."""
DETAIL_SIGMA = 2.0
"""Pixels: detail is what a Gaussian blur of this width removes."""
CONTRAST_SIGMA = 6.0
"""Pixels: detail is divided by its standard deviation within about this distance, so that all parts of a photo count
equally. Otherwise the outline of a mole, or a watermark that two photos share, outweighs everything else."""
CONTRAST_FLOOR = 1.0
"""Grey levels: added to that deviation, so that the noise of plain skin is not amplified."""
ALIGNED_SIGMA = 4.0
"""Pixels: the same for alignment. Coarser, so that it converges from a few pixels away, yet without the overall
brightness, which a white border would displace."""
MARGIN = 4
"""Pixels at the edges that are not compared, because of blur, borders and the last pixel of a crop."""
ITERATIONS, FIRST_ITERATIONS = 15, 3
UNLIKE = 0.2
"""Correlation after the first iterations below which alignment ends: 4 of 5 candidates. In three data sets of 8,948,
3,499 and 919 photographs all 632 pairs of one picture stay; of the first set's 375 one is at 0.27 by then, the others
above 0.38."""
LARGEST_SHIFT = 0.15
"""Fraction of the side by which alignment may move a corner. The hashes are off by at most 0.025 for crops and 0.1 for
photos rotated by 5 degrees; larger shifts force different pictures onto each other."""
FLAT = 0.3
"""Grey levels: photos whose detail deviates less have nothing to compare, such as one of a covered lens."""
_FINE_FREQUENCIES = 14
_FINEST, _COARSEST = 13, 4  # half waves per side: mostly finer than a hash, coarser than pixel noise


def fine_correlation(
    outlines: npt.NDArray[np.uint8],
    first: npt.NDArray[np.int32],
    window: npt.NDArray[np.int32],
    second: npt.NDArray[np.int32],
    orientation: npt.NDArray[np.int32],
) -> npt.NDArray[np.float32]:
    """Correlate windows of photos with other whole photos by their outlines, without reading a photo.

    Args:
        outlines: uint8 [n, 32, 32].
        first: int32 [pairs], photos that windows are cropped from.
        window: int32 [pairs], numbers in `WINDOWS`.
        second: int32 [pairs], photos compared with the windows.
        orientation: int32 [pairs], of the second photo.

    Returns:
        float32 [pairs], of the frequencies from 4 to 13 half waves per side, weighted by their square to compensate for
        the spectrum of photos.
    """
    steps = np.arange(_FINE_FREQUENCIES)
    radius = np.hypot(steps[:, None], steps)
    weight = np.where((radius >= _COARSEST) & (radius <= _FINEST), radius**2, 0).astype(np.float32)
    cuts, wholes = (np.empty((len(first), *radius.shape), np.float32) for _ in range(2))
    for number in np.unique(window):
        pairs = window == number
        rows, columns = WINDOWS[number]
        cuts[pairs] = frequencies(outlines[first[pairs]], (rows,), (columns,), _FINE_FREQUENCIES)[:, 0, 0]
    for number in range(ORIENTATIONS):
        pairs = orientation == number
        whole = turned(outlines[second[pairs]].transpose(1, 2, 0), number).transpose(2, 0, 1)
        wholes[pairs] = frequencies(whole, WINDOWS[0][:1], WINDOWS[0][1:], _FINE_FREQUENCIES)[:, 0, 0]
    cuts *= weight
    wholes *= weight
    energy = np.einsum("nij,nij->n", cuts, cuts) * np.einsum("nij,nij->n", wholes, wholes)
    return np.asarray(np.einsum("nij,nij->n", cuts, wholes) / np.sqrt(np.maximum(energy, 1e-6)), np.float32)


def detail_copy(photo: Photo) -> npt.NDArray[np.uint8]:
    """Shrink a photo for `detail_correlation`: uint8 [64, 64], grey."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (DETAIL_SIDE, DETAIL_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def detail_correlation(
    first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8], window: int = 0, orientation: int = 0
) -> float:
    """Align a whole photo with a window of another and correlate their fine detail where they overlap.

    Both are uint8 [64, 64] of `detail_copy`: `first` is the one that the window (a number in `WINDOWS`, where alignment
    starts) is cropped from, `second` is turned by `orientation`. Returns Pearson's correlation in [-1, 1] of both minus
    their blurred copies, at normalized local contrast: 1 for two photos without detail, 0 if only one is, and where
    alignment fails. Below `UNLIKE` it is that of a coarser alignment.
    """
    whole = np.ascontiguousarray(turned(second, orientation)).astype(np.float32)
    other = first.astype(np.float32)
    detail = _detail(whole)
    flat = [float(plane.std()) < FLAT for plane in (detail, _detail(other))]
    if any(flat):
        return float(all(flat))
    normalized, begin = _normalized(detail), _window_map(window)
    here, there = _detail(whole, ALIGNED_SIGMA), _detail(other, ALIGNED_SIGMA)
    correlation = 0.0
    # Again from the start, because in two parts it would end elsewhere.
    for iterations in (FIRST_ITERATIONS, ITERATIONS):
        try:
            _, found = cv2.findTransformECC(
                here,
                there,
                begin.astype(np.float32),
                cv2.MOTION_AFFINE,
                (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, iterations, 1e-3),
                np.full(whole.shape, 255, np.uint8),
                3,  # pixels of blur
            )
        except cv2.error:  # no convergence on different pictures
            return 0.0
        correlation = _overlap_correlation(normalized, other, begin, np.asarray(found, np.float32))
        if correlation < UNLIKE:
            break
    return correlation


def _overlap_correlation(
    normalized: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    begin: npt.NDArray[np.float64],
    found: npt.NDArray[np.float32],
) -> float:
    """Correlate normalized detail with that of another picture where a map lays one on the other; 0 if too far off."""
    corners = np.array([[x, y, 1] for x in (0, DETAIL_SIDE - 1) for y in (0, DETAIL_SIDE - 1)])
    if np.abs((found - begin) @ corners.T).max() > LARGEST_SHIFT * DETAIL_SIDE:
        return 0.0
    size = (DETAIL_SIDE, DETAIL_SIDE)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(other, found, size, flags=how, borderMode=cv2.BORDER_REFLECT)
    seen = cv2.warpAffine(_INSIDE, found, size, flags=how, borderValue=0) > 0.5
    seen &= _INSIDE > 0
    if seen.mean() < 0.5:
        return 0.0
    here, there = normalized[seen], _normalized(_detail(np.asarray(cut, np.float32)))[seen]
    here, there = here - here.mean(), there - there.mean()
    return float((here * there).sum() / max(np.sqrt((here**2).sum() * (there**2).sum()), 1e-6))


_INSIDE = np.zeros((DETAIL_SIDE, DETAIL_SIDE), np.float32)
_INSIDE[MARGIN:-MARGIN, MARGIN:-MARGIN] = 1


def _detail(grey: npt.NDArray[np.float32], sigma: float = DETAIL_SIGMA) -> npt.NDArray[np.float32]:
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)


def _normalized(detail: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Local contrast normalisation (Jarrett et al. 2009)."""
    spread = cv2.GaussianBlur(detail * detail, (0, 0), CONTRAST_SIGMA)
    return np.asarray(detail / np.sqrt(spread + CONTRAST_FLOOR**2), np.float32)


def _window_map(window: int) -> npt.NDArray[np.float64]:
    """Return the affine map [2, 3] from pixels of a whole picture to those of a window of another."""
    (top, bottom), (left, right) = WINDOWS[window]
    across, down = right - left, bottom - top
    # Coordinates start at the centre of the first pixel.
    return np.array([[across, 0, DETAIL_SIDE * left + (across - 1) / 2], [0, down, DETAIL_SIDE * top + (down - 1) / 2]])
