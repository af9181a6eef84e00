"""The head of the output `spot`: from a model's feature map of stride 16 to the lesion's box and a confidence.

The head is fitted after training, on the frozen model's maps, so that the other outputs stay as they are. Each cell of
the map proposes where the box's left, top, right and bottom lie relative to itself. Each side is the mean of the
proposals, weighted by a softmax over the cells (soft-argmax, Levine et al. 2016, "End-to-End Training of Deep
Visuomotor Policies") of its own: cells along a side of the lesion see best where it is (after Wang et al. 2020,
"Side-Aware Boundary Localization for More Precise Object Detection"). There is one box, so none has to be chosen.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skin_training.archives import read_archive
from triage.atomic import replacing
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras as keras

CHANNELS, KERNEL, BLOCKS = 24, 5, 2
"""Width of the head, side of its depthwise kernels, and how many of them there are. One block of 32 channels costs as
much and finds the sides less well; two of 32 take over 3 % of MobileNetV3-Small's time."""
EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 30, 64, 3e-3, 1e-4
OFFSET_SCALE = 0.2
"""Of a cell's four offsets, so that they are learned about as fast as the rest."""
ACROSS, ALONG = 0.06, 0.25
"""Standard deviations of the cells' target weights across a side, of the view, and along it, of the side's length."""
LEAST_SIDE = 0.08
"""A smaller box counts as so large where errors are measured in units of its side: a cell is 0.07 wide."""
DISTANCE, FALLING = 0.3, 0.25
"""Weight of the corners' distance at first, and the fraction of the passes over which it falls to 0: it leads to boxes
that do not overlap yet. Kept, it costs IoU; without it a head can end with inverted boxes."""
TO_CENTER_AND_SIZE = np.array([[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]])
"""From left, top, right, bottom."""
GOOD_IOU = 0.5
"""The confidence is the probability that the box overlaps the lesion's at least so much."""


class Block(NamedTuple):
    """`relu(x + (depthwise(x) + shift) mix + bias)`.

    `depthwise` is float32 [kernel, kernel, channels], `mix` [channels, channels], `shift` and `bias` [channels].
    """

    depthwise: np.ndarray
    shift: np.ndarray
    mix: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class SpotHead:
    """Weights of the head.

    Attributes:
        entry: float32 [map channels, channels], a 1x1 convolution.
        entry_bias: float32 [channels].
        context: float32 [map channels, channels], the same for the mean of the map over the cells: what the skin is
            like. The sum of both is followed by ReLU.
        blocks: what follows.
        heat: float32 [channels, 5], the logits of each cell's weights; a bias would cancel.
        proposals: float32 [channels, 5], left, top, right and bottom relative to the cell's centre, and the logit of
            the confidence.
        proposals_bias: float32 [5].
    """

    entry: np.ndarray
    entry_bias: np.ndarray
    context: np.ndarray
    blocks: tuple[Block, ...]
    heat: np.ndarray
    proposals: np.ndarray
    proposals_bias: np.ndarray

    def predict(self, maps: np.ndarray) -> np.ndarray:
        """Return the output `spot`, float32 [n, 5], for feature maps [n, h, w, map channels]; see `triage.spot`."""
        return np.concatenate([self._predict(maps[start : start + 256]) for start in range(0, len(maps), 256)])

    def _predict(self, maps: np.ndarray) -> np.ndarray:
        maps = maps.astype(np.float32)
        context = maps.mean(axis=(1, 2), keepdims=True) @ self.context
        x = np.maximum(maps @ self.entry + self.entry_bias + context, 0)
        for block in self.blocks:
            x = np.maximum(x + (_depthwise(x, block.depthwise) + block.shift) @ block.mix + block.bias, 0)
        cells = maps.shape[1] * maps.shape[2]
        heat = (x @ self.heat).reshape(-1, cells, 5)
        weights = np.exp(heat - heat.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        proposals = x @ self.proposals + self.proposals_bias + cell_centers(*maps.shape[1:3])
        mean = (weights * proposals.reshape(-1, cells, 5)).sum(axis=1)
        return spots_of(mean)

    def save(self, path: Path) -> None:
        """Write the weights to an .npz file, whole or not at all."""
        blocks = {f"block_{i}_{k}": v for i, block in enumerate(self.blocks) for k, v in block._asdict().items()}
        rest = {name: value for name, value in vars(self).items() if name != "blocks"}
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **rest, **blocks)

    @classmethod
    def load(cls, path: Path) -> "SpotHead":
        """Read what `save` wrote; UnusableInput where it is missing, damaged or of another version."""
        found = read_archive(path, "The head of the output spot", "Convert the student again.")
        if lacking := {each.name for each in fields(cls)} - {"blocks"} - set(found):
            raise UnusableInput(
                f"The head of the output spot is of another version. Received: {path} without "
                f"{', '.join(sorted(lacking))}. Convert the student again."
            )
        count = sum(name.endswith("_mix") for name in found)
        blocks = tuple(Block(*(found[f"block_{number}_{part}"] for part in Block._fields)) for number in range(count))
        return cls(blocks=blocks, **{name: value for name, value in found.items() if not name.startswith("block_")})


def cell_centers(height: int, width: int) -> np.ndarray:
    """Return x, y, x, y of each cell's centre, and 0 for the confidence, float32 [height, width, 5]."""
    y, x = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    return np.stack([x, y, x, y, np.zeros_like(x)], axis=-1).astype(np.float32)


def spots_of(mean: np.ndarray) -> np.ndarray:
    """Turn left, top, right, bottom and logit, float [n, 5], into centre, size and confidence in [0, 1]."""
    box = np.clip(mean[:, :4] @ TO_CENTER_AND_SIZE, 0, 1)
    confidence = 1 / (1 + np.exp(-np.clip(mean[:, 4:], -30, 30)))
    return np.concatenate([box, confidence], axis=1).astype(np.float32)


def corners_of(spots: np.ndarray) -> np.ndarray:
    """Turn centre and size, float [n, 4 or 5], into left, top, right and bottom, float [n, 4]."""
    half = spots[:, 2:4] / 2
    return np.concatenate([spots[:, :2] - half, spots[:, :2] + half], axis=1)


def fit_head(
    maps: np.ndarray, boxes: np.ndarray, seed: int = 0, epochs: int = EPOCHS, diffuse: np.ndarray | None = None
) -> SpotHead:
    """Fit the head.

    The loss of views with a box is that of the box (generalized IoU, Rezatofighi et al. 2019, and at first the distance
    of the corners in units of the box), and the cross-entropy of the cells' weights with a Gaussian along each side,
    and one in the middle for the confidence.
    The confidence learns, by cross-entropy, whether the box is as good as `GOOD_IOU`; views without a lesion teach 0.

    Args:
        maps: float [n, h, w, map channels] of views.
        boxes: float [n, 4], left, top, right and bottom in fractions of the view, of which they may reach beyond; NaN
            where it shows no lesion.
        seed: of the initial weights and of the order of the views.
        epochs: passes over the views.
        diffuse: bool [n], views with the box of a diffuse condition, of which the confidence learns 0; None: no view.
    """
    import tensorflow as tf
    import tf_keras as keras

    keras.utils.set_random_seed(seed)
    known = np.isfinite(boxes).all(axis=1)
    sample = maps[:: max(1, len(maps) // 2000)].astype(np.float32)
    mean, deviation = sample.mean(axis=(0, 1, 2)), sample.std(axis=(0, 1, 2)) + 1e-3
    height, width = maps.shape[1:3]
    network = _network(maps.shape[1:])
    own = tf.reshape(tf.constant(cell_centers(height, width)), (-1, 5))
    scale = tf.constant([OFFSET_SCALE] * 4 + [1.0])

    def loss_of(x: "tf.Tensor", box: "tf.Tensor", has: "tf.Tensor", spot: "tf.Tensor", far: "tf.Tensor") -> "tf.Tensor":
        heat, proposals = network(x, training=True)
        heat = tf.nn.log_softmax(tf.reshape(heat, (-1, height * width, 5)), axis=1)
        proposals = tf.reshape(proposals, (-1, height * width, 5)) * scale + own
        found = tf.reduce_sum(tf.exp(heat) * proposals, axis=1)
        iou, generalized = _overlaps(found[:, :4], box)
        half = tf.maximum((box[:, 2:] - box[:, :2]) / 2, LEAST_SIDE / 2)
        attention = -tf.reduce_mean(tf.reduce_sum(_target_weights(own, box, half) * heat, axis=1), axis=1)
        distance = tf.reduce_sum(tf.abs(found[:, :4] - box) / (0.1 + tf.concat([half, half], axis=1)), axis=1)
        good = spot * tf.cast(tf.stop_gradient(iou) >= GOOD_IOU, tf.float32)
        confidence = tf.nn.sigmoid_cross_entropy_with_logits(good, found[:, 4])
        return tf.reduce_mean(has * (2 * (1 - generalized) + far * distance + 0.2 * attention) + 0.5 * confidence)

    steps = max(1, len(maps) // BATCH) * epochs
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY)

    @tf.function(reduce_retracing=True)
    def step(x: "tf.Tensor", box: "tf.Tensor", has: "tf.Tensor", spot: "tf.Tensor", far: "tf.Tensor") -> None:
        with tf.GradientTape() as tape:
            loss = loss_of(x, box, has, spot, far)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, network.trainable_weights), network.trainable_weights, strict=True)
        )

    single = known if diffuse is None else known & ~diffuse
    generator, usual = np.random.default_rng(seed), np.where(known[:, None], boxes, 0.5).astype(np.float32)
    for epoch in range(epochs):
        far = tf.constant(DISTANCE * max(0.0, 1 - epoch / (FALLING * epochs)), tf.float32)
        order = generator.permutation(len(maps))
        for start in range(0, max(1, len(order) - BATCH + 1), BATCH):
            rows = order[start : start + BATCH]
            x = (maps[rows].astype(np.float32) - mean) / deviation
            has, spot = (tf.constant(values[rows], tf.float32) for values in (known, single))
            step(tf.constant(x), tf.constant(usual[rows]), has, spot, far)
    return _head_of(network, mean, deviation)


def _target_weights(cells: "tf.Tensor", box: "tf.Tensor", half: "tf.Tensor") -> "tf.Tensor":
    """Return the target weights of the cells, [n, cells, 5], for boxes [n, 4] with half sides [n, 2]."""
    import tensorflow as tf

    middle = (box[:, :2] + box[:, 2:]) / 2
    across = (cells[None, :, :4] - box[:, None]) / ACROSS
    along = (cells[None, :, :2] - middle[:, None]) / (2 * ALONG * half[:, None])
    squares = across**2 + tf.tile(along[..., ::-1] ** 2, (1, 1, 2))
    centered = tf.reduce_sum(along**2, axis=2, keepdims=True)
    return tf.nn.softmax(-tf.concat([squares, centered], axis=2) / 2, axis=1)


def _spread(x: "tf.Tensor", kernel: "tf.Tensor") -> "tf.Tensor":
    """Convolve each channel of x [n, h, w, channels] with its kernel [k, k, channels, 1], zeros outside.

    TensorFlow's own gradients of a depthwise convolution take most of the fit's time on a processor.
    """
    import tensorflow as tf

    ones, (height, width) = (1, 1, 1, 1), x.shape[1:3]
    side = kernel.shape[0]
    edge = [side // 2, side // 2]

    @tf.custom_gradient
    def convolve(x: "tf.Tensor", kernel: "tf.Tensor") -> tuple["tf.Tensor", object]:
        def gradients(upstream: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
            padded = tf.pad(x, [[0, 0], edge, edge, [0, 0]])
            parts = [
                tf.reduce_sum(padded[:, row : row + height, column : column + width] * upstream, axis=(0, 1, 2))
                for row in range(side)
                for column in range(side)
            ]
            of_x = tf.nn.depthwise_conv2d(upstream, kernel[::-1, ::-1], ones, "SAME")
            return of_x, tf.reshape(tf.stack(parts), tf.shape(kernel))

        return tf.nn.depthwise_conv2d(x, kernel, ones, "SAME"), gradients

    return convolve(x, kernel)


def _network(shape: tuple[int, ...]) -> "keras.Model":
    """Build the layers: normalized map to the cells' logits and proposals."""
    import tf_keras as keras

    class Depthwise(keras.layers.DepthwiseConv2D):
        def call(self, inputs: "tf.Tensor") -> "tf.Tensor":
            return _spread(inputs, self.depthwise_kernel) + self.bias

    inputs = keras.Input(shape)
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    context = keras.layers.Conv2D(CHANNELS, 1, use_bias=False, name="context")(mean)
    x = keras.layers.ReLU()(keras.layers.Conv2D(CHANNELS, 1, name="entry")(inputs) + context)
    for number in range(BLOCKS):
        y = Depthwise(KERNEL, padding="same", name=f"depthwise_{number}")(x)
        y = keras.layers.Conv2D(CHANNELS, 1, name=f"mix_{number}")(y)
        x = keras.layers.ReLU()(keras.layers.Add()([x, y]))
    heat = keras.layers.Conv2D(5, 1, use_bias=False, name="heat")(x)
    return keras.Model(inputs, [heat, keras.layers.Conv2D(5, 1, name="proposals")(x)])


def _head_of(network: "keras.Model", mean: np.ndarray, deviation: np.ndarray) -> SpotHead:
    """Take the weights out of the layers; the first and the last take in what scales their input and output."""

    def weights(name: str) -> list[np.ndarray]:
        found = network.get_layer(name).get_weights()
        return [np.squeeze(w, axis=(0, 1)) if w.shape[:2] == (1, 1) else w for w in found]

    entry, entry_bias = weights("entry")
    entry, context = entry / deviation[:, None], weights("context")[0] / deviation[:, None]
    scale = np.array([OFFSET_SCALE] * 4 + [1.0], np.float32)
    proposals, proposals_bias = weights("proposals")
    blocks = []
    for number in range(BLOCKS):
        depthwise, shift = weights(f"depthwise_{number}")
        blocks.append(Block(depthwise[..., 0], shift, *weights(f"mix_{number}")))
    return SpotHead(
        entry=entry,
        entry_bias=entry_bias - mean @ (entry + context),
        context=context,
        blocks=tuple(blocks),
        heat=weights("heat")[0],
        proposals=proposals * scale,
        proposals_bias=proposals_bias * scale,
    )


def _depthwise(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolve each channel of x [n, h, w, channels] with its kernel, zeros outside."""
    reach, (_, height, width, _) = len(kernel) // 2, x.shape
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    parts = (
        kernel[row, column] * padded[:, row : row + height, column : column + width]
        for row in range(len(kernel))
        for column in range(len(kernel))
    )
    return np.asarray(sum(parts))


def _overlaps(a: "tf.Tensor", b: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
    """Return IoU and generalized IoU of boxes [n, 4]; `a` may be inverted, as a box is before it is learned."""
    import tensorflow as tf

    def area(low: "tf.Tensor", high: "tf.Tensor") -> "tf.Tensor":
        return tf.reduce_prod(tf.maximum(high - low, 0.0), axis=1)

    shared = area(tf.maximum(a[:, :2], b[:, :2]), tf.minimum(a[:, 2:], b[:, 2:]))
    union = area(a[:, :2], a[:, 2:]) + area(b[:, :2], b[:, 2:]) - shared + 1e-6
    around = area(tf.minimum(a[:, :2], b[:, :2]), tf.maximum(a[:, 2:], b[:, 2:])) + 1e-6
    return shared / union, shared / union - (around - union) / around
