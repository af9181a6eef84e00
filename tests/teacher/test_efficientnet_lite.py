"""EfficientNet-Lite against its published sizes and a second, plain implementation."""

import numpy as np
import pytest
import tensorflow as tf

from teacher.backbones.build import build_backbone
from teacher.backbones.efficientnet_lite import SCALES, efficientnet_lite, load_npz_weights
from triage.errors import UnusableInput


@pytest.mark.parametrize(("variant", "millions"), [(0, 4.65), (1, 5.42), (2, 6.09), (3, 8.20), (4, 13.01)])
def test_parameters_are_as_many_as_published(variant, millions):
    """Published for 1,000 classes, trainable ones (tensorflow/tpu: 4.7, 5.4, 6.1, 8.2, 13.0; timm to two decimals)."""
    side = SCALES[variant][2]
    model = efficientnet_lite(variant, False, None, (side, side, 3))
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights) + 1281 * 1000
    assert trainable / 1e6 == pytest.approx(millions, abs=0.01)


def plain_forward(arrays, image):
    """The network in plain TensorFlow operators, straight from the file's arrays in their order."""
    layers = {}
    for name, array in sorted(arrays.items(), key=lambda item: int(item[0].split("|")[0])):
        _, layer, weight = name.split("|")
        layers.setdefault(layer, {})[weight] = array

    def normalise(x, name):
        w = layers[f"{name}_bn"]
        return (x - w["moving_mean"]) / np.sqrt(w["moving_variance"] + 1e-3) * w["gamma"] + w["beta"]

    def conv(x, name, stride):
        return normalise(tf.nn.conv2d(x, layers[f"{name}_conv"]["kernel"], stride, "SAME"), name)

    def relu6(x):
        return tf.minimum(tf.nn.relu(x), 6.0)

    x = relu6(conv(image, "stem", 2))
    # Where a stage begins with stride 2, by the channels that its first block takes in.
    reduced = 4
    for block in range(sum(name.endswith("_dw_conv") for name in layers)):
        inputs, name = x, f"block{block}"
        if f"{name}_expand_conv" in layers:
            x = relu6(conv(x, f"{name}_expand", 1))
        kernel = layers[f"{name}_dw_conv"]["kernel"]
        out = layers[f"{name}_project_conv"]["kernel"].shape[-1]
        grows = out != inputs.shape[-1]
        # Every stage but the first, the fifth and the last halves the picture; these are 16, 112 and 320 wide.
        stride = 2 if grows and block and out not in WIDE_STAYS else 1
        reduced *= stride
        x = relu6(normalise(tf.nn.depthwise_conv2d(x, kernel, [1, stride, stride, 1], "SAME"), f"{name}_dw"))
        x = conv(x, f"{name}_project", 1)
        if stride == 1 and not grows:
            x = x + inputs
    return relu6(conv(x, "head", 1)).numpy()


WIDE_STAYS = (120, 352)  # the fifth and the last stage of Lite2


def test_shared_weights_give_the_features_of_a_plain_implementation(shared_data):
    path = shared_data / "weights" / "efficientnet_lite2_imagenet_notop.npz"
    model = build_backbone("efficientnet_lite2", 96, str(path), None)
    image = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)
    with np.load(path) as stored:
        expected = plain_forward({name: stored[name] for name in stored.files}, image)
    assert expected.shape == (2, 3, 3, 1280)
    np.testing.assert_allclose(model.predict(image, verbose=0), expected, atol=2e-4)


def test_weights_of_another_variant_are_refused(tmp_path):
    one = efficientnet_lite(0, False, None, (32, 32, 3))
    path = tmp_path / "lite0.npz"
    names = [f"{layer.name}|{w.name.split('/')[-1].split(':')[0]}" for layer in one.layers for w in layer.weights]
    names = [name.replace("depthwise_kernel", "kernel") for name in names]
    np.savez(path, **{f"{n:03d}|{name}": w for n, (name, w) in enumerate(zip(names, one.get_weights(), strict=True))})
    two = efficientnet_lite(0, False, None, (32, 32, 3))
    load_npz_weights(two, path)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), two.get_weights(), strict=True))
    with pytest.raises(UnusableInput, match=r"efficientnet_lite1.*lite0\.npz"):
        load_npz_weights(efficientnet_lite(1, False, None, (32, 32, 3)), path)
    (tmp_path / "broken.npz").write_bytes(b"PK not a zip")
    with pytest.raises(UnusableInput, match=r"broken\.npz"):
        load_npz_weights(two, tmp_path / "broken.npz")


def test_there_is_nothing_to_download():
    with pytest.raises(UnusableInput, match=r"efficientnet_lite\.load_npz_weights.*--weights"):
        build_backbone("efficientnet_lite0", 64, "imagenet", None)
