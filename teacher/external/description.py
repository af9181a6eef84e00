"""What a YAML file beside a model from elsewhere says about it."""

import dataclasses
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from skin_training.recipe import from_mapping, read_yaml
from triage.errors import UnusableInput

D = TypeVar("D", bound="ModelDescription")
Three = tuple[float, float, float]
RANGES = {"unit": (1.0, 0.0), "bytes": (255.0, 0.0), "symmetric": (2.0, -1.0)}
"""Factor and offset of each `scaling`, from pixels in [0, 1]."""
OF_PIXELS = ("layout", "channels", "scaling", "mean", "std")
"""Keys that say how a file's input is made of a photo."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """A model that this project did not make.

    Attributes:
        licence: of the model, such as "MIT" or "CC BY-NC-ND 4.0".
        training_data: names of the data sets that it has seen, such as "HAM10000"; "unknown" where nobody says.
        size: input side in pixels; needed where the file leaves it open.
        layout: "nhwc" or "nchw"; needed where the file's input shape does not show it.
        channels: order of the colours, "rgb" or "bgr".
        scaling: range of the pixels: "unit" [0, 1], "bytes" [0, 255] or "symmetric" [-1, 1]; needed for a model's file.
        mean: subtracted from the scaled pixels, per channel in that order.
        std: divides them then.
        features: name of the output with pooled features, or with those of an encoder.
    """

    licence: str
    training_data: tuple[str, ...]
    size: int | None = None
    layout: Literal["nhwc", "nchw"] | None = None
    channels: Literal["rgb", "bgr"] = "rgb"
    scaling: Literal["unit", "bytes", "symmetric"] | None = None
    mean: Three = (0.0, 0.0, 0.0)
    std: Three = (1.0, 1.0, 1.0)
    features: str = ""

    def __post_init__(self) -> None:
        for fits, rule, received in (
            (self.licence.strip(), "licence must be named", self.licence),
            (self.training_data, 'training_data must be named; write ["unknown"] where nobody says', ()),
            (self.size is None or self.size > 0, "size must be positive", self.size),
            (min(self.std) > 0, "std must be positive", self.std),
        ):
            if not fits:
                raise UnusableInput(f"{rule}. Received: {received!r}.")

    @property
    def given(self) -> dict[str, Any]:
        """Return the keys that differ from their defaults, so that later ones change no hash."""
        default = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in dataclasses.asdict(self).items() if value != default[name]}

    @property
    def terms(self) -> dict[str, Any]:
        """Licence and training data, JSON-able, which travel into reports and cards."""
        return {"licence": self.licence, "training_data": list(self.training_data)}

    def tensor(self, images: np.ndarray) -> np.ndarray:
        """Turn float32 [n, size, size, 3], RGB in [0, 1], into what the model expects, channels last."""
        if self.scaling is None:
            raise UnusableInput(
                f"A model's file needs scaling: {', '.join(RANGES)}. Received: none. Add it to the YAML."
            )
        factor, offset = RANGES[self.scaling]
        images = images[..., ::-1] if self.channels == "bgr" else images
        return np.asarray((images * factor + offset - self.mean) / np.asarray(self.std), np.float32)


def read_description(model: Path, kind: type[D]) -> D:
    """Read the YAML file beside a model's file, of the same name.

    Raises:
        UnusableInput: there is neither, there is no YAML file, or a key is missing, unknown or of a wrong type.
    """
    path = model.with_suffix(".yaml")
    if not path.is_file() and not model.is_file():
        raise UnusableInput(f"No such model. Looked for: {model}.")
    if not path.is_file():
        raise UnusableInput(
            f"A model from elsewhere needs a description. Looked for: {path}. Write one: docs/any_teacher.md shows it."
        )
    return from_mapping(kind, read_yaml(path, "The description"), str(path))
