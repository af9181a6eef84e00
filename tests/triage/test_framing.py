import cv2
import numpy as np
import pytest

from skin_data.phantom import render_phantom
from triage.framing import FRAMING_REASONS, TOO_FAR_BELOW, Framing, measure_framing, preview_reasons
from triage.lighting import REASONS, LightingVerdict, judge_lighting, measure_lighting
from triage.tips import TIPS

GOOD = LightingVerdict(True, ())
SERIES = 78
COUNT = 150


@pytest.fixture(scope="module")
def phantoms():
    return [render_phantom(SERIES, index, 192) for index in range(COUNT)]


def reasons_in(photo: np.ndarray) -> tuple[str, ...]:
    return preview_reasons(judge_lighting(measure_lighting(photo)), measure_framing(photo))


def before(background: np.ndarray, photo: np.ndarray, side: float) -> np.ndarray:
    """A photo seen from far away: it fills `side` of the picture's width in the middle of a background."""
    scene = background.copy()
    small = cv2.resize(photo, None, fx=side * len(scene) / len(photo), fy=side * len(scene) / len(photo))
    top = (len(scene) - len(small)) // 2
    scene[top : top + len(small), top : top + len(small)] = small
    return scene


def scene_of(color: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 12, (192, 192, 1)), (0, 0), 1.5)[..., np.newaxis]
    return np.clip(np.array(color) + 8 * noise, 0, 255).astype(np.uint8)


def test_every_reason_has_a_tip():
    assert set(FRAMING_REASONS) <= set(TIPS)


def test_skin_of_every_tone_fills_the_guide(phantoms):
    for photo, truth in phantoms:
        if truth.lighting_ok:
            assert measure_framing(photo).skin > 0.9, truth


def test_a_fault_of_light_is_never_taken_for_missing_skin(phantoms):
    mistaken = [truth for photo, truth in phantoms if set(reasons_in(photo)) & set(FRAMING_REASONS)]
    assert not mistaken


@pytest.mark.parametrize("color", [(150, 150, 150), (236, 236, 236), (90, 90, 92), (90, 140, 50), (240, 220, 60)])
def test_what_is_not_skin_is_named(color):
    assert reasons_in(scene_of(color))[0] == "no_skin"


@pytest.mark.parametrize("background", [(170, 170, 170), (80, 100, 150), (70, 70, 70)])
def test_skin_far_away_is_named_on_every_tone(phantoms, background):
    lit = [photo for photo, truth in phantoms if truth.lighting_ok][:40]
    for photo in lit:
        framing = measure_framing(before(scene_of(background), photo, 0.5))
        assert preview_reasons(GOOD, framing)[0] == "too_far", framing
        assert preview_reasons(GOOD, measure_framing(before(scene_of(background), photo, 0.8))) == ()


@pytest.mark.parametrize(
    ("light", "skin", "by_lamp", "expected"),
    [
        ((), 1.0, 1.0, ()),
        (("uneven",), 0.3, 1.0, ("too_far", "uneven")),
        (("glare",), 0.0, 1.0, ("no_skin", "glare")),
        (("too_dark", "blurry"), 0.0, 0.0, ("too_dark", "blurry")),
        (("too_bright",), 0.0, 0.0, ("too_bright",)),
        (("uneven", "colour_cast"), 0.0, 1.0, ("colour_cast", "uneven")),
        (("colour_cast",), 0.0, 0.0, ("no_skin", "colour_cast")),
    ],
)
def test_what_hides_the_rest_comes_first(light, skin, by_lamp, expected):
    verdict = LightingVerdict(not light, tuple(reason for reason in REASONS if reason in light))
    assert preview_reasons(verdict, Framing(skin, by_lamp)) == expected


def test_size_does_not_matter():
    photo, _ = render_phantom(SERIES, 0, 192)
    large = cv2.resize(photo, (1280, 720), interpolation=cv2.INTER_LINEAR)
    assert measure_framing(large).skin == pytest.approx(measure_framing(photo).skin, abs=0.02)


def test_skin_is_looked_for_where_the_model_looks(phantoms):
    photo = next(photo for photo, truth in phantoms if truth.lighting_ok)
    scene = before(scene_of((170, 170, 170)), photo, 0.5)
    assert measure_framing(scene, 0.5) == measure_framing(cv2.resize(photo, (96, 96)), 1.0)
    assert measure_framing(scene, 0.8) == measure_framing(scene)
    assert measure_framing(scene, 0.5).skin > 0.9 > TOO_FAR_BELOW > measure_framing(scene).skin


def test_the_smallest_photo_can_be_measured():
    assert measure_framing(np.zeros((32, 32, 3), np.uint8)) == Framing(0.0, 0.0)
