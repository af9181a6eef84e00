"""Tables and folders of one's own, as people and spreadsheets leave them."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from skin_data.manifest import read_manifest
from skin_data.prepare import prepare
from skin_data.sources.own_photos import read_folder, read_own_photos
from skin_distill.cli import cli
from triage.errors import UnusableInput


def listing(folder, rows, columns=None, name="photos.csv", photos=None, **options):
    """What `prepare folder` lists for a table; `rows` is its text, or its cells."""
    text = rows if isinstance(rows, str) else "\n".join(",".join(map(str, cells)) for cells in rows)
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return read_own_photos([folder / name], columns=columns, photos=photos, **options)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def doubts_of(found):
    return {doubt.kind: doubt.detail for doubt in found.doubts}


def smooth_photo(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(60, 220, (6, 6, 3), np.uint8)
    Image.fromarray(coarse).resize((100, 80), Image.Resampling.BICUBIC).save(path)


HEADER = "image_path,diagnosis,group\n"
GOOD = HEADER + "a.jpg,wart,p1\nb.jpg,mole,p2\n"


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode("utf-16"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", ",\n").encode(),
        (HEADER + GOOD.removeprefix(HEADER).replace("\n", ",\n")).encode(),
        GOOD.replace("p1\n", "p1\n\n,,\n , ,\n").encode() + b",,\n\n",
        b"," + GOOD.encode().replace(b"\na", b"\n0,a").replace(b"\nb", b"\n1,b"),
    ],
    ids=["bom", "utf-16", "semicolons", "tabs", "crlf", "trailing commas", "trailing commas, not in the header",
         "empty rows", "pandas index"],
)  # fmt: skip
def test_a_table_as_programs_write_it_is_read_without_a_change(tmp_path, content):
    (tmp_path / "photos.csv").write_bytes(content)
    found = read_own_photos([tmp_path / "photos.csv"])
    assert [(r.path.name, r.diagnosis, r.group) for r in found.records] == [
        ("a.jpg", "wart", "p1"),
        ("b.jpg", "mole", "p2"),
    ]
    assert (found.rejections, list(found.doubts)) == ([], [])


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("photos.csv", GOOD)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (zipped(), "zip"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        (b"\xff\xd8\xff\xe0rest", "a photo"),
        (b"\x89PNG\r\n\x1a\n", "a photo"),
        (b"\x1f\x8brest", "gzip"),
        (GOOD.encode("utf-16")[2:], "NUL bytes"),
        ((HEADER + "a.jpg,n\xe4vus,p\nb.jpg,wart,q\n").encode("latin-1"), "line 2 is not UTF-8"),
        ((HEADER + "a.jpg,mole, flat,p\nb.jpg,wart,q\n").encode(), "row 2 has 4 cells"),
        ((HEADER + "a.jpg,mole,p\nb.jpg,q\n").encode(), "row 3 has 2 cells"),
        ((HEADER + 'a.jpg,"mole,p\nb.jpg,wart,q\n').encode(), "end of data"),
        (b"image_path,diagnosis,diagnosis\na.jpg,x,y\n", "several columns are called diagnosis"),
        (HEADER.encode(), "no row"),
        (b"", "header"),
        (b"path;label\na.jpg;x\n", "path, label"),
        (GOOD.encode() + GOOD.encode(), "row 4 repeats the header"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_such_table_is_named(tmp_path, content, named):
    (tmp_path / "photos.csv").write_bytes(content)
    with pytest.raises(UnusableInput, match=named):
        read_own_photos([tmp_path / "photos.csv"])


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        (("eczema", "Eczema", "mole"), "'Eczema', 'eczema'"),
        (("eczema", "eczema ", "mole"), "'eczema', 'eczema '"),
        (("nevus", "névus", "mole"), "'nevus', 'névus'"),
        (("basal-cell", "basal_cell", "mole"), "basal-cell"),
        (("1", "1.0", "2"), "'1', '1.0'"),
        (("train", "test", "val"), "'test', 'train', 'val'"),
        (("mole", "mole", ""), "mole"),
        (("mole", "nan", "?"), "mole"),
    ],
)
def test_labels_that_are_no_classes_of_their_own_are_refused(tmp_path, labels, named):
    with pytest.raises(UnusableInput, match=named.replace("?", r"\?")):
        listing(tmp_path, [("image_path", "diagnosis"), *((f"{n}.jpg", label) for n, label in enumerate(labels))])


@pytest.mark.parametrize("label", ["nan", "NA", "none", "null", "unknown", "?", "-", ""])
def test_a_missing_diagnosis_is_no_class_and_is_named(tmp_path, label):
    rows = [("image_path", "diagnosis"), ("a.jpg", "wart"), ("b.jpg", "mole"), ("c.jpg", label), ("d.jpg", label)]
    found = listing(tmp_path, rows)
    assert found.taxonomy.ids == ["mole", "wart"]
    assert [record.diagnosis for record in found.records] == ["wart", "mole", None, None]
    assert doubts_of(found) == {"photo without a diagnosis": f"diagnosis is {label!r} (2 rows)"}


def test_a_taxonomy_may_make_unknown_a_class_and_unite_spellings(tmp_path):
    (tmp_path / "classes.yaml").write_text(
        "classes: [{id: mole, codes: [Mole, 'mole ']}, {id: other, codes: [unknown]}]"
    )
    rows = [("image_path", "diagnosis"), ("a.jpg", "Mole"), ("b.jpg", "mole "), ("c.jpg", "unknown"), ("d.jpg", "MOLE")]
    found = listing(tmp_path, rows, taxonomy=str(tmp_path / "classes.yaml"))
    assert [record.diagnosis for record in found.records] == ["mole", "mole", "other"]
    assert [rejection.reason for rejection in found.rejections] == ["unknown diagnosis 'MOLE'; is it 'mole '?"]


@pytest.mark.parametrize("group", ["nan", "NA", "None", "unknown", "?", ""])
def test_a_missing_group_is_no_patient_and_is_named(tmp_path, group):
    rows = [
        ("image_path", "diagnosis", "group"),
        ("a.jpg", "wart", "p"),
        ("b.jpg", "mole", group),
        ("c.jpg", "mole", group),
    ]
    found = listing(tmp_path, rows)
    assert [record.group for record in found.records] == ["p", None, None]
    assert doubts_of(found) == {"photo without a group": f"group is {group!r} (2 rows)"}


def test_skin_types_are_read_in_any_spelling_and_others_left_empty(tmp_path):
    cells = ["3.0", "III", "Type 3", "-1", "0", "7", "", "34"]
    rows = [("image_path", "diagnosis", "fitzpatrick")]
    rows += [(f"{n}.jpg", "ab"[n % 2], cell) for n, cell in enumerate(cells)]
    found = listing(tmp_path, rows)
    assert [record.fitzpatrick for record in found.records] == ["3", "3", "3", None, None, None, None, "3-4"]
    assert sum(doubt.kind == "skin tone left empty" for doubt in found.doubts) == 3
    assert doubts_of(found)["skin tone is a range"].startswith("fitzpatrick '34'")


@pytest.mark.parametrize(
    ("second", "what"),
    [("mole,p,3", "labels"), ("wart,q,3", "groups"), ("wart,p,4", "skin tones"), (",p,3", "labels")],
)
def test_rows_that_contradict_each_other_are_rejected_and_quoted(tmp_path, second, what):
    header = "image_path,diagnosis,group,fitzpatrick"
    rows = f"{header}\na.jpg,wart,p,3\n./a.jpg,{second}\nb.jpg,mole,r,1\nc.jpg,wart,s,1\nc.jpg,wart,s,1\n"
    found = listing(tmp_path, rows)
    assert [record.path.name for record in found.records] == ["b.jpg", "c.jpg"]
    assert [rejection.reason.split(":")[0] for rejection in found.rejections] == [
        *[f"listed with different {what}, so none is trusted"] * 2,
        "listed before, in photos.csv row 5, which counts",
    ]
    with pytest.raises(UnusableInput, match=f"1 rows|2 rows.*{what}"):
        listing(tmp_path, f"{header}\na.jpg,wart,p,3\na.jpg,{second}\n")


def test_several_diagnoses_in_one_cell_are_named(tmp_path):
    rows = [("image_path", "diagnosis"), ("a.jpg", "wart"), ("b.jpg", "mole"), ("c.jpg", "mole; wart")]
    assert "'mole; wart'" in doubts_of(listing(tmp_path, rows))["several diagnoses in one cell"]


def test_photos_in_hidden_folders_are_rejected(tmp_path):
    rows = [("image_path", "diagnosis"), ("x/.ipynb_checkpoints/a.jpg", "wart"), ("@eaDir/b.jpg", "mole"),
            ("../c.jpg", "wart"), ("d.jpg", "mole")]  # fmt: skip
    found = listing(tmp_path, rows)
    assert [record.path.name for record in found.records] == ["c.jpg", "d.jpg"]
    assert [rejection.path for rejection in found.rejections] == [
        "photos.csv row 2 (x/.ipynb_checkpoints/a.jpg)",
        "photos.csv row 3 (@eaDir/b.jpg)",
    ]


def test_photos_are_found_by_name_below_their_folder(tmp_path):
    touch(tmp_path, "all/x/a.JPG", "all/y/b.png", "all/y/c.jpg", "all/z/c.jpg", "all/z/d.jpg", "e.jpg")
    rows = [
        ("isic_id", "dx"),
        ("a", "mole"),
        ("y\\b", "wart"),
        ("c", "mole"),
        ("z/c", "wart"),
        ("d.jpg", "wart"),
        ("e", "mole"),
    ]
    found = listing(tmp_path, rows, "photo=isic_id,diagnosis=dx", photos=tmp_path / "all")
    assert [record.path.name for record in found.records] == ["a.JPG", "b.png", "c.jpg", "d.jpg", "e"]
    assert [rejection.reason for rejection in found.rejections] == ["2 photos have this name: give the path"]


def test_one_hot_columns_give_one_diagnosis_or_none(tmp_path):
    rows = [("image", "MEL", "NV", "UNK"), ("a", "1.0", "0.0", "0.0"), ("b", 0, 1, 0), ("c", 0, 0, 1), ("d", 1, 1, 0),
            ("e", 0, 0, 0), ("f", 0.7, 0.3, 0), ("g", "true", "FALSE", "")]  # fmt: skip
    found = listing(tmp_path, rows, "photo=image,diagnosis=MEL|NV|UNK")
    assert found.taxonomy.ids == ["MEL", "NV"]
    assert [record.diagnosis for record in found.records] == ["MEL", "NV", None, "MEL"]
    assert [rejection.path for rejection in found.rejections] == [
        f"photos.csv row {n} ({name})" for n, name in ((5, "d"), (6, "e"), (7, "f"))
    ]
    assert doubts_of(found) == {"photo without a diagnosis": "MEL|NV|UNK is 'UNK' (1 rows)"}


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ("photo=isic_id,diagnosis=dx,group=patient", "patient"),
        ("photo=isic_id,label=dx", "label=dx"),
        ("photo=isic_id,photo=dx", "photo=dx"),
        ("photo", "photo"),
        ("photo=isic_id,diagnosis=dx|MEL", "MEL"),
    ],
)
def test_wrong_columns_are_named(tmp_path, columns, named):
    with pytest.raises(UnusableInput, match=named):
        listing(tmp_path, [("isic_id", "dx"), ("a", "mole"), ("b", "wart")], columns)


def test_columns_belong_to_a_table(tmp_path):
    with pytest.raises(UnusableInput, match=str(tmp_path)):
        prepare("folder", tmp_path, tmp_path / "out", columns="photo=a")
    with pytest.raises(UnusableInput, match="kaggle"):
        prepare("kaggle", tmp_path, tmp_path / "out", columns="photo=a")


def documented(folder, name, **files):
    """What `prepare folder` lists with the options that docs/data.md gives for a data set; `files` are its tables."""
    for file, rows in files.items():
        (folder / f"{file}.csv").write_text("\n".join(",".join(map(str, cells)) for cells in rows))
    lines = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith(f"| {name} |"))
    *tables, options = re.split(r" (?=--)", line.split("`")[1].replace("\\|", "|"), maxsplit=1)
    given = dict(re.findall(r'--(\w+) "?([^ "]+)', options))
    places = [folder / table for table in tables[0].split()]
    return read_own_photos(places, columns=given["columns"], photos=folder / given.get("photos", ""))


def isic_2019(folder):
    hot = {"ISIC_0000000": "NV", "ISIC_0000001": "MEL", "ISIC_0000002_downsampled": "NV"}
    classes = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
    touch(folder, *(f"ISIC_2019_Training_Input/{name}.jpg" for name in hot))
    found = documented(
        folder,
        "ISIC 2019",
        ISIC_2019_Training_GroundTruth=[
            ("image", *classes),
            *((name, *("1.0" if c == dx else "0.0" for c in classes)) for name, dx in hot.items()),
        ],
        ISIC_2019_Training_Metadata=[
            ("image", "age_approx", "anatom_site_general", "lesion_id", "sex"),
            ("ISIC_0000000", "55.0", "anterior torso", "MSK4_0011169", "female"),
            ("ISIC_0000002_downsampled", "", "upper extremity", "", "male"),
            ("ISIC_0000001", "30.0", "", "MSK4_0011169", "female"),
        ],
    )
    return found, [("NV", "MSK4_0011169", None), ("MEL", "MSK4_0011169", None), ("NV", None, None)]


def isic_2020(folder):
    touch(folder, "train/ISIC_2637011.jpg", "train/ISIC_0015719.jpg")
    train = [
        ("image_name", "patient_id", "sex", "age_approx", "anatom_site", "diagnosis", "benign_malignant", "target"),
        ("ISIC_2637011", "IP_7279968", "male", 45.0, "head/neck", "unknown", "benign", 0),
        ("ISIC_0015719", "IP_3075186", "female", 45.0, "upper extremity", "melanoma", "malignant", 1),
    ]
    found = documented(folder, "ISIC 2020", train=train)
    return found, [("benign", "IP_7279968", None), ("malignant", "IP_3075186", None)]


def fitzpatrick17k(folder):
    touch(folder, "images/5e82a45b.jpg", "images/fa2911a9.jpg")
    table = [
        ("md5hash", "fitzpatrick_scale", "label", "nine_partition_label", "three_partition_label", "qc", "url"),
        ("5e82a45b", 3, "drug induced pigmentary changes", "inflammatory", "non-neoplastic", "", "u"),
        ("fa2911a9", -1, "photodermatoses", "inflammatory", "benign", "", "u"),
    ]
    return documented(folder, "Fitzpatrick17k", fitzpatrick17k=table), [
        ("non-neoplastic", None, "3"),
        ("benign", None, None),
    ]


def ddi(folder):
    touch(folder, "000001.png", "000002.png")
    table = [
        ("", "DDI_ID", "DDI_file", "skin_tone", "malignant", "disease"),
        (0, 1, "000001.png", 56, "True", "melanoma-in-situ"),
        (1, 2, "000002.png", 12, "False", "melanocytic-nevi"),
    ]
    return documented(folder, "DDI", ddi_metadata=table), [
        ("melanoma-in-situ", None, "5-6"),
        ("melanocytic-nevi", None, "1-2"),
    ]


def derm7pt(folder):
    touch(folder, *(f"images/NEL/{name}" for name in ("NEL025.JPG", "Nel026.jpg", "NEL027.JPG", "Nel028.jpg")))
    table = [
        ("case_num", "diagnosis", "seven_point_score", "clinic", "derm", "case_id"),
        (1, "basal cell carcinoma", 0, "NEL/NEL025.JPG", "NEL/Nel026.jpg", ""),
        (2, "clark nevus", 1, "NEL/NEL027.JPG", "NEL/Nel028.jpg", ""),
    ]
    found = documented(folder, "Derm7pt", meta=table)
    assert [record.source for record in found.records] == ["clinic", "derm"] * 2
    return found, [("basal cell carcinoma", "1", None)] * 2 + [("clark nevus", "2", None)] * 2


@pytest.mark.parametrize("published", [isic_2019, isic_2020, fitzpatrick17k, ddi, derm7pt])
def test_published_tables_are_read_by_their_columns(tmp_path, published):
    found, expected = published(tmp_path)
    assert [(r.diagnosis, r.group, r.fitzpatrick) for r in found.records] == expected
    assert all(record.path.is_file() for record in found.records)
    assert found.rejections == []


def test_tables_that_contradict_or_miss_each_other(tmp_path):
    def read(more):
        (tmp_path / "one.csv").write_text("image,dx\na,mole\nb,wart\n")
        (tmp_path / "two.csv").write_text(more)
        return read_own_photos([tmp_path / "one.csv", tmp_path / "two.csv"], columns="photo=image,diagnosis=dx")

    with pytest.raises(UnusableInput, match=r"dx.*row 3.*two\.csv"):
        read("image,dx\na,mole\nb,mole\n")
    with pytest.raises(UnusableInput, match=r"two\.csv.*'a'"):
        read("image,sex\na,f\na,m\n")
    found = read("image,sex\na,f\nz,m\n")
    assert [record.extras for record in found.records] == [{"own_sex": "f"}, {"own_sex": ""}]
    assert [doubt.path for doubt in found.doubts] == ["one.csv (b)", "two.csv (z)"]


@pytest.mark.parametrize(
    ("folders", "named"),
    [
        (("train/a", "train/b", "test/a", "test/b"), "train"),
        (("Training", "Validation"), "Training"),
        (("fold1/a", "fold1/b", "fold2/a"), "fold1"),
        (("a", "b", "valid"), "valid"),
        (("ISIC_Train/a", "ISIC_Train/b", "ISIC_Test/a"), "ISIC_Train"),
        (("site 1/a", "site 1/b", "site 2/a", "site 2/b"), "site 1"),
        (("data/a", "data/b"), "data"),
        (("Eczema", "eczema", "b"), "Eczema"),
        (("a", "unknown"), "unknown"),
        (("a", "nan"), "nan"),
    ],
)
def test_folders_that_are_no_classes_are_named(tmp_path, folders, named):
    touch(tmp_path / "set", *(f"{folder}/1.jpg" for folder in folders))
    with pytest.raises(UnusableInput, match=named):
        read_folder(tmp_path / "set")


def test_folders_below_a_class_keep_it_and_doubts_are_named(tmp_path):
    touch(tmp_path / "set", "a/1.jpg", "a/acute/2.jpg", "b/3.jpg", "b/A/4.jpg", "__MACOSX/b/._3.jpg", "a/.trash/5.jpg")
    found = read_folder(tmp_path / "set")
    assert [record.diagnosis for record in found.records] == ["a", "a", "b", "b"]
    assert [doubt.path.removeprefix(f"{tmp_path}/set/") for doubt in found.doubts] == ["b/A/4.jpg"]
    touch(tmp_path / "split", "a/train/1.jpg", "a/test/2.jpg", "b/train/3.jpg", "b/test/4.jpg")
    assert len(read_folder(tmp_path / "split").records) == 4


@pytest.mark.usefixtures("table_only")
def test_columns_reach_the_data_card_and_doubts_the_terminal(tmp_path):
    rows = [("file", "dx", "patient_id", "person")]
    for n in range(24):
        smooth_photo(tmp_path / "photos" / f"{n}.jpg", n)
        rows.append((f"{n}.jpg", ("mole", "wart")[n % 2], f"p{n // 2}", f"x{n // 6}"))
    (tmp_path / "list.csv").write_text("\n".join(",".join(row) for row in rows))
    words = ["prepare", "folder", tmp_path / "list.csv", "--columns", "photo=file,diagnosis=dx,group=patient_id",
             "--photos", tmp_path / "photos", "--out", tmp_path / "out", "--workers", "1", "--json"]  # fmt: skip
    done = CliRunner().invoke(cli, list(map(str, words)))
    assert done.exit_code == 0, done.output
    assert any("person" in line for line in json.loads(done.stdout)["doubts"])
    assert "person" in done.stderr
    assert "| group | patient_id |" in (tmp_path / "out" / "datacard.md").read_text()
    frame = read_manifest(tmp_path / "out" / "meta.csv").frame
    assert set(frame["group"]) == {f"p{n}" for n in range(12)}
    checked = CliRunner().invoke(cli, ["prepare", "--check", str(tmp_path / "out" / "meta.csv")])
    assert (checked.exit_code, "person" in checked.output) == (1, True)


@pytest.mark.usefixtures("table_only")
def test_one_group_for_all_photos_is_refused(tmp_path):
    for n in range(12):
        smooth_photo(tmp_path / f"{n}.jpg", n)
    rows = ["image_path,diagnosis,group", *(f"{n}.jpg,{'ab'[n % 2]},hospital" for n in range(12))]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    with pytest.raises(UnusableInput, match="12 of them in 'hospital'"):
        prepare("folder", tmp_path / "list.csv", tmp_path / "out", workers=1)


def test_genuine_fitzpatrick17k(shared_data):
    root = shared_data / "data" / "fitzpatrick17k"
    with open(root / "fitzpatrick17k.csv", newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    columns = "photo=photo,diagnosis=folder_of_ten,group=group,fitzpatrick=fitzpatrick"
    found = read_own_photos([root / "fitzpatrick17k.csv"], "kaggle10", columns=columns)
    assert (len(found.records), found.rejections) == (1790, [])
    assert all(record.path.is_file() for record in found.records)
    for record, row in zip(found.records, table, strict=True):
        assert (record.diagnosis is None) == (row["folder_of_ten"] == "")
        assert record.fitzpatrick == (row["fitzpatrick"] if row["fitzpatrick"] != "-1" else None)
        assert record.group == row["group"]
    assert set(doubts_of(found)) == {"photo without a diagnosis", "skin tone left empty"}


@pytest.mark.usefixtures("table_only")
def test_genuine_fitzpatrick17k_is_prepared(shared_data, tmp_path):
    root = shared_data / "data" / "fitzpatrick17k"
    lines = (root / "fitzpatrick17k.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "part.csv").write_text("\n".join([lines[0], *lines[1::8]]), encoding="utf-8")
    columns = "photo=photo,diagnosis=folder_of_ten,group=group,fitzpatrick=fitzpatrick"
    result = prepare(
        "folder", tmp_path / "part.csv", tmp_path / "out", taxonomy="kaggle10", columns=columns, photos=root, workers=1
    )
    frame = read_manifest(result.meta_path).frame
    assert (len(frame), result.rejected) == (len(lines[1::8]), 0)
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    assert set(frame["fitzpatrick"].dropna()) == set("123456")
    assert {"own_label", "own_site"} <= set(frame.columns)
    assert "| fitzpatrick | fitzpatrick |" in (tmp_path / "out" / "datacard.md").read_text()
