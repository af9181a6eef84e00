"""TFLite Metadata in the flatbuffer: what Android's tools and MediaPipe Tasks need to use the file.

Written slot by slot after `metadata_schema.fbs` 1.5.0 (the TensorFlow and MediaPipe authors), with fields that version
1.0.0 has: the packages that write it (tflite-support, mediapipe) cannot be installed beside this one.
"""

from collections.abc import Mapping
from typing import Any

import flatbuffers
from tensorflow.lite.python import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer, packed, unpacked
from triage.assessment import DISCLAIMER
from triage.crop import Crop
from triage.estimated_light import LIGHT_MEASURES
from triage.model_file import (
    CARD_NAME,
    FAMILIARITY_LABEL,
    FAMILIARITY_LABELS_NAME,
    LABELS_NAME,
    LIGHT_MEASURES_LABELS_NAME,
    LIGHTING_LABEL,
    LIGHTING_LABELS_NAME,
    SPOT_LABELS,
    SPOT_LABELS_NAME,
)
from triage.outputs import FAMILIARITY
from triage.spot import SPOT

BUFFER_NAME = b"TFLITE_METADATA"
IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.0.0"
DESCRIPTIONS, TENSOR_AXIS_LABELS = 1, 2  # AssociatedFileType
RGB = 1  # ColorSpaceType
FEATURE, IMAGE = 1, 2  # ContentProperties
NORMALIZATION = 1  # ProcessUnitOptions
PIXEL_MEAN, PIXEL_STD = 0.0, 255.0
"""(pixel - mean) / std gives the input's range, [0, 1]; readers quantize the result for an integer input."""


def with_metadata(flatbuffer: bytes, card: Mapping[str, Any]) -> bytes:
    """Add TFLite Metadata to a model.

    Args:
        flatbuffer: a model with one image input and the signature outputs `diagnosis`, `lighting` and possibly
            `familiarity` and `spot`.
        card: its card; `flatbuffer_sha256` is not needed yet.

    Returns:
        The model with the buffer `TFLITE_METADATA`, which names the files that `triage.model_file.pack_model` appends.
    """
    parsed, model = Flatbuffer(flatbuffer), unpacked(flatbuffer)
    entry, buffer = schema.MetadataT(), schema.BufferT()
    entry.name, entry.buffer = BUFFER_NAME, len(model.buffers)
    buffer.data = list(_encode(_describe(parsed, card)))
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    return packed(model)


class _Byte(int):
    """A number stored in one byte: an enumeration, or the type of a union."""


# A table maps slots to values; `_store` derives a slot's type from its value's.
_Table = dict[int, Any]


def _describe(parsed: Flatbuffer, card: Mapping[str, Any]) -> _Table:
    outputs = {
        "diagnosis": _tensor(
            "diagnosis", "Probability of each class.", FEATURE, {}, 1.0, LABELS_NAME, "Names of the classes, in order."
        ),
        "lighting": _tensor(
            "lighting", "Probability that the photo is well lit.", FEATURE, {}, 1.0, LIGHTING_LABELS_NAME,
            f"What the value is the probability of: {LIGHTING_LABEL}.",
        ),
        FAMILIARITY: _tensor(
            FAMILIARITY, "Fraction of validation photos that are less like the training photos.", FEATURE, {}, 1.0,
            FAMILIARITY_LABELS_NAME, f"What the value is the degree of: {FAMILIARITY_LABEL}.",
        ),
        SPOT: _tensor(
            SPOT, "Box of the main lesion in the image, and how sure it is.", FEATURE, {}, 1.0, SPOT_LABELS_NAME,
            f"The five numbers: {', '.join(SPOT_LABELS)}.",
        ),
        LIGHT_MEASURES: _tensor(
            LIGHT_MEASURES, "Estimated measures of the light, each in its own unit.", FEATURE, {}, 1.0,
            LIGHT_MEASURES_LABELS_NAME, "Names of the measures, in order.",
        ),
    }  # fmt: skip
    size, crop = card["input"]["size"], Crop.recorded(card["input"])
    image = _tensor(
        "image",
        f"Photo in sRGB, {size} x {size}: {crop.describe()}, resized by area averaging.",
        IMAGE,
        {0: _Byte(RGB), 1: {0: size, 1: size}},
        255.0 if card["input"]["dtype"] == "uint8" else 1.0,
    )
    image[4] = [{0: _Byte(NORMALIZATION), 1: {0: [PIXEL_MEAN], 1: [PIXEL_STD]}}]
    graph: _Table = {0: "main", 2: [image], 3: [outputs[name] for name in parsed.output_names()]}
    return {
        0: card["name"],
        1: f"Skin photo to {len(card['classes'])} classes, and whether the light is good. {DISCLAIMER}",
        3: [graph],
        4: "made with skin-distill",
        5: card["licence"],
        6: [{0: CARD_NAME, 1: "Classes, thresholds, lineage and figures of the model.", 2: _Byte(DESCRIPTIONS)}],
        7: MIN_PARSER_VERSION,
    }


def _tensor(
    name: str, description: str, content: int, properties: _Table, high: float, labels: str = "", meaning: str = ""
) -> _Table:
    tensor: _Table = {0: name, 1: description, 3: {0: _Byte(content), 1: properties}, 5: {0: [high], 1: [0.0]}}
    if labels:
        tensor[6] = [{0: labels, 1: meaning, 2: _Byte(TENSOR_AXIS_LABELS)}]
    return tensor


def _encode(table: _Table) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(_store(builder, table), IDENTIFIER)
    return bytes(builder.Output())


def _store(builder: Any, value: Any) -> int:
    """Write a string, vector or table after its parts, as flatbuffers require, and return its offset."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, list):
        if isinstance(value[0], float):
            return int(_vector(builder, value, builder.PrependFloat32))
        return int(_vector(builder, [_store(builder, part) for part in value], builder.PrependUOffsetTRelative))
    parts = {slot: part if isinstance(part, int) else _store(builder, part) for slot, part in value.items()}
    builder.StartObject(max(value, default=-1) + 1)
    for slot, part in parts.items():
        if isinstance(value[slot], _Byte):
            builder.PrependUint8Slot(slot, part, 0)
        elif isinstance(value[slot], int):
            builder.PrependUint32Slot(slot, part, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, part, 0)
    return int(builder.EndObject())


def _vector(builder: Any, values: list[Any], prepend: Any) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        prepend(value)
    return int(builder.EndVector())
