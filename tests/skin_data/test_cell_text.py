import re

import pytest

from skin_data.cell_text import (
    alike,
    check_class_names,
    is_missing,
    is_split_name,
    simplified,
    skin_type,
    spreadsheet_ids,
)
from triage.errors import UnusableInput


@pytest.mark.parametrize(
    "twins",
    [
        ("eczema", "Eczema", "ECZEMA", " eczema", "eczema ", "eczema\u00a0", "ec\u200bzema", "eczéma", "ecze\u0301ma"),
        ("basal cell", "basal-cell", "Basal_Cell", "basal  cell", "basalcell", "basal\u2011cell", "\uff42asal cell"),
        ("7", "7.0", "007"),
        ("1-2", "1_2", "1 2"),
    ],
)
def test_spellings_of_one_name_are_alike(twins):
    assert alike([*twins, "other"]) == [sorted(twins)]


@pytest.mark.parametrize("pair", [("1-1", "11"), ("कि", "कु"), ("grade 1", "grade 2"), ("mole", "moles"), ("?", "-")])
def test_different_names_are_not_alike(pair):
    assert alike(pair) == []
    assert all(map(simplified, pair))


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "NA", "N/A", "#N/A", "<NA>", "none", "NULL", "Unknown", "?",
                                  "-", "--", "-1", "#REF!", "not available", "UNK"])  # fmt: skip
def test_missing_values(cell):
    assert is_missing(cell)


def test_words_that_only_look_missing_are_kept():
    assert not any(map(is_missing, ["0", "none of these", "normal", "other", "Nana", "1", "unknown primary"]))


def test_names_of_splits():
    splits = ["train", "Train", "TRAINING", "val", "valid", "validation", "dev", "test", "testing", "fold1", "fold_2",
              "Test Images", "train_set", "validation-data"]  # fmt: skip
    assert all(map(is_split_name, splits))
    assert not any(map(is_split_name, ["patch test", "eczema", "imgs_part_1", "images", "testis", "1"]))


@pytest.mark.parametrize(
    "names", [["mole", "train"], ["part1", "part 2"], ["a", "A "], ["mole", "mole - Copy"], ["mole", "Mole (2)"]]
)
def test_names_that_are_no_classes_are_named(names):
    with pytest.raises(UnusableInput, match=re.escape(names[-1])):
        check_class_names(names, "photos.csv")
    check_class_names(["type (1)", "type (2)", "patch test", "prick test"], "photos.csv")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("3", "3"), ("3.0", "3"), ("III", "3"), ("iv", "4"), ("Type 3", "3"), ("Fitzpatrick type VI", "6"), ("FST2", "2"),
     ("Ⅲ", "3"), ("1-2", "1-2"), ("III-IV", "3-4"), ("56", "5-6"), ("", None), ("unknown", None), ("N/A", None)],
)  # fmt: skip
def test_skin_types_in_every_spelling(cell, expected):
    assert skin_type(cell) == expected


@pytest.mark.parametrize("cell", ["-1", "0", "7", "3.5", "13", "2-5", "dark", "1-", "99", "0.0"])
def test_impossible_skin_types_are_errors(cell):
    with pytest.raises(ValueError, match=cell):
        skin_type(cell)


def test_monk_tones_go_to_ten():
    assert [skin_type(cell, 10) for cell in ("10", "MST 7", "2.0")] == ["10", "7", "2"]


def test_ids_that_a_spreadsheet_changed():
    changed = ["1E+05", "1.23457E+11", "1,2E+12", "2021-03-01", "3/1/21", "01.03.2021", "3-Mar", "Mar-21", "#####",
               "12345678901234500000"]  # fmt: skip
    kept = ["p1", "HAM_0000001", "PAT_8_15_820", "1-2-3", "10", "2021", "1e", "E+05", "12345678901234567", "5-6"]
    assert spreadsheet_ids([*kept, *changed]) == changed
