import numpy as np
import pytest
import tensorflow as tf

from distill.losses import binary_soft_target_divergence, soft_target_divergence


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def plain_divergence(teacher, student, temperature):
    p, q = softmax(teacher / temperature), softmax(student / temperature)
    return temperature**2 * (p * np.log(p / q)).sum(axis=-1)


@pytest.fixture
def logits():
    generator = np.random.default_rng(0)
    return generator.normal(size=(6, 10)) * 3, generator.normal(size=(6, 10)) * 3


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_soft_targets_equal_a_plain_implementation(logits, temperature):
    found = soft_target_divergence(*(tf.constant(x) for x in logits), temperature)
    np.testing.assert_allclose(found, plain_divergence(*logits, temperature), rtol=1e-6)


def test_soft_target_gradient_equals_differences(logits):
    teacher, student = logits
    variable = tf.Variable(student)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(soft_target_divergence(tf.constant(teacher), variable, 3.0))
    gradient = tape.gradient(total, variable).numpy()
    step = np.zeros_like(student)
    step[2, 4] = 1e-5
    difference = (
        plain_divergence(teacher, student + step, 3.0).sum() - plain_divergence(teacher, student - step, 3.0).sum()
    ) / 2e-5
    assert gradient[2, 4] == pytest.approx(difference, rel=1e-5)


def test_the_binary_form_is_the_two_class_form():
    generator = np.random.default_rng(1)
    teacher, student = generator.normal(size=8) * 4, generator.normal(size=8) * 4
    two = [np.stack([x, np.zeros(8)], axis=1) for x in (teacher, student)]
    found = binary_soft_target_divergence(tf.constant(teacher), tf.constant(student), 2.0)
    np.testing.assert_allclose(found, plain_divergence(*two, 2.0), rtol=1e-6)


def test_equal_answers_cost_nothing_and_extreme_ones_stay_finite():
    logits = tf.constant([[100.0, -100.0, 0.0]])
    assert float(soft_target_divergence(logits, logits, 2.0)[0]) == pytest.approx(0, abs=1e-6)
    assert np.isfinite(soft_target_divergence(logits, -logits, 1.0)).all()
    far = binary_soft_target_divergence(tf.constant([500.0]), tf.constant([-500.0]), 1.0)
    assert np.isfinite(far).all()
