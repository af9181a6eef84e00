"""One face for the TFLite interpreters that exist: LiteRT, tflite_runtime, TensorFlow's own."""

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.errors import MissingDependency, UnusableInput
from triage.native_output import native_stderr_muted

# Name -> (module that holds Interpreter, distributions it may come from), in order of preference: the maintained
# runtime, its predecessor, and TensorFlow, which takes 3 s and ten times the memory to import.
RUNTIMES = {
    "ai_edge_litert": ("ai_edge_litert.interpreter", ("ai-edge-litert",)),
    "tflite_runtime": ("tflite_runtime.interpreter", ("tflite-runtime",)),
    "tensorflow": ("tensorflow.lite.python.interpreter", ("tensorflow", "tensorflow-cpu", "tensorflow-intel")),
}
TFLITE_IDENTIFIER = b"TFL3"
"""FlatBuffers file identifier of a TFLite model, at bytes 4 to 8."""
_registered: dict[str, tuple[ModuleType, str]] = {}


def register_runtime(name: str, version: str, module: ModuleType) -> None:
    """Offer a runtime that pip cannot install, before all others: on Android LiteRT is a Java library.

    Args:
        name: what it is called.
        version: of it.
        module: holds `Interpreter` and `OpResolverType`, to be used as those of `ai_edge_litert.interpreter`.
    """
    _registered[name] = module, version


def available_runtimes() -> dict[str, str]:
    """Names and versions of the runtimes at hand in order of preference. Nothing is imported."""
    found = {name: registered for name, (_, registered) in _registered.items()}
    for name, (_, distributions) in RUNTIMES.items():
        if importlib.util.find_spec(name) is None:
            continue
        for distribution in distributions:
            try:
                found[name] = version(distribution)
                break
            except PackageNotFoundError:
                continue
        else:
            found[name] = "unknown"
    return found


def open_interpreter(
    model: bytes, threads: int = 1, preserve_all_tensors: bool = False, use_delegate: bool = True
) -> "Interpreter":
    """Open a TFLite model with the best runtime that is installed.

    Args:
        model: the flatbuffer; anything appended to it is ignored by the runtimes.
        threads: processor threads, at least 1.
        preserve_all_tensors: keep intermediate results readable through `Interpreter.raw`.
        use_delegate: let XNNPACK take the operators that it knows. False runs the reference-exact built-in kernels.

    Raises:
        UnusableInput: not a TFLite model, damaged, with operators that the runtime lacks or is known to run wrongly,
            or not one image in.
        MissingDependency: no runtime is installed.
    """
    if threads < 1:
        raise UnusableInput(f"The number of threads must be at least 1. Received: {threads}.")
    if model[4:8] != TFLITE_IDENTIFIER:
        raise UnusableInput(
            f"Not a TFLite model: bytes 4 to 8 must be {TFLITE_IDENTIFIER!r}. Received: {model[4:8]!r}. "
            "Give a .tflite file made by `skin-distill convert`."
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
            if name == "tflite_runtime":
                # Before anything runs: some kernels spread one scale over all channels while they prepare.
                _refuse_lost_scales(raw, _named(name))
            raw.allocate_tensors()
    except (ValueError, RuntimeError, TypeError) as error:
        raise UnusableInput(
            f"{name} cannot open this model. Received: {str(error).strip() or type(error).__name__}. "
            "The file is damaged, or needs another runtime version: `skin-distill doctor` lists the installed ones."
        ) from error
    return Interpreter(raw, _named(name))


class Interpreter:
    """An opened model with one image input, whatever its number types. Not thread-safe: one for each thread.

    Attributes:
        raw: the runtime's own interpreter, tensors allocated.
        runtime: name and version of the runtime, as "ai_edge_litert 2.3.0".
        input_shape: (1, height, width, 3).
        input_dtype: np.float32, np.uint8 or np.int8.
        input_quantization: (scale, zero point) of the input; (0.0, 0) for float.
        output_names: names of the outputs by the model's signature, in its order.
        output_shapes: shape of each output by name.
    """

    def __init__(self, raw: Any, runtime: str):
        """Wrap an interpreter whose tensors are allocated.

        Raises:
            UnusableInput: the model does not take exactly one RGB image.
        """
        self.raw = raw
        self.runtime = runtime
        inputs = raw.get_input_details()
        shapes = [tuple(int(side) for side in details["shape"]) for details in inputs]
        if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][0] != 1 or shapes[0][3] != 3:
            raise UnusableInput(
                f"The model must take one RGB image, [1, height, width, 3]. Received: inputs of shape "
                f"{', '.join(map(str, shapes)) or 'none'}. Give a model made by `skin-distill convert`."
            )
        self.input_shape: tuple[int, int, int, int] = shapes[0]
        self.input_dtype: type[np.generic] = np.dtype(inputs[0]["dtype"]).type
        if self.input_dtype not in (np.float32, np.uint8, np.int8):
            raise UnusableInput(
                f"The model's input must be float32, uint8 or int8. Received: {self.input_dtype.__name__}."
            )
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
        self._tensor = np.empty(self.input_shape, self.input_dtype)  # used again and again

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
        """Answer for one prepared photo.

        Args:
            pixels: uint8 [height, width, 3] or [1, height, width, 3] of the input's size, RGB.

        Returns:
            Output name -> float32 array of the output's shape, dequantized.

        Raises:
            UnusableInput: another shape or number type.
        """
        if pixels.dtype != np.uint8:
            raise UnusableInput(f"Pixels must be uint8. Received: {pixels.dtype}. Use `run_tensor` for tensors.")
        batch = pixels[np.newaxis] if pixels.ndim == 3 else pixels
        self._check_shape(batch)
        return self._invoke(self._values_of(batch))

    def run_tensor(self, tensor: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
        """Answer for one input tensor.

        Args:
            tensor: [1, height, width, 3], in the input's own number type (set as it is), or float32 in [0, 1]
                (quantized first where the model's input is an integer).

        Returns:
            Output name -> float32 array of the output's shape, dequantized.

        Raises:
            UnusableInput: another shape or number type.
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

    def _values_of(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """The input tensor of uint8 pixels: by `_pixel_values`, but where the same can be had faster."""
        if self._plain_pixels:
            return batch
        if self.input_dtype == np.float32:
            np.divide(batch, np.float32(255), out=self._tensor)
        else:
            np.take(self._pixel_values, batch, out=self._tensor)
        return self._tensor

    def _values_of_pixels(self) -> npt.NDArray[Any]:
        """What each of the 256 pixel values becomes at the input, as a table: one look-up instead of arithmetic."""
        fractions = np.arange(256, dtype=np.float32) / np.float32(255)
        return fractions if self.input_dtype == np.float32 else self._quantized(fractions)

    def _quantized(self, values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        scale, zero_point = self.input_quantization
        limits = np.iinfo(np.dtype(self.input_dtype).name)
        # An integer input without a scale counts as plain pixel values.
        steps = values / scale + zero_point if scale else values * 255 + limits.min
        return np.clip(np.rint(steps), limits.min, limits.max).astype(self.input_dtype)

    def _invoke(self, tensor: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
        self.raw.set_tensor(self._input_index, tensor)
        self.raw.invoke()
        return {name: self._dequantized(details) for name, details in self._outputs.items()}

    def _dequantized(self, details: dict[str, Any]) -> npt.NDArray[np.float32]:
        values: npt.NDArray[Any] = self.raw.get_tensor(details["index"])
        scale, zero_point = details["quantization"]
        if not scale or not np.issubdtype(values.dtype, np.integer):
            return values.astype(np.float32)
        real = (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)
        return np.asarray(real, dtype=np.float32)


def _import_runtime() -> tuple[str, ModuleType]:
    problems = []
    for name in available_runtimes():
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
    """Name and version of a runtime, as "ai_edge_litert 2.3.0"."""
    return f"{name} {available_runtimes().get(name, 'unknown')}"


def _refuse_lost_scales(raw: Any, runtime: str) -> None:
    """Refuse a model whose weights tflite_runtime would ignore without a word.

    It computes with float activations and 8-bit weights by one scale for all channels. Where a file has a scale for
    each (ai-edge-quantizer's dynamic range does), that one scale is 0, and what comes out of the layer is its bias: so
    measured with 2.8 and 2.14, of dense layers always, of convolutions where the scales happen to be equal.
    """
    tensors = {int(tensor["index"]): tensor for tensor in raw.get_tensor_details()}
    # Private, but there in all versions, and there is no other way to ask.
    for node in raw._get_ops_details():
        if node["op_name"] not in ("FULLY_CONNECTED", "CONV_2D"):
            continue
        image, weights = (tensors[int(index)] for index in node["inputs"][:2])
        scales = weights["quantization_parameters"]["scales"]
        lost = len(scales) > 1 and (node["op_name"] == "FULLY_CONNECTED" or len(set(scales.tolist())) == 1)
        if lost and image["dtype"] == np.float32 and weights["dtype"] == np.int8:
            raise UnusableInput(
                f"{runtime} is known to answer wrongly for this model: it ignores 8-bit weights that have a scale for "
                f"each channel where the input is float. Received: such a {node['op_name']}. Install ai-edge-litert, "
                "or use the float32 or int8 file that `skin-distill convert` makes."
            )


def _outputs_by_name(raw: Any) -> dict[str, dict[str, Any]]:
    """Signature name -> tensor details; the tensors' own names where the model has no single signature."""
    details: Callable[[], Any] = raw.get_output_details
    if len(raw.get_signature_list()) == 1:
        by_index = {int(output["index"]): output for output in details()}
        named = raw.get_signature_runner().get_output_details()
        if all(int(output["index"]) in by_index for output in named.values()):
            return {name: by_index[int(output["index"])] for name, output in named.items()}
    return {output["name"]: output for output in details()}
