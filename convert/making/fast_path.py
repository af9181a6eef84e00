"""A student rewritten so that its integer graph runs whole inside XNNPACK.

XNNPACK takes no integer HARD_SWISH: the stock graph leaves it at every one of them and comes back, which makes int8
slower than float32. Written as `x * relu6(x + 3)`, hard-swish is an ADD and a MUL that XNNPACK has; the sixth that is
then missing goes into the kernels of the layers behind, so that the network answers the same. The gates of
squeeze-excite, `relu6(x + 3) / 6`, lose their sixth in the same way.
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
# What a constant factor passes through. In a product of a feature map and its gate, each factor counts once.
LINEAR = ("GlobalAveragePooling2D", "Multiply", "ZeroPadding2D", "SeededDropout")


def on_fast_path(student: keras.Model) -> keras.Model:
    """Return a copy of a student that answers the same without hard-swish and hard sigmoid.

    Args:
        student: a Keras student; it is not changed. One without either is returned as it is.

    Raises:
        UnusableInput: a factor of six cannot be moved into the kernels behind it.
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
    factors = Counter(behind for name in sixfold for behind in _kernels_behind(copy.get_layer(name)))
    for name, count in factors.items():
        kernel, *rest = copy.get_layer(name).get_weights()
        copy.get_layer(name).set_weights([kernel / 6.0**count, *rest])
    return copy


def rebuilt(model: keras.Model, apply: Callable[[Any, Any], Any]) -> keras.Model:
    """Build a functional model anew, layer by layer.

    Args:
        model: functional; each of its layers is used once, and none is a model itself.
        apply: `apply(layer, inputs)` gives the new output tensor in a layer's place.

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


def _kernels_behind(layer: Any) -> set[str]:
    """Names of the first layers with kernels on every path from a layer; all between must be linear."""
    found: set[str] = set()
    for node in layer.outbound_nodes:
        behind = node.layer
        if isinstance(behind, KERNELS):
            found.add(behind.name)
        elif type(behind).__name__ in LINEAR:
            found |= _kernels_behind(behind)
        else:
            raise UnusableInput(
                f"Hard-swish cannot be rewritten before {type(behind).__name__}. Received: a student with "
                f"{layer.name} before {behind.name}."
            )
    return found
