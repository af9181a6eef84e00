import numpy as np
import pytest
import tensorflow as tf

from distill.losses import make_loss
from distill.losses.dist import relational_distance
from distill.losses.dkd import decoupled_divergence
from distill.losses.feature_similarity import similarity_distance
from distill.losses.soft_targets import binary_soft_target_divergence, soft_target_divergence
from triage.errors import UnusableInput


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


def test_the_binary_forms_gradient_equals_differences():
    generator = np.random.default_rng(2)
    teacher, student = generator.normal(size=5) * 3, generator.normal(size=5) * 3
    variable = tf.Variable(student)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(binary_soft_target_divergence(tf.constant(teacher), variable, 2.5))

    def plain(logits):
        return plain_divergence(*(np.stack([x, np.zeros(5)], axis=1) for x in (teacher, logits)), 2.5)

    differences = (plain(student + 1e-5) - plain(student - 1e-5)) / 2e-5
    np.testing.assert_allclose(tape.gradient(total, variable), differences, rtol=1e-5)


def test_equal_logits_cost_nothing_and_extreme_ones_stay_finite():
    logits = tf.constant([[100.0, -100.0, 0.0]])
    assert float(soft_target_divergence(logits, logits, 2.0)[0]) == pytest.approx(0, abs=1e-6)
    assert np.isfinite(soft_target_divergence(logits, -logits, 1.0)).all()
    far = binary_soft_target_divergence(tf.constant([500.0]), tf.constant([-500.0]), 1.0)
    assert np.isfinite(far).all()


def plain_decoupled(teacher, student, target, temperature, alpha, beta):
    """As the paper writes it: probabilities of the target and of the rest, then the rest renormalised."""
    total = []
    for t, s, c in zip(teacher, student, target, strict=True):
        p, q = softmax(t / temperature), softmax(s / temperature)
        b, d = np.array([p[c], 1 - p[c]]), np.array([q[c], 1 - q[c]])
        others_p, others_q = np.delete(p, c) / (1 - p[c]), np.delete(q, c) / (1 - q[c])
        target_part, other_part = (b * np.log(b / d)).sum(), (others_p * np.log(others_p / others_q)).sum()
        total.append(temperature**2 * (alpha * target_part + beta * other_part))
    return np.array(total)


def plain_relational(teacher, student, temperature, between, within):
    p, q = softmax(teacher / temperature), softmax(student / temperature)
    inter = 1 - np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(p, q, strict=True)])
    intra = 1 - np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(p.T, q.T, strict=True)])
    return temperature**2 * (between * inter + within * intra)


def plain_similarity(teacher, student):
    """Photo by photo, as the paper writes it."""
    total, count = 0.0, len(teacher)
    for row in range(count):
        t, s = (
            np.array([features[row] @ features[other] for other in range(count)]) for features in (teacher, student)
        )
        total += ((t / np.sqrt(t @ t) - s / np.sqrt(s @ s)) ** 2).sum()
    return total / count**2


TARGET = np.array([0, 3, 9, 3, 7, 1])


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_decoupled_loss_equals_a_plain_implementation(logits, temperature):
    found = decoupled_divergence(*(tf.constant(x) for x in logits), TARGET, temperature, 0.7, 3.0)
    np.testing.assert_allclose(found, plain_decoupled(*logits, TARGET, temperature, 0.7, 3.0), rtol=1e-6)


def test_the_decoupled_loss_holds_hintons_as_a_special_case(logits):
    # Hinton's is TCKD + (1 - p_target of the teacher) NCKD.
    teacher, student = (tf.constant(x) for x in logits)
    certainty = softmax(logits[0] / 2.0)[np.arange(6), TARGET]
    target_part = decoupled_divergence(teacher, student, TARGET, 2.0, 1.0, 0.0).numpy()
    other_part = decoupled_divergence(teacher, student, TARGET, 2.0, 0.0, 1.0).numpy()
    np.testing.assert_allclose(
        target_part + (1 - certainty) * other_part, soft_target_divergence(teacher, student, 2.0), rtol=1e-6
    )


def test_the_relational_loss_equals_a_plain_implementation(logits):
    found = relational_distance(*(tf.constant(x) for x in logits), 2.0, 0.7, 3.0)
    assert float(found) == pytest.approx(plain_relational(*logits, 2.0, 0.7, 3.0), rel=1e-6)


def test_the_similarity_distance_equals_a_plain_implementation_for_any_numbers_of_channels(logits):
    teacher, student = logits[0], logits[1][:, :4]
    found = similarity_distance(tf.constant(teacher), tf.constant(student))
    assert float(found) == pytest.approx(plain_similarity(teacher, student), rel=1e-6)
    assert float(similarity_distance(tf.constant(teacher), tf.constant(3 * teacher))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("loss", "plain"),
    [
        (similarity_distance, plain_similarity),
        (
            lambda t, s: tf.reduce_sum(decoupled_divergence(t, s, TARGET, 3.0, 0.7, 2.0)),
            lambda t, s: plain_decoupled(t, s, TARGET, 3.0, 0.7, 2.0).sum(),
        ),
        (lambda t, s: relational_distance(t, s, 3.0, 1.0, 2.0), lambda t, s: plain_relational(t, s, 3.0, 1.0, 2.0)),
    ],
)
def test_gradients_equal_differences(logits, loss, plain):
    teacher, student = logits
    variable = tf.Variable(student)
    with tf.GradientTape() as tape:
        value = loss(tf.constant(teacher), variable)
    gradient = tape.gradient(value, variable).numpy()
    for place in ((0, 0), (2, 4), (5, 1)):
        step = np.zeros_like(student)
        step[place] = 1e-5
        difference = (plain(teacher, student + step) - plain(teacher, student - step)) / 2e-5
        assert gradient[place] == pytest.approx(difference, rel=1e-4)


def test_extreme_and_constant_logits_have_finite_losses_and_gradients():
    teacher = tf.constant([[100.0, -100.0, 0.0], [0.0, 0.0, 0.0]])
    for loss in (
        lambda s: tf.reduce_sum(decoupled_divergence(teacher, s, [1, 0], 1.0, 1.0, 8.0)),
        lambda s: relational_distance(teacher, s, 1.0, 1.0, 1.0),
    ):
        for logits in (-teacher, tf.zeros_like(teacher)):
            variable = tf.Variable(logits)
            with tf.GradientTape() as tape:
                value = loss(variable)
            assert np.isfinite(float(value))
            assert np.isfinite(tape.gradient(value, variable).numpy()).all()


def test_options_of_a_loss_override_the_recipes_common_ones():
    common = {"temperature": 2.0, "loss_weights": (1.0, 8.0)}
    assert make_loss("hinton", **common).temperature == 2.0
    assert make_loss("dkd", **common).loss_weights == (1.0, 8.0)
    own = make_loss({"name": "dkd", "temperature": 4.0}, **common)
    assert (own.temperature, own.loss_weights) == (4.0, (1.0, 8.0))


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        ("huber", "huber"),
        ({"temperature": 2.0}, "temperature"),
        ({"name": "hinton", "loss_weights": [1, 1]}, "loss_weights"),
        ({"name": "dkd", "temperature": "hot"}, "temperature.*hot"),
    ],
)
def test_an_unknown_loss_or_option_is_refused(loss, named):
    with pytest.raises(UnusableInput, match=named):
        make_loss(loss)
