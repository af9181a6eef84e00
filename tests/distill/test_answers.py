import numpy as np
import pytest
import tf_keras as keras

from distill.answers import store_answers
from teacher.data.batches import TrainingSet, epoch_batches
from teacher.heads import add_heads, logits_model
from teacher.views import ViewRecipe
from triage.errors import UnusableInput

COUNT, SIZE, VIEWS = 7, 16, 3
RECIPE = ViewRecipe(bad_light=0.5)


@pytest.fixture(scope="module")
def teacher():
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, activation="relu")(image))
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
        image_ids=np.arange(COUNT),
        repeats=1 + np.arange(COUNT) % 2,
    )


def store(teacher, training, folder, **changes):
    arguments = {"recipe": RECIPE, "seed": 5, "views": VIEWS, "folder": folder, "key": {"k": 1}, "batch_size": 4}
    return store_answers(teacher, training, **{**arguments, **changes})


def test_stored_answers_are_those_for_the_very_pixels_the_student_sees(teacher, training, tmp_path):
    answers = store(teacher, training, tmp_path)
    assert answers.diagnosis.shape == (COUNT, VIEWS, 4)
    assert answers.lighting.shape == (COUNT, VIEWS)

    def stored(rows, views):
        return {"stored_diagnosis": answers.diagnosis[rows, views], "stored_lighting": answers.lighting[rows, views]}

    with_logits = logits_model(teacher)
    for epoch in range(VIEWS):
        for batch in epoch_batches(training, RECIPE, 3, 5, 100 + epoch, VIEWS, stored):
            diagnosis, lighting = with_logits(batch["image"], training=False)
            np.testing.assert_allclose(diagnosis, batch["stored_diagnosis"], atol=1e-5)
            np.testing.assert_allclose(lighting[:, 0], batch["stored_lighting"], atol=1e-5)


def test_a_store_goes_on_where_it_was(teacher, training, tmp_path):
    whole = store(teacher, training, tmp_path)
    times = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    removed = sorted(tmp_path.iterdir())[1]
    removed.unlink()
    again = store(teacher, training, tmp_path)
    np.testing.assert_array_equal(again.diagnosis, whole.diagnosis)
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert {name for name in times if kept[name] != times[name]} == {removed.name}


def test_another_teacher_has_another_store(teacher, training, tmp_path):
    store(teacher, training, tmp_path)
    store(teacher, training, tmp_path, key={"k": 2})
    assert len(list(tmp_path.iterdir())) == 2 * VIEWS


def test_a_damaged_store_is_refused(teacher, training, tmp_path):
    store(teacher, training, tmp_path)
    path = sorted(tmp_path.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnusableInput, match=path.name):
        store(teacher, training, tmp_path)


def test_stored_values_that_were_altered_are_refused(teacher, training, tmp_path):
    store(teacher, training, tmp_path)
    path = sorted(tmp_path.iterdir())[0]
    with np.load(path) as stored:
        content = dict(stored)
    content["lighting"] = content["lighting"] + 1
    np.savez(path, **content)
    with pytest.raises(UnusableInput, match="damaged or stale"):
        store(teacher, training, tmp_path)
