"""Features of a frozen backbone, computed once for each fixed view, so that training the heads is cheap."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from skin_data.batches import TrainingSet, steps_per_epoch
from skin_data.oversampling import draws_of_epoch
from skin_data.progress import Progress, no_progress
from skin_data.relighting import relighting_parameters
from skin_data.views import ViewRecipe, apply_views, draw_views, plain_parameters
from triage.atomic import replacing
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tf_keras as keras

HEADS = ("diagnosis_", "lighting_")
"""Prefixes of the names of layers that features do not depend on."""


class HeadFeatures:
    """Inputs of the heads for training views and validation photos, from the frozen part of a model.

    One file holds one view of all photos and appears whole; a kill loses at most the current view.

    Args:
        model: a teacher whose backbone and CCM stay frozen while this is used.
        training: the split.
        recipe: ranges of the views.
        seed: of the views and of the order.
        view_count: fixed views of each photo.
        validation: pixels uint8 [n, size, size, 3], without augmentation.
        folder: for the files.
        batch_size: photos at once.
        progress: called as `progress("features", done, total)`.
    """

    def __init__(
        self,
        model: "keras.Model",
        training: TrainingSet,
        recipe: ViewRecipe,
        seed: int,
        view_count: int,
        validation: np.ndarray,
        folder: Path,
        batch_size: int = 64,
        progress: Progress = no_progress,
    ):
        from skin_training.heads import heads_alone

        self.training, self.recipe, self.seed, self.view_count = training, recipe, seed, view_count
        self.folder, self.batch_size, self.progress = Path(folder), batch_size, progress
        self.heads = heads_alone(model)
        self._forward = _features_forward(model)
        frozen = [layer.get_weights() for layer in model.layers if not layer.name.startswith(HEADS)]
        self._key = joblib.hash([frozen, self.heads.input_shape, str(recipe), seed, training.pixels, validation])[:16]
        total = view_count * len(training) + len(validation)
        self.views = [self._view(view, total) for view in range(view_count)]
        self.validation = self._stored("validation", lambda: self._of(validation, None, view_count, total))

    def batches(self, batch_size: int, epoch: int) -> Iterator[dict[str, Any]]:
        """Yield an epoch's batches, in the order and with the targets of `skin_data.batches.epoch_batches`.

        Args:
            batch_size: photos in a batch.
            epoch: number of the epoch over the whole run.
        """
        import tensorflow as tf

        training = self.training
        order, shown = draws_of_epoch(training.repeats, self.seed, epoch)
        shown %= self.view_count
        for step in range(steps_per_epoch(training, batch_size)):
            chosen = slice(step * batch_size, (step + 1) * batch_size)
            rows, views = order[chosen], shown[chosen]
            ids = training.image_ids[rows]
            poor = relighting_parameters(self.recipe.bad_light, self.seed, ids, views)[:, 0] > 0
            targets = training.targets_of(rows, poor)
            features = np.stack([self.views[view][row] for row, view in zip(rows, views, strict=True)])
            yield {
                "features": tf.constant(features),
                "image_ids": tf.constant(ids),
                **{name: tf.constant(value) for name, value in targets.items()},
            }

    def predict_validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Predict the validation photos, like `skin_training.predict.predict`."""
        import tensorflow as tf

        diagnosis, lighting, _ = self.heads(tf.constant(np.asarray(self.validation)), training=False)
        return tf.nn.softmax(diagnosis).numpy(), tf.sigmoid(lighting).numpy()[:, 0]

    def _view(self, view: int, total: int) -> np.ndarray:
        return self._stored(f"view-{view:03d}", lambda: self._of(self.training.pixels, view, view, total))

    def _of(self, pixels: np.ndarray, view: int | None, before: int, total: int) -> np.ndarray:
        parts = []
        for start in range(0, len(pixels), self.batch_size):
            photos = np.asarray(pixels[start : start + self.batch_size])
            if view is None:
                parameters = plain_parameters(len(photos))
            else:
                ids = self.training.image_ids[start : start + self.batch_size]
                photos, parameters, _ = draw_views(photos, self.recipe, self.seed, ids, np.full(len(ids), view))
            parts.append(self._forward(photos, parameters).numpy())
            self.progress("features", min(before * len(self.training) + start + len(photos), total), total)
        return np.concatenate(parts)

    def _stored(self, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        path = self.folder / f"features-{self._key}-{name}.npy"
        if not path.is_file():
            computed = compute()
            with replacing(path) as temporary, open(temporary, "wb") as file:
                np.save(file, computed)
        try:
            features: np.ndarray = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise UnusableInput(f"A file of features is damaged; remove it. Received: {path}: {error}") from error
        return features


def _features_forward(model: "keras.Model") -> Any:
    import tensorflow as tf

    from skin_training.heads import before_heads

    seen = before_heads(model)
    size = model.input_shape[1]
    signature = [tf.TensorSpec((None, size, size, 3), tf.uint8), tf.TensorSpec((None, 9), tf.float32)]

    @tf.function(input_signature=signature)
    def forward(pixels: Any, parameters: Any) -> Any:
        return seen(apply_views(pixels, parameters), training=False)

    return forward
