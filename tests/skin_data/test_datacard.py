import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skin_data.check import check_manifest
from skin_data.datacard import SYNTHETIC_NOTE
from skin_data.manifest import COLUMNS, read_manifest
from skin_data.plots import LARGEST_TYPOLOGY_ANGLE, plot_tones
from skin_data.prepare import prepare
from triage.errors import UnusableInput


def classes(root, counts):
    """Folders of smooth pictures like no others."""
    generator = np.random.default_rng(0)
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for photo in range(count):
            coarse = Image.fromarray(generator.integers(60, 220, (6, 6, 3), np.uint8))
            coarse.resize((100, 80), Image.Resampling.BICUBIC).save(root / name / f"{photo}.jpg")
    return root


def test_a_folder_becomes_a_table(tmp_path):
    source = classes(tmp_path / "photos", {"10 moles": 12, "9 warts": 14})
    result = prepare("folder", source, tmp_path / "out", workers=1)
    manifest = read_manifest(result.meta_path)
    assert (result.used, result.rejected) == (26, 0)
    assert tuple(manifest.frame.columns[: len(COLUMNS)]) == COLUMNS
    assert manifest.taxonomy.ids == ["9_warts", "10_moles"]
    assert all(path.is_file() for path in manifest.photo_paths(manifest.frame))
    assert set(manifest.frame["split"]) == {"train", "val", "test"}
    for name in ("datacard.md", "rejected.csv", "figures/class_balance.png", "figures/skin_tone.png"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    assert check_manifest(result.meta_path) == []


def test_phantoms_show_every_class_and_are_called_synthetic(tmp_path, monkeypatch):
    monkeypatch.setattr("skin_data.plots.PHANTOM_ROWS", 1)
    with pytest.raises(UnusableInput, match=r"10.* 9, "):
        prepare("phantom", None, tmp_path, workers=1, count=9)
    meta = prepare("phantom", None, tmp_path, workers=1, count=20, size=64).meta_path
    manifest = read_manifest(meta)
    assert manifest.synthetic
    assert (manifest.frame["diagnosis"].value_counts() == 2).all()
    assert {"true_ita", "true_lighting_ok", "true_lesion_box"} <= set(manifest.frame.columns)
    assert SYNTHETIC_NOTE in (tmp_path / "datacard.md").read_text()
    assert (tmp_path / "figures" / "contact_sheet.png").is_file()


def test_every_measured_angle_is_drawn():
    from matplotlib.figure import Figure

    angles = [-157.8, -91, -60, 9, 25, 40.9, 41.1, 60, 89, 91, 151.3, None]
    buckets = ["dark"] * 4 + ["medium"] * 2 + ["light"] * 5 + ["unknown"]
    axes = Figure().subplots()
    plot_tones(axes, pd.DataFrame({"ita": pd.to_numeric(angles), "tone_bucket": buckets}))
    assert sum(bar.get_height() for bars in axes.containers for bar in bars) == 11
    low, high = axes.get_xlim()
    assert low < -157.8 and high > 151.3


def test_the_data_card_counts_bluish_angles(tmp_path):
    source = classes(tmp_path / "photos", {"x": 6, "y": 6})
    for name in ("x/blue.jpg", "y/blue.jpg"):
        noise = np.random.default_rng(len(name)).integers(-6, 6, (90, 90, 3))
        Image.fromarray((np.array([205, 180, 200]) + noise).astype(np.uint8)).save(source / name)
    frame = read_manifest(prepare("folder", source, tmp_path / "out", workers=1).meta_path).frame
    bluish = int((frame["ita"].abs() > LARGEST_TYPOLOGY_ANGLE).sum())
    assert bluish >= 2
    assert f"**{bluish} of {int(frame['ita'].notna().sum())} angles" in (tmp_path / "out/datacard.md").read_text()
