import numpy as np
import pandas as pd
import pytest
import tf_keras as keras

from convert.making.representative import choose_representative, screen_outliers
from skin_training.color_calibration import CCM_LAYER_NAME, ColorCalibration
from skin_training.predict import predict
from triage.errors import UnusableInput
from triage.interpreter import open_interpreter


def table(counts):
    rows = [(d, t) for (d, t), n in counts.items() for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["diagnosis", "tone_bucket"])
    return frame.assign(image_path=[f"{n}.jpg" for n in range(len(frame))])


def test_rare_tones_and_classes_are_chosen_first():
    frame = table({("a", "light"): 100, ("a", "dark"): 3, ("b", "light"): 5})
    chosen = frame.iloc[choose_representative(frame, 14, seed=0)]
    assert (chosen["tone_bucket"] == "dark").sum() == 3
    assert (chosen["diagnosis"] == "b").sum() == 5
    assert len(chosen) == 14


def test_the_choice_is_repeatable_and_without_repetition():
    frame = table({("a", "light"): 9, ("b", "dark"): 4})
    rows = choose_representative(frame, 50, seed=1)
    assert rows == choose_representative(frame, 50, seed=1)
    assert sorted(rows) == list(range(13))
    assert rows != choose_representative(frame, 50, seed=2)


@pytest.fixture(scope="module")
def explosive():
    """A model whose activations explode where a patch of 8 x 8 pixels is white, and only there."""
    keras.utils.set_random_seed(3)
    image = keras.Input((32, 32, 3), name="image")
    calibrated = ColorCalibration(name=CCM_LAYER_NAME)(image)
    patch = keras.layers.Conv2D(8, 8, strides=8, activation="relu", name="patch")
    total = patch(calibrated)
    kernel, bias = patch.get_weights()
    # One channel stays 0 up to a mean value of 0.98 and then rises steeply; all channels share one range.
    kernel[..., 0], bias[0] = 2e4 / 192, -0.98 * 2e4
    patch.set_weights([kernel, bias])
    features = keras.layers.GlobalAveragePooling2D()(total)
    heads = [
        keras.layers.Dense(10, activation="softmax", name="diagnosis", kernel_initializer="glorot_normal")(features),
        keras.layers.Dense(1, activation="sigmoid", name="lighting")(features),
    ]
    return keras.Model(image, heads)


@pytest.fixture
def with_outlier(photos):
    clean = np.minimum(photos, 230)
    poisoned = clean.copy()
    poisoned[5, :8, :8] = 255
    return clean, poisoned


def test_an_outlier_is_named_with_its_layer(explosive, with_outlier):
    kept, dropped = screen_outliers(explosive, with_outlier[1])
    assert [d["row"] for d in dropped] == [5]
    assert dropped[0]["ratio"] > 5
    assert 5 not in kept
    assert len(kept) == len(with_outlier[1]) - 1
    assert screen_outliers(explosive, with_outlier[0])[1] == []


def test_one_outlier_ruins_calibration_and_screening_prevents_it(explosive, with_outlier, to_int8):
    clean, poisoned = with_outlier
    expected = predict(explosive, clean)[0]

    def error(representative):
        return np.abs(predict(open_interpreter(to_int8(explosive, representative)), clean)[0] - expected).max()

    kept, _ = screen_outliers(explosive, poisoned)
    assert error(poisoned) > 5 * error(poisoned[kept])


def test_a_layer_that_is_silent_for_most_photos_gives_no_outliers():
    pixels = np.zeros((10, 8, 8, 3), np.uint8)
    pixels[:3, 0, 0, 0] = 255
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.ReLU(name="rare")(image - 0.5))
    kept, dropped = screen_outliers(model, pixels)
    assert (len(kept), dropped) == (10, [])


def test_photos_that_are_mostly_outliers_are_refused(explosive, with_outlier):
    with pytest.raises(UnusableInput, match="outlier_ratio"):
        screen_outliers(explosive, with_outlier[0], outlier_ratio=0.5)
