"""The column `box`: from masks, of phantoms, and read back."""

import csv

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skin_data.boxes import BOX, box_of_mask, box_text, boxes_of, masks_by_name
from skin_data.manifest import read_manifest
from skin_data.prepare import prepare
from tests.skin_data.test_prepare import classes
from triage.errors import UnusableInput

pytestmark = pytest.mark.usefixtures("table_only")


def save_mask(path, box, shape=(80, 100)):
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros(shape, np.uint8)
    left, top, right, bottom = box
    mask[top:bottom, left:right] = 255
    Image.fromarray(mask).convert("1").save(path)
    return path


def test_the_box_of_a_mask_is_in_fractions_and_an_empty_one_has_none(tmp_path):
    assert box_of_mask(save_mask(tmp_path / "a.png", (10, 20, 60, 40))) == pytest.approx((0.1, 0.25, 0.6, 0.5))
    assert box_of_mask(save_mask(tmp_path / "b.png", (0, 0, 0, 0))) is None


@pytest.mark.parametrize("name", ["0.png", "0_segmentation.png"])
def test_prepare_takes_masks_named_as_the_photos(tmp_path, name):
    root = classes(tmp_path / "photos", {"x": 12, "y": 12})
    for number, photo in enumerate(sorted((root / "y").iterdir())):
        photo.rename(photo.with_stem(f"y{number}"))
    save_mask(tmp_path / "masks" / name, (10, 20, 60, 40))
    (tmp_path / "masks" / "1.png").write_bytes(b"damaged")
    save_mask(tmp_path / "masks" / "2.png", (0, 0, 0, 0))
    result = prepare("folder", root, tmp_path / "out", workers=1, masks=tmp_path / "masks")
    frame = read_manifest(result.meta_path).frame
    known = frame[BOX] != ""
    assert frame["image_path"][known].map(lambda path: path.rsplit("/", 1)[-1]).tolist() == ["0.jpg"]
    np.testing.assert_allclose(boxes_of(frame[known]), [[0.1, 0.25, 0.6, 0.5]])
    assert np.isnan(boxes_of(frame[~known])).all()
    with open(tmp_path / "out" / "doubtful.csv", newline="") as file:
        found = {row["doubt"] for row in csv.DictReader(file)}
    assert {"mask cannot be read", "mask without a lesion"} <= found


def test_a_mask_that_fits_several_photos_gives_none_a_box(tmp_path):
    root = classes(tmp_path / "photos", {"x": 12, "y": 12})
    save_mask(tmp_path / "masks" / "0.png", (10, 20, 60, 40))
    result = prepare("folder", root, tmp_path / "out", workers=1, masks=tmp_path / "masks")
    assert BOX not in read_manifest(result.meta_path).frame
    assert "mask of several photos" in {doubt.kind for doubt in result.doubts}


def test_a_folder_without_masks_is_refused(tmp_path):
    with pytest.raises(UnusableInput, match="mask"):
        masks_by_name(tmp_path)


def test_phantoms_know_their_box(tmp_path):
    frame = read_manifest(prepare("phantom", None, tmp_path / "out", count=30, size=64, workers=1).meta_path).frame
    boxes = boxes_of(frame)
    assert np.isfinite(boxes).all() and (boxes[:, 2:] > boxes[:, :2]).all()
    with pytest.raises(UnusableInput, match=BOX):
        boxes_of(frame.assign(box="0.5 0.5 0.4 0.9"))
    assert np.isnan(boxes_of(pd.DataFrame({"image_path": ["a"]}))).all()  # a table of an earlier version
    np.testing.assert_allclose(boxes_of(frame.assign(box=[box_text(box) for box in boxes])), boxes)
