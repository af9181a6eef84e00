"""How well a model could score without looking at a lesion.

Published skin photos differ by source: size, dark corners, writing and watermarks reveal it, and in most collections
the source reveals the class. So a trivial model sees only what surrounds the centre crop; whatever it predicts better
than chance, a diagnosis model can learn instead of skin (Winkler et al. 2019 for surgical ink, Bissoto et al. 2019 for
dermoscopy with the lesion cut out).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skin_data.photo_frame import read_frame
from skin_data.statistics import GroupDraws

LARGEST_SAMPLE = 2500
"""Photos that the trivial model is trained and tested on: more cost time and change little."""
FOLDS, TREES = 3, 60
MIN_PHOTOS = 10
"""Classes or sources with fewer photos in the sample are left out: their folds would be meaningless."""
WARN_TIMES_CHANCE = 1.5
"""A baseline is worth a warning when the lower end of its interval is this many times chance."""
CUES = ("size and shape", "colours of the frame", "detail of the frame")


class TrivialBaseline(NamedTuple):
    """How well a trivial model predicts a target from one cue of `CUES`.

    The target is "source", "class", or the class within one source; `photos` are those it was tested on by
    cross-validation over groups. `low` and `high` are the ends of the 95 % interval by bootstrap over groups, and
    chance is one over the number of classes or sources.
    """

    target: str
    cue: str
    photos: int
    balanced_accuracy: float
    low: float
    high: float
    chance: float

    @property
    def warns(self) -> bool:
        """Whether it is clearly better than chance."""
        return self.low > WARN_TIMES_CHANCE * self.chance


def trivial_baselines(
    diagnoses: Sequence[str | None],
    sources: Sequence[str],
    groups: Sequence[str],
    sizes: npt.NDArray[np.float64],
    signatures: Sequence[str],
    seed: int,
) -> list[TrivialBaseline]:
    """Predict source and class from each cue alone.

    The model is extremely randomised trees (Geurts, Ernst and Wehenkel 2006), tested by cross-validation over groups.
    Sizes are float64 [n, 2], width and height in pixels; signatures those of `photo_frame.frame_signature`; the seed is
    of the sample, the folds and the trees.

    Returns:
        Baselines of the source where there are several, of the class, and of the class within each source; targets with
        fewer groups than folds are skipped.
    """
    rows = np.sort(np.random.Generator(np.random.Philox(key=seed)).permutation(len(sources))[:LARGEST_SAMPLE])
    ring = np.stack([read_frame(signatures[row]) for row in rows])
    width, height = sizes[rows].T
    inputs = (np.column_stack([width, height, width / height]), ring[..., :3].reshape(len(rows), -1), ring[..., 3])
    group = np.array([groups[row] for row in rows])
    source = np.array([sources[row] for row in rows])
    diagnosis = np.array([diagnoses[row] or "" for row in rows])
    everything = np.ones(len(rows), dtype=bool)
    targets: list[tuple[str, npt.NDArray[Any], npt.NDArray[np.bool_]]] = [("class", diagnosis, everything)]
    if len(set(source)) > 1:
        targets.insert(0, ("source", source, everything))
        targets += [(f"class within {name}", diagnosis, source == name) for name in sorted(set(source))]
    baselines = []
    for target, names, among in targets:
        counts = {name: int((names[among] == name).sum()) for name in set(names[among]) if name}
        used = among & np.isin(names, [name for name, count in counts.items() if count >= MIN_PHOTOS])
        if len(set(names[used])) > 1 and len(set(group[used])) >= FOLDS:
            baselines += [
                _baseline(target, cue, values[used], names[used], group[used], seed)
                for cue, values in zip(CUES, inputs, strict=True)
            ]
    return baselines


def _baseline(
    target: str, cue: str, values: npt.NDArray[Any], names: npt.NDArray[Any], groups: npt.NDArray[Any], seed: int
) -> TrivialBaseline:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    known, truth = np.unique(names, return_inverse=True)
    model = ExtraTreesClassifier(TREES, min_samples_leaf=2, class_weight="balanced", random_state=seed)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    right = cross_val_predict(model, values, truth, groups=groups, cv=folds) == truth
    member = np.eye(len(known))[truth]
    hits = member * right[:, None]

    def score(weights: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        support = weights @ member[rows]
        recalls = np.divide(weights @ hits[rows], support, out=np.full_like(support, np.nan), where=support > 0)
        return np.asarray(np.nanmean(recalls, axis=1))

    interval = GroupDraws(groups, seed).interval(score, np.arange(len(names)))
    return TrivialBaseline(target, cue, len(names), *interval, 1 / len(known))
