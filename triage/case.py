"""One answer of several photos of a spot and of a person's answers.

Photos that may be named count, each by light and familiarity: the weighted mean of their calibrated log-probabilities
(logarithmic opinion pool, Genest and Zidek 1986, "Combining Probability Distributions"). Then the answers are added
(`triage.answers`); they never lower the urgency.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from triage.answers import add_answers, normalised
from triage.decision import REASONS, decide, with_answers
from triage.errors import UnusableInput
from triage.model_card import ModelCard

if TYPE_CHECKING:
    from triage.assessment import Assessment, Diagnosis

MAX_PHOTOS = 3
"""Of one spot: an overview, a close one and another angle."""
_LEAST_WEIGHT = 0.05
_TINY = 1e-12


def weight(photo: "Assessment") -> float:
    """Return how much a photo counts among several of one spot: its probability of good light times its familiarity."""
    familiarity = 1.0 if photo.decision.familiarity is None else photo.decision.familiarity
    return max(_LEAST_WEIGHT, photo.lighting.probability * familiarity)


def combined(
    photos: "Sequence[Assessment]",
    card: ModelCard,
    ranked: "Callable[[npt.NDArray[np.float64]], tuple[Diagnosis, ...]]",
    given: Mapping[str, str | float] | None = None,
    ignore_light: bool = False,
    synthetic_photo: bool = False,
) -> "Assessment":
    """Combine assessments of photos of one spot, each without answers.

    Args:
        photos: one to `MAX_PHOTOS`.
        card: of the model.
        ranked: orders the classes by probabilities [classes].
        given: of `check_answers`; None asks nothing.
        ignore_light: see `decide`.
        synthetic_photo: see `decide`.

    Returns:
        The assessment of the photo that counts most, with the common ranking and decision.

    Raises:
        UnusableInput: no photo, or too many.
    """
    if not 1 <= len(photos) <= MAX_PHOTOS:
        raise UnusableInput(f"One spot is shown by 1 to {MAX_PHOTOS} photos. Received: {len(photos)}.")
    # Where no photo may be named, the one with the weakest reason says why.
    usable = [photo for photo in photos if photo.decision.may_name] or [
        max(photos, key=lambda photo: REASONS.index(str(photo.decision.reason)))
    ]
    main = max(usable, key=weight)
    warnings = tuple(dict.fromkeys(warning for photo in photos for warning in photo.warnings))
    weights = np.array([weight(photo) for photo in usable])
    logs = np.array([_log_probabilities(photo, card) for photo in usable])
    probabilities = normalised(weights / weights.sum() @ logs)

    def concluded(probabilities: npt.NDArray[np.float64]) -> "Assessment":
        decision = main.decision
        if decision.may_name:
            decision = decide(
                probabilities,
                card,
                lighting_ok=all(photo.lighting.ok for photo in usable),
                has_skin=True,
                tone=decision.tone,
                familiarity=decision.familiarity,
                ignore_light=ignore_light,
                synthetic_photo=synthetic_photo,
            )
        ranking = ranked(probabilities)
        return replace(main, ranking=ranking, decision=decision, warnings=warnings, photos=tuple(photos))

    alone = concluded(probabilities)
    if given is None or "answers" not in card:
        return alone
    fused, effects = add_answers(probabilities, given, card["answers"], card["classes"])
    told = concluded(fused)
    decision = with_answers(told.decision, alone.decision, effects.warns)
    return replace(told, decision=decision, without_answers=alone, answers=effects)


def _log_probabilities(photo: "Assessment", card: ModelCard) -> list[float]:
    """Return an assessment's log-probabilities in the card's order of classes."""
    found = {entry.label: entry.probability for entry in photo.ranking}
    return [float(np.log(max(found[entry["id"]], _TINY))) for entry in card["classes"]]
