"""The comparison of methods that tell familiar photos from others."""

import json

import cv2
import numpy as np
import pytest

from benchmarks import familiarity
from benchmarks.familiarity import drawn_pictures, read_folder, shuffled, with_limits
from tests.noise_data import SIZE, make_photos
from triage.crop import Crop
from triage.errors import UnusableInput


def test_shuffled_photos_have_the_same_pixels_in_another_order():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    mixed = shuffled(pixels)
    assert mixed.shape == pixels.shape and (mixed != pixels).any()
    np.testing.assert_array_equal(np.sort(mixed.ravel()), np.sort(pixels.ravel()))


def test_drawn_pictures_are_of_the_models_size():
    for pictures in drawn_pictures(16).values():
        assert pictures.dtype == np.uint8 and pictures.shape[1:] == (16, 16, 3)


def test_a_fraction_has_its_interval():
    found = with_limits(np.array([True] * 3 + [False] * 57))
    assert found["value"] == 0.05 and found["low"] < 0.05 < found["high"] and found["n"] == 60


def test_a_folder_without_photos_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no photo")
    with pytest.raises(UnusableInput, match=tmp_path.name):
        read_folder(tmp_path, 32, Crop())


@pytest.mark.slow
def test_every_method_is_measured_on_every_kind(tmp_path, tiny_networks, monkeypatch, capsys):
    from distill.student import build_student

    build_student(10, SIZE, width=0.35).save(tmp_path / "student.keras")
    meta, folder = make_photos(tmp_path / "data"), tmp_path / "things"
    folder.mkdir()
    for number, picture in enumerate(drawn_pictures(64)["textures"][:6]):
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(familiarity, "NEIGHBOURS", 2)
    command = ["familiarity", "student.keras", "--data", str(meta), "--outliers", "things=things", "--json", "f.json"]
    monkeypatch.setattr("sys.argv", command)
    familiarity.main()
    table, report = capsys.readouterr().out, json.loads((tmp_path / "f.json").read_text())
    for name, found in report["methods"].items():
        assert set(found["refused"]) == set(found["auc"]) == {"noise", "plain colours", "textures", "things"}
        assert found["refused"]["things"]["n"] == 3 and f"| {name} |" in table
        assert 0 <= found["test"]["low"] <= found["test"]["value"] <= found["test"]["high"] <= 1
    assert {"maximum probability", "energy", *familiarity.METHODS} < set(report["methods"])
