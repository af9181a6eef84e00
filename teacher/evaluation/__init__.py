"""What a model is worth on a held-out split."""

from teacher.evaluation.evaluate import evaluate
from teacher.evaluation.figure import FEWEST_FOR_A_FIGURE

__all__ = ["FEWEST_FOR_A_FIGURE", "evaluate"]
