"""Import optional libraries; name the missing extra instead of showing a traceback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from triage.errors import MissingDependency

OWN_PACKAGES = (
    "triage", "skin_data", "skin_training", "teacher", "distill", "convert", "benchmarks", "mobile_app", "web_app",
    "skin_distill",
)  # fmt: skip


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn the failed import of a library inside the block into an error that names the extra to install."""
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
    """Import TensorFlow and let it look for devices with its native log muted.

    On import it writes a dozen lines to standard error that no setting silences, among them "failed" calls to CUDA on
    machines without a GPU.

    Raises:
        MissingDependency: TensorFlow is not installed.
    """
    from triage.native_output import native_stderr_muted

    # Libraries built on tensorflow.keras then get tf_keras, as this project does.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    with needs_extra("train"), native_stderr_muted():
        import tensorflow as tf
        import tf_keras  # noqa: F401  (logs on import, too)

        tf.config.list_physical_devices()
        # The first data set of a process logs as well.
        tf.data.Dataset.from_generator(
            lambda: iter([0]), output_signature=tf.TensorSpec((), tf.int32)
        ).get_single_element()
