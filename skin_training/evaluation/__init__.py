"""What a model is worth on a held-out split."""

from skin_training.evaluation.evaluate import evaluate
from skin_training.evaluation.metric import MIN_PHOTOS

__all__ = ["MIN_PHOTOS", "evaluate"]
