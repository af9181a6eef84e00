"""Light that moves over a phantom: good, then each fault that there is a tip for, then good again.

Everything is done on 8-bit pixels with OpenCV's own loops, so that 30 frames of 1280 x 720 a second take a tenth of a
core and leave the rest to what is being shown.
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
"""In the order in which they come; each is the tip that it should bring."""
GOOD_S, FAULT_S, RAMP_S = 3.0, 4.0, 0.7
"""Seconds of good light before each fault, of the fault, and of its coming and going."""
PICTURE_S = len(FAULTS) * (GOOD_S + FAULT_S)
TURN_S = 12.0
"""Seconds in which the light goes once round the picture."""

DARK_LEVEL = 0.008
"""Linear value that the median pixel is brought to when it is too dark; skin of Monk tone 10 has 0.02 in good light."""
BRIGHT_LEVEL = 2.6
"""The same when it is too bright: 1.4 stops over white."""
EVEN_STOPS, UNEVEN_STOPS = 0.3, 5.0
"""Fall of the light across the picture, good and uneven."""
SHADE, LAMP = (0.48, 1.1, 2.9), (1.5, 0.75, 0.08)
"""Gains on linear red, green and blue: blue shade taken for lamp light, and a 2,300 K lamp taken for daylight."""
CASTS = (SHADE, LAMP, LAMP)
"""Casts of one picture after the other. Blue light makes some brown skin grey, which passes for white light on paler
skin; the shipped pictures that fall under the shade are light."""
BLUR = 0.015
"""Deviation of the blur as a share of the width, as that of phantoms out of focus."""
GLARE_RADII = (0.16, 0.2)
"""Of the highlight, as shares of the width and of the height."""
SHINE_RELIEF = 0.35
"""Deviation of the logarithm of the shine over the skin."""
FAR_SIZE = 0.5
"""Side of the picture when it is too far, as a share of the frame's."""
TABLE = (150, 152, 153)
"""What lies round a picture that does not fill the frame: RGB of a grey table."""
NOISE = 1.6
"""Deviation of the sensor's noise, channel values."""
_MAP = (64, 36)  # the light is smooth: worked out at this size and enlarged
_BLUR_STEP = 8
_FINE_MAP = (256, 144)  # a highlight has an edge
_UNIT = 128  # of the 8-bit map that pixels are multiplied by: 1.0


@dataclass(frozen=True)
class Moment:
    """The light at one moment.

    Attributes:
        picture: number of the picture it falls on.
        fault: what is wrong, one of `FAULTS`; empty in good light.
        strength: how far the fault has come, [0, 1].
        direction: where the light comes from, radians.
    """

    picture: int
    fault: str
    strength: float
    direction: float


def moment_at(seconds: float) -> Moment:
    """Return the moment this long after the start; after all faults the next picture follows, without end."""
    picture, within = divmod(seconds, PICTURE_S)
    number, since = divmod(within, GOOD_S + FAULT_S)
    since -= GOOD_S
    strength = min(1.0, max(0.0, min(since, FAULT_S - since) / RAMP_S))
    fault = FAULTS[int(number)] if strength else ""
    direction = 2 * math.pi * (seconds / TURN_S % 1)
    # Nobody comes back from past the skin to the skin that was there before.
    moved_on = fault == "no_skin" and since > FAULT_S / 2
    return Moment(int(picture) + moved_on, fault, strength, direction)


class MovingLight:
    """Relights pictures of one size. Not thread-safe: it uses its memory again and again."""

    def __init__(self, width: int, height: int, seed: int = 0):
        """Prepare for pictures of `width` x `height` pixels; the noise is drawn from `seed`."""
        self._size = (width, height)
        self._generator = np.random.default_rng(seed)
        margin = 64
        noise = self._generator.normal(0, NOISE, (height + margin, width + margin, 3))
        self._noise = np.clip(np.rint(noise + 3 * NOISE), 0, 255).astype(np.uint8)
        self._columns, self._rows = _places(_MAP)
        self._fine_columns, self._fine_rows = _places(_FINE_MAP)
        # The relief of the skin breaks a highlight at its edge.
        relief = cv2.GaussianBlur(self._generator.normal(0, 1, _FINE_MAP[::-1]).astype(np.float32), (0, 0), 1.0)
        self._shine = 1.3 * np.exp(SHINE_RELIEF * relief / relief.std())

    def relight(self, picture: Photo, moment: Moment) -> Photo:
        """Show a picture in the light of a moment.

        Args:
            picture: uint8 [height, width, 3], RGB, in good light.
            moment: `picture` of it is not looked at.

        Returns:
            uint8 [height, width, 3], new memory.
        """
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

    def _falloff(self, moment: Moment) -> Photo:
        stops = EVEN_STOPS + (UNEVEN_STOPS - EVEN_STOPS) * (moment.strength if moment.fault == "uneven" else 0)
        ramp = self._rows * math.sin(moment.direction) + self._columns * math.cos(moment.direction)
        # Brightest at 1.4 stops over the middle: pixels are multiplied at most twofold.
        light = np.exp2(np.minimum(0.5 * stops * ramp / np.abs(ramp).max(), 1.4))
        return self._enlarged(_UNIT * light ** (1 / 2.2))

    def _highlight(self, moment: Moment) -> Photo:
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
    """Columns [1, width] and rows [height, 1] of a map from -1 to 1."""
    columns, rows = (np.linspace(-1, 1, count, dtype=np.float32) for count in size)
    return columns[None], rows[:, None]


def _gains(picture: Photo, moment: Moment) -> npt.NDArray[np.float64] | None:
    """Gains on linear red, green and blue, float64 [3]; None for none."""
    if moment.fault == "colour_cast":
        full = np.array(CASTS[moment.picture % len(CASTS)])
    elif moment.fault in ("too_dark", "too_bright"):
        # The same for skin of any tone: what would be a dim lamp for light skin is none for dark skin.
        level = float(LINEAR[int(np.median(picture[::16, ::16, 1]))])
        full = np.full(3, (DARK_LEVEL if moment.fault == "too_dark" else BRIGHT_LEVEL) / level)
    else:
        return None
    return np.asarray(full**moment.strength)


def _curves(gains: npt.NDArray[np.float64]) -> Photo:
    """What each channel value becomes when its linear light is multiplied, uint8 [256, 1, 3]."""
    linear = np.clip(LINEAR[:, None, None] * gains, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255).astype(np.uint8)


def _blurred(picture: Photo, deviation: float) -> Photo:
    """Blur by a Gaussian of so many pixels, done on a small copy."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // _BLUR_STEP, height // _BLUR_STEP), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), deviation / _BLUR_STEP)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
