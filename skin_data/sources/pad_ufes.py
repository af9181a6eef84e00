"""PAD-UFES-20 (Pacheco et al. 2020): a table of smartphone photos of lesions and their patients."""

from functools import partial

from skin_data.sources.labelled_table import TableLayout, read_labelled_table
from skin_data.sources.registry import Source

read_pad_ufes = partial(
    read_labelled_table,
    TableLayout(
        dataset="pad-ufes-20",
        table="metadata.csv",
        source="smartphone",
        photo="img_id",
        with_suffix=True,
        diagnosis="diagnostic",
        group="patient_id",
        fitzpatrick="fitspatrick",  # spelled so in the data set
        kept=("lesion_id", "age", "gender", "region", "biopsed"),
    ),
)
"""`read_pad_ufes(root, taxonomy, ignored)`; the group of a photo is its patient, who may have several lesions."""
SOURCE = Source(read_pad_ufes)
