import numpy as np
import pytest
import tf_keras as keras

from convert.flatbuffer import Flatbuffer
from convert.making.fast_path import on_fast_path
from convert.verifying.partitions import delegate_partitions
from distill.backbones.mobilenet_v3_small import HardSwish
from distill.student import build_student
from skin_training.predict import predict
from triage.errors import UnusableInput


def test_predictions_stay_the_same_without_hard_swish(student, photos):
    fast = on_fast_path(student)
    assert not any(isinstance(layer, HardSwish) for layer in fast.layers)
    for one, other in zip(predict(fast, photos), predict(student, photos), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_a_student_that_has_none_is_returned_as_it_is():
    student = build_student(3, 32, backbone="efficientnet_lite0")
    assert on_fast_path(student) is student


def test_a_factor_that_cannot_move_is_refused():
    image = keras.Input((8, 8, 3))
    swished = HardSwish(name="swish")(keras.layers.Conv2D(4, 1)(image))
    model = keras.Model(image, keras.layers.Conv2D(2, 1)(keras.layers.Softmax(name="no")(swished)))
    with pytest.raises(UnusableInput, match="Softmax"):
        on_fast_path(model)


@pytest.mark.parametrize("name", ["int8", "int8-qat", "float32"])
def test_the_graph_runs_whole_inside_xnnpack(flatbuffers, name):
    found = delegate_partitions(flatbuffers[name])
    assert (found.count, found.outside) == (1, [])


def test_the_stock_integer_graph_leaves_xnnpack_at_every_hard_swish(student, photos, to_int8):
    stock = to_int8(student, photos)
    found = delegate_partitions(stock)
    assert set(found.outside) == {"HARD_SWISH"}
    assert len(found.outside) == Flatbuffer(stock).operator_counts()["HARD_SWISH"]
    assert found.count > 10
