"""Which part of a photo a model sees, and how that becomes the square of the model's input."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triage.errors import UnusableInput

SHAPES = ("squashed", "square", "letterbox")
"""`squashed`: the same fraction of both sides, aspect ratio lost. `square`: a fraction of the shorter side, both ways.
`letterbox`: the same fraction of both sides within grey bars."""

CROPS = ("centre", "spot")
"""What is classified: the model's own crop, or a second look at the spot (`triage.spot`)."""

SMALLEST_SQUARE = 0.25
"""Of a second look, as a fraction of the photo's shorter side."""

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""
View = tuple[float, float, float, float]
"""Left, top, width and height of what a model sees, as fractions of the whole photo; may reach beyond it."""
WHOLE: View = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Crop:
    """The centre crop of a model.

    Attributes:
        shape: one of `SHAPES`.
        fraction: of the photo's sides (or its shorter side) that is kept, in (0, 1].

    Raises:
        UnusableInput: another shape or fraction.
    """

    shape: str = "squashed"
    fraction: float = 0.8

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise UnusableInput(f"The crop must be one of {', '.join(SHAPES)}. Received: {self.shape!r}.")
        if not 0 < self.fraction <= 1:
            raise UnusableInput(f"The crop fraction must be above 0 and at most 1. Received: {self.fraction}.")

    @classmethod
    def recorded(cls, section: Mapping[str, Any]) -> "Crop":
        """Return the crop that a card's `input` or a run's configuration records; early ones have no `crop`."""
        return cls(section.get("crop", "squashed"), section.get("crop_fraction", 0.8))

    def __str__(self) -> str:
        return f"{self.shape} {self.fraction:g}"

    def describe(self) -> str:
        """Return what is kept, in words."""
        middle = f"the middle {self.fraction:.0%} of"
        square = "the largest square" if self.fraction == 1 else f"{middle} the largest square"
        return {
            "squashed": f"{middle} each side",
            "square": square,
            "letterbox": f"{middle} each side between grey bars",
        }[self.shape]

    def box(self, width: int, height: int) -> Box:
        """Return the part of a photo of this size that is kept, at least 1 pixel each way."""
        sides = (min(width, height),) * 2 if self.shape == "square" else (width, height)
        kept_width, kept_height = (max(1, round(side * self.fraction)) for side in sides)
        return (width - kept_width) // 2, (height - kept_height) // 2, kept_width, kept_height

    def frame(self, width: int, height: int) -> View:
        """Return the part of a photo of this size that is kept, in fractions."""
        left, top, kept_width, kept_height = self.box(width, height)
        return left / width, top / height, kept_width / width, kept_height / height

    def view(self, width: int, height: int) -> View:
        """Return what the model's input shows of a photo of this size in pixels, bars included."""
        left, top, kept_width, kept_height = self.box(width, height)
        across, down = (max(kept_width, kept_height),) * 2 if self.shape == "letterbox" else (kept_width, kept_height)
        x, y = left - (across - kept_width) / 2, top - (down - kept_height) / 2
        return x / width, y / height, across / width, down / height


def square_around(
    center: tuple[float, float], side: float, width: int, height: int, smallest: float = SMALLEST_SQUARE
) -> Box:
    """Return a square inside a photo of this width and height, for a second look at something in it.

    Args:
        center: of the thing, x and y in pixels.
        side: target side in pixels; kept between `smallest` and the whole of the photo's shorter side.
        width: of the photo.
        height: of the photo.
        smallest: fraction of the shorter side, so that a tiny thing is not enlarged from a few pixels.
    """
    shorter = min(width, height)
    kept = round(min(max(side, smallest * shorter), shorter))
    left, top = (
        round(min(max(at - kept / 2, 0), length - kept)) for at, length in zip(center, (width, height), strict=True)
    )
    return left, top, kept, kept


CROP = Crop()
"""The crop of new models, and of measurements that belong to no model."""
