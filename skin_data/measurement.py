"""Measurements of each photo: lighting, skin tone and a perceptual hash."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2

from skin_data import perceptual_hash, photo_frame
from skin_data.ledger import DECODING_MODULES, code_fingerprint
from skin_data.perceptual_hash import outline, outline_text, photo_hashes, quick_copy
from skin_data.photo_frame import frame_signature
from skin_data.photo_location import located, stamps
from triage import counting, light_measures, lighting, skin_color, skin_region, skin_tone
from triage.errors import UnreadablePhoto
from triage.lighting import judge_lighting, measure_lighting
from triage.photo import decode_photo
from triage.skin_tone import measure_skin_tone

MEASURING_MODULES = (
    perceptual_hash, photo_frame, counting, light_measures, lighting, skin_color, skin_region, skin_tone,
    *DECODING_MODULES,
)  # fmt: skip
"""A change in any of them makes cached measurements invalid."""


@cache
def measuring_code() -> str:
    """Fingerprint of the measuring code; part of every ledger key."""
    return code_fingerprint([__file__, *(str(module.__file__) for module in MEASURING_MODULES)])


def measurement_keys(paths: Sequence[Path]) -> list[str]:
    """Return the ledger key of each photo: code, path, and its `photo_location.stamps`."""
    return [f"{measuring_code()}|{path}|{stamp}" for path, stamp in zip(paths, stamps(paths), strict=True)]


def measure_photo(path: str) -> dict[str, Any]:
    """Measure one photo, given by its path or URL.

    Lighting is measured in the default crop: labels are made before a recipe chooses its own.

    Returns:
        JSON-able data: `error` (why it cannot be used), or `warnings` of its file, `lighting_label` (1 well lit),
        `lighting_reason`, `ita` (degrees, None with too little skin), `tone_bucket`, `mask_share`, `width` and `height`
        in pixels, `phash` (16 hexadecimal digits), `outline` (text of `perceptual_hash.outline_text`), `frame` (of
        `frame_signature`) and the lighting features with the prefix `light_`.
    """
    cv2.setNumThreads(1)  # several such processes run
    try:
        pixels, warnings = decode_photo(located(path))
    except UnreadablePhoto as error:
        return {"error": error.reason}
    features = measure_lighting(pixels)
    verdict = judge_lighting(features)
    tone = measure_skin_tone(pixels)
    known = tone.ita == tone.ita
    copy = quick_copy(pixels)  # shrunk once, for outline and frame
    small = outline(copy)
    return {
        "warnings": list(warnings),
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "lighting_label": int(verdict.ok),
        "lighting_reason": verdict.reasons[0] if verdict.reasons else "",
        "ita": round(float(tone.ita), 2) if known else None,
        "tone_bucket": tone.bucket,
        "mask_share": round(float(tone.mask_share), 4),
        "phash": f"{photo_hashes(small[None])[0]:016x}",
        "outline": outline_text(small),
        "frame": frame_signature(copy),
        **{f"light_{name}": round(float(value), 5) for name, value in features.as_dict().items()},
    }
