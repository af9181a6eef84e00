"""The `distill` section of a recipe."""

import dataclasses
from typing import Any

from distill.fairness import Fairness
from distill.losses import make_loss
from distill.losses.diagnosis_loss import DiagnosisLoss
from skin_training.recipe import ModelRecipe
from triage.errors import UnusableInput


@dataclasses.dataclass(frozen=True)
class DistillRecipe(ModelRecipe):
    """How a student learns from a teacher.

    Attributes:
        backbone: a key of `distill.backbones.BACKBONES`.
        width: channel multiplier, for backbones that have one.
        loss: of the diagnosis against the teacher: a key of `distill.losses.LOSSES`, or a mapping with that `name` and
            the loss's own options.
        loss_weights: option of "dkd" (target, other classes) and "dist" (between, within classes).
        temperature: T of the soft targets of the lighting head, and option of the diagnosis loss.
        hard_share: fraction of the loss against labels, in [0, 1]; the rest is against the teacher.
        weighted_answers: apply class weights to the teacher's diagnosis as well. Without them, a student learns from
            its teacher mostly about frequent classes.
        without_teacher: also train the label-only baseline, which doubles the training time; the report then has the
            distillation gain. It can be added to a finished run later.
        view_count: views of each photo that the teacher predicts; epoch e shows view e modulo this number.
        view_seed: of views and mixup: students with other seeds share the teacher's predictions.
        mixup: alpha of mixup (see `skin_data.mixup`): teacher and student see the same blends; 0 disables it.
        mirrored: average the teacher's predictions of each view and its mirror image, which takes twice as long.
        feature_weight: weight of feature matching (see `distill.losses.feature_similarity`); 0 disables it.
        fairness: weights of skin tones or classes (see `distill.fairness`).
    """

    backbone: str = "mobilenetv3small"
    width: float = 1.0
    dropout: float = 0.2
    loss: str | dict[str, Any] = "hinton"
    loss_weights: tuple[float, float] = (1.0, 1.0)
    temperature: float = 2.0
    hard_share: float = 0.3
    weighted_answers: bool = False
    without_teacher: bool = True
    view_count: int = 6
    view_seed: int = 0
    mixup: float = 0.0
    mirrored: bool = False
    feature_weight: float = 0.0
    fairness: Fairness = dataclasses.field(default_factory=Fairness)
    batch_norm_momentum: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        loss = self.diagnosis_loss()
        weighted = bool(self.fairness.by) or self.weighted_answers
        for fits, rule, received in (
            (0 <= self.hard_share <= 1, "hard_share must be in [0, 1]", self.hard_share),
            (self.temperature > 0, "temperature must be positive", self.temperature),
            (min(self.loss_weights) >= 0, "loss_weights must be >= 0", self.loss_weights),
            (self.view_count >= 1, "view_count must be positive", self.view_count),
            (self.mixup >= 0, "mixup must be >= 0", self.mixup),
            (self.feature_weight >= 0, "feature_weight must be >= 0", self.feature_weight),
            (
                loss.weights_photos or not weighted,
                "this loss cannot weight photos: leave out fairness and weighted_answers, or choose hinton or dkd",
                self.loss,
            ),
        ):
            if not fits:
                raise UnusableInput(f"distill: {rule}. Received: {received!r}.")
        for phase in self.phases:
            for fits, rule in (
                (phase.trains in ("heads", "all"), "a student's phase trains heads or all"),
                (not (phase.mixup or phase.cutmix), "set distill.mixup instead of a phase's mixup or cutmix"),
                (not phase.class_balanced, "class_balanced applies to teachers only"),
                (not phase.frozen_ccm, "frozen_ccm applies to teachers only"),
                (not phase.fixed_views, "fixed_views applies to teachers only; set distill.view_count"),
            ):
                if not fits:
                    raise UnusableInput(f"distill.phases {phase.name!r}: {rule}. Received: {phase}.")

    def diagnosis_loss(self) -> DiagnosisLoss:
        """Return the loss of the diagnosis against the teacher."""
        return make_loss(self.loss, temperature=self.temperature, loss_weights=self.loss_weights)
