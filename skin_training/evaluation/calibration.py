"""Calibration of probabilities, fitted on the validation split."""

from collections.abc import Callable

import numpy as np
from scipy.special import softmax

from skin_training.evaluation.weighted_metrics import CALIBRATION_BINS, confidence_bins, expected_calibration_error
from skin_training.report_types import CalibratorParameters, ReliabilityBin

METHODS = ("temperature", "vector", "dirichlet")
PENALTY = 1e-2
"""Of Dirichlet calibration's off-diagonal weights and of the intercepts (ODIR, Kull et al. 2019)."""
MIN_PROBABILITY = 1e-12  # a smaller one is raised to it, so that it has a logarithm
TEMPERATURES = (0.25, 8.0)


def fit_temperature(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature that minimises the negative log likelihood (Guo et al. 2017).

    Args:
        truth: int [n].
        probabilities: float [n, classes].

    Returns:
        T in [0.25, 8], to four decimals, found on a log scale; the likelihood has one minimum there.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(truth, scale_by_temperature(probabilities, float(np.exp(log_temperature))))

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-10})
    return round(float(np.exp(found.x)), 4)


def scale_by_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Apply a temperature to each row of probabilities [n, classes], as the device does to one photo's."""
    return softmax(_logs(probabilities) / temperature, axis=1)


def fit_linear_map(
    truth: np.ndarray, probabilities: np.ndarray, diagonal: bool, penalty: float = PENALTY
) -> tuple[np.ndarray, np.ndarray]:
    """Fit `softmax(log(p) W + b)` by penalised maximum likelihood.

    With a diagonal W it is vector scaling (Guo et al. 2017), with a full one Dirichlet calibration (Kull et al. 2019,
    "Beyond temperature scaling"), whose off-diagonal weights and intercepts are penalised.

    Args:
        truth: int [n].
        probabilities: float [n, classes].
        diagonal: whether W is diagonal.
        penalty: times the mean square of off-diagonal weights, and of intercepts.

    Returns:
        W float64 [classes, classes] and b float64 [classes].
    """
    from scipy.optimize import minimize

    n, classes = probabilities.shape
    logs, one_hot, identity = _logs(probabilities), np.eye(classes)[truth], np.eye(classes)
    free = identity if diagonal else np.ones((classes, classes))
    off = (1 - identity) * penalty / max(1, classes * (classes - 1))

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = values[:-classes].reshape(classes, classes) * free, values[-classes:]
        fitted = softmax(logs @ weights + bias, axis=1)
        residual = (fitted - one_hot) / n
        value = negative_log_likelihood(truth, fitted) + (off * weights**2).sum() + penalty * (bias**2).mean()
        weight_gradient = (logs.T @ residual + 2 * off * weights) * free
        return value, np.concatenate([weight_gradient.ravel(), residual.sum(axis=0) + 2 * penalty * bias / classes])

    found = minimize(loss, np.concatenate([identity.ravel(), np.zeros(classes)]), jac=True, method="L-BFGS-B")
    return found.x[:-classes].reshape(classes, classes) * free, found.x[-classes:]


def fit_calibrator(
    method: str, truth: np.ndarray, probabilities: np.ndarray
) -> tuple[Callable[[np.ndarray], np.ndarray], CalibratorParameters]:
    """Fit one of `METHODS`.

    Returns:
        The map from probabilities [n, classes] to calibrated ones, and its parameters.
    """
    if method == "temperature":
        temperature = fit_temperature(truth, probabilities)
        return lambda p: scale_by_temperature(p, temperature), {"temperature": temperature}
    weights, bias = fit_linear_map(truth, probabilities, diagonal=method == "vector")
    shown = weights.diagonal() if method == "vector" else weights
    return lambda p: softmax(_logs(p) @ weights + bias, axis=1), {"weights": shown.tolist(), "bias": bias.tolist()}


def negative_log_likelihood(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean of `-log p[truth]` of int [n] and float [n, classes]."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], MIN_PROBABILITY)).mean())


def reliability_bins(truth: np.ndarray, probabilities: np.ndarray) -> list[ReliabilityBin]:
    """Return the reliability diagram's 15 bins of the top class's confidence."""
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = confidence_bins(confidence)

    def mean(values: np.ndarray, number: int) -> float | None:
        return float(values[bins == number].mean()) if number in bins else None

    return [
        {
            "low": number / CALIBRATION_BINS,
            "high": (number + 1) / CALIBRATION_BINS,
            "n": int((bins == number).sum()),
            "confidence": mean(confidence, number),
            "accuracy": mean(correct, number),
        }
        for number in range(CALIBRATION_BINS)
    ]


def ece_if_calibrated(confidence: np.ndarray, error: float, seed: int = 0, resamples: int = 1000) -> dict[str, float]:
    """Return the expected calibration error that these confidences would show if they were exactly true.

    With few photos the bins of a perfect model miss by chance, too. Predictions are drawn correct with the stated
    probability (consistency resampling, Bröcker and Smith 2007, "Increasing the reliability of reliability diagrams").

    Args:
        confidence: float [n], probability of each photo's top class.
        error: the expected calibration error that was measured on these photos.
        seed: of the draws.
        resamples: number of draws.

    Returns:
        `mean` and `high` (95 % of the draws lie below) of the error; `p`, the fraction of draws with at least the
        measured one, itself counted (Davison and Hinkley 1997); `n` and `seed`.
    """
    n = len(confidence)
    correct = np.random.default_rng(seed).random((resamples, n)) < confidence
    drawn = np.array([expected_calibration_error(np.ones((1, n)), confidence, row)[0] for row in correct])
    return {
        "mean": float(drawn.mean()),
        "high": float(np.quantile(drawn, 0.95)),
        "p": float((1 + (drawn >= error).sum()) / (1 + resamples)),
        "n": n,
        "seed": seed,
    }


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(probabilities.astype(np.float64), MIN_PROBABILITY)))
