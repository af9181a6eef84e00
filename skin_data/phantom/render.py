"""One phantom: skin, lesion, light, camera, and the truth about all of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skin_data.phantom import lesions, skin_optics, texture
from skin_data.phantom.camera import expose
from skin_data.phantom.light import draw_light, illuminate

ITA_RANGES = ((41.0, 57.0), (10.0, 41.0), (-55.0, 10.0))
"""Degrees. Each range (light, medium, dark) is as frequent as the others, and tones are uniform within it."""
SCALE_COLOR = np.array([0.80, 0.77, 0.72], np.float32)
"""Linear sRGB of dry, white scale."""
CRUST_COLOR = np.array([0.42, 0.25, 0.08], np.float32)
"""Linear sRGB of dried serum."""
HAIR_COLOR = np.array([0.022, 0.014, 0.009], np.float32)
"""Linear sRGB of dark hair."""
FURROW_DEPTH = 0.10
"""Fraction of melanin that a plain furrow adds by shadow."""


@dataclass(frozen=True)
class PhantomTruth:
    """What is known of a phantom because it was made that way.

    Attributes:
        diagnosis: archetype of the lesion.
        ita: of the healthy skin under daylight, degrees.
        melanin: volume fraction in the epidermis of the healthy skin.
        haemoglobin: volume fraction of blood in the dermis of the healthy skin.
        lighting_ok: whether the light is good.
        lighting_reason: what is wrong with it, else empty.
        lesion_box: left, top, right, bottom in pixels; the last two are one past the lesion.
        illuminant_kelvin: colour temperature of the light.
        intensity: exposure, 1 is right.
    """

    diagnosis: str
    ita: float
    melanin: float
    haemoglobin: float
    lighting_ok: bool
    lighting_reason: str
    lesion_box: tuple[int, int, int, int]
    illuminant_kelvin: float
    intensity: float


def render_phantom(seed: int, index: int, size: int = 224) -> tuple[npt.NDArray[np.uint8], PhantomTruth]:
    """Render phantom `index` of the endless series `seed`.

    The class is `index` modulo 10, so that any run of indices is balanced; everything else is drawn independently of
    it. A phantom depends on nothing but the arguments.

    Args:
        seed: of the series, at least 0.
        index: in the series, at least 0.
        size: side in pixels, at least 32.

    Returns:
        uint8 [size, size, 3] in RGB, synthetic, and its truth.
    """
    skin, lesion, lighting, sensor = (
        np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, stream, index])) for stream in range(4)
    )
    diagnosis = list(lesions.ARCHETYPES)[index % len(lesions.ARCHETYPES)]
    blood = float(np.exp(skin.uniform(np.log(0.004), np.log(0.016))))
    tone = ITA_RANGES[int(skin.integers(len(ITA_RANGES)))]
    melanin = skin_optics.melanin_for(float(skin.uniform(*tone)), blood)
    healthy = skin_optics.linear_srgb(skin_optics.reflectance(np.array(melanin), np.array(blood)))
    maps, hair = healthy_skin(skin, size, melanin, blood)
    cover = lesions.ARCHETYPES[diagnosis](lesion, maps)
    linear = reflect(maps, hair, texture.furrows(skin, size))
    light = draw_light(lighting)
    picture = expose(illuminate(linear, maps.height, maps.gloss, light), light, sensor)
    truth = PhantomTruth(
        diagnosis=diagnosis,
        ita=float(skin_optics.individual_typology_angle(healthy)),
        melanin=melanin,
        haemoglobin=blood,
        lighting_ok=not light.fault,
        lighting_reason=light.fault,
        lesion_box=_box(cover),
        illuminant_kelvin=light.kelvin,
        intensity=light.exposure,
    )
    return picture, truth


def healthy_skin(
    generator: np.random.Generator, size: int, melanin: float, blood: float
) -> tuple[lesions.Maps, texture.Floats]:
    """Draw the maps of healthy skin of one tone, and its coverage by hairs, float32 [size, size]."""
    mottled = 1 + 0.05 * texture.smooth_noise(generator, size, 5) + 0.03 * texture.smooth_noise(generator, size, 30)
    flushed = 1 + 0.10 * texture.smooth_noise(generator, size, 4) + 0.05 * texture.smooth_noise(generator, size, 24)
    pores = texture.pores(generator, size)
    count = int(generator.integers(0, 26)) if generator.random() < 0.5 else 0
    zero = np.zeros((size, size), np.float32)
    maps = lesions.Maps(
        melanin=(melanin * np.clip(mottled, 0.5, 1.5)).astype(np.float32),
        blood=(blood * np.clip(flushed, 0.4, 1.8)).astype(np.float32),
        scale=zero.copy(),
        crust=zero.copy(),
        height=(0.4 * texture.smooth_noise(generator, size, 20) - 1.0 * pores).astype(np.float32),
        gloss=np.ones((size, size), np.float32),
        furrow=np.ones((size, size), np.float32),
    )
    return maps, texture.hairs(generator, size, count)


def reflect(maps: lesions.Maps, hair: texture.Floats, furrows: texture.Floats) -> texture.Floats:
    """Reflectance of the whole surface, float32 [size, size, 3]; furrows also cut into the height."""
    depth = np.clip(maps.furrow, 0, None) * furrows
    maps.height -= 0.35 * depth
    linear = skin_optics.skin_color(maps.melanin, maps.blood) * (1 - FURROW_DEPTH * np.minimum(depth, 4))[..., None]
    for share, color in ((maps.crust, CRUST_COLOR), (maps.scale, SCALE_COLOR), (0.85 * hair, HAIR_COLOR)):
        linear = linear + np.clip(share, 0, 1)[..., None] * (color - linear)
    return np.asarray(linear, np.float32)


def _box(cover: texture.Floats) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero((cover > 0.2).any(axis=axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def contact_sheet(seed: int, rows: int, size: int = 128) -> npt.NDArray[np.uint8]:
    """Picture of the ten archetypes (columns) in `rows` phantoms each, in good light, from light to dark skin.

    Returns:
        uint8 [rows * size, 10 * size, 3] in RGB.
    """
    count = len(lesions.ARCHETYPES)
    columns = []
    for number in range(count):
        lit: list[tuple[float, npt.NDArray[np.uint8]]] = []
        index = number
        while len(lit) < 6 * rows:
            picture, truth = render_phantom(seed, index, size)
            if truth.lighting_ok:
                lit.append((truth.ita, picture))
            index += count
        lit.sort(key=lambda pair: -pair[0])
        columns.append(np.concatenate([lit[round((r + 0.5) / rows * len(lit))][1] for r in range(rows)]))
    return np.concatenate(columns, axis=1)
