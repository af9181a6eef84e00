"""Splits by group: no patient, lesion or picture is in two of them."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

FRACTIONS = {"train": 0.70, "val": 0.15, "test": 0.15}


def split_by_group(
    groups: Sequence[str],
    diagnoses: Sequence[str | None],
    tones: Sequence[str],
    seed: int,
    fractions: Mapping[str, float] = FRACTIONS,
    kept: Mapping[str, str] | None = None,
) -> list[str]:
    """Assign each photo to a split so that groups stay whole, stratified by class (None is one, too) and skin tone.

    Groups are taken class by class and tone by tone (those of most of their photos), the largest first and equal ones
    in the order of a hash of seed and group name: the result is the same on every machine, and a new photo moves few
    others. Each group goes to the split that lacks most, in photos of the class plus photos of this class and tone:
    large cells are stratified by tone, and small ones, which cannot be, still by class. Groups in `kept` have their
    split already and do not count.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[group].append(row)
    cells: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    split_of = dict(kept or {})
    for group, rows in members.items():
        if group in split_of:
            continue
        diagnosis = _most_frequent([str(diagnoses[row]) for row in rows])
        cells[diagnosis][_most_frequent([tones[row] for row in rows])].append(group)

    def lacks(split: str, photos: Counter[str], total: int) -> float:
        """Return the fraction of its photos that a split lacks: 1 if empty, 0 if full, negative beyond."""
        return 1 - photos[split] / (fractions[split] * total)

    for diagnosis in sorted(cells):
        size = {tone: sum(len(members[group]) for group in cell) for tone, cell in cells[diagnosis].items()}
        in_class: Counter[str] = Counter()
        # Rare tones first: the largest balances what they leave uneven.
        for tone in sorted(size, key=lambda tone: (size[tone], tone)):
            in_cell: Counter[str] = Counter()
            filled = ((in_class, sum(size.values())), (in_cell, size[tone]))
            for group in sorted(cells[diagnosis][tone], key=lambda group: _order(group, len(members[group]), seed)):
                split = max(fractions, key=lambda split: sum(lacks(split, *filling) for filling in filled))
                split_of[group] = split
                in_class[split] += len(members[group])
                in_cell[split] += len(members[group])
    return [split_of[group] for group in groups]


def _order(group: str, photos: int, seed: int) -> tuple[int, bytes]:
    # Large groups first: they would overshoot a small split that is nearly full.
    return -photos, hashlib.sha256(f"{seed}|{group}".encode()).digest()


def _most_frequent(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=names.count)
