"""The output `spot` of a file: the head that was fitted to the float student, added to the file's graph in float."""

from typing import TYPE_CHECKING

import numpy as np

from convert.flatbuffer import Flatbuffer, packed, unpacked
from convert.making.feature_maps import map_layers, map_of
from convert.making.graph import Graph
from skin_training.spot import TO_CENTER_AND_SIZE, SpotHead, cell_centers
from triage.spot import SPOT

if TYPE_CHECKING:
    import tf_keras as keras

STRIDE = 16


def map_layer(student: "keras.Model") -> str | None:
    """Return the name of the layer with the student's last feature map of stride 16, the last sum of a block.

    None for a student without one; it can have no output `spot`.
    """
    side = -(-student.input_shape[1] // STRIDE)
    found = [name for name in map_layers(student) if student.get_layer(name).output_shape[1] == side]
    return found[-1] if found else None


def maps_of_student(student: "keras.Model", pixels: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Return the feature maps of uint8 [n, size, size, 3], float16 [n, h, w, channels]."""
    import tf_keras as keras

    from skin_training.predict import keras_forward

    if not hasattr(student, "_maps_forward"):
        # Kept on the student: a new graph for each batch of views would take longer than the batch.
        student._maps_forward = keras_forward(keras.Model(student.input, student.get_layer(map_layer(student)).output))
    forward = student._maps_forward
    starts = range(0, len(pixels), batch_size)
    return np.concatenate([forward(pixels[i : i + batch_size]).numpy().astype(np.float16) for i in starts])


def with_spot(flatbuffer: bytes, head: SpotHead, layer: str) -> bytes:
    """Return the model with the output `spot`, float32 [1, 5].

    Args:
        flatbuffer: the model of a student.
        head: fitted to the student.
        layer: of `map_layer`.
    """
    model = unpacked(flatbuffer)
    tensor = map_of(Flatbuffer(flatbuffer), layer)
    graph = Graph(model, SPOT)
    maps = graph.in_float(tensor)
    context = graph.dense(graph.mean(maps), head.context, half_precision=True)
    context = graph.reshape(context, [1, 1, 1, graph.width(context)])
    x = graph.sum(graph.pointwise(maps, head.entry, head.entry_bias), context, relu=True)
    for block in head.blocks:
        y = graph.pointwise(graph.depthwise(x, block.depthwise, block.shift), block.mix, block.bias)
        x = graph.sum(x, y, relu=True)
    _, height, width, _ = graph.shape(x)
    cells = height * width
    # The softmax of each of the five is over the cells.
    heat = graph.transposed(graph.reshape(graph.pointwise(x, head.heat), [cells, 5]))
    weights = graph.reshape(graph.transposed(graph.softmax(heat)), [1, height, width, 5])
    own = graph.constant(cell_centers(height, width)[None])
    proposals = graph.sum(graph.pointwise(x, head.proposals, head.proposals_bias), own)
    mean = graph.mean(graph.product(proposals, weights))
    # max(1 - max(1 - v, 0), 0) clips centre and size to [0, 1].
    to_box = np.concatenate([TO_CENTER_AND_SIZE, np.zeros((1, 4))])
    below_one = graph.dense(mean, -cells * to_box, np.ones(4), relu=True)
    box = graph.dense(below_one, -np.eye(4), np.ones(4), relu=True)
    confidence = graph.logistic(graph.dense(mean, cells * np.eye(5, 5)[:, 4:]))
    graph.finish(graph.joined(box, confidence))
    return packed(model)
