"""Recipes: the YAML files that say how a run is made, read strictly."""

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from skin_data.views import ViewRecipe
from triage.errors import UnusableInput
from triage.photo import CROP_FRACTION, INPUT_SIZE

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Phase:
    """One phase of the schedule.

    Attributes:
        name: as it stands in `metrics.csv`.
        trains: what may move: `heads`, `ccm` (with the heads), `top` (the heads, the CCM and the upper part of the
            backbone) or `all`.
        epochs: passes over the training split.
        learning_rate: the peak; it warms up over `warmup` of the phase's steps and then falls along a cosine.
        final_learning_rate: where the cosine ends.
        weight_decay: of AdamW; never on the CCM, biases or normalisation.
        warmup: share of the phase's steps in [0, 1).
        patience: epochs without a better validation score before the phase ends; 0 means never early.
        plateau: epochs without a better validation score after which the learning rate is halved, and again after as
            many more; 0 means never.
        fixed_views: of a phase that trains the heads alone: number of views of each photo whose features the frozen
            backbone computes once; 0 shows ever new views through the whole model.
        frozen_ccm: of a phase that trains `top` or `all`: the CCM stays as it is. With `top`, nothing is then
            backpropagated through the frozen layers below, which on a CPU is most of the work.
        weight_average: decay per step of an exponential moving average of the weights (Polyak and Juditsky 1992), such
            as 0.995; validation and the phase's best then are the average. 0 leaves it out.
        mixup: alpha of mixup (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"); 0 leaves it out.
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

    def __post_init__(self) -> None:
        if self.trains not in ("heads", "ccm", "top", "all"):
            raise UnusableInput(f"A phase trains heads, ccm, top or all. Received: {self.trains!r}.")
        if self.epochs < 1 or self.learning_rate <= 0:
            raise UnusableInput(f"A phase needs at least one epoch and a positive learning rate. Received: {self}.")
        if self.fixed_views and self.trains != "heads":
            raise UnusableInput(
                f"fixed_views is for phases that train the heads alone: elsewhere features change. Received: {self}."
            )
        if self.mixup < 0 or (self.mixup and self.fixed_views):
            raise UnusableInput(f"mixup is 0 or more, and mixes photos, not fixed_views' features. Received: {self}.")
        if not 0 <= self.weight_average < 1:
            raise UnusableInput(f"weight_average is a decay in [0, 1). Received: {self}.")
        if self.frozen_ccm and self.trains == "ccm":
            raise UnusableInput(f"A phase that trains the CCM cannot freeze it. Received: {self}.")


@dataclasses.dataclass(frozen=True)
class TeacherRecipe:
    """The `teacher` section of a recipe.

    Attributes:
        backbone: a name from `teacher.backbones.BACKBONES`.
        weights: "imagenet", "none" or a file; the command line's `--weights` wins.
        phases: in order; the best checkpoint of each starts the next.
        class_weights: "balanced" (inverse frequency, mean 1) or "none".
        most_repeats: oversampling: a photo of a rare class and skin tone stands up to this often in an epoch.
        label_smoothing: of the lighting labels: 1 becomes 1 - s / 2 and 0 becomes s / 2.
        lighting_weight: share of the lighting head's loss beside the diagnosis head's.
        batch_norm_momentum: of the backbone's moving averages; None keeps the backbone's own.
    """

    phases: tuple[Phase, ...]
    backbone: str = "resnet152v2"
    weights: str = "imagenet"
    input_size: int = INPUT_SIZE
    crop_fraction: float = CROP_FRACTION
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
        check_phase_names(self.phases)


def check_phase_names(phases: Sequence[Phase]) -> None:
    """Raise UnusableInput where two phases have one name, by which reports tell them apart."""
    names = [phase.name for phase in phases]
    if len(set(names)) < len(names):
        raise UnusableInput(f"Each phase needs a name of its own. Received: {', '.join(names)}.")


def read_recipe(path: str | Path, section: str, kind: type[T]) -> tuple[T, dict[str, Any]]:
    """Read one section of a recipe file.

    Args:
        path: a YAML file.
        section: the top-level key to read.
        kind: the dataclass that the section describes.

    Returns:
        The section as `kind`, and the whole file as plain data.

    Raises:
        UnusableInput: no such file, not YAML, the section is missing, or a key is unknown or of the wrong type.
    """
    import yaml

    try:
        whole = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableInput(f"The recipe cannot be read. Received: {path} ({error.strerror}).") from error
    except yaml.YAMLError as error:
        raise UnusableInput(f"The recipe is not valid YAML. Received: {path}: {error}") from error
    if not isinstance(whole, dict) or not isinstance(whole.get(section), dict):
        found = ", ".join(map(str, whole)) if isinstance(whole, dict) else type(whole).__name__
        raise UnusableInput(f"The recipe has no section '{section}'. Received: {path} with: {found}.")
    return from_mapping(kind, whole[section], f"{path}: {section}"), whole


def from_mapping(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build a (nested) dataclass from plain data; an unknown key or a wrong type is an error that names its place."""
    fields = typing.get_type_hints(kind)
    required = {
        f.name
        for f in dataclasses.fields(kind)  # type: ignore[arg-type]
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    if unknown := set(values) - set(fields):
        raise UnusableInput(f"{where}: unknown key. Received: {sorted(unknown)}. Known keys: {', '.join(fields)}.")
    if missing := required - set(values):
        raise UnusableInput(f"{where}: a key is missing: {', '.join(sorted(missing))}.")
    return kind(**{name: _convert(fields[name], value, f"{where}.{name}") for name, value in values.items()})


def to_mapping(recipe: Any) -> dict[str, Any]:
    """Turn a recipe back into plain data that YAML can hold."""
    return typing.cast("dict[str, Any]", _plain(dataclasses.asdict(recipe)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _convert(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, where)
    if origin is tuple and isinstance(value, (list, tuple)):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        if len(kinds) == len(value):
            return tuple(
                _convert(k, item, f"{where}[{i}]") for i, (k, item) in enumerate(zip(kinds, value, strict=True))
            )
    elif dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        return from_mapping(kind, value, where)
    elif kind is float and isinstance(value, str):
        # YAML 1.1 reads 1e-3 as text: it wants 1.0e-3.
        try:
            return float(value)
        except ValueError:
            pass
    elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    elif kind in (int, str, bool) and type(value) is kind:
        return value
    elif origin is dict and isinstance(value, Mapping):
        return dict(value)
    raise UnusableInput(f"{where}: expected {getattr(kind, '__name__', kind)}. Received: {value!r}.")
