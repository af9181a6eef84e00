"""Moving light over a phantom: good light, then in turn each fault that has a tip.

Works on 8-bit pixels inside OpenCV, so that 30 frames of 1280 x 720 per second take a tenth of a core.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from triage.photo import Photo
from triage.skin_color import LINEAR

Plane = npt.NDArray[np.float32]

FAULTS = ("too_dark", "too_bright", "uneven", "glare", "colour_cast", "blurry", "too_far", "no_skin")
"""In order of appearance; each is the id of its tip."""
GOOD_S, FAULT_S, RAMP_S = 3.0, 4.0, 0.7
"""Seconds of good light before each fault, of the fault, and of its fading in and out."""
PICTURE_S = len(FAULTS) * (GOOD_S + FAULT_S)
TURN_S = 12.0
"""Seconds in which the light circles the picture once."""

DARK_LEVEL = 0.008
"""Linear value of the median pixel when too dark; skin of Monk tone 10 has 0.02 in good light."""
BRIGHT_LEVEL = 2.6
"""Linear value of the median pixel when too bright: 1.4 stops over white."""
EVEN_STOPS, UNEVEN_STOPS = 0.3, 5.0
"""Light falloff across the picture in stops, good and uneven."""
SHADE, LAMP = (0.48, 1.1, 2.9), (1.5, 0.75, 0.08)
"""Gains on linear red, green and blue: blue shade with lamp white balance, a 2,300 K lamp with daylight balance."""
CASTS = (SHADE, LAMP, LAMP)
"""Casts of consecutive pictures. Blue light turns some brown skin grey, which looks like paler skin in white light, so
only light phantoms get the shade."""
BLUR = 0.015
"""Standard deviation of the blur as a fraction of the width, as in out-of-focus phantoms."""
GLARE_RADII = (0.16, 0.2)
"""Of the highlight, as fractions of width and height."""
SHINE_RELIEF = 0.35
"""Standard deviation of the log shine over the skin."""
FAR_SIZE = 0.5
"""Side of the picture when too far, as a fraction of the frame."""
TABLE = (150, 152, 153)
"""RGB around a picture that does not fill the frame: a grey table."""
NOISE = 1.6
"""Standard deviation of the sensor noise, channel values."""
_MAP = (64, 36)  # light is smooth: computed small, then enlarged
_BLUR_STEP = 8
_FINE_MAP = (256, 144)  # highlights have edges
_UNIT = 128  # 1.0 in the 8-bit map that multiplies pixels


@dataclass(frozen=True)
class LightState:
    """Number of the picture, one of `FAULTS` (empty in good light), its strength in [0, 1], direction in radians."""

    picture: int
    fault: str
    strength: float
    direction: float


def light_at(seconds: float) -> LightState:
    """Return the light at a time; after all faults the next picture follows, endlessly."""
    picture, within = divmod(seconds, PICTURE_S)
    number, since = divmod(within, GOOD_S + FAULT_S)
    since -= GOOD_S
    strength = min(1.0, max(0.0, min(since, FAULT_S - since) / RAMP_S))
    fault = FAULTS[int(number)] if strength else ""
    direction = 2 * math.pi * (seconds / TURN_S % 1)
    # After "no skin" the camera returns to the next picture.
    moved_on = fault == "no_skin" and since > FAULT_S / 2
    return LightState(int(picture) + moved_on, fault, strength, direction)


class MovingLight:
    """Relights pictures of one size. Not thread-safe."""

    def __init__(self, width: int, height: int, seed: int = 0):
        """Prepare for pictures of `width` x `height` pixels; `seed` is for the noise."""
        self._size = (width, height)
        self._generator = np.random.default_rng(seed)
        margin = 64
        noise = self._generator.normal(0, NOISE, (height + margin, width + margin, 3))
        self._noise = np.clip(np.rint(noise + 3 * NOISE), 0, 255).astype(np.uint8)
        self._columns, self._rows = _places(_MAP)
        self._fine_columns, self._fine_rows = _places(_FINE_MAP)
        # Skin relief breaks up the edge of a highlight.
        relief = cv2.GaussianBlur(self._generator.normal(0, 1, _FINE_MAP[::-1]).astype(np.float32), (0, 0), 1.0)
        self._shine = 1.3 * np.exp(SHINE_RELIEF * relief / relief.std())

    def relight(self, picture: Photo, moment: LightState) -> Photo:
        """Return a copy of a picture in good light, uint8 [height, width, 3], RGB, in the light of a moment."""
        fault, strength = moment.fault, moment.strength
        height, width = picture.shape[:2]
        shown = picture
        if fault == "blurry":
            shown = _blurred(shown, BLUR * strength * width)
        elif fault in ("too_far", "no_skin"):
            shown = self._moved(shown, fault, strength)
        if (gains := _gains(picture, moment)) is not None:
            shown = np.asarray(cv2.LUT(shown, _curves(gains)), np.uint8)
        shown = np.asarray(cv2.multiply(shown, self._falloff(moment), scale=1 / _UNIT), np.uint8)
        if fault == "glare":
            shown = np.asarray(cv2.add(shown, self._highlight(moment)), np.uint8)
        top, left = self._generator.integers(0, 64, 2)
        noise = self._noise[top : top + height, left : left + width]
        return np.asarray(cv2.addWeighted(shown, 1, noise, 1, -3 * NOISE), np.uint8)

    def _falloff(self, moment: LightState) -> Photo:
        stops = EVEN_STOPS + (UNEVEN_STOPS - EVEN_STOPS) * (moment.strength if moment.fault == "uneven" else 0)
        ramp = self._rows * math.sin(moment.direction) + self._columns * math.cos(moment.direction)
        # At most 1.4 stops over the middle, which doubles pixel values.
        light = np.exp2(np.minimum(0.5 * stops * ramp / np.abs(ramp).max(), 1.4))
        return self._enlarged(_UNIT * light ** (1 / 2.2))

    def _highlight(self, moment: LightState) -> Photo:
        across, down = 0.25 * math.cos(moment.direction), 0.25 * math.sin(moment.direction)
        wide, high = (2 * radius for radius in GLARE_RADII)
        distance = ((self._fine_columns - across) / wide) ** 2 + ((self._fine_rows - down) / high) ** 2
        return self._enlarged(255 * moment.strength * np.minimum(1.0, self._shine * np.exp(-(distance**2))))

    def _enlarged(self, plane: Plane) -> Photo:
        small = cv2.merge([np.clip(np.rint(plane), 0, 255).astype(np.uint8)] * 3)
        return np.asarray(cv2.resize(small, self._size, interpolation=cv2.INTER_LINEAR), np.uint8)

    def _moved(self, picture: Photo, fault: str, strength: float) -> Photo:
        width, height = self._size
        eased = strength * strength * (3 - 2 * strength)
        size = 1 - (1 - FAR_SIZE) * eased if fault == "too_far" else 1.0
        right = (1 - size) * width / 2 + (1.1 * width * eased if fault == "no_skin" else 0)
        place = np.array([[size, 0, right], [0, size, (1 - size) * height / 2]])
        moved = cv2.warpAffine(picture, place, self._size, flags=cv2.INTER_LINEAR, borderValue=TABLE)
        return np.asarray(moved, np.uint8)


def _places(size: tuple[int, int]) -> tuple[Plane, Plane]:
    """Return coordinates from -1 to 1: columns [1, width] and rows [height, 1]."""
    columns, rows = (np.linspace(-1, 1, count, dtype=np.float32) for count in size)
    return columns[None], rows[:, None]


def _gains(picture: Photo, moment: LightState) -> npt.NDArray[np.float64] | None:
    """Return gains on linear red, green and blue, float64 [3], or None."""
    if moment.fault == "colour_cast":
        full = np.array(CASTS[moment.picture % len(CASTS)])
    elif moment.fault in ("too_dark", "too_bright"):
        # Relative to the skin, so that every tone gets too dark or too bright.
        level = float(LINEAR[int(np.median(picture[::16, ::16, 1]))])
        full = np.full(3, (DARK_LEVEL if moment.fault == "too_dark" else BRIGHT_LEVEL) / level)
    else:
        return None
    return np.asarray(full**moment.strength)


def _curves(gains: npt.NDArray[np.float64]) -> Photo:
    """Return a lookup table that multiplies linear light, uint8 [256, 1, 3]."""
    linear = np.clip(LINEAR[:, None, None] * gains, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255), np.uint8)


def _blurred(picture: Photo, deviation: float) -> Photo:
    """Apply a Gaussian blur (standard deviation in pixels) on a small copy."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // _BLUR_STEP, height // _BLUR_STEP), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), deviation / _BLUR_STEP)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
