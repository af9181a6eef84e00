import numpy as np
import pytest
from sklearn import metrics as reference

from skin_training.evaluation import weighted_metrics as metrics

CLASSES = 5


@pytest.fixture
def answers():
    """Truth, probabilities and three draws of weights; the truth lacks the last class, scores have ties."""
    generator = np.random.default_rng(3)
    truth = generator.integers(0, CLASSES - 1, 300)
    probabilities = generator.dirichlet(np.ones(CLASSES), 300)
    probabilities[np.arange(150), truth[:150]] += 1
    weights = np.concatenate([np.ones((1, 300)), generator.integers(0, 4, (2, 300))])
    return truth, np.round(probabilities / probabilities.sum(axis=1, keepdims=True), 2), weights


def test_figures_of_classes_equal_scikit_learn(answers):
    truth, probabilities, weights = answers
    answer = probabilities.argmax(axis=1)
    table = metrics.confusion(weights, truth, answer, CLASSES)
    for draw, weight in enumerate(weights):
        np.testing.assert_allclose(
            table[draw], reference.confusion_matrix(truth, answer, labels=range(CLASSES), sample_weight=weight)
        )
        expected = reference.precision_recall_fscore_support(
            truth, answer, labels=range(CLASSES), sample_weight=weight, zero_division=np.nan
        )
        np.testing.assert_allclose(metrics.precision(table)[draw], expected[0])
        np.testing.assert_allclose(metrics.recall(table)[draw], expected[1])
        np.testing.assert_allclose(metrics.f1(table)[draw], expected[2])
        assert metrics.accuracy(table)[draw] == pytest.approx(
            reference.accuracy_score(truth, answer, sample_weight=weight)
        )
        assert metrics.balanced_accuracy(table)[draw] == pytest.approx(np.mean(expected[1][:-1]))
        assert metrics.macro_f1(table)[draw] == pytest.approx(
            reference.f1_score(truth, answer, average="macro", sample_weight=weight)
        )


def test_figures_of_scores_equal_scikit_learn(answers):
    truth, probabilities, weights = answers
    positive, score = truth == 2, probabilities[:, 2]
    for draw, weight in enumerate(weights):
        assert metrics.area_under_roc(weights, positive, score)[draw] == pytest.approx(
            reference.roc_auc_score(positive, score, sample_weight=weight)
        )
        assert metrics.average_precision(weights, positive, score)[draw] == pytest.approx(
            reference.average_precision_score(positive, score, sample_weight=weight)
        )


def test_figures_equal_the_isic_challenge_scoring(answers):
    pandas = pytest.importorskip("pandas")
    isic = pytest.importorskip("isic_challenge_scoring.metrics", reason="isic-challenge-scoring is not installed")
    truth, probabilities, weights = answers
    known = truth < CLASSES - 1
    names = [f"class {n}" for n in range(CLASSES - 1)]
    hot = pandas.DataFrame(np.eye(CLASSES)[truth[known]][:, : CLASSES - 1], columns=names)
    # Its labels are "undecided" where two classes tie, which argmax decides: a hair's breadth decides both alike.
    decided = probabilities - np.arange(CLASSES) * 1e-9
    frame = pandas.DataFrame(decided[known][:, : CLASSES - 1], columns=names)
    answer = frame.to_numpy().argmax(axis=1)
    for weight in weights:
        series = pandas.Series(weight[known])
        table = metrics.confusion(weight[None], truth[known], answer, CLASSES - 1)
        assert metrics.balanced_accuracy(table)[0] == pytest.approx(
            isic.balanced_multiclass_accuracy(hot, frame, series)
        )
        for number, name in enumerate(names):
            score = frame[name].to_numpy()
            positive = truth[known] == number
            assert metrics.area_under_roc(weight[None], positive, score)[0] == pytest.approx(
                isic.auc(hot[name], frame[name], series)
            )
            assert metrics.average_precision(weight[None], positive, score)[0] == pytest.approx(
                isic.average_precision(hot[name], frame[name], series)
            )


def test_undefined_figures_are_nan():
    ones = np.ones((2, 4))
    assert np.isnan(metrics.area_under_roc(ones, np.ones(4, bool), np.arange(4.0))).all()
    assert np.isnan(metrics.average_precision(ones, np.zeros(4, bool), np.arange(4.0))).all()
    assert np.isnan(metrics.fraction(ones, np.ones(4, bool), np.zeros(4, bool))).all()
    assert np.isnan(metrics.accuracy(np.zeros((1, 3, 3)))).all()


def test_calibration_error_of_a_known_case():
    # Ten answers of confidence 0.9 of which five are right: the gap is 0.4. Of the right ones alone it is 0.1.
    confidence, right = np.full(10, 0.9), np.repeat([True, False], 5)
    weights = np.stack([np.ones(10), right.astype(float)])
    assert metrics.expected_calibration_error(weights, confidence, right) == pytest.approx([0.4, 0.1])
