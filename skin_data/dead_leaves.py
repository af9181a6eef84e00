"""Drawn pictures of anything but skin: shapes that hide each other, in natural colours and textures.

The dead leaves model (Lee, Mumford and Huang 2001, "Occlusion models for natural images") has the statistics of
photographs without showing a thing; networks learn from it what photographs share (Baradad et al. 2021, "Learning to
See by Looking at Noise"). Here the leaves are ellipses, boards, polygons, bars and text, with grain, stripes, tiles,
shadows and blur.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_LETTERS = np.array(list("ABCDEFGHIJKLMNOPRSTUabcdefghijklmnoprstu0123456789 "))
_FIELDS = 24
"""Random fields that the pictures' textures are cut from."""


@lru_cache(maxsize=2)
def dead_leaves(count: int, size: int, seed: int) -> Pixels:
    """Draw pictures, uint8 [count, size, size, 3], read-only; the same for the same arguments."""
    generator = np.random.default_rng([seed, size])
    fields = [_field(generator, 2 * size, generator.uniform(0.5, 2.5)) for _ in range(_FIELDS)]
    pictures = np.stack([_picture(generator, size, fields) for _ in range(count)])
    pictures.setflags(write=False)
    return pictures


def _picture(generator: np.random.Generator, size: int, fields: list[Floats]) -> Pixels:
    image = _texture(generator, (size, size), size, fields)
    few = generator.random() < 0.5
    smallest, largest = (0.1, 0.5) if few else (0.02, 0.35)
    for _ in range(int(generator.integers(1, 8) if few else generator.integers(8, 80))):
        radius = size * float(np.exp(generator.uniform(np.log(smallest), np.log(largest))))
        _lay(generator, image, _leaf(generator, size, radius), size, fields)
    light = 1 + generator.uniform(0, 0.6) * _slope(generator, (size, size))[..., None] / size
    image *= light * np.float32(generator.uniform(0.6, 1.15))
    if generator.random() < 0.6:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), generator.uniform(0.3, 2) * size / 224), np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def _lay(generator: np.random.Generator, image: Floats, leaf: Pixels, size: int, fields: list[Floats]) -> None:
    """Put a leaf on the picture, in place, some with soft edges, glassy or with a shadow."""
    unit = size / 224
    soft, shadow = generator.random() < 0.4, generator.random() < 0.3
    left, top, width, height = cv2.boundingRect(leaf)
    if not width:
        return
    reach = int(38 * unit) + 2 if shadow else int(10 * unit) + 2 if soft else 0
    rows, columns = slice(max(0, top - reach), top + height + reach), slice(max(0, left - reach), left + width + reach)
    mask, part = leaf[rows, columns], image[rows, columns]
    if soft:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), generator.uniform(0.5, 3) * unit), np.uint8)
    opacity = mask.astype(np.float32)[..., None] / 255
    if generator.random() < 0.1:
        opacity *= np.float32(generator.uniform(0.3, 1))
    if shadow:
        move = np.array([[1, 0, generator.integers(-8, 12) * unit], [0, 1, generator.integers(1, 12) * unit]])
        cast = cv2.GaussianBlur(
            cv2.warpAffine(mask, move, mask.shape[::-1]), (0, 0), generator.uniform(1, 8) * unit
        ).astype(np.float32)
        part *= 1 - cast[..., None] * np.float32(generator.uniform(0.2, 0.6) / 255)
    part += opacity * (_texture(generator, mask.shape, size, fields) - part)


def _leaf(generator: np.random.Generator, size: int, radius: float) -> Pixels:
    """Return the mask of an ellipse, a board, a polygon, a bar or text."""
    mask = np.zeros((size, size), np.uint8)
    x, y = (int(v) for v in generator.uniform(-0.1, 1.1, 2) * size)
    kind = generator.integers(5)
    if kind == 0:
        axes = (int(radius) + 1, int(radius * generator.uniform(0.2, 1)) + 1)
        cv2.ellipse(mask, (x, y), axes, generator.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    elif kind == 1:
        sides = (radius * 2, radius * 2 * generator.uniform(0.1, 1))
        corners = cv2.boxPoints(((x, y), sides, float(generator.choice([0, 90, generator.uniform(0, 180)]))))
        cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
    elif kind == 2:
        angles = np.sort(generator.uniform(0, 2 * np.pi, generator.integers(3, 9)))
        lengths = radius * generator.uniform(0.4, 1.2, len(angles))
        corners = np.stack([x + np.cos(angles) * lengths, y + np.sin(angles) * lengths], axis=1)
        cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
    elif kind == 3:
        end = [int(v) for v in generator.uniform(-0.1, 1.1, 2) * size]
        cv2.line(mask, (x, y), end, 255, max(1, int(radius * generator.uniform(0.02, 0.4))), cv2.LINE_AA)
    else:
        text, scale = (
            "".join(generator.choice(_LETTERS, generator.integers(1, 12))),
            float(np.clip(radius / 20, 0.3, 4)),
        )
        font, thickness = int(generator.integers(8)), int(generator.integers(1, 5))
        cv2.putText(mask, text, (x - int(radius), y), font, scale, 255, thickness, cv2.LINE_AA)
    return mask


def _texture(generator: np.random.Generator, shape: tuple[int, ...], size: int, fields: list[Floats]) -> Floats:
    """Return a colour with grain, a gradient, stripes or tiles, float32 [*shape, 3], about 0 to 255."""
    kind, color = generator.integers(5), _color(generator)
    image = np.broadcast_to(color, (*shape, 3)).astype(np.float32)
    if kind == 1:
        image += _cut(generator, shape, fields) * np.float32(generator.uniform(3, 40))
    elif kind == 2:
        image += (_slope(generator, shape) / size)[..., None] * generator.uniform(-150, 150, 3).astype(np.float32)
    elif kind == 3:
        waves = _slope(generator, shape) * np.float32(2 * np.pi / (generator.uniform(3, 40) * size / 224))
        waves += _cut(generator, shape, fields[:4])[..., 0] * np.float32(generator.uniform(0, 3))
        image += np.sin(waves)[..., None] * (generator.uniform(5, 60, 3) * generator.choice([-1, 1])).astype(np.float32)
    elif kind == 4:
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        tile = generator.uniform(4, 60) * size / 224
        image[((rows // tile + columns // tile) % 2) == 1] = _color(generator)
    if generator.random() < 0.5:
        image += generator.standard_normal((*shape, 1), np.float32) * np.float32(generator.uniform(1, 12))
    return image


def _color(generator: np.random.Generator) -> Floats:
    """Return a natural colour, float32 [3]: more than half are muted, as of skin, wood, sand and walls."""
    muted = generator.random() < 0.6
    hue, saturation, value = (
        (generator.uniform(5, 25), generator.uniform(10, 150), generator.uniform(40, 250))
        if muted
        else (
            generator.uniform(0, 180),
            generator.uniform(0, 255) * generator.uniform(0.2, 1),
            generator.uniform(10, 255),
        )
    )
    return cv2.cvtColor(np.array([[[hue, saturation, value]]], np.uint8), cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)


def _field(generator: np.random.Generator, size: int, exponent: float) -> Floats:
    """Return a random field with power spectrum 1 / f^(2 exponent), float32 [size, size, 1], deviation 1."""
    squares = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.rfftfreq(size)[None] ** 2
    squares[0, 0] = np.inf
    waves = generator.standard_normal((2, *squares.shape))
    field = np.fft.irfft2((waves[0] + 1j * waves[1]) / squares ** (exponent / 2), (size, size))
    return (field / field.std()).astype(np.float32)[..., None]


def _cut(generator: np.random.Generator, shape: tuple[int, ...], fields: list[Floats]) -> Floats:
    field = fields[generator.integers(len(fields))]
    row, column = (generator.integers(0, have - want + 1) for have, want in zip(field.shape, shape, strict=False))
    return field[row : row + shape[0], column : column + shape[1]]


def _slope(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return the distance of each pixel along a random direction from the middle, float32 [*shape], pixels."""
    angle = generator.uniform(0, 2 * np.pi)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (np.cos(angle) * (columns - shape[1] / 2) + np.sin(angle) * (rows - shape[0] / 2)).astype(np.float32)
