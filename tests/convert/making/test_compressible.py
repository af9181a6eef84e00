import zlib

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from convert.making.compressible import STAGES, Clustered, Pruned
from convert.making.tflite import to_flatbuffer
from convert.making.weight_only import FEWEST_WEIGHTS
from convert.variants import VARIANTS
from skin_training.color_calibration import CCM_LAYER_NAME, ColorCalibration, ccm_of
from skin_training.heads import OUTPUTS, add_heads
from skin_training.predict import predict

CLUSTERS = 8


def train(tuned, photos, target):
    """A few steps of the last phase, as `skin_training.training` makes them; returns their losses."""
    images = photos[:8].astype(np.float32) / np.float32(255)
    tuned.select(tuned.phases[-1])
    optimizer = keras.optimizers.Adam(1e-3)
    variables = [v for v in tuned.model.trainable_variables if "lighting" not in v.name]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tuned.model(images, training=True)[0] - target))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return [float(step()) for _ in range(6)]


def large_kernels(model):
    kernels = {
        layer.name: layer.get_weights()[0]
        for layer in model.layers
        if type(layer) in (keras.layers.Conv2D, keras.layers.Dense)
    }
    return {name: kernel for name, kernel in kernels.items() if kernel.size >= FEWEST_WEIGHTS}


@pytest.fixture(scope="module")
def small():
    """A student of few layers, so that tensorflow-model-optimization's wrappers are traced in seconds."""
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3), name="image")
    calibrated = ColorCalibration(1e-4, name=CCM_LAYER_NAME)(image)
    x = keras.layers.Conv2D(16, 3, strides=4, activation="relu", name="small")(calibrated)
    x = keras.layers.Conv2D(64, 3, use_bias=False, name="large")(x)
    x = keras.layers.BatchNormalization(name="normalization")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(keras.layers.ReLU(name="relu")(x))
    heads = add_heads(calibrated, x, 10, 0.1)
    return keras.Model(image, [heads[name] for name in OUTPUTS], name="student")


@pytest.fixture(scope="module")
def target():
    """What the students in training shall answer: other logits than they do."""
    return np.random.default_rng(0).normal(size=(8, 10)).astype(np.float32)


@pytest.fixture(scope="module")
def pruned(small, photos, target):
    """After training: the tuned student, its losses, and the Keras student that comes of it."""
    tuned = Pruned(small, sparsity=0.75, epochs=STAGES, learning_rate=1e-3)
    return tuned, train(tuned, photos, target), tuned.float_student()


@pytest.fixture(scope="module")
def clustered(small, photos, target):
    """As `pruned`."""
    tuned = Clustered(small, CLUSTERS, epochs=1, learning_rate=1e-3)
    return tuned, train(tuned, photos, target), tuned.float_student()


def test_pruning_leaves_the_share_of_weights_that_was_asked_for(pruned):
    tuned, losses, model = pruned
    assert [(phase.name, phase.epochs) for phase in tuned.phases] == [
        ("prune 1 of 3", 1),
        ("prune 2 of 3", 1),
        ("prune 3 of 3", 1),
    ]
    assert losses[-1] < losses[0]
    kernels = large_kernels(model)
    assert np.mean(model.get_layer("small").get_weights()[0] == 0) < 0.1
    assert len(kernels) > 4
    for name, kernel in kernels.items():
        assert np.mean(kernel == 0) == pytest.approx(0.75, abs=0.01), name


def test_clustering_leaves_few_values_and_learns_them(clustered, small):
    _, losses, model = clustered
    assert losses[-1] < losses[0]
    before = large_kernels(small)
    for name, kernel in large_kernels(model).items():
        assert len(np.unique(kernel)) <= CLUSTERS, name
        assert np.corrcoef(kernel.ravel(), before[name].ravel())[0, 1] > 0.9, name


@pytest.mark.parametrize("kind", ["pruned", "clustered"])
def test_the_student_answers_like_the_one_in_training_and_keeps_its_calibration(kind, request, small, photos):
    tuned, _, model = request.getfixturevalue(kind)
    for one, other in zip(predict(model, photos), tuned.answers(photos), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    for one, other in zip(ccm_of(model), ccm_of(small), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("kind", "share"), [("pruned", 0.6), ("clustered", 0.65)])
def test_the_file_compresses_better_and_is_as_large_as_before(kind, share, request, small, photos):
    plain = to_flatbuffer(small, VARIANTS["int8-weights"], photos=photos)
    file = to_flatbuffer(request.getfixturevalue(kind)[2], VARIANTS[f"int8-weights-{kind}"], photos=photos)
    assert len(file) == pytest.approx(len(plain), rel=0.01)
    assert len(zlib.compress(file, 9)) < share * len(zlib.compress(plain, 9))
