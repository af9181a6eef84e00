"""ONNX files, run by onnxruntime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from teacher.external.description import ModelDescription
from triage.atomic import sha256_of
from triage.errors import MissingDependency, UnusableInput

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class OnnxModel:
    """An ONNX network with one image input.

    Args:
        path: of the file.
        description: of its pixels.

    Attributes:
        size: side of its input in pixels.
        layout: "nhwc" or "nchw".
        sha256: of the file, and of `<file>.data` where its weights lie there.

    Raises:
        UnusableInput: not such a file, or its input is not what the description says.
        MissingDependency: onnxruntime is not installed.
    """

    def __init__(self, path: Path, description: ModelDescription):
        if not path.is_file():
            raise UnusableInput(f"No such ONNX file. Received: {path}.")
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDependency(
                f"{path} needs onnxruntime ({error}). Install it with: pip install 'skin-distill[onnx]'"
            ) from error
        self.path, self.description = path, description
        self.sha256 = "+".join(sha256_of(p) for p in (path, path.with_name(f"{path.name}.data")) if p.is_file())
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only
        # Threads that spin while they wait take the processor from TensorFlow's.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = [name for name in PROVIDERS if name in onnxruntime.get_available_providers()]
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers)
        except Exception as error:  # onnxruntime's own types
            raise UnusableInput(f"This ONNX file cannot be opened. Received: {path}: {_first_line(error)}.") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in DTYPES:
            shown = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
            raise UnusableInput(f"An ONNX model must take one batch of photos. Received: {path} with inputs {shown}.")
        self._input, self._dtype = inputs[0].name, DTYPES[inputs[0].type]
        if self._dtype == np.uint8 and description.scaling != "bytes":
            raise UnusableInput(
                f"This ONNX file takes pixels of 8 bits. Received: scaling {description.scaling} beside {path}. Set "
                "scaling: bytes."
            )
        shape = [side if isinstance(side, int) else None for side in inputs[0].shape]
        self._one_by_one = shape[0] == 1
        self.layout, self.size = self._checked_shape(shape)

    def _checked_shape(self, shape: list[int | None]) -> tuple[str, int]:
        described = self.description
        fitting = [name for name, axis in (("nhwc", 3), ("nchw", 1)) if shape[axis] in (3, None)]
        layout = described.layout or (fitting[0] if len(fitting) == 1 else None)
        if layout is None or layout not in fitting:
            raise UnusableInput(
                f"The layout must be {' or '.join(fitting) or 'of 3 channels'} for this input. Received: layout "
                f"{described.layout}, input {shape} of {self.path}. Correct it in the YAML beside it."
            )
        height, width = shape[1:3] if layout == "nhwc" else shape[2:]
        size = described.size or height or width
        if size is None or {height, width} - {None, size}:
            raise UnusableInput(
                f"The size must be the side of the square input. Received: size {described.size}, input {shape} of "
                f"{self.path}. Correct it in the YAML beside it."
            )
        return layout, size

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in order."""
        return [output.name for output in self._session.get_outputs()]

    def run(self, images: np.ndarray) -> Mapping[str, np.ndarray]:
        """Predict float32 [n, size, size, 3] in [0, 1]; return the outputs by name, float32 [n, ...].

        Raises:
            UnusableInput: onnxruntime refuses the input.
        """
        tensor = self.description.tensor(images)
        tensor = np.rint(tensor).astype(np.uint8) if self._dtype == np.uint8 else tensor.astype(self._dtype)
        if self.layout == "nchw":
            tensor = np.ascontiguousarray(tensor.transpose(0, 3, 1, 2))
        parts = np.split(tensor, len(tensor)) if self._one_by_one else [tensor]
        try:
            found = [self._session.run(None, {self._input: part}) for part in parts]
        except Exception as error:
            raise UnusableInput(
                f"The ONNX model refuses its input. Received: {self.path} with {self._dtype.__name__} "
                f"{list(tensor.shape)}: {_first_line(error)}. Check size and layout in the YAML beside it."
            ) from error
        outputs = [np.concatenate(each).astype(np.float32) for each in zip(*found, strict=True)]
        return dict(zip(self.output_names, outputs, strict=True))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300]
