import numpy as np
import pytest
import tf_keras as keras

from benchmarks.quantization_loss import layer_losses, worst
from convert.making.activation_ranges import choose_ranges
from convert.making.converter import to_tflite
from convert.making.fast_path import on_fast_path
from distill.student import build_student
from skin_training.predict import predict

pytestmark = pytest.mark.slow


def test_the_layer_that_loses_most_is_named_with_its_reason():
    """One channel of a map is made a thousand times wider, and as much narrower again by the next kernel."""
    keras.utils.set_random_seed(0)
    photos = np.random.default_rng(1).integers(0, 256, (16, 32, 32, 3), np.uint8)
    student = build_student(10, 32, width=0.35, batch_norm_momentum=0.5)
    for _ in range(8):
        student(photos / np.float32(255), training=True)
    model = on_fast_path(student)
    normalization, kernel = (model.get_layer(f"expanded_conv_1/{n}") for n in ("expand/BatchNorm", "depthwise"))
    gamma, beta, *statistics = normalization.get_weights()
    factor = np.where(np.arange(len(gamma)) == 3, 1000.0, 1.0).astype(np.float32)
    normalization.set_weights([gamma * factor, beta * factor, *statistics])
    kernel.set_weights([kernel.get_weights()[0] / factor[:, None]])
    truth = predict(model, photos)[0].argmax(axis=1)
    whole, losses = layer_losses(model, choose_ranges(to_tflite(model), photos), photos, truth)
    first = worst([vars(loss) for loss in losses])[0]
    assert first["layer"] == "expanded_conv_1/expand/activation"
    assert first["reason"].startswith("outlier channels")
    assert first["kl_without"] < whole["kl"]
