"""What a teacher's licence and training data mean for a student that is shipped."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skin_data.manifest import Manifest

FORBIDS = {
    r"(?<![a-z])nc(?![a-z])|non[-_ ]?commercial|research[-_ ]only|academic": "commercial use",
    r"(?<![a-z])nd(?![a-z])|no[-_ ]?deriv": "derivatives, which a distilled student may be",
}
"""What a licence's name forbids, by regular expression; licences of Creative Commons write NC and ND."""
CONTAINED = {"isic": ("ham10000",)}
"""Data sets that are part of others: the ISIC archive holds HAM10000."""


def warnings_of(teachers: Iterable[Mapping[str, Any]], manifest: "Manifest") -> list[str]:
    """Say where a teacher's licence forbids what a release file is for, and where it may have seen the test photos.

    Args:
        teachers: entries of a student's report, with `licence` and `training_data` for those from elsewhere.
        manifest: the data set.
    """
    names = {_plain(name) for name in manifest.split("test")["dataset"].astype(str)} - {""}
    found = []
    for teacher in teachers:
        if "licence" not in teacher:
            continue
        name, licence = teacher["name"], str(teacher["licence"])
        found += [
            f"The licence of teacher {name}, {licence}, forbids {what}. Ask its owner before you ship the file."
            for pattern, what in FORBIDS.items()
            if re.search(pattern, licence, re.IGNORECASE)
        ]
        for seen in teacher["training_data"]:
            if _plain(seen) == "unknown":
                found.append(f"Nobody says what teacher {name} was trained on: it may have seen the test photos.")
            elif shared := sorted(each for each in names if _holds(_plain(seen), each)):
                found.append(
                    f"Teacher {name} was trained on {seen}, and the test photos are of {', '.join(shared)}: it may "
                    "have seen them, and the test metrics may be too good."
                )
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _holds(seen: str, tested: str) -> bool:
    parts = [part for whole, inside in CONTAINED.items() if whole in seen for part in inside]
    return any(part in tested or tested in part for part in (seen, *parts))
