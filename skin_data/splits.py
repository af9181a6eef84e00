"""Splits by group: no patient, lesion or picture is in two of them."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

FRACTIONS = {"train": 0.70, "val": 0.15, "test": 0.15}


def split_by_group(
    groups: Sequence[str],
    diagnoses: Sequence[str | None],
    tones: Sequence[str],
    seed: int,
    fractions: Mapping[str, float] = FRACTIONS,
) -> list[str]:
    """Assign each photo to a split so that groups stay whole, stratified by class and skin tone.

    Groups are taken class by class and tone by tone (those of most of their photos), the largest first and equal ones
    in the order of a hash of seed and group name: the result is the same on every machine, and a new photo moves few
    others. Each group goes to the split that lacks most, in photos of the class plus photos of this class and tone:
    large cells are stratified by tone, and small ones, which cannot be, still by class.

    Args:
        groups: group of each photo.
        diagnoses: class of each photo; None is a class of its own here.
        tones: tone bucket of each photo.
        seed: of the order.
        fractions: of the splits, summing to one.

    Returns:
        Name of the split of each photo.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[group].append(row)
    cells: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for group, rows in members.items():
        diagnosis = _most_frequent([str(diagnoses[row]) for row in rows])
        cells[diagnosis][_most_frequent([tones[row] for row in rows])].append(group)
    split_of: dict[str, str] = {}
    for diagnosis in sorted(cells):
        size = {tone: sum(len(members[group]) for group in cell) for tone, cell in cells[diagnosis].items()}
        in_class = _Filling(fractions, sum(size.values()))
        # Rare tones first: the largest balances what they leave uneven.
        for tone in sorted(size, key=lambda tone: (size[tone], tone)):
            in_cell = _Filling(fractions, size[tone])
            for group in sorted(cells[diagnosis][tone], key=lambda group: _order(group, len(members[group]), seed)):
                split_of[group] = max(fractions, key=lambda split: in_class.lacks(split) + in_cell.lacks(split))
                for filling in (in_class, in_cell):
                    filling.photos[split_of[group]] += len(members[group])
    return [split_of[group] for group in groups]


class _Filling:
    """Photos of a class, or of one tone of it, in each split so far."""

    def __init__(self, fractions: Mapping[str, float], total: int) -> None:
        self.fractions, self.total = fractions, total
        self.photos = dict.fromkeys(fractions, 0)

    def lacks(self, split: str) -> float:
        """Return the fraction of its photos that a split lacks: 1 if empty, 0 if full, negative beyond."""
        return 1 - self.photos[split] / (self.fractions[split] * self.total)


def _order(group: str, photos: int, seed: int) -> tuple[int, bytes]:
    # Large groups first: they would overshoot a small split that is nearly full.
    return -photos, hashlib.sha256(f"{seed}|{group}".encode()).digest()


def _most_frequent(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=names.count)
