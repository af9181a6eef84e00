"""Students whose kernels compress well: many zeros, or few different values.

An app is downloaded compressed, and so are most files. Rounded to 8 bit, a kernel half of whose weights are zero, or
which has few different values, takes far fewer bytes there; the file itself and its latency stay the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from convert.making.quantization_aware import answering
from convert.making.weight_only import FEWEST_WEIGHTS
from distill.objective import with_features
from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.predict import predict
from skin_training.recipe import Phase

_sparsity, _clustering = tfmot.sparsity.keras, tfmot.clustering.keras
STAGES = 3
"""Of pruning; all but the last take one epoch."""


class _Compressible(ABC):
    """A copy of a student with tensorflow-model-optimization's wrappers around its large kernels.

    Attributes:
        model: `image` float32 [batch, size, size, 3] to what `distill.objective.with_features` gives.
        phases: to train it through.
    """

    phases: tuple[Phase, ...]

    def __init__(self, student: keras.Model, wrap: Callable[[Any], Any]):
        self._float, inside = (_copy(student) for _ in range(2))
        self.model = keras.models.clone_model(
            with_features(inside), clone_function=lambda layer: wrap(layer) if _is_large(layer) else layer
        )
        self._answering = answering(self.model)

    def select(self, phase: Phase) -> None:
        """Train all but the colour calibration."""
        self.model.trainable = True
        self.model.get_layer(CCM_LAYER_NAME).trainable = False

    def answers(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer photos as the file would, but for its rounding.

        Args:
            pixels: uint8 [n, size, size, 3].

        Returns:
            Probabilities: diagnosis float32 [n, classes], and good light float32 [n].
        """
        return predict(self._answering, pixels)

    def float_student(self) -> keras.Model:
        """Return the student with the weights learnt, without wrappers."""
        for layer in self.model.layers:
            inner = getattr(layer, "layer", layer)
            if layer is not inner:
                self._float.get_layer(inner.name).set_weights([self._kernel(layer), *_other_weights(inner)])
            elif layer.weights:
                self._float.get_layer(layer.name).set_weights(layer.get_weights())
        return self._float

    @abstractmethod
    def _kernel(self, wrapper: Any) -> np.ndarray:
        """The kernel of a wrapped layer as the file shall have it."""


class Pruned(_Compressible):
    """A student whose large kernels lose their smallest weights, in stages, and learn to do without.

    Zhu and Gupta 2017, "To Prune, or Not to Prune": the share of zeros rises along a cubic curve, fast while there is
    much to spare. Each stage is a phase of its own, so that a training that was killed goes on in the stage it was in.
    """

    def __init__(self, student: keras.Model, sparsity: float, epochs: int, learning_rate: float):
        """Wrap a copy of a student.

        Args:
            student: the Keras student; it is not changed.
            sparsity: share of each large kernel's weights that end as zero.
            epochs: of all stages together, at least `STAGES`.
            learning_rate: the peak of each stage.
        """
        shares = [sparsity * (1 - (1 - stage / STAGES) ** 3) for stage in range(1, STAGES + 1)]
        lengths = [*[1] * (STAGES - 1), epochs - STAGES + 1]
        self._share = tf.Variable(shares[0], trainable=False, dtype=tf.float32)
        names = [f"prune {number} of {STAGES}" for number in range(1, STAGES + 1)]
        self._shares = dict(zip(names, shares, strict=True))
        self.phases = tuple(
            Phase(name, "all", length, learning_rate) for name, length in zip(names, lengths, strict=True)
        )
        super().__init__(
            student, lambda layer: _sparsity.prune_low_magnitude(layer, pruning_schedule=_Given(self._share))
        )
        for wrapper in self._wrappers():
            wrapper.pruning_step.assign(1)  # below 1 the wrapper takes the training for one without its callback

    def select(self, phase: Phase) -> None:
        """Train all but the colour calibration, with the phase's share of zeros."""
        super().select(phase)
        self._share.assign(self._shares[phase.name])

    def _wrappers(self) -> list[Any]:
        return [layer for layer in self.model.layers if hasattr(layer, "pruning_step")]

    def _kernel(self, wrapper: Any) -> np.ndarray:
        ((kernel, mask, _),) = wrapper.pruning_vars
        return kernel.numpy() * mask.numpy()


class _Given(_sparsity.PruningSchedule):
    """The share of zeros that a variable holds, at every step."""

    def __init__(self, share: tf.Variable):
        self._share = share

    def __call__(self, step: Any) -> tuple[Any, Any]:
        return tf.constant(True), self._share

    def get_config(self) -> dict[str, Any]:
        return {"share": float(self._share.numpy())}


class Clustered(_Compressible):
    """A student each of whose large kernels keeps a few different values, which move together.

    Han et al. 2016, "Deep Compression": weights are assigned to the nearest of some centroids, and the centroids learn.
    """

    def __init__(self, student: keras.Model, clusters: int, epochs: int, learning_rate: float):
        """Wrap a copy of a student.

        Args:
            student: the Keras student; it is not changed.
            clusters: different values of each large kernel.
            epochs: of the one phase.
            learning_rate: its peak.
        """
        self.phases = (Phase("cluster", "all", epochs, learning_rate),)
        start = _clustering.CentroidInitialization.KMEANS_PLUS_PLUS
        super().__init__(
            student,
            lambda layer: _clustering.cluster_weights(layer, number_of_clusters=clusters, cluster_centroids_init=start),
        )

    def _kernel(self, wrapper: Any) -> np.ndarray:
        wrapper.update_clustered_weights_associations()
        return np.asarray(wrapper.layer.kernel)


def _copy(student: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(student)
    copy.set_weights(student.get_weights())
    return copy


def _is_large(layer: Any) -> bool:
    plain = type(layer) in (keras.layers.Conv2D, keras.layers.Dense)
    return plain and int(np.prod(layer.kernel.shape)) >= FEWEST_WEIGHTS


def _other_weights(layer: Any) -> list[np.ndarray]:
    return [layer.bias.numpy()] if layer.use_bias else []
