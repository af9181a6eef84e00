"""How much a photo is like the training photos, from statistics of a model's feature maps.

A `Familiarity` is small enough to stand in the release file: a projection, a distance to a few centres, a logistic head
against drawn pictures, and piecewise-linear maps to the fraction of validation photos that are less familiar.

The distance of release files is that of the features' standard deviations over the places: the diagonal of what Sastry
and Oore 2020 look at, "Detecting Out-of-Distribution Examples with Gram Matrices". Pooling averages them away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from triage.errors import UnusableInput

RANK = 32
"""Principal directions of the feature space that are looked at one by one, where there are not too many channels."""
MAX_WEIGHTS = 20_000
"""Of the projection; in half precision 40 kB."""
PROTOTYPES, NEIGHBOURS = 64, 256
"""Centres of `prototypes` and of `neighbours`."""
LEAST_DISTANCE, LARGEST_DISTANCE = 0.01, 1e4
"""Of squared distances in units of a usual one, whose eighth power must stand in single precision."""
TINY = 1e-6
LEAST_VARIANCE, LEAST_SPAN = 1e-7, 0.01
"""Of a feature of vectors of length one, and of the scores of validation photos in units of variances. Where photos
differ less, as in a model that predicts the same for all, what tells them apart may be rounding."""
SHRINKAGE = 0.05
"""Of a covariance towards a multiple of the identity, so that few photos have one."""
HEAD_C = 0.01
"""Inverse strength of the penalty on the head's weights, for features of deviation one."""
FRACTIONS = np.array([0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
"""Fractions of the validation photos whose scores are the knots of the map; dense where photos are refused."""


Means = Mapping[str, np.ndarray]
"""By statistic, such as the mean of a layer's feature map over the places: float [n, channels]."""


@dataclass(frozen=True)
class OutlierHead:
    """A logistic head that tells photos from drawn pictures (`skin_data.outliers`).

    It looks at maps below the features: a network that learned diagnoses forgets there what tells a thing from
    skin. Outliers to learn from: Hendrycks et al. 2019, "Deep Anomaly Detection with Outlier Exposure".

    Attributes:
        weights: by statistic, float [channels]; the score is the sum of their products with the values of length one.
        knots: float [16], rising scores.
        lower_knots: float [16], rising values of the smaller of the head's and the distance's fractions.
    """

    weights: Means
    knots: np.ndarray = field(default_factory=lambda: np.empty(0))
    lower_knots: np.ndarray = field(default_factory=lambda: np.empty(0))

    def score(self, maps: Means) -> np.ndarray:
        """Return the score of each photo, float64 [n], larger for photos like the training photos."""
        return np.asarray(sum(unit(maps[layer]) @ weights for layer, weights in self.weights.items()))

    def lower(self, fractions: np.ndarray, maps: Means) -> np.ndarray:
        """Return the smaller of fractions, float [n], and those of the head."""
        return np.minimum(fractions, np.interp(self.score(maps), self.knots, FRACTIONS))


@dataclass(frozen=True)
class Familiarity:
    """Parameters of the score and of the map to a fraction.

    With features x, d = x / |x| - `mean`, z = d `directions` and w = z `whitening`, the score is
    `max(w centers + constants) + w^2 squares - outside (|d|^2 - |z|^2)`, larger for more familiar photos. Where `soft`,
    minus the power mean of order -8 stands for the maximum: a photo near several centres is more familiar.

    Attributes:
        mean: float [channels].
        directions: float [channels, k], orthonormal.
        whitening: float [k, k].
        centers: float [k, m].
        constants: float [m].
        squares: float [k].
        outside: weight of the squared distance to the subspace of the directions.
        soft: see above; what is averaged is then a squared distance.
        knots: float [16], rising scores; empty before `with_fractions`.
        head: against outliers; a photo is as familiar as the distance and the head both allow. None where there is no
            map to look at.
    """

    mean: np.ndarray
    directions: np.ndarray
    whitening: np.ndarray
    centers: np.ndarray
    constants: np.ndarray
    squares: np.ndarray
    outside: float = 0.0
    soft: bool = False
    knots: np.ndarray = field(default_factory=lambda: np.empty(0))
    head: OutlierHead | None = None

    @property
    def is_white(self) -> bool:
        """Whether `whitening` changes nothing."""
        return np.array_equal(self.whitening, np.eye(len(self.whitening)))

    def score(self, features: np.ndarray) -> np.ndarray:
        """Return the score of each photo, float64 [n], for features float [n, channels]."""
        d = unit(features) - self.mean
        z = d @ self.directions
        w = z @ self.whitening
        nearest = w @ self.centers + self.constants
        rest = w**2 @ self.squares - self.outside * ((d**2).sum(axis=1) - (z**2).sum(axis=1))
        if not self.soft:
            return np.asarray(nearest.max(axis=1) + rest)
        distances = np.clip(-nearest - rest[:, None] - LEAST_DISTANCE, 0, LARGEST_DISTANCE) + LEAST_DISTANCE
        return np.asarray(-((distances**-8.0).mean(axis=1) ** -0.125))

    def fraction(self, features: np.ndarray, maps: Means | None = None) -> np.ndarray:
        """Return the fraction of validation photos that are less familiar, float64 [n] in [0, 1].

        Args:
            features: float [n, channels].
            maps: for the head.
        """
        found = np.interp(self.score(features), self.knots, FRACTIONS)
        if self.head is None:
            return found
        return np.interp(self.head.lower(found, maps or {}), self.head.lower_knots, FRACTIONS)

    def with_fractions(self, validation: np.ndarray, maps: Means | None = None) -> "Familiarity":
        """Return a copy whose maps to fractions are fitted on validation photos, at least one.

        Args:
            validation: features, float [n, channels].
            maps: for the head.

        Raises:
            UnusableInput: there is no validation photo, or features are NaN or inf.
        """
        if not len(validation) or not np.isfinite(validation).all():
            raise UnusableInput(
                f"Familiarity needs finite features of validation photos. Received: {len(validation)} photos."
            )
        fitted = replace(self, knots=_rising_quantiles(self.score(validation)))
        if self.head is None:
            return fitted
        head = replace(self.head, knots=_rising_quantiles(self.head.score(maps or {})))
        lower = head.lower(replace(fitted, head=None).fraction(validation), maps or {})
        return replace(fitted, head=replace(head, lower_knots=_rising_quantiles(lower)))


def _rising_quantiles(scores: np.ndarray) -> np.ndarray:
    """Return the quantiles at `FRACTIONS`, each larger than the one before; equal scores are in the middle of them."""
    knots = np.quantile(scores, FRACTIONS)
    span = float(knots[-1] - knots[0])
    if span < LEAST_SPAN:  # nothing is less familiar than anything else
        return np.asarray(np.median(knots) + np.arange(len(knots)) - np.searchsorted(FRACTIONS, 0.5))
    # Equal scores would make a step, which a sum of ramps cannot.
    least = 1e-4 * max(span, 1e-3 * float(np.abs(knots).max())) * np.arange(len(knots))
    return np.asarray(np.maximum.accumulate(knots - least) + least)


def unit(features: np.ndarray) -> np.ndarray:
    """Return features float [n, channels] of length one: lengths differ by contrast, not by what a photo shows.

    So do Mueller and Hein 2025, "Mahalanobis++: Improving OOD Detection via Feature Normalization".
    """
    values = features.astype(np.float64)
    return np.asarray(values / np.sqrt((values**2).sum(axis=1, keepdims=True) + TINY))


def mahalanobis(features: np.ndarray, classes: np.ndarray) -> Familiarity:
    """Fit the distance to the nearest class centre, whitened within classes.

    Lee et al. 2018, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks".

    Args:
        features: float [n, channels] of training photos.
        classes: int [n]; photos without a class (-1) count as one more.
    """
    return _gaussian(features, classes)


def relative_mahalanobis(features: np.ndarray, classes: np.ndarray) -> Familiarity:
    """Fit `mahalanobis` less the distance to all training photos; arguments as there.

    Ren et al. 2021, "A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection".
    """
    return _gaussian(features, classes, background=1.0)


def mahalanobis_residual(features: np.ndarray, classes: np.ndarray) -> Familiarity:
    """Fit `mahalanobis` plus the distance to the subspace of the directions, in units of its variance.

    It is the density of class Gaussians under probabilistic PCA (Tipping and Bishop 1999); ViM (Wang et al. 2022) uses
    the same residual. Arguments as for `mahalanobis`.
    """
    return _gaussian(features, classes, outside=1.0)


def residual(features: np.ndarray, classes: np.ndarray) -> Familiarity:
    """Fit the distance to the subspace alone; arguments as for `mahalanobis`."""
    return _gaussian(features, classes, within=0.0, outside=1.0)


def prototypes(features: np.ndarray, classes: np.ndarray) -> Familiarity:
    """Fit the distance to the nearest of `PROTOTYPES` k-means centres.

    It stands in for the nearest neighbours (Sun et al. 2022, "Out-of-Distribution Detection with Deep Nearest
    Neighbors"), which would need all training photos.

    Args:
        features: as for `mahalanobis`.
        classes: not used.
    """
    from sklearn.cluster import KMeans

    normalized = unit(features)
    mean, directions, _ = _principal(normalized)
    z = (normalized - mean) @ directions
    clusters = KMeans(min(PROTOTYPES, len(z)), n_init=1, random_state=0).fit(z)
    scale = 1 / max(clusters.inertia_ / len(z), LEAST_VARIANCE)  # distances in units of the variance around a centre
    centers = clusters.cluster_centers_.T * np.sqrt(scale)
    whitening = np.eye(len(centers)) * np.sqrt(scale)
    return replace(_nearest(mean, directions, whitening, centers, -np.ones(len(centers))), outside=scale)


def neighbours(features: np.ndarray, classes: np.ndarray) -> Familiarity:
    """Fit the soft distance to `NEIGHBOURS` k-means centres, in directions whose variances are made less unlike.

    As good as the distance to the tenth neighbour among all training photos (see `prototypes`), in 1 / 8 of the space.
    Arguments as for `prototypes`.
    """
    from sklearn.cluster import KMeans

    normalized = unit(features)
    mean, directions, variances = _principal(normalized)
    d = normalized - mean
    z = d @ directions
    variances = np.maximum(variances, 1e-4 * variances.max() + LEAST_VARIANCE)
    whitening = (variances.mean() / variances) ** 0.25  # all the way they would be one, and noise as large as the rest
    w = z * whitening
    clusters = KMeans(min(NEIGHBOURS, len(w)), n_init=1, random_state=0).fit(w)
    outside = (d**2).sum(axis=1) - (z**2).sum(axis=1)
    usual = np.median(((w - clusters.cluster_centers_[clusters.labels_]) ** 2).sum(axis=1) + outside)
    scale = 1 / max(float(usual), 0.01 * float((d**2).sum(axis=1).mean()), LEAST_VARIANCE)
    # |w - c|^2 in z, so that nothing need be whitened; rounded as the file has it.
    squares = scale * whitening**2
    centers = (2 * scale * clusters.cluster_centers_ * whitening).T.astype(np.float16).astype(np.float64)
    constants = -((centers / 2) ** 2 / squares[:, None]).sum(axis=0)
    return Familiarity(mean, directions, np.eye(len(squares)), centers, constants, -squares, scale, soft=True)


def outlier_head(photos: Means, outliers: Means) -> OutlierHead:
    """Fit a head that tells training photos from outliers.

    Args:
        photos: of training photos.
        outliers: of outliers, the same statistics.
    """
    from sklearn.linear_model import LogisticRegression

    inside, outside = ({layer: unit(values) for layer, values in means.items()} for means in (photos, outliers))
    scales = {layer: np.maximum(values.std(axis=0), np.sqrt(LEAST_VARIANCE)) for layer, values in inside.items()}
    x = np.concatenate(
        [np.concatenate([m[layer] / scales[layer] for layer in scales], axis=1) for m in (inside, outside)]
    )
    labels = np.repeat([1, 0], [len(next(iter(m.values()))) for m in (inside, outside)])
    model = LogisticRegression(C=HEAD_C, max_iter=1000, class_weight="balanced").fit(
        x - x[labels == 1].mean(axis=0), labels
    )
    ends = np.cumsum([len(scale) for scale in scales.values()])[:-1]
    parts = zip(scales.items(), np.split(model.coef_[0], ends), strict=True)
    return OutlierHead({layer: weights / scale for (layer, scale), weights in parts})


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], Familiarity]] = {
    "Mahalanobis": mahalanobis,
    "relative Mahalanobis": relative_mahalanobis,
    "Mahalanobis and residual": mahalanobis_residual,
    "residual": residual,
    "prototypes": prototypes,
    "neighbours": neighbours,
}
METHOD = "neighbours"
"""The distance in release files, the best on the first halves of `benchmarks.familiarity`."""
WITH_HEAD = f"{METHOD} of deviations, and head against drawn pictures"
"""The method in release files where there are maps."""


def _gaussian(
    features: np.ndarray, classes: np.ndarray, within: float = 1.0, background: float = 0.0, outside: float = 0.0
) -> Familiarity:
    """Weigh the squared distances to the nearest class, to all photos (subtracted) and to the subspace."""
    features = unit(features)
    mean, directions, variances = _principal(features)
    d = features - mean
    z = d @ directions
    _, numbers = np.unique(classes, return_inverse=True)
    means = np.stack([z[numbers == number].mean(axis=0) for number in range(numbers.max() + 1)])
    whitening = _whitening(z - means[numbers])
    # In these coordinates the classes are round, and the axes are those of the whole.
    spread, axes = np.linalg.eigh(np.atleast_2d(np.cov(z @ whitening, rowvar=False)))
    whitening = whitening @ axes
    squares = -within + background / np.maximum(spread, 1.0)
    found = _nearest(mean, directions, whitening, within * (means @ whitening).T, squares)
    count = max(1, min(features.shape[1], len(features) - 1) - len(whitening))
    variance = (float((d**2).sum(axis=1).mean()) - float((z**2).sum(axis=1).mean())) / count
    return replace(found, outside=outside / max(variance, 1e-3 * float(variances.mean()), LEAST_VARIANCE))


def _nearest(
    mean: np.ndarray, directions: np.ndarray, whitening: np.ndarray, centers: np.ndarray, squares: np.ndarray
) -> Familiarity:
    """Score `max(2 w c - |c|^2) + w^2 squares`: with squares of -1, minus the squared distance to the nearest c."""
    return Familiarity(mean, directions, whitening, 2 * centers, -(centers**2).sum(axis=0), squares)


def _principal(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean [channels], the principal directions [channels, k] and the variances [k] along them."""
    mean = features.mean(axis=0, dtype=np.float64)
    _, lengths, rows = np.linalg.svd(features - mean, full_matrices=False)
    told_apart = int((lengths > 1e-6 * lengths[0]).sum())
    kept = max(1, min(RANK, MAX_WEIGHTS // features.shape[1], len(features) - 1, told_apart))
    return mean, rows[:kept].T, lengths[:kept] ** 2 / max(len(features) - 1, 1)


def _whitening(centered: np.ndarray) -> np.ndarray:
    """Return W [k, k] so that `centered` W has the identity as covariance, shrunk."""
    covariance = centered.T @ centered / len(centered)
    count = len(covariance)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(count) * max(
        np.trace(covariance) / count, LEAST_VARIANCE
    )
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors / np.sqrt(values))
