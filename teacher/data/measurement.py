"""What is measured of each photo, once: light, skin tone and a perceptual hash."""

from pathlib import Path
from typing import Any

import cv2

from teacher.data.duplicates import perceptual_hashes
from triage.errors import UnreadablePhoto
from triage.lighting import judge_lighting, measure_lighting
from triage.photo import read_photo
from triage.skin_tone import measure_skin_tone

VERSION = 1
"""Part of every ledger key; a change of what is measured makes old lines useless."""


def measurement_key(path: Path) -> str:
    """Name a photo's measurement: place, size and time of change, so that an edited photo is measured again."""
    try:
        status = path.stat()
    except OSError:
        return f"{VERSION}|{path}|gone"
    return f"{VERSION}|{path}|{status.st_size}|{status.st_mtime_ns}"


def measure_photo(path: str) -> dict[str, Any]:
    """Measure one photo.

    Args:
        path: of the file.

    Returns:
        Plain data: `error` (why it cannot be used), or `lighting_label` (1 well lit), `lighting_reason`, `ita`
        (degrees, None with too little skin), `tone_bucket`, `mask_share`, `hashes` (8 hexadecimal words) and the
        lighting features with the prefix `light_`.
    """
    cv2.setNumThreads(1)  # each process is one of several
    try:
        photo = read_photo(path)
    except UnreadablePhoto as error:
        return {"error": error.reason}
    features = measure_lighting(photo)
    verdict = judge_lighting(features)
    tone = measure_skin_tone(photo)
    known = tone.ita == tone.ita
    return {
        "lighting_label": int(verdict.ok),
        "lighting_reason": verdict.reasons[0] if verdict.reasons else "",
        "ita": round(float(tone.ita), 2) if known else None,
        "tone_bucket": tone.bucket,
        "mask_share": round(float(tone.mask_share), 4),
        "hashes": [f"{h:016x}" for h in perceptual_hashes(photo)],
        **{f"light_{name}": round(float(value), 5) for name, value in features.as_dict().items()},
    }
