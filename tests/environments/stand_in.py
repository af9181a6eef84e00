"""Untrained models to time; latency does not depend on the weights.

    python -m tests.environments.stand_in OUT [--weights FILE.h5]

Writes an untrained student as `student.keras` and as one `student-VARIANT.tflite` (a release file that `classify`
accepts) for each variant that needs no training, and `mobilenet_v2-int8.tflite`: MobileNetV2 1.0 for 224 pixels and
1,001 classes (Sandler et al. 2018), int8 with uint8 input and output, the architecture that Google publishes for Coral
boards.
"""

from pathlib import Path

import click
import numpy as np

from benchmarks.console import run_script
from tests.environments.sample_models import phantom_pixels, write_samples
from triage.atomic import replacing, write_bytes
from triage.photo import INPUT_SIZE

SEED = 42
PHANTOMS = 16
"""Number of phantoms in the representative data set."""
VARIANTS_MADE = ("float32", "float16", "int8-weights", "dynamic", "int8")
CORAL_CLASSES = 1001


def make_stand_ins(folder: Path, weights: str = "none") -> dict[str, Path]:
    """Write the files.

    Args:
        folder: made if needed.
        weights: "none", or a file of MobileNetV3-Small's ImageNet weights, to check that they make no difference.

    Returns:
        Path by name: `keras`, each of `VARIANTS_MADE`, and `mobilenet_v2`.
    """
    import tf_keras as keras

    from distill.student import build_student, load_backbone_weights
    from skin_data.taxonomy import load_taxonomy

    keras.utils.set_random_seed(SEED)
    classes = [{"id": c.id, "name": c.name, "urgency": c.urgency} for c in load_taxonomy("kaggle10").classes]
    student = build_student(len(classes))
    if weights != "none":
        load_backbone_weights(student, weights)
    photos = phantom_pixels(PHANTOMS, INPUT_SIZE, SEED)
    paths = {"keras": folder / "student.keras"}
    with replacing(paths["keras"]) as temporary:
        student.save(temporary)
    paths |= write_samples(student, photos, VARIANTS_MADE, folder, classes=classes, prefix="student-")
    paths["mobilenet_v2"] = folder / "mobilenet_v2-int8.tflite"
    write_bytes(paths["mobilenet_v2"], mobilenet_v2(photos))
    return paths


def mobilenet_v2(photos: np.ndarray) -> bytes:
    """Convert MobileNetV2 1.0 to an int8 flatbuffer with TensorFlow's converter; photos uint8 [n, 224, 224, 3]."""
    import tensorflow as tf
    import tf_keras as keras

    from triage.native_output import native_stderr_muted

    image = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), batch_size=1)
    model = keras.applications.MobileNetV2(input_tensor=image, weights=None, classes=CORAL_CLASSES)
    with native_stderr_muted():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([photo[None] / np.float32(127.5) - 1] for photo in photos)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
        return bytes(converter.convert())


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--weights", default="none", show_default=True, help="ImageNet weights of MobileNetV3-Small, a file.")
def main(folder: Path, weights: str) -> None:
    """Write untrained models to time."""
    for path in make_stand_ins(folder, weights).values():
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    run_script(main)
