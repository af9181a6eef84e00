"""Doubts about a table, alike from `prepare` and from `prepare --check`."""

import json

import pytest

from skin_data.findings import UNUSED_GROUP, doubts_of
from skin_data.manifest import COLUMNS, SPLITS, read_manifest, write_manifest
from skin_data.taxonomy import load_taxonomy

CLASSES = ("eczema", "melanoma")


def table(folder, change, count=60, **columns):
    """Doubts about a correct table of `count` photos, after `change(number, row)`."""
    rows = []
    for n in range(count):
        row = dict.fromkeys(COLUMNS, "") | {
            "image_path": f"photos/{n}.jpg", "dataset": "listed", "source": "s", "group": f"p{n}",
            "split": SPLITS[n % 3], "diagnosis": CLASSES[n // 3 % 2], "lighting_label": "1", "tone_bucket": "light",
        }  # fmt: skip
        change(n, row)
        rows.append(row)
    write_manifest(folder / "meta.csv", rows, load_taxonomy("kaggle10"))
    return {doubt.kind: doubt.detail for doubt in doubts_of(read_manifest(folder / "meta.csv"))}


def test_a_correct_table_has_no_doubts(tmp_path):
    def harmless(n, row):
        row |= {"own_hospital_id": "AB"[n % 2], "own_age": str(20 + n % 50), "own_isic_id": f"ISIC_{n}",
                "own_patient_sex": "fm"[n % 2],
                "lesion_id": str(n // 4), "own_lesion_type": "abc"[n % 3], "own_empty_id": "",
                "fitzpatrick": str(1 + n % 6), "monk": str(1 + n % 10), "own_patient_id": f"p{n // 6}",
                "soft_label": "{}" if n else "", "split": SPLITS[n // 6 % 3],
                "diagnosis": CLASSES[n // 18 % 2]}  # fmt: skip

    assert table(tmp_path, harmless) == {}


def test_a_class_that_may_be_a_typing_error_is_named(tmp_path):
    (tmp_path / "taxonomy.yaml").write_text("classes: [{id: melanoma}, {id: melonoma}, {id: nevus}]")
    rows = [
        dict.fromkeys(COLUMNS, "") | {"image_path": f"{n}.jpg", "group": f"p{n}", "split": SPLITS[n % 3],
        "diagnosis": "melonoma" if n == 3 else ("melanoma", "nevus")[n // 3 % 2]} for n in range(60)
    ]  # fmt: skip
    write_manifest(tmp_path / "meta.csv", rows, load_taxonomy(tmp_path / "taxonomy.yaml"))
    found = {doubt.kind: doubt.detail for doubt in doubts_of(read_manifest(tmp_path / "meta.csv"))}
    assert "'melonoma' (1 photos) beside 'melanoma'" in found["class that may be a typing error"]


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        (lambda n, row: row.update(group="1.23457E+11" if n < 3 else f"p{n}"), "group changed by a spreadsheet",
         "E+11"),
        (lambda n, row: row.update(group="nan" if n < 3 else f"p{n}"), "group that means no group", "nan"),
        (lambda n, row: row.update(group=f"{'pP'[n % 2]}{n // 2}"), "groups that differ by spelling alone", "P0 / p0"),
        (lambda n, row: row.update(group="A" if n < 40 else f"p{n}"), "one group has most photos", "A has 40 of 60"),
        (lambda n, row: row.update(group="B" if n % 3 == 2 else f"p{n}"), "one group has most photos",
         "the split test"),
        (lambda n, row: row.update(split="train" if n % 3 == 1 else row["split"]), "empty split", "val"),
        (lambda n, row: row.update(split="val") if n % 6 == 2 else None, "class without test photos", "eczema"),
        (lambda n, row: row.update(own_patient_id=f"x{n // 4}"), UNUSED_GROUP, "patient_id: photos of 15 of 15"),
        (lambda n, row: row.update(own_lesion=f"x{n // 30}"), UNUSED_GROUP, "lesion: photos of 2 of 2"),
        (lambda n, row: row.update(own_Group=f"x{n // 4}"), UNUSED_GROUP, "Group"),
        (lambda n, row: row.update(own_woundID=f"x{n // 4}"), UNUSED_GROUP, "woundID"),
        (lambda n, row: row.update(own_set=("train", "val", "test", "")[n % 4]), "the data set's own split is not used",
         "column set"),
        (lambda n, row: row.update(own_fold=str(n % 5)), "the data set's own split is not used", "column fold"),
        (lambda n, row: row.update(image_path=f"{('train', 'test')[n % 2]}/x/{n}.jpg"),
         "the data set's own split is not used", "folders"),
        (lambda n, row: row.update(soft_label=json.dumps({"eczema": 0.1, "melanoma": 0.9})),
         "soft label contradicts the diagnosis", "30 photos"),
        (lambda n, row: row.update(fitzpatrick="7" if n == 5 else "3"), "skin tone that cannot be", "fitzpatrick '7'"),
        (lambda n, row: row.update(monk="0" if n == 5 else "3"), "skin tone that cannot be", "monk '0'"),
        (lambda n, row: row.update(image_path=f"a/.ipynb_checkpoints/{n}.jpg" if n == 5 else f"a/{n}.jpg"),
         "photo in a hidden or system folder", ".ipynb_checkpoints/5.jpg"),
        (lambda n, row: row.update(image_path=f"/x/.cache/a/{'@eaDir/' * (n == 5)}{n}.jpg"),
         "photo in a hidden or system folder", "@eaDir/5.jpg"),
        (lambda n, row: row.update(image_path=f"a/{max(1, n)}.jpg"), "photo listed twice", "a/1.jpg"),
    ],
)  # fmt: skip
def test_each_doubt_is_named(tmp_path, change, kind, named):
    assert named in table(tmp_path, change)[kind]
