import dataclasses

import pytest

from skin_training.recipe import Phase, TeacherRecipe
from teacher.estimate import forward_passes, forward_seconds
from teacher.model import build_teacher

FORWARD = 150.0
"""Photos a second that EfficientNet-Lite2 predicts at 224 px on two idle cores."""


def passes(photos=1000, validation=0, **phase):
    phase = {"trains": "all", "epochs": 1, **phase}
    whole = Phase("last", "last", 1, 1e-3, fixed_views=1)  # sizes must end with the model's
    recipe = TeacherRecipe((Phase("one", learning_rate=1e-3, **phase), whole), "efficientnet_lite2")
    alone = dataclasses.replace(recipe, phases=(whole,))
    return forward_passes(recipe, photos, validation) - forward_passes(alone, photos, validation)


@pytest.mark.parametrize(
    ("trains", "side", "rate"),
    [("top", 128, 131), ("top", 160, 80), ("top", 224, 55), ("all", 128, 75), ("all", 160, 43), ("all", 224, 27)],
)
def test_an_epoch_takes_about_as_long_as_it_was_measured_to(trains, side, rate):
    """Photos a second of EfficientNet-Lite2's training on two idle cores."""
    found = passes(trains=trains, input_sizes=(side,), frozen_ccm=trains == "top") / FORWARD
    assert found == pytest.approx(1000 / rate, rel=0.2)


def test_a_phase_takes_longer_the_more_it_has_to_pass_back_through():
    cheap_first = [
        passes(trains="heads", fixed_views=1),
        passes(trains="top", frozen_ccm=True),
        passes(trains="ccm"),
        passes(trains="top"),
        passes(trains="all"),
    ]
    assert cheap_first == sorted(cheap_first) and len(set(cheap_first)) == 5


def test_a_phase_takes_longer_by_its_epochs_photos_and_views():
    assert passes(epochs=6) == pytest.approx(6 * passes())
    assert passes(photos=2000) == pytest.approx(2 * passes())
    assert passes(validation=500) == pytest.approx(passes() + 500)
    # Features are computed once, however many epochs train on them.
    assert passes(trains="heads", epochs=9, fixed_views=4) == pytest.approx(4 * passes(trains="heads", fixed_views=1))
    growing = passes(epochs=4, input_sizes=(128, 128, 160, 224))
    assert growing == pytest.approx(2 * passes(input_sizes=(128,)) + passes(input_sizes=(160,)) + passes())


def test_a_forward_pass_takes_time_and_changes_nothing():
    model = build_teacher(TeacherRecipe((Phase("A heads", "heads", 1, 1e-3),), "resnet10", "none", 32), 3)
    before = [weight.numpy().copy() for weight in model.weights]
    assert forward_seconds(model, 4) > 0
    assert all((one == other.numpy()).all() for one, other in zip(before, model.weights, strict=True))
