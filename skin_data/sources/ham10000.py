"""HAM10000 (Tschandl, Rosendahl and Kittler 2018): a table of images and lesions, and folders of images."""

from functools import partial

from skin_data.sources.labelled_table import TableLayout, read_labelled_table
from skin_data.sources.registry import Source

read_ham10000 = partial(
    read_labelled_table,
    TableLayout(
        dataset="ham10000",
        table="HAM10000_metadata.csv",
        source="dermoscopy",
        photo="image_id",
        with_suffix=False,
        diagnosis="dx",
        group="lesion_id",
        kept=("dx_type", "age", "sex", "localization"),
    ),
)
"""`read_ham10000(root, taxonomy, ignored)`; the group of a photo is its lesion."""
SOURCE = Source(read_ham10000)
