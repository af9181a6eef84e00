import cv2
import numpy as np
import pytest

from skin_data.phantom import SCENES, render_phantom, render_scene
from triage.lighting import judge_lighting, measure_lighting
from triage.skin_tone import TONE_BUCKETS, tone_bucket

SERIES, COUNT, SIZE = 5, 72, 160


@pytest.fixture(scope="module")
def scenes():
    return [render_scene(SERIES, index, SIZE) for index in range(COUNT)]


def test_a_scene_depends_on_its_numbers_alone(scenes):
    again, truth = render_scene(SERIES, 9, SIZE)
    np.testing.assert_array_equal(again, scenes[9][0])
    assert truth == scenes[9][1]
    assert not np.array_equal(again, render_scene(SERIES + 1, 9, SIZE)[0])
    assert not np.array_equal(again, render_phantom(SERIES, 9, SIZE)[0])


def test_kinds_and_tones_take_turns(scenes):
    assert [truth.kind for _, truth in scenes[: len(SCENES)]] == list(SCENES)
    assert {tone_bucket(truth.ita) for _, truth in scenes} == set(TONE_BUCKETS)


def test_a_fall_of_the_light_changes_nothing_but_brightness(scenes):
    for index in range(len(SCENES)):
        falling, truth = render_scene(SERIES, index, SIZE, fall=3.0)
        assert truth.fall == 3.0
        ratio = np.log((falling.mean(axis=2) + 1) / (scenes[index][0].mean(axis=2) + 1))
        smooth = cv2.GaussianBlur(ratio, (0, 0), 8)
        assert smooth.max() - smooth.min() > 0.5
        assert abs(np.median(smooth)) < 0.2


def test_what_is_no_fault_of_the_light_is_called_none(scenes):
    # The plane that was fitted to all skin-coloured cells called more than half of the dark limbs unevenly lit.
    poor = [
        (truth, verdict.reasons)
        for photo, truth in scenes
        if not (verdict := judge_lighting(measure_lighting(photo))).ok
    ]
    assert len(poor) <= 0.05 * COUNT, poor


@pytest.mark.parametrize("kind", SCENES)
def test_a_fall_of_the_light_is_found_in_every_scene(kind):
    start = SCENES.index(kind)
    found = [
        "uneven" in judge_lighting(measure_lighting(render_scene(SERIES, index, SIZE, fall=6.0)[0])).reasons
        for index in range(start, COUNT, len(SCENES))
    ]
    assert np.mean(found) >= 0.8
