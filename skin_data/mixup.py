"""Mixup whose pairs are as reproducible as views: two photos, blended, with what both of them count for.

Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization". Which photo a view is mixed with, and how much of it,
follows from (seed, photo, view number), so that teacher and student can be shown the same blend.
"""

from collections.abc import Mapping

import numpy as np

HEADS = ("diagnosis", "lighting")


def partner_rows(rows: np.ndarray, views: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the photo that each view is mixed with.

    Args:
        rows: int [n], photos in [0, count).
        views: int [n], the number of the view of each.
        count: photos in the split.
        seed: of the views.

    Returns:
        int64 [n]: for each view number, partners are a permutation of all photos; one may be its own.
    """
    partners = np.empty(len(rows), np.int64)
    for view in np.unique(views):
        random = np.random.Generator(np.random.Philox(key=seed, counter=[2, 0, int(view), 0]))
        chosen = views == view
        partners[chosen] = random.permutation(count)[rows[chosen]]
    return partners


def own_shares(alpha: float, seed: int, images: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Return what each view keeps of its own photo.

    Args:
        alpha: of the Beta distribution; 0 mixes nothing.
        seed: of the views.
        images: int [n], numbers that identify the photos.
        views: int [n].

    Returns:
        float32 [n] in [0.5, 1]: the larger of a Beta(alpha, alpha) draw and its complement.
    """
    if not alpha:
        return np.ones(len(images), np.float32)
    shares = [
        np.random.Generator(np.random.Philox(key=seed, counter=[3, 0, int(view), int(image)])).beta(alpha, alpha)
        for image, view in zip(images, views, strict=True)
    ]
    return np.maximum(shares, 1 - np.array(shares)).astype(np.float32)


def mix_targets(
    own: Mapping[str, np.ndarray], partner: Mapping[str, np.ndarray], share: np.ndarray
) -> dict[str, np.ndarray]:
    """Blend the targets of both heads.

    Loss is linear in the weighted targets, so they are what is blended: a photo without a label adds nothing to a head.
    Measures of the light are not linear in the pixels: they stay the own photo's and count less the less of it is seen.

    Args:
        own: `diagnosis` float32 [n, classes], `lighting` float32 [n], `measures` float32 [n, 14], the weight of
            each, float32 [n], and `photo_weight` or none.
        partner: the same of the photos mixed in.
        share: float32 [n] of `own_shares`.

    Returns:
        Targets and weights by the same names, and `own_diagnosis`, the unblended labels: of a blend that classes are
        weighted in, the largest label need not be that of the photo that most of the picture shows.
    """
    mixed = {
        "own_diagnosis": own["diagnosis"],
        "measures": own["measures"],
        "measures_weight": own["measures_weight"] * np.clip(2 * share - 1, 0, 1).astype(np.float32),
    }
    for head in HEADS:
        weights = share * own[f"{head}_weight"], (1 - share) * partner[f"{head}_weight"]
        total = weights[0] + weights[1]
        columns = [w.reshape(-1, *[1] * (own[head].ndim - 1)) for w in (*weights, total)]
        sums = columns[0] * own[head] + columns[1] * partner[head]
        mixed[head] = np.divide(sums, columns[2], out=np.zeros_like(sums), where=columns[2] > 0)
        mixed[f"{head}_weight"] = total
    if "photo_weight" in own:
        mixed["photo_weight"] = share * own["photo_weight"] + (1 - share) * partner["photo_weight"]
    return mixed
