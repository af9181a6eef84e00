"""Published data sets that one table describes, with photos in folders."""

from dataclasses import dataclass
from pathlib import Path

from skin_data.sources.labelled_table import TableLayout, read_labelled_rows
from skin_data.sources.record import Listing
from skin_data.sources.table import find_table, photos_by_name, read_table, unlisted
from skin_data.taxonomy import load_taxonomy


@dataclass(frozen=True)
class PublishedTable:
    """A data set of one table, whose name gives its default taxonomy; it names photos with their suffix or without."""

    table: str
    with_suffix: bool
    layout: TableLayout

    def read(self, root: Path, taxonomy: str | None = None, ignored: Path | None = None) -> Listing:
        """List the photos below a folder, which holds the table or a folder with it.

        Raises:
            UnusableInput: the table is missing, is not CSV or lacks a column.
        """
        table = find_table(root, self.table)
        rows = read_table(table, [column for columns in self.layout.columns.values() for column in columns])
        path_of, clashes = photos_by_name(root, ignored, self.with_suffix)
        listing = read_labelled_rows(
            rows,
            self.layout,
            lambda name: path_of.get(name, "no photo of that name"),
            load_taxonomy(taxonomy or self.layout.dataset),
            table,
        )
        photo = self.layout.columns["photo"][0]
        rest = clashes + unlisted(path_of, [row.cells[photo] for row in rows], table.name)
        return listing._replace(rejections=[*listing.rejections, *rest])
