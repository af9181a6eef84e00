"""The card that travels inside a model file: what it must say before the model may be used."""

import math
from typing import Any

from triage.errors import UnusableInput

CARD_FORMAT = 1
URGENCIES = ("urgent", "soon", "watch")
"""What a class calls for, most pressing first: see a doctor now, see one soon, watch it."""
INPUT_DTYPES = ("float32", "uint8", "int8")
REQUIRED_KEYS = (
    "format", "name", "classes", "input", "color_calibration", "temperature", "thresholds", "synthetic", "data",
    "lineage", "per_tone", "not_measured", "licence", "flatbuffer_sha256",
)  # fmt: skip


def check_card(card: Any, source: str) -> dict[str, Any]:
    """Return a card unchanged if `triage` can work with it.

    Args:
        card: what `card.json` held.
        source: how errors call the model.

    Raises:
        UnusableInput: a key is missing, or a value is of the wrong kind or range.
    """

    def require(condition: bool, what: str, received: Any) -> None:
        if not condition:
            raise UnusableInput(
                f"The card of {source} cannot be used: {what}. Received: {received!r:.200}. "
                "Make the file again with `skin-distill convert`."
            )

    require(isinstance(card, dict), "it must be a JSON object", card)
    missing = [key for key in REQUIRED_KEYS if key not in card]
    require(not missing, f"it lacks {', '.join(missing)}", sorted(card))
    require(
        card["format"] == CARD_FORMAT,
        f"its format must be {CARD_FORMAT}; a newer one needs a newer skin-distill",
        card["format"],
    )
    classes = card["classes"]
    require(isinstance(classes, list) and len(classes) >= 2, "classes must list at least two", classes)
    for entry in classes:
        require(
            isinstance(entry, dict)
            and all(isinstance(entry.get(key), str) and entry[key] for key in ("id", "name"))
            and entry.get("urgency") in URGENCIES,
            f"each class needs id, name and an urgency out of {', '.join(URGENCIES)}",
            entry,
        )
    ids = [entry["id"] for entry in classes]
    require(len(set(ids)) == len(ids), "class ids must differ", ids)
    for key in ("input", "color_calibration", "thresholds"):
        require(isinstance(card[key], dict), f"{key} must be an object", card[key])
    _check_input(card["input"], require)
    _check_color_calibration(card["color_calibration"], require)
    temperature = card["temperature"]
    require(_is_number(temperature) and temperature > 0, "temperature must be above 0", temperature)
    for key in ("urgent", "abstain_below", "well_lit"):
        value = card["thresholds"].get(key)
        require(_is_number(value) and 0 <= value <= 1, f"threshold {key} must be from 0 to 1", value)
    return card  # type: ignore[no-any-return]


def _check_input(entry: dict[str, Any], require: Any) -> None:
    size: Any = entry.get("size")
    crop_fraction: Any = entry.get("crop_fraction")
    dtype: Any = entry.get("dtype")
    require(isinstance(size, int) and not isinstance(size, bool) and size > 0, "input size must be above 0", size)
    require(_is_number(crop_fraction) and 0 < crop_fraction <= 1, "crop_fraction must be in (0, 1]", crop_fraction)
    require(dtype in INPUT_DTYPES, f"input dtype must be one of {', '.join(INPUT_DTYPES)}", dtype)


def _check_color_calibration(entry: dict[str, Any], require: Any) -> None:
    matrix, bias = entry.get("matrix"), entry.get("bias")
    require(
        isinstance(matrix, list) and len(matrix) == 3 and all(_is_vector(row) for row in matrix),
        "color_calibration needs a 3 x 3 matrix of numbers",
        matrix,
    )
    require(_is_vector(bias), "color_calibration needs a bias of 3 numbers", bias)


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
