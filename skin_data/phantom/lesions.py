"""Ten lesion archetypes, drawn into maps of chromophores, scale and height.

Each function changes the maps of one phantom and returns where it did. The descriptions are those of dermatology
textbooks (Bolognia, Schaffer and Cerroni 2018; for the pigmented ones Kittler et al. 2016, "Standardization of
terminology in dermoscopy"). They are archetypes: far simpler than real lesions, and no substitute for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.phantom.texture import Floats, grid, smooth_noise


@dataclass
class Maps:
    """What a phantom is made of; every map is float32 [size, size].

    Attributes:
        melanin: volume fraction in the epidermis.
        blood: volume fraction in the dermis.
        scale: fraction of the surface covered by white scale, 0 to 1.
        crust: share covered by yellow-brown crust, 0 to 1.
        height: in pixels; shading and glare follow it.
        gloss: multiplies the shine, 1 for plain skin.
        furrow: depth of the skin's lines, 1 for plain skin.
    """

    melanin: Floats
    blood: Floats
    scale: Floats
    crust: Floats
    height: Floats
    gloss: Floats
    furrow: Floats

    @property
    def size(self) -> int:
        """Side of the maps in pixels."""
        return len(self.melanin)


Draw = Callable[[np.random.Generator, Maps], Floats]


def blob(
    generator: np.random.Generator, size: int, radius: float, roughness: float, cells: int = 5, stretch: float = 1.3,
    centre: tuple[float, float] | None = None,
) -> Floats:  # fmt: skip
    """Distance-like field of a lesion: below 0 outside, 0 on the border, 1 in the middle; float32 [size, size].

    Args:
        generator: draws centre, direction and border.
        size: side in pixels.
        radius: mean radius as a fraction of the side.
        roughness: 0 is an ellipse; 0.3 has deep notches.
        cells: coarse or fine border.
        stretch: largest ratio of the axes.
        centre: of the lesion as shares of the side; drawn near the middle if None.
    """
    rows, columns = grid(size)
    row, column = centre or generator.uniform(0.42, 0.58, 2)
    y, x = (rows - row * size) / (radius * size), (columns - column * size) / (radius * size)
    angle, ratio = generator.uniform(0, np.pi), np.sqrt(generator.uniform(1, stretch))
    along, across = (x * np.cos(angle) + y * np.sin(angle)) / ratio, (y * np.cos(angle) - x * np.sin(angle)) * ratio
    field = 1 - np.sqrt(along**2 + across**2)
    return np.asarray(field + roughness * smooth_noise(generator, size, cells), np.float32)


def edge(field: npt.NDArray[np.floating[Any]], softness: float) -> Floats:
    """Coverage from a field of `blob`: 0 outside, 1 inside, over a border of `softness` in units of the radius."""
    t = np.clip(field / softness + 0.5, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def eczema(generator: np.random.Generator, maps: Maps) -> Floats:
    """Ill-defined red patches with tiny vesicles and weeping, yellowish crusts."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.26, 0.36), 0.35, 4, 1.6)
    cover = edge(field, 0.9)
    maps.blood += cover * generator.uniform(0.05, 0.08) * (1 + 0.3 * smooth_noise(generator, size, 12))
    inside = edge(field - 0.15, 0.4)
    vesicles = _spots(generator, size, int(generator.integers(35, 70)), 0.008, 0.015, inside)
    maps.height += 1.6 * vesicles
    maps.gloss += 2.0 * vesicles
    maps.blood += 0.03 * vesicles
    oozing = edge(smooth_noise(generator, size, 9) - 0.9, 0.5) * inside
    maps.crust = np.maximum(maps.crust, 0.75 * oozing)
    return cover


def melanoma(generator: np.random.Generator, maps: Maps) -> Floats:
    """Asymmetric, with a notched border and several colours: tan, dark brown, black, red and blue-white areas."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.22, 0.31), 0.26, 5, 1.7)
    cover = edge(field, 0.16)
    patches = smooth_noise(generator, size, 4)
    maps.melanin += cover * np.clip(0.22 + 0.16 * patches + 0.06 * smooth_noise(generator, size, 9), 0.05, None)
    black = edge(smooth_noise(generator, size, 5) - 0.7, 0.3) * edge(field - 0.1, 0.2)
    maps.melanin += 0.5 * black
    red = edge(smooth_noise(generator, size, 4) - 0.8, 0.4) * cover
    maps.melanin *= 1 - 0.55 * red
    maps.blood += 0.07 * red
    regression = edge(smooth_noise(generator, size, 4) - 1.1, 0.3) * edge(field - 0.15, 0.2)
    maps.scale = np.maximum(maps.scale, 0.35 * regression)
    maps.furrow *= 1 - 0.7 * cover
    maps.height += 2.0 * edge(field - 0.1, 0.6)
    return cover


def atopic_dermatitis(generator: np.random.Generator, maps: Maps) -> Floats:
    """Dry, lichenified plaque: thick skin with deep crossing lines, dusky, with fine scale and scratches."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.32, 0.42), 0.25, 4, 1.6)
    cover = edge(field, 0.7)
    maps.blood += cover * generator.uniform(0.018, 0.03)
    maps.melanin *= 1 + 0.45 * cover
    maps.furrow += 4.5 * cover
    maps.scale = np.maximum(maps.scale, cover * 0.22 * edge(smooth_noise(generator, size, 40) + 0.3, 2.5))
    maps.gloss *= 1 - 0.6 * cover
    scratches = np.zeros((size, size), np.uint8)
    direction = generator.uniform(0, np.pi)
    for _ in range(int(generator.integers(4, 9))):
        start = generator.uniform(0.3, 0.7, 2) * size
        reach = np.array([np.cos(direction), np.sin(direction)]) * size * generator.uniform(0.08, 0.18)
        ends = np.round([(start - reach) * 16, (start + reach + generator.normal(0, 3, 2)) * 16]).astype(int)
        cv2.line(scratches, tuple(map(int, ends[0])), tuple(map(int, ends[1])), 255, 1, cv2.LINE_AA, 4)
    maps.blood += 0.09 * cover * scratches / np.float32(255)
    return cover


def basal_cell_carcinoma(generator: np.random.Generator, maps: Maps) -> Floats:
    """Pearly, shining nodule with a rolled border, branching vessels and an ulcer in the middle."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.19, 0.27), 0.07, 5, 1.25)
    cover = edge(field, 0.15)
    maps.melanin *= 1 - 0.45 * cover
    maps.blood += 0.012 * cover
    rim = np.exp(-(((field - 0.22) / 0.16) ** 2)).astype(np.float32)
    maps.height += 7.0 * rim * cover + 3.0 * cover
    maps.gloss += 2.5 * cover
    maps.furrow *= 1 - 0.9 * cover
    maps.scale = np.maximum(maps.scale, 0.18 * rim * cover)
    vessels = _branches(generator, size, field) * cover
    maps.blood += 0.14 * vessels
    ulcer = edge(field - generator.uniform(0.5, 0.62) + 0.1 * smooth_noise(generator, size, 8), 0.15)
    maps.blood += 0.11 * ulcer
    maps.crust = np.maximum(maps.crust, 0.55 * ulcer * edge(smooth_noise(generator, size, 12), 0.8))
    maps.height -= 4.0 * ulcer
    return cover


def melanocytic_nevi(generator: np.random.Generator, maps: Maps) -> Floats:
    """Small, round, symmetric mole of one even brown, with a regular border."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.10, 0.17), 0.02, 4, 1.2)
    cover = edge(field, 0.22)
    maps.melanin += cover * generator.uniform(0.18, 0.34) * (1 + 0.06 * smooth_noise(generator, size, 20))
    maps.height += generator.uniform(0.5, 3.5) * np.clip(field, 0, 1)
    maps.furrow *= 1 - 0.5 * cover
    return cover


def benign_keratosis(generator: np.random.Generator, maps: Maps) -> Floats:
    """Waxy tan plaque with a sharp, moth-eaten border and milia-like white cysts and dark pits."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.24, 0.33), 0.05, 5, 1.5)
    bites = np.zeros((size, size), np.float32)
    rows, columns = grid(size)
    on_border = np.argwhere(np.abs(field) < 0.06)
    for _ in range(int(generator.integers(6, 11))):
        row, column = on_border[generator.integers(len(on_border))]
        reach = size * generator.uniform(0.025, 0.045)
        bites = np.maximum(bites, np.exp(-(((rows - row) ** 2 + (columns - column) ** 2) / reach**2)))
    cover = edge(field - 0.55 * bites, 0.10)
    maps.melanin += cover * generator.uniform(0.07, 0.12) * (1 + 0.15 * smooth_noise(generator, size, 10))
    maps.gloss += 0.9 * cover
    maps.furrow *= 1 - 0.8 * cover
    inside = edge(field - 0.15, 0.1)
    cysts = _spots(generator, size, int(generator.integers(12, 22)), 0.012, 0.019, inside)
    maps.scale = np.maximum(maps.scale, 0.8 * cysts)
    pits = _spots(generator, size, int(generator.integers(9, 16)), 0.012, 0.020, inside)
    maps.melanin += 0.45 * pits
    maps.height += 3.0 * cover
    return cover


def psoriasis_lichen_planus(generator: np.random.Generator, maps: Maps) -> Floats:
    """Sharply bordered red plaque under thick, silvery scale that leaves a red rim free."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.28, 0.38), 0.12, 5, 1.5)
    cover = edge(field, 0.08)
    maps.blood += cover * generator.uniform(0.07, 0.10)
    flakes = edge(smooth_noise(generator, size, 22) + 0.5 * smooth_noise(generator, size, 45) + 0.35, 0.6)
    maps.scale = np.maximum(maps.scale, generator.uniform(0.7, 0.9) * flakes * edge(field - 0.2, 0.25))
    maps.height += 4.0 * cover + 1.5 * flakes * cover
    maps.furrow *= 1 - 0.8 * cover
    maps.gloss *= 1 - 0.5 * cover
    return cover


def seborrheic_keratoses(generator: np.random.Generator, maps: Maps) -> Floats:
    """Two to five separate, stuck-on, dark brown papules with a dull, cracked, verrucous surface."""
    size = maps.size
    total = np.zeros((size, size), np.float32)
    for centre in _scattered(generator, int(generator.integers(2, 6)), 0.18):
        field = blob(generator, size, generator.uniform(0.07, 0.12), 0.06, 4, 1.5, centre)
        cover = edge(field, 0.12)
        cracks = edge(np.abs(smooth_noise(generator, size, 26)) - 0.35, 0.3)
        maps.melanin += cover * (generator.uniform(0.22, 0.36) + 0.30 * (1 - cracks))
        maps.height += cover * (4.0 + 2.5 * cracks)
        maps.scale = np.maximum(maps.scale, 0.07 * cover * cracks)
        maps.gloss *= 1 - 0.7 * cover
        total = np.maximum(total, cover)
    maps.furrow *= 1 - total
    return total


def tinea_candidiasis(generator: np.random.Generator, maps: Maps) -> Floats:
    """Ring: a raised, red, scaly edge that advances, and a middle that has cleared."""
    size = maps.size
    field = blob(generator, size, generator.uniform(0.30, 0.38), 0.09, 5, 1.3)
    width = generator.uniform(0.11, 0.16)
    ring = np.exp(-(((field - 0.12) / width) ** 2)).astype(np.float32)
    maps.blood += ring * generator.uniform(0.07, 0.10)
    maps.blood += 0.008 * edge(field, 0.2)
    papules = edge(smooth_noise(generator, size, 30) - 0.4, 0.5) * ring
    maps.height += 2.0 * ring + 1.5 * papules
    outer = np.exp(-(((field - 0.2) / (0.7 * width)) ** 2)).astype(np.float32)
    maps.scale = np.maximum(maps.scale, 0.55 * outer * edge(smooth_noise(generator, size, 32), 0.8))
    return np.maximum(ring, edge(field, 0.2)).astype(np.float32)


def warts_molluscum(generator: np.random.Generator, maps: Maps) -> Floats:
    """Cluster of small, dome-shaped, pearly papules, each with a dimple in its middle."""
    size = maps.size
    total = np.zeros((size, size), np.float32)
    for centre in _scattered(generator, int(generator.integers(6, 12)), 0.11):
        field = blob(generator, size, generator.uniform(0.035, 0.06), 0.0, 3, 1.1, centre)
        cover, dimple = edge(field, 0.3), edge(field - 0.62, 0.3)
        maps.melanin *= 1 - 0.5 * cover
        maps.blood += 0.010 * cover
        maps.height += 6.0 * np.sqrt(np.clip(field, 0, 1)) - 3.5 * dimple
        maps.scale = np.maximum(maps.scale, 0.22 * cover * (1 - dimple))
        maps.melanin += 0.10 * dimple
        maps.gloss += 1.5 * cover
        total = np.maximum(total, cover)
    maps.furrow *= 1 - total
    return total


ARCHETYPES: dict[str, Draw] = {
    "eczema": eczema,
    "melanoma": melanoma,
    "atopic_dermatitis": atopic_dermatitis,
    "basal_cell_carcinoma": basal_cell_carcinoma,
    "melanocytic_nevi": melanocytic_nevi,
    "benign_keratosis": benign_keratosis,
    "psoriasis_lichen_planus": psoriasis_lichen_planus,
    "seborrheic_keratoses": seborrheic_keratoses,
    "tinea_candidiasis": tinea_candidiasis,
    "warts_molluscum": warts_molluscum,
}
"""In the order of the ten classes."""


def _spots(
    generator: np.random.Generator, size: int, count: int, smallest: float, largest: float, inside: Floats
) -> Floats:
    """Round spots with centres where `inside` is high; radii are shares of the side."""
    canvas = np.zeros((size, size), np.uint8)
    places = np.argwhere(inside > 0.6)
    if len(places):
        for row, column in places[generator.integers(0, len(places), count)]:
            radius = max(1.0, size * generator.uniform(smallest, largest))
            centre = (int(column * 16), int(row * 16))
            cv2.circle(canvas, centre, int(radius * 16), 255, -1, cv2.LINE_AA, 4)
    blurred = cv2.GaussianBlur(canvas, (0, 0), max(0.6, size / 260))
    return (blurred / np.float32(255)).astype(np.float32)


def _branches(generator: np.random.Generator, size: int, field: Floats) -> Floats:
    """Vessels that grow from the border inwards and fork."""
    canvas = np.zeros((size, size), np.uint8)
    border = np.argwhere(np.abs(field - 0.08) < 0.05)
    middle = np.argwhere(field > 0.4).mean(axis=0)
    for row, column in border[generator.integers(0, len(border), int(generator.integers(5, 9)))]:
        place, heading = np.array([row, column], float), np.array(middle) - [row, column]
        angle = np.arctan2(heading[0], heading[1])
        for start, turn, length in ((0, 0.0, 10), (4, 0.7, 5), (6, -0.7, 4)):
            direction, point, points = angle + turn, place + start * size * 0.012 * _unit(angle), []
            for _ in range(length):
                points.append(point[::-1] * 16)
                direction += generator.normal(0, 0.3)
                point = point + size * 0.014 * _unit(direction)
            cv2.polylines(canvas, [np.round(points).astype(np.int32).reshape(-1, 1, 2)], False, 255, 1, cv2.LINE_AA, 4)
    return (canvas / np.float32(255)).astype(np.float32)


def _unit(angle: float) -> np.ndarray:
    return np.array([np.sin(angle), np.cos(angle)])


def _scattered(generator: np.random.Generator, count: int, apart: float) -> list[tuple[float, float]]:
    """Up to `count` places in the middle of the picture, at least `apart` from each other."""
    places: list[tuple[float, float]] = []
    for _ in range(40 * count):
        row, column = generator.uniform(0.26, 0.74, 2)
        if all((row - r) ** 2 + (column - c) ** 2 > apart**2 for r, c in places):
            places.append((float(row), float(column)))
        if len(places) == count:
            break
    return places
