import numpy as np
import pytest

from convert.variants import VARIANTS
from convert.verifying.ccm_parity import check_ccm
from skin_training.color_calibration import ccm_of
from triage.errors import CheckFailed


@pytest.mark.parametrize("name", list(VARIANTS))
def test_the_calibration_is_read_back_from_every_variant(student, flatbuffers, name):
    matrix, bias = ccm_of(student)
    parity = check_ccm(flatbuffers[name], matrix, bias)
    assert parity.passed, parity
    assert parity.matrix_error < 1e-3
    assert parity.bias_error < 2e-3
    if name in ("float32", "int8-weights"):
        assert parity.delta_e_max < 1e-3
    if name in ("int8", "int8-qat"):  # the project's goal for its default file
        assert parity.delta_e_mean < 0.3
    np.testing.assert_allclose(parity.matrix, matrix, atol=1e-3)


@pytest.mark.parametrize("name", ["float32", "int8"])
def test_another_calibration_does_not_pass(student, flatbuffers, name):
    matrix, bias = ccm_of(student)
    parity = check_ccm(flatbuffers[name], matrix @ np.diag([1.05, 1.0, 0.95]), bias)
    assert not parity.passed
    assert parity.matrix_error > 0.03


def test_the_skin_of_the_data_set_is_among_the_patches(student, flatbuffers):
    """Against the formula of the calibration, for colours that are not in the other patches."""
    skin = {"light": np.array([221, 177, 150], np.uint8), "dark": np.array([70, 48, 38], np.uint8)}
    matrix, bias = ccm_of(student)
    parity = check_ccm(flatbuffers["int8"], matrix, bias, skin=skin)
    assert {name: group["n"] for name, group in parity.groups.items()} == {
        "ColorChecker": 24,
        "Monk skin tones": 10,
        "skin of the data set": 2,
    }
    last = parity.patches[-1]
    np.testing.assert_allclose(last.of_keras, np.clip(skin["dark"] / 255 @ matrix + bias, 0, 1), atol=1e-6)
    np.testing.assert_allclose(last.of_file, last.of_keras, atol=0.5 / 255 + 1e-6)
    assert parity.skin["dark"] == {"srgb": [70, 48, 38], "delta_e": last.delta_e}
    everything = [patch.delta_e for patch in parity.patches]
    assert parity.delta_e_mean == pytest.approx(np.mean(everything))


def test_a_file_without_a_calibration_is_named(photos):
    import tf_keras as keras

    from convert.making.converter import to_tflite

    image = keras.Input((32, 32, 3))
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image))
    outputs = [keras.layers.Dense(10, activation="softmax")(features), keras.layers.Dense(1)(features)]
    with pytest.raises(CheckFailed, match=r"\b0\b"):
        check_ccm(to_tflite(keras.Model(image, outputs)), np.eye(3), np.zeros(3))
