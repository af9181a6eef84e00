"""The fine structure of skin: random fields, furrows, pores and hair."""

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def smooth_noise(generator: np.random.Generator, size: int, cells: int) -> Floats:
    """Random field with features of `size / cells` pixels, float32 [size, size], mean about 0, deviation about 1."""
    coarse = generator.standard_normal((cells + 3, cells + 3)).astype(np.float32)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field / max(float(field.std()), 1e-6), np.float32)


def furrows(generator: np.random.Generator, size: int) -> Floats:
    """Net of primary skin lines, float32 [size, size] in [0, 1]; 1 is the bottom of a furrow.

    Two sets of lines cross at 50 to 80 degrees and are bent by noise, as on a replica of the skin's surface.
    """
    rows, columns = grid(size)
    angle, crossing = generator.uniform(0, np.pi), np.radians(generator.uniform(50, 80))
    spacing = size * generator.uniform(0.022, 0.035)
    bend = 0.35 * spacing * smooth_noise(generator, size, 14)
    lines = np.zeros((size, size), np.float32)
    for direction in (angle, angle + crossing):
        phase = (columns * np.cos(direction) + rows * np.sin(direction) + bend) * (2 * np.pi / spacing)
        lines = np.maximum(lines, np.clip(np.cos(phase) - 0.75, 0, None) * 4)
    return lines.astype(np.float32)


def pores(generator: np.random.Generator, size: int) -> Floats:
    """Small round dips, float32 [size, size] in [0, 1]."""
    dots = np.zeros((size, size), np.float32)
    count = int(generator.integers(60, 200))
    dots[generator.integers(0, size, count), generator.integers(0, size, count)] = 1
    blurred = cv2.GaussianBlur(dots, (0, 0), size / 224 * generator.uniform(0.8, 1.3))
    return np.asarray(blurred / max(float(blurred.max()), 1e-6), np.float32)


def hairs(generator: np.random.Generator, size: int, count: int) -> Floats:
    """Coverage by hairs, float32 [size, size] in [0, 1]: thin arcs that share a rough direction."""
    canvas = np.zeros((size, size), np.uint8)
    main = generator.uniform(0, 2 * np.pi)
    for _ in range(count):
        start = generator.uniform(-0.1, 1.1, 2) * size
        direction, length = main + generator.normal(0, 0.35), size * generator.uniform(0.2, 0.6)
        bend, along = generator.normal(0, 0.8), np.linspace(0, 1, 12)
        angles = direction + bend * along
        steps = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (length / 12)
        points = np.round((start + np.cumsum(steps, axis=0)) * 16).astype(np.int32)
        thickness = 1 if size < 200 or generator.random() < 0.6 else 2
        cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, 255, thickness, cv2.LINE_AA, 4)
    return (canvas / np.float32(255)).astype(np.float32)


def grid(size: int) -> tuple[Floats, Floats]:
    """Rows and columns of the pixels, each float32 [size, size]."""
    line = np.arange(size, dtype=np.float32)
    return np.repeat(line[:, None], size, 1), np.repeat(line[None], size, 0)
