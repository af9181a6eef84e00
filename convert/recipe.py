"""The `convert` section of a recipe."""

from dataclasses import dataclass, field

from convert.making.representative import COUNT, OUTLIER_RATIO
from convert.variants import DEFAULT_VARIANTS, find_variants
from convert.verifying.gates import Gates
from convert.verifying.runtimes import MUST_RUN_IN
from skin_training.recipe import from_mapping
from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput


@dataclass(frozen=True)
class RepresentativeRecipe:
    """The `representative` part: which training photos say how far activations range.

    Attributes:
        count: photos, before those that stick out are dropped.
        outlier_ratio: see `convert.making.representative.screen_outliers`.
    """

    count: int = COUNT
    outlier_ratio: float = OUTLIER_RATIO

    def __post_init__(self) -> None:
        if self.count < 1 or self.outlier_ratio <= 0:
            raise UnusableInput(f"convert.representative needs a count and a ratio above 0. Received: {self}.")


@dataclass(frozen=True)
class AwareRecipe:
    """The `quantization_aware` part of a recipe's `convert` section.

    Attributes:
        epochs: passes over the training split.
        learning_rate: the peak of AdamW's cosine.
    """

    epochs: int = 4
    learning_rate: float = 3e-4


@dataclass(frozen=True)
class PruningRecipe:
    """The `pruning` part of a recipe's `convert` section.

    Attributes:
        sparsity: share of each large kernel's weights that end as zero.
        epochs: passes over the training split, at least 3.
        learning_rate: the peak of AdamW's cosine.
    """

    sparsity: float = 0.5
    epochs: int = 6
    learning_rate: float = 3e-4

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1 or self.epochs < 3:
            raise UnusableInput(
                f"convert.pruning needs a sparsity between 0 and 1 and at least 3 epochs. Received: {self}."
            )


@dataclass(frozen=True)
class ClusteringRecipe:
    """The `clustering` part of a recipe's `convert` section.

    Attributes:
        clusters: different values that each large kernel keeps.
        epochs: passes over the training split.
        learning_rate: the peak of AdamW's cosine.
    """

    clusters: int = 32
    epochs: int = 4
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        if not 2 <= self.clusters <= 256:
            raise UnusableInput(f"convert.clustering needs 2 to 256 clusters. Received: {self}.")


@dataclass(frozen=True)
class ConvertRecipe:
    """Which files are made, and what each has to keep.

    Attributes:
        variants: names of `convert.variants.VARIANTS`.
        representative: photos for what is calibrated.
        quantization_aware: the training with rounding.
        pruning: the training of pruned variants.
        clustering: the training of clustered variants.
        gates: limits.
        runtimes: that a file must run in.
        abstain_below: top probability under which the app says that it cannot tell.
    """

    variants: tuple[str, ...] = DEFAULT_VARIANTS
    representative: RepresentativeRecipe = field(default_factory=RepresentativeRecipe)
    quantization_aware: AwareRecipe = field(default_factory=AwareRecipe)
    pruning: PruningRecipe = field(default_factory=PruningRecipe)
    clustering: ClusteringRecipe = field(default_factory=ClusteringRecipe)
    gates: Gates = field(default_factory=Gates)
    runtimes: tuple[str, ...] = MUST_RUN_IN
    abstain_below: float = 0.4

    def __post_init__(self) -> None:
        find_variants(list(self.variants))


def convert_recipe(run: RunFolder) -> ConvertRecipe:
    """Return the `convert` section of a run's own config; an unknown key or a wrong type is an UnusableInput."""
    return from_mapping(ConvertRecipe, run.read_config().get("convert") or {}, f"{run.config_path}: convert")
