"""Views for the output `spot`: lesions moved, shrunk and enlarged within pictures, with their box.

Three kinds of views show lesions of every size, most near the middle, where photographers put them: crops of the photo,
its lesion pasted onto plain skin of another photo (after Dwibedi et al. 2017, "Cut, Paste and Learn"), and that skin
without a lesion. A box reaches beyond the view where the view cuts the lesion.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from triage.photo import Photo, resize_pixels, small_copy
from triage.skin_region import find_skin

Box = np.ndarray
"""float [4]: left, top, right, bottom as fractions of a picture."""
PASTED = 0.5
"""Fraction of a lesion's views; the others are crops of its photo."""
MIDDLE, SPREAD = 0.6, 0.12
"""Fraction of the views with the lesion near the middle, and its standard deviation there; else it is anywhere."""
FILL, LEAST_PIXELS = (0.15, 1.2), 48
"""Longer side of a lesion as a fraction of a crop's, log-uniform, and a crop's least side in pixels."""
SMALLEST_CROP, ASPECT = 0.45, 1.5
"""Smallest side of a crop without a box as a fraction of the photo's, and largest ratio between a crop's sides."""
SIZES = (0.07, 0.9)
"""Longer side of a pasted lesion as a fraction of the view's, log-uniform."""
SURROUNDINGS = (1.25, 1.6)
"""Axes of the pasted ellipse, in diagonals of the box: a lesion is pasted with the skin around it."""
LEAST_VISIBLE = 0.6
"""Fraction of a lesion's box that a view must show."""
GAINS = (0.35, 2.8)
"""Limits of what a lesion's colours are multiplied with, so that the skin around it matches the other skin."""
RECOLOURED = 0.5
"""Fraction of the pasted lesions whose difference from the skin is changed, each colour by a factor of its own:
dermoscopy shows brown lesions, other photos also pink, pale and scaling ones."""
FACTORS = ((-0.4, 1.2), (0.3, 1.2), (0.3, 1.2))
"""Limits of these factors for red, green and blue."""
PEN = 0.2
"""Fraction of the pasted lesions with a stroke of a pen beside or around them, as surgeons make."""
PLAIN_SIDE, PLAIN_TRIES = 64, 8
"""Pixels at which a window is judged, and windows of one photo that are."""
PLAIN_WINDOWS = (0.3, 0.8)
"""Side of a window of plain skin as a fraction of the photo's shorter side."""
PLAIN_BELOW, BESIDE_BELOW = 4.0, 10.0
"""Largest residual of a window of plain skin, CIELAB units, once a plane is taken off: the light falls off in one.
Beside a known lesion, what is less plain is hair, folds, clothes and the like, which a lesion must be told from."""


class View(NamedTuple):
    """A picture, uint8 [size, size, 3], and the lesion's box in it, float32 [4]; NaN where there is none."""

    pixels: Photo
    box: Box


@dataclass(frozen=True)
class Lesion:
    """A photo with its lesion's box."""

    photo: Photo
    box: Box


def view_of_lesion(generator: np.random.Generator, lesion: Lesion, skins: list[Photo], size: int) -> View:
    """Draw a view of a lesion: a crop of its photo, or the lesion on one of the plain skins, if there is any."""
    pasted = len(skins) > 0 and generator.random() < PASTED
    view = _pasted(generator, lesion, skins, size) if pasted else _cropped(generator, lesion, size)
    return _varied(generator, view)


def view_of_skin(generator: np.random.Generator, skin: Photo, size: int) -> View:
    """Draw a view without a lesion."""
    return _varied(generator, View(_background(generator, skin, size), np.full(4, np.nan, np.float32)))


def view_of_photo(generator: np.random.Generator, photo: Photo, size: int) -> View:
    """Draw a view of a photo whose box is not known, or that has no single lesion."""
    sides = np.minimum(_unequal(generator, generator.uniform(SMALLEST_CROP, 1)), 1)
    start = generator.uniform(0, 1, 2) * (1 - sides)
    return _varied(generator, _cut(Lesion(photo, np.full(4, np.nan)), np.concatenate([start, start + sides]), size))


def plain_skin(generator: np.random.Generator, photo: Photo, box: Box | None = None) -> Photo | None:
    """Look for a window of plain skin in a photo, outside of its lesion's box; None where none is found."""
    height, width = photo.shape[:2]
    known = box is not None and np.isfinite(box).all()
    best, found = BESIDE_BELOW if known else PLAIN_BELOW, None
    for _ in range(PLAIN_TRIES):
        side = round(float(generator.uniform(*PLAIN_WINDOWS)) * min(width, height))
        x, y = (int(generator.integers(0, length - side + 1)) for length in (width, height))
        if box is not None and known:
            left, top, right, bottom = box * [width, height, width, height]
            if min(right, x + side) > max(left, x) and min(bottom, y + side) > max(top, y):
                continue
        window = photo[y : y + side, x : x + side]
        if (residual := _unevenness(window)) < best:
            best, found = residual, window
            if known:
                break
    return found if found is not None and find_skin(np.ascontiguousarray(found)).probability > 0.5 else None


def _unevenness(window: Photo) -> float:
    """Root mean square of what remains of blurred CIELAB values without a plane, colour counting twice."""
    small = cv2.GaussianBlur(small_copy(window, PLAIN_SIDE), (0, 0), 2).astype(np.float32) / np.float32(255)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3) * [1, 2, 2]
    rows, columns = np.indices(small.shape[:2])
    plane = np.stack([np.ones(rows.size), rows.ravel(), columns.ravel()], axis=1)
    return float(np.sqrt(((lab - plane @ np.linalg.lstsq(plane, lab, rcond=None)[0]) ** 2).mean()))


def _cropped(generator: np.random.Generator, lesion: Lesion, size: int) -> View:
    """Draw a crop of the photo that shows most of the lesion's box."""
    height, width = lesion.photo.shape[:2]
    box, least = lesion.box, np.minimum(LEAST_PIXELS / np.array([width, height]), 1)
    while True:
        side = (box[2:] - box[:2]).max() / np.exp(generator.uniform(*np.log(FILL)))
        sides = np.clip(_unequal(generator, side), least, 1)
        start = np.clip((box[:2] + box[2:]) / 2 - _place(generator) * sides, 0, 1 - sides)
        crop = np.concatenate([start, start + sides])
        # A crop that a large lesion fills shows enough of it.
        if _visible(box, crop) >= LEAST_VISIBLE or _shown(box, crop).min() > 0.9:
            return _cut(lesion, crop, size)


def _cut(lesion: Lesion, crop: Box, size: int) -> View:
    height, width = lesion.photo.shape[:2]
    x0, y0, x1, y1 = np.round(crop * [width, height, width, height]).astype(int)
    box = _within(lesion.box, np.array([x0, y0, x1, y1]) / [width, height, width, height])
    return View(resize_pixels(lesion.photo[y0:y1, x0:x1], size, size), box.astype(np.float32))


def _unequal(generator: np.random.Generator, side: float) -> np.ndarray:
    """Return the sides of a crop, [2], one of them longer than the other by up to `ASPECT`."""
    sides = side * np.array([1, generator.uniform(1, ASPECT)])
    return sides if generator.random() < 0.5 else sides[::-1]


def _place(generator: np.random.Generator) -> np.ndarray:
    """Draw where in a view a lesion's centre lies, [2]."""
    if generator.random() < MIDDLE:
        return np.clip(generator.normal(0.5, SPREAD, 2), 0, 1)
    return generator.uniform(0, 1, 2)


def _pasted(generator: np.random.Generator, lesion: Lesion, skins: list[Photo], size: int) -> View:
    """Paste the lesion with the skin around it onto other skin, in that skin's colour."""
    photo = lesion.photo
    height, width = photo.shape[:2]
    left, top, right, bottom = lesion.box * [width, height, width, height]
    center, axes = np.array([left + right, top + bottom]) / 2, np.array([right - left, bottom - top]) / 2
    # Scale, from the photo's to the view's pixels; the ratio of the sides varies as in photos squashed to a square.
    longest = np.exp(generator.uniform(*np.log(SIZES))) * size
    scale = longest / (2 * axes.max()) * np.exp(generator.uniform(-0.15, 0.15, 2))
    while True:
        place = _place(generator) * size
        box = np.concatenate([place - axes * scale, place + axes * scale]) / size
        if _visible(box, np.array([0.0, 0, 1, 1])) >= LEAST_VISIBLE:
            break
    transform = np.concatenate([np.diag(scale), (place - center * scale)[:, None]], axis=1)
    shrunk = photo
    if scale.max() < 0.5:  # `warpAffine` does not average
        factor = 2 * scale.max()
        shrunk = np.asarray(cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        transform[:, :2] /= [shrunk.shape[1] / width, shrunk.shape[0] / height]
    moved = cv2.warpAffine(shrunk, transform, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rows, columns = np.ogrid[:size, :size]
    ends = np.array([[0, 0], [width, height]]) * scale + transform[:, 2]
    seen = (columns >= ends[0, 0]) & (columns < ends[1, 0]) & (rows >= ends[0, 1]) & (rows < ends[1, 1])
    reach = axes * scale * np.sqrt(2)
    distance = np.sqrt(
        (((columns - place[0]) / reach[0]) ** 2).astype(np.float32)
        + (((rows - place[1]) / reach[1]) ** 2).astype(np.float32)
    )
    far = float(generator.uniform(*SURROUNDINGS))
    alpha = np.clip((far - distance) / np.float32(far - 1), 0, 1) * cv2.blur(seen.astype(np.float32), (5, 5)) ** 2
    background = _background(generator, skins[int(generator.integers(len(skins)))], size).astype(np.float32)
    around = (distance > 1.02) & (distance < far) & seen
    if around.sum() < 20:
        around = seen & (distance < far)
    ring, skin = np.median(moved[around], axis=0), np.median(background[around], axis=0)
    gains = np.clip((skin + 4) / (ring + 4), *GAINS)
    moved = cv2.LUT(moved, np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)[None])
    change = np.ones(3)
    if generator.random() < RECOLOURED:
        change = np.array([generator.uniform(*limits) for limits in FACTORS])
        change *= -0.7 if generator.random() < 0.15 else 1
    lesion_alone = skin + (moved - skin) * change
    pixels = np.clip(background + alpha[..., None] * (lesion_alone.astype(np.float32) - background), 0, 255)
    pixels = pixels.astype(np.uint8)
    if generator.random() < PEN:
        _draw_pen(generator, pixels, place, reach * generator.uniform(1.0, 1.6))
    return View(pixels, box.astype(np.float32))


def _draw_pen(generator: np.random.Generator, pixels: Photo, place: np.ndarray, reach: np.ndarray) -> None:
    """Draw a part of an ellipse in a pen's colour."""
    start, span = generator.uniform(0, 360), generator.uniform(30, 400)
    angles = np.radians(np.arange(start, start + span, 6))
    points = np.round(place + reach * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.int32)
    color = np.array([(60, 50, 140), (40, 70, 160), (150, 160, 60), (60, 60, 70)][int(generator.integers(4))])
    stroke = np.zeros(pixels.shape[:2], np.uint8)
    cv2.polylines(
        stroke, [points], False, 255, max(1, round(len(pixels) * generator.uniform(0.008, 0.03))), cv2.LINE_AA
    )
    opacity = (stroke / np.float32(255) * np.float32(generator.uniform(0.4, 0.9)))[..., None]
    pixels[:] = (pixels + opacity * (color - pixels.astype(np.float32))).astype(np.uint8)


def _background(generator: np.random.Generator, skin: Photo, size: int) -> Photo:
    """Return a part of plain skin as a view."""
    height, width = skin.shape[:2]
    part = np.exp(generator.uniform(np.log(0.5), 0, 2))
    crop_height, crop_width = max(8, round(height * part[0])), max(8, round(width * part[1]))
    y, x = (int(generator.integers(0, n + 1)) for n in (max(0, height - crop_height), max(0, width - crop_width)))
    return resize_pixels(skin[y : y + crop_height, x : x + crop_width], size, size)


def _varied(generator: np.random.Generator, view: View) -> View:
    """Turn and mirror a view, and vary its light: brightness, falling off to one side, colour, contrast, sharpness."""
    pixels, (left, top, right, bottom) = view
    if generator.random() < 0.5:
        pixels, left, right = pixels[:, ::-1], 1 - right, 1 - left
    if generator.random() < 0.5:
        pixels, top, bottom = pixels[::-1], 1 - bottom, 1 - top
    if generator.random() < 0.5:
        pixels, left, top, right, bottom = pixels.swapaxes(0, 1), top, left, bottom, right
    size = len(pixels)
    slopes = generator.uniform(-0.35, 0.35, 2)
    falls = [np.exp(slope * (np.arange(size) / size - 0.5)) for slope in slopes]
    light = np.outer(*falls).astype(np.float32) * np.float32(np.exp(generator.uniform(-0.35, 0.3)))
    # Gains of the colours and saturation are one matrix.
    saturation = generator.uniform(0.75, 1.3)
    matrix = saturation * np.eye(3) + (1 - saturation) / 3
    matrix = matrix * np.exp(generator.uniform(-0.08, 0.08, 3))
    values = cv2.transform(np.ascontiguousarray(pixels, np.float32), matrix.astype(np.float32)) * light[..., None]
    blur = generator.uniform(-1, 1)
    if abs(blur) > 0.3:
        blurred = cv2.GaussianBlur(values, (0, 0), float(abs(blur)) * size / 224)
        # Small photos are enlarged, and those of phones are sharpened.
        values = blurred if blur > 0 else values + 1.5 * (values - blurred)
    values = values + generator.standard_normal(values.shape, np.float32) * np.float32(generator.uniform(0, 6))
    return View(np.clip(values, 0, 255).astype(np.uint8), np.array([left, top, right, bottom], np.float32))


def _within(box: Box, frame: Box) -> Box:
    """Return a box in fractions of a frame."""
    return (box - np.tile(frame[:2], 2)) / np.tile(frame[2:] - frame[:2], 2)


def _shown(box: Box, frame: Box) -> np.ndarray:
    """Return the sides of a box's part within a frame, [2], in fractions of the frame."""
    left, top, right, bottom = np.clip(_within(box, frame), 0, 1)
    return np.array([right - left, bottom - top])


def _visible(box: Box, frame: Box) -> float:
    """Return the fraction of a box within a frame."""
    return float(_shown(box, frame).prod() * (frame[2:] - frame[:2]).prod() / (box[2:] - box[:2]).prod())
