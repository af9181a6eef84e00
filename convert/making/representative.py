"""Representative photos: selected evenly, and screened for those that would ruin the quantization.

MobileNetV3's residual sums are unbounded. One photo can drive them a hundred times beyond the rest; calibration by
minimum and maximum then spends the 256 integer values on that photo, and all others share a few of them.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf
import tf_keras as keras

from convert.making.activation_ranges import DEAD
from convert.making.activations import reduced_activations
from convert.student import load_student_pixels
from skin_data.manifest import Manifest
from skin_data.progress import Progress
from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput

OUTLIER_RATIO = 5.0
"""A photo is dropped when a layer's largest activation exceeds this many times the layer's median over photos."""
COUNT = 200
_BATCH = 16


class Representative(NamedTuple):
    """Representative photos, uint8 [n, size, size, 3], and what the report says of them."""

    pixels: np.ndarray
    summary: dict[str, Any] | None = None


def load_representative(
    manifest: Manifest,
    student: keras.Model,
    run: RunFolder,
    count: int,
    outlier_ratio: float,
    progress: Progress,
) -> Representative:
    """Select photos of the training split, load them, and drop outliers.

    Args:
        manifest: the student's data set.
        student: the Keras student, whose activations are screened.
        run: of the student.
        count: photos before outliers are dropped.
        outlier_ratio: see `OUTLIER_RATIO`.
        progress: called as `progress(stage, done, total)`.

    Raises:
        UnusableInput: photos cannot be read, or most are outliers.
    """
    frame = manifest.split("train")
    rows = choose_representative(frame, count, seed=0)
    everything = load_student_pixels(run, manifest, frame, student.input_shape[1], progress)
    pixels = np.stack([everything[row] for row in rows])
    kept, dropped = screen_outliers(student, pixels, outlier_ratio)
    chosen = frame.iloc[rows]
    used = chosen.iloc[kept]
    return Representative(
        pixels[kept],
        {
            "split": "train",
            "count": len(kept),
            "outlier_ratio": outlier_ratio,
            "dropped": [
                {"photo": Path(chosen.iloc[d["row"]]["image_path"]).name, "layer": d["layer"], "ratio": d["ratio"]}
                for d in dropped
            ],
            "by_class": used["diagnosis"].value_counts().to_dict(),
            "by_tone": used["tone_bucket"].value_counts().to_dict(),
        },
    )


def choose_representative(frame: pd.DataFrame, count: int, seed: int) -> list[int]:
    """Choose rows of the training split in turn from each class and tone.

    Args:
        frame: rows of the training split.
        count: how many; all rows if there are fewer.
        seed: for the order within each class and tone.

    Returns:
        Row numbers, in the order chosen.
    """
    cells: dict[tuple[str, str], list[tuple[bytes, int]]] = {}
    names = zip(frame["diagnosis"], frame["tone_bucket"], frame["image_path"], strict=True)
    for row, (diagnosis, tone, path) in enumerate(names):
        rank = hashlib.sha256(f"{seed}|{path}".encode()).digest()
        cells.setdefault((str(diagnosis), str(tone)), []).append((rank, row))
    queues = [[row for _, row in sorted(cell)] for _, cell in sorted(cells.items())]
    chosen: list[int] = []
    while len(chosen) < min(count, len(frame)):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(queue.pop(0))
    return chosen


def screen_outliers(
    model: keras.Model, pixels: np.ndarray, outlier_ratio: float = OUTLIER_RATIO
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Find photos whose activations lie far beyond those of the others.

    Args:
        model: the Keras student.
        pixels: uint8 [n, size, size, 3].
        outlier_ratio: see `OUTLIER_RATIO`.

    Returns:
        Row numbers to keep, int [k], and for each dropped row `{row, layer, ratio}` with its worst layer.

    Raises:
        UnusableInput: more than half of the photos would be dropped.
    """
    layers = [layer for layer in model.layers[1:] if len(layer.output.shape) >= 2]

    def maxima(outputs: list[tf.Tensor]) -> list[tf.Tensor]:
        return [tf.reduce_max(tf.abs(output), axis=list(range(1, len(output.shape)))) for output in outputs]

    batches = reduced_activations(model, [layer.output for layer in layers], maxima, pixels, _BATCH)
    largest = np.concatenate([np.stack(batch, axis=1) for batch in batches])
    # A layer that is silent for most photos has no usual size: a photo that activates it is no outlier.
    usual = np.median(largest, axis=0)
    ratio = np.where(usual >= DEAD, largest / np.maximum(usual, DEAD), 0.0)
    worst = ratio.argmax(axis=1)
    bad = ratio.max(axis=1) > outlier_ratio
    if bad.mean() > 0.5:
        raise UnusableInput(
            f"More than half of the representative photos have outlying activations. Received: {int(bad.sum())} of "
            f"{len(bad)} beyond {outlier_ratio} times the median. Raise convert.representative.outlier_ratio."
        )
    dropped = [
        {"row": int(row), "layer": layers[worst[row]].name, "ratio": round(float(ratio[row, worst[row]]), 2)}
        for row in np.flatnonzero(bad)
    ]
    return np.flatnonzero(~bad), dropped
