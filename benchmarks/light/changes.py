"""Changes of light, applied to a photo in linear sRGB.

Each function returns a change from float32 [height, width, 3] to the same; the encoding clips what exceeds 1
(`skin_data.phantom.camera.encode`).
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.phantom.light import planckian_gains
from triage.crop import CROP

Radiance = npt.NDArray[np.float32]
Change = Callable[[Radiance], Radiance]


def exposed(stops: float) -> Change:
    """Brighter by a number of stops."""
    return lambda radiance: radiance * np.float32(2.0**stops)


def tinted(kelvin: float, balanced: float) -> Change:
    """Light of one colour temperature under a white balance for another; green keeps its brightness."""
    gains = (planckian_gains(kelvin) / planckian_gains(balanced)).astype(np.float32)
    return lambda radiance: radiance * gains


def falling(stops: float, angle: float) -> Change:
    """Light that falls off across the centre crop by a number of stops, in a direction in radians."""

    def change(radiance: Radiance) -> Radiance:
        down, across = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in radiance.shape[:2])
        x, y = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        ramp = (down[:, np.newaxis] * y + across * x) / ((abs(x) + abs(y)) * np.float32(CROP.fraction))
        return np.asarray(radiance * np.exp2(np.float32(stops) * ramp)[..., np.newaxis], np.float32)

    return change


def blurred(sigma: float) -> Change:
    """Gaussian blur, sigma as a fraction of the longer side."""
    return lambda radiance: np.asarray(
        cv2.GaussianBlur(radiance, (0, 0), sigma * max(radiance.shape[:2])), dtype=np.float32
    )


def glaring(strength: float) -> Change:
    """Specular highlight beside the middle, an ellipse of a fifth of the sides; strength 1 is as bright as white.

    It follows the skin's fine relief, approximated by the photo's own contrast at a few pixels.
    """

    def change(radiance: Radiance) -> Radiance:
        height, width = radiance.shape[:2]
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        spot = np.exp(-((((rows / height - 0.42) / 0.1) ** 2 + ((columns / width - 0.56) / 0.1) ** 2) ** 2))
        green = radiance[..., 1] + np.float32(0.01)
        relief = green / cv2.GaussianBlur(green, (0, 0), max(height, width) / 100)
        return np.asarray(radiance + np.float32(strength) * (spot * relief)[..., np.newaxis], np.float32)

    return change
