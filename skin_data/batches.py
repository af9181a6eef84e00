"""Training batches: prepared pixels, turned into views, with the targets of both heads."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from skin_data.mixup import mix_targets, own_fractions, partner_boxes, partner_rows
from skin_data.oversampling import draws_of_epoch, photo_repeats
from skin_data.views import ViewRecipe, apply_views, draw_views
from triage.errors import UnusableInput
from triage.lighting import FEATURE_NAMES

if TYPE_CHECKING:
    import pandas as pd
    import tensorflow as tf

    from skin_data.manifest import Manifest

Arrays = dict[str, np.ndarray]
CLIP = 4.0
"""Standard deviations at which standardised lighting features are clipped."""


@dataclass(frozen=True)
class TrainingSet:
    """Photos and targets of one split.

    Attributes:
        pixels: uint8 [n, size, size, 3], possibly memory-mapped.
        diagnosis: float32 [n, classes], one-hot or soft labels; a row of zeros where the photo has none.
        diagnosis_weight: float32 [n], class weight, or 0 where the label is missing.
        lighting: float32 [n], 1 well lit, 0 poor.
        lighting_weight: float32 [n], 0 where the label is missing.
        measures: float32 [n, 14], of `light_targets`.
        measures_weight: float32 [n], 0 where nothing was measured.
        image_ids: int64 [n], numbers that identify the photos in errors and in the seeds of views.
        repeats: int64 [n], how often each photo appears in an epoch.
        poor_light: the lighting target of a view with bad lighting.
        names: the photos' paths, for errors.
        photo_weight: float32 [n], weight of each photo in every loss, or None.
    """

    pixels: np.ndarray
    diagnosis: np.ndarray
    diagnosis_weight: np.ndarray
    lighting: np.ndarray
    lighting_weight: np.ndarray
    measures: np.ndarray
    measures_weight: np.ndarray
    image_ids: np.ndarray
    repeats: np.ndarray
    poor_light: float = 0.0
    names: list[str] = field(default_factory=list)
    photo_weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def targets_of(self, rows: np.ndarray, poor: np.ndarray) -> Arrays:
        """Return targets and weights of photos, int [n], with `photo_weight` where there is one.

        Those shown in bad lighting, bool [n], get the lighting label "poor" and unknown measures.
        """
        targets = {
            "diagnosis": self.diagnosis[rows],
            "diagnosis_weight": self.diagnosis_weight[rows],
            "lighting": np.where(poor, np.float32(self.poor_light), self.lighting[rows]),
            "lighting_weight": np.where(poor, np.float32(1), self.lighting_weight[rows]),
            "measures": self.measures[rows],
            "measures_weight": np.where(poor, np.float32(0), self.measures_weight[rows]),
        }
        if self.photo_weight is not None:
            weight = self.photo_weight[rows]
            targets |= {name: weight * value for name, value in targets.items() if name.endswith("_weight")}
            targets["photo_weight"] = weight
        return targets

    def class_balanced(self) -> "TrainingSet":
        """Return the same photos, each repeated so that classes appear about equally often, without class weights."""
        known = self.diagnosis.sum(axis=1) > 0
        counts = np.maximum(self.diagnosis.sum(axis=0), 1e-9)
        share = (self.diagnosis * (counts.max() / counts)).sum(axis=1)
        repeats = np.where(known, np.maximum(1, np.rint(share)), 1).astype(np.int64)
        return replace(self, repeats=repeats, diagnosis_weight=known.astype(np.float32))

    def describe(self, image_ids: np.ndarray) -> str:
        """Name up to five photos by their numbers."""
        return ", ".join(self.names[i] for i in image_ids[:5]) + (", ..." if len(image_ids) > 5 else "")


def make_training_set(
    manifest: "Manifest",
    frame: "pd.DataFrame",
    pixels: np.ndarray,
    class_weights: str,
    label_smoothing: float,
    most_repeats: int = 1,
) -> TrainingSet:
    """Join pixels, uint8 [n, size, size, 3], with the targets of their rows.

    Class weights are "balanced" (inverse frequency among an epoch's photos, mean 1) or "none"; label smoothing is of
    the lighting labels, and `most_repeats` caps how often a photo of a rare class and skin tone appears in an epoch.

    Raises:
        UnusableInput: a class has no example, or `class_weights` is unknown.
    """
    if class_weights not in ("balanced", "none"):
        raise UnusableInput(f"class_weights must be balanced or none. Received: {class_weights!r}.")
    ids = [c.id for c in manifest.taxonomy.classes]
    diagnosis = diagnosis_targets(frame, ids)
    known = diagnosis.sum(axis=1) > 0
    repeats = photo_repeats(frame["diagnosis"], frame["tone_bucket"], most_repeats)
    counts = (diagnosis * repeats[:, None]).sum(axis=0)
    if missing := [name for name, count in zip(ids, counts, strict=True) if count == 0]:
        raise UnusableInput(
            f"These classes have no training example: {', '.join(missing)}. Received: {manifest.path}. "
            "Add photos and prepare again, or remove the classes from the taxonomy."
        )
    weight = known.astype(np.float32)
    if class_weights == "balanced":
        weight *= (diagnosis * (repeats[known].sum() / (len(ids) * counts))).sum(axis=1)
    measures, measures_weight = light_targets(frame)
    label = frame["lighting_label"].to_numpy(np.float32, na_value=np.nan)
    smoothed = np.nan_to_num(label) * (1 - label_smoothing) + label_smoothing / 2
    return TrainingSet(
        pixels=pixels,
        diagnosis=diagnosis,
        diagnosis_weight=weight.astype(np.float32),
        lighting=smoothed.astype(np.float32),
        lighting_weight=(~np.isnan(label)).astype(np.float32),
        measures=measures,
        measures_weight=measures_weight,
        image_ids=np.arange(len(frame), dtype=np.int64),
        repeats=repeats,
        poor_light=label_smoothing / 2,
        names=[str(path) for path in frame["image_path"]],
    )


def diagnosis_targets(frame: "pd.DataFrame", class_ids: list[str]) -> np.ndarray:
    """Return float32 [n, classes]: the soft label where a row has one, else one-hot, else zeros.

    A soft label is a JSON object from class id to weight; weights are scaled to sum to one.
    """
    position = {name: number for number, name in enumerate(class_ids)}
    targets = np.zeros((len(frame), len(class_ids)), np.float32)
    for row, (diagnosis, soft) in enumerate(zip(frame["diagnosis"], frame["soft_label"], strict=True)):
        if isinstance(soft, str) and soft:
            for name, weight in json.loads(soft).items():
                targets[row, position[name]] = weight
            targets[row] /= targets[row].sum()
        elif diagnosis in position:
            targets[row, position[diagnosis]] = 1.0
    return targets


def light_targets(frame: "pd.DataFrame") -> tuple[np.ndarray, np.ndarray]:
    """Return the lighting features of photos, standardised by their own mean and standard deviation.

    From the columns `light_...` of a meta.csv, which may be missing or empty, float32 [n, 14] in [-4, 4], and float32
    [n], 1 where every feature is known, else 0.
    """
    measured, known = light_features(frame)
    targets = np.zeros(measured.shape, np.float32)
    if scale := light_scale(frame):
        targets[known] = np.clip((measured[known] - scale[0]) / scale[1], -CLIP, CLIP)
    return targets, known.astype(np.float32)


def light_features(frame: "pd.DataFrame") -> tuple[np.ndarray, np.ndarray]:
    """Return the measured lighting features of photos, float64 [n, 14], and bool [n], where all of them are known."""
    measured = frame.reindex(columns=[f"light_{name}" for name in FEATURE_NAMES]).to_numpy(np.float64, na_value=np.nan)
    return measured, ~np.isnan(measured).any(axis=1)


def light_scale(frame: "pd.DataFrame") -> tuple[np.ndarray, np.ndarray] | None:
    """Return mean and standard deviation of each feature, float64 [14], inf where all photos have the same value.

    None where no photo has been measured.
    """
    measured, known = light_features(frame)
    if not known.any():
        return None
    spread = measured[known].std(axis=0)
    return measured[known].mean(axis=0), np.where(spread > 1e-9, spread, np.inf)


def steps_per_epoch(training: TrainingSet, batch_size: int) -> int:
    """Return the number of whole batches of an epoch; a split smaller than one batch is one batch."""
    return max(1, int(training.repeats.sum()) // batch_size)


def draw_photos(
    training: TrainingSet,
    recipe: ViewRecipe,
    seed: int,
    rows: np.ndarray,
    views: np.ndarray,
    mixup: float = 0.0,
    cutmix: float = 0.0,
) -> tuple[Arrays, Arrays]:
    """Draw views of photos, int [n] rows and view numbers, and their targets, as a function of the arguments alone.

    Returns:
        Inputs of `show_photos`, and targets and weights of both heads (`TrainingSet.targets_of`).
    """
    shown, targets = _draw_unmixed(training, recipe, seed, rows, views)
    if not (mixup or cutmix):
        return shown, targets
    partners = partner_rows(rows, views, len(training), seed)
    others, their_targets = _draw_unmixed(training, recipe, seed, partners, views)
    ids = training.image_ids[rows]
    fraction = own_fractions(mixup or cutmix, seed, ids, views)
    shown |= {f"partner_{name}": value for name, value in others.items()}
    shown |= {"own_fraction": fraction} if mixup else {"partner_box": partner_boxes(fraction, seed, ids, views)}
    return shown, mix_targets(targets, their_targets, fraction)


def _draw_unmixed(
    training: TrainingSet, recipe: ViewRecipe, seed: int, rows: np.ndarray, views: np.ndarray
) -> tuple[Arrays, Arrays]:
    ids = training.image_ids[rows]
    pixels, parameters, poor = draw_views(np.asarray(training.pixels[rows]), recipe, seed, ids, views)
    return {"pixels": pixels, "parameters": parameters}, training.targets_of(rows, poor)


def show_photos(shown: Mapping[str, Any]) -> "tf.Tensor":
    """Render what `draw_photos` drew, in TensorFlow: float32 [n, size, size, 3] in [0, 1]."""
    import tensorflow as tf

    images = apply_views(shown["pixels"], shown["parameters"])
    if "partner_pixels" not in shown:
        return images
    partners = apply_views(shown["partner_pixels"], shown["partner_parameters"])
    if "own_fraction" in shown:
        fraction = shown["own_fraction"][:, None, None, None]
        return fraction * images + (1.0 - fraction) * partners
    top, left, bottom, right = (edge[:, None] for edge in tf.unstack(shown["partner_box"], axis=1))
    size = tf.shape(images)[1]
    places = ((tf.range(size, dtype=tf.float32) + 0.5) / tf.cast(size, tf.float32))[None]
    in_rows, in_columns = (places >= top) & (places < bottom), (places >= left) & (places < right)
    return tf.where((in_rows[:, :, None] & in_columns[:, None, :])[..., None], partners, images)


def epoch_batches(
    training: TrainingSet,
    recipe: ViewRecipe,
    batch_size: int,
    seed: int,
    epoch: int,
    view_count: int | None = None,
    extra: Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]] | None = None,
    mixup: float = 0.0,
    view_seed: int | None = None,
    rounded: bool = False,
    cutmix: float = 0.0,
) -> "tf.data.Dataset":
    """Return one epoch, each photo in a view of its own each time; a function of the arguments alone.

    Args:
        training: the split.
        recipe: how views are drawn.
        batch_size: photos in a batch; a smaller remainder is left out of this epoch.
        seed: the run's seed.
        epoch: number of the epoch over the whole run; it seeds the order and selects the views.
        view_count: number of different views of a photo, cycled; None draws new ones forever.
        extra: `extra(rows, views)` gives further arrays [batch, ...] by name.
        mixup: alpha of `skin_data.mixup`; 0 turns it off.
        view_seed: of the views, if it differs from `seed`.
        rounded: to 8 bits, as a teacher that takes whole pixel values sees them.
        cutmix: alpha of CutMix, instead of mixup; 0 turns it off.

    Returns:
        Batches with `image` float32 [b, size, size, 3], `image_ids`, the targets of `TrainingSet` and the extras.
    """
    order, views = draws_of_epoch(training.repeats, seed, epoch)
    views = views if view_count is None else views % view_count
    view_seed = seed if view_seed is None else view_seed

    def gather() -> Iterator[tuple[Arrays, Arrays]]:
        for step in range(steps_per_epoch(training, batch_size)):
            chosen = slice(step * batch_size, (step + 1) * batch_size)
            rows = order[chosen]
            shown, targets = draw_photos(training, recipe, view_seed, rows, views[chosen], mixup, cutmix)
            more = extra(rows, views[chosen]) if extra else {}
            yield shown, {"image_ids": training.image_ids[rows], **targets, **more}

    return _dataset(gather, rounded)


def photos_of_view(
    training: TrainingSet,
    recipe: ViewRecipe,
    seed: int,
    view: int,
    batch_size: int,
    mixup: float = 0.0,
    rounded: bool = False,
) -> "tf.data.Dataset":
    """Return view number `view` of every photo of a split, in its order; see `epoch_batches` for the arguments.

    Returns:
        Batches of `image` float32 [b, size, size, 3] and `image_ids`; the last may be smaller.
    """

    def gather() -> Iterator[tuple[Arrays, Arrays]]:
        for start in range(0, len(training), batch_size):
            rows = np.arange(start, min(start + batch_size, len(training)))
            shown, _ = draw_photos(training, recipe, seed, rows, np.full(len(rows), view), mixup)
            yield shown, {"image_ids": training.image_ids[rows]}

    return _dataset(gather, rounded)


def _dataset(gather: Callable[[], Iterator[tuple[Arrays, Arrays]]], rounded: bool) -> "tf.data.Dataset":
    """Render what `draw_photos` drew, ahead of use, and pass further arrays on."""
    import tensorflow as tf

    def rendered(shown: Mapping[str, Any], rest: Mapping[str, Any]) -> dict[str, Any]:
        images = show_photos(shown)
        return {"image": tf.round(images * 255.0) / 255.0 if rounded else images, **rest}

    signature = tf.nest.map_structure(
        lambda value: tf.TensorSpec((None, *value.shape[1:]), tf.as_dtype(value.dtype)), next(gather())
    )
    batches = tf.data.Dataset.from_generator(gather, output_signature=signature)
    return batches.map(rendered).prefetch(3)
