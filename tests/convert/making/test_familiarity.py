"""The output `familiarity` in every variant."""

import numpy as np
import pytest

from convert.flatbuffer import Flatbuffer
from convert.making.familiarity import (
    DEVIATION,
    fit,
    head_layers,
    seen_by_file,
    seen_by_student,
    with_darker,
    with_familiarity,
)
from convert.making.feature_maps import map_layers, pooled_map
from convert.variants import VARIANTS
from convert.verifying.partitions import delegate_partitions
from distill.backbones import BACKBONES
from distill.student import build_student
from skin_data.outliers import outliers_to_fit
from skin_training.familiarity import METHODS, TINY
from triage.errors import CheckFailed
from triage.interpreter import open_interpreter
from triage.outputs import FAMILIARITY

MAX_BYTES = 80_000


def computes(plain, fitted, photos, expected):
    """Check the output of a file with a fit, and that the other outputs and the delegate's parts stay."""
    grafted = with_familiarity(plain, fitted)
    assert len(grafted) - len(plain) <= MAX_BYTES
    before, after = open_interpreter(plain), open_interpreter(grafted)
    assert set(after.output_names) == {*before.output_names, FAMILIARITY}
    assert after.output_shapes[FAMILIARITY] == (1, 1)
    for photo, fraction in zip(photos, expected, strict=True):
        outputs = after.run(photo)
        assert outputs[FAMILIARITY][0, 0] == pytest.approx(fraction, abs=0.02)
        for name, values in before.run(photo).items():
            np.testing.assert_array_equal(outputs[name], values)
    assert delegate_partitions(grafted).count <= delegate_partitions(plain).count


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_computes_what_was_fitted_on_its_features(flatbuffers, photos, student, variant):
    plain = flatbuffers[variant]
    see = seen_by_file(plain, head_layers(student))
    seen, outliers = see(photos), see(outliers_to_fit(photos, 20, 4))
    # Photos that the distance was fitted to have a residual of rounding alone.
    fitted = fit(see(photos[:12]), np.arange(12) % 3, see(photos[12:]), outliers)
    of_head = np.interp(fitted.head.score(seen.maps), fitted.head.knots, np.linspace(0, 1, len(fitted.head.knots)))
    assert of_head.std() > 0.1
    computes(plain, fitted, photos, seen.fraction(fitted))
    pictures = outliers_to_fit(photos[:2], 2, 1)
    computes(plain, fitted, pictures, see(pictures).fraction(fitted))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_distance_is_computed_without_a_head(flatbuffers, photos, method):
    deviations = seen_by_file(flatbuffers["float32"], [])(photos).deviations
    fitted = METHODS[method](deviations[:12], np.arange(12) % 3).with_fractions(deviations[12:])
    computes(flatbuffers["float32"], fitted, photos, fitted.fraction(deviations))


def test_a_file_sees_what_its_student_sees(flatbuffers, photos, student):
    of_file = seen_by_file(flatbuffers["float32"], head_layers(student))(photos)
    of_student = seen_by_student(student)(photos)
    np.testing.assert_allclose(of_file.features, of_student.features, atol=1e-3)
    np.testing.assert_allclose(of_file.deviations, of_student.deviations, atol=1e-3)
    assert set(of_file.maps) == set(of_student.maps)
    for layer, means in of_student.maps.items():
        np.testing.assert_allclose(of_file.maps[layer], means, atol=1e-3)


def test_means_and_deviations_are_those_of_the_maps(photos, student):
    import tf_keras as keras

    layer = head_layers(student)[-1]
    outputs = [student.get_layer("features").input, student.get_layer(layer).output]
    pooled, deepest = keras.Model(student.input, outputs)(photos.astype(np.float32) / 255)
    seen = seen_by_student(student)(photos)
    for values, mean, deviation in (
        (pooled.numpy(), seen.features, seen.deviations),
        (deepest.numpy(), seen.maps[layer], seen.maps[layer + DEVIATION]),
    ):
        np.testing.assert_allclose(mean, values.mean(axis=(1, 2)), atol=1e-4)
        np.testing.assert_allclose(deviation, np.sqrt(values.var(axis=(1, 2)) + TINY), atol=1e-3)


def test_darker_copies_have_the_classes_of_their_photos():
    photos = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.full((6, 4, 4, 3), 20, np.uint8)
    found, classes = with_darker(photos, np.arange(6))
    assert len(found) == 12 and classes.tolist() == [*range(6), *range(6)]
    np.testing.assert_array_equal(found[:6], photos)
    assert (found[7:] < photos[1:]).all()


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_every_backbone_has_maps_of_several_resolutions(backbone):
    student = build_student(3, 64, backbone=backbone)
    layers = [student.get_layer(name) for name in map_layers(student)]
    assert len({layer.output_shape[1] for layer in layers}) >= 3


def test_a_file_without_the_pooled_features_is_refused(changed, flatbuffers):
    def rename(model, names):
        for tensor in model.subgraphs[0].tensors:
            tensor.name = bytes(tensor.name).replace(b"/features/", b"/other/")

    with pytest.raises(CheckFailed, match="features"):
        pooled_map(Flatbuffer(changed(flatbuffers["float32"], rename)))
