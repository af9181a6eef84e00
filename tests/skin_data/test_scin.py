"""SCIN's tables: made ones for each odd cell, and the genuine ones for their counts."""

import csv
import json

import pytest
from PIL import Image

from skin_data.manifest import read_manifest
from skin_data.prepare import prepare
from skin_data.sources.scin import read_scin
from skin_data.sources.scin_labels import boolean, hard_label, read_opinion, soft_label
from skin_data.taxonomy import load_taxonomy

pytestmark = pytest.mark.usefixtures("table_only")

YES, NO = "DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT", "NO_IMAGE_QUALITY_INSUFFICIENT"
HEALTHY = "YES_IMAGE_QUALITY_SUFFICIENT_NO_DISCERNIBLE_PATHOLOGY"
NAMES = "dermatologist_skin_condition_on_label_name"


def write_table(path, rows):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def case(case_id, *photos, **more):
    columns = {f"image_{n + 1}_path": f"dataset/images/{photo}" for n, photo in enumerate(photos)}
    shots = {f"image_{n + 1}_shot_type": "CLOSE_UP" for n in range(len(photos))}
    empty = dict.fromkeys((f"image_{n}_path" for n in (1, 2, 3)), "")
    return {"case_id": case_id, "fitzpatrick_skin_type": "FST3", **empty, **columns, **shots, **more}


def label(case_id, conditions, gradable=(YES,), **more):
    graded = {f"dermatologist_gradable_for_skin_condition_{n + 1}": cell for n, cell in enumerate(gradable)}
    return {"case_id": case_id, **graded, "weighted_skin_condition_label": conditions, **more}


def made(root, cases, labels):
    write_table(root / "dataset" / "scin_cases.csv", cases)
    write_table(root / "dataset" / "scin_labels.csv", labels)
    for row in cases:
        for n in (1, 2, 3):
            if path := row.get(f"image_{n}_path"):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).touch()
    return read_scin(root)


def test_a_case_is_a_group_and_its_weights_a_soft_label(tmp_path):
    listing = made(
        tmp_path,
        # Numbers with a sign and leading zeros stay text.
        [case("-0012", "a.png", "b.png", "c.png"), case("7", "d.png")],
        [
            label("-0012", "{'Eczema': 0.6, 'Psoriasis': 0.2, 'Urticaria': 0.2}"),
            label("7", "{'Urticaria': 0.9, 'Eczema': 0.1}"),
        ],
    )
    by_name = {record.path.name: record for record in listing.records}
    assert {by_name[name].group for name in ("a.png", "b.png", "c.png")} == {"-0012"}
    assert by_name["a.png"].soft_label == {"eczema": 0.75, "psoriasis_lichen_planus": 0.25}
    assert (by_name["a.png"].diagnosis, by_name["a.png"].extras["label_share"]) == ("eczema", 0.8)
    # Mostly none of the ten classes: the photo stays, for its light and tone, without a diagnosis.
    assert (by_name["d.png"].diagnosis, by_name["d.png"].soft_label) == (None, None)
    assert {c.condition: (c.diagnosis, c.cases) for c in listing.coverage} == {
        "Urticaria": (None, 2), "Eczema": ("eczema", 2), "Psoriasis": ("psoriasis_lichen_planus", 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("gradable", "labelled"),
    [
        ((YES,), True),
        ((NO,), False),
        ((HEALTHY,), False),
        ((YES, NO, NO), False),
        ((YES, YES, NO), True),
        (("YES",), True),
    ],
)
def test_gradability_is_respected(tmp_path, gradable, labelled):
    listing = made(tmp_path, [case("1", "a.png")], [label("1", "{'Eczema': 1.0}", gradable)])
    assert (listing.records[0].diagnosis == "eczema") is labelled


@pytest.mark.parametrize("column", [NAMES, "dermatologist_skin_condition_label_name"])
def test_both_spellings_of_the_names_are_read(column):
    opinion = read_opinion(label("1", "{}") | {column: "['Nummular eczema', 'Tinea']"})
    assert opinion.names == "Nummular eczema; Tinea"


def test_booleans_of_both_tables():
    assert [boolean(cell) for cell in ("YES", "", "NO", "True", "False")] == [True, None, False, True, False]
    with pytest.raises(ValueError, match="neither YES"):
        boolean("perhaps")


def test_tones_are_the_lower_median_of_the_ratings():
    cells = label("1", "{}") | {
        "dermatologist_fitzpatrick_skin_type_label_1": "FST2",
        "dermatologist_fitzpatrick_skin_type_label_2": "FST5",
        "dermatologist_fitzpatrick_skin_type_label_3": "FST4",
        "gradable_for_monk_skin_tone_india": "True", "monk_skin_tone_label_india": "7",
        "gradable_for_monk_skin_tone_us": "False", "monk_skin_tone_label_us": "2",
    }  # fmt: skip
    assert read_opinion(cells)[3:] == ("4", "7")


@pytest.mark.parametrize(
    "cell",
    [
        "{'Eczema'",
        "__import__('os').getcwd()",
        "['Eczema']",
        "{'Eczema': 'much'}",
        "{'Eczema': -1}",
        "(" * 500,
        "1e999",
    ],
)
def test_an_unreadable_label_is_doubtful_and_gives_no_diagnosis(tmp_path, cell):
    listing = made(tmp_path, [case("1", "a.png")], [label("1", cell)])
    assert listing.records[0].diagnosis is None
    assert [(d.path, d.kind) for d in listing.doubts] == [("scin_labels.csv row 2 (case 1)", "label not read")]


def test_a_photo_in_several_cases_merges_them(tmp_path):
    listing = made(
        tmp_path,
        [case("1", "a.png", "x.png"), case("2", "x.png"), case("3", "c.png")],
        [label("1", "{'Eczema': 1.0}"), label("2", "{'Tinea': 1.0}"), label("3", "{'Tinea': 1.0}")],
    )
    by_name = {record.path.name: record for record in listing.records}
    assert by_name["a.png"].group == by_name["x.png"].group != by_name["c.png"].group
    assert by_name["x.png"].soft_label == {"eczema": 0.5, "tinea_candidiasis": 0.5}
    assert by_name["x.png"].diagnosis is None
    assert [d.kind for d in listing.doubts] == ["photo of several cases"]


def test_rows_that_do_not_match_are_rejected(tmp_path):
    listing = made(
        tmp_path,
        [case("1"), case("2", "a.png"), case("2", "b.png"), case("4", "d.png")],
        [
            label("1", "{}"),
            label("2", "{}"),
            label("9", "{}"),
            label("4", "{'Eczema': 1.0}"),
            label("4", "{'Tinea': 1}"),
        ],
    )
    assert {(r.path.split(" (")[0].rsplit("/", 1)[-1], r.reason.split(":")[0]) for r in listing.rejections} == {
        ("scin_cases.csv row 2", "a case without photos"),
        ("scin_cases.csv row 4", "case listed before, in scin_cases.csv row 3, which counts"),
        ("b.png", "no row in scin_cases.csv"),
        ("scin_labels.csv row 4", "no such case in scin_cases.csv"),
        ("scin_labels.csv row 5", "listed with different labels, so none is trusted"),
        ("scin_labels.csv row 6", "listed with different labels, so none is trusted"),
    }
    assert [(d.path, d.kind) for d in listing.doubts] == [("scin_cases.csv row 5 (case 4)", "no label")]


def test_a_missing_class_in_mapped_data_is_doubtful(tmp_path):
    root = tmp_path / "scin"
    cases = [case(str(n), f"{n}.png") for n in range(12)]
    made(root, cases, [label(str(n), str({("Eczema", "Tinea")[n % 2]: 1.0})) for n in range(12)])
    for n in range(12):
        Image.effect_noise((64, 64), 30 + n).convert("RGB").save(root / f"dataset/images/{n}.png")
    result = prepare("scin", root, tmp_path / "out", workers=1)
    frame = read_manifest(result.meta_path).frame
    assert set(frame["soft_label"].map(json.loads).map(tuple)) == {("eczema",), ("tinea_candidiasis",)}
    with open(tmp_path / "out" / "doubtful.csv", newline="") as file:
        assert "melanoma" in {row["image_path"] for row in csv.DictReader(file)}
    assert (tmp_path / "out" / "coverage.csv").read_text().splitlines()[0] == "condition,diagnosis,cases,weight"


def test_the_mapping_has_the_classes_of_kaggle10():
    mine, theirs = load_taxonomy("scin").classes, load_taxonomy("kaggle10").classes
    assert [(c.id, c.name, c.urgency) for c in mine] == [(c.id, c.name, c.urgency) for c in theirs]


def test_soft_and_hard_labels():
    class_of = {"A": "a", "B": "b"}
    assert soft_label([], class_of) == ({}, 0)
    assert soft_label([{"A": 0.5, "C": 0.5}, {}], class_of) == ({"a": 1.0}, 0.5)
    assert soft_label([{"A": 1.0}, {"B": 0.5, "C": 0.5}], class_of)[1] == 0.75
    assert hard_label({"a": 0.41, "b": 0.4}) == "a"
    assert hard_label({"a": 0.5, "b": 0.5}) is None


def test_genuine_scin_tables(shared_data, tmp_path):
    """Counts against the tables' own, with empty files where the photos would be."""
    source = shared_data / "data" / "scin_csv"
    folder = tmp_path / "dataset"
    (folder / "images").mkdir(parents=True)
    with open(source / "scin_cases.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("scin_cases.csv", "scin_labels.csv"):
        (folder / name).write_bytes((source / name).read_bytes())
    paths = {row[f"image_{n}_path"] for row in rows for n in (1, 2, 3)} - {""}
    for path in paths:
        (tmp_path / path).touch()
    listing = read_scin(tmp_path)
    assert (len(rows), len(listing.records), len(listing.rejections)) == (5033, len(paths), 0)
    # No photo of one case, and no shared photo, in two groups.
    shared = [d for d in listing.doubts if d.kind == "photo of several cases"]
    assert (len(shared), len({r.group for r in listing.records})) == (15, 5013)
    group_of = {r.path.name: r.group for r in listing.records}
    for row in rows:
        assert len({group_of[p.rsplit("/", 1)[-1]] for n in (1, 2, 3) if (p := row[f"image_{n}_path"])}) <= 1
    assert sum(r.fitzpatrick is not None for r in listing.records) > 9000
    assert 0.3 < sum(c.weight for c in listing.coverage if c.diagnosis) / sum(c.weight for c in listing.coverage) < 0.5
