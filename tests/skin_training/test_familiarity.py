"""Familiarity from pooled features, against plain second implementations."""

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance
from sklearn.metrics import roc_auc_score

from skin_training.familiarity import FRACTIONS, METHOD, METHODS, SHRINKAGE, unit
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
