"""What teacher and student share: recipes, the training loop, heads, colour calibration, evaluation, run folders."""
