import itertools

import cv2
import numpy as np
import pytest

from mobile_app.guidance import LIMIT_MARGINS, MIN_TIP_S, TIP_PRIORITY, FrameAnalyzer, Guidance
from mobile_app.motion import STEADY_BELOW, MotionMeter
from mobile_app.sources.moving_light import FAULT_S, FAULTS, GOOD_S, PICTURE_S, LightState, MovingLight, light_at
from mobile_app.sources.phantom_stream import phantom_pictures
from mobile_app.sources.source import Frame
from triage.crop import Crop
from triage.framing import FRAMING_REASONS, NO_SKIN_BELOW, SPOT_REASONS, TOO_FAR_BELOW, measure_framing, preview_reasons
from triage.lighting import FEATURE_NAMES, REASONS, judge_lighting, measure_lighting
from triage.spot import Spot
from triage.tips import TIPS

HZ = 10
AT_LEAST = {"exposure", "sharpness", "coarse_sharpness", "skin_share", "skin_probability"}


class Film:
    """Shows frames to a guide at 10 a second."""

    def __init__(self):
        self.guide, self.number = FrameAnalyzer(), 0
        self.seen: list[Guidance] = []

    def show(self, photo: np.ndarray, seconds: float = 0.1) -> Guidance:
        for _ in range(round(seconds * HZ)):
            self.number += 1
            self.seen.append(self.guide.analyze(Frame(photo, 1000 + self.number / HZ, self.number)))
        return self.seen[-1]

    @property
    def changes(self) -> int:
        tips = [guidance.tip for guidance in self.seen]
        return sum(a != b for a, b in itertools.pairwise(tips))


@pytest.fixture(scope="module")
def light(lit_phantoms) -> MovingLight:
    height, width = lit_phantoms[0][0].shape[:2]
    return MovingLight(width, height)


def lit(light: MovingLight, photo: np.ndarray, fault: str = "", strength: float = 1.0) -> np.ndarray:
    return light.relight(photo, LightState(picture=1, fault=fault, strength=strength, direction=0.6))


def test_the_tables_name_what_exists():
    assert set(TIP_PRIORITY) == {*REASONS, *FRAMING_REASONS} <= set(TIPS)
    assert set(LIMIT_MARGINS) | {"colour_cast"} <= {*FEATURE_NAMES, "skin_share", "skin_probability"}
    assert set(FAULTS) == set(TIP_PRIORITY) - set(SPOT_REASONS)


def test_skin_of_every_tone_in_good_light_is_ready_and_never_called_too_dark(lit_phantoms, light):
    for photo, truth in lit_phantoms:
        film = Film()
        for _ in range(10):
            film.show(lit(light, photo))
        assert film.seen[-1].ready, (truth, film.seen[-1])
        # It has been dark; what is left of that must not stick to dark skin.
        for _ in range(6):
            film.show(lit(light, photo, "too_dark"))
        assert film.seen[-1].tip == "too_dark", truth
        assert not film.seen[-1].ready
        for _ in range(20):
            film.show(lit(light, photo))
        assert film.seen[-1].ready, (truth, film.seen[-1])
        assert {guidance.tip for guidance in film.seen} == {None, "too_dark"}, truth


def test_each_fault_gets_its_tip_on_every_tone_with_the_measure_that_decided(lit_phantoms, light):
    # On dark skin a smooth highlight can outweigh its faint texture, and blue light can make brown skin grey.
    told = {fault: [] for fault in ("too_bright", "uneven", "blurry", "too_far", "no_skin")}
    for photo, truth in lit_phantoms[::2]:
        for fault, tips in told.items():
            film = Film()
            for _ in range(5):
                guidance = film.show(lit(light, photo, fault))
            tips.append(guidance.tip == fault)
            if guidance.tip is None:
                continue
            (measure, value), (_, limit) = guidance.measured.items()
            assert (value < limit) == (measure in AT_LEAST), (truth, guidance)
            if guidance.tip in FRAMING_REASONS:
                assert limit == (NO_SKIN_BELOW if guidance.tip == "no_skin" else TOO_FAR_BELOW)
    assert {fault: np.mean(tips) for fault, tips in told.items() if np.mean(tips) < 0.8} == {}


@pytest.mark.slow
def test_the_demo_shows_every_tip_in_its_turn_and_ready_between(light):
    pictures = phantom_pictures()
    stream = MovingLight(1280, 720)
    for number, picture in enumerate(pictures):
        guide = FrameAnalyzer()
        for turn, fault in enumerate(FAULTS):
            begun = number * PICTURE_S + turn * (GOOD_S + FAULT_S)
            for name, at in (("", begun + 1.5), (fault, begun + GOOD_S + 1.2)):
                for step in range(8):
                    now = at + step / HZ
                    moment = light_at(now)
                    assert moment.fault == name
                    guidance = guide.analyze(Frame(stream.relight(picture, moment), 1000 + now, step))
                assert (guidance.tip, guidance.ready) == ((fault, False) if name else (None, True)), (number, fault)


def test_it_is_never_ready_while_a_fault_is_half_way_to_its_limit(light):
    picture, stream, probe = phantom_pictures()[0], MovingLight(1280, 720), MovingLight(1280, 720, 1)

    def is_faulty(state: LightState) -> bool:
        photo = probe.relight(picture, state)
        return bool(preview_reasons(judge_lighting(measure_lighting(photo)), measure_framing(photo)))

    ready = 0
    for turn, fault in enumerate(FAULTS[:-1]):  # after the last one the next picture comes
        begun = turn * (GOOD_S + FAULT_S)
        low, high = 0.0, 1.0
        for _ in range(5):
            middle = (low + high) / 2
            state = LightState(0, fault, middle, light_at(begun + GOOD_S).direction)
            low, high = (low, middle) if is_faulty(state) else (middle, high)
        guide = FrameAnalyzer()
        for start, seconds in ((begun + GOOD_S - 1.0, 1.6), (begun + GOOD_S + FAULT_S - 1.0, 2.0)):
            for step in range(round(seconds * HZ)):
                state = light_at(start + step / HZ)
                guidance = guide.analyze(Frame(stream.relight(picture, state), 1000 + start + step / HZ, step))
                ready += guidance.ready
                assert not (guidance.ready and state.fault and state.strength >= high / 2), (fault, state)
    assert ready > 50


def test_the_guide_looks_where_the_model_does(lit_phantoms):
    # Skin in the middle third of a grey wall.
    photo = np.full((360, 640, 3), 150, np.uint8)
    photo[120:240, 213:426] = cv2.resize(lit_phantoms[5][0], (213, 120), interpolation=cv2.INTER_AREA)
    for crop, tip in ((0.33, None), (0.8, "no_skin")):
        guide = FrameAnalyzer()
        for number in range(10):
            guidance = guide.analyze(Frame(photo, 1000 + number / HZ, number), Crop(fraction=crop))
        assert (guidance.tip, guidance.ready) == (tip, tip is None)


def test_one_frame_settles_nothing(lit_phantoms, light):
    good, dark = lit(light, lit_phantoms[5][0]), lit(light, lit_phantoms[5][0], "too_dark")
    film = Film()
    film.show(good, 1)
    for _ in range(5):
        film.show(dark)
        film.show(good, 0.4)
    assert film.changes == 0
    film.number += 30  # nothing came for three seconds
    assert film.show(dark).tip is None


def test_frames_that_disagree_do_not_make_it_flicker(lit_phantoms, light):
    good, dark = lit(light, lit_phantoms[5][0]), lit(light, lit_phantoms[5][0], "too_dark")
    film, generator = Film(), np.random.default_rng(0)
    for _ in range(300):
        film.show(dark if generator.random() < 0.5 else good)
    assert film.changes <= 300 / HZ / 2


def test_noise_at_a_limit_does_not_make_it_flicker(lit_phantoms, light):
    # Between dark and good light lies a strength at which the measure is at its limit.
    photo = lit_phantoms[8][0]
    low, high = 0.0, 1.0
    for _ in range(9):
        middle = (low + high) / 2
        film = Film()
        low, high = (low, middle) if film.show(lit(light, photo, "too_dark", middle), 0.5).tip else (middle, high)
    generator = np.random.default_rng(0)
    film = Film()
    for _ in range(200):
        strength = (low + high) / 2 + generator.normal(0, 0.01)
        film.show(lit(light, photo, "too_dark", strength))
    assert film.changes <= 4
    assert film.show(lit(light, photo), 3).ready


def test_a_tip_stays_long_enough_to_be_read(lit_phantoms, light):
    photo = lit_phantoms[5][0]
    film = Film()
    film.show(lit(light, photo), 1)
    film.show(lit(light, photo, "too_dark"), 0.4)
    film.show(lit(light, photo, "blurry"), 3)
    tips = [guidance.tip for guidance in film.seen]
    assert tips.count("too_dark") >= MIN_TIP_S * HZ
    assert tips[-1] == "blurry"


def test_a_moving_camera_is_not_ready_and_a_moving_light_is(lit_phantoms, light):
    for photo, truth in lit_phantoms[::5]:
        film = Film()
        for step in range(10):
            film.show(light.relight(photo, LightState(0, "", 0.0, 0.3 * step)))
        assert film.seen[-1].ready, truth
        for step in range(1, 6):
            guidance = film.show(lit(light, np.roll(photo, 25 * step, axis=1)))
        assert (guidance.tip, guidance.ready) == (None, False), truth
        assert guidance.measured["motion"] > guidance.measured["limit"] == STEADY_BELOW


@pytest.mark.parametrize("shift", [0, 8, 16])
def test_motion_is_the_shift_a_second(lit_phantoms, shift):
    # The guide is 0.8 x 640 pixels wide.
    for photo, truth in lit_phantoms:
        meter = MotionMeter()
        meter.measure(Frame(photo, 1.0, 1))
        measured = meter.measure(Frame(np.roll(photo, shift, axis=1), 1.2, 2))
        assert measured == pytest.approx(shift / 512 / 0.2, abs=0.02), truth


def test_motion_is_that_of_the_models_own_crop(lit_phantoms):
    for crop in (0.5, 1.0):
        meter = MotionMeter()
        for number in range(2):
            shifted = np.roll(lit_phantoms[5][0], 8 * number, axis=1)
            measured = meter.measure(Frame(shifted, 1 + number / 5, number), Crop(fraction=crop))
        assert measured == pytest.approx(8 / (crop * 640) / 0.2, abs=0.02)


def test_a_scene_without_detail_is_still_and_another_scene_is_not(lit_phantoms):
    generator = np.random.default_rng(0)
    flat = [np.clip(generator.normal(120, 3, (360, 640, 3)), 0, 255).astype(np.uint8) for _ in range(2)]
    meter = MotionMeter()
    meter.measure(Frame(flat[0], 1.0, 1))
    assert meter.measure(Frame(flat[1], 1.1, 2)) < STEADY_BELOW
    meter.measure(Frame(lit_phantoms[0][0], 1.2, 3))
    other = cv2.flip(lit_phantoms[-1][0], -1)
    assert meter.measure(Frame(other, 1.3, 4)) >= STEADY_BELOW


def test_the_tip_is_about_the_spot_where_the_model_is_sure_of_one(lit_phantoms):
    photo = lit_phantoms[5][0]
    for spot, tip in (
        (Spot(0.5, 0.5, 0.4, 0.5, 0.9), None),
        (Spot(0.5, 0.5, 0.1, 0.1, 0.9), "spot_small"),
        (Spot(0.85, 0.5, 0.1, 0.4, 0.9), "spot_aside"),
        (Spot(0.5, 0.5, 0.8, 0.8, 0.9), "spot_cut"),
        (Spot(0.5, 0.5, 0.1, 0.1, 0.1), None),
    ):
        guide = FrameAnalyzer()
        for number in range(20):
            guidance = guide.analyze(Frame(photo, 1000 + number / HZ, number), Crop("squashed", 0.8), spot)
        assert (guidance.tip, guidance.ready) == (tip, tip is None), spot
        assert (guidance.spot is not None) == (spot.confidence > 0.5)
