"""What stands in front of a phone: not a flat patch of skin, but a limb before a wall, a palm, a beard.

`render_phantom` fills the picture with skin of one tone, where brightness falls only if the light does. In these scenes
it falls for other reasons, in good light: the material changes, the limb is round, the skin itself is paler in places.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.phantom import lesions, skin_optics, texture
from skin_data.phantom.camera import expose
from skin_data.phantom.light import Light, draw_light, illuminate
from skin_data.phantom.render import ITA_RANGES, healthy_skin, reflect

SCENES = ("wall", "sheet", "cloth", "palm", "pale_lesion", "scaling_lesion", "hair", "watermark")
"""Kinds of scenes; in the first three a limb lies before a background."""
BACKGROUNDS = {
    "wall": ((0.62, 0.52, 0.40), (0.45, 0.34, 0.24), (0.55, 0.50, 0.45)),
    "sheet": ((0.78, 0.78, 0.77), (0.68, 0.70, 0.74), (0.72, 0.66, 0.58)),
    "cloth": ((0.05, 0.22, 0.20), (0.06, 0.10, 0.30), (0.03, 0.03, 0.035)),
}
"""Linear sRGB of painted walls and wood, of sheets, and of drapes."""
LIMB_RADIUS = (0.24, 0.42)
"""Radius of a limb as a fraction of the side."""
LEAST_COSINE = 0.12
"""Light that reaches the far side of a limb from its surroundings, as a fraction of the near side's."""
PALM_PIGMENT, PALE_PIGMENT = 0.3, 0.12
"""Melanin of a palm and of a hypopigmented lesion as a fraction of the surrounding skin's."""


@dataclass(frozen=True)
class SceneTruth:
    """What is known of a scene because it was made that way.

    Attributes:
        kind: one of `SCENES`.
        ita: of the healthy skin under daylight, degrees.
        fall: of the light across the scene, stops; 0 is good light.
    """

    kind: str
    ita: float
    fall: float


def render_scene(seed: int, index: int, size: int = 224, fall: float = 0.0) -> tuple[npt.NDArray[np.uint8], SceneTruth]:
    """Render scene `index` of the endless series `seed`, independent of `render_phantom`'s series.

    Kinds take turns by index, tones by every eighth.

    Args:
        seed: of the series, at least 0.
        index: in the series, at least 0.
        size: side in pixels, at least 32.
        fall: of the light from corner to corner, stops; the middle stays as it is.

    Returns:
        uint8 [size, size, 3] in RGB, synthetic, and its truth.
    """
    skin, scene, lighting, sensor = (
        np.random.Generator(np.random.Philox(key=seed, counter=[1, 0, stream, index])) for stream in range(4)
    )
    kind = SCENES[index % len(SCENES)]
    blood = float(np.exp(skin.uniform(np.log(0.004), np.log(0.016))))
    tone = ITA_RANGES[index // len(SCENES) % len(ITA_RANGES)]
    melanin = skin_optics.melanin_for(float(skin.uniform(*tone)), blood)
    healthy = skin_optics.linear_srgb(skin_optics.reflectance(np.array(melanin), np.array(blood)))
    maps, hair = healthy_skin(skin, size, melanin, blood)
    if kind == "palm":
        _paler(scene, maps, PALM_PIGMENT, 0.5)
    elif kind == "pale_lesion":
        _paler(scene, maps, PALE_PIGMENT, 0.3)
    elif kind == "scaling_lesion":
        cover = lesions.edge(lesions.blob(scene, size, 0.3, 0.3), 0.3)
        maps.scale += 0.8 * cover * np.clip(0.6 + 0.4 * texture.smooth_noise(scene, size, 24), 0, 1)
    elif kind == "hair":
        hair = np.maximum(hair, texture.hairs(scene, size, 500) * _half(scene, size))
    linear = reflect(maps, hair, texture.furrows(skin, size))
    light = replace(_good_light(lighting), falloff=0.05)
    radiance = illuminate(linear, maps.height, maps.gloss, light)
    if kind in BACKGROUNDS:
        radiance = _limb(scene, radiance, BACKGROUNDS[kind])
    if fall:
        radiance = radiance * _slope(scene, size, fall)[..., None]
    picture = expose(np.asarray(radiance, np.float32), light, sensor)
    if kind == "watermark":
        place, white = (size // 20, size - size // 10), (255, 255, 255)
        cv2.putText(picture, "SYNTHETIC", place, cv2.FONT_HERSHEY_SIMPLEX, size / 500, white, 1, cv2.LINE_AA)
    return picture, SceneTruth(kind, float(skin_optics.individual_typology_angle(healthy)), fall)


def _good_light(generator: np.random.Generator) -> Light:
    light = draw_light(generator)
    while light.fault:
        light = draw_light(generator)
    return light


def _paler(generator: np.random.Generator, maps: lesions.Maps, pigment: float, radius: float) -> None:
    cover = lesions.edge(lesions.blob(generator, maps.size, radius, 0.2), 0.2)
    maps.melanin *= 1 + cover * (pigment - 1)


def _half(generator: np.random.Generator, size: int) -> texture.Floats:
    """Soft mask of the picture's part on one side of a line."""
    rows, columns = texture.grid(size)
    angle = generator.uniform(0, 2 * np.pi)
    across = (rows / size - 0.5) * np.sin(angle) + (columns / size - 0.5) * np.cos(angle)
    return np.asarray(1 / (1 + np.exp(-(across + 0.05) * 30)), np.float32)


def _limb(
    generator: np.random.Generator, skin: texture.Floats, colors: tuple[tuple[float, float, float], ...]
) -> texture.Floats:
    """Wrap skin round a cylinder before a background, often with more of it on one side."""
    size = len(skin)
    rows, columns = texture.grid(size)
    angle, shift = generator.uniform(0, np.pi), generator.uniform(-0.35, 0.35)
    place = (rows / size - 0.5) * np.cos(angle) - (columns / size - 0.5) * np.sin(angle) - shift
    across = place / generator.uniform(*LIMB_RADIUS)
    # The light comes from one side, as far round the limb as a window beside a person.
    turned = np.arcsin(np.clip(across, -1, 1)) - generator.uniform(-0.5, 0.5)
    shade = np.maximum(np.cos(turned), LEAST_COSINE).astype(np.float32)
    limb = cv2.GaussianBlur((np.abs(across) < 1).astype(np.float32), (0, 0), size / 250)[..., None]
    color = np.array(colors[int(generator.integers(len(colors)))], np.float32)
    folds = 1 + 0.08 * texture.smooth_noise(generator, size, 6) + 0.03 * texture.smooth_noise(generator, size, 60)
    return np.asarray(limb * skin * shade[..., None] + (1 - limb) * color * folds[..., None], np.float32)


def _slope(generator: np.random.Generator, size: int, stops: float) -> texture.Floats:
    rows, columns = (line / (size - 1) - np.float32(0.5) for line in texture.grid(size))
    angle = generator.uniform(0, 2 * np.pi)
    across = rows * np.sin(angle) + columns * np.cos(angle)
    ramp = across / (abs(np.sin(angle)) + abs(np.cos(angle)))
    return np.exp2(np.float32(stops) * ramp.astype(np.float32))
