"""An untrained student whose predictions differ between photos: enough to compare runtimes with."""

from typing import Any

import numpy as np

SPREAD = 2.0  # standard deviation of the logits over photos, about that of a trained student


def untrained_student(photos: np.ndarray, seed: int = 0, classes: int = 10) -> Any:
    """Build a student with random weights whose logits are centred and spread over given photos.

    A new student predicts almost the same for every photo, so that agreement between runtimes would show nothing.

    Args:
        photos: uint8 [n, size, size, 3], a few dozen.
        seed: of the weights.
        classes: number of diagnoses.

    Returns:
        A Keras student for photos of that size, with a colour calibration near identity.
    """
    import tf_keras as keras

    from distill.student import build_student
    from skin_training.color_calibration import CCM_LAYER_NAME
    from skin_training.heads import logits_model

    keras.utils.set_random_seed(seed)
    student = build_student(classes, photos.shape[1], batch_norm_momentum=0.5)
    images = photos / np.float32(255)
    for _ in range(8):
        student(images, training=True)  # statistics of batch normalisation
    generator = np.random.default_rng(seed)
    matrix = np.eye(3) + generator.normal(0, 0.04, (3, 3))
    student.get_layer(CCM_LAYER_NAME).set_weights([matrix.astype(np.float32), generator.normal(0, 0.01, 3)])
    layers = [student.get_layer(name) for name in ("diagnosis_logits", "lighting_logit")]
    for layer, logits in zip(layers, logits_model(student)(images, training=False), strict=True):
        kernel, bias = layer.get_weights()
        scale = SPREAD / logits.numpy().std(axis=0)
        layer.set_weights([kernel * scale, (bias - logits.numpy().mean(axis=0)) * scale])
    return student
