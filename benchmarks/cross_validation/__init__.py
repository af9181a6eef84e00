"""Cross-validation by patient: training of the folds, figures, and the release file of the final model."""
