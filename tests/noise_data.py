"""Small inputs of noise for commands that are killed: photographs and networks whose graphs are built at once."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

CLASSES, PHOTOS, SIZE, BATCH = 3, 72, 32, 8
TINY = "tiny"


def make_photos(folder: Path, count: int = PHOTOS) -> Path:
    """Write photos of noise, a colour for each class, and their meta.csv; return its path."""
    import cv2

    from skin_data.manifest import COLUMNS, write_manifest
    from skin_data.taxonomy import SkinClass, Taxonomy

    generator = np.random.default_rng(0)
    rows = []
    for number in range(count):
        label = number % CLASSES
        pixels = generator.integers(0, 160, (SIZE + 8, SIZE + 8, 3), np.uint8)
        pixels[..., label] += 60
        path = folder / "photos" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), pixels)
        split = {0: "val", 1: "test"}.get(number // CLASSES % 4, "train")
        known = {"image_path": f"photos/{path.name}", "dataset": "noise", "group": str(number), "split": split}
        labels = {"diagnosis": f"class{label}", "lighting_label": str(number // 2 % 2), "tone_bucket": "medium"}
        rows.append({**dict.fromkeys(COLUMNS, ""), **known, **labels})
    classes = tuple(SkinClass(f"class{n}", f"Class {n}", "watch") for n in range(CLASSES))
    write_manifest(folder / "meta.csv", rows, Taxonomy("noise", "", classes))
    return folder / "meta.csv"


def know_tiny_networks(student: bool = False) -> None:
    """Let this process's teachers have the backbone `TINY`.

    Args:
        student: also put two convolutions in the place of the student's MobileNetV3-Small.
    """
    from teacher.backbones import BACKBONES, Backbone
    from teacher.backbones.preprocessing import BackbonePreprocessing

    BACKBONES[TINY] = Backbone(_tiny_teacher, partial(BackbonePreprocessing, "symmetric"))
    if student:
        from distill.backbones import BACKBONES as STUDENTS

        STUDENTS["mobilenetv3small"] = replace(STUDENTS["mobilenetv3small"], features=_tiny_student)


def _tiny_teacher(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> Any:
    import tf_keras as keras

    image = keras.Input(input_shape)
    return keras.Model(image, _convolutions(image, keras.layers.ReLU), name=TINY)


def _tiny_student(image: Any, width: float = 1.0, batch_norm_momentum: float = 0.999) -> Any:
    from distill.backbones.mobilenet_v3_small import HardSwish

    return _convolutions(image, HardSwish)


def _convolutions(x: Any, activation: Any) -> Any:
    import tf_keras as keras

    for filters in (8, 16):
        x = activation()(keras.layers.BatchNormalization()(keras.layers.Conv2D(filters, 3, 2, "same")(x)))
    branches = [keras.layers.BatchNormalization()(keras.layers.Conv2D(16, 1)(x)) for _ in range(2)]
    return activation()(keras.layers.Add(name="sum")(branches))
