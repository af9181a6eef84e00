"""Several prepared data sets as one; the same photo may be in more than one of them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from skin_data.cell_text import simplified
from skin_data.findings import CLUSTER, GROUP_COLUMN, MEASURED
from skin_data.manifest import COLUMNS, Manifest, read_manifest
from skin_data.sources.own_photos import FOLDER_DATASET, TABLE_DATASET
from skin_data.sources.record import Listing, Record
from skin_data.sources.registry import Source
from triage.errors import UnusableInput

OWN = {FOLDER_DATASET, TABLE_DATASET}
"""Names that unrelated collections of own photos have in common."""


def read_combined(tables: Sequence[Path], keep_splits: bool = False) -> Listing:
    """List the photos of several meta.csv, at least two, with the same classes; synthetic photos are refused.

    Groups are prefixed with their data set, so that patient 7 of one is not patient 7 of another; where several tables
    list own photos, also with the table's number. Clusters of near-duplicates are formed anew over all photos: the
    Kaggle set, for one, includes photos of HAM10000. With `keep_splits`, photos of the first table keep their groups
    and splits, so that models trained on it alone can be compared.
    """
    if len(tables) < 2:
        raise UnusableInput(f"Combining needs at least two meta.csv. Received: {len(tables)}.")
    manifests = [read_manifest(table) for table in tables]
    first = manifests[0]
    for other in manifests[1:]:
        if other.taxonomy.ids != first.taxonomy.ids:
            raise UnusableInput(
                f"Only data with the same classes in the same order can be combined. Received: {first.path} with "
                f"{', '.join(first.taxonomy.ids)}; {other.path} with {', '.join(other.taxonomy.ids)}. Prepare one of "
                "them with --taxonomy and the taxonomy.yaml of the other, with its codes."
            )
    if synthetic := [str(manifest.path) for manifest in manifests if manifest.synthetic]:
        raise UnusableInput(f"Synthetic photos cannot be combined with others. Received: {', '.join(synthetic)}.")
    own = Counter(name for manifest in manifests for name in OWN & set(manifest.frame["dataset"]))
    ambiguous = {name for name, count in own.items() if count > 1}
    records = [
        record
        for number, manifest in enumerate(manifests, start=1)
        for record in _records(manifest, {name: f"{name}-{number}" for name in ambiguous}, keep_splits and number == 1)
    ]
    return Listing(records, [], first.taxonomy)


def _records(manifest: Manifest, prefix_of: Mapping[str, str], keeps: bool) -> list[Record]:
    frame = manifest.frame
    extras = [c for c in frame.columns if c not in COLUMNS and not c.startswith(MEASURED)]
    records = []
    for path, row in zip(manifest.photo_paths(frame), frame.to_dict("records"), strict=True):
        prefix = prefix_of.get(row["dataset"], row["dataset"])

        def named(cell: str, prefix: str = prefix) -> str:
            return f"{prefix}/{cell}" if cell else cell

        records.append(
            Record(
                path.resolve(), row["dataset"], row["source"], row["diagnosis"],
                None if row["group"].startswith(CLUSTER) and not keeps else named(row["group"]),
                json.loads(row["soft_label"]) if row["soft_label"] else None, row["fitzpatrick"], row["monk"],
                {c: named(row[c]) if GROUP_COLUMN.search(simplified(c)) else row[c] for c in extras},
                row["split"] if keeps else None,
            )
        )  # fmt: skip
    return records


SOURCE = Source(read_combined, options=("keep_splits",), takes="files", may_lack_classes=True)
