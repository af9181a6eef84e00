"""Changes of light for measurements: what becomes of a photo's linear sRGB in another light.

Each function returns a change, from float32 [height, width, 3] to the same; what exceeds 1 is clipped by the encoding
(`skin_data.phantom.camera.encode`).
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.phantom.light import planckian_gains

Radiance = npt.NDArray[np.float32]
Change = Callable[[Radiance], Radiance]


def exposed(stops: float) -> Change:
    """So many stops brighter."""
    return lambda radiance: radiance * np.float32(2.0**stops)


def tinted(kelvin: float, balanced: float) -> Change:
    """Light of one colour temperature under a white balance for another; green keeps its brightness."""
    gains = (planckian_gains(kelvin) / planckian_gains(balanced)).astype(np.float32)
    return lambda radiance: radiance * gains


def sloping(stops: float) -> Change:
    """Light that falls from one corner to the other by so many stops, and is as it was in the middle."""

    def change(radiance: Radiance) -> Radiance:
        down, across = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in radiance.shape[:2])
        ramp = (down[:, np.newaxis] + across) / 2
        return np.asarray(radiance * np.exp2(np.float32(stops) * ramp)[..., np.newaxis], np.float32)

    return change


def blurred(share: float) -> Change:
    """Defocus with a deviation of so much of the longer side."""
    return lambda radiance: np.asarray(
        cv2.GaussianBlur(radiance, (0, 0), share * max(radiance.shape[:2])), dtype=np.float32
    )


def glaring(strength: float) -> Change:
    """Colourless mirror image of a lamp beside the middle, an ellipse of a fifth of the sides; 1 is as bright as white.

    Its light follows the skin's fine relief, for which the photo's own contrast at a few pixels stands in.
    """

    def change(radiance: Radiance) -> Radiance:
        height, width = radiance.shape[:2]
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        spot = np.exp(-((((rows / height - 0.42) / 0.1) ** 2 + ((columns / width - 0.56) / 0.1) ** 2) ** 2))
        green = radiance[..., 1] + np.float32(0.01)
        relief = green / cv2.GaussianBlur(green, (0, 0), max(height, width) / 100)
        return np.asarray(radiance + np.float32(strength) * (spot * relief)[..., np.newaxis], np.float32)

    return change
