"""The model card in a release file: its sections, and the checks a card must pass before the model may be used."""

import math
from typing import Any, TypedDict, cast

from triage.answers import AnswerRule, problem_of_answers
from triage.crop import SHAPES
from triage.errors import UnusableInput
from triage.estimated_light import CardLight, problem_of_light
from triage.prediction_set import SetRule, problem_of_rule

CARD_FORMAT = 1
URGENCIES = ("urgent", "soon", "watch")
"""What a class calls for, most pressing first: see a doctor now, see one soon, watch it."""
INPUT_DTYPES = ("float32", "uint8", "int8")


class CardClass(TypedDict):
    """One class: id, display name, and urgency (one of `URGENCIES`)."""

    id: str
    name: str
    urgency: str


class _InputKeys(TypedDict):
    size: int
    crop_fraction: float
    dtype: str


class CardInput(_InputKeys, total=False):
    """Model input: side in pixels, the crop (`triage.crop.Crop`; early cards lack its shape), and dtype."""

    crop: str


class ColorCalibration(TypedDict):
    """The colour matrix [3][3] and bias [3] of the model's first layer: y = clip(x M + b, 0, 1)."""

    matrix: list[list[float]]
    bias: list[float]


class Thresholds(TypedDict):
    """Decision thresholds, probabilities in [0, 1]; a card may hold how they were chosen beside them.

    `not_fitted` then says why `temperature` or `urgent` has its neutral value.
    """

    urgent: float
    abstain_below: float
    well_lit: float


class Interval(TypedDict, total=False):
    """A metric with its 95 % confidence interval; None, with `why`, where the sample is too small."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    why: str


class ClassResult(TypedDict):
    """One class of the test split: n photos, the fraction named first, and the fraction that is sent to a doctor."""

    n: int
    recall: Interval
    sent_to_doctor: Interval


class ToneResult(TypedDict, total=False):
    """One skin-tone bucket of the test split; earlier cards lack the sensitivity for urgent classes."""

    n: int
    accuracy: Interval
    urgent_sensitivity: Interval


class CardFamiliarity(TypedDict):
    """The output `familiarity`: its method, the value below which nothing is named, and the photos of each split."""

    method: str
    refuse_below: float
    fitted_on: dict[str, int]


class CardSpot(TypedDict):
    """The output `spot`: its method, the photos of each split with a box, and the float student's on validation."""

    method: str
    fitted_on: dict[str, int]
    val: dict[str, float]


class _RequiredKeys(TypedDict):
    format: int
    name: str
    classes: list[CardClass]
    input: CardInput
    color_calibration: ColorCalibration
    temperature: float
    thresholds: Thresholds
    synthetic: bool
    data: dict[str, Any]
    lineage: dict[str, Any]
    per_tone: dict[str, Any]
    not_measured: list[str]
    licence: str
    flatbuffer_sha256: str


class ModelCard(_RequiredKeys, total=False):
    """Contents of `card.json`.

    `data` names the data set and the hash of its table, `lineage` the runs and files the model came from. `per_tone`
    maps tone buckets to `ToneResult`, and "measured_on" to a description. `per_class` maps class ids to results of the
    float student; earlier cards lack it, `prediction_sets`, `familiarity` and `light`. `spot` is there with that
    output. `answers` says what a person is asked and what the answers change; `measured` holds `photo_alone` and
    `answered` (by number of answers), each metrics by name. A card may hold further keys, such as `variant`.
    """

    answers: AnswerRule
    measured: dict[str, Any]
    prediction_sets: SetRule
    familiarity: CardFamiliarity
    spot: CardSpot
    light: CardLight
    per_class: dict[str, ClassResult]


REQUIRED_KEYS = tuple(_RequiredKeys.__annotations__)


def check_card(card: object, source: str) -> ModelCard:
    """Return a card unchanged if `triage` can work with it.

    Args:
        card: parsed `card.json`.
        source: name of the model in error messages.

    Raises:
        UnusableInput: a key is missing, or a value has the wrong type or range.
    """

    def require(condition: bool, what: str, received: object) -> None:
        if not condition:
            raise UnusableInput(
                f"The card of {source} cannot be used: {what}. Received: {received!r:.200}. "
                "Make the file again with `skin-distill convert`."
            )

    require(isinstance(card, dict), "it must be a JSON object", card)
    found = cast(dict[str, Any], card)
    missing = [key for key in REQUIRED_KEYS if key not in found]
    require(not missing, f"missing keys: {', '.join(missing)}", sorted(found))
    require(
        found["format"] == CARD_FORMAT,
        f"its format must be {CARD_FORMAT}; a newer one needs a newer skin-distill",
        found["format"],
    )
    classes = found["classes"]
    require(isinstance(classes, list) and len(classes) >= 2, "classes must list at least two", classes)
    for entry in classes:
        valid = isinstance(entry, dict) and all(
            isinstance(entry.get(key), str) and entry[key] for key in ("id", "name")
        )
        require(
            valid and entry.get("urgency") in URGENCIES,
            f"each class needs id, name and an urgency out of {', '.join(URGENCIES)}",
            entry,
        )
    ids = [entry["id"] for entry in classes]
    require(len(set(ids)) == len(ids), "class ids must be unique", ids)
    for key in ("input", "color_calibration", "thresholds"):
        require(isinstance(found[key], dict), f"{key} must be an object", found[key])
    size: Any
    fraction: Any
    size, fraction, dtype = (found["input"].get(key) for key in ("size", "crop_fraction", "dtype"))
    shape = found["input"].get("crop", SHAPES[0])
    require(isinstance(size, int) and _is_number(size) and size > 0, "input size must be above 0", size)
    require(_is_number(fraction) and 0 < fraction <= 1, "crop_fraction must be in (0, 1]", fraction)
    require(shape in SHAPES, f"crop must be one of {', '.join(SHAPES)}", shape)
    require(dtype in INPUT_DTYPES, f"input dtype must be one of {', '.join(INPUT_DTYPES)}", dtype)
    matrix, bias = (found["color_calibration"].get(key) for key in ("matrix", "bias"))
    require(
        isinstance(matrix, list) and len(matrix) == 3 and all(_is_vector(row) for row in matrix),
        "color_calibration needs a 3 x 3 matrix of numbers",
        matrix,
    )
    require(_is_vector(bias), "color_calibration needs a bias of 3 numbers", bias)
    temperature = found["temperature"]
    require(_is_number(temperature) and temperature > 0, "temperature must be above 0", temperature)
    for key in ("urgent", "abstain_below", "well_lit"):
        value: Any = found["thresholds"].get(key)
        require(_is_number(value) and 0 <= value <= 1, f"threshold {key} must be from 0 to 1", value)
    if "familiarity" in found:
        limit: Any = found["familiarity"].get("refuse_below") if isinstance(found["familiarity"], dict) else None
        require(_is_number(limit) and 0 <= limit <= 1, "familiarity needs refuse_below from 0 to 1", limit)
    if "light" in found:
        require(not (problem := problem_of_light(found["light"])), str(problem), found["light"])
    if "prediction_sets" in found:
        rule = found["prediction_sets"]
        require(not (problem := problem_of_rule(rule)), str(problem), rule)
    if "answers" in found:
        require(not (problem := problem_of_answers(found["answers"], len(classes))), str(problem), found["answers"])
    unfitted = found["thresholds"].get("not_fitted", {})
    require(isinstance(unfitted, dict), "not_fitted must be an object", unfitted)
    return cast(ModelCard, found)


def _is_vector(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
