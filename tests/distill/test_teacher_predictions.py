import numpy as np
import pytest
import tf_keras as keras
from scipy.special import softmax

from distill.teacher_forward import teacher_forward
from distill.teacher_predictions import store_folder, store_predictions, with_mirror
from skin_data.batches import TrainingSet, epoch_batches
from skin_data.views import ViewRecipe
from skin_training.heads import add_heads, logits_model
from triage.errors import UnusableInput

COUNT, SIZE, VIEWS = 7, 16, 3
RECIPE = ViewRecipe(bad_light=0.5)


@pytest.fixture(scope="module")
def teacher():
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    features = keras.layers.GlobalAveragePooling2D(name="features")(keras.layers.Conv2D(8, 3, activation="relu")(image))
    heads = add_heads(image, features, 4, 0.5)
    return keras.Model(image, [heads["diagnosis"], heads["lighting"]])


@pytest.fixture
def training():
    generator = np.random.default_rng(0)
    return TrainingSet(
        pixels=generator.integers(0, 256, (COUNT, SIZE, SIZE, 3), np.uint8),
        diagnosis=np.eye(4, dtype=np.float32)[generator.integers(0, 4, COUNT)],
        diagnosis_weight=np.ones(COUNT, np.float32),
        lighting=np.ones(COUNT, np.float32),
        lighting_weight=np.ones(COUNT, np.float32),
        measures=np.zeros((COUNT, 14), np.float32),
        measures_weight=np.ones(COUNT, np.float32),
        image_ids=np.arange(COUNT),
        repeats=1 + np.arange(COUNT) % 2,
    )


def store(teacher, training, folder, **changes):
    arguments = {"recipe": RECIPE, "seed": 5, "views": VIEWS, "folder": folder, "key": {"k": 1}, "batch_size": 4}
    way = changes.pop("way", "keras")
    forward = teacher_forward(teacher, changes.get("with_features", False), way)
    return store_predictions(forward, training, **{**arguments, **changes})


def test_mirrored_predictions_are_the_mean_of_probabilities_and_the_same_for_the_mirror_image(teacher):
    photos = np.random.default_rng(1).random((3, SIZE, SIZE, 3)).astype(np.float32)
    plain = teacher_forward(teacher, True, "keras")
    mirrored = with_mirror(plain)
    found, turned = mirrored.run(photos), mirrored.run(photos[:, :, ::-1])
    one, other = plain.run(photos), plain.run(photos[:, :, ::-1])
    mean = (softmax(one["diagnosis"], axis=1) + softmax(other["diagnosis"], axis=1)) / 2
    np.testing.assert_allclose(softmax(found["diagnosis"], axis=1), mean, rtol=1e-5)
    for name in ("diagnosis", "lighting", "features"):
        np.testing.assert_allclose(found[name], turned[name], atol=1e-5)


@pytest.mark.parametrize("way", ["keras", "tflite"])
@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_stored_predictions_are_for_the_pixels_the_student_sees(teacher, training, tmp_path, way, mixup):
    predictions = store(teacher, training, tmp_path, way=way, mixup=mixup, with_features=True)
    assert predictions.diagnosis.shape == (COUNT, VIEWS, 4)
    assert predictions.lighting.shape == (COUNT, VIEWS)
    with_logits = logits_model(teacher)
    features = keras.Model(teacher.input, teacher.get_layer("features").output)
    seen = 0
    for epoch in range(VIEWS):
        # The student's own seed is another than that of the views.
        batches = epoch_batches(training, RECIPE, 3, 9, 100 + epoch, VIEWS, predictions.of, mixup, view_seed=5)
        for batch in batches:
            diagnosis, lighting = with_logits(batch["image"], training=False)
            np.testing.assert_allclose(diagnosis, batch["teacher_diagnosis"], atol=1e-5)
            np.testing.assert_allclose(lighting[:, 0], batch["teacher_lighting"], atol=1e-5)
            np.testing.assert_allclose(features(batch["image"]), batch["teacher_features"], rtol=2e-3, atol=1e-4)
            seen += len(diagnosis)
    assert seen > COUNT


def test_on_a_cpu_the_teacher_predicts_with_tflite_which_agrees_with_keras(teacher):
    images = np.random.default_rng(1).random((5, SIZE, SIZE, 3), np.float32)
    chosen, keras_way = teacher_forward(teacher, True), teacher_forward(teacher, True, "keras")
    assert (chosen.way, keras_way.way) == ("tflite", "keras")
    one, other = chosen.run(images), keras_way.run(images)
    assert set(one) == set(other) == {"diagnosis", "lighting", "features"}
    for name, value in one.items():
        assert value.shape == other[name].shape
        np.testing.assert_allclose(value, other[name], atol=1e-5)
    with pytest.raises(UnusableInput, match="onnx"):
        teacher_forward(teacher, way="onnx")


def test_a_store_goes_on_where_it_was(teacher, training, tmp_path):
    whole = store(teacher, training, tmp_path)
    times = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    removed = tmp_path / "view-001.npz"
    removed.unlink()
    again = store(teacher, training, tmp_path)
    np.testing.assert_array_equal(again.diagnosis, whole.diagnosis)
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert {name for name in times if kept[name] != times[name]} == {removed.name}


def test_a_store_that_holds_no_features_gets_them(teacher, training, tmp_path):
    without = store(teacher, training, tmp_path)
    found = store(teacher, training, tmp_path, with_features=True)
    np.testing.assert_array_equal(without.diagnosis, found.diagnosis)
    assert [f.shape for f in found.features] == [(COUNT, 8)] * VIEWS


def test_a_stop_between_a_views_features_and_its_predictions_loses_that_view_alone(
    teacher, training, tmp_path, monkeypatch
):
    without = store(teacher, training, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store(teacher, training, tmp_path, with_features=True)
    assert (tmp_path / "view-000-features.npy").is_file()
    found = store(teacher, training, tmp_path, with_features=True)
    np.testing.assert_array_equal(without.diagnosis, found.diagnosis)
    assert len(found.features) == VIEWS


def test_a_stale_store_is_refused_and_says_what_differs(teacher, training, tmp_path):
    store(teacher, training, tmp_path, key={"teacher": "a", "data": "d"})
    with pytest.raises(UnusableInput, match="teacher"):
        store(teacher, training, tmp_path, key={"teacher": "b", "data": "d"})
    other = tmp_path / "other"
    store(teacher, training, other, key={"teacher": "b", "data": "d"})
    # A file carried over from another store is not taken either.
    (other / "view-000.npz").write_bytes((tmp_path / "view-000.npz").read_bytes())
    with pytest.raises(UnusableInput, match="view-000"):
        store(teacher, training, other, key={"teacher": "b", "data": "d"})


def test_each_key_has_a_folder_of_its_own(tmp_path):
    one, same, other = (store_folder(tmp_path, key) for key in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1}))
    assert one == same != other
    assert one.parent == tmp_path


def test_a_damaged_store_is_refused(teacher, training, tmp_path):
    store(teacher, training, tmp_path)
    path = tmp_path / "view-000.npz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnusableInput, match=path.name):
        store(teacher, training, tmp_path)


def test_stored_values_that_were_altered_are_refused(teacher, training, tmp_path):
    store(teacher, training, tmp_path)
    path = tmp_path / "view-000.npz"
    with np.load(path) as stored:
        content = dict(stored)
    content["lighting"] = content["lighting"] + 1
    np.savez(path, **content)
    with pytest.raises(UnusableInput, match=path.name):
        store(teacher, training, tmp_path)


def test_altered_features_and_a_cut_key_are_refused(teacher, training, tmp_path):
    store(teacher, training, tmp_path, with_features=True)
    path = tmp_path / "view-002-features.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match=path.name):
        store(teacher, training, tmp_path, with_features=True)
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(UnusableInput, match=str(tmp_path)):
        store(teacher, training, tmp_path)
