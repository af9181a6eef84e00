"""Metrics of a model on a held-out split."""

from skin_training.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
