"""Squeeze-excite layers that died in training, made fit for integers.

Training can leave a gate whose hidden layer is zero for every photo. Calibration then finds the range [0, 0], makes up
a scale of 1e-8, and the file that comes out cannot be run: XNNPACK refuses multipliers of 256 and more, and the next
layer's bias no longer fits 32 bits.
"""

from typing import Any

import numpy as np

DEAD = 1e-3
"""A hidden layer whose largest activation over the representative photos is below this is dead."""
_HIDDEN, _INNER, _OUTER = "/squeeze_excite/Relu", "/squeeze_excite/Conv", "/squeeze_excite/Conv_1"
_BATCH = 16


def enliven_dead_gates(student: Any, pixels: np.ndarray) -> tuple[Any, list[str]]:
    """Give dead gates a range to calibrate without changing what they answer.

    One hidden unit of a dead gate is set to the constant 1 and its outgoing weights to 0: it contributed nothing
    before and contributes nothing now, and the layer's range is [0, 1].

    Args:
        student: the Keras student; it is not changed.
        pixels: uint8 [n, size, size, 3], the representative photos.

    Returns:
        The student itself or a changed copy, and the names of the gates that were dead.
    """
    import tf_keras as keras

    hidden = [layer for layer in student.layers if layer.name.endswith(_HIDDEN)]
    if not hidden:
        return student, []
    probe = keras.Model(student.input, [layer.output for layer in hidden])
    largest = np.zeros(len(hidden))
    for start in range(0, len(pixels), _BATCH):
        batch = pixels[start : start + _BATCH].astype(np.float32) / np.float32(255)
        outputs = probe(batch, training=False)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        largest = np.maximum(largest, [float(np.max(output)) for output in outputs])
    dead = [layer.name.removesuffix(_HIDDEN) for layer, value in zip(hidden, largest, strict=True) if value < DEAD]
    if not dead:
        return student, []
    changed = keras.models.clone_model(student)
    changed.set_weights(student.get_weights())
    for block in dead:
        inner, outer = changed.get_layer(block + _INNER), changed.get_layer(block + _OUTER)
        kernel, bias = inner.get_weights()
        kernel[..., 0], bias[0] = 0.0, 1.0
        inner.set_weights([kernel, bias])
        kernel, bias = outer.get_weights()
        kernel[:, :, 0] = 0.0
        outer.set_weights([kernel, bias])
    return changed, dead
