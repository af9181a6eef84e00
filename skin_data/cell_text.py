"""What people write into cells and folder names: missing values, splits, skin types, ids that a spreadsheet changed."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable

from triage.errors import UnusableInput

MISSING = frozenset(
    {
        "na", "nan", "nat", "none", "null", "nil", "void", "empty", "blank", "missing", "unknown", "unk",
        "undefined", "unspecified", "notspecified", "notavailable", "notapplicable", "notknown", "unlabeled",
        "unlabelled", "tbd", "nodata", "nodiagnosis", "anonymous", "anon", "noname", "noid", "unassigned",
        "notassigned", "nolabel", "ref", "value", "name", "div0", "num",
    }
)  # fmt: skip
"""Words, letters and digits only, that stand for no value; the last are a spreadsheet's errors such as #REF!."""
SPLIT_WORDS = frozenset(
    {
        "train", "training", "trainset", "trainval", "val", "valid", "validation", "valset", "dev", "development",
        "test", "testing", "testset", "eval", "evaluation", "holdout", "fold", "kfold",
    }
)  # fmt: skip
CHUNK_WORDS = frozenset({"part", "batch", "subset", "split"})
_BESIDE_SPLIT_WORDS = frozenset({"set", "data", "dataset", "images", "image", "imgs", "photos", "pictures", "input"})
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
_SPREADSHEET_ID = re.compile(
    r"[+-]?\d+([.,]\d+)?E[+-]?\d+"  # 1.23457E+11
    r"|(\d{4}-\d\d?-\d\d?|\d\d?/\d\d?/\d{2,4}|\d\d?[-.]\d\d?[-.]\d{4})([T ]\d.*)?"  # 2021-03-01
    r"|\d{1,4}-(jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*"  # 3-Mar
    r"|(jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*-\d{1,4}"
    r"|#+",
    re.IGNORECASE,
)
_COPY = re.compile(r"(\s*\(\d+\)|[\s_-]+(copy|kopie|copie|copia)[\s_-]*\d*)$", re.IGNORECASE)
_SPREADSHEET_DIGITS = 15
"""A spreadsheet turns the later digits of a longer number into zeros."""


def simplified(name: str) -> str:
    """Reduce a name to what tells it from others: no case, accents, spaces, hyphens, underscores or invisible marks.

    Between digits a separator stays a point, so that `1-1` is not `11`; `7.0` is `7`, and so is `007`.
    """
    text = unicodedata.normalize("NFKD", name).casefold()
    # Latin accents; the vowel signs of other scripts tell words apart.
    text = "".join(mark for mark in text if not "\u0300" <= mark <= "\u036f")
    text = "".join(" " if unicodedata.category(mark)[0] in "ZPC" else mark for mark in text)
    text = re.sub(r"(?<=\d)\s+(?=\d)", ".", " ".join(text.split())).replace(" ", "")
    text = re.sub(r"^0+(?=\d)", "", re.sub(r"^(\d+)\.0+$", r"\1", text))
    return text or name.strip()


def alike(names: Iterable[str]) -> list[list[str]]:
    """Group different names that `simplified` makes equal; names without such a twin are left out."""
    groups = defaultdict(list)
    for name in dict.fromkeys(names):
        groups[simplified(name)].append(name)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def is_missing(cell: str) -> bool:
    """Whether a cell is empty or holds one of `MISSING`, -1, or nothing but punctuation."""
    letters = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", cell).casefold())
    return not letters or letters in MISSING or cell.strip() in ("-1", "-1.0")


def is_split_name(name: str, words: Collection[str] = SPLIT_WORDS) -> bool:
    """Whether a folder or label is a split of a data set (`train`, `Test_images`, `fold-1`) rather than a disease."""
    found = set(re.findall(r"[^\W\d_]+", name.lower()))
    return bool(found & set(words)) and found <= {*words, *_BESIDE_SPLIT_WORDS}


def are_splits(names: Collection[str]) -> bool:
    """Whether one name is that of a split, or all contain such words and not the same (`ISIC_Train`, `ISIC_Test`)."""
    marks = [SPLIT_WORDS & set(re.findall(r"[^\W\d_]+", name.lower())) for name in names]
    return any(map(is_split_name, names)) or (all(marks) and len(set().union(*marks)) > 1)


def check_class_names(names: Iterable[str], where: str) -> None:
    """Check that names of folders or labels are those of different classes; `where` they stand is for the message.

    Raises:
        UnusableInput: two differ only by what `simplified` ignores, or one names a split of a data set.
    """
    names = list(names)
    if same := alike(names):
        twins = "; ".join(", ".join(map(repr, group)) for group in same)
        raise UnusableInput(
            f"These would be classes of their own, and differ only by case, spaces, accents or hyphens: {twins}. "
            f"Received: {where}. Spell each class in one way, or give a --taxonomy that lists the spellings as codes."
        )
    keys = set(map(simplified, names))
    if copies := [name for name in names if _COPY.search(name) and simplified(_COPY.sub("", name)) in keys]:
        raise UnusableInput(
            f"These are copies of other classes by their names: {', '.join(map(repr, copies))}. Received: {where}. "
            "Unite each with its class, or rename it."
        )
    if are_splits(names) or any(is_split_name(name, SPLIT_WORDS | CHUNK_WORDS) for name in names):
        raise UnusableInput(
            f"These name parts of a data set, not diagnoses: {', '.join(map(repr, names))}. Received: {where}. Give "
            "the classes; `prepare` makes splits of its own."
        )


def skin_type(cell: str, largest: int = 6) -> str | None:
    """Read a Fitzpatrick type or, up to 10, a Monk tone.

    The cell is a number or Roman numeral, also as `3.0`, `Type III` or `FST3`, or a range such as `3-4` or, for pairs
    of types as DDI gives them, `34`. The result is "1" to `largest`, "3-4" for a range, or None for a missing value;
    any other cell, among them 0, 7 and 3.5, is a ValueError.
    """
    if is_missing(cell) and cell.strip() != "-1":
        return None
    text = unicodedata.normalize("NFKC", cell).casefold()
    text = re.sub(r"fitzpatrick|photo|skin|types?|fst|monk|mst|tones?|scale|[\s_:()]", "", text)
    ends = [_ROMAN.get(end, end) for end in re.split(r"[-–—/&,]|to|and", re.sub(r"(?<=\d)\.0+$", "", text))]
    if largest < 10 and len(ends) == 1 and re.fullmatch(r"\d\d", str(ends[0])):
        ends = list(str(ends[0]))
    numbers = [int(end) if re.fullmatch(r"\d{1,2}", str(end)) else 0 for end in ends]
    following = list(range(numbers[0], numbers[0] + len(numbers)))
    if not 1 <= numbers[0] <= numbers[-1] <= largest or numbers != following or len(numbers) > 2:
        raise ValueError(f"no type from 1 to {largest}: {cell!r}")
    return "-".join(map(str, numbers))


def spreadsheet_ids(ids: Collection[str]) -> list[str]:
    """Return the ids that look as if a spreadsheet had changed them: 1E+05, dates, long numbers that end in zeros."""
    changed = [name for name in ids if _SPREADSHEET_ID.fullmatch(name.strip())]
    long = [name for name in ids if re.fullmatch(rf"-?\d{{{_SPREADSHEET_DIGITS + 1},}}(\.0+)?", name)]
    cut = [name for name in long if re.fullmatch(rf"-?\d{{{_SPREADSHEET_DIGITS}}}0+(\.0+)?", name)]
    # One long number in ten ends in a zero anyway.
    return changed + (cut if 2 * len(cut) >= len(long) else [])
