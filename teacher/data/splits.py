"""Splits by group: no patient, lesion or picture stands on both sides."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

SHARES = {"train": 0.70, "val": 0.15, "test": 0.15}


def split_by_group(
    groups: Sequence[str], diagnoses: Sequence[str | None], seed: int, shares: dict[str, float] = SHARES
) -> list[str]:
    """Assign each photo to a split so that groups stay whole and classes keep their shares.

    Groups are taken class by class (a group's class is its most frequent one), in an order drawn by hashing the seed
    with the group's name, so that the result is the same on every machine and a new photo moves few old ones. Each
    group goes to the split that is furthest below its share of the class, counted in photos.

    Args:
        groups: group of each photo.
        diagnoses: class of each photo; None is a class of its own here.
        seed: of the order.
        shares: of the splits, summing to one.

    Returns:
        Name of the split of each photo.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    by_class: dict[str, list[str]] = defaultdict(list)
    for group, rows in members.items():
        names = [str(diagnoses[row]) for row in rows]
        by_class[max(sorted(set(names)), key=names.count)].append(group)
    split_of: dict[str, str] = {}
    for name in sorted(by_class):
        ordered = sorted(by_class[name], key=lambda group: hashlib.sha256(f"{seed}|{group}".encode()).digest())
        # Large groups first: they would overshoot a small split that is nearly full.
        ordered.sort(key=lambda group: -len(members[group]))
        total = sum(len(members[group]) for group in ordered)
        filled = dict.fromkeys(shares, 0)
        for group in ordered:
            target = max(shares, key=lambda split: total - filled[split] / shares[split])
            split_of[group] = target
            filled[target] += len(members[group])
    return [split_of[group] for group in groups]
