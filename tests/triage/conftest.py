"""Patches of skin in known light: what the lighting and tone tests photograph."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

# The ten swatches of the Monk Skin Tone scale (Monk 2019, skintone.google), sRGB.
MONK = {
    1: (0xF6, 0xED, 0xE4), 2: (0xF3, 0xE7, 0xDB), 3: (0xF7, 0xEA, 0xD0), 4: (0xEA, 0xDA, 0xBA), 5: (0xD7, 0xBD, 0x96),
    6: (0xA0, 0x7E, 0x56), 7: (0x82, 0x5C, 0x43), 8: (0x60, 0x41, 0x34), 9: (0x3A, 0x31, 0x2A), 10: (0x29, 0x24, 0x20),
}  # fmt: skip
# Linear sRGB of black bodies relative to D65, green set to one (CIE 1931 through the sRGB matrix).
TUNGSTEN_2700K = np.array([2.52, 1.0, 0.24])
SIZE = 256
# Share of the light that the oily film on skin of any tone mirrors without colouring it; Fresnel allows about 4%.
FILM = 0.008


def to_linear(srgb: np.ndarray) -> np.ndarray:
    codes = np.asarray(srgb, dtype=np.float64) / 255
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255


def _texture(rng: np.random.Generator, sigma: float) -> np.ndarray:
    field = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE)), (0, 0), sigma)
    return field / field.std()


def photograph(
    srgb: tuple[int, int, int],
    seed: int = 0,
    *,
    exposure: float = 1.0,
    gradient_stops: float = 0.0,
    glare: bool = False,
    blur: float = 0.0,
    illuminant: np.ndarray | None = None,
    lesion: bool = True,
) -> np.ndarray:
    """A textured skin patch of one colour with a lesion, lit and photographed: uint8 [256, 256, 3]."""
    rng = np.random.default_rng(seed)
    shade = 0.05 * _texture(rng, 1.0) + 0.05 * _texture(rng, 3.0) + 0.03 * _texture(rng, 30.0)
    skin = to_linear(np.array(srgb)) * np.exp(shade)[..., np.newaxis]
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    if lesion:
        edge = np.hypot(x - 0.1, 1.3 * y) + 0.03 * _texture(rng, 4.0)
        inside = 1 / (1 + np.exp((edge - 0.35) / 0.03))
        skin = skin * np.exp(-inside[..., np.newaxis] * np.array([0.7, 1.1, 1.2]))
    film = FILM * np.exp(_texture(rng, 1.2) - 0.5)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * x + np.sin(angle) * y
    light = exposure * 2.0 ** (0.5 * (gradient_stops + 0.3) * ramp / np.abs(ramp).max())
    radiance = (skin + film[..., np.newaxis]) * light[..., np.newaxis]
    if glare:
        center = rng.uniform(-0.3, 0.3, 2)
        spot = np.exp(-((((x - center[0]) / 0.22) ** 2 + ((y - center[1]) / 0.16) ** 2) ** 2))
        radiance = radiance + 1.3 * spot[..., np.newaxis] * np.exp(0.3 * _texture(rng, 2.0))[..., np.newaxis]
    if illuminant is not None:
        radiance = radiance * illuminant
    if blur:
        radiance = cv2.GaussianBlur(radiance, (0, 0), blur)
    # Shot noise and read noise of a phone's sensor; a dark scene was taken at a higher gain.
    radiance = radiance + rng.standard_normal(radiance.shape) * np.sqrt(2e-5 * np.maximum(radiance, 0) + 1e-6)
    pixels = np.rint(to_srgb(radiance)).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.fixture(scope="session")
def monk_tones() -> dict[int, tuple[int, int, int]]:
    return MONK


@pytest.fixture(scope="session")
def photograph_skin() -> Callable[..., np.ndarray]:
    return photograph


@pytest.fixture(scope="session")
def ita_of_patch() -> Callable[[tuple[int, int, int]], float]:
    """ITA in degrees of a patch of this colour and its film in good light, computed apart from `triage`."""

    def ita(srgb: tuple[int, int, int]) -> float:
        to_xyz = [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
        _, y, z = np.array(to_xyz) @ (to_linear(np.array(srgb)) + FILM) / (0.950456, 1.0, 1.088754)
        assert min(y, z) > 0.008856  # where Lab is a plain cube root
        return float(np.degrees(np.arctan2(116 * np.cbrt(y) - 66, 200 * (np.cbrt(y) - np.cbrt(z)))))

    return ita


@pytest.fixture(scope="session")
def tungsten() -> np.ndarray:
    return TUNGSTEN_2700K


MODEL_SIZE = 32
CLASS_COUNT = 10


@pytest.fixture(scope="session")
def flatbuffers() -> dict[str, bytes]:
    """A tiny two-headed model as float32, uint8-in and int8-in-and-out TFLite, and one with other output names."""
    tf = pytest.importorskip("tensorflow", reason="needs the train extra to convert a model")
    import tf_keras as keras

    rng = np.random.default_rng(0)

    def build(lighting_name: str) -> "keras.Model":
        image = keras.Input((MODEL_SIZE, MODEL_SIZE, 3), batch_size=1, name="image")
        x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(image)
        x = keras.layers.GlobalAveragePooling2D()(x)
        diagnosis = keras.layers.Dense(CLASS_COUNT, activation="softmax", name="diagnosis")(x)
        lighting = keras.layers.Dense(1, activation="sigmoid", name=lighting_name)(x)
        model = keras.Model(image, {"diagnosis": diagnosis, lighting_name: lighting})
        model.set_weights([rng.normal(0, 0.8, w.shape).astype(np.float32) for w in model.get_weights()])
        return model

    def convert(model: "keras.Model", integer: str = "") -> bytes:
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if integer:
            photos = rng.random((16, 1, MODEL_SIZE, MODEL_SIZE, 3), dtype=np.float32)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([photo] for photo in photos)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = getattr(tf, integer)
            converter.inference_output_type = tf.int8 if integer == "int8" else tf.float32
        return converter.convert()

    model = build("lighting")
    return {
        "float32": convert(model),
        "uint8": convert(model, "uint8"),
        "int8": convert(model, "int8"),
        "other_outputs": convert(build("something_else")),
        "keras": model,
    }


@pytest.fixture
def card(make_card) -> dict:
    """A complete card for the tiny model: class 0 urgent, 1 soon, the rest watch."""
    return make_card(MODEL_SIZE, ("urgent", "soon", *["watch"] * (CLASS_COUNT - 2)), name="tiny")
