"""LiteRT's Java library behind the interface of `ai_edge_litert.interpreter`, so that `triage` runs unchanged.

`org.tensorflow.lite.Interpreter` (com.google.ai.edge.litert:litert 1.4) reads and writes direct byte buffers, so
tensors cross into Java as bytes, never number by number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from jnius import JavaException, autoclass

from mobile_app.android.java_error import java_message
from triage.errors import UnusableInput

NAME = "litert_java"
JAVA_CLASSES = (
    "java.nio.ByteBuffer",
    "java.nio.ByteOrder",
    "java.util.HashMap",
    "org.tensorflow.lite.DataType",
    "org.tensorflow.lite.Interpreter",
    "org.tensorflow.lite.Interpreter$Options",
    "org.tensorflow.lite.Tensor",
    "org.tensorflow.lite.Tensor$QuantizationParams",
    "org.tensorflow.lite.TensorFlowLite",
)
"""Java classes used here; see `start.load_classes`."""
DTYPES: dict[str, type[np.generic]] = {
    "FLOAT32": np.float32,
    "UINT8": np.uint8,
    "INT8": np.int8,
    "INT32": np.int32,
    "INT64": np.int64,
}
"""org.tensorflow.lite.DataType -> NumPy type."""


class OpResolverType(Enum):
    """The only kernel choice `triage` may request."""

    BUILTIN_WITHOUT_DEFAULT_DELEGATES = "reference kernels, without XNNPACK"


def version() -> str:
    """Load the Java library and return its version; "unknown" if that fails (opening a model then says why)."""
    try:
        return str(autoclass("org.tensorflow.lite.TensorFlowLite").runtimeVersion())
    except JavaException:
        return "unknown"


class Interpreter:
    """The methods of `ai_edge_litert.interpreter.Interpreter` that `triage.interpreter` calls. Not thread-safe."""

    def __init__(
        self,
        model_content: bytes,
        num_threads: int = 1,
        experimental_op_resolver_type: OpResolverType | None = None,
    ):
        """Open a model.

        Args:
            model_content: the flatbuffer.
            num_threads: processor threads.
            experimental_op_resolver_type: None for XNNPACK.

        Raises:
            ValueError: LiteRT rejects the model, it does not have exactly one signature, or a tensor type is not
                supported.
        """
        options = autoclass("org.tensorflow.lite.Interpreter$Options")()
        options.setNumThreads(num_threads)
        options.setUseXNNPACK(experimental_op_resolver_type is None)
        # Java reads the model in place: keep the buffer as long as the interpreter.
        self._model = _direct_buffer(len(model_content))
        try:
            self._model.put(model_content)
            self._java = autoclass("org.tensorflow.lite.Interpreter")(self._model, options)
            self._signature = self._only_signature()
            self._inputs, self._outputs = self._tensors()
        except JavaException as error:
            raise ValueError(java_message(error)) from error
        self._buffers: dict[int, Any] = {}
        self._input_map, self._output_map = self._buffers_of(self._inputs), self._buffers_of(self._outputs)

    def allocate_tensors(self) -> None:
        """Do nothing: Java allocates when it opens a model."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Return name, index, shape, dtype and quantization of each input."""
        return list(self._inputs.values())

    def get_output_details(self) -> list[dict[str, Any]]:
        """Return name, index, shape, dtype and quantization of each output."""
        return list(self._outputs.values())

    def get_signature_list(self) -> dict[str, dict[str, list[str]]]:
        """Return the names of inputs and outputs by signature."""
        return {self._signature: {"inputs": list(self._inputs), "outputs": list(self._outputs)}}

    def get_signature_runner(self) -> SimpleNamespace:
        """Return what `triage` uses of a signature runner: details by output name."""
        return SimpleNamespace(get_output_details=lambda: self._outputs)

    def set_tensor(self, index: int, value: npt.NDArray[Any]) -> None:
        """Copy an array of the input's shape and dtype into Java's buffer."""
        buffer = self._buffers[index]
        with _java_errors():
            buffer.rewind()
            buffer.put(value.tobytes())

    def invoke(self) -> None:
        """Run the model.

        Raises:
            UnusableInput: a Java exception.
        """
        with _java_errors():
            for details in self._outputs.values():
                # Java writes from the buffer's current position.
                self._buffers[details["index"]].rewind()
            self._java.runSignature(self._input_map, self._output_map, self._signature)

    def get_tensor(self, index: int) -> npt.NDArray[Any]:
        """Return a copy of an output."""
        details = next(d for d in self._outputs.values() if d["index"] == index)
        content = bytearray(_size(details))
        buffer = self._buffers[index]
        with _java_errors():
            buffer.rewind()
            buffer.get(content)
        return np.asarray(np.frombuffer(content, details["dtype"]).reshape(details["shape"]))

    def _only_signature(self) -> str:
        signatures = list(self._java.getSignatureKeys())
        if len(signatures) != 1:
            raise ValueError(f"{len(signatures)} signatures instead of one")
        return str(signatures[0])

    def _tensors(self) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        java, key = self._java, self._signature
        inputs = {name: java.getInputTensorFromSignature(name, key) for name in java.getSignatureInputs(key)}
        outputs = {name: java.getOutputTensorFromSignature(name, key) for name in java.getSignatureOutputs(key)}
        return {n: _details(t) for n, t in inputs.items()}, {n: _details(t) for n, t in outputs.items()}

    def _buffers_of(self, tensors: dict[str, dict[str, Any]]) -> Any:
        """Create a buffer for each tensor and return them as a Java map by name."""
        by_name = autoclass("java.util.HashMap")()
        for name, details in tensors.items():
            buffer = self._buffers[details["index"]] = _direct_buffer(_size(details))
            by_name.put(name, buffer)
        return by_name


def _direct_buffer(size: int) -> Any:
    order = autoclass("java.nio.ByteOrder").nativeOrder()
    return autoclass("java.nio.ByteBuffer").allocateDirect(size).order(order)


def _details(tensor: Any) -> dict[str, Any]:
    kind = str(tensor.dataType().toString())
    if kind not in DTYPES:
        raise ValueError(f"a tensor of type {kind}")
    quantization = tensor.quantizationParams()
    return {
        "name": tensor.name(),
        "index": tensor.index(),
        "shape": np.array(tensor.shape(), np.int32),
        "dtype": DTYPES[kind],
        "quantization": (quantization.getScale(), quantization.getZeroPoint()),
    }


def _size(details: dict[str, Any]) -> int:
    return int(np.prod(details["shape"])) * int(np.dtype(details["dtype"]).itemsize)


@contextmanager
def _java_errors() -> Iterator[None]:
    try:
        yield
    except JavaException as error:
        raise UnusableInput(
            f"LiteRT could not run the model. Received: {java_message(error)}. Restart the app; if that does not help, "
            "convert the model again with `skin-distill convert`."
        ) from error
