"""The comparison of methods that tell familiar photos from others."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from benchmarks import familiarity
from benchmarks.familiarity import more_refused, read_groups, read_photos, refused_by_skin, with_limits
from skin_data.outliers import drawn_pictures
from skin_training.familiarity import METHODS, WITH_HEAD
from tests.noise_data import SIZE, make_photos
from triage.errors import UnusableInput


def test_a_fraction_has_its_interval():
    found = with_limits(np.array([True] * 3 + [False] * 57))
    assert found["value"] == 0.05 and found["low"] < 0.05 < found["high"] and found["n"] == 60


def test_a_group_is_compared_with_the_others_of_its_kind():
    types = ["1"] * 40 + ["5"] * 30 + ["6"] * 10 + [None] * 20
    frame = pd.DataFrame({"tone_bucket": ["light"] * 40 + ["dark"] * 60, "fitzpatrick": types})
    refused = np.isin(np.arange(100), [*range(4), *range(40, 52), 90])
    found = refused_by_skin(refused, frame, "test")
    assert found["test, type 5"]["value"] == 0.4 and found["test, type 5"]["more"]["value"] == pytest.approx(0.32)
    assert found["test, types V and VI"]["n"] == 40
    assert found["test, types V and VI"]["more"]["value"] == pytest.approx(0.2)
    assert found["test, tone dark"]["more"]["value"] == pytest.approx(13 / 60 - 0.1)


def test_the_interval_of_a_difference_is_statsmodels():
    # statsmodels 0.14, confint_proportions_2indep(56, 70, 48, 80, method="newcomb"); Newcombe's own example (a)
    found = more_refused(np.arange(70) < 56, np.arange(80) < 48)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_a_folder_without_photos_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no photo")
    with pytest.raises(UnusableInput, match=tmp_path.name):
        read_photos(tmp_path.iterdir(), 32, tmp_path)


@pytest.mark.parametrize("text", ["photo,type\na.jpg,1\n", "", None])
def test_a_table_without_photos_and_groups_is_refused(tmp_path, text):
    path = tmp_path / "clinic.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UnusableInput, match="clinic"):
        read_groups(path)


@pytest.mark.slow
def test_every_method_is_measured_on_every_kind(tmp_path, tiny_networks, monkeypatch, capsys):
    from distill.student import build_student

    build_student(10, SIZE, width=0.35).save(tmp_path / "student.keras")
    meta, folder = make_photos(tmp_path / "data"), tmp_path / "things"
    folder.mkdir()
    for number, picture in enumerate(drawn_pictures(6, 64, 0)["textures"]):
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(familiarity, "NEIGHBOURS", 2)
    monkeypatch.setattr(familiarity, "PICTURES", 6)
    monkeypatch.setattr(familiarity, "LEAVES", 20)
    rows = "".join(f"things/{number}.png,{('II', 'V')[number % 2]}\n" for number in range(6))
    (tmp_path / "clinic.csv").write_text(f"photo,group\n{rows}")
    command = ["familiarity", "student.keras", "--data", str(meta), "--outliers", "things=things"]
    command += ["--groups", "clinic.csv", "--json", "f.json"]
    monkeypatch.setattr("sys.argv", command)
    familiarity.main()
    table, report = capsys.readouterr().out, json.loads((tmp_path / "f.json").read_text())
    kinds = {"noise", "plain colours", "textures", "dead leaves", "shuffled photos", "things"}
    for name, found in report["methods"].items():
        assert set(found["refused"]) == set(found["auc"]) == kinds
        assert found["refused"]["things"]["n"] == 3 and f"| {name} |" in table
        assert set(found["groups"]) == {"test, tone medium", "validation and test, tone medium", "II", "V"}
        assert found["groups"]["V"]["n"] == 3
        assert 0 <= found["test"]["low"] <= found["test"]["value"] <= found["test"]["high"] <= 1
    assert report["in_files"] == WITH_HEAD and "| V |" in table
    monkeypatch.setattr(familiarity, "_seen_with_logits", lambda model: pytest.fail)  # all of it is kept
    familiarity.main()
    assert json.loads((tmp_path / "f.json").read_text()) == report
    assert {"maximum probability", "energy", *METHODS, WITH_HEAD, familiarity.INFORMED} < set(report["methods"])
