"""The output `spot` in every variant."""

import numpy as np
import pytest

from convert.flatbuffer import Flatbuffer
from convert.making.feature_maps import map_of
from convert.making.spot import map_layer, maps_of_student, with_spot
from convert.variants import VARIANTS
from convert.verifying.partitions import delegate_partitions
from distill.backbones import BACKBONES
from distill.student import build_student
from skin_training import predict
from skin_training.predict import keras_forward
from tests.environments.sample_models import random_head
from triage.errors import CheckFailed
from triage.interpreter import open_interpreter
from triage.spot import SPOT

MAX_BYTES = 40_000


@pytest.fixture(scope="module")
def head(student):
    return random_head(student.get_layer(map_layer(student)).output_shape[-1])


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_computes_the_head_on_its_own_map(flatbuffers, photos, student, head, variant):
    plain, layer = flatbuffers[variant], map_layer(student)
    grafted = with_spot(plain, head, layer)
    assert len(grafted) - len(plain) <= MAX_BYTES
    assert delegate_partitions(grafted).count <= delegate_partitions(plain).count
    before, after = open_interpreter(plain), open_interpreter(grafted, preserve_all_tensors=True)
    assert set(after.output_names) == {"diagnosis", "lighting", SPOT} and after.output_shapes[SPOT] == (1, 5)
    tensor = map_of(Flatbuffer(grafted), layer)
    (details,) = (d for d in after.raw.get_tensor_details() if d["index"] == tensor)
    scale, zero_point = details["quantization"]
    for photo in photos:
        outputs = after.run(photo)
        maps = after.raw.get_tensor(tensor).astype(np.float32)
        expected = head.predict((maps - zero_point) * scale if scale else maps)
        np.testing.assert_allclose(outputs[SPOT], expected, atol=0.01)
        for name, values in before.run(photo).items():
            np.testing.assert_array_equal(outputs[name], values)


def test_the_float_file_sees_the_students_map(flatbuffers, photos, student, head):
    file = open_interpreter(with_spot(flatbuffers["float32"], head, map_layer(student)))
    found = np.concatenate([file.run(photo)[SPOT] for photo in photos])
    np.testing.assert_allclose(found, head.predict(maps_of_student(student, photos)), atol=0.01)


def test_the_graph_of_the_maps_is_built_once_for_a_student(monkeypatch, photos):
    built = []
    monkeypatch.setattr(predict, "keras_forward", lambda model: built.append(model) or keras_forward(model))
    student = build_student(3, 64)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    first, second = maps_of_student(student, pixels), maps_of_student(student, pixels[:2])
    assert len(built) == 1
    np.testing.assert_allclose(second, first[:2], atol=0.01)
    student.set_weights([np.zeros_like(weights) for weights in student.get_weights()])
    assert not maps_of_student(student, pixels).any(), "the graph reads the weights of the moment"


def test_every_backbone_has_the_map():
    for name in BACKBONES:
        assert map_layer(build_student(3, 64, backbone=name)), name


def test_a_file_without_the_map_is_refused(flatbuffers, head):
    with pytest.raises(CheckFailed, match="other"):
        with_spot(flatbuffers["float32"], head, "other")
