import numpy as np
import pytest

from skin_data.manifest import COLUMNS, read_manifest, write_manifest
from skin_data.taxonomy import SkinClass, Taxonomy
from skin_training.evaluation.outside import OutsideModel, measure_outside, read_outside
from triage.crop import CROP
from triage.errors import UnusableInput

IDS = ["eczema", "psoriasis", "melanoma"]


def write(folder, ids, photos, split="test"):
    """A meta.csv of photos (path, diagnosis, group, Fitzpatrick type); the pictures are grey."""
    import cv2

    rows = []
    for path, diagnosis, group, kind in photos:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            cv2.imwrite(str(path), np.full((40, 40, 3), 90, np.uint8))
        known = {"image_path": str(path), "dataset": folder.name, "group": group, "split": split, "fitzpatrick": kind}
        rows.append({**dict.fromkeys(COLUMNS, ""), **known, "diagnosis": diagnosis, "tone_bucket": "medium"})
    classes = tuple(SkinClass(name, name) for name in ids)
    write_manifest(folder / "meta.csv", rows, Taxonomy(folder.name, "", classes))
    return folder / "meta.csv"


@pytest.fixture
def elsewhere(tmp_path):
    """80 photos of two of the model's classes in another order, 10 of a class that it does not know."""
    names = ["warts"] * 10 + ["psoriasis", "eczema"] * 40
    photos = [
        (tmp_path / "photos" / f"{n}.png", name, f"g{n // 2}", "56"[n % 2] if n < 50 else "2")
        for n, name in enumerate(names)
    ]
    return write(tmp_path / "atlas", ["warts", "psoriasis", "eczema"], photos), photos


def test_shared_classes_are_found_by_name_and_measured_in_the_models_order(elsewhere, tmp_path):
    outside = read_outside(elsewhere[0], IDS)
    assert (outside.manifest.taxonomy.ids, outside.absent) == (["eczema", "psoriasis"], ["melanoma"])
    assert (len(outside.frame), outside.other_classes, outside.columns.tolist()) == (80, 10, [0, 1])
    truth = np.array([IDS.index(name) for name in outside.frame["diagnosis"]])

    def right(pixels):
        """Sure of melanoma, which is not among the answers; else right."""
        assert pixels.shape == (80, 32, 32, 3)
        return 0.3 * np.eye(3)[truth] + [0.0, 0.0, 0.7], np.ones(80)

    def wrong(pixels):
        """Of another size."""
        assert pixels.shape == (80, 16, 16, 3)
        return np.eye(3)[1 - truth], None

    models = {"student": OutsideModel(right, 32, CROP), "baseline": OutsideModel(wrong, 16, CROP)}
    found = measure_outside([outside], models, tmp_path / "cache", "baseline")["atlas"]
    assert found["test"]["student"]["diagnosis"]["accuracy"]["value"] == 1
    assert found["test"]["baseline"]["diagnosis"]["accuracy"]["value"] == 0
    groups = found["test"]["student"]["slices"]["fitzpatrick group"]
    assert {name: part["n"] for name, part in groups.items()} == {"I to III": 40, "V and VI": 40}
    assert found["gain"]["balanced_accuracy"]["value"] == 1
    assert found["gain"]["per_fitzpatrick"]["V and VI"]["value"] == 1


def test_photos_that_the_model_was_trained_on_are_left_out_with_their_groups(elsewhere, tmp_path):
    meta, photos = elsewhere
    path, name, *_ = photos[20]
    own = read_manifest(write(tmp_path / "own", IDS, [(path, name, "other", "")], "train"))
    outside = read_outside(meta, IDS, own)
    assert (len(outside.frame), outside.known) == (78, 2)
    tested = read_manifest(write(tmp_path / "own", IDS, [(path, name, "other", "")], "test"))
    assert read_outside(meta, IDS, tested).known == 0


def test_a_set_of_other_classes_is_refused(elsewhere):
    for ids in (["melanoma", "eczema"], ["warts", "eczema"]):  # 10 warts are too few
        with pytest.raises(UnusableInput, match=r"atlas.*warts \(10\)"):
            read_outside(elsewhere[0], ids)
