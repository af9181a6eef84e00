"""A student rewritten so that its whole integer graph runs inside XNNPACK.

XNNPACK has no integer HARD_SWISH: the stock graph leaves it at each one and returns, which makes int8 slower than
float32. Written as `x * relu6(x + 3)`, hard-swish is an ADD and a MUL that XNNPACK has; the missing factor of 1/6 goes
into the kernels of the following layers, so that the predictions stay the same. The gates of squeeze-excite,
`relu6(x + 3) / 6`, lose their factor in the same way.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras as keras

from distill.backbones.mobilenet_v3_small import HardSigmoid, HardSwish
from triage.errors import UnusableInput


@keras.saving.register_keras_serializable("skin_distill")
class ShiftedRelu6(keras.layers.Layer):
    """`relu6(x + 3)`, elementwise: six times the hard sigmoid (Howard et al. 2019)."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return a tensor of the input's shape with values in [0, 6]."""
        return tf.nn.relu6(inputs + 3.0)


KERNELS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
# Layers that a constant factor passes through. In the product of a feature map and its gate, each factor counts once.
LINEAR = ("GlobalAveragePooling2D", "Multiply", "ZeroPadding2D", "SeededDropout")


def on_fast_path(student: keras.Model) -> keras.Model:
    """Return a copy of a student with the same predictions, without hard-swish and hard sigmoid.

    Args:
        student: a Keras student; it is not changed. One without either is returned as it is.

    Raises:
        UnusableInput: a factor of six cannot be moved into the kernels that follow.
    """
    if not any(isinstance(layer, HardSwish | HardSigmoid) for layer in student.layers):
        return student
    sixfold: list[str] = []

    def replaced(layer: Any, inputs: Any) -> Any:
        if not isinstance(layer, HardSwish | HardSigmoid):
            return layer.__class__.from_config(layer.get_config())(inputs)
        sixfold.append(layer.name)
        if isinstance(layer, HardSigmoid):
            return ShiftedRelu6(name=layer.name)(inputs)
        return keras.layers.Multiply(name=layer.name)([inputs, ShiftedRelu6(name=f"{layer.name}/gate")(inputs)])

    copy = rebuilt(student, replaced)
    for layer in student.layers:
        if layer.weights:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    factors = Counter(kernel.name for name in sixfold for kernel in following_kernels(copy.get_layer(name)))
    for name, count in factors.items():
        kernel, *rest = copy.get_layer(name).get_weights()
        copy.get_layer(name).set_weights([kernel / 6.0**count, *rest])
    return copy


def rebuilt(model: keras.Model, apply: Callable[[Any, Any], Any]) -> keras.Model:
    """Rebuild a functional model layer by layer.

    Args:
        model: functional; each of its layers is used once, and none is a model itself.
        apply: `apply(layer, inputs)` gives the output tensor that replaces a layer's.

    Returns:
        A model with the same inputs, output order and name. Weights are not copied.
    """
    made: dict[int, Any] = {}
    for layer in model.layers:
        (node,) = layer.inbound_nodes
        if isinstance(layer, keras.layers.InputLayer):
            made[id(layer.output)] = keras.Input(layer.input_shape[0][1:], name=layer.name)
            continue
        inputs = node.keras_inputs
        new = [made[id(tensor)] for tensor in inputs]
        made[id(layer.output)] = apply(layer, new[0] if len(new) == 1 else new)
    return keras.Model(
        [made[id(tensor)] for tensor in model.inputs], [made[id(tensor)] for tensor in model.outputs], name=model.name
    )


def following_kernels(layer: Any) -> list[Any]:
    """Return the first layers with kernels on every path from a layer, each once.

    Raises:
        UnusableInput: a layer between is not linear.
    """
    found: dict[str, Any] = {}
    for node in layer.outbound_nodes:
        following = node.layer
        if isinstance(following, KERNELS):
            found[following.name] = following
        elif type(following).__name__ in LINEAR:
            found |= {kernel.name: kernel for kernel in following_kernels(following)}
        else:
            raise UnusableInput(
                f"Hard-swish cannot be rewritten before {type(following).__name__}. Received: a student with "
                f"{layer.name} before {following.name}."
            )
    return list(found.values())
