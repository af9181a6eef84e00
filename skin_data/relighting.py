"""Bad lighting as an augmentation that changes the lighting label.

Faults are simulated in linear light, and so strong that no photo passes for well lit afterwards; weaker ones are not
drawn, because their label would be uncertain. Everything derives from a counter-based seed and is computed on 8-bit
pixels, so that teacher and student see the same photo.
"""

import cv2
import numpy as np
import numpy.typing as npt

from triage.counting import quantile
from triage.skin_color import LINEAR

Pixels = npt.NDArray[np.uint8]

FAULTS = ("too_dark", "too_bright", "blurry", "glare", "uneven", "colour_cast")
"""Kinds of bad lighting, named as in `triage.lighting.REASONS`; equally frequent."""
PARAMETERS = ("fault", "strength", "direction", "row", "column", "noise_seed")
# The ranges of skin_data/phantom/light.py, away from the borders, since photos differ in exposure.
DARK_STOPS = (3.6, 5.0)
BRIGHT_STOPS = (0.1, 0.8)
"""How far above white the darker third of the photo ends: a gain that overexposes light skin leaves dark skin well
lit."""
BRIGHT_QUANTILE, MOST_STOPS = 0.35, 5.0
BLUR_FRACTION = (0.018, 0.028)
"""Standard deviation of the defocus as a fraction of the side."""
SHAKE_FRACTION = (0.10, 0.15)
"""Length of camera shake as a fraction of the side; it blurs a third of the blurry photos."""
GLARE_RADIUS = (0.07, 0.15)
"""Standard deviation of a highlight as a fraction of the side."""
UNEVEN_STOPS = (4.5, 6.5)
CAST_STOPS = ((1.3, -2.2), (-2.3, 1.5))
"""Gains of red and blue against green, in stops: a warm lamp balanced as daylight, and shade balanced as a lamp."""
LEAST_CAST = 0.8
READ_NOISE = 0.0012
"""Standard deviation of a dark photo's noise in linear light, amplified with it."""
_STEPS = 4096
_ENCODED = np.searchsorted((LINEAR[1:] + LINEAR[:-1]) / 2, np.arange(_STEPS) / (_STEPS - 1)).astype(np.uint8)
"""Nearest 8-bit sRGB value of linear light in 4,096 steps."""


def relighting_parameters(
    fraction: float, seed: int, images: npt.NDArray[np.int64], views: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Draw which views get bad lighting, and what kind.

    Args:
        fraction: of the views, in [0, 1].
        seed: the run's seed.
        images: int [n], numbers that identify the images.
        views: int [n], the number of the view of each image.

    Returns:
        float32 [n, 6], columns as in `PARAMETERS`; fault 0 is none and k is `FAULTS[k - 1]`. The same on every machine.
    """
    table = np.zeros((len(images), len(PARAMETERS)), np.float32)
    for number, (image, view) in enumerate(zip(images, views, strict=True)):
        # A different stream from `skin_data.views`, which has 0 in this place.
        draws = np.random.Generator(np.random.Philox(key=seed, counter=[0, 1, int(view), int(image)])).random(7)
        if draws[0] < fraction:
            fault = 1 + int(draws[1] * len(FAULTS))
            noise_seed = np.floor(draws[6] * 2**20)
            table[number] = (fault, draws[2], 2 * np.pi * draws[3], draws[4], draws[5], noise_seed)
    return table


def relight(pixels: Pixels, parameters: npt.NDArray[np.float32]) -> Pixels:
    """Apply the faults of a parameter table.

    Args:
        pixels: uint8 [n, size, size, 3], sRGB.
        parameters: float32 [n, 6] of `relighting_parameters`.

    Returns:
        uint8 [n, size, size, 3]; the input itself where no photo has a fault.
    """
    relit = np.flatnonzero(parameters[:, 0])
    if not len(relit):
        return pixels
    pixels = pixels.copy()
    for number in relit:
        fault, *drawn = parameters[number]
        pixels[number] = _FAULTS[int(fault) - 1](pixels[number], *map(float, drawn))
    return pixels


def _too_dark(photo: Pixels, strength: float, direction: float, row: float, column: float, noise_seed: float) -> Pixels:
    linear = LINEAR[photo] * np.float32(2.0 ** -_between(DARK_STOPS, strength))
    # A counter-based generator's normals are the same on every machine; OpenCV's are not.
    noise = np.random.Generator(np.random.Philox(key=int(noise_seed))).standard_normal(photo.shape, np.float32)
    return _encode(linear + noise * np.float32(READ_NOISE))


def _too_bright(photo: Pixels, strength: float, *_: float) -> Pixels:
    darker = float(LINEAR[quantile(photo.max(axis=-1), BRIGHT_QUANTILE)])
    gain = min(2.0 ** _between(BRIGHT_STOPS, strength) / max(darker, 1e-6), 2.0**MOST_STOPS)
    return _encode(LINEAR * np.float32(gain))[photo]


def _blurry(photo: Pixels, strength: float, direction: float, row: float, *_: float) -> Pixels:
    side = photo.shape[0]
    if row > 1 / 3:
        return np.asarray(cv2.GaussianBlur(photo, (0, 0), _between(BLUR_FRACTION, strength) * side), np.uint8)
    length = max(3.0, _between(SHAKE_FRACTION, strength) * side)
    reach = int(np.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    end = np.array([np.cos(direction), np.sin(direction)]) * length / 2
    start, stop = (tuple(np.rint((reach + sign * end) * 16).astype(int).tolist()) for sign in (-1, 1))
    cv2.line(kernel, start, stop, 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(photo, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.uint8)


def _glare(photo: Pixels, strength: float, direction: float, row: float, column: float, *_: float) -> Pixels:
    side = photo.shape[0]
    rows, columns = (
        np.arange(side, dtype=np.float32) / side - np.float32(0.2 + 0.6 * place) for place in (row, column)
    )
    across = rows[:, None] * np.float32(np.sin(direction)) + columns[None] * np.float32(np.cos(direction))
    along = columns[None] * np.float32(np.sin(direction)) - rows[:, None] * np.float32(np.cos(direction))
    radius = np.float32(_between(GLARE_RADIUS, strength))
    # Twice as long as wide, and so bright that its core clips on skin of any tone.
    highlight = np.float32(1.2 + 2 * strength) * np.exp(-0.5 * ((across / radius) ** 2 + (along / (radius / 2)) ** 2))
    return _encode(LINEAR[photo] + highlight[..., None])


def _uneven(photo: Pixels, strength: float, direction: float, *_: float) -> Pixels:
    side = photo.shape[0]
    line = np.arange(side, dtype=np.float32) / max(side - 1, 1) - np.float32(0.5)
    across = line[:, None] * np.float32(np.sin(direction)) + line[None] * np.float32(np.cos(direction))
    extent = abs(np.sin(direction)) + abs(np.cos(direction))
    # The bright end stays slightly brighter than before.
    stops = np.float32(_between(UNEVEN_STOPS, strength)) * (across / np.float32(extent) - np.float32(0.4))
    return _encode(LINEAR[photo] * np.exp2(stops)[..., None])


def _colour_cast(photo: Pixels, strength: float, direction: float, *_: float) -> Pixels:
    red, blue = CAST_STOPS[int(direction > np.pi)]
    power = _between((LEAST_CAST, 1.0), strength)
    tables = [_encode(LINEAR * np.float32(2.0 ** (power * stops))) for stops in (red, 0.0, blue)]
    return np.asarray(cv2.LUT(photo, np.stack(tables, axis=-1)[None]), np.uint8)


_FAULTS = (_too_dark, _too_bright, _blurry, _glare, _uneven, _colour_cast)


def _between(ends: tuple[float, float], strength: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * strength


def _encode(linear: npt.NDArray[np.float32]) -> Pixels:
    """Convert linear light to 8-bit sRGB, clipped."""
    steps = np.clip(linear * np.float32(_STEPS - 1) + np.float32(0.5), 0, _STEPS - 1)
    return np.asarray(_ENCODED[steps.astype(np.int16)], np.uint8)
