"""Where the spot is: the model's output `spot`, mapped from the model's view to the whole photo."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.crop import Box, View, square_around

SPOT = "spot"
"""Output [1, 5]: centre x and y, width and height in [0, 1] of the model's view, and confidence. The box reaches
beyond the view where the view cuts the lesion. Files may lack it."""
SURE_FROM = 0.5
"""Confidence from which a spot is worth showing."""
MARGIN = 0.5
"""Of a second look, on each side of the spot, as a fraction of its longer side."""


@dataclass(frozen=True)
class Spot:
    """The main lesion's box in a photo.

    Attributes:
        x: centre, as a fraction of the whole upright photo's width, in [0, 1] from the left.
        y: centre, as a fraction of its height, in [0, 1] from the top.
        width: as a fraction of the photo's width, in [0, 1].
        height: as a fraction of the photo's height, in [0, 1].
        confidence: in [0, 1]; low where there is no single spot, as in eczema or on healthy skin.
    """

    x: float
    y: float
    width: float
    height: float
    confidence: float

    @property
    def sure(self) -> bool:
        """Whether the spot is worth showing."""
        return self.confidence >= SURE_FROM

    def to_json(self) -> dict[str, float]:
        """Return plain values for `json.dumps`."""
        return asdict(self)


def spot_in_photo(output: npt.NDArray[Any], view: View) -> Spot:
    """Return the spot in the whole photo; a box that reaches beyond the photo is cut.

    Args:
        output: five finite numbers, the model's output `spot`.
        view: of the model.
    """
    x, y, width, height, confidence = (float(value) for value in np.clip(output.reshape(-1), 0, 1))
    left, right = _cut(view[0] + (x - width / 2) * view[2], view[0] + (x + width / 2) * view[2])
    top, bottom = _cut(view[1] + (y - height / 2) * view[3], view[1] + (y + height / 2) * view[3])
    return Spot((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, confidence)


def second_look(spot: Spot, width: int, height: int) -> Box:
    """Return the square with a margin around a spot, in pixels of a photo of width x height, inside of it."""
    side = max(spot.width * width, spot.height * height) * (1 + 2 * MARGIN)
    return square_around((spot.x * width, spot.y * height), side, width, height)


def _cut(low: float, high: float) -> tuple[float, float]:
    return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)
