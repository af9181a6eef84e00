"""The `convert` section of a recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Any

from convert.making.representative import COUNT, OUTLIER_RATIO
from convert.variants import DEFAULT_VARIANTS, VARIANTS, find_variants
from convert.variants.variant import FineTuning
from convert.verifying.gates import Gates
from convert.verifying.runtimes import MUST_RUN_IN
from skin_training.evaluation.thresholds import ABSTAIN_BELOW
from skin_training.recipe import from_mapping, to_mapping
from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput

EVALUATION_KEYS = ("variants", "gates", "runtimes")
"""Keys of the section that select and judge files, without an effect on their contents."""


@dataclass(frozen=True)
class RepresentativeRecipe:
    """The `representative` part: which training photos the quantization is based on.

    Attributes:
        count: photos, before outliers are dropped.
        outlier_ratio: see `convert.making.representative.OUTLIER_RATIO`.
    """

    count: int = COUNT
    outlier_ratio: float = OUTLIER_RATIO

    def __post_init__(self) -> None:
        if self.count < 1 or self.outlier_ratio <= 0:
            raise UnusableInput(
                "representative: count must be at least 1 and outlier_ratio above 0. "
                f"Received: {self.count}, {self.outlier_ratio}."
            )


@dataclass(frozen=True)
class ConvertRecipe:
    """Which files are made, and what each must keep.

    `read_section` adds a field for each registered variant's fine-tuning, such as `quantization_aware`.

    Attributes:
        variants: names in `convert.variants.VARIANTS`.
        representative: selection of the representative photos.
        gates: limits.
        runtimes: that a file must run in.
        abstain_below: top probability below which the app does not name a diagnosis.
    """

    variants: tuple[str, ...] = DEFAULT_VARIANTS
    representative: RepresentativeRecipe = field(default_factory=RepresentativeRecipe)
    gates: Gates = field(default_factory=Gates)
    runtimes: tuple[str, ...] = MUST_RUN_IN
    abstain_below: float = ABSTAIN_BELOW

    def __post_init__(self) -> None:
        find_variants(self.variants)

    def shared_options(self) -> dict[str, Any]:
        """Return the options that the contents of every file depend on, as plain data."""
        ignored = {*EVALUATION_KEYS, *(tuning.section for tuning in fine_tunings())}
        return {name: value for name, value in to_mapping(self).items() if name not in ignored}

    def options_of(self, tuning: FineTuning) -> Any:
        """Return the options of a fine-tuning, of the class `tuning.recipe`."""
        return getattr(self, tuning.section)


def fine_tunings() -> list[FineTuning]:
    """Return the fine-tunings of all registered variants."""
    return [variant.fine_tuning for variant in VARIANTS.values() if variant.fine_tuning]


def read_section(values: Mapping[str, Any], where: str) -> ConvertRecipe:
    """Read a recipe's `convert` section.

    Args:
        values: plain data; what is missing has its default.
        where: place of the section in error messages.

    Raises:
        UnusableInput: an unknown key or variant, or a value of the wrong type or range.
    """
    kind = make_dataclass(
        "ConvertRecipe",
        [(tuning.section, tuning.recipe, field(default_factory=tuning.recipe)) for tuning in fine_tunings()],
        bases=(ConvertRecipe,),
        frozen=True,
    )
    return from_mapping(kind, values, where)


def convert_recipe(run: RunFolder) -> ConvertRecipe:
    """Return the `convert` section of a run's `config.yaml`, read by `read_section`."""
    return read_section(run.read_config().get("convert") or {}, f"{run.config_path}: convert")
