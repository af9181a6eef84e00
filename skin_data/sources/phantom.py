"""The built-in data set: skin phantoms, rendered where they are needed."""

import json
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2

from skin_data import phantom
from skin_data.boxes import BOX, box_text
from skin_data.ledger import code_fingerprint, run_resumable
from skin_data.phantom import render_phantom
from skin_data.progress import Progress
from skin_data.sources.record import Listing, Record
from skin_data.sources.registry import Source
from skin_data.taxonomy import load_taxonomy
from triage.atomic import write_bytes
from triage.errors import UnusableInput

DATASET = "phantom"
JPEG_QUALITY = 95


def read_phantom(folder: Path, seed: int, count: int, size: int, workers: int | None, progress: Progress) -> Listing:
    """Render phantoms into a folder and list them; existing ones are not rendered again.

    The folder gets one of JPEG files and a JSON-lines file of ground truth for each seed and size (pixels, at least
    64). UnusableInput for a size, seed or count (at least one per class) out of range.
    """
    taxonomy = load_taxonomy("kaggle10")
    least = len(taxonomy.classes)
    if count < least or size < 64 or seed < 0:
        raise UnusableInput(
            f"Phantoms need count >= {least} (one per class), size >= 64, seed >= 0. Received: {count}, {size}, {seed}."
        )
    images = folder / f"seed-{seed}-{size}px"
    names = [f"phantom-{index:06d}.jpg" for index in range(count)]
    truths = run_resumable(
        partial(render_to_file, seed=seed, size=size, folder=images),
        {f"{rendering_code()}|{name}": index for index, name in enumerate(names)},
        folder / f"truth-seed-{seed}-{size}px.jsonl",
        still_valid=lambda key, _: (images / key.split("|")[1]).is_file(),
        workers=workers,
        progress=partial(progress, "render phantoms"),
    )
    records = [
        Record(
            images / name,
            DATASET,
            "synthetic",
            truth["diagnosis"],
            # Every phantom is a person and a lesion of its own.
            f"phantom-{seed}-{index}",
            extras={
                BOX: box_text(side / size for side in truth["lesion_box"]),
                **{f"true_{key}": _cell(value) for key, value in truth.items() if key != "diagnosis"},
            },
        )
        for index, (name, truth) in enumerate((name, truths[f"{rendering_code()}|{name}"]) for name in names)
    ]
    return Listing(records, [], taxonomy)


@cache
def rendering_code() -> str:
    """Fingerprint of the rendering code, so that phantoms of an older version are rendered again."""
    return code_fingerprint([__file__, *Path(str(phantom.__file__)).parent.glob("*.py")])


def render_to_file(index: int, seed: int, size: int, folder: Path) -> dict[str, Any]:
    """Render one phantom to `folder/phantom-<index>.jpg` and return its ground truth as plain data."""
    cv2.setNumThreads(1)
    picture, truth = render_phantom(seed, index, size)
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    write_bytes(folder / f"phantom-{index:06d}.jpg", encoded.tobytes())
    return asdict(truth)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return round(value, 4)
    return json.dumps(value) if isinstance(value, (list, tuple)) else value


SOURCE = Source(
    read_phantom, options=("seed", "count", "size", "workers", "progress"), takes="nothing", look_alike=True
)
