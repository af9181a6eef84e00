import numpy as np
import pytest
import tf_keras as keras

from distill.student import build_student
from teacher.color_calibration import CCM_LAYER_NAME

SIZE = 32
MATRIX = np.array([[0.92, 0.04, -0.02], [0.05, 0.97, 0.03], [0.01, -0.03, 1.06]], np.float32)
BIAS = np.array([0.01, -0.02, 0.015], np.float32)


@pytest.fixture(scope="session")
def student(photos):
    """An untrained student whose normalisation statistics and colour calibration are not those of a new model."""
    keras.utils.set_random_seed(0)
    model = build_student(10, SIZE, batch_norm_momentum=0.5)
    for _ in range(8):
        model(photos / np.float32(255), training=True)
    model.get_layer(CCM_LAYER_NAME).set_weights([MATRIX, BIAS])
    return model


@pytest.fixture(scope="session")
def photos():
    """Smooth random pictures, uint8 [24, 32, 32, 3]."""
    generator = np.random.default_rng(1)
    coarse = generator.uniform(0, 255, (24, 4, 4, 3))
    return np.kron(coarse, np.ones((1, 8, 8, 1))).astype(np.uint8)


@pytest.fixture(scope="session")
def fast(student):
    """The student on the fast path."""
    from convert.fast_path import on_fast_path

    return on_fast_path(student)


@pytest.fixture(scope="session")
def ranges(fast, photos):
    """Of the activations of the student on the fast path."""
    from convert.tflite import ranges_of

    return ranges_of(fast, photos)


@pytest.fixture(scope="session")
def aware(fast, ranges):
    """The student with the rounding of its file, before training."""
    from convert.quantization_aware import QuantizationAware

    return QuantizationAware(fast, ranges)


@pytest.fixture(scope="session")
def flatbuffers(student, fast, ranges, photos):
    """The student in every variant, as it is before quantization-aware training."""
    from convert.tflite import to_flatbuffer
    from convert.variants import VARIANTS

    return {
        name: to_flatbuffer(fast if variant.calibrated else student, variant, ranges, photos)
        for name, variant in VARIANTS.items()
    }
