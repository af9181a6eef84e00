"""Distillation losses of the diagnosis head: one module and one line of `LOSSES` each.

A recipe chooses a loss by name, `loss: dkd`, or with its own options, `loss: {name: dkd, loss_weights: [1, 8]}`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from distill.losses.diagnosis_loss import DiagnosisLoss
from distill.losses.dist import RelationalDistillation
from distill.losses.dkd import DecoupledDistillation
from distill.losses.soft_targets import SoftTargets
from skin_training.recipe import from_mapping
from triage.errors import UnusableInput

LOSSES: dict[str, type[DiagnosisLoss]] = {
    "hinton": SoftTargets,
    "dkd": DecoupledDistillation,
    "dist": RelationalDistillation,
}


def make_loss(loss: str | Mapping[str, Any], **defaults: Any) -> DiagnosisLoss:
    """Build a loss from a recipe.

    Args:
        loss: a key of `LOSSES`, or a mapping with that `name` and options.
        defaults: options that are set elsewhere in the recipe; the loss uses those it has.

    Raises:
        UnusableInput: an unknown loss or option, or an option of the wrong type.
    """
    options = {"name": loss} if isinstance(loss, str) else dict(loss)
    name = options.pop("name", None)
    if name not in LOSSES:
        raise UnusableInput(f"distill.loss must be one of {', '.join(LOSSES)}. Received: {loss!r}.")
    kind: Any = LOSSES[name]
    own = {field.name for field in dataclasses.fields(kind)}
    known = {key: value for key, value in defaults.items() if key in own}
    made: DiagnosisLoss = from_mapping(kind, {**known, **options}, f"distill.loss {name}")
    return made
