import csv
import sys

import numpy as np
import pytest
from PIL import Image

from skin_data.check import check_manifest
from skin_data.manifest import COLUMNS, read_manifest, write_manifest
from skin_data.prepare import prepare
from skin_data.sources.ham10000 import read_ham10000
from skin_data.sources.kaggle import read_kaggle
from skin_data.sources.record import LINKED_FOLDER, Rejection, photos_in
from skin_data.taxonomy import load_taxonomy
from triage.errors import UnusableInput

pytestmark = pytest.mark.usefixtures("table_only")


def save(path, seed):
    """A smooth picture like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(60, 220, (6, 6, 3), np.uint8)
    Image.fromarray(coarse).resize((100, 80), Image.Resampling.BICUBIC).save(path)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


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


def test_files_beside_the_kaggle_classes_are_rejected(tmp_path):
    for number, skin_class in enumerate(load_taxonomy("kaggle10").classes):
        save(tmp_path / skin_class.folder / f"{'ISIC_00' if number else 'photo'}{number}.jpg", number)
    save(tmp_path / "11. Something else" / "1.jpg", 99)
    (tmp_path / "readme.txt").write_text("hello")
    records, rejections, *_ = read_kaggle(tmp_path)
    assert [r.source for r in records] == ["clinical"] + ["dermoscopy"] * 9
    assert {r.path.rsplit("/", 1)[-1]: r.reason for r in rejections} == {
        "11. Something else": "not a class folder",
        "readme.txt": "not in a class folder",
    }


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
    lines += [
        "HAM_z,ISIC_001,nv,histo,50,male,back",
        "HAM_x,ISIC_nowhere,nv,histo,50,male,back",
        "HAM_00,ISIC_000,akiec,histo,50,male,back",
        "HAM_y,ISIC_010,akiec,histo,50,male,back",
    ]
    save(tmp_path / "HAM10000_images_part_1" / "ISIC_unlisted.jpg", 9999)
    (tmp_path / "HAM10000_metadata.csv").write_text("\n".join(lines))
    result = prepare("ham10000", tmp_path, tmp_path / "out", workers=1)
    assert result.used == 82
    reasons = {row["reason"] for row in rows_of(tmp_path / "out/rejected.csv")}
    assert reasons == {
        "no photo of that name",
        "listed before, in HAM10000_metadata.csv row 2, which counts",
        "no row in HAM10000_metadata.csv",
        "listed with different labels, so none is trusted: "
        "HAM10000_metadata.csv row 3 'akiec'; HAM10000_metadata.csv row 86 'nv'",
        "listed with different groups, so none is trusted: "
        "HAM10000_metadata.csv row 4 'HAM_01'; HAM10000_metadata.csv row 89 'HAM_y'",
    }
    frame = read_manifest(result.meta_path).frame
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    assert frame["group"].nunique() == 42
    assert set(frame["localization"]) == {"back"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "HAM10000_metadata.csv"),
        (b"lesion_id,image_id,dx\n\xff,a,nv\n", "HAM10000_metadata.csv"),
        (b"lesion_id,image_id,dx\na,b,nv\na,b,c,d,e\n", "HAM10000_metadata.csv"),
        (b"lesion_id,image_id,dx\na,b\0,nv\n", "NUL bytes"),
        (b"lesion,image,diagnosis\na,b,nv\n", "image_id, dx, lesion_id"),
    ],
)
def test_a_broken_ham10000_table_is_one_clear_error(tmp_path, content, message):
    (tmp_path / "HAM10000_metadata.csv").write_bytes(content)
    with pytest.raises(UnusableInput, match=message):
        prepare("ham10000", tmp_path, tmp_path / "out", workers=1)


def test_repeated_ham10000_folders_count_once(tmp_path):
    for part, seed in (("part_1", 1), ("PART_1", 1), ("part_2", 2)):
        save(tmp_path / part / "ISIC_1.jpg", seed)
    (tmp_path / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nH1,ISIC_1,nv\n")
    records, rejections, *_ = read_ham10000(tmp_path)
    assert len(records) == 1
    assert [r.reason.split(":")[0] for r in rejections] == ["another photo has this name"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_that_cannot_be_used_are_listed(tmp_path):
    for folder, seed in (("root/part_1", 1), ("elsewhere", 2), ("root/x", 3), ("root/y", 4)):
        save(tmp_path / folder / f"ISIC_{seed}.jpg", seed)
    root = tmp_path / "root"
    (root / "part_2").mkdir()
    (root / "part_2" / "ISIC_1.jpg").symlink_to("nowhere.jpg")
    (root / "x" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nH1,ISIC_1,nv\nH3,ISIC_3,nv\nH4,ISIC_4,nv\n")
    records, rejections, *_ = read_ham10000(root)
    assert len(records) == 3
    reasons = {r.path.removeprefix(f"{root}/"): r.reason for r in rejections}
    assert reasons == {
        "part_2/ISIC_1.jpg": f"cannot be compared with {root}/part_1/ISIC_1.jpg, which has this name: "
        "No such file or directory",
        "x/linked": LINKED_FOLDER,
    }
    assert photos_in(root / "x")[1] == [Rejection(str(root / "x" / "linked"), LINKED_FOLDER)]


def test_genuine_ham10000_lesions_pass_the_check(shared_data, tmp_path):
    """Look-alikes of other lesions, which this subset has, are no leak."""
    root = shared_data / "data" / "ham10000"
    kept = {"ISIC_0028109", "ISIC_0032867", "ISIC_0033152", "ISIC_0027797", "ISIC_0027757", "ISIC_0032082"}
    table = rows_of(root / "HAM10000_metadata.csv")
    photos = {p.stem: p for p in root.rglob("*.jpg") if p.stem in kept}
    chosen = [row for row in table if row["image_id"] in photos]
    assert len(chosen) == len(kept)
    rows = [
        dict.fromkeys(COLUMNS, "")
        | {"image_path": str(photos[r["image_id"]]), "dataset": "ham10000", "source": "dermoscopy"}
        | {"group": r["lesion_id"], "split": ("train", "test")[number % 2], "lighting_label": "1"}
        for number, r in enumerate(chosen)
    ]
    write_manifest(tmp_path / "meta.csv", rows, load_taxonomy("ham10000"))
    assert [problem for problem in check_manifest(tmp_path / "meta.csv") if not problem.is_doubt] == []


def test_genuine_ham10000(shared_data, tmp_path):
    """The table's own counts, without decoding a photo."""
    records, rejections, *_ = read_ham10000(shared_data / "data" / "ham10000")
    assert len(records) + len(rejections) == 3499
    assert rejections == []


def test_genuine_kaggle_folders(shared_data):
    records, _, taxonomy, *_ = read_kaggle(shared_data / "data" / "kaggle10_like")
    assert len(records) == 7158
    assert {r.diagnosis for r in records} == set(taxonomy.ids)


@pytest.mark.parametrize(
    ("classes", "named"),
    [
        ("{name: mole}", "id"),
        ("{id: mole, urgency: never}", "never"),
        ("{id: mole, colour: brown}", "colour"),
        ("mole", "'mole'"),
    ],
)
def test_a_malformed_class_is_named(tmp_path, classes, named):
    path = tmp_path / "taxonomy.yaml"
    path.write_text(f"classes: [{{id: wart}}, {classes}]")
    with pytest.raises(UnusableInput, match=named):
        load_taxonomy(path)
