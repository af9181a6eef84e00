"""The training side: data, the teacher, its evaluation."""

import os

# Libraries built on tensorflow.keras then get the Keras of this project, tf_keras; read when TensorFlow is imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
