import numpy as np
import pytest
import tf_keras as keras

from skin_training.recipe import Phase, TeacherRecipe
from teacher.model import build_teacher, set_trainable
from teacher.phase_record import PARTS, moved_variables, weight_digests, weights_by_part
from triage.errors import UnusableInput

RECIPE = TeacherRecipe(phases=(), backbone="resnet10", weights="none", input_size=32)


@pytest.fixture(scope="module")
def teacher():
    keras.utils.set_random_seed(0)
    return build_teacher(RECIPE, 10)


def test_every_variable_belongs_to_one_part(teacher):
    parts = weights_by_part(teacher)
    assert tuple(parts) == PARTS
    names = [w.name for weights in parts.values() for w in weights]
    assert len(names) == len(set(names))
    # The dropout's counters are the only state that no phase trains.
    rest = {w.name for w in teacher.weights} - set(names)
    assert all("dropout" in name for name in rest), rest


@pytest.mark.parametrize("part", PARTS)
def test_a_moved_variable_is_counted_in_its_part(teacher, part):
    before = weight_digests(teacher)
    variable = weights_by_part(teacher)[part][-1]
    value = variable.numpy()
    variable.assign(value + np.float32(1e-6) * (1 + np.abs(value)))
    moved = moved_variables(before, weight_digests(teacher))
    variable.assign(value)
    assert {name: count["moved"] for name, count in moved.items()} == {name: int(name == part) for name in PARTS}
    assert moved[part]["of"] == len(before[part])


def test_a_frozen_ccm_stays_frozen_in_every_phase(teacher):
    for trains in ("top", "all"):
        moving = set_trainable(teacher, trains, frozen_ccm=True)
        assert not any("color_calibration" in name or "ccm" in name for name in moving)
        assert len(set_trainable(teacher, trains)) == len(moving) + 2


def test_a_phase_that_contradicts_itself_is_refused():
    for trains in ("last", "heads", "ccm"):
        with pytest.raises(UnusableInput, match="frozen_ccm"):
            Phase("b", trains, 1, 1e-3, frozen_ccm=True)
    with pytest.raises(UnusableInput, match="mixup"):
        Phase("a", "heads", 1, 1e-3, fixed_views=2, mixup=0.2)
