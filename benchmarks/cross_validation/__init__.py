"""Cross-validation by patient: training of the folds, metrics, and the release file of the final model."""
