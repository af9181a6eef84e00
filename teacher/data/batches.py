"""Training batches: prepared pixels, turned into views, with targets of both heads."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from teacher.views import apply_views, view_parameters
from triage.errors import UnusableInput


@dataclass(frozen=True)
class TrainingSet:
    """What one split offers to training.

    Attributes:
        pixels: uint8 [n, size, size, 3], possibly memory-mapped.
        diagnosis: float32 [n, classes], one-hot or soft labels; a row of zeros where the photo has none.
        diagnosis_weight: float32 [n], class weight times 1, or 0 where the label is missing.
        lighting: float32 [n], 1 well lit, 0 poor.
        lighting_weight: float32 [n], 0 where the label is missing.
        image_ids: int64 [n], numbers that name the photos in errors and in the seeds of views.
        names: the photos' paths, for errors.
    """

    pixels: np.ndarray
    diagnosis: np.ndarray
    diagnosis_weight: np.ndarray
    lighting: np.ndarray
    lighting_weight: np.ndarray
    image_ids: np.ndarray
    names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pixels)

    def describe(self, image_ids: np.ndarray) -> str:
        """Name up to five photos by their numbers."""
        names = [self.names[i] for i in image_ids[:5]]
        return ", ".join(names) + (f" and {len(image_ids) - 5} more" if len(image_ids) > 5 else "")


def make_training_set(
    manifest: Any, frame: Any, pixels: np.ndarray, class_weights: str, label_smoothing: float
) -> TrainingSet:
    """Join pixels with the targets of their rows.

    Args:
        manifest: the `Manifest` of the data set.
        frame: rows of its table, in the order of `pixels`.
        pixels: uint8 [n, size, size, 3].
        class_weights: "balanced" (inverse frequency, mean 1 over the photos) or "none".
        label_smoothing: of the lighting labels.

    Raises:
        UnusableInput: a class has no example, or `class_weights` is unknown.
    """
    if class_weights not in ("balanced", "none"):
        raise UnusableInput(f"class_weights is balanced or none. Received: {class_weights!r}.")
    ids = [c.id for c in manifest.taxonomy.classes]
    diagnosis = diagnosis_targets(frame, ids)
    known = diagnosis.sum(axis=1) > 0
    counts = diagnosis.sum(axis=0)
    if missing := [name for name, count in zip(ids, counts, strict=True) if count == 0]:
        raise UnusableInput(
            f"These classes have no training example: {', '.join(missing)}. Received: {manifest.path}. "
            "Add photos and prepare again, or leave the classes out of the taxonomy."
        )
    weight = known.astype(np.float32)
    if class_weights == "balanced":
        weight *= (diagnosis * (known.sum() / (len(ids) * counts))).sum(axis=1)
    label = frame["lighting_label"].to_numpy(np.float32, na_value=np.nan)
    smoothed = np.nan_to_num(label) * (1 - label_smoothing) + label_smoothing / 2
    return TrainingSet(
        pixels=pixels,
        diagnosis=diagnosis,
        diagnosis_weight=weight.astype(np.float32),
        lighting=smoothed.astype(np.float32),
        lighting_weight=(~np.isnan(label)).astype(np.float32),
        image_ids=np.arange(len(frame), dtype=np.int64),
        names=[str(path) for path in frame["image_path"]],
    )


def diagnosis_targets(frame: Any, class_ids: list[str]) -> np.ndarray:
    """Return float32 [n, classes]: the soft label where a row has one, else one-hot, else zeros.

    A soft label is a JSON object from class id to weight; weights are scaled to sum to one.
    """
    import json

    position = {name: number for number, name in enumerate(class_ids)}
    targets = np.zeros((len(frame), len(class_ids)), np.float32)
    for row, (diagnosis, soft) in enumerate(zip(frame["diagnosis"], frame["soft_label"], strict=True)):
        if isinstance(soft, str) and soft:
            for name, share in json.loads(soft).items():
                targets[row, position[name]] = share
            targets[row] /= targets[row].sum()
        elif diagnosis in position:
            targets[row, position[diagnosis]] = 1.0
    return targets


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Return the number of whole batches; a split smaller than one batch is one batch."""
    return max(1, count // batch_size)


def epoch_batches(
    training: TrainingSet,
    recipe: Any,
    batch_size: int,
    seed: int,
    epoch: int,
    view_of_epoch: int,
    extra: Callable[[np.ndarray, int], Mapping[str, np.ndarray]] | None = None,
) -> Any:
    """Return one epoch as a `tf.data.Dataset` whose content depends on nothing but the arguments.

    Args:
        training: the split.
        recipe: a `ViewRecipe`.
        batch_size: photos in a batch; a smaller remainder is left out of this epoch.
        seed: the run's seed.
        epoch: number of the epoch over the whole run; it seeds the order.
        view_of_epoch: number of the view that every photo is shown in.
        extra: `extra(rows, view)` gives further arrays [batch, ...] of the batch by name.

    Returns:
        Batches with `image` float32 [b, size, size, 3], `image_ids`, the targets of `TrainingSet` and the extras.
    """
    import tensorflow as tf

    order = np.random.Generator(np.random.Philox(key=seed, counter=[1, 0, 0, epoch])).permutation(len(training))
    steps = steps_per_epoch(len(training), batch_size)

    def gather() -> Iterator[dict[str, np.ndarray]]:
        for step in range(steps):
            rows = np.sort(order[step * batch_size : (step + 1) * batch_size])
            ids = training.image_ids[rows]
            yield {
                "pixels": np.asarray(training.pixels[rows]),
                "parameters": view_parameters(recipe, seed, ids, np.full(len(ids), view_of_epoch)),
                "image_ids": ids,
                "diagnosis": training.diagnosis[rows],
                "diagnosis_weight": training.diagnosis_weight[rows],
                "lighting": training.lighting[rows],
                "lighting_weight": training.lighting_weight[rows],
                **(extra(rows, view_of_epoch) if extra else {}),
            }

    sample = next(gather())
    signature = {
        name: tf.TensorSpec((None, *value.shape[1:]), tf.as_dtype(value.dtype)) for name, value in sample.items()
    }

    def to_view(batch: dict[str, Any]) -> dict[str, Any]:
        pixels, parameters = batch.pop("pixels"), batch.pop("parameters")
        return {"image": apply_views(pixels, parameters), **batch}

    return tf.data.Dataset.from_generator(gather, output_signature=signature).map(to_view).prefetch(3)
