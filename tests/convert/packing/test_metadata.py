import json
import zipfile

import numpy as np
import pytest

from convert.flatbuffer import Flatbuffer
from convert.packing.metadata import with_metadata
from tests.environments.sample_models import write_samples
from triage.interpreter import open_interpreter
from triage.model_file import read_model

CARD = {
    "name": "tiny",
    "classes": [{"name": f"Class {number}"} for number in range(10)],
    "input": {"size": 32, "crop_fraction": 0.8, "dtype": "uint8"},
    "licence": "MIT",
}


@pytest.mark.parametrize("name", ["float32", "int8"])
def test_metadata_changes_no_prediction(flatbuffers, photos, name):
    described = open_interpreter(with_metadata(flatbuffers[name], CARD))
    plain = open_interpreter(flatbuffers[name])
    assert described.output_names == plain.output_names
    for photo in photos[:4]:
        for output, value in plain.run(photo).items():
            np.testing.assert_array_equal(described.run(photo)[output], value)


def test_an_independent_reader_finds_the_metadata(flatbuffers):
    """Parses the metadata by the rules of flatbuffers alone; test_environments uses MediaPipe's own reader."""
    from tensorflow.lite.python import schema_py_generated as schema

    data = with_metadata(flatbuffers["int8"], CARD)
    model = schema.Model.GetRootAsModel(data, 0)
    names = [model.Metadata(number).Name() for number in range(model.MetadataLength())]
    buffer = model.Buffers(model.Metadata(names.index(b"TFLITE_METADATA")).Buffer()).DataAsNumpy().tobytes()
    assert buffer[4:8] == b"M001"

    def number(at, kind="<i4"):
        return int(np.frombuffer(buffer, kind, 1, at)[0])

    def field(table, slot):
        return table + number(table - number(table) + 4 + 2 * slot, "<u2")

    def follow(at):
        return at + number(at, "<u4")

    def text(at):
        at = follow(at)
        return buffer[at + 4 : at + 4 + number(at, "<u4")].decode()

    root = follow(0)
    assert (text(field(root, 0)), text(field(root, 5)), text(field(root, 7))) == ("tiny", "MIT", "1.0.0")
    graph = follow(follow(field(root, 3)) + 4)
    outputs = follow(field(graph, 3))
    found = [text(field(follow(outputs + 4 + 4 * i), 0)) for i in range(number(outputs, "<u4"))]
    assert found == Flatbuffer(data).output_names()


def test_the_metadata_names_the_packed_files(student, photos, tmp_path):
    path = write_samples(student, photos, ["float32"], tmp_path)["float32"]
    model = read_model(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            "labels.txt",
            "lighting_labels.txt",
            "familiarity_labels.txt",
            "spot_labels.txt",
            "card.json",
        ]
        assert all(name.encode() in model.flatbuffer for name in archive.namelist())
        assert len(archive.read("labels.txt").decode().splitlines()) == len(
            json.loads(archive.read("card.json"))["classes"]
        )
