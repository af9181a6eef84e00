"""Mixup (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization") and CutMix (Yun et al. 2019), reproducible.

The partner of a view and the mixing ratio derive from (seed, photo, view number), so that teacher and student see the
same blend.
"""

from collections.abc import Mapping

import numpy as np

HEADS = ("diagnosis", "lighting")


def partner_rows(rows: np.ndarray, views: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the partner, int64 [n], of each view: rows and their view numbers are int [n], of `count` photos.

    For each view number, partners are a permutation of all photos; one may be its own.
    """
    partners = np.empty(len(rows), np.int64)
    for view in np.unique(views):
        random = np.random.Generator(np.random.Philox(key=seed, counter=[2, 0, int(view), 0]))
        chosen = views == view
        partners[chosen] = random.permutation(count)[rows[chosen]]
    return partners


def own_fractions(alpha: float, seed: int, images: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Return the fraction of its own photo in each view, float32 [n] in [0.5, 1].

    It is the larger of a Beta(alpha, alpha) draw and its complement, seeded by image and view number, int [n] each.
    """
    if not alpha:
        return np.ones(len(images), np.float32)
    drawn = [
        np.random.Generator(np.random.Philox(key=seed, counter=[3, 0, int(view), int(image)])).beta(alpha, alpha)
        for image, view in zip(images, views, strict=True)
    ]
    return np.asarray(np.maximum(drawn, 1 - np.array(drawn)), np.float32)


def partner_boxes(fraction: np.ndarray, seed: int, images: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Return where the partner shows in each view, float32 [n, 4] of top, left, bottom and right in [0, 1].

    A square within the photo, at a place seeded by image and view number, that leaves `fraction`, float32 [n], of the
    area to the view's own photo.
    """
    side = np.sqrt(1 - fraction)
    places = [
        np.random.Generator(np.random.Philox(key=seed, counter=[4, 0, int(view), int(image)])).random(2)
        for image, view in zip(images, views, strict=True)
    ]
    start = np.asarray(places, np.float32).reshape(-1, 2) * (1 - side)[:, None]
    return np.concatenate([start, start + side[:, None]], axis=1).astype(np.float32)


def mix_targets(
    own: Mapping[str, np.ndarray], partner: Mapping[str, np.ndarray], fraction: np.ndarray
) -> dict[str, np.ndarray]:
    """Blend the targets of both heads, by names as in `TrainingSet.targets_of`, with float32 [n] of `own_fractions`.

    The loss is linear in the weighted targets, so these are blended: a photo without a label adds nothing to a head.
    Lighting features are not linear in the pixels: the own photo's are kept, with less weight the less of it is seen.
    `own_diagnosis` keeps the unblended labels: with class weights the largest blended label need not be that of the
    photo that dominates the picture.
    """
    mixed = {
        "own_diagnosis": own["diagnosis"],
        "measures": own["measures"],
        "measures_weight": own["measures_weight"] * np.clip(2 * fraction - 1, 0, 1).astype(np.float32),
    }
    for head in HEADS:
        weights = fraction * own[f"{head}_weight"], (1 - fraction) * partner[f"{head}_weight"]
        total = weights[0] + weights[1]
        columns = [w.reshape(-1, *[1] * (own[head].ndim - 1)) for w in (*weights, total)]
        sums = columns[0] * own[head] + columns[1] * partner[head]
        mixed[head] = np.divide(sums, columns[2], out=np.zeros_like(sums), where=columns[2] > 0)
        mixed[f"{head}_weight"] = total
    if "photo_weight" in own:
        mixed["photo_weight"] = fraction * own["photo_weight"] + (1 - fraction) * partner["photo_weight"]
    return mixed
