"""What a teacher's backbone is."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import tf_keras as keras

from skin_training.weight_files import check_h5


class Build(Protocol):
    """Builds a network without its classifier; may raise UnusableInput for an input size it does not take."""

    def __call__(self, *, include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
        """Return a model from [batch, side, side, 3] to a feature map.

        Args:
            include_top: False.
            weights: "imagenet" to download them; None.
            input_shape: (side, side, 3).
        """


def load_h5(model: keras.Model, path: str) -> None:
    """Load an .h5 file of the same network saved with `include_top=False`."""
    check_h5(path)
    model.load_weights(path)


class Backbone(NamedTuple):
    """A network with its preprocessing and weights.

    Attributes:
        build: see `Build`.
        preprocessing: `preprocessing(name=...)` returns the layer from sRGB in [0, 1] to the network's input.
        input_size: side that the published weights were trained at, in pixels.
        smallest: smallest input side.
        top: fraction of its layers, from the output down, that `trains: top` trains.
        load_weights: `load_weights(model, path)` loads a file.
        no_download: why ImageNet weights cannot be downloaded and what to do, up to "with --weights".
        adjust: `adjust(model)` is called after weights are loaded.
        frozen: it cannot be trained, and `build` gets the file that holds it as `weights`.
        terms: licence and training data of weights that are not this project's or Keras', for reports and cards.
        library: of layers that a saved model needs: its package's name, and the function that imports it.
    """

    build: Build | Callable[..., keras.Model]
    preprocessing: Callable[..., keras.layers.Layer]
    input_size: int = 224
    smallest: int = 32
    top: float = 0.4
    load_weights: Callable[[keras.Model, str], None] = load_h5
    no_download: str = ""
    adjust: Callable[[keras.Model], None] = lambda model: None
    frozen: bool = False
    terms: Callable[[str], dict[str, Any]] = lambda weights: {}
    library: tuple[str, Callable[[], Any]] | None = None
