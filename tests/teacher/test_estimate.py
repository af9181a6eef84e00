import pytest

from skin_training.recipe import Phase, TeacherRecipe
from teacher.estimate import forward_passes, forward_seconds
from teacher.model import build_teacher


def test_passes_count_views_steps_validation_and_sizes():
    phases = (
        Phase("A heads", "heads", 5, 1e-3, fixed_views=3),
        Phase("C top", "top", 4, 1e-3, frozen_ccm=True, input_sizes=(32, 64)),
        Phase("D all", "all", 2, 1e-3),
    )
    passes = forward_passes(TeacherRecipe(phases, "resnet10", "none", 64), 100, 20)
    top = 2.1 * 100 + 20
    assert passes == pytest.approx(3 * 100 + 20 + 2 * (top / 4 + top) + 2 * (3 * 100 + 20))


def test_a_forward_pass_takes_time_and_changes_nothing():
    model = build_teacher(TeacherRecipe((Phase("A heads", "heads", 1, 1e-3),), "resnet10", "none", 32), 3)
    before = [weight.numpy().copy() for weight in model.weights]
    assert forward_seconds(model, 4) > 0
    assert all((one == other.numpy()).all() for one, other in zip(before, model.weights, strict=True))
