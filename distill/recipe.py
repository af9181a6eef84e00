"""The `distill` section of a recipe."""

import dataclasses

from distill.fairness import Fairness
from skin_data.views import ViewRecipe
from skin_training.recipe import Phase, check_phase_names
from triage.errors import UnusableInput
from triage.photo import CROP_FRACTION, INPUT_SIZE


@dataclasses.dataclass(frozen=True)
class DistillRecipe:
    """How a student learns from a teacher.

    Attributes:
        phases: in order; each trains `heads` or `all`.
        backbone: "mobilenetv3small" or "efficientnet_lite0".
        weights: of the backbone: "imagenet", "none" or a file.
        width: channel multiplier of MobileNetV3-Small.
        loss: of the diagnosis against the teacher: "hinton", "dkd" or "dist" (see `distill.losses`).
        loss_weights: the two weights of "dkd" (target, other classes) or "dist" (between, within classes).
        temperature: T of the soft targets.
        hard_share: share of the labels' own loss beside the teacher's, in [0, 1].
        lighting_weight: share of the lighting head's loss beside the diagnosis head's.
        class_weights: "balanced" (inverse frequency, mean 1) or "none": of the labels.
        weighted_answers: class weights count for what the teacher says about the diagnosis, too. Without them a student
            learns from its teacher about frequent classes before all.
        most_repeats: oversampling: a photo of a rare class and skin tone stands up to this often in an epoch.
        without_teacher: also train the same student, seed and budget on the labels alone, so that the report can say
            what the teacher was worth; it doubles the training. A finished run can be asked for it later.
        view_count: views of each photo that the teacher answers; epoch e shows view e modulo this number.
        view_seed: of the views and of mixup: students of other seeds share the teacher's answers.
        mixup: alpha of mixup (see `skin_data.mixup`): teacher and student see the same blends; 0 leaves it out.
        feature_weight: weight of feature matching beside the diagnosis (see `distill.losses.similarity_distance`).
        fairness: weights on skin tones or classes (see `distill.fairness`).
    """

    phases: tuple[Phase, ...]
    backbone: str = "mobilenetv3small"
    weights: str = "imagenet"
    width: float = 1.0
    input_size: int = INPUT_SIZE
    crop_fraction: float = CROP_FRACTION
    batch_size: int = 32
    dropout: float = 0.2
    ccm_reg: float = 1e-4
    loss: str = "hinton"
    loss_weights: tuple[float, float] = (1.0, 1.0)
    temperature: float = 2.0
    hard_share: float = 0.3
    lighting_weight: float = 0.5
    class_weights: str = "balanced"
    weighted_answers: bool = False
    most_repeats: int = 1
    label_smoothing: float = 0.05
    without_teacher: bool = True
    view_count: int = 6
    view_seed: int = 0
    mixup: float = 0.0
    feature_weight: float = 0.0
    fairness: Fairness = dataclasses.field(default_factory=Fairness)
    batch_norm_momentum: float = 0.99
    views: ViewRecipe = dataclasses.field(default_factory=ViewRecipe)
    seed: int = 42

    def __post_init__(self) -> None:
        check_phase_names(self.phases)
        if not 0 <= self.hard_share <= 1 or self.temperature <= 0 or self.view_count < 1:
            raise UnusableInput(
                "distill needs hard_share in [0, 1], a positive temperature and at least one view. "
                f"Received: {self.hard_share}, {self.temperature}, {self.view_count}."
            )
        if self.loss not in ("hinton", "dkd", "dist") or min(self.loss_weights) < 0:
            raise UnusableInput(
                "distill.loss is hinton, dkd or dist, with two weights of 0 or more. "
                f"Received: {self.loss!r}, {self.loss_weights}."
            )
        if any(phase.trains not in ("heads", "all") for phase in self.phases):
            raise UnusableInput(f"The student's phases train heads or all. Received: {self.phases}.")
        if min(self.mixup, self.feature_weight) < 0:
            raise UnusableInput(
                f"distill.mixup and feature_weight are 0 or more. Received: {self.mixup}, {self.feature_weight}."
            )
        if (self.fairness.by or self.weighted_answers) and self.loss == "dist":
            raise UnusableInput(
                "dist relates the photos of a batch: it cannot weigh groups or classes. Choose hinton or dkd."
            )
        if any(phase.mixup or phase.frozen_ccm for phase in self.phases):
            raise UnusableInput(
                f"A phase's mixup and frozen_ccm are for a teacher; here distill.mixup counts. Received: {self.phases}."
            )
        if any(phase.fixed_views for phase in self.phases):
            raise UnusableInput(
                f"fixed_views is for a teacher's heads; here view_count counts. Received: {self.phases}."
            )
