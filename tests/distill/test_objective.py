"""The student's loss, against plain sums."""

import dataclasses
from unittest.mock import Mock

import numpy as np
import pytest
import tensorflow as tf

from distill.objective import distillation_loss
from distill.recipe import DistillRecipe
from skin_training.recipe import Phase
from triage.errors import UnusableInput

RECIPE = DistillRecipe((Phase("distill", "all", 1, 1e-3),), temperature=2.0, hard_share=0.3, lighting_weight=0.5)
COUNT, CLASSES = 5, 4


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(target, probability):
    return -(target * np.log(probability)).sum(axis=-1)


def binary(target, logit):
    p = 1 / (1 + np.exp(-logit))
    return -target * np.log(p) - (1 - target) * np.log(1 - p)


@pytest.fixture
def case():
    """A batch whose last photo has no label of any kind, and a student's outputs."""
    random = np.random.default_rng(0)
    labels = np.eye(CLASSES)[[0, 1, 1, 3, 0]]
    labels[-1] = 0
    batch = {
        "image": np.zeros((COUNT, 8, 8, 3)),
        "diagnosis": labels,
        "diagnosis_weight": np.array([0.5, 1.5, 1.5, 3, 0]),
        "lighting": np.array([0.975, 0.025, 0.975, 0.975, 0]),
        "lighting_weight": np.array([1, 1, 1, 1, 0]),
        "measures": random.normal(size=(COUNT, 14)) * 2,
        "measures_weight": np.array([1, 0, 1, 0.4, 0]),
        "teacher_diagnosis": random.normal(size=(COUNT, CLASSES)) * 3,
        "teacher_lighting": random.normal(size=COUNT) * 3,
    }
    outputs = [random.normal(size=shape) for shape in ((COUNT, CLASSES), (COUNT, 1), (COUNT, 14), (COUNT, 2))]
    return batch, outputs


def found(recipe, batch, outputs, untaught=None):
    tensors = {name: tf.constant(value, tf.float32) for name, value in batch.items()}
    answers = [tf.constant(output, tf.float32) for output in outputs]
    student = Mock(return_value=answers, input_shape=(None, 8, 8, 3))
    return float(distillation_loss(student, recipe, untaught)(tensors))


def expected(recipe, batch, outputs, prediction_weights):
    diagnosis, lighting, measures, _ = outputs
    t, n = recipe.temperature, COUNT
    hard = (batch["diagnosis_weight"] * cross_entropy(batch["diagnosis"], softmax(diagnosis))).sum() / n
    hard += 0.5 * (batch["lighting_weight"] * binary(batch["lighting"], lighting[:, 0])).sum() / n
    error = np.abs(measures - batch["measures"])
    huber = np.where(error < 1, error**2 / 2, error - 0.5).mean(axis=1)
    of_measures = 0.5 * (batch["measures_weight"] * huber).sum() / n
    p, q = softmax(batch["teacher_diagnosis"] / t), softmax(diagnosis / t)
    soft = (prediction_weights * t**2 * (p * np.log(p / q)).sum(axis=1)).sum() / n
    believed = 1 / (1 + np.exp(-batch["teacher_lighting"] / t))
    soft += 0.5 * t**2 * (binary(believed, lighting[:, 0] / t) - binary(believed, batch["teacher_lighting"] / t)).mean()
    return recipe.hard_share * hard + of_measures + (1 - recipe.hard_share) * soft


def test_teacher_labels_and_measures_add_up(case):
    assert found(RECIPE, *case) == pytest.approx(expected(RECIPE, *case, np.ones(COUNT)), rel=1e-5)


def test_class_weights_of_predictions_leave_photos_without_a_label_at_one(case):
    recipe = dataclasses.replace(RECIPE, weighted_answers=True)
    assert found(recipe, *case) == pytest.approx(expected(recipe, *case, np.array([0.5, 1.5, 1.5, 3, 1])), rel=1e-5)


def test_a_photos_weight_applies_to_labels_and_predictions(case):
    batch, outputs = case
    weight = np.array([3, 0.5, 1, 1, 2])
    heads = ("diagnosis_weight", "lighting_weight", "measures_weight")
    weighted = {**batch, "photo_weight": weight, **{name: weight * batch[name] for name in heads}}
    recipe = dataclasses.replace(RECIPE, lighting_weight=0.0)
    zeros = {**weighted, "lighting_weight": np.zeros(COUNT), "measures_weight": np.zeros(COUNT)}
    labels = (weighted["diagnosis_weight"] * cross_entropy(batch["diagnosis"], softmax(outputs[0]))).sum() / COUNT
    p, q = (softmax(x / recipe.temperature) for x in (batch["teacher_diagnosis"], outputs[0]))
    for by_class, weights in (
        (False, weight),
        (True, np.where(batch["diagnosis_weight"] > 0, zeros[heads[0]], weight)),
    ):
        told = (weights * recipe.temperature**2 * (p * np.log(p / q)).sum(axis=1)).sum() / COUNT
        assert found(dataclasses.replace(recipe, weighted_answers=by_class), zeros, outputs) == pytest.approx(
            recipe.hard_share * labels + (1 - recipe.hard_share) * told, rel=1e-5
        )


def test_dkd_takes_the_label_of_the_larger_part_of_a_blend(case):
    batch, outputs = case
    recipe = dataclasses.replace(RECIPE, loss="dkd", hard_share=0.0, lighting_weight=0.0)
    # A rare class that counts much wins in the blended label over the photo that most of the picture shows.
    blend = {**batch, "diagnosis": batch["diagnosis"][[1, 0, 2, 3, 4]], "own_diagnosis": batch["diagnosis"]}
    assert found(recipe, blend, outputs) == pytest.approx(found(recipe, batch, outputs))


def test_the_label_only_loss_needs_no_teacher(case):
    batch, outputs = case
    recipe = dataclasses.replace(RECIPE, hard_share=1.0)
    without = {name: value for name, value in batch.items() if not name.startswith("teacher")}
    assert found(recipe, without, outputs) == pytest.approx(expected(recipe, batch, outputs, 0), rel=1e-5)


def test_dist_weighs_no_classes():
    with pytest.raises(UnusableInput, match="dist"):
        dataclasses.replace(RECIPE, loss="dist", weighted_answers=True)


def test_without_the_teachers_lighting_its_labels_count_in_full(case):
    batch, outputs = case
    without = {name: value for name, value in batch.items() if name != "teacher_lighting"}
    soft = (1 - RECIPE.hard_share) * RECIPE.lighting_weight
    t, lighting = RECIPE.temperature, outputs[1][:, 0]
    believed = 1 / (1 + np.exp(-batch["teacher_lighting"] / t))
    of_teacher = t**2 * (binary(believed, lighting / t) - binary(believed, batch["teacher_lighting"] / t)).mean()
    of_labels = (batch["lighting_weight"] * binary(batch["lighting"], lighting)).sum() / COUNT
    whole = found(RECIPE, batch, outputs) + soft * (of_labels - of_teacher)
    assert found(RECIPE, without, outputs) == pytest.approx(whole, rel=1e-5)


def test_photos_of_a_class_that_the_teacher_does_not_know_learn_from_their_label_alone(case):
    batch, outputs = case
    p, q = (softmax(x / RECIPE.temperature) for x in (batch["teacher_diagnosis"], outputs[0]))
    divergence = RECIPE.temperature**2 * (p * np.log(p / q)).sum(axis=1) / COUNT
    skipped = (1 - RECIPE.hard_share) * divergence[[1, 2]].sum()  # the photos of class 1
    some = found(RECIPE, batch, outputs, np.array([0, 1, 0, 0], np.float32))
    assert some == pytest.approx(found(RECIPE, batch, outputs) - skipped, rel=1e-5)
