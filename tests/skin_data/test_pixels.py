import os

import numpy as np
import pytest
from PIL import Image

from skin_data.batches import epoch_batches, make_training_set
from skin_data.manifest import read_manifest
from skin_data.pixels import load_pixels
from skin_data.prepare import prepare
from skin_data.views import ViewRecipe
from triage.errors import UnusableInput
from triage.photo import prepare_pixels, read_photo, to_tensor

pytestmark = pytest.mark.usefixtures("table_only")

SIZE = 64
NO_CHANGE = ViewRecipe(False, False, 0.0, (1.0, 1.0), 0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def manifest(tmp_path):
    generator = np.random.default_rng(4)
    for number in range(40):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = generator.integers(60, 220, (6, 6, 3), np.uint8)
        exif = Image.Exif()
        exif[0x0112] = 1 + number % 8  # orientation
        shape = (200 + number, 150 - number)
        Image.fromarray(coarse).resize(shape, Image.Resampling.BICUBIC).save(path, exif=exif)
    return read_manifest(prepare("folder", tmp_path / "photos", tmp_path / "out", workers=1).meta_path)


def test_training_sees_the_pixels_that_the_device_computes(manifest, tmp_path):
    frame = manifest.split("train")
    pixels = load_pixels(manifest, frame, SIZE, cache=tmp_path / "cache")
    training = make_training_set(manifest, frame, pixels, "none", 0.0)
    paths = manifest.photo_paths(frame)
    seen = 0
    for batch in epoch_batches(training, NO_CHANGE, 4, seed=1, epoch=0):
        for image, number in zip(batch["image"].numpy(), batch["image_ids"].numpy(), strict=True):
            on_the_device = to_tensor(prepare_pixels(read_photo(paths[number]), SIZE))[0]
            assert np.abs(image - on_the_device).max() < 1e-6
            seen += 1
    assert seen == len(frame) // 4 * 4


def test_decoded_photos_are_cached_until_a_photo_or_the_code_changes(manifest, tmp_path, monkeypatch):
    frame, decoded = manifest.split("train"), []
    monkeypatch.setattr("skin_data.pixels.read_photo", lambda path: decoded.append(path) or read_photo(path))
    for expected in (len(frame), 0):
        decoded.clear()
        load_pixels(manifest, frame, SIZE, cache=tmp_path / "cache")
        assert len(decoded) == expected
    with monkeypatch.context() as patch:
        patch.setattr("skin_data.pixels.preparing_code", lambda: "another version")
        load_pixels(manifest, frame, SIZE, cache=tmp_path / "cache")
    assert len(decoded) == len(frame)
    decoded.clear()
    first = manifest.photo_paths(frame)[0]
    os.utime(first, ns=(1, 1))
    load_pixels(manifest, frame, SIZE, cache=tmp_path / "cache")
    assert first in decoded
    first.unlink()
    with pytest.raises(UnusableInput, match=rf"^1 of {len(frame)} .*{first.name}"):
        load_pixels(manifest, frame, SIZE, cache=tmp_path / "cache")
