"""Conversions from the values of a file to sRGB, and the curves and matrices that they are made of.

RGB of a matrix and curves and grey are computed here, in a fifth of littlecms's time; tables go through littlecms.
Colours outside sRGB are clipped to it (relative colorimetric intent, without black point compensation).
"""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Samples = npt.NDArray[np.integer[Any]]
"""uint8 or uint16, pixels as stored."""
Curve = Callable[[Values], Values]
"""From encoded values in [0, 1] to linear light, where 1 is white."""

DAMAGED = "its colour profile is damaged: its colours count as sRGB"
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D65 = (0.3127, 0.3290)
SRGB = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""x and y of white, red, green and blue."""
HDR_WHITE = 203.0  # cd/m2, of diffuse white (BT.2408)
_STRIP = 1 << 15  # pixels that are converted at once, so that they stay in the processor's cache
_WORTH_A_THREAD = 1 << 22  # values
_LINEAR_LEVELS = 1 << 16  # a step of the darkest is at most a sixth of one in 8 bits
_MOST_LIGHT = 2.0  # of a channel, where 1 is white; more, in pictures of high dynamic range, is clipped at once
_LARGEST_COEFFICIENT = 20  # of a matrix; that of ProPhoto is 2
_LUT_TAKES_16_BITS = int(cv2.__version__.partition(".")[0]) >= 5
_SAME = 1  # largest change in 8 bits by a profile that counts as sRGB; published ones differ by their rounding


class Conversion(Protocol):
    """From stored values to sRGB.

    Attributes:
        space: "RGB", "GRAY" or "CMYK", what it converts from.
        warning: what a person should know of it; empty if nothing.
    """

    space: str
    warning: str

    def to_srgb(self, pixels: Samples, levels: int) -> npt.NDArray[np.uint8]:
        """Convert pixels.

        Args:
            pixels: uint8, or uint16 where the conversion computes by itself, [height, width, 3 or 4].
            levels: number of values that a channel may have, such as 256.

        Returns:
            uint8 [height, width, 3]; may be `pixels`, changed in place.
        """


class BadProfile(ValueError):
    """A profile that cannot be used; its text is a warning for a person."""


class RgbConversion:
    """Three curves and a matrix.

    Args:
        curves: of red, green and blue.
        to_xyz: [3, 3], from linear RGB to XYZ under D50.
        warning: see `Conversion`.
    """

    space = "RGB"

    def __init__(self, curves: list[Curve], to_xyz: Values, warning: str = ""):
        self.warning = warning
        self._curves = curves
        matrix = np.linalg.solve(primaries_to_xyz(SRGB), to_xyz)
        if not np.isfinite(matrix).all() or np.abs(matrix).max() > _LARGEST_COEFFICIENT:
            raise BadProfile(DAMAGED)
        # Linear sRGB from the smallest to the largest value that can occur becomes 0 to 65535.
        lowest = _MOST_LIGHT * min(np.minimum(matrix, 0).sum(axis=1).min(), 0)
        highest = _MOST_LIGHT * max(np.maximum(matrix, 0).sum(axis=1).max(), 1)
        scale = (_LINEAR_LEVELS - 2) / (highest - lowest)
        offset = np.full((3, 1), 0.5 - lowest * scale)  # half a level, since NumPy rounds down
        self._to_index = np.hstack([matrix * scale, offset]).astype(np.float32)
        light = np.arange(_LINEAR_LEVELS) / scale + lowest
        self._encode = _to_8_bits(linear_to_srgb(np.clip(light, 0, 1)))[None, :, None]
        self._tables: dict[int, npt.NDArray[np.float32]] = {}

    def to_srgb(self, pixels: Samples, levels: int) -> npt.NDArray[np.uint8]:
        """See `Conversion`; takes uint16 as well."""
        table = self._linear_table(levels)
        result = pixels if pixels.dtype == np.uint8 and pixels.flags.writeable else np.empty(pixels.shape, np.uint8)
        bands = min(cv2.getNumThreads(), 1 + pixels.size // _WORTH_A_THREAD)
        if bands < 2:
            self._convert(pixels, table, result)
        else:
            with ThreadPoolExecutor(bands) as pool:
                list(
                    pool.map(
                        self._convert, np.array_split(pixels, bands), [table] * bands, np.array_split(result, bands)
                    )
                )
        return np.asarray(result)

    def _convert(self, pixels: Samples, table: npt.NDArray[np.float32], result: Samples) -> None:
        """Convert pixels into `result`, strip by strip."""
        rows = max(1, _STRIP // pixels.shape[1])
        shape = (min(rows, len(pixels)), *pixels.shape[1:])
        linear, mixed, index = np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.uint16)
        for top in range(0, len(pixels), rows):
            strip = pixels[top : top + rows]
            count = len(strip)
            look_up(strip, table, linear[:count])
            cv2.transform(linear[:count], self._to_index, dst=mixed[:count])
            np.copyto(index[:count], mixed[:count], casting="unsafe")
            look_up(index[:count], self._encode, result[top : top + rows])

    def changes_nothing(self) -> bool:
        """Return whether the result differs from its input by rounding only."""
        levels = np.linspace(0, 255, 10).round().astype(np.uint8)
        colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 1, 3)
        greys = np.arange(256, dtype=np.uint8).reshape(-1, 1, 1).repeat(3, axis=2)
        tried = np.concatenate([colors, greys])
        return bool(np.abs(self.to_srgb(tried.copy(), 256).astype(int) - tried).max() <= _SAME)

    def _linear_table(self, levels: int) -> npt.NDArray[np.float32]:
        """Return float32 [1, levels, 1 or 3] of linear light by value."""
        if levels not in self._tables:
            values = np.linspace(0, 1, levels)
            columns = [np.clip(curve(values), 0, _MOST_LIGHT) for curve in self._curves]
            same = all(np.array_equal(column, columns[0]) for column in columns)
            self._tables[levels] = np.stack(columns[:1] if same else columns, axis=-1).astype(np.float32)[None]
        return self._tables[levels]


class GreyConversion:
    """One curve."""

    space, warning = "GRAY", ""

    def __init__(self, curve: Curve):
        self._curve = curve
        self._table(256)  # fails here if it does

    def to_srgb(self, pixels: Samples, levels: int) -> npt.NDArray[np.uint8]:
        """See `Conversion`; takes uint16 as well."""
        return look_up(pixels, self._table(levels), np.empty(pixels.shape, np.uint8))

    def _table(self, levels: int) -> npt.NDArray[np.uint8]:
        linear = np.clip(self._curve(np.linspace(0, 1, levels)), 0, 1)
        return _to_8_bits(linear_to_srgb(linear))[None, :, None]


class LittleCmsConversion:
    """A profile with tables, by littlecms."""

    warning = ""

    def __init__(self, icc: bytes, space: str):
        self.space = space
        try:
            from PIL import ImageCms

            self._transform = ImageCms.buildTransform(
                ImageCms.ImageCmsProfile(io.BytesIO(icc)),
                ImageCms.createProfile("sRGB"),
                space,
                "RGB",
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            )
        except ImportError as error:  # Android's build of Pillow lacks it
            raise BadProfile("its colour profile needs Pillow with littlecms: its colours count as sRGB") from error
        except (ImageCms.PyCMSError, OSError) as error:
            raise BadProfile(DAMAGED) from error

    def to_srgb(self, pixels: Samples, levels: int) -> npt.NDArray[np.uint8]:
        """See `Conversion`; more than 8 bits are reduced to 8."""
        from PIL import Image

        if levels != 256:
            pixels = to_8_bits(pixels, levels)
        result = np.empty((*pixels.shape[:2], 3), np.uint8)
        rows = max(1, _STRIP // pixels.shape[1])
        for top in range(0, len(pixels), rows):
            strip = np.ascontiguousarray(pixels[top : top + rows])
            image = Image.frombuffer(self.space, strip.shape[1::-1], strip.tobytes(), "raw", self.space, 0, 1)
            result[top : top + rows] = np.asarray(self._transform.apply(image))
        return result


def to_8_bits(pixels: Samples, levels: int) -> npt.NDArray[np.uint8]:
    """Reduce values below `levels` to 8 bits."""
    return look_up(pixels, _to_8_bits(np.linspace(0, 1, levels))[None, :, None], np.empty(pixels.shape, np.uint8))


def look_up(pixels: Samples, table: npt.NDArray[Any], result: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Replace each value by its entry in a table.

    Args:
        pixels: uint8 or uint16 [height, width, 3].
        table: [1, levels, channels], for all channels or one for each.
        result: [height, width, 3], overwritten and returned.
    """
    if pixels.dtype == np.uint8 or (_LUT_TAKES_16_BITS and table.shape[1] == _LINEAR_LEVELS):
        cv2.LUT(pixels, table, dst=result)
    elif table.shape[2] == 1:
        np.take(table[0, :, 0], pixels, mode="clip", out=result)
    else:
        for channel in range(3):
            result[..., channel] = np.take(table[0, :, channel], pixels[..., channel], mode="clip")
    return result


def _to_8_bits(values: Values) -> npt.NDArray[np.uint8]:
    return np.round(255 * values).astype(np.uint8)


def srgb_to_linear(values: Values) -> Values:
    """Return linear light of sRGB values in [0, 1] (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(values: Values) -> Values:
    """Return sRGB values in [0, 1] of linear light in [0, 1]."""
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * np.maximum(values, 1e-9) ** (1 / 2.4) - 0.055)


def power(exponent: float) -> Curve:
    """Return the curve of a power."""
    return lambda values: values**exponent


def pq(values: Values) -> Values:
    """Return linear light, 1 at diffuse white (SMPTE ST 2084)."""
    root = values ** (32 / 2523)
    return 10_000 / HDR_WHITE * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)


def hlg(values: Values) -> Values:
    """Return linear light, 1 at diffuse white, on a display of 1,000 cd/m2 (BT.2100; its system gamma by channel)."""
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return np.asarray(1000 / HDR_WHITE * scene**1.2)


def primaries_to_xyz(primaries: tuple[float, ...]) -> Values:
    """Return [3, 3] from linear RGB to XYZ, adapted to D50 (Bradford), for x and y of white, red, green and blue."""
    x, y = np.array(primaries).reshape(4, 2).T
    white, *columns = np.stack([x / y, np.ones(4), (1 - x - y) / y], axis=1)
    matrix = np.stack(columns, axis=1)
    matrix = matrix * np.linalg.solve(matrix, white)
    adaptation = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD
    return np.asarray(adaptation @ matrix)
