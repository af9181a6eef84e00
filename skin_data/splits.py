"""Splits by group: no patient, lesion or picture stands on both sides."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

SHARES = {"train": 0.70, "val": 0.15, "test": 0.15}


def split_by_group(
    groups: Sequence[str],
    diagnoses: Sequence[str | None],
    tones: Sequence[str],
    seed: int,
    shares: Mapping[str, float] = SHARES,
) -> list[str]:
    """Assign each photo to a split so that groups stay whole and classes and skin tones keep their shares.

    Groups are taken class by class and tone by tone (a group's are its most frequent ones), in an order drawn by
    hashing the seed with the group's name, so that the result is the same on every machine and a new photo moves few
    old ones. Each goes to the split that is furthest below its share, counted in photos of the class and of the class's
    photos of this tone alike: large cells are stratified by tone, and small ones, which cannot be, still by class.

    Args:
        groups: group of each photo.
        diagnoses: class of each photo; None is a class of its own here.
        tones: tone bucket of each photo.
        seed: of the order.
        shares: of the splits, summing to one.

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
        in_class = _Filling(shares, sum(size.values()))
        # Small tones first: what they leave uneven, the largest evens out.
        for tone in sorted(size, key=lambda tone: (size[tone], tone)):
            in_cell = _Filling(shares, size[tone])
            for group in sorted(cells[diagnosis][tone], key=lambda group: _turn(group, len(members[group]), seed)):
                split_of[group] = max(shares, key=lambda split: in_class.lacks(split) + in_cell.lacks(split))
                for filling in (in_class, in_cell):
                    filling.photos[split_of[group]] += len(members[group])
    return [split_of[group] for group in groups]


class _Filling:
    """How full the splits are with the photos of a class, or of one tone of it."""

    def __init__(self, shares: Mapping[str, float], total: int) -> None:
        self.shares, self.total = shares, total
        self.photos = dict.fromkeys(shares, 0)

    def lacks(self, split: str) -> float:
        """Share of a split's photos that it lacks: 1 when empty, 0 when full, below when more."""
        return 1 - self.photos[split] / (self.shares[split] * self.total)


def _turn(group: str, photos: int, seed: int) -> tuple[int, bytes]:
    # Large groups first: they would overshoot a small split that is nearly full.
    return -photos, hashlib.sha256(f"{seed}|{group}".encode()).digest()


def _most_frequent(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=names.count)
