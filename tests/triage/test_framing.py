import cv2
import numpy as np
import pytest

from skin_data.phantom import render_phantom
from triage.crop import Crop
from triage.framing import (
    FRAMING_REASONS,
    TOO_FAR_BELOW,
    Framing,
    measure_framing,
    preview_reasons,
    spot_reason,
)
from triage.lighting import REASONS, LightingVerdict, judge_lighting, measure_lighting
from triage.photo import center_crop, samples
from triage.skin_region import find_skin
from triage.spot import Spot
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
            framing = measure_framing(photo)
            assert framing.probability > 0.5, truth
            assert preview_reasons(GOOD, framing) == (), truth


def test_a_fault_of_light_is_never_taken_for_missing_skin(phantoms):
    mistaken = [truth for photo, truth in phantoms if set(reasons_in(photo)) & set(FRAMING_REASONS)]
    assert not mistaken


@pytest.mark.parametrize("color", [(150, 150, 150), (236, 236, 236), (90, 90, 92), (90, 140, 50), (240, 220, 60)])
def test_what_is_not_skin_is_named(color):
    assert reasons_in(scene_of(color))[0] == "no_skin"


def scene_of_things(seed: int) -> np.ndarray:
    """Boxes of all colours, most of them wooden, with grain and edges."""
    generator = np.random.default_rng(seed)
    scene = np.full((192, 192, 3), (150, 110, 75), np.float32)
    for _ in range(60):
        left, top, width, height = generator.integers((-20, -20, 10, 10), (180, 180, 70, 50)).tolist()
        wood = np.array([165, 110, 70]) * generator.uniform(0.4, 1.3)
        color = wood if generator.random() < 0.7 else generator.uniform(20, 240, 3)
        cv2.rectangle(scene, (left, top), (left + width, top + height), color.tolist(), -1)
    grain = cv2.GaussianBlur(generator.normal(0, 1, (192, 192)), (0, 0), sigmaX=8, sigmaY=0.8)[..., np.newaxis]
    return np.clip(scene * np.exp(1.5 * grain), 0, 255).astype(np.uint8)


def test_wooden_things_are_no_skin():
    # The mean over the cells let many of them pass: wood has the colours of skin.
    found = [reasons_in(scene_of_things(seed))[:1] == ("no_skin",) for seed in range(20)]
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize("background", [(170, 170, 170), (80, 100, 150), (70, 70, 70)])
def test_skin_far_away_is_named_on_every_tone(phantoms, background):
    lit = [photo for photo, truth in phantoms if truth.lighting_ok][:40]
    for photo in lit:
        framing = measure_framing(before(scene_of(background), photo, 0.4))
        assert preview_reasons(GOOD, framing)[0] in FRAMING_REASONS, framing
        assert preview_reasons(GOOD, measure_framing(before(scene_of(background), photo, 0.8))) == ()


@pytest.mark.parametrize(
    ("light", "framing", "expected"),
    [
        ((), Framing(1.0, 1.0, 0.9), ()),
        (("uneven",), Framing(0.2, 1.0, 0.5), ("too_far", "uneven")),
        (("glare",), Framing(0.0, 1.0, 0.1), ("no_skin", "glare")),
        (("too_dark", "blurry"), Framing(0.0, 0.0, 0.1), ("too_dark", "blurry")),
        (("too_bright",), Framing(0.0, 0.0, 0.1), ("too_bright",)),
        (("uneven", "colour_cast"), Framing(0.0, 1.0, 0.1), ("colour_cast", "uneven")),
        (("colour_cast",), Framing(0.0, 0.0, 0.1), ("no_skin", "colour_cast")),
    ],
)
def test_what_hides_the_rest_comes_first(light, framing, expected):
    verdict = LightingVerdict(not light, tuple(reason for reason in REASONS if reason in light))
    assert preview_reasons(verdict, framing) == expected


def test_a_wall_that_is_paler_than_the_arm_is_no_skin(phantoms):
    arm = next(photo for photo, truth in phantoms if truth.lighting_ok and truth.ita < 0)
    scene = scene_of((214, 200, 182))
    scene[40:150] = arm[40:150]
    own = find_skin(samples(center_crop(scene), 224)).own
    rows = len(own)
    assert own[rows // 4 : rows // 2].mean() > 0.8
    assert own[: rows // 10].mean() < 0.1


def test_size_does_not_matter():
    photo, _ = render_phantom(SERIES, 0, 192)
    large = cv2.resize(photo, (1280, 720), interpolation=cv2.INTER_LINEAR)
    assert measure_framing(large).skin == pytest.approx(measure_framing(photo).skin, abs=0.02)


def test_skin_is_looked_for_where_the_model_looks(phantoms):
    photo = next(photo for photo, truth in phantoms if truth.lighting_ok)
    scene = before(scene_of((170, 170, 170)), photo, 0.5)
    assert measure_framing(scene, Crop(fraction=0.5)) == measure_framing(
        cv2.resize(photo, (96, 96)), Crop(fraction=1.0)
    )
    assert measure_framing(scene, Crop(fraction=0.8)) == measure_framing(scene)
    assert measure_framing(scene, Crop(fraction=0.5)).skin > TOO_FAR_BELOW > measure_framing(scene).skin


def test_the_smallest_photo_can_be_measured():
    framing = measure_framing(np.zeros((32, 32, 3), np.uint8))
    assert framing.skin_by_lamp == 0
    assert 0 <= framing.probability <= 1


@pytest.mark.parametrize(
    ("spot", "reason"),
    [
        ((0.5, 0.5, 0.4, 0.4), None),
        ((0.5, 0.5, 0.2, 0.2), "spot_small"),
        ((0.85, 0.5, 0.2, 0.2), "spot_aside"),
        ((0.15, 0.5, 0.29, 0.29), "spot_aside"),  # cut, but small: moving is enough
        ((0.5, 0.5, 1.0, 0.9), "spot_cut"),
    ],
)
def test_the_place_and_size_of_a_spot_are_judged_in_the_frame(spot, reason):
    x, y, width, height = spot
    assert spot_reason(Spot(*spot, 0.9), (0.0, 0.0, 1.0, 1.0)) == reason
    inside = Spot(0.25 + x / 2, y, width / 2, height, 0.9)
    assert spot_reason(inside, (0.25, 0.0, 0.5, 1.0)) == reason


def test_a_sure_spot_counts_instead_of_the_fraction_of_skin():
    far = Framing(0.2, 1.0, 0.9)
    assert preview_reasons(GOOD, far) == ("too_far",)
    assert preview_reasons(GOOD, far, Spot(0.5, 0.5, 0.4, 0.4, 0.9)) == ()
    assert preview_reasons(GOOD, far, Spot(0.5, 0.5, 0.1, 0.1, 0.9)) == ("spot_small",)
    assert preview_reasons(GOOD, Framing(0.0, 1.0, 0.1), Spot(0.5, 0.5, 0.4, 0.4, 0.9)) == ("no_skin",)
