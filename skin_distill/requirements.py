"""Say which extra is missing instead of a traceback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from triage.errors import MissingDependency

OWN_PACKAGES = (
    "triage", "skin_data", "skin_training", "teacher", "distill", "convert", "benchmarks", "mobile_app", "skin_distill",
)  # fmt: skip


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a missing library inside the block into an error that names the extra which brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in OWN_PACKAGES:
            raise
        raise MissingDependency(
            f"This command needs {error.name}, which is not installed. "
            f"Install it with: pip install 'skin-distill[{extra}]'"
        ) from error


def load_tensorflow() -> None:
    """Import TensorFlow and let it look for devices with its native chatter muted.

    It writes a dozen lines to standard error that no setting silences, among them "failed" calls to CUDA on machines
    that have none.

    Raises:
        MissingDependency: it is not installed.
    """
    from triage.native_output import native_stderr_muted

    # Libraries built on tensorflow.keras then get the Keras of this project, tf_keras.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    with needs_extra("train"), native_stderr_muted():
        import tensorflow as tf
        import tf_keras  # noqa: F401  (chatters, too)

        tf.config.list_physical_devices()
        # The first data set and the first step of a process have their say as well.
        tf.data.Dataset.from_generator(
            lambda: iter([0]), output_signature=tf.TensorSpec((), tf.int32)
        ).get_single_element()
