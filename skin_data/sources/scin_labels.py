"""The raters' labels of a SCIN case (Ward et al. 2024): weighted conditions, skin type, skin tone.

The cells hold lists and dictionaries as Python literals, and booleans as `YES` or blank in one table and `True` or
`False` in the other.
"""

import ast
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from skin_data.cell_text import skin_type
from skin_data.sources.record import ConditionCoverage

DERMATOLOGISTS = (1, 2, 3)
MONK_RATERS = ("india", "us")
GRADABLE = "dermatologist_gradable_for_skin_condition_{}"
NAMES = ("dermatologist_skin_condition_on_label_name", "dermatologist_skin_condition_label_name")
"""Column of the conditions in free text, as the published file and as its description spell it."""
WEIGHTED = "weighted_skin_condition_label"
LEAST_MAPPED = 0.5
"""Fraction of the experts' confidence that must map onto the classes; below it a case is mostly something else."""
TIE = 1e-3
"""Weights that differ by less are equal: the published ones have two decimals."""


class Opinion(NamedTuple):
    """The labels of one case.

    Conditions are weights that sum to one, empty where most raters could not grade the case; `gradable` says how many
    could, of how many. Fitzpatrick type and Monk tone are lower medians of the raters' estimates.
    """

    conditions: Mapping[str, float] = {}
    gradable: str = ""
    names: str = ""
    fitzpatrick: str | None = None
    monk: str | None = None


def read_opinion(cells: Mapping[str, str]) -> Opinion:
    """Read a row of `scin_labels.csv`; ValueError names the column of a malformed cell and quotes it."""
    graded = [cell for n in DERMATOLOGISTS if (cell := cells.get(GRADABLE.format(n), ""))]
    able = [cell for cell in graded if _can_grade(cell)]
    names = next((column for column in NAMES if column in cells), NAMES[0])
    types = [fitzpatrick(cells.get(f"dermatologist_fitzpatrick_skin_type_label_{n}", "")) for n in DERMATOLOGISTS]
    tones = [
        tone
        for rater in MONK_RATERS
        if boolean(cells.get(f"gradable_for_monk_skin_tone_{rater}", "")) is not False
        and (tone := cells.get(f"monk_skin_tone_label_{rater}", "").removesuffix(".0"))
    ]
    if unknown := [tone for tone in tones if tone not in map(str, range(1, 11))]:
        raise ValueError(f"a Monk tone is 1 to 10, not {unknown[0]!r}")
    conditions = _weights(cells[WEIGHTED])
    return Opinion(
        conditions if 2 * len(able) > len(graded) else {},
        f"{len(able)} of {len(graded)}",
        "; ".join(map(str, _literal(cells.get(names, ""), names, list))),
        _middle([known for known in types if known]),
        _middle(tones),
    )


def boolean(cell: str) -> bool | None:
    """Read a boolean of either table; None where it is blank.

    Raises:
        ValueError: neither YES, NO, True, False nor blank.
    """
    known = {"YES": True, "TRUE": True, "NO": False, "FALSE": False, "": None}
    if cell.strip().upper() not in known:
        raise ValueError(f"neither YES, NO, True, False nor blank: {cell!r}")
    return known[cell.strip().upper()]


def fitzpatrick(cell: str) -> str | None:
    """Fitzpatrick type "1" to "6" of `FST1` to `FST6`; None for blanks and where none was identified or given."""
    return None if cell in ("NONE_IDENTIFIED", "OTHER_OR_UNSPECIFIED") else skin_type(cell)


def soft_label(opinions: Sequence[Mapping[str, float]], class_of: Mapping[str, str]) -> tuple[dict[str, float], float]:
    """Average opinions (confidence by condition, summing to one; empty ones do not count) and map them onto classes.

    Returns:
        Weight by class id, summing to one and empty where too little is mapped, and the fraction that is mapped.
    """
    given = [opinion for opinion in opinions if opinion]
    weights: dict[str, float] = defaultdict(float)
    for opinion in given:
        for condition, weight in opinion.items():
            if condition in class_of:
                weights[class_of[condition]] += weight / len(given)
    mapped = sum(weights.values())
    if not weights or mapped < LEAST_MAPPED - 1e-9:
        return {}, mapped
    return {name: round(weight / mapped, 4) for name, weight in sorted(weights.items(), key=lambda w: -w[1])}, mapped


def hard_label(soft: Mapping[str, float]) -> str | None:
    """Return the class with the largest weight; None where two tie for it or there is none."""
    ranked = sorted(soft.items(), key=lambda entry: -entry[1])
    if not ranked or (len(ranked) > 1 and ranked[0][1] - ranked[1][1] < TIE):
        return None
    return ranked[0][0]


def condition_coverage(opinions: Iterable[Mapping[str, float]], class_of: Mapping[str, str]) -> list[ConditionCoverage]:
    """List how the conditions map onto the classes, the heaviest condition first."""
    cases: dict[str, int] = defaultdict(int)
    weights: dict[str, float] = defaultdict(float)
    for opinion in opinions:
        for condition, weight in opinion.items():
            cases[condition] += 1
            weights[condition] += weight
    ordered = sorted(weights, key=lambda condition: (-weights[condition], condition))
    return [ConditionCoverage(c, class_of.get(c), cases[c], round(weights[c], 3)) for c in ordered]


def _can_grade(cell: str) -> bool:
    """Whether a dermatologist could name a condition; the photo may be too poor, or show none."""
    known = {
        "DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT": True,
        "YES_IMAGE_QUALITY_SUFFICIENT": True,
        "YES_IMAGE_QUALITY_SUFFICIENT_NO_DISCERNIBLE_PATHOLOGY": False,
        "NO_IMAGE_QUALITY_INSUFFICIENT": False,
    }
    return known[cell] if cell in known else boolean(cell) is True


def _weights(cell: str) -> dict[str, float]:
    weights = _literal(cell, WEIGHTED, dict)
    if not all(isinstance(k, str) and type(v) in (int, float) and 0 < v < float("inf") for k, v in weights.items()):
        raise ValueError(f"{WEIGHTED} is not a dictionary from conditions to positive weights: {cell[:80]!r}")
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _literal(cell: str, column: str, kind: type) -> Any:
    if not cell.strip():
        return kind()
    try:
        value = ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"{column} is not a Python literal: {cell[:80]!r}") from error
    if not isinstance(value, kind):
        raise ValueError(f"{column} is not a {kind.__name__}: {cell[:80]!r}")
    return value


def _middle(ratings: Sequence[str]) -> str | None:
    return str(statistics.median_low([int(rating) for rating in ratings])) if ratings else None
