import cv2
import numpy as np
import pytest
from skimage.color import rgb2lab

from skin_data.phantom import contact_sheet, lesions, light, render_phantom, skin_optics
from skin_data.phantom.camera import encode

CLASSES = list(lesions.ARCHETYPES)


def test_a_phantom_depends_on_its_numbers_alone():
    one, truth = render_phantom(3, 17, 64)
    render_phantom(3, 18, 64)
    again, truth_again = render_phantom(3, 17, 64)
    np.testing.assert_array_equal(one, again)
    assert truth == truth_again
    assert not np.array_equal(one, render_phantom(4, 17, 64)[0])
    assert one.dtype == np.uint8
    assert one.shape == (64, 64, 3)


def test_a_perfect_white_is_white():
    np.testing.assert_allclose(skin_optics.linear_srgb(np.ones(31)), 1, atol=1e-9)


def test_color_matching_is_near_the_published_peaks():
    # CIE 1931: y peaks at 555 nm with 1.0, x at 600 nm with 1.06, z at 450 nm with 1.77.
    x, y, z = skin_optics.color_matching().T
    at = {int(w): n for n, w in enumerate(skin_optics.WAVELENGTHS)}
    assert y[at[560]] == pytest.approx(0.995, abs=0.02)
    assert x[at[600]] == pytest.approx(1.0622, abs=0.03)
    assert z[at[450]] == pytest.approx(1.7721, abs=0.06)


def test_more_melanin_darkens_and_more_blood_reddens():
    melanin = np.linspace(0.01, 0.5, 12)
    by_melanin = skin_optics.linear_srgb(skin_optics.reflectance(melanin, np.full(12, 0.01)))
    assert np.all(np.diff(skin_optics.individual_typology_angle(by_melanin)) < 0)
    blood = np.linspace(0.003, 0.08, 12)
    by_blood = skin_optics.linear_srgb(skin_optics.reflectance(np.full(12, 0.03), blood))
    assert np.all(np.diff(skin_optics.lab_of(by_blood)[:, 1]) > 0)


def test_haemoglobin_shows_its_two_bands():
    # Oxygenated blood absorbs at 542 and 577 nm and lets more through between them.
    spectrum = skin_optics.reflectance(np.array(0.02), np.array(0.03))
    at = {int(w): n for n, w in enumerate(skin_optics.WAVELENGTHS)}
    assert spectrum[at[560]] > spectrum[at[540]]
    assert spectrum[at[560]] > spectrum[at[580]]
    assert spectrum[at[650]] > 2 * spectrum[at[540]]


def test_the_table_equals_the_model():
    melanin = np.array([[0.02, 0.1], [0.3, 0.45]], np.float32)
    blood = np.array([[0.004, 0.02], [0.01, 0.06]], np.float32)
    expected = skin_optics.linear_srgb(skin_optics.reflectance(melanin.astype(float), blood.astype(float)))
    np.testing.assert_allclose(skin_optics.skin_color(melanin, blood), np.clip(expected, 0, 1), atol=0.004)


@pytest.mark.parametrize("ita", [50, 25, 0, -40])
def test_skin_has_the_angle_it_was_asked_for(ita):
    melanin = skin_optics.melanin_for(ita, 0.006)
    linear = skin_optics.linear_srgb(skin_optics.reflectance(np.array(melanin), np.array(0.006)))
    lightness, _, b = rgb2lab(encode(linear.reshape(1, 1, 3).astype(np.float32)))[0, 0]
    assert np.degrees(np.arctan2(lightness - 50, b)) == pytest.approx(ita, abs=2)


def test_classes_take_turns_and_tones_and_light_do_not_depend_on_them():
    truths = [render_phantom(1, index, 32)[1] for index in range(300)]
    assert [t.diagnosis for t in truths[:10]] == CLASSES
    angles = {name: np.array([t.ita for t in truths if t.diagnosis == name]) for name in CLASSES}
    everything = np.array([t.ita for t in truths])
    for values in angles.values():
        # Four standard errors of a mean of 30.
        assert abs(values.mean() - everything.mean()) < 4 * everything.std() / np.sqrt(30)
    for low, high in ((41, 90), (10, 41), (-90, 10)):
        assert 0.2 < np.mean((everything > low) & (everything <= high)) < 0.5
    well_lit = np.array([t.lighting_ok for t in truths])
    assert 0.45 < well_lit.mean() < 0.7
    assert {t.lighting_reason for t in truths} == {"", *light.FAULTS}
    assert all(t.lighting_ok == (t.lighting_reason == "") for t in truths)


@pytest.mark.parametrize("name", CLASSES)
def test_the_box_holds_the_lesion(name, monkeypatch):
    index = CLASSES.index(name)
    with_lesion, truth = render_phantom(6, index, 96)
    monkeypatch.setitem(lesions.ARCHETYPES, name, lambda generator, maps: np.ones((96, 96), np.float32))
    without, _ = render_phantom(6, index, 96)
    changed = np.abs(with_lesion.astype(int) - without).max(axis=2) > 25
    assert changed.sum() > 20
    left, top, right, bottom = truth.lesion_box
    inside = changed[top:bottom, left:right].sum()
    assert inside > 0.85 * changed.sum()
    assert 0 <= left < right <= 96
    assert 0 <= top < bottom <= 96


def with_fault(monkeypatch, fault, index=2):
    """The same phantom in good light and under one fault."""
    pictures = []
    for share, faults in ((1.1, light.FAULTS), (-0.1, (fault,))):
        monkeypatch.setattr(light, "WELL_LIT_SHARE", share)
        monkeypatch.setattr(light, "FAULTS", faults)
        pictures.append(render_phantom(2, index, 128)[0].astype(float))
    return pictures


def sharpness(picture):
    return cv2.Laplacian(picture.mean(axis=2), cv2.CV_64F).var()


@pytest.mark.parametrize(
    ("fault", "measure"),
    [
        ("too_dark", lambda p: -p.mean()),
        ("too_bright", lambda p: p.mean()),
        ("glare", lambda p: np.mean(p.min(axis=2) > 200)),
        ("uneven", lambda p: cv2.resize(p.mean(axis=2), (4, 4), interpolation=cv2.INTER_AREA).std() / p.mean()),
        ("blurry", lambda p: -sharpness(p)),
        ("colour_cast", lambda p: abs(np.log(p[..., 0].mean() / p[..., 2].mean()) - 0.6)),
    ],
)
def test_a_fault_can_be_measured(monkeypatch, fault, measure):
    good, bad = with_fault(monkeypatch, fault)
    assert measure(bad) > measure(good)


def test_the_contact_sheet_shows_all_classes():
    sheet = contact_sheet(1, 1, 32)
    assert sheet.shape == (32, 320, 3)
