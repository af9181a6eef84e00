"""The camera: optics, sensor, tone curve."""

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.phantom.light import Light, white_balance_error
from skin_data.phantom.texture import Floats


def expose(radiance: Floats, light: Light, generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Turn light into an sRGB picture.

    Blur, then white balance and exposure, then shot and read noise, then the sRGB curve (IEC 61966-2-1) and 8 bit.

    Args:
        radiance: float32 [size, size, 3], linear.
        light: settings.
        generator: draws the noise.

    Returns:
        uint8 [size, size, 3], RGB.
    """
    size = len(radiance)
    if light.blur * size > 0.3:
        radiance = np.asarray(cv2.GaussianBlur(radiance, (0, 0), light.blur * size), np.float32)
    if light.motion > 0:
        radiance = np.asarray(cv2.filter2D(radiance, -1, _shake(light.motion * size, light.direction)), np.float32)
    signal = radiance * (light.exposure * white_balance_error(light)).astype(np.float32)
    noise = generator.standard_normal(signal.shape, dtype=np.float32)
    signal = signal + noise * (light.noise * np.sqrt(np.maximum(signal, 0) + np.float32(0.02)))
    return encode(signal)


def encode(linear: Floats) -> npt.NDArray[np.uint8]:
    """Encode linear sRGB as 8 bit, uint8 of the same shape; values outside [0, 1] are clipped."""
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, np.float32(1 / 2.4)) - 0.055)
    return np.rint(encoded * 255).astype(np.uint8)


def _shake(length: float, direction: float) -> Floats:
    side = max(3, int(length) | 1)
    kernel = np.zeros((side, side), np.uint8)
    middle = np.array([side // 2, side // 2])
    reach = np.array([np.cos(direction), np.sin(direction)]) * (side // 2)
    ends = [tuple(int(v) for v in np.round((middle + sign * reach) * 16)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
    return kernel.astype(np.float32) / kernel.sum()
