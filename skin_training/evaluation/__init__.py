"""What a model is worth on a held-out split."""

from skin_training.evaluation.evaluate import evaluate
from skin_training.evaluation.figure import FEWEST_FOR_A_FIGURE

__all__ = ["FEWEST_FOR_A_FIGURE", "evaluate"]
