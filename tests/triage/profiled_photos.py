"""The same colours saved in each colour profile and file format and read back; as a table:

    python -m tests.triage.profiled_photos

Encoders here are written apart from `triage`: profiles by hand, values in double precision.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from PIL import Image

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D65 = (0.3127, 0.3290)
BLUE = (0.15, 0.06)
SPACES = {
    "sRGB": ((0.64, 0.33), (0.30, 0.60), BLUE, D65, "srgb"),
    "Display P3": ((0.68, 0.32), (0.265, 0.69), BLUE, D65, "srgb"),
    "Adobe RGB": ((0.64, 0.33), (0.21, 0.71), BLUE, D65, 563 / 256),
    "ProPhoto": ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585), 1.8),
    "Rec. 2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65, "rec709"),
}
CHECKER = (
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
)  # fmt: skip
"""The ColorChecker's 24 patches in sRGB; cyan, which lies outside, is clipped."""
MONK = tuple(
    tuple(bytes.fromhex(tone))
    for tone in ["f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420"]
)
"""The ten tones of the Monk scale."""
SKIN = (
    (211, 185, 177), (217, 170, 152), (217, 156, 128), (182, 156, 151), (191, 143, 129), (200, 138, 106),
    (163, 137, 134), (174, 130, 113), (182, 120, 101), (199, 107, 82), (144, 123, 114), (156, 112, 96),
    (167, 105, 75), (125, 105, 102), (138, 88, 74), (101, 75, 63),
)  # fmt: skip
"""Centres of 16 clusters (k-means) of the median colours of 453 clinical photographs."""
PATCHES = np.array([*CHECKER, *MONK, *SKIN], np.float64) / 255
GREYS = np.linspace(0.08, 0.98, 25)[:, None].repeat(3, axis=1).round(2)
SIDE = 64


def to_linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def curve_of(kind: str | float) -> Callable[[np.ndarray], np.ndarray]:
    """From linear light to encoded values."""
    if kind == "srgb":
        return lambda x: np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    if kind == "rec709":
        return lambda x: np.where(x < 0.018, 4.5 * x, 1.099 * x**0.45 - 0.099)
    if kind == "pq":
        return lambda x: (
            ((0.8359375 + 18.8515625 * (y := (x * 0.0203) ** 0.1593017578125)) / (1 + 18.6875 * y)) ** 78.84375
        )
    return lambda x: x ** (1 / kind)


def to_xyz(space: str) -> np.ndarray:
    """[3, 3] from linear RGB to XYZ under D50."""
    *primaries, white, _ = SPACES[space]
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    light = np.array([white[0] / white[1], 1, (1 - white[0] - white[1]) / white[1]])
    matrix = xyz * np.linalg.solve(xyz, light)
    return np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ light)) @ BRADFORD @ matrix


def in_space(srgb: np.ndarray, space: str, curve: str | float | None = None) -> np.ndarray:
    """Encode colours, sRGB in [0, 1], in another space."""
    xyz = to_linear(srgb) @ to_xyz("sRGB").T
    linear = np.clip(xyz @ np.linalg.inv(to_xyz(space)).T, 0, 1)
    return curve_of(curve or SPACES[space][-1])(linear)


def picture(colours: np.ndarray, levels: int = 256) -> np.ndarray:
    """Squares of these colours, [n, channels] in [0, 1], below each other; uint8 or uint16 [n * SIDE, SIDE, channels].

    Noise, as in a photo, lets their means be finer than the values of the file: 2 levels of 8 bits or of 10.
    """
    noise = np.random.default_rng(0).normal(
        0, 2 / (255 if levels == 256 else 1023), (SIDE, SIDE // 2, colours.shape[1])
    )
    noise = np.concatenate([noise, -noise], axis=1)
    values = (np.clip(colours[:, None, None] + noise, 0, 1) * (levels - 1)).round()
    return values.reshape(-1, SIDE, colours.shape[1]).astype(np.uint8 if levels == 256 else np.uint16)


def s15(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(x * 65536)) for x in numbers)


def profile_of(tags: dict[bytes, bytes], space: bytes = b"RGB ", pcs: bytes = b"XYZ ", version: int = 2) -> bytes:
    """An ICC profile with these tags."""
    padded = {tag: body + bytes(-len(body) % 4) for tag, body in tags.items()}
    at = 132 + 12 * len(padded)
    table = struct.pack(">I", len(padded))
    for tag, body in padded.items():
        table += tag + struct.pack(">II", at, len(body))
        at += len(body)
    head = struct.pack(">I4sI4s4s4s6H", at, b"none", version << 24, b"prtr", space, pcs, 2026, 1, 1, 0, 0, 0)
    head += b"acsp" + bytes(28) + s15(*D50)
    return head + bytes(128 - len(head)) + table + b"".join(padded.values())


def icc_curve(kind: str | float) -> bytes:
    if kind == "srgb":  # parametric
        return b"para\0\0\0\0\0\3\0\0" + s15(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    if kind == "rec709":  # sampled
        values = np.linspace(0, 1, 1024)
        linear = np.where(values < 0.081, values / 4.5, ((values + 0.099) / 1.099) ** (1 / 0.45))
        return b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *(round(v * 65535) for v in linear))
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(kind * 256))


def rgb_profile(space: str) -> bytes:
    matrix, curve = to_xyz(space), icc_curve(SPACES[space][-1])
    columns = {f"{c}XYZ".encode(): b"XYZ \0\0\0\0" + s15(*matrix[:, n]) for n, c in enumerate("rgb")}
    curves = {f"{c}TRC".encode(): curve for c in "rgb"}
    text = {b"desc": b"desc\0\0\0\0\0\0\0\2x" + bytes(80), b"cprt": b"text\0\0\0\0free\0"}
    return profile_of({**text, b"wtpt": b"XYZ \0\0\0\0" + s15(*D50), **columns, **curves})


def grey_profile(gamma: float) -> bytes:
    text = {b"desc": b"desc\0\0\0\0\0\0\0\2x" + bytes(80), b"cprt": b"text\0\0\0\0free\0"}
    return profile_of({**text, b"wtpt": b"XYZ \0\0\0\0" + s15(*D50), b"kTRC": icc_curve(gamma)}, b"GRAY")


def cmyk_profile(points: int = 17) -> bytes:
    """A press whose inks absorb as sRGB's primaries do: red is (1 - cyan) (1 - black) in sRGB, and so on."""
    grid = np.linspace(0, 1, points)
    c, m, y, k = np.meshgrid(grid, grid, grid, [0.0, 1.0], indexing="ij")
    srgb = np.stack([(1 - c) * (1 - k), (1 - m) * (1 - k), (1 - y) * (1 - k)], axis=-1)
    x, y, z = np.moveaxis(to_linear(srgb) @ to_xyz("sRGB").T / D50, -1, 0)
    fx, fy, fz = (np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116) for t in (x, y, z))
    lab = np.stack([655.35 * (116 * fy - 16), 257 * (500 * (fx - fy) + 128), 257 * (200 * (fy - fz) + 128)], axis=-1)
    samples = np.clip(lab, 0, 65535).round().astype(">u2")
    # Each input has a grid of its own size only in profiles of version 4: lutAToBType.
    clut = bytes([points] * 3 + [2] + [0] * 12) + b"\2\0\0\0" + samples.tobytes()
    line = b"curv\0\0\0\0\0\0\0\0"
    b_curves, clut_at = 32, 32 + 3 * 12
    a_curves = clut_at + len(clut) + -len(clut) % 4
    lut = b"mAB \0\0\0\0\4\3\0\0" + struct.pack(">5I", b_curves, 0, 0, clut_at, a_curves)
    lut += 3 * line + clut + bytes(-len(clut) % 4) + 4 * line
    text = {b"desc": b"mluc\0\0\0\0\0\0\0\0\0\0\0\x0c", b"cprt": b"mluc\0\0\0\0\0\0\0\0\0\0\0\x0c"}
    return profile_of({**text, b"wtpt": b"XYZ \0\0\0\0" + s15(*D50), b"A2B1": lut, b"A2B0": lut}, b"CMYK", b"Lab ", 4)


def saved(pixels: np.ndarray, kind: str, mode: str | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    pixels = pixels.squeeze()
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes()) if mode else Image.fromarray(pixels)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(pixels: np.ndarray, chunks: Sequence[bytes] = ()) -> bytes:
    """A PNG of 8 or 16 bits with these chunks before the pixels."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, 2 if channels == 3 else 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.astype(pixels.dtype.newbyteorder(">")))
    parts = (png_chunk(b"IHDR", head), *chunks, png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def heic(pixels: np.ndarray, icc: bytes | None = None, **options: object) -> bytes:
    """A HEIC, of 10 bits if `pixels` are uint16 values up to 65535."""
    import pillow_heif

    mode = "RGB" if pixels.dtype == np.uint8 else "RGB;16"
    file = pillow_heif.from_bytes(mode, pixels.shape[1::-1], pixels.tobytes())
    if icc:
        file.info["icc_profile"] = icc
    buffer = io.BytesIO()
    file.save(buffer, quality=98, chroma=444, **options)
    return buffer.getvalue()


def avif(pixels: np.ndarray, icc: bytes | None = None, code_points: tuple[int, int] = (1, 13)) -> bytes:
    """A lossless AVIF with a profile or these primaries and transfer characteristics in the place of sRGB's."""
    import cv2

    data = cv2.imencode(".avif", pixels[..., ::-1], [cv2.IMWRITE_AVIF_QUALITY, 100])[1].tobytes()
    at = data.index(b"colrnclx")
    if icc is None:
        return data[: at + 8] + struct.pack(">HH", *code_points) + data[at + 12 :]
    box = struct.pack(">I", 12 + len(icc)) + b"colrprof" + icc
    grown = bytearray(data[: at - 4] + box + data[at + 15 :])
    longer = len(grown) - len(data)
    for outer in (b"meta", b"iprp", b"ipco"):
        place = data.index(outer) - 4
        struct.pack_into(">I", grown, place, struct.unpack_from(">I", data, place)[0] + longer)
    # The picture follows; its offset in the file is the first of the item's one extent.
    place = data.index(b"iloc") + 18
    struct.pack_into(">I", grown, place, struct.unpack_from(">I", data, place)[0] + longer)
    return bytes(grown)


def cases() -> Iterator[tuple[str, str, np.ndarray, Callable[[np.ndarray], bytes]]]:
    """Yield profile, format, colours in sRGB, and what saves them as a photo."""
    jpeg = {"quality": 100, "subsampling": 0}
    pillow = {"JPEG": jpeg, "WEBP": {"lossless": True}, "TIFF": {}}
    for space in SPACES:
        icc = rgb_profile(space)
        iccp = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(icc))
        as_is = partial(in_space, space=space)
        for kind, options in pillow.items():
            yield space, kind, PATCHES, saver(as_is, partial(saved, kind=kind, icc_profile=icc, **options))
        yield space, "PNG", PATCHES, saver(as_is, partial(png, chunks=[iccp]))
        yield space, "PNG, 16 bits", PATCHES, saver(as_is, partial(png, chunks=[iccp]), 1 << 16)
        yield space, "HEIC", PATCHES, saver(as_is, partial(heic, icc=icc))
        yield space, "AVIF", PATCHES, saver(as_is, partial(avif, icc=icc))
    for name, space, code_points, curve in (
        ("Display P3", "Display P3", (12, 13), "srgb"),
        ("Rec. 2020", "Rec. 2020", (9, 14), "srgb"),
        ("Rec. 2020, PQ", "Rec. 2020", (9, 16), "pq"),
    ):
        as_is = partial(in_space, space=space, curve=curve)
        cicp = png_chunk(b"cICP", bytes((*code_points, 0, 1)))
        nclx = dict(zip(("color_primaries", "transfer_characteristics"), code_points, strict=True))
        nclx |= {"save_nclx_profile": True, "matrix_coefficients": 6, "full_range_flag": 1}
        yield name, "PNG, 16 bits, cICP", PATCHES, saver(as_is, partial(png, chunks=[cicp]), 1 << 16)
        yield name, "HEIC, 10 bits, nclx", PATCHES, saver(as_is, partial(heic, **nclx), 1 << 16)
        if curve == "srgb":
            yield name, "AVIF, nclx", PATCHES, saver(as_is, partial(avif, code_points=code_points))
    chrm = b"".join(struct.pack(">I", round(x * 1e5)) for x in (*D65, 0.68, 0.32, 0.265, 0.69, *BLUE))
    chunks = [png_chunk(b"gAMA", struct.pack(">I", 45455)), png_chunk(b"cHRM", chrm)]
    yield (
        "Display P3",
        "PNG, gAMA and cHRM",
        PATCHES,
        saver(partial(in_space, space="Display P3"), partial(png, chunks=chunks)),
    )
    linear = [png_chunk(b"gAMA", struct.pack(">I", 100_000))]
    yield "linear", "PNG, 16 bits, gAMA", PATCHES, saver(to_linear, partial(png, chunks=linear), 1 << 16)
    for gamma in (1.8, 2.2):
        icc, name = grey_profile(gamma), f"grey, gamma {gamma}"
        iccp = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(icc))

        def grey(colours: np.ndarray, gamma: float = gamma) -> np.ndarray:
            return to_linear(colours[:, :1]) ** (1 / gamma)

        yield name, "PNG", GREYS, saver(grey, partial(png, chunks=[iccp]))
        for kind in ("JPEG", "TIFF"):
            yield name, kind, GREYS, saver(grey, partial(saved, kind=kind, icc_profile=icc))
    icc = cmyk_profile()
    for kind in ("JPEG", "TIFF"):
        save = partial(saved, kind=kind, mode="CMYK", icc_profile=icc, **pillow[kind])
        yield "CMYK", kind, PATCHES, saver(lambda colours: np.pad(1 - colours, ((0, 0), (0, 1))), save)


def saver(
    encode: Callable[[np.ndarray], np.ndarray], save: Callable[[np.ndarray], bytes], levels: int = 256
) -> Callable[[np.ndarray], bytes]:
    """Return what saves colours as a photo."""
    return lambda colours: save(picture(encode(colours), levels))


def difference(colours: np.ndarray, save: Callable[[np.ndarray], bytes]) -> np.ndarray:
    """CIEDE2000 between colours and what is read of the photo that they are saved as."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    from triage.photo import read_photo

    read = read_photo(save(colours)).reshape(len(colours), -1, 3).mean(axis=1)
    return deltaE_ciede2000(rgb2lab(colours[None]), rgb2lab(read[None] / 255))[0]


def main() -> None:
    print("| profile | saved as | colours | CIEDE2000, mean | largest |\n|---|---|---:|---:|---:|")
    for profile, kind, colours, save in cases():
        found = difference(colours, save)
        print(f"| {profile} | {kind} | {len(colours)} | {found.mean():.2f} | {found.max():.2f} |")


if __name__ == "__main__":
    main()
