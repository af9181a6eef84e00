import cv2
import numpy as np
import pytest

from skin_data.batches import make_training_set
from skin_data.manifest import read_manifest
from skin_data.unlabelled import with_unlabelled
from tests.noise_data import make_photos
from triage.errors import UnusableInput


def save(path, seed):
    coarse = np.random.default_rng(seed).integers(60, 220, (6, 6, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.resize(coarse, (90, 80), interpolation=cv2.INTER_CUBIC))


@pytest.fixture
def manifest(tmp_path):
    """Photos of noise with the hash of photo 1 for a validation photo."""
    import pandas as pd

    path = make_photos(tmp_path / "data")
    save(tmp_path / "held.png", 1)
    from skin_data.measurement import measure_photo

    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame["phash"] = "0123456789abcdef"
    frame.loc[frame.index[frame["split"] == "val"][0], "phash"] = measure_photo(str(tmp_path / "held.png"))["phash"]
    frame.to_csv(path, index=False)
    return read_manifest(path)


def test_unlabelled_photos_end_the_training_split_with_their_light_and_without_a_diagnosis(manifest, tmp_path):
    for number in range(1, 6):
        save(tmp_path / "more" / "deep" / f"{number}.png", number)
    (tmp_path / "more" / "broken.jpg").write_bytes(b"no photo")
    found = with_unlabelled(manifest, [tmp_path / "more", tmp_path / "data" / "photos"], tmp_path / "cache", workers=1)
    assert (found.photos, found.near, found.unreadable, found.known) == (4, 1, 1, 72)
    before, after = manifest.split("train"), found.manifest.split("train")
    assert after["image_path"].tolist()[: len(before)] == before["image_path"].tolist()
    assert after.tail(4)["diagnosis"].tolist() == [None] * 4
    assert set(after.tail(4)["lighting_label"]) <= {0, 1}
    for split in ("val", "test"):
        assert found.manifest.split(split)["image_path"].tolist() == manifest.split(split)["image_path"].tolist()
    pixels = np.zeros((len(after), 32, 32, 3), np.uint8)
    training = make_training_set(found.manifest, after, pixels, "balanced", 0.0, most_repeats=3)
    assert training.diagnosis_weight[-4:].tolist() == [0] * 4
    assert training.lighting_weight[-4:].tolist() == [1] * 4
    assert found.sha256 != found.manifest.sha256 != manifest.sha256


def test_no_photo_left_is_an_error(manifest, tmp_path):
    with pytest.raises(UnusableInput, match="72 photos"):
        with_unlabelled(manifest, [tmp_path / "data" / "photos"], tmp_path / "cache", workers=1)
