"""What a .keras file may name: an allow-list that is checked before Keras imports or calls anything.

Keras looks up what a file's config names, and has been led to arbitrary functions that way (CVE-2024-3660,
CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-9906). Here each class, activation and operation must be one of
these, in the place where it belongs.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

LAYERS = frozenset((
    "Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "CenterCrop", "Concatenate", "Conv2D",
    "Conv2DTranspose", "Cropping2D", "Dense", "DepthwiseConv2D", "Dropout", "ELU", "Flatten", "Functional",
    "GaussianNoise", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "InputLayer", "LayerNormalization", "LeakyReLU",
    "MaxPooling2D", "Maximum", "Minimum", "Model", "Multiply", "Normalization", "PReLU", "Permute", "RandomBrightness",
    "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "ReLU", "Rescaling",
    "Reshape", "Resizing", "SeparableConv2D", "Sequential", "SlicingOpLambda", "Softmax", "SpatialDropout2D",
    "Subtract", "TFOpLambda", "UpSampling2D", "ZeroPadding2D",
))  # fmt: skip
"""Keras' layers for pictures, without those that read files or run code (Lambda, StringLookup, TFSMLayer)."""
SETTINGS = frozenset((
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "L1", "L1L2", "L2",
    "LecunNormal", "LecunUniform", "MaxNorm", "MinMaxNorm", "NonNeg", "Ones", "Orthogonal", "Policy", "RandomNormal",
    "RandomUniform", "TruncatedNormal", "UnitNorm", "VarianceScaling", "Zeros",
))  # fmt: skip
"""Initializers, regularizers, constraints and the dtype policy."""
ACTIVATIONS = frozenset((
    "elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear", "mish", "relu", "relu6", "selu", "sigmoid",
    "silu", "softmax", "softplus", "softsign", "swish", "tanh",
))  # fmt: skip
OPERATIONS = frozenset((
    "__operators__.add", "__operators__.getitem", "compat.v1.transpose", "linalg.matmul", "math.multiply",
    "math.reduce_mean", "math.truediv", "nn.gelu", "reshape", "split",
))  # fmt: skip
"""TensorFlow functions that keras.applications and MaxViT use between layers."""
MODULES = frozenset(
    f"{package}{module}"
    for package in ("keras", "tf_keras")
    for module in (
        "", ".activations", ".constraints", ".engine.functional", ".initializers", ".layers", ".mixed_precision",
        ".models", ".regularizers", ".src.engine.functional", ".src.layers.core.tf_op_layer",
    )
)  # fmt: skip
_SETTING_NAMES = frozenset(name.lower() for name in SETTINGS)


def refused_names(config: object, registered: Collection[str] = ()) -> list[str]:
    """Return what a saved model's config names that is not on the list, each once.

    Args:
        config: parsed `config.json`.
        registered: names of layers that this process has registered with Keras, such as "skin_distill>HardSwish".
    """
    found: dict[str, None] = {}
    for key, value in _walk(config):
        if isinstance(value, dict) and "class_name" in value:
            name = _allowed_class(value, registered)
        elif key.endswith("activation"):
            name = None if not isinstance(value, str) or value in ACTIVATIONS else value
        elif key.endswith(("_initializer", "_regularizer", "_constraint")):
            known = not isinstance(value, str) or value.replace("_", "").lower() in _SETTING_NAMES
            name = None if known else value
        else:
            name = None
        if name is not None:
            found[name] = None
    return list(found)


def _walk(config: object) -> Iterator[tuple[str, Any]]:
    """Every value in a config with the key that it stands under."""
    waiting: list[tuple[str, Any]] = [("", config)]
    while waiting:
        key, value = waiting.pop()
        yield key, value
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += ((key, part) for part in value)


def _allowed_class(node: Mapping[str, Any], registered: Collection[str]) -> str | None:
    """Return None for an object that may be made, else its name."""
    name, inner, module = node["class_name"], node.get("config"), node.get("module")
    alias = node.get("registered_name")
    if not isinstance(name, str):
        return repr(name)[:80]
    if isinstance(alias, str) and alias in registered and alias.split(">")[-1] == name:
        return None
    shown = f"{module}.{name}" if module else name
    if name == "function":
        allowed = isinstance(inner, str) and inner in ACTIVATIONS and module in (None, "builtins", "keras.activations")
        return None if allowed and alias in (None, inner) else f"function {inner!r:.80}"
    if alias not in (None, name) or not (module is None or module in MODULES) or name not in LAYERS | SETTINGS:
        return shown
    if name in ("TFOpLambda", "SlicingOpLambda"):
        operation = inner.get("function") if isinstance(inner, dict) else None
        return None if operation in OPERATIONS else f"function {operation!r:.80}"
    return None


def is_buildable(config: object) -> bool:
    """Return whether the layers of each network in a config can be called one after the other.

    Keras waits forever for layers that need each other's outputs.
    """
    return all(
        _is_ordered(value["layers"])
        for _, value in _walk(config)
        if isinstance(value, dict) and isinstance(value.get("layers"), list) and "input_layers" in value
    )


def _is_ordered(layers: list[Any]) -> bool:
    waiting: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for layer in layers:
        name = layer.get("name", layer["config"].get("name"))
        calls = layer.get("inbound_nodes") or [[]]
        # Keras counts the calls of a network within a network from 1.
        calls = [calls[0], *calls] if "layers" in layer["config"] else calls
        waiting |= {(name, number): set(_references(call)) for number, call in enumerate(calls)}
    while ready := {call for call, needed in waiting.items() if not needed}:
        waiting = {call: needed - ready for call, needed in waiting.items() if call not in ready}
    return not waiting


def _references(call: object) -> Iterator[tuple[str, int]]:
    """The calls, as (layer, number), whose outputs a call reads."""
    for _, value in _walk(call):
        match value:
            case [str() as name, int() as number, int(), *_] if name != "_CONSTANT_VALUE":
                yield name, number
