"""How much a model could score without looking at a lesion.

Published skin photos differ by where they come from: sizes, dark corners, writing and watermarks tell the source, and
in most collections the source tells the class. So a trivial model is shown what surrounds the centre crop, and nothing
else; what it guesses better than chance a diagnosis model can learn instead of skin (Winkler et al. 2019 for surgical
ink, Bissoto et al. 2019 for dermoscopy with the lesion cut out).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skin_data.photo_frame import read_frame

LARGEST_SAMPLE = 2500
"""Photos that the trivial model learns from and is judged on: more cost time and change little."""
FOLDS, TREES = 3, 60
FEW = 10
"""Classes or sources with fewer photos in the sample are left out: folds of them would say nothing."""
WARN_TIMES_CHANCE = 1.5
"""A guess is worth a warning when the lower end of its interval is this many times chance."""
CUES = ("size and shape", "colours of the frame", "detail of the frame")


class Guess(NamedTuple):
    """What a trivial model guesses from one cue.

    Attributes:
        target: what it guesses, "source" or "class", or the class within one source.
        cue: what it sees, one of `CUES`.
        photos: that it was judged on.
        balanced_accuracy: by cross-validation over groups.
        low: lower end of the 95 % interval, by bootstrap over groups.
        high: upper end.
        chance: one over the number of classes or sources.
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
        """Whether the guess is clearly better than chance."""
        return self.low > WARN_TIMES_CHANCE * self.chance


def trivial_guesses(
    diagnoses: Sequence[str | None],
    sources: Sequence[str],
    groups: Sequence[str],
    sizes: npt.NDArray[np.float64],
    signatures: Sequence[str],
    seed: int,
) -> list[Guess]:
    """Let a trivial model guess source and class from each cue alone.

    Extremely randomised trees (Geurts, Ernst and Wehenkel 2006), judged by cross-validation in which no group is on
    both sides.

    Args:
        diagnoses: class of each photo or None.
        sources: of the photos.
        groups: of the photos.
        sizes: float64 [n, 2], width and height in pixels.
        signatures: of `skin_data.photo_frame.frame_signature`.
        seed: of the sample, the folds and the trees.

    Returns:
        Guesses of the source where there are several, of the class, and of the class within each source; none of what
        has fewer groups than folds.
    """
    rows = np.sort(np.random.Generator(np.random.Philox(key=seed)).permutation(len(sources))[:LARGEST_SAMPLE])
    ring = np.stack([read_frame(signatures[row]) for row in rows])
    width, height = sizes[rows].T
    cues = dict(
        zip(
            CUES,
            (np.column_stack([width, height, width / height]), ring[..., :3].reshape(len(rows), -1), ring[..., 3]),
            strict=True,
        )
    )
    group = np.array([groups[row] for row in rows])
    source = np.array([sources[row] for row in rows])
    diagnosis = np.array([diagnoses[row] or "" for row in rows])
    everything = np.ones(len(rows), dtype=bool)
    targets: list[tuple[str, npt.NDArray[Any], npt.NDArray[np.bool_]]] = [("class", diagnosis, everything)]
    if len(set(source)) > 1:
        targets.insert(0, ("source", source, everything))
        targets += [(f"class within {name}", diagnosis, source == name) for name in sorted(set(source))]
    guesses = []
    for target, names, among in targets:
        counts = {name: int((names[among] == name).sum()) for name in set(names[among]) if name}
        used = among & np.isin(names, [name for name, count in counts.items() if count >= FEW])
        if len(set(names[used])) > 1 and len(set(group[used])) >= FOLDS:
            guesses += [_guess(target, cue, seen[used], names[used], group[used], seed) for cue, seen in cues.items()]
    return guesses


def describe_confounding(guesses: Sequence[Guess]) -> str:
    """Write the guesses as a Markdown table, with a plain warning where there is reason for one."""
    if not guesses:
        return "Too few photos, groups, classes or sources to say what could be guessed without looking at the lesion."
    lines = ["| guessed | from | photos | balanced accuracy (95 %) | by chance |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {g.target} | {g.cue} | {g.photos} | {g.balanced_accuracy:.2f} ({g.low:.2f} to {g.high:.2f}) "
        f"| {g.chance:.2f} |"
        for g in guesses
    ]
    text = "A trivial model that sees only this, and never the lesion, guesses:\n\n" + "\n".join(lines) + "\n\n"
    warned = [g for g in guesses if g.warns]
    if not warned:
        return text + "None of it is far above chance."
    best = max((g for g in warned if g.target == "class"), key=lambda g: g.balanced_accuracy, default=None)
    text += "**Beware**: "
    if any(g.target == "source" for g in warned):
        text += "where a photo comes from can be told without looking at the lesion. "
    if best:
        text += (
            f"A model can reach a balanced accuracy of {best.balanced_accuracy:.2f} here from the {best.cue} alone, so "
            "an accuracy measured on this data says less about skin than it seems. "
        )
    return text + "Expect less on photos from elsewhere, and test on them."


def _guess(
    target: str, cue: str, seen: npt.NDArray[Any], names: npt.NDArray[Any], groups: npt.NDArray[Any], seed: int
) -> Guess:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    from skin_data.statistics import GroupDraws

    known, truth = np.unique(names, return_inverse=True)
    model = ExtraTreesClassifier(TREES, min_samples_leaf=2, class_weight="balanced", random_state=seed)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    answers = cross_val_predict(model, seen, truth, groups=groups, cv=folds)

    member = np.eye(len(known))[truth]
    hits = member * (answers == truth)[:, None]

    def score(weights: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        support = weights @ member[rows]
        recall = np.divide(weights @ hits[rows], support, out=np.full_like(support, np.nan), where=support > 0)
        return np.asarray(np.nanmean(recall, axis=1))  # balanced accuracy

    value, low, high = GroupDraws(groups, seed).interval(score, np.arange(len(names)))
    return Guess(target, cue, len(names), value, low, high, 1 / len(known))
