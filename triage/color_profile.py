"""Colour profiles: what a file says of its values, and the conversion to sRGB that follows.

Phones tag their photos Display P3, scanners and cameras Adobe RGB and others.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from triage.color_conversion import (
    D65,
    DAMAGED,
    SRGB,
    BadProfile,
    Conversion,
    Curve,
    GreyConversion,
    LittleCmsConversion,
    RgbConversion,
    hlg,
    power,
    pq,
    primaries_to_xyz,
    srgb_to_linear,
)

UNSUITED = "its colour profile is for another kind of picture: its colours count as sRGB"
UNKNOWN = "its colour space is unknown: its colours count as sRGB"
HDR = "a picture of high dynamic range: what is brighter than white is clipped"

# x and y of white, red, green and blue.
ADOBE = (*D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
ADOBE_GAMMA = 256 / 563
# ITU-T H.273, table 2. 1 (BT.709) has sRGB's primaries, and phones write 5 to 7 (BT.601) where they mean sRGB.
CICP_PRIMARIES = {
    **dict.fromkeys((1, 2, 5, 6, 7), SRGB),
    9: (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # DCI-P3
    12: (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
PQ, HLG = 16, 18


class ColorTag(NamedTuple):
    """What a file says about the meaning of its values; with nothing said they are sRGB.

    Attributes:
        icc: ICC profile (ICC.1:2022); empty if it is incomplete.
        cicp: code points of primaries and transfer characteristics (ITU-T H.273).
        primaries: x and y of white, red, green and blue.
        gamma: exponent that encoded the values; 0 for the curve of sRGB.
    """

    icc: bytes | None = None
    cicp: tuple[int, int] | None = None
    primaries: tuple[float, ...] = ()
    gamma: float = 0


UNTAGGED = ColorTag()
ADOBE_RGB = ColorTag(primaries=ADOBE, gamma=ADOBE_GAMMA)


@lru_cache(maxsize=8)  # profiles of printers have megabytes
def conversion_to_srgb(tag: ColorTag) -> Conversion | None:
    """Return the conversion for a file's colours; None if they are sRGB.

    Raises:
        BadProfile: the profile is damaged or unknown.
    """
    if tag == UNTAGGED:
        return None
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            found = _conversion(tag)
            return None if isinstance(found, RgbConversion) and found.changes_nothing() else found
    except (struct.error, IndexError, ValueError, ArithmeticError) as error:
        raise error if isinstance(error, BadProfile) else BadProfile(DAMAGED) from error


def _conversion(tag: ColorTag) -> Conversion:
    if tag.icc is not None:
        return _icc_conversion(tag.icc)
    if tag.cicp is not None:
        primaries, transfer = tag.cicp
        if primaries not in CICP_PRIMARIES or transfer not in CICP_CURVES:
            raise BadProfile(UNKNOWN)
        warning = HDR if transfer in (PQ, HLG) else ""
        return RgbConversion([CICP_CURVES[transfer]] * 3, primaries_to_xyz(CICP_PRIMARIES[primaries]), warning)
    curve = power(1 / tag.gamma) if tag.gamma else srgb_to_linear
    return RgbConversion([curve] * 3, primaries_to_xyz(tag.primaries or SRGB))


# Table 3 of H.273. Displays show the curves of BT.709, 601 and 2020 as sRGB's, and so do browsers.
CICP_CURVES: dict[int, Curve] = {
    **dict.fromkeys((1, 2, 6, 13, 14, 15), srgb_to_linear),
    4: power(2.2),
    5: power(2.8),
    8: power(1.0),
    PQ: pq,
    HLG: hlg,
}


def _icc_conversion(icc: bytes) -> Conversion:
    """Read an ICC profile (ICC.1:2022, section 7)."""
    if len(icc) < 132 or icc[36:40] != b"acsp" or struct.unpack_from(">I", icc)[0] > len(icc):
        raise BadProfile(DAMAGED)
    space = {b"RGB ": "RGB", b"GRAY": "GRAY", b"CMYK": "CMYK"}.get(icc[16:20])
    if space is None:
        raise BadProfile(UNSUITED)
    (count,) = struct.unpack_from(">I", icc, 128)
    tags = {}
    for at in range(132, 132 + 12 * min(count, 200), 12):
        tag, offset, size = struct.unpack_from(">4sII", icc, at)
        if offset + size > len(icc):
            raise BadProfile(DAMAGED)
        tags[tag] = icc[offset : offset + size]
    if space == "GRAY":
        return GreyConversion(_icc_curve(tags.get(b"kTRC", b"")))
    matrix_tags = (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    has_tables = any(tag[:3] in (b"A2B", b"D2B") for tag in tags)
    if space == "RGB" and not has_tables and all(tag in tags for tag in matrix_tags):
        columns = [np.array(struct.unpack_from(">3i", tags[tag], 8)) / 65536 for tag in matrix_tags[:3]]
        return RgbConversion([_icc_curve(tags[tag]) for tag in matrix_tags[3:]], np.stack(columns, axis=1))
    return LittleCmsConversion(icc, space)


def _icc_curve(tag: bytes) -> Curve:
    """Read a curve or parametric curve (ICC.1:2022, sections 10.6 and 10.18)."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        points = np.array(struct.unpack_from(f">{min(count, len(tag))}H", tag, 12), np.float64)
        if count == 0:
            return power(1.0)
        if count == 1:
            return power(points[0] / 256)
        return lambda values: np.interp(values, np.linspace(0, 1, count), points / 65535)
    if tag[:4] != b"para":
        raise BadProfile(DAMAGED)
    (kind,) = struct.unpack_from(">H", tag, 8)
    numbers = struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)
    gamma, a, b, c, d, e, f = [n / 65536 for n in numbers] + [(1, 1, 0, 0, 0, 0, 0)[n] for n in range(len(numbers), 7)]
    if kind in (1, 2):  # zero below -b/a; the fourth parameter is added to both parts
        c, d, e, f = 0.0, -b / a, c, c
    return lambda values: np.where(values >= d, np.maximum(a * values + b, 0) ** gamma + e, c * values + f)
