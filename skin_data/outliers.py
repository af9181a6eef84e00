"""Pictures that are not of skin, made without any photograph of a thing, to fit and to measure familiarity."""

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.dead_leaves import dead_leaves

Pixels = npt.NDArray[np.uint8]

FITTING_SEED = 20_010
"""Of pictures that something is fitted to; measure with other seeds."""


def drawn_pictures(count: int, size: int, seed: int) -> dict[str, Pixels]:
    """Draw noise, plain colours, textures and dead leaves, uint8 [count, size, size, 3] each."""
    generator = np.random.default_rng(seed)
    shape = (count, size, size, 3)
    textures = np.empty(shape, np.uint8)
    for picture in textures:
        field = cv2.GaussianBlur(generator.standard_normal((size, size, 3)), (0, 0), float(generator.uniform(0.8, 8)))
        field *= generator.uniform(15, 60) / field.std()
        picture[:] = np.clip(generator.uniform(60, 200, 3) + field, 0, 255)
    return {
        "noise": generator.integers(0, 256, shape, np.uint8),
        "plain colours": np.broadcast_to(generator.integers(0, 256, (count, 1, 1, 3), np.uint8), shape),
        "textures": textures,
        "dead leaves": dead_leaves(count, size, seed),
    }


def shuffled(pixels: Pixels, seed: int, parts: int = 4) -> Pixels:
    """Cut photos into `parts` x `parts` tiles and shuffle these, uint8 [n, size, size, 3]."""
    generator, tile = np.random.default_rng(seed), pixels.shape[1] // parts
    cut = np.array(pixels[:, : tile * parts, : tile * parts])
    tiles = cut.reshape(len(cut), parts, tile, parts, tile, 3).swapaxes(2, 3).reshape(len(cut), -1, tile, tile, 3)
    mixed = np.stack([each[generator.permutation(parts * parts)] for each in tiles])
    whole = mixed.reshape(len(cut), parts, parts, tile, tile, 3).swapaxes(2, 3).reshape(cut.shape)
    return np.stack([cv2.resize(photo, pixels.shape[2:0:-1], interpolation=cv2.INTER_AREA) for photo in whole])


def outliers_to_fit(photos: Pixels, leaves: int, others: int) -> Pixels:
    """Return pictures to fit a head against: drawn ones of each kind, and shuffled photos.

    Args:
        photos: uint8 [n, size, size, 3], at least one; all of them are shuffled.
        leaves: number of dead leaves.
        others: number of noise, plain colours and textures each.

    Returns:
        uint8 [leaves + 3 others + n, size, size, 3].
    """
    drawn = drawn_pictures(others, photos.shape[1], FITTING_SEED)
    drawn["dead leaves"] = dead_leaves(leaves, photos.shape[1], FITTING_SEED)
    return np.concatenate([*drawn.values(), shuffled(photos, FITTING_SEED)])
