"""HAM10000 (Tschandl, Rosendahl and Kittler 2018): a table of images and lesions, and folders of images."""

from functools import partial

from skin_data.sources.labelled_table import TableLayout, read_labelled_table

HAM10000 = TableLayout(
    dataset="ham10000",
    table="HAM10000_metadata.csv",
    source="dermoscopy",
    photo="image_id",
    with_ending=False,
    diagnosis="dx",
    group="lesion_id",
    kept=("dx_type", "age", "sex", "localization"),
)
read_ham10000 = partial(read_labelled_table, HAM10000)
"""`read_ham10000(root, taxonomy, apart_from)`; the group of a photo is its lesion."""
