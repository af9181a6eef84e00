"""A small teacher from elsewhere: the mean colour of a photo decides, in every form that `--teacher` takes."""

from pathlib import Path

import numpy as np
import yaml

SIZE, CLASSES = 8, ("class0", "class1", "class2")
WEIGHTS = np.array([[9, -4, -4], [-4, 9, -4], [-4, -4, 9]], np.float32)
TERMS = {"licence": "MIT", "training_data": ["somewhere"]}
DESCRIPTION = {**TERMS, "output": "logits", "classes": {name: name for name in CLASSES}}


def logits_of(images: np.ndarray) -> np.ndarray:
    """Float32 [n, side, side, 3] in [0, 1] to [n, 3]."""
    return images.mean(axis=(1, 2)) @ WEIGHTS


def photos(count: int = 24, size: int = SIZE, seed: int = 0) -> np.ndarray:
    """Photos of noise, uint8, with a colour for each class in turn."""
    pixels = np.random.default_rng(seed).integers(0, 100, (count, size, size, 3), np.uint8)
    pixels[np.arange(count), :, :, np.arange(count) % 3] += 120
    return pixels


def describe(path: Path, **changes: object) -> Path:
    """Write the description beside a model; None leaves a key out."""
    found = {key: value for key, value in {**DESCRIPTION, **changes}.items() if value is not None}
    path.with_suffix(".yaml").write_text(yaml.safe_dump(found, sort_keys=False))
    return path


def write_onnx(
    path: Path, layout: str = "nhwc", side: object = SIZE, batch: object = "n", more: bool = False, channels: object = 3
) -> Path:
    """Write the network; with `more` also its features and the lighting of a photo."""
    from onnx import TensorProto, helper, numpy_helper, save

    axes = [1, 2] if layout == "nhwc" else [2, 3]
    shape = [batch, side, side, channels] if layout == "nhwc" else [batch, channels, side, side]
    constants = [
        numpy_helper.from_array(np.array(axes, np.int64), "axes"),
        numpy_helper.from_array(WEIGHTS, "weights"),
        numpy_helper.from_array(np.full((3, 1), 1 / 3, np.float32), "thirds"),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["photo", "axes"], ["features"], keepdims=0),
        helper.make_node("MatMul", ["features", "weights"], ["diagnosis"]),
    ]
    outputs = [helper.make_tensor_value_info("diagnosis", TensorProto.FLOAT, [batch, 3])]
    if more:
        nodes.append(helper.make_node("MatMul", ["features", "thirds"], ["light"]))
        outputs.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, [batch, 3]))
        outputs.append(helper.make_tensor_value_info("light", TensorProto.FLOAT, [batch, 1]))
    photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "colour", [photo], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    save(model, str(path))
    return path


def write_table(path: Path, pixels: np.ndarray, views: np.ndarray, **changes: object) -> Path:
    """Write what predict.py writes, for photos, uint8 [n, side, side, 3], and the number of the view of each."""
    import hashlib

    table = {
        "sha256": np.array([hashlib.sha256(photo.tobytes()).hexdigest() for photo in pixels]),
        "view": np.asarray(views),
        "diagnosis": logits_of(pixels.astype(np.float32) / 255),
    }
    np.savez(path, **{key: value for key, value in {**table, **changes}.items() if value is not None})
    return path
