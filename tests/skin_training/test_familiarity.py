"""Familiarity from pooled features, against plain second implementations."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance
from sklearn.metrics import roc_auc_score

from skin_training.familiarity import FRACTIONS, METHOD, METHODS, SHRINKAGE, outlier_head, unit
from triage.errors import UnusableInput

CLASSES, CHANNELS = 4, 40


@pytest.fixture(scope="module")
def photos():
    """Features of training and validation photos in four clusters of six dimensions, and classes of the former."""
    generator = np.random.default_rng(0)
    basis = np.linalg.qr(generator.normal(size=(CHANNELS, CHANNELS)))[0]
    spread = basis * np.concatenate([np.full(6, 1.0), np.full(CHANNELS - 6, 0.05)])
    centers = generator.normal(size=(CLASSES, 6)) @ basis[:, :6].T * 5
    classes = generator.integers(0, CLASSES, 900)
    features = centers[classes] + generator.normal(size=(900, CHANNELS)) @ spread.T + 3
    return features[:600], classes[:600], features[600:], basis


def test_mahalanobis_is_the_distance_to_the_nearest_class(photos, monkeypatch):
    train, classes, validation = (unit(photos[0]), photos[1], unit(photos[2]))
    monkeypatch.setattr("skin_training.familiarity.RANK", CHANNELS)
    means = np.stack([train[classes == c].mean(axis=0) for c in range(CLASSES)])
    covariance = EmpiricalCovariance(assume_centered=True).fit(train - means[classes]).covariance_
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(CHANNELS) * np.trace(covariance) / CHANNELS
    differences = validation[:, None] - means
    distances = np.einsum("nci,ij,ncj->nc", differences, np.linalg.inv(covariance), differences).min(axis=1)
    np.testing.assert_allclose(METHODS["Mahalanobis"](train, classes).score(validation), -distances, rtol=1e-6)


def test_the_residual_is_the_distance_to_the_principal_directions(photos, monkeypatch):
    from sklearn.decomposition import PCA

    train, classes, validation = (unit(photos[0]), photos[1], unit(photos[2]))
    monkeypatch.setattr("skin_training.familiarity.RANK", 6)
    pca = PCA(6).fit(train)
    outside = ((validation - pca.inverse_transform(pca.transform(validation))) ** 2).sum(axis=1)
    score = METHODS["residual"](train, classes).score(validation)
    np.testing.assert_allclose(score / score.mean(), outside / outside.mean(), rtol=1e-6)


def test_the_soft_distance_is_the_power_mean_of_the_distances_to_the_centres(photos, monkeypatch):
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    train, validation = unit(photos[0]), unit(photos[2])
    monkeypatch.setattr("skin_training.familiarity.RANK", 6)
    monkeypatch.setattr("skin_training.familiarity.NEIGHBOURS", 20)
    pca = PCA(6).fit(train)
    half_white = (pca.explained_variance_.mean() / pca.explained_variance_) ** 0.25

    def distances(features, centers):
        w = pca.transform(features) * half_white
        outside = ((features - pca.inverse_transform(pca.transform(features))) ** 2).sum(axis=1)
        return ((w[:, None] - centers) ** 2).sum(axis=2) + outside[:, None]

    clusters = KMeans(20, n_init=1, random_state=0).fit(pca.transform(train) * half_white)
    usual = np.median(distances(train, clusters.cluster_centers_).min(axis=1))
    found = np.maximum(distances(validation, clusters.cluster_centers_) / usual, 0.01)
    expected = -((found**-8).mean(axis=1) ** (-1 / 8))
    score = METHODS["neighbours"](photos[0], photos[1]).score(photos[2])
    assert roc_auc_score(expected > np.median(expected), score) > 0.99
    assert np.corrcoef(np.log(-score), np.log(-expected))[0, 1] > 0.99


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_fraction_is_that_of_less_familiar_validation_photos(photos, method):
    train, classes, validation, basis = photos
    fitted = METHODS[method](train, classes).with_fractions(validation)
    fractions, scores = fitted.fraction(validation), fitted.score(validation)
    below = np.array([np.mean(scores < score) for score in scores])
    assert np.abs(fractions - below).max() < 0.05
    assert np.mean(fractions < 0.05) == pytest.approx(0.05, abs=0.01)
    assert (np.diff(fractions[np.argsort(scores)]) >= 0).all()
    strange = train.mean(axis=0) + 30 * basis[:, 20] + 30 * basis[:, 0]
    assert fitted.fraction(strange[None]) == 0 or method == "relative Mahalanobis"


def test_the_method_of_release_files_sees_what_lies_inside_and_outside_the_directions(photos, monkeypatch):
    train, classes, validation, basis = photos
    monkeypatch.setattr("skin_training.familiarity.RANK", 6)
    fitted = METHODS[METHOD](train, classes)
    for direction in (0, 30):
        score = fitted.score(np.concatenate([validation, validation + 10 * basis[:, direction]]))
        assert roc_auc_score(np.repeat([1, 0], len(validation)), score) > 0.9


@pytest.mark.parametrize("method", sorted(METHODS))
def test_few_photos_and_equal_ones_make_a_finite_map(method):
    few = np.random.default_rng(1).normal(size=(3, CHANNELS))
    fitted = METHODS[method](few, np.array([0, 0, -1])).with_fractions(np.repeat(few[:1], 5, axis=0))
    assert len(fitted.knots) == len(FRACTIONS) and (np.diff(fitted.knots) > 0).all()
    assert np.isfinite(fitted.fraction(few)).all()


@pytest.mark.parametrize("validation", [np.empty((0, CHANNELS)), np.full((2, CHANNELS), np.nan)])
def test_features_that_give_no_fractions_are_refused(photos, validation):
    train, classes, *_ = photos
    with pytest.raises(UnusableInput, match=str(len(validation))):
        METHODS[METHOD](train, classes).with_fractions(validation)


def test_what_only_rounding_tells_apart_is_in_the_middle():
    generator = np.random.default_rng(0)
    train, validation = (1 + 1e-7 * generator.normal(size=(n, CHANNELS)) for n in (60, 30))
    fitted = METHODS[METHOD](train, np.arange(60) % CLASSES).with_fractions(validation)
    np.testing.assert_allclose(fitted.fraction(validation), 0.5, atol=0.05)


@pytest.fixture(scope="module")
def maps():
    """Means of two maps of training photos, of validation photos, of outliers to fit and of other ones."""
    generator = np.random.default_rng(5)

    def means(n, shift):
        values = {layer: 2 + generator.normal(size=(n, width)) for layer, width in (("shallow", 8), ("deep", 12))}
        values["deep"][:, 3] += shift
        return values

    return means(600, 0), means(300, 0), means(200, 6), means(100, 6)


def test_the_head_refuses_what_the_distance_takes_for_familiar(photos, maps):
    train, classes, validation, _ = photos
    of_train, of_validation, to_fit, others = maps
    distance = METHODS[METHOD](train, classes)
    fitted = replace(distance, head=outlier_head(of_train, to_fit)).with_fractions(validation, of_validation)
    fractions = fitted.fraction(validation, of_validation)
    assert np.mean(fractions < 0.05) == pytest.approx(0.05, abs=0.01)
    assert np.quantile(fractions, 0.5) == pytest.approx(0.5, abs=0.05)
    refused = fitted.fraction(validation[:100], others) < 0.05
    assert refused.mean() > 0.95
    assert np.mean(distance.with_fractions(validation).fraction(validation[:100]) < 0.05) < 0.15


def test_the_heads_score_is_that_of_scikit_learn(maps):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    of_train, of_validation, to_fit, _ = maps
    inside, outside, new = (
        np.concatenate([unit(means[layer]) for layer in ("shallow", "deep")], axis=1)
        for means in (of_train, to_fit, of_validation)
    )
    scaler = StandardScaler().fit(inside)
    model = LogisticRegression(C=0.01, max_iter=1000, class_weight="balanced")
    model.fit(scaler.transform(np.concatenate([inside, outside])), np.repeat([1, 0], [600, 200]))
    expected, found = (
        model.decision_function(scaler.transform(new)),
        outlier_head(of_train, to_fit).score(of_validation),
    )
    np.testing.assert_allclose(found - found.mean(), expected - expected.mean(), atol=1e-3)


def test_maps_that_only_rounding_tells_apart_leave_the_answer_to_the_distance(photos, maps):
    train, classes, validation, _ = photos
    generator = np.random.default_rng(0)
    same = [{"deep": 1 + 1e-7 * generator.normal(size=(n, 12))} for n in (600, 200, 300)]
    distance = METHODS[METHOD](train, classes).with_fractions(validation)
    fitted = replace(distance, head=outlier_head(same[0], same[1])).with_fractions(validation, same[2])
    strange = validation[:50] + 30 * photos[3][:, 20]
    assert fitted.fraction(strange, {"deep": same[2]["deep"][:50]}).max() < 0.01
