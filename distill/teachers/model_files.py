"""Teachers that are a model's file: ONNX, TFLite, Keras."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from distill.teachers.external import OpenedModel, TeacherDescription, TeacherKind
from triage.atomic import sha256_of
from triage.errors import UnusableInput


def _open_onnx(target: str, description: TeacherDescription) -> OpenedModel:
    from teacher.external.onnx_model import OnnxModel

    model = OnnxModel(Path(target), description)
    return OpenedModel(model.run, model.sha256, model.size)


def _open_tflite(target: str, description: TeacherDescription) -> OpenedModel:
    from triage.interpreter import open_interpreter

    interpreter = open_interpreter(_existing(target).read_bytes(), threads=os.cpu_count() or 1)

    def run(images: np.ndarray) -> Mapping[str, np.ndarray]:
        found = [interpreter.run_tensor(tensor[None]) for tensor in description.tensor(images)]
        return {name: np.concatenate([outputs[name] for outputs in found]) for name in found[0]}

    return OpenedModel(run, sha256_of(Path(target)), _size(target, description, interpreter.input_size))


def _open_keras(target: str, description: TeacherDescription) -> OpenedModel:
    from distill.model_file import load_model

    model = load_model(_existing(target), any_outputs=True)

    def run(images: np.ndarray) -> Mapping[str, np.ndarray]:
        outputs = model(description.tensor(images), training=False)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return {name: value.numpy() for name, value in zip(model.output_names, outputs, strict=True)}

    return OpenedModel(run, sha256_of(Path(target)), _size(target, description, model.input_shape[1]))


def _existing(target: str) -> Path:
    if not Path(target).is_file():
        raise UnusableInput(f"No such model file. Received: {target}.")
    return Path(target)


def _size(target: str, description: TeacherDescription, size: int) -> int:
    if description.size not in (None, size) or description.layout == "nchw":
        raise UnusableInput(
            f"The input of {target} is [n, {size}, {size}, 3]. Received: size {description.size}, layout "
            f"{description.layout}. Correct the YAML beside it."
        )
    return size


ONNX = TeacherKind(r".+\.onnx", _open_onnx)
TFLITE = TeacherKind(r".+\.tflite", _open_tflite)
KERAS = TeacherKind(r".+\.keras", _open_keras)
