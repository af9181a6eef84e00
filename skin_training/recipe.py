"""Recipes: strictly validated YAML files that describe a run."""

import dataclasses
import json
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml

from skin_data.views import ViewRecipe
from triage.crop import CROP, Crop
from triage.errors import UnusableInput
from triage.photo import INPUT_SIZE

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic_core import ErrorDetails

T = TypeVar("T")
TRAINABLE = ("last", "heads", "ccm", "top", "all")
SIZE_STEP = 32
"""Total stride of every backbone."""


@dataclasses.dataclass(frozen=True)
class Phase:
    """One phase of a training schedule.

    Attributes:
        name: unique within the recipe; `metrics.csv` and the report use it.
        trains: the trainable part: `last` (the last layer of the diagnosis head), `heads`, `ccm` (with the heads),
            `top` (heads, CCM and upper part of the backbone) or `all`.
        epochs: passes over the training split.
        learning_rate: peak of a linear warm-up followed by a cosine decay.
        final_learning_rate: end of the cosine.
        weight_decay: of AdamW; CCM, biases and normalisation are exempt.
        warmup: fraction of the phase's steps in [0, 1).
        patience: epochs without a lower validation log loss after which the phase ends, with the weights of the lowest;
            0 disables early stopping, and the phase ends with the weights of its last epoch.
        plateau: epochs without a lower validation log loss after which the learning rate is halved, and again after as
            many more; 0 disables it.
        fixed_views: only with `trains: heads` or `last`: number of views of each photo whose features the frozen
            backbone computes once; 0 computes new views through the whole model.
        frozen_ccm: only with `trains: top` or `all`: freeze the CCM. With `top`, the frozen layers below then need no
            backpropagation, which on a CPU is most of the work.
        weight_average: decay per step of an exponential moving average of the weights (Polyak and Juditsky 1992), such
            as 0.995; validation and the end of the phase use the average. 0 disables it.
        mixup: alpha of mixup (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"); 0 disables it.
        input_sizes: input sides over the phase's epochs, each for an equal part of them (progressive resizing: Howard
            2018, Tan and Le 2021), under one schedule; empty for the model's. Views are the same at every size.
        cutmix: alpha of CutMix (Yun et al. 2019): a square of the partner instead of a blend; 0 disables it.
        class_balanced: draw photos so that classes appear about equally often, without class weights: as a last phase
            on `last` or `heads`, classifier retraining (Kang et al. 2020).
    """

    name: str
    trains: str
    epochs: int
    learning_rate: float
    final_learning_rate: float = 0.0
    weight_decay: float = 1e-4
    warmup: float = 0.05
    patience: int = 0
    plateau: int = 0
    fixed_views: int = 0
    frozen_ccm: bool = False
    mixup: float = 0.0
    weight_average: float = 0.0
    input_sizes: tuple[int, ...] = ()
    cutmix: float = 0.0
    class_balanced: bool = False

    def __post_init__(self) -> None:
        for fits, rule in (
            (self.trains in TRAINABLE, f"trains must be one of {', '.join(TRAINABLE)}"),
            (self.epochs >= 1 and self.learning_rate > 0, "epochs and learning_rate must be positive"),
            (not self.fixed_views or self.trains in ("last", "heads"), "fixed_views requires trains: heads or last"),
            (self.mixup >= 0, "mixup must be >= 0"),
            (self.cutmix >= 0, "cutmix must be >= 0"),
            (not (self.mixup and self.cutmix), "choose mixup or cutmix"),
            (not (self.mixup or self.cutmix) or not self.fixed_views, "fixed_views cannot be mixed"),
            (0 <= self.weight_average < 1, "weight_average must be in [0, 1)"),
            (not self.frozen_ccm or self.trains in ("top", "all"), "frozen_ccm requires trains: top or all"),
            (
                all(side >= SIZE_STEP and side % SIZE_STEP == 0 for side in self.input_sizes),
                f"input_sizes must be multiples of {SIZE_STEP}, at which every layer halves the photo alike",
            ),
            (not (self.fixed_views and self.input_sizes), "input_sizes cannot be combined with fixed_views"),
        ):
            if not fits:
                raise UnusableInput(f"Phase {self.name!r}: {rule}. Received: {self}.")

    def input_size(self, epoch: int, whole: int) -> int:
        """Return the input side of an epoch, from 0; `whole` is the model's own."""
        sizes = self.input_sizes or (whole,)
        return sizes[min(epoch, self.epochs - 1) * len(sizes) // self.epochs]


@dataclasses.dataclass(frozen=True)
class ModelRecipe:
    """What the recipes of teacher and student share.

    Attributes:
        phases: in order; the weights that each ends with start the next.
        backbone: a name from the registry of teachers or students.
        weights: of the backbone: "imagenet", "none" or a file; the command line's `--weights` overrides it.
        class_weights: of the diagnosis labels: "balanced" (inverse frequency, mean 1) or "none".
        most_repeats: oversampling: largest number of times a photo of a rare class and skin tone appears in an epoch.
        label_smoothing: s of the lighting labels: 1 becomes 1 - s / 2 and 0 becomes s / 2.
        lighting_weight: weight of the lighting head's loss relative to the diagnosis head's.
        crop: shape of what the model sees, with `crop_fraction` (see `triage.crop.Crop`).
        batch_norm_momentum: of the backbone's moving averages; None keeps the backbone's own.
    """

    phases: tuple[Phase, ...]
    backbone: str
    weights: str = "imagenet"
    input_size: int = INPUT_SIZE
    crop: str = CROP.shape
    crop_fraction: float = CROP.fraction
    batch_size: int = 32
    dropout: float = 0.3
    ccm_reg: float = 1e-4
    class_weights: str = "balanced"
    most_repeats: int = 1
    label_smoothing: float = 0.05
    lighting_weight: float = 0.5
    batch_norm_momentum: float | None = None
    views: ViewRecipe = dataclasses.field(default_factory=ViewRecipe)
    seed: int = 42

    def __post_init__(self) -> None:
        Crop(self.crop, self.crop_fraction)  # refuses others
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise UnusableInput(f"Each phase needs a name of its own. Received: {', '.join(names)}.")
        last = self.phases[-1:]
        if last and last[0].input_size(last[0].epochs, self.input_size) != self.input_size:
            raise UnusableInput(
                f"The last phase must end with the model's input_size, {self.input_size}. Received: {last[0]}."
            )

    @property
    def phase_sizes(self) -> list[int]:
        """Input sides, other than the model's, that phases train with."""
        return sorted({side for phase in self.phases for side in phase.input_sizes} - {self.input_size})

    @property
    def photo_crop(self) -> Crop:
        """What the model sees of a photo."""
        return Crop(self.crop, self.crop_fraction)


@dataclasses.dataclass(frozen=True)
class TeacherRecipe(ModelRecipe):
    """The `teacher` section of a recipe; `backbone` is a key of `teacher.backbones.BACKBONES`."""

    backbone: str = "resnet152v2"


class _Loader(yaml.SafeLoader):
    """YAML of a recipe: 1e-3 is a number, as in YAML 1.2 (YAML 1.1 requires 1.0e-3), and there are no dates."""

    yaml_implicit_resolvers: typing.ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+"), list("-+.0123456789")
)


def read_recipe(path: str | Path, section: str, kind: type[T]) -> tuple[T, dict[str, Any]]:
    """Read one section of a recipe file.

    Args:
        path: a YAML file.
        section: the top-level key to read.
        kind: the dataclass that the section describes.

    Returns:
        The section as `kind`, and the whole file as plain data.

    Raises:
        UnusableInput: no such file, not YAML, the section is missing, or a key is unknown or has a wrong type.
    """
    whole = read_yaml(path, "The recipe")
    if not isinstance(whole.get(section), dict):
        found = ", ".join(map(str, whole))
        raise UnusableInput(f"The recipe has no section '{section}'. Received: {path} with: {found}.")
    return from_mapping(kind, whole[section], f"{path}: {section}"), whole


def read_yaml(path: str | Path, what: str) -> dict[str, Any]:
    """Read a YAML file with a mapping; `what`, such as "The recipe", begins its errors.

    Raises:
        UnusableInput: no such file, not YAML, or no mapping.
    """
    try:
        whole = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput(f"{what} cannot be read. Received: {path} ({error}).") from error
    except yaml.YAMLError as error:
        raise UnusableInput(f"{what} is not valid YAML. Received: {path}: {error}") from error
    if not isinstance(whole, dict):
        raise UnusableInput(f"{what} must be a mapping of keys. Received: {path} with {type(whole).__name__}.")
    return whole


def from_mapping(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build a dataclass, nested ones included, from plain data.

    Nothing is converted but lists to tuples and whole numbers to floats.

    Args:
        kind: a dataclass; its `__post_init__` may raise UnusableInput.
        values: plain data, as YAML or JSON gives it.
        where: the values come from, as the first words of errors, such as "demo.yaml: teacher".

    Raises:
        UnusableInput: unknown or missing keys, wrong types, or values that the dataclass refuses; names each key and
            value.
    """
    try:
        return pydantic.TypeAdapter(kind).validate_json(json.dumps(values), strict=True, extra="forbid")
    except UnusableInput as error:
        raise UnusableInput(f"{where}: {error}") from error
    except pydantic.ValidationError as error:
        raise UnusableInput("\n".join(_explained(kind, detail, where) for detail in error.errors())) from error


def to_mapping(recipe: "DataclassInstance") -> dict[str, Any]:
    """Turn a recipe back into plain data that YAML and JSON can hold."""
    return dict(json.loads(json.dumps(dataclasses.asdict(recipe))))


def _explained(kind: Any, detail: "ErrorDetails", where: str) -> str:
    *parents, key = detail["loc"]
    for name in parents:
        where += f"[{name}]" if isinstance(name, int) else f".{name}"
        kind = typing.get_args(kind)[0] if isinstance(name, int) else typing.get_type_hints(kind)[name]
    if detail["type"] == "missing":
        return f"{where}: a key is missing: {key}."
    if detail["type"] == "unexpected_keyword_argument":
        return f"{where}: unknown key. Received: {key!r}. Known keys: {', '.join(typing.get_type_hints(kind))}."
    return f"{where}.{key}: {detail['msg']}. Received: {detail['input']!r}."
