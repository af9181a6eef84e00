"""The feature maps of a student that heads of the release file look at, in Keras and in its files."""

from typing import TYPE_CHECKING

from convert.flatbuffer import Flatbuffer
from triage.errors import CheckFailed

if TYPE_CHECKING:
    import tf_keras as keras

_FEATURES = "/features/"


def map_layers(student: "keras.Model") -> list[str]:
    """Return the layers with the student's feature maps: of the sums that end a block, the last of each shape."""
    import tf_keras as keras

    sums = [layer for layer in student.layers if isinstance(layer, keras.layers.Add)]
    return list({layer.output_shape[1:]: str(layer.name) for layer in sums}.values())


def pooled_map(parsed: Flatbuffer) -> tuple[int, int]:
    """Return the tensors [1, h, w, channels] that is averaged to the pooled features, and [1, channels] of these.

    Raises:
        CheckFailed: the file has none, or several.
    """
    means = [o for o in parsed.operators if o.name == "MEAN" and len(parsed.shape(o.outputs[0])) == 2]
    named = [(o.inputs[0], o.outputs[0]) for o in means if _FEATURES in parsed.name(o.outputs[0])]
    if len(named) != 1:
        raise CheckFailed(
            f"The pooled features must be one MEAN operator of the layer 'features'. Received: {len(named)} such "
            f"operators among {len(means)}. Convert a student of `skin-distill distill`."
        )
    return named[0]


def map_of(parsed: Flatbuffer, layer: str) -> int:
    """Return the tensor of a layer's output.

    Raises:
        CheckFailed: the file has none, or several.
    """
    sums = {o.outputs[0] for o in parsed.operators if o.name == "ADD" and f"/{layer}/" in parsed.name(o.outputs[0])}
    if len(sums) != 1:
        raise CheckFailed(
            f"The feature map must be one ADD operator of the layer '{layer}'. Received: {len(sums)} such operators. "
            "Convert a student of `skin-distill distill`."
        )
    return sums.pop()
