import numpy as np
import pytest
import tf_keras as keras

from distill.known_layers import refused_names
from distill.model_file import load_model
from skin_training.recipe import TeacherRecipe
from teacher.backbones.build import build_backbone
from teacher.backbones.preprocessing import BackbonePreprocessing
from teacher.model import build_teacher, set_trainable
from triage.errors import UnusableInput

# As keras.applications, the EfficientNet-Lite repository and timm (maxvit_tiny_tf_224) give them, classifier included.
PUBLISHED_WITH_TOP = {
    "resnet50": 25_636_712,
    "resnet50v2": 25_613_800,
    "mobilenetv2": 3_538_984,
    "efficientnetb0": 5_330_571,
    "xception": 22_910_480,
    "efficientnet_lite0": 4_694_000,
    "maxvit": 30_920_000,
}


@pytest.mark.parametrize("name", PUBLISHED_WITH_TOP)
def test_a_backbone_has_the_published_number_of_parameters(name):
    if name == "maxvit":
        pytest.importorskip("keras_cv_attention_models")
    # MaxViT's position biases belong to its published input size; the others' parameters to none.
    model = build_backbone(name, 224 if name == "maxvit" else 96, "none", None)
    channels = model.output_shape[-1]
    count = model.count_params() + (channels + 1) * 1000
    if name == "maxvit":
        # What is trained is what is published, and its classifier has a normalisation and a hidden layer.
        count += (
            2 * channels + (channels + 1) * channels - sum(w.shape.num_elements() for w in model.non_trainable_weights)
        )
    assert count == pytest.approx(PUBLISHED_WITH_TOP[name], rel=1e-3)
    config = keras.saving.serialize_keras_object(model)
    assert refused_names(config, keras.saving.get_custom_objects()) == []  # it can be loaded again


def test_a_maxvit_teacher_trains_its_top_and_is_the_same_when_loaded(tmp_path):
    pytest.importorskip("keras_cv_attention_models")
    keras.utils.set_random_seed(0)
    recipe = TeacherRecipe(phases=(), backbone="maxvit", weights="none", input_size=64)
    teacher = build_teacher(recipe, 10)
    set_trainable(teacher, "top")
    names = {v.name for v in teacher.trainable_variables}
    assert any(n.startswith("stack_4") for n in names)
    assert not any(n.startswith(("stem", "stack_1")) for n in names)
    image = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    expected = [output.numpy() for output in teacher(image)]
    teacher.save(tmp_path / "teacher.keras")
    for found, output in zip(load_model(tmp_path / "teacher.keras")(image), expected, strict=True):
        np.testing.assert_array_equal(found, output)


def test_torch_preprocessing_equals_the_applications_own():
    image = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    expected = keras.applications.imagenet_utils.preprocess_input(image * 255.0, mode="torch")
    np.testing.assert_allclose(BackbonePreprocessing("torch")(image), expected, atol=1e-5)


def test_weights_that_cannot_be_downloaded_say_how_to_get_the_file(monkeypatch):
    def offline(*arguments, **keywords):
        raise OSError("URL fetch failure: no route to host")

    monkeypatch.setattr("tf_keras.src.utils.data_utils.get_file", offline)
    with pytest.raises(UnusableInput, match=r"no route to host.*save_weights\('mobilenetv2.h5'\).*--weights none"):
        build_backbone("mobilenetv2", 224, "imagenet", None)


def test_maxvit_weights_that_cannot_be_downloaded_are_an_error_and_not_random_weights(monkeypatch):
    pytest.importorskip("keras_cv_attention_models")
    from keras_cv_attention_models import backend

    def offline(*arguments, **keywords):
        raise OSError("no route to host")

    monkeypatch.setattr(backend, "get_file", offline)
    with pytest.raises(UnusableInput, match="no route to host"):
        build_backbone("maxvit", 32, "imagenet", None)


def test_a_maxvit_input_that_its_windows_do_not_divide_is_a_clear_error():
    with pytest.raises(UnusableInput, match="multiple of 32"):
        build_backbone("maxvit", 80, "none", None)


def test_weights_from_a_file_are_those_weights_and_another_backbones_are_refused(tmp_path):
    keras.utils.set_random_seed(0)
    model = build_backbone("resnet10", 32, "none", None)
    model.save_weights(tmp_path / "resnet10.h5")
    loaded = build_backbone("resnet10", 32, str(tmp_path / "resnet10.h5"), None)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(UnusableInput, match=r"do not fit mobilenetv2.*resnet10.h5"):
        build_backbone("mobilenetv2", 32, str(tmp_path / "resnet10.h5"), None)
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(UnusableInput, match=r"do not fit resnet10.*text.h5"):
        build_backbone("resnet10", 32, str(tmp_path / "text.h5"), None)


def test_efficientnet_weights_mean_the_same_downloaded_and_from_a_file(tmp_path, monkeypatch):
    """keras.applications builds another graph for the weights that it downloads itself."""
    keras.utils.set_random_seed(0)
    published = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3))
    normalisation = next(layer for layer in published.layers if isinstance(layer, keras.layers.Normalization))
    normalisation.set_weights([np.array(v) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 0)])
    file = str(tmp_path / "efficientnetb0_notop.h5")
    published.save_weights(file)
    monkeypatch.setattr("tf_keras.src.utils.data_utils.get_file", lambda *_, **__: file)
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    expected = keras.applications.EfficientNetB0(include_top=False, weights="imagenet", input_shape=(32, 32, 3))(image)
    downloaded = build_backbone("efficientnetb0", 32, "imagenet", None)
    downloaded.save_weights(tmp_path / "ours.h5")
    other = build_backbone("efficientnetb0", 32, "none", None)
    other.set_weights(downloaded.get_weights())
    from_files = [build_backbone("efficientnetb0", 32, str(path), None) for path in (file, tmp_path / "ours.h5")]

    def apart(model):
        return np.linalg.norm(model(image) - expected) / np.linalg.norm(expected)

    assert max(apart(model) for model in (downloaded, other, *from_files)) < 1e-3
    assert apart(published) > 0.1
    teacher = build_teacher(TeacherRecipe((), "efficientnetb0", "imagenet", 32), 4, mixed_precision=True)
    assert teacher.count_params() > downloaded.count_params()
