import csv
import shutil

import numpy as np
import pytest
from PIL import Image

from teacher.data.check import check_manifest
from teacher.data.manifest import COLUMNS, read_manifest
from teacher.data.prepare import prepare
from teacher.data.taxonomy import load_taxonomy
from triage.errors import UnusableInput


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


def test_copies_stay_on_one_side_of_the_split(tmp_path):
    source = classes(tmp_path / "photos", {"x": 20, "y": 20})
    twins = []
    for number in range(12):
        original = Image.open(source / "x" / f"{number}.jpg")
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


def test_check_finds_a_leak_and_a_photo_that_is_gone(tmp_path):
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


@pytest.mark.parametrize("missing", ["folder", "photos"])
def test_a_missing_class_is_named(tmp_path, missing):
    folders = [c.folder for c in load_taxonomy("kaggle10").classes]
    for folder in folders:
        save(tmp_path / "IMG_CLASSES" / folder / "1.jpg", 1)
    gone = tmp_path / "IMG_CLASSES" / folders[3]
    (gone / "1.jpg").unlink()
    if missing == "folder":
        gone.rmdir()
    with pytest.raises(UnusableInput, match=r"4\. Basal Cell"):
        prepare("kaggle", tmp_path, tmp_path / "out", workers=1)
    assert not (tmp_path / "out" / "meta.csv").exists()


def test_a_class_whose_photos_are_all_unusable_is_named(tmp_path):
    source = classes(tmp_path / "photos", {"x": 5, "y": 5, "z": 1})
    (source / "z" / "0.jpg").write_bytes(b"")
    with pytest.raises(UnusableInput, match="No usable photo of: z"):
        prepare("folder", source, tmp_path / "out", workers=1)
    assert "empty" in (tmp_path / "out" / "rejected.csv").read_text()


def test_kaggle_classes_are_in_the_order_of_their_numbers():
    assert load_taxonomy("kaggle10").ids[0] == "eczema"
    assert load_taxonomy("kaggle10").ids[-1] == "warts_molluscum"
    folders = [c.folder for c in load_taxonomy("kaggle10").classes]
    assert [int(f.split(".")[0]) for f in folders] == list(range(1, 11))


def test_ham10000_keeps_lesions_together_and_reports_what_does_not_match(tmp_path):
    lines = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    codes = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
    for number, code in enumerate(codes):
        for lesion in range(6):
            for view in range(2):
                name = f"ISIC_{number}{lesion}{view}"
                save(tmp_path / "HAM10000_images_part_1" / f"{name}.jpg", 100 * number + 10 * lesion + view)
                lines.append(f"HAM_{number}{lesion},{name},{code},histo,50,male,back")
    lines += ["HAM_x,ISIC_nowhere,nv,histo,50,male,back", "HAM_y,ISIC_000,nv,histo,50,male,back"]
    save(tmp_path / "HAM10000_images_part_1" / "ISIC_unlisted.jpg", 9999)
    (tmp_path / "HAM10000_metadata.csv").write_text("\n".join(lines))
    result = prepare("ham10000", tmp_path, tmp_path / "out", workers=1)
    assert result.used == 84
    reasons = [row["reason"] for row in rows_of(tmp_path / "out/rejected.csv")]
    assert len(reasons) == 3
    frame = read_manifest(result.meta_path).frame
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    assert frame["group"].nunique() == 42


def test_genuine_ham10000(shared_data, tmp_path):
    """The table's own counts, without decoding a photo."""
    from teacher.data.sources.ham10000 import read_ham10000

    records, rejections, _ = read_ham10000(shared_data / "data" / "ham10000")
    assert len(records) + len(rejections) == 3499
    assert rejections == []


def test_genuine_kaggle_folders(shared_data):
    from teacher.data.sources.kaggle import read_kaggle

    records, _, taxonomy = read_kaggle(shared_data / "data" / "kaggle10_like")
    assert len(records) == 7158
    assert {r.diagnosis for r in records} == set(taxonomy.ids)
