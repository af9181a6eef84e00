"""Clusters: what pairs connect, directly or through others."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Name = TypeVar("Name", bound=Hashable)


def clusters(count: int, pairs: Collection[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Return int64 [count], the smallest member of the cluster of each number, joined by pairs of numbers."""
    if not count:
        return np.empty(0, np.int64)
    ends = np.array(list(pairs), np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    return np.asarray(first[label], np.int64)


def merged_names(together: Iterable[Sequence[Name]]) -> dict[Name, Name]:
    """Map each name to the first of those that it is connected to, by sequences of names that belong together."""
    chains = list(together)
    names = list(dict.fromkeys(name for chain in chains for name in chain))
    number = {name: n for n, name in enumerate(names)}
    first = clusters(len(names), [(number[chain[0]], number[name]) for chain in chains for name in chain[1:]])
    return {name: names[first[n]] for n, name in enumerate(names)}


def cluster_names(paths: Sequence[Path], members: Sequence[int]) -> list[str]:
    """Name the cluster of each photo after its first photo; a position would shift with every added photo.

    The name is `picture-` and the stem of that photo's name or, where clusters would have the same name, its path with
    as many parent folders as make it unique. `members` are of `clusters`.
    """
    name_of = {}
    unnamed = {first: paths[first].stem for first in members}
    depth = 1
    while unnamed:
        times = Counter(unnamed.values())
        name_of.update({first: f"picture-{name}" for first, name in unnamed.items() if times[name] == 1})
        depth += 1
        unnamed = {first: "/".join(paths[first].parts[-depth:]) for first, name in unnamed.items() if times[name] > 1}
    return [name_of[first] for first in members]
