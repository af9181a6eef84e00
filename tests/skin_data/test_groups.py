import csv

import numpy as np
import pytest
from PIL import Image

from skin_data.duplicates import Duplicate
from skin_data.groups import group_photos, read_groups
from skin_data.manifest import COLUMNS, read_manifest, write_manifest
from skin_data.prepare import prepare
from skin_data.sources.combined import read_combined
from skin_data.sources.own_photos import read_photo_tables
from skin_data.sources.pad_ufes import read_pad_ufes
from skin_data.sources.record import Record
from skin_data.taxonomy import load_taxonomy
from triage.errors import UnusableInput

pytestmark = pytest.mark.usefixtures("table_only")


def records(root, groups, diagnoses=None):
    diagnoses = diagnoses or ["a"] * len(groups)
    return [
        Record(root / f"{n}.jpg", "d", "s", diagnosis, group)
        for n, (group, diagnosis) in enumerate(zip(groups, diagnoses, strict=True))
    ]


def save(path, seed):
    """A picture like no other, with some texture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    coarse, fine = (generator.integers(60, 220, (n, n, 3), np.uint8) for n in (6, 40))
    layers = [Image.fromarray(layer).resize((100, 80), Image.Resampling.BICUBIC) for layer in (coarse, fine)]
    Image.blend(*layers, 0.3).save(path, quality=95)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_photos_without_a_named_group_are_grouped_by_near_duplicates(tmp_path):
    pairs = [Duplicate(0, 2, 3, 0.6), Duplicate(2, 3, 0, 0.9)]
    groups, doubts = group_photos(records(tmp_path, [None] * 5), pairs, {})
    assert groups == ["picture-0", "picture-1", "picture-0", "picture-0", "picture-4"]
    assert doubts == []


def test_only_certain_copies_merge_named_groups(tmp_path):
    named = records(tmp_path, ["p", "p", "q", "r"])
    assert group_photos(named, [Duplicate(0, 2, 5, 0.6)], {})[0] == ["p", "p", "q", "r"]
    groups, doubts = group_photos(named, [Duplicate(1, 2, 0, 0.9)], {})
    assert groups == ["p", "p", "p", "r"]
    assert [(d.path, d.kind) for d in doubts] == [(str(tmp_path / "1.jpg"), "copy joins groups")]


def test_own_groups_are_kept_and_copies_across_them_reported(tmp_path):
    groups, doubts = group_photos(records(tmp_path, [None] * 3), [Duplicate(0, 1, 0, 0.9)], {0: "x", 1: "y"})
    assert groups == ["x", "y", "picture-2"]
    assert [d.kind for d in doubts] == ["copy in two groups"]


def test_an_unlisted_photo_does_not_merge_two_own_groups(tmp_path):
    pairs = [Duplicate(0, 1, 2, 0.6), Duplicate(1, 2, 2, 0.6)]
    groups, _ = group_photos(records(tmp_path, [None] * 3), pairs, {0: "x", 2: "y"})
    assert groups == ["x", "x", "y"]


@pytest.mark.parametrize("own", [{0: "x"}, {1: "x"}])
def test_a_copy_of_a_listed_photo_joins_its_group(tmp_path, own):
    groups, doubts = group_photos(records(tmp_path, ["L1", "L2", "L2"]), [Duplicate(0, 1, 0, 1.0)], own)
    assert groups == ["x", "x", "x"]
    assert [d.kind for d in doubts] == ["copy joins groups"]


def test_an_unlisted_photo_stays_with_its_lesion_unless_all_of_it_is_listed(tmp_path):
    lesions = records(tmp_path, ["L1", "L1", "L2", "L2", "L3", None])
    assert group_photos(lesions, [], {1: "x", 2: "y", 3: "z"})[0] == ["x", "x", "y", "z", "L3", "picture-5"]


def test_a_copy_in_two_own_groups_is_reported(tmp_path):
    pairs = [Duplicate(0, 1, 0, 0.9), Duplicate(1, 2, 0, 0.9)]
    for between in (None, "L1"):
        groups, doubts = group_photos(records(tmp_path, [None, between, None]), pairs, {0: "x", 2: "y"})
        assert groups == ["x", "x", "y"]
        assert (doubts[-1].kind, doubts[-1].detail[-9:]) == ("copy in two groups", "(x and y)")


def test_a_group_of_several_diagnoses_is_reported(tmp_path):
    _, doubts = group_photos(records(tmp_path, ["p", "p", "p", "q"], ["a", "b", None, "b"]), [], {})
    assert [(d.kind, d.detail) for d in doubts] == [("group of several diagnoses", "p: 1 a, 1 b")]


def test_own_groups_are_matched_by_path_or_unique_name(tmp_path):
    photos = [Record(tmp_path / place, "d", "s", "a") for place in ("a/1.jpg", "b/1.jpg", "b/2.jpg", "b/neu ü.jpg")]
    table = tmp_path / "tables" / "groups.csv"
    table.parent.mkdir()
    lines = ["image_path,group", "a/1.jpg,x", f"{tmp_path}/b/1.jpg,y", "2.jpg,x", "1.jpg,z", "no.jpg,z", "neu ü.jpg,"]
    table.write_text("\n".join(lines), encoding="utf-8")
    groups, rejections, _ = read_groups(table, photos, tmp_path)
    assert groups == {0: "x", 1: "y", 2: "x"}
    assert [(r.path, r.reason) for r in rejections] == [
        ("groups.csv row 5 (1.jpg)", "2 photos have this name: give the path"),
        ("groups.csv row 6 (no.jpg)", "no such photo"),
        ("groups.csv row 7 (neu ü.jpg)", "no group"),
    ]


def test_a_photo_with_two_groups_merges_them(tmp_path):
    table = tmp_path / "groups.csv"
    table.write_text("image_path,group\n0.jpg,x\n0.jpg,y\n1.jpg,y\n")
    groups, rejections, doubts = read_groups(table, records(tmp_path, [None] * 2), tmp_path)
    assert (groups, rejections) == ({0: "x", 1: "x"}, [])
    assert [(doubt.path, doubt.detail[-4:]) for doubt in doubts] == [(str(tmp_path / "0.jpg"), "x, y")]


def test_groups_from_a_file_reach_the_split(tmp_path):
    source = tmp_path / "photos"
    for n in range(40):
        save(source / ("a", "b")[n % 2] / f"{n}.jpg", n)
    # Pairs of photos of one patient, across what would be different pictures.
    table = tmp_path / "patients.csv"
    table.write_text("image_path,group\n" + "".join(f"{n}.jpg,patient {n // 4}\n" for n in range(40)))
    result = prepare("folder", source, tmp_path / "out", workers=1, groups=table)
    frame = read_manifest(result.meta_path).frame
    assert frame["group"].nunique() == 10
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    assert {row["doubt"] for row in rows_of(tmp_path / "out" / "doubtful.csv")} == {"group of several diagnoses"}


def test_a_table_of_own_photos(tmp_path):
    for n in range(24):
        save(tmp_path / "my photos" / f"photo {n}.jpg", n)
    lines = ["image_path,diagnosis,group,soft_label,hospital"]
    lines += [f"my photos/photo {n}.jpg,{('wart', 'mole')[n % 2]},p{n // 3},,A" for n in range(22)]
    lines += ['my photos/photo 22.jpg,,p9,"{""wart"": 3, ""mole"": 1}",B', "my photos/gone.jpg,wart,p9,,B"]
    lines += ["my photos/photo 23.jpg,wart,,,B", "my photos/photo 23.jpg,mole,,,B"]
    lines += ['"odd\nname.jpg",wart,,"{""flu"": 1}",B']
    (tmp_path / "photos.csv").write_text("\n".join(lines))
    result = prepare("folder", tmp_path / "photos.csv", tmp_path / "out", workers=1)
    manifest = read_manifest(result.meta_path)
    assert (result.used, manifest.taxonomy.ids) == (23, ["mole", "wart"])
    soft = manifest.frame.loc[manifest.frame["soft_label"].notna()]
    assert soft["soft_label"].tolist() == ['{"wart": 0.75, "mole": 0.25}']
    assert soft["own_hospital"].tolist() == ["B"]
    reasons = {
        row["image_path"].split("(")[-1].rsplit("/", 1)[-1]: row["reason"]
        for row in rows_of(tmp_path / "out/rejected.csv")
    }
    assert reasons["gone.jpg"] == "file not found"
    assert reasons["photo 23.jpg)"].startswith("listed with different labels, so none is trusted")
    assert reasons["odd\nname.jpg)"] == "soft_label names the unknown class 'flu'"


def test_a_photo_under_two_spellings_is_one_photo(tmp_path):
    lines = ["image_path,diagnosis,group", "a.jpg,nv,p", "./a.jpg,nv,p", "b.jpg,nv,p", "x/../b.jpg,mel,p"]
    lines += ["c.jpg,mel,p", f"{tmp_path}/c.jpg,mel,q"]
    (tmp_path / "photos.csv").write_text("\n".join(lines))
    listing = read_photo_tables([tmp_path / "photos.csv"], "ham10000")
    assert [record.path for record in listing.records] == [tmp_path / "a.jpg"]
    assert [(r.path.split(" (")[1], r.reason.split(":")[0]) for r in listing.rejections] == [
        ("./a.jpg)", "listed before, in photos.csv row 2, which counts"),
        ("b.jpg)", "listed with different labels, so none is trusted"),
        ("x/../b.jpg)", "listed with different labels, so none is trusted"),
        ("c.jpg)", "listed with different groups, so none is trusted"),
        (f"{tmp_path}/c.jpg)", "listed with different groups, so none is trusted"),
    ]


def test_a_table_of_one_diagnosis_is_refused(tmp_path):
    (tmp_path / "photos.csv").write_text("image_path,diagnosis\na.jpg,wart\n")
    with pytest.raises(UnusableInput, match=r"photos\.csv: wart"):
        read_photo_tables([tmp_path / "photos.csv"])


def test_genuine_pad_ufes_table(shared_data, tmp_path):
    """Counts against the table's own, with empty files where the photos would be."""
    table = shared_data / "data" / "pad_ufes_csv" / "metadata.csv"
    (tmp_path / "metadata.csv").write_bytes(table.read_bytes())
    rows = rows_of(table)
    for n, row in enumerate(rows[:-1]):
        (tmp_path / f"imgs_part_{n % 3 + 1}").mkdir(exist_ok=True)
        (tmp_path / f"imgs_part_{n % 3 + 1}" / row["img_id"]).touch()
    listing = read_pad_ufes(tmp_path)
    assert (len(rows), len(listing.records)) == (2298, 2297)
    assert [r.reason for r in listing.rejections] == ["no photo of that name"]
    codes = {code: c.id for c in listing.taxonomy.classes for code in c.codes}
    of_row = {row["img_id"]: row for row in rows}
    for record in listing.records:
        row = of_row[record.path.name]
        assert (record.group, record.diagnosis) == (row["patient_id"], codes[row["diagnostic"]])
        assert record.fitzpatrick == (row["fitspatrick"] or None)
    assert len({r.group for r in listing.records}) in (1372, 1373)


def test_combined_data_sets_share_no_picture_between_splits(tmp_path):
    """Photos of one set that lie in the other as well, re-encoded, stay on one side."""
    for n in range(40):
        save(tmp_path / "one" / ("a", "b")[n % 2] / f"{n}.jpg", n)
        if n < 20:
            place = tmp_path / "two" / ("a", "b")[n % 2] / f"again {n}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(tmp_path / "one" / ("a", "b")[n % 2] / f"{n}.jpg") as shared:
                shared.save(place, quality=60)
        save(tmp_path / "two" / ("a", "b")[n % 2] / f"{n}.jpg", 100 + n)
    tables = [prepare("folder", tmp_path / name, tmp_path / f"out {name}", 7, 1).meta_path for name in ("one", "two")]
    manifest = read_manifest(prepare("combined", tables, tmp_path / "both", workers=1).meta_path)
    frame = manifest.frame
    assert len(frame) == 100
    splits = {path.resolve(): split for path, split in zip(manifest.photo_paths(frame), frame["split"], strict=True)}
    for n in range(20):
        folder = ("a", "b")[n % 2]
        first, again = tmp_path / "one" / folder / f"{n}.jpg", tmp_path / "two" / folder / f"again {n}.jpg"
        assert splits[first.resolve()] == splits[again.resolve()]


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [("ham10000", ["ham10000/7", "ham10000/7"]), ("listed", ["listed-1/7", "listed-2/7"])],
)
def test_patient_7_of_one_own_table_is_not_patient_7_of_another(tmp_path, dataset, expected):
    """A lesion of a public set is the same one in whatever part of it."""
    tables = [tmp_path / name / "meta.csv" for name in ("one", "two")]
    row = dict.fromkeys(COLUMNS, "") | {"image_path": "1.jpg", "dataset": dataset, "group": "7", "split": "train"}
    for table in tables:
        write_manifest(table, [row], load_taxonomy("ham10000"))
    assert [record.group for record in read_combined(tables).records] == expected


def test_the_first_tables_photos_can_keep_their_splits(tmp_path):
    tables = []
    for number, name in enumerate(("one", "two")):
        for group in range(12):
            for kind in ("a", "b"):
                seed = 0 if group == 0 and kind == "a" else 1000 * (number + 1) + 10 * group + (kind == "b")
                save(tmp_path / name / kind / f"{name}{group}.png", seed)
        result = prepare("folder", tmp_path / name, tmp_path / f"out-{name}", workers=1, seed=7 + number)
        tables.append(result.meta_path)
    result = prepare("combined", tables, tmp_path / "both", workers=1, seed=5, keep_splits=True)
    frame, first = (read_manifest(path).frame for path in (result.meta_path, tables[0]))
    names = frame["image_path"].str.split("/").str[-2:].str.join("/")
    split_of = dict(zip(names, frame["split"], strict=True))
    for path, split in zip(first["image_path"], first["split"], strict=True):
        assert split_of["/".join(path.split("/")[-2:])] == split
    assert split_of["a/two0.png"] == split_of["a/one0.png"]  # a copy follows
    assert set(frame[names.str.contains("two")]["split"]) == {"train", "val", "test"}
    with pytest.raises(UnusableInput, match="keep-splits"):
        prepare("folder", tmp_path / "one", tmp_path / "again", workers=1, keep_splits=True)


def test_data_sets_of_other_classes_are_not_combined(tmp_path):
    tables = []
    for name, classes in (("one", "ab"), ("two", "ac")):
        for n in range(6):
            save(tmp_path / name / classes[n % 2] / f"{n}.jpg", n)
        tables.append(prepare("folder", tmp_path / name, tmp_path / f"out {name}", 7, 1).meta_path)
    with pytest.raises(UnusableInput, match=r"a, b.*a, c"):
        prepare("combined", tables, tmp_path / "both", workers=1)
    with pytest.raises(UnusableInput, match="Received: 1"):
        prepare("combined", tables[:1], tmp_path / "both", workers=1)
