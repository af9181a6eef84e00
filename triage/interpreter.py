"""One interface to the TFLite runtimes: LiteRT, tflite_runtime and TensorFlow's interpreter."""

import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.errors import MissingDependency, UnusableInput
from triage.native_output import native_stderr_muted

# Name -> (module with Interpreter, distributions), in order of preference: the maintained runtime, its predecessor, and
# TensorFlow, which takes 3 s and ten times the memory to import.
RUNTIMES = {
    "ai_edge_litert": ("ai_edge_litert.interpreter", ("ai-edge-litert",)),
    "tflite_runtime": ("tflite_runtime.interpreter", ("tflite-runtime",)),
    "tensorflow": ("tensorflow.lite.python.interpreter", ("tensorflow", "tensorflow-cpu", "tensorflow-intel")),
}
TFLITE_IDENTIFIER = b"TFL3"
"""FlatBuffers file identifier of a TFLite model, at bytes 4 to 8."""
REMEDY = "Give a .tflite file made by `skin-distill convert`."
_registered: dict[str, tuple[ModuleType, str]] = {}


def register_runtime(name: str, version: str, module: ModuleType) -> None:
    """Add a runtime that pip cannot install and prefer it to all others; on Android LiteRT is a Java library.

    Args:
        name: of the runtime.
        version: of the runtime.
        module: has `Interpreter` and `OpResolverType` like `ai_edge_litert.interpreter`.
    """
    _registered[name] = module, version


def available_runtimes() -> dict[str, str]:
    """Return names and versions of the installed runtimes, preferred first, without importing them."""
    from importlib.metadata import PackageNotFoundError, version  # takes 10 ms

    found = {}
    for name in _installed():
        if name in _registered:
            found[name] = _registered[name][1]
            continue
        found[name] = "unknown"
        for distribution in RUNTIMES[name][1]:
            try:
                found[name] = version(distribution)
                break
            except PackageNotFoundError:
                continue
    return found


def _installed() -> Iterator[str]:
    yield from _registered
    yield from (name for name in RUNTIMES if name not in _registered and importlib.util.find_spec(name) is not None)


def open_interpreter(
    model: bytes, threads: int = 1, preserve_all_tensors: bool = False, use_delegate: bool = True
) -> "Interpreter":
    """Open a TFLite model with the preferred runtime.

    Args:
        model: the flatbuffer; runtimes ignore anything appended to it.
        threads: processor threads, at least 1.
        preserve_all_tensors: keep intermediate tensors readable through `Interpreter.raw`.
        use_delegate: use XNNPACK where possible; False uses the exact built-in kernels.

    Raises:
        UnusableInput: not a TFLite model, damaged, not exactly one image input, or operators that the runtime lacks
            or is known to compute wrongly.
        MissingDependency: no runtime is installed.
    """
    if threads < 1:
        raise UnusableInput(f"The number of threads must be at least 1. Received: {threads}.")
    if model[4:8] != TFLITE_IDENTIFIER:
        raise UnusableInput(
            f"Not a TFLite model: bytes 4 to 8 must be {TFLITE_IDENTIFIER!r}. Received: {model[4:8]!r}. {REMEDY}"
        )
    name, module = _import_runtime()
    options: dict[str, Any] = {"model_content": model, "num_threads": threads}
    if preserve_all_tensors:
        options["experimental_preserve_all_tensors"] = True
    if not use_delegate:
        options["experimental_op_resolver_type"] = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        with native_stderr_muted(), warnings.catch_warnings():
            # LiteRT warns that preserving tensors takes memory, TensorFlow that its interpreter is deprecated.
            warnings.simplefilter("ignore")
            raw = module.Interpreter(**options)
            if name not in _registered:
                check_input(raw.get_input_details())  # before the runtime complains of something else
            if name == "tflite_runtime":
                # Before anything runs: while preparing, some kernels spread one scale over all channels.
                _refuse_lost_scales(raw, _named(name))
            raw.allocate_tensors()
    except (ValueError, RuntimeError, TypeError) as error:
        raise UnusableInput(
            f"{name} cannot open this model. Received: {str(error).strip() or type(error).__name__}. "
            "The file is damaged, or needs another runtime version: `skin-distill doctor` lists the installed ones."
        ) from error
    return Interpreter(raw, name)


class Interpreter:
    """An opened model with one image input of any dtype. Not thread-safe: use one per thread.

    Attributes:
        raw: the runtime's interpreter with allocated tensors.
        input_shape: (1, height, width, 3).
        input_dtype: np.float32, np.uint8 or np.int8.
        input_quantization: (scale, zero point) of the input; (0.0, 0) for float.
        output_names: from the model's signature, in its order.
        output_shapes: shape of each output by name.
    """

    def __init__(self, raw: Any, runtime: str):
        """Wrap an interpreter of a named runtime, whose tensors are allocated.

        Raises:
            UnusableInput: the model does not take exactly one RGB image.
        """
        self.raw = raw
        self._runtime_name = runtime
        inputs = raw.get_input_details()
        check_input(inputs)
        _, height, width, _ = (int(side) for side in inputs[0]["shape"])
        self.input_shape: tuple[int, int, int, int] = (1, height, width, 3)
        self.input_dtype: type[np.generic] = np.dtype(inputs[0]["dtype"]).type
        scale, zero_point = inputs[0]["quantization"]
        self.input_quantization: tuple[float, int] = (float(scale), int(zero_point))
        self._input_index = int(inputs[0]["index"])
        self._outputs: dict[str, dict[str, Any]] = _outputs_by_name(raw)
        self.output_names: tuple[str, ...] = tuple(self._outputs)
        self.output_shapes: dict[str, tuple[int, ...]] = {
            name: tuple(int(side) for side in details["shape"]) for name, details in self._outputs.items()
        }
        self._pixel_values = self._values_of_pixels()
        self._plain_pixels = np.array_equal(self._pixel_values, np.arange(256))
        # On Android the tensor lies in Java's memory.
        self._in_place: Callable[[], Any] | None = raw.tensor(self._input_index) if hasattr(raw, "tensor") else None

    @cached_property
    def runtime(self) -> str:
        """Name and version of the runtime, as "ai_edge_litert 2.3.0"."""
        return _named(self._runtime_name)

    @property
    def input_size(self) -> int:
        """Side of the square input in pixels.

        Raises:
            UnusableInput: the input is not square.
        """
        _, height, width, _ = self.input_shape
        if height != width:
            raise UnusableInput(f"The model's input must be square. Received: {height} x {width}.")
        return height

    def run(self, pixels: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
        """Predict for one prepared photo.

        Args:
            pixels: uint8 [height, width, 3] or [1, height, width, 3] of the input's size, RGB.

        Returns:
            Output name -> float32 array of the output's shape, dequantized.

        Raises:
            UnusableInput: another shape or dtype.
        """
        if pixels.dtype != np.uint8:
            raise UnusableInput(f"Pixels must be uint8. Received: {pixels.dtype}. Use `run_tensor` for tensors.")
        batch = pixels[np.newaxis] if pixels.ndim == 3 else pixels
        self._check_shape(batch)
        if self._plain_pixels:
            return self._invoke(batch)
        # A copy of the values would push the weights out of the processor's cache.
        tensor = np.empty(self.input_shape, self.input_dtype) if self._in_place is None else self._in_place()
        if self.input_dtype == np.float32:
            np.divide(batch, np.float32(255), out=tensor)
        else:
            np.take(self._pixel_values, batch, out=tensor)
        if self._in_place is None:
            return self._invoke(tensor)
        del tensor  # the runtime refuses to run while a view of its memory is held
        return self._predictions()

    def run_tensor(self, tensor: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
        """Predict for one input tensor.

        Args:
            tensor: [1, height, width, 3] in the input's dtype (passed unchanged), or float32 in [0, 1] (quantized for
                integer inputs).

        Returns:
            Output name -> float32 array of the output's shape, dequantized.

        Raises:
            UnusableInput: another shape or dtype.
        """
        self._check_shape(tensor)
        if tensor.dtype == self.input_dtype:
            return self._invoke(np.ascontiguousarray(tensor))
        if tensor.dtype == np.float32:
            return self._invoke(self._quantized(tensor))
        raise UnusableInput(
            f"The tensor must be {self.input_dtype.__name__} or float32. Received: {tensor.dtype}. "
            "Use `run` for uint8 pixels."
        )

    def _check_shape(self, batch: npt.NDArray[Any]) -> None:
        if batch.shape != self.input_shape:
            raise UnusableInput(
                f"The model takes one image of shape {self.input_shape}. Received: {batch.shape}. "
                "Use triage.photo.prepare_pixels with the model's input size."
            )

    def _values_of_pixels(self) -> npt.NDArray[Any]:
        """Return the input value of each of the 256 pixel values."""
        fractions = np.arange(256, dtype=np.float32) / np.float32(255)
        return fractions if self.input_dtype == np.float32 else self._quantized(fractions)

    def _quantized(self, values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        scale, zero_point = self.input_quantization
        limits = np.iinfo(np.dtype(self.input_dtype).name)
        # An integer input without a scale takes plain pixel values.
        steps = values / scale + zero_point if scale else values * 255 + limits.min
        return np.clip(np.rint(steps), limits.min, limits.max).astype(self.input_dtype)

    def _invoke(self, tensor: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
        self.raw.set_tensor(self._input_index, tensor)
        return self._predictions()

    def _predictions(self) -> dict[str, npt.NDArray[np.float32]]:
        self.raw.invoke()
        return {name: self._dequantized(details) for name, details in self._outputs.items()}

    def _dequantized(self, details: dict[str, Any]) -> npt.NDArray[np.float32]:
        values: npt.NDArray[Any] = self.raw.get_tensor(details["index"])
        scale, zero_point = details["quantization"]
        if not scale or not np.issubdtype(values.dtype, np.integer):
            return values.astype(np.float32)
        real = (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)
        return np.asarray(real, dtype=np.float32)


def check_input(inputs: list[dict[str, Any]]) -> None:
    """Raise UnusableInput unless a model takes exactly one RGB image of a fixed size.

    Args:
        inputs: `get_input_details()` of a runtime.
    """
    shapes = [tuple(int(side) for side in details.get("shape_signature", details["shape"])) for details in inputs]
    shape, received = shapes[0] if len(shapes) == 1 else (), ", ".join(map(str, shapes)) or "none"
    if len(shape) == 4 and -1 in shape[1:]:
        raise UnusableInput(f"The model has no fixed input size: convert it with one. Received: input {received}.")
    if len(shape) != 4 or shape[0] not in (1, -1) or shape[3] != 3:
        channels_first = len(shape) == 4 and shape[1] == 3
        raise UnusableInput(
            f"The model must take one RGB image, [1, height, width, 3]. Received: inputs of shape {received}. "
            + ("Its channels come first (NCHW): convert it with channels last." if channels_first else REMEDY)
        )
    dtype = np.dtype(inputs[0]["dtype"])
    if dtype not in (np.float32, np.uint8, np.int8):
        raise UnusableInput(
            f"The model's input must be float32, uint8 or int8. Received: {dtype.name}. Convert it with such an input."
        )


def _import_runtime() -> tuple[str, ModuleType]:
    problems = []
    for name in _installed():
        if name in _registered:
            return name, _registered[name][0]
        try:
            with native_stderr_muted():
                return name, importlib.import_module(RUNTIMES[name][0])
        # tflite_runtime under numpy 2 fails with AttributeError or ImportError, by Python version.
        except (ImportError, AttributeError) as error:
            problems.append(f"{name}: {error}")
    raise MissingDependency(
        f"No TFLite runtime can be imported. Received: {'; '.join(problems) or 'none installed'}. "
        "Install one with `pip install ai-edge-litert`."
    )


def _named(name: str) -> str:
    """Return name and version of a runtime, such as "ai_edge_litert 2.3.0"."""
    return f"{name} {available_runtimes().get(name, 'unknown')}"


def _refuse_lost_scales(raw: Any, runtime: str) -> None:
    """Reject a model whose weights tflite_runtime would silently ignore.

    With float activations and 8-bit weights it uses one scale for all channels. For files with per-channel scales (from
    ai-edge-quantizer's dynamic range) that scale is 0 and the layer returns its bias. Measured with 2.8 and 2.14:
    always for dense layers, for convolutions if all scales are equal.
    """
    tensors = {int(tensor["index"]): tensor for tensor in raw.get_tensor_details()}
    # Private, but present in all versions, and the only way.
    for node in raw._get_ops_details():
        if node["op_name"] not in ("FULLY_CONNECTED", "CONV_2D"):
            continue
        image, weights = (tensors[int(index)] for index in node["inputs"][:2])
        scales = weights["quantization_parameters"]["scales"]
        lost = len(scales) > 1 and (node["op_name"] == "FULLY_CONNECTED" or len(set(scales.tolist())) == 1)
        if lost and image["dtype"] == np.float32 and weights["dtype"] == np.int8:
            raise UnusableInput(
                f"{runtime} computes wrong results for this model: it ignores per-channel 8-bit weights of layers with "
                f"float input. Received: such a {node['op_name']}. Install ai-edge-litert, "
                "or use the float32 or int8 file that `skin-distill convert` makes."
            )


def _outputs_by_name(raw: Any) -> dict[str, dict[str, Any]]:
    """Return tensor details by signature name; by tensor name if there is not exactly one signature."""
    details: Callable[[], Any] = raw.get_output_details
    if len(raw.get_signature_list()) == 1:
        by_index = {int(output["index"]): output for output in details()}
        named = raw.get_signature_runner().get_output_details()
        if all(int(output["index"]) in by_index for output in named.values()):
            return {name: by_index[int(output["index"])] for name, output in named.items()}
    return {output["name"]: output for output in details()}
