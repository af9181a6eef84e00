"""The output `familiarity` of a file: fitted on the file's own features, and added to its graph in float.

Features of a quantized file differ from those of the float student, so each file has a fit of its own. The operators
are appended to the finished graph: no quantizer sees them, and the other outputs stay the same to the bit.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convert.flatbuffer import FLOAT32, Flatbuffer, make_dequantize, packed, unpacked
from convert.making.representative import choose_representative
from convert.student import load_student_pixels
from skin_data.progress import Progress, no_progress
from skin_training.evaluation.evaluate import true_classes
from skin_training.familiarity import FRACTIONS, METHOD, METHODS, TINY, Familiarity
from triage.assessment import FAMILIARITY
from triage.errors import CheckFailed
from triage.interpreter import open_interpreter
from triage.model_card import CardFamiliarity

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest
    from skin_training.run_folder import RunFolder

REFUSE_BELOW = 0.05
"""Familiarity below which the app names nothing: one in twenty photos like those of the validation split."""
PHOTOS = 2000
"""At most so many training and validation photos are looked at."""
FLOAT16, INT32 = 1, 2  # TensorType
_HALF_PRECISION = 3  # DEQUANTIZE's version
_FEATURES = "/features/"


Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]


def fit_familiarity(
    features_of: Callable[[Pixels], Features], size: int, run: "RunFolder", manifest: "Manifest", progress: Progress
) -> tuple[Familiarity, CardFamiliarity]:
    """Fit the familiarity on features of the training split, and its fractions on the validation split.

    Args:
        features_of: gives the pooled features float32 [n, channels] of uint8 [n, size, size, 3], such as
            `features_of_file`.
        size: of the input, pixels.
        run: of the student.
        manifest: the data set that it was trained on.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The fit and the card's section.
    """
    features, frames = {}, {}
    for split in ("train", "val"):
        frame = manifest.split(split)
        frames[split] = frame = frame.iloc[choose_representative(frame, PHOTOS, seed=0)]
        features[split] = features_of(load_student_pixels(run, manifest, frame, size, progress))
    classes = true_classes(frames["train"], manifest.taxonomy.ids)
    fitted = METHODS[METHOD](features["train"], classes).with_fractions(features["val"])
    photos = {split: len(frame) for split, frame in frames.items()}
    return fitted, {"method": METHOD, "refuse_below": REFUSE_BELOW, "fitted_on": photos}


def features_of_file(flatbuffer: bytes, progress: Progress = no_progress) -> Callable[[Pixels], Features]:
    """Return a function that gives the pooled features of a file's model without the output `familiarity`."""
    interpreter = open_interpreter(_with_output(flatbuffer, pooled_features(Flatbuffer(flatbuffer))), threads=2)

    def features(pixels: Pixels) -> Features:
        found = []
        for number, photo in enumerate(pixels):
            found.append(interpreter.run(photo)[FAMILIARITY].reshape(-1))
            progress("familiarity", number + 1, len(pixels))
        return np.stack(found)

    return features


def features_of_student(student: "keras.Model", batch_size: int = 64) -> Callable[[Pixels], Features]:
    """Return a function that gives the pooled features of a Keras student."""
    import tf_keras as keras

    from skin_training.predict import keras_forward

    forward = keras_forward(keras.Model(student.input, student.get_layer("features").output))

    def features(pixels: Pixels) -> Features:
        starts = range(0, len(pixels), batch_size)
        return np.concatenate([forward(pixels[start : start + batch_size]).numpy() for start in starts])

    return features


def pooled_features(parsed: Flatbuffer) -> int:
    """Return the tensor [1, channels] of the pooled features.

    Raises:
        CheckFailed: the file has none.
    """
    found = [o.outputs[0] for o in parsed.operators if o.name == "MEAN" and len(parsed.shape(o.outputs[0])) == 2]
    named = [tensor for tensor in found if _FEATURES in parsed.name(tensor)]
    if len(named) != 1:
        raise CheckFailed(
            f"The pooled features must be one MEAN operator of the layer 'features'. Received: {len(named)} such "
            f"operators among {len(found)}. Convert a student of `skin-distill distill`."
        )
    return named[0]


def with_familiarity(flatbuffer: bytes, fitted: Familiarity) -> bytes:
    """Return the model with the output `familiarity`, float32 [1, 1].

    Args:
        flatbuffer: the model of a student.
        fitted: with its map to fractions.
    """
    model = unpacked(flatbuffer)
    features = pooled_features(Flatbuffer(flatbuffer))
    graph = _Graph(model)
    x = graph.in_float(features)
    length = graph.dense(graph.product(x, x), np.ones((graph.width(x), 1)), [TINY])
    d = graph.sum(graph.product(x, graph.inverse_root(length)), graph.constant(-fitted.mean[None]))
    z = graph.dense(d, fitted.directions, half_precision=True)
    w = graph.dense(z, fitted.whitening)
    nearest = graph.largest(graph.dense(w, fitted.centers, fitted.constants))
    score = graph.sum(nearest, graph.dense(graph.product(w, w), fitted.squares[:, None]))
    if fitted.outside:
        for part, weight in ((d, -fitted.outside), (z, fitted.outside)):
            weights = np.full((graph.width(part), 1), weight)
            score = graph.sum(score, graph.dense(graph.product(part, part), weights))
    # A sum of ramps, with the scores between the outer knots scaled to [0, 1], and clipped at both ends.
    unit = float(fitted.knots[-1] - fitted.knots[0])
    knots = (fitted.knots - fitted.knots[0]) / unit
    slopes = np.diff(FRACTIONS) / np.diff(knots)
    bends = np.diff(slopes, prepend=0.0)
    ramps = graph.dense(score, np.full((1, len(bends)), 1 / unit), -knots[:-1] - fitted.knots[0] / unit, relu=True)
    below_one = graph.dense(ramps, -bends[:, None], [1.0], relu=True)
    graph.finish(graph.dense(below_one, [[-1.0]], [1.0], relu=True))
    return packed(model)


def _with_output(flatbuffer: bytes, tensor: int) -> bytes:
    """Return a model that gives a tensor out under the name of the familiarity."""
    model = unpacked(flatbuffer)
    _Graph(model).finish(tensor)
    return packed(model)


class _Graph:
    """Appends operators to an unpacked model."""

    def __init__(self, model: Any) -> None:
        from tensorflow.lite.python import schema_py_generated as schema

        self._schema, self._model, self._graph = schema, model, model.subgraphs[0]

    def in_float(self, tensor: int) -> int:
        """Return a tensor in float32: itself, or dequantized."""
        kind = self._graph.tensors[tensor].type
        if kind == FLOAT32:
            return tensor
        version = {3: 1, 9: 2, FLOAT16: _HALF_PRECISION}[int(kind)]
        made = self._tensor(self._graph.tensors[tensor].shape)
        self._graph.operators.append(make_dequantize(self._model, tensor, made, version))
        return made

    def dense(self, x: int, kernel: Any, bias: Any = None, relu: bool = False, half_precision: bool = False) -> int:
        """Return x kernel + bias, [1, outputs]."""
        weights = np.ascontiguousarray(np.asarray(kernel, np.float32).T)
        stored = self.constant(weights.astype(np.float16), FLOAT16) if half_precision else self.constant(weights)
        options = self._schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = self._schema.ActivationFunctionType.RELU if relu else 0
        bias = np.zeros(len(weights)) if bias is None else bias
        inputs = [x, self.in_float(stored), self.constant(bias)]
        return self._apply("FULLY_CONNECTED", "FullyConnectedOptions", options, inputs, len(weights))

    def product(self, a: int, b: int) -> int:
        """Return a b, elementwise."""
        return self._apply("MUL", "MulOptions", self._schema.MulOptionsT(), [a, b], self.width(a))

    def sum(self, a: int, b: int) -> int:
        """Return a + b, elementwise."""
        return self._apply("ADD", "AddOptions", self._schema.AddOptionsT(), [a, b], self.width(a))

    def inverse_root(self, x: int) -> int:
        """Return 1 / sqrt(x), [1, 1]."""
        return self._apply("RSQRT", "NONE", None, [x], 1)

    def largest(self, x: int) -> int:
        """Return the largest value of x, [1, 1]."""
        options = self._schema.ReducerOptionsT()
        options.keepDims = True
        return self._apply(
            "REDUCE_MAX", "ReducerOptions", options, [x, self.constant(np.array([1], np.int32), INT32)], 1
        )

    def width(self, tensor: int) -> int:
        """Return the number of values of a tensor [1, width]."""
        return int(self._graph.tensors[tensor].shape[1])

    def constant(self, values: Any, kind: int = FLOAT32) -> int:
        """Return a constant; of float32, any numbers."""
        found = np.asarray(values, np.float32) if kind == FLOAT32 else values
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(found.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        return self._tensor(found.shape, kind, len(self._model.buffers) - 1)

    def finish(self, tensor: int) -> None:
        """Make a tensor the output `familiarity`."""
        self._graph.outputs = [*self._graph.outputs, tensor]
        entry = self._schema.TensorMapT()
        entry.name, entry.tensorIndex = FAMILIARITY.encode(), tensor
        self._model.signatureDefs[0].outputs.append(entry)

    def _apply(self, name: str, kind: str, options: Any, inputs: list[int], width: int) -> int:
        operator, builtin = self._schema.OperatorT(), getattr(self._schema.BuiltinOperator, name)
        known = [(code.builtinCode, code.version) for code in self._model.operatorCodes]
        if (builtin, 1) not in known:
            code = self._schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, builtin, 1
            self._model.operatorCodes.append(code)
            known.append((builtin, 1))
        operator.opcodeIndex = known.index((builtin, 1))
        operator.builtinOptionsType, operator.builtinOptions = getattr(self._schema.BuiltinOptions, kind), options
        made = self._tensor([1, width])
        operator.inputs, operator.outputs = inputs, [made]
        self._graph.operators.append(operator)
        return made

    def _tensor(self, shape: Any, kind: int = FLOAT32, buffer: int = 0) -> int:
        tensor = self._schema.TensorT()
        tensor.name = f"{FAMILIARITY}/{len(self._graph.tensors)}".encode()
        tensor.type, tensor.buffer, tensor.shape = kind, buffer, np.array(shape, np.int32)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1
