"""The light on a phantom, and what can be wrong with it."""

from dataclasses import dataclass

import numpy as np

from skin_data.phantom.skin_optics import WAVELENGTHS, XYZ_TO_LINEAR_SRGB, color_matching
from skin_data.phantom.texture import Floats, grid

FAULTS = ("too_dark", "too_bright", "glare", "uneven", "blurry", "colour_cast")
WELL_LIT_SHARE = 0.58


@dataclass(frozen=True)
class Light:
    """Light and camera settings of one phantom.

    Attributes:
        fault: what is wrong, one of `FAULTS`, or empty in good light.
        kelvin: colour temperature of the illuminant.
        balanced_kelvin: what the camera's white balance took it for.
        exposure: gain on linear light; 1 renders a reflectance of 1 as white.
        falloff: strength of the gradient across the picture, 0 even.
        direction: of the light in the picture's plane, radians.
        elevation: of the light above the skin, radians.
        shine: strength of specular reflection.
        shine_width: exponent of the highlight; smaller is wider.
        blur: deviation of the defocus as a fraction of the side; 0 sharp.
        motion: length of a shake as a fraction of the side; 0 still.
        noise: deviation of the sensor's noise in linear light at full well.
    """

    fault: str
    kelvin: float
    balanced_kelvin: float
    exposure: float
    falloff: float
    direction: float
    elevation: float
    shine: float
    shine_width: float
    blur: float
    motion: float
    noise: float


def draw_light(generator: np.random.Generator) -> Light:
    """Draw good light or one dominant fault; nothing in it depends on skin or lesion."""
    good = generator.random() < WELL_LIT_SHARE
    fault = "" if good else FAULTS[int(generator.integers(len(FAULTS)))]
    kelvin = float(generator.uniform(3500, 7500))
    balanced = kelvin * float(np.exp(generator.normal(0, 0.035)))
    exposure = float(np.exp(generator.normal(0, 0.06)))
    falloff, shine, width = generator.uniform(0.0, 0.22), generator.uniform(0.01, 0.05), generator.uniform(20, 45)
    blur, motion, noise = generator.uniform(0, 0.0025), 0.0, generator.uniform(0.002, 0.006)
    if fault == "too_dark":
        exposure, noise = float(generator.uniform(0.07, 0.16)), generator.uniform(0.004, 0.009)
    elif fault == "too_bright":
        exposure = float(generator.uniform(3.2, 5.0))
    elif fault == "glare":
        shine, width = generator.uniform(1.0, 1.8), generator.uniform(7, 16)
    elif fault == "uneven":
        falloff = generator.uniform(0.85, 0.97)
    elif fault == "blurry":
        blur, motion = generator.uniform(0.011, 0.018), 0.0
        if generator.random() < 0.4:
            blur, motion = 0.004, generator.uniform(0.05, 0.09)
    elif fault == "colour_cast":
        warm = generator.random() < 0.5
        kelvin, balanced = (2300.0, 7000.0) if warm else (14000.0, 3600.0)
        kelvin *= float(np.exp(generator.normal(0, 0.08)))
    return Light(
        fault, kelvin, balanced, exposure, float(falloff), float(generator.uniform(0, 2 * np.pi)),
        float(np.radians(generator.uniform(50, 75))), float(shine), float(width), float(blur), float(motion),
        float(noise),
    )  # fmt: skip


def planckian_gains(kelvin: float) -> np.ndarray:
    """Linear sRGB of a black body, float64 [3], scaled so that green is 1 (Planck 1901)."""
    metres = WAVELENGTHS * 1e-9
    power = metres**-5 / np.expm1(0.014388 / (metres * kelvin))
    rgb = XYZ_TO_LINEAR_SRGB @ (power[:, None] * color_matching()).sum(axis=0)
    return np.maximum(rgb, 1e-3 * rgb.max()) / rgb[1]


def white_balance_error(light: Light) -> np.ndarray:
    """Gains that a wrong white balance leaves on linear RGB, float64 [3]; green is 1."""
    return planckian_gains(light.kelvin) / planckian_gains(light.balanced_kelvin)


def illuminate(linear: Floats, height: Floats, gloss: Floats, light: Light) -> Floats:
    """Shade skin: Lambert on the height map, a gradient, and Blinn's highlights (Blinn 1977).

    Args:
        linear: reflectance in linear sRGB, float32 [size, size, 3].
        height: of the surface in pixels, float32 [size, size].
        gloss: multiplies the shine, float32 [size, size].
        light: where the light comes from.

    Returns:
        Light that reaches the camera, before exposure, float32 [size, size, 3].
    """
    size = len(height)
    rows, columns = grid(size)
    scale = np.float32(224 / size)
    slope_row, slope_column = np.gradient(height * np.float32(0.22))
    # Skin bulges: a gentle dome lets a highlight sit somewhere instead of everywhere.
    dome = np.float32(0.9 / size)
    normal_row = slope_row * scale + (size / 2 - rows) * -dome
    normal_column = slope_column * scale + (size / 2 - columns) * -dome
    sun = np.array([np.sin(light.direction), np.cos(light.direction)]) * np.cos(light.elevation)
    up = np.sin(light.elevation)
    length = np.sqrt(normal_row**2 + normal_column**2 + 1)
    lambert = np.clip((up + normal_row * -sun[0] * 0.6 + normal_column * -sun[1] * 0.6) / length / up, 0.2, 1.8)
    half = np.array([sun[0], sun[1], up + 1])
    half /= np.linalg.norm(half)
    facing = np.clip((normal_row * half[0] + normal_column * half[1] + half[2]) / length, 0, 1)
    highlight = (facing ** np.float32(light.shine_width * 4)) * gloss * np.float32(light.shine)
    across = ((rows - size / 2) * sun[0] + (columns - size / 2) * sun[1]) / (size / 2 * max(np.hypot(*sun), 1e-6))
    gradient = np.exp(np.float32(1.6 * light.falloff) * across) * (1 - 0.25 * light.falloff)
    return (linear * (lambert * gradient)[..., None] + highlight[..., None]).astype(np.float32)
