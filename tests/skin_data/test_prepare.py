import ast
import csv
import importlib
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skin_data import measurement
from skin_data.check import check_manifest
from skin_data.manifest import read_manifest
from skin_data.prepare import prepare
from skin_data.sources import phantom as phantom_source
from skin_data.sources.own_photos import read_folder
from triage.errors import SkinDistillError, UnusableInput

pytestmark = pytest.mark.usefixtures("table_only")


def picture(seed, size=(80, 100)):
    """A smooth picture like no other, uint8 [height, width, 3]."""
    coarse = np.random.default_rng(seed).integers(60, 220, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC))


def save(path, seed, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed)).save(path, **options)
    return path


def classes(root, counts):
    for number, (name, count) in enumerate(counts.items()):
        for photo in range(count):
            save(root / name / f"{photo}.jpg", 1000 * number + photo)
    return root


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_same_seed_gives_the_same_split_wherever_the_photos_are(tmp_path):
    first = classes(tmp_path / "a" / "photos", {"x": 12, "y": 12})
    shutil.copytree(first, tmp_path / "b" / "photos")
    hashes = [
        read_manifest(
            prepare("folder", tmp_path / place / "photos", tmp_path / place / "out", seed, 1).meta_path
        ).sha256
        for place, seed in (("a", 1), ("b", 1), ("b", 2))
    ]
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_copies_stay_in_one_split(tmp_path):
    source = classes(tmp_path / "photos", {"x": 20, "y": 20})
    twins = []
    for number in range(12):
        with Image.open(source / "x" / f"{number}.jpg") as original:
            turned = original.transpose(list(Image.Transpose)[number % len(Image.Transpose)])
        turned.save(source / "x" / f"twin-{number}.jpg", quality=60)
        twins.append((f"{number}.jpg", f"twin-{number}.jpg"))
    rows = rows_of(prepare("folder", source, tmp_path / "out", workers=1).meta_path)
    group = {row["image_path"].rsplit("/", 1)[-1]: row["group"] for row in rows if "/x/" in row["image_path"]}
    together = sum(group[a] == group[b] for a, b in twins)
    assert together >= 11
    splits = {}
    for row in rows:
        splits.setdefault(row["group"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_near_duplicates_are_shown_only_when_asked(tmp_path):
    source = classes(tmp_path / "photos", {"x": 6, "y": 6})
    shutil.copy(source / "x" / "0.jpg", source / "y" / "copy.jpg")
    prepare("folder", source, tmp_path / "out", workers=1)
    assert not (tmp_path / "out" / "figures" / "duplicates").exists()
    prepare("folder", source, tmp_path / "out", workers=1, show_duplicates=True)
    assert [page.name for page in (tmp_path / "out" / "figures" / "duplicates").iterdir()] == ["page-001.png"]


def test_check_finds_leaks_and_missing_photos(tmp_path):
    source = classes(tmp_path / "photos", {"x": 12, "y": 12})
    meta = prepare("folder", source, tmp_path / "out", workers=1).meta_path
    rows = rows_of(meta)
    train = next(r for r in rows if r["split"] == "train")
    test = next(r for r in rows if r["split"] == "test")
    shutil.copy(train["image_path"], test["image_path"])
    other = next(r for r in rows if r["split"] == "val")
    other["group"] = train["group"]
    gone = next(r for r in rows if r["split"] == "train" and r is not train)
    (tmp_path / "photos" / gone["image_path"].split("photos/")[1]).unlink()
    with open(meta, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    kinds = [problem.kind for problem in check_manifest(meta)]
    assert sorted(kinds) == ["missing photo", "same picture", "shared group"]


def test_bad_files_are_listed_and_the_others_used(tmp_path):
    source = classes(tmp_path / "photos", {"x": 8, "y": 8})
    good = source / "x"
    image = Image.fromarray(picture(77))
    image.convert("CMYK").save(good / "cmyk.jpg")
    image.convert("L").save(good / "grey.png")
    Image.fromarray(picture(78)).convert("RGBA").save(good / "transparent.png")
    Image.fromarray(picture(79)[..., 0].astype(np.uint16) * 257).save(good / "sixteen.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(80)).save(good / "rotated.jpg", exif=exif)
    save(good / "name with spaces, ünïcode\nand newline.jpg", 81)
    usable = 16 + 6
    whole = (good / "0.jpg").read_bytes()
    (good / "empty.jpg").write_bytes(b"")
    (good / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (good / "text.jpg").write_text("not a photo")
    Image.new("L", (20_000, 20_000)).save(good / "huge.png")
    (good / "notes.txt").write_text("no photo by its name")
    result = prepare("folder", source, tmp_path / "out", workers=1)
    rejected = {row["image_path"].rsplit("/", 1)[-1]: row["reason"] for row in rows_of(tmp_path / "out/rejected.csv")}
    assert set(rejected) == {"empty.jpg", "truncated.jpg", "text.jpg", "huge.png", "notes.txt"}
    assert all(rejected.values())
    assert (result.used, result.rejected) == (usable, 5)
    assert len(read_manifest(result.meta_path).frame) == usable


def test_formats_and_endings_of_phones_are_used_and_a_bad_profile_is_doubtful(tmp_path):
    source = classes(tmp_path / "photos", {"x": 8, "y": 8})
    for number, (name, kind) in enumerate(
        {"a.JPG": "JPEG", "b.jfif": "JPEG", "c.jpe": "JPEG", "d.avif": "AVIF", "e": "PNG"}.items()
    ):
        save(source / "x" / name, 90 + number, format=kind)
    save(source / "y" / "profile.jpg", 99, icc_profile=b"no profile")
    result = prepare("folder", source, tmp_path / "out", workers=1)
    assert (result.used, result.rejected) == (22, 0)
    doubts = {Path(row["image_path"]).name: row for row in rows_of(tmp_path / "out/doubtful.csv")}
    assert doubts["profile.jpg"]["doubt"] == "colours" and "sRGB" in doubts["profile.jpg"]["detail"]


def test_photos_of_the_same_name_in_two_classes_are_not_one_group(tmp_path):
    source = classes(tmp_path / "photos", {"x": 6, "y": 6})  # 0.jpg to 5.jpg in both
    frame = read_manifest(prepare("folder", source, tmp_path / "out", workers=1).meta_path).frame
    assert frame["group"].nunique() == 12
    assert {"picture-x/0.jpg", "picture-y/0.jpg"} <= set(frame["group"])


def test_names_that_are_not_utf8_and_links_to_nowhere_are_listed(tmp_path):
    source = classes(tmp_path / "photos", {"x": 5, "y": 5})
    odd = os.fsencode(source / "x") + b"/caf\xe9.jpg"
    try:
        shutil.copy(source / "x" / "0.jpg", odd)
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    (source / "y" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    result = prepare("folder", source, tmp_path / "out", workers=1)
    rejected = {row["image_path"].rsplit("/", 1)[-1]: row["reason"] for row in rows_of(tmp_path / "out/rejected.csv")}
    assert set(rejected) == {r"caf\xe9.jpg", "gone.jpg"}
    assert "not UTF-8" in rejected[r"caf\xe9.jpg"]
    assert (result.used, result.rejected) == (10, 2)


def test_results_inside_the_data_set_do_not_become_a_class(tmp_path):
    source = classes(tmp_path / "photos", {"x": 5, "y": 5})
    first, second = (prepare("folder", source, source / "out", workers=1) for _ in range(2))
    assert (second.used, second.rejected) == (first.used, first.rejected) == (10, 0)
    assert read_manifest(second.meta_path).taxonomy.ids == ["x", "y"]
    with pytest.raises(UnusableInput, match=f"--out {source}"):
        prepare("folder", source, source, workers=1)


def test_a_taxonomy_may_name_folders_by_numbers(tmp_path):
    source = classes(tmp_path / "photos", {"0": 2, "1": 2})
    taxonomy = tmp_path / "taxonomy.yaml"
    taxonomy.write_text("classes: [{id: mole, folder: 0}, {id: wart, folder: 1}]")
    assert [r.diagnosis for r in read_folder(source, str(taxonomy)).records] == ["mole"] * 2 + ["wart"] * 2
    taxonomy.write_text("classes: [{id: mole, folder: 5}, {id: wart, folder: 6}]")
    with pytest.raises(UnusableInput, match=r": 0, 1\..*: mole, 5, wart, 6"):
        read_folder(source, str(taxonomy))


def test_two_folders_that_would_be_one_class_are_named(tmp_path):
    source = classes(tmp_path / "photos", {"flat warts": 2, "flat_warts": 2})
    with pytest.raises(UnusableInput, match="'flat warts', 'flat_warts'"):
        prepare("folder", source, tmp_path / "out", workers=1)


def test_rejected_photos_are_measured_again_and_good_ones_are_not(tmp_path, monkeypatch):
    source = classes(tmp_path / "photos", {"x": 5, "y": 5})
    tried, real = [], measurement.measure_photo

    def refuse(path):
        tried.append(Path(path).name)
        return {"error": "cannot be opened: permission denied"} if path.endswith("x/0.jpg") else real(path)

    monkeypatch.setattr("skin_data.prepare.measure_photo", refuse)
    assert prepare("folder", source, tmp_path / "out", workers=1).rejected == 1
    monkeypatch.setattr("skin_data.prepare.measure_photo", lambda path: tried.append(path) or real(path))
    tried.clear()
    assert prepare("folder", source, tmp_path / "out", workers=1).rejected == 0
    assert tried == [str(source / "x" / "0.jpg")]


def test_lack_of_memory_rejects_no_photo(tmp_path, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr("triage.photo.decode", fail)
    with pytest.raises(SkinDistillError, match=r"0\.jpg"):
        measurement.measure_photo(str(save(tmp_path / "0.jpg", 0)))


def test_cached_measurements_depend_on_all_measuring_code():
    """Every module that measuring reaches by import is part of the key, so none can change behind its back."""
    named = {measurement.__name__, *(module.__name__ for module in measurement.MEASURING_MODULES)}
    reached, open_names = set(), {measurement.__name__}
    while open_names:
        name = open_names.pop()
        reached.add(name)
        tree = ast.parse(Path(importlib.import_module(name).__file__).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("triage", "skin_data"):
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                open_names |= (inner if node.module in ("triage", "skin_data") else {node.module}) - reached
    # Where photos lie, and who measures them, changes no measurement.
    around = ("ledger", "json_lines", "dask_cluster", "photo_location")
    assert reached - {"triage.errors", *(f"skin_data.{name}" for name in around)} == named


def test_phantoms_of_older_code_are_rendered_again(tmp_path, monkeypatch):
    rendered, real = [], phantom_source.render_phantom

    def render(seed, index, size):
        rendered.append(index)
        return real(seed, index, size)

    monkeypatch.setattr(phantom_source, "render_phantom", render)
    for expected, code in ((10, "old"), (0, "old"), (10, "new")):
        monkeypatch.setattr(phantom_source, "rendering_code", lambda code=code: code)
        rendered.clear()
        phantom_source.read_phantom(tmp_path, 1, 10, 64, 1, lambda stage, done, total: None)
        assert len(rendered) == expected


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused_first(tmp_path, seed):
    source = classes(tmp_path / "photos", {"x": 12, "y": 12})
    with pytest.raises(UnusableInput, match=f"4294967295.*{seed}"):
        prepare("folder", source, tmp_path / "out", seed, workers=1)
    assert not (tmp_path / "out").exists()


def test_a_class_whose_photos_are_all_unusable_is_named(tmp_path):
    source = classes(tmp_path / "photos", {"x": 5, "y": 5, "z": 1})
    (source / "z" / "0.jpg").write_bytes(b"")
    with pytest.raises(UnusableInput, match=": z"):
        prepare("folder", source, tmp_path / "out", workers=1)
    assert "empty" in (tmp_path / "out" / "rejected.csv").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="without flock nothing is removed")
def test_half_written_files_of_a_killed_run_are_removed(tmp_path):
    left = [tmp_path / "out" / name for name in (".meta-k3v9x2pa.half.csv", "figures/.lighting-k3v9x2pa.half.png")]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    prepare("folder", classes(tmp_path / "photos", {"x": 5, "y": 5}), tmp_path / "out", workers=1)
    assert not any(path.exists() for path in left)
