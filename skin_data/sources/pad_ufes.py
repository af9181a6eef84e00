"""PAD-UFES-20 (Pacheco et al. 2020): a table of smartphone photos of lesions, with the patients they are of."""

from functools import partial

from skin_data.sources.labelled_table import TableLayout, read_labelled_table

PAD_UFES = TableLayout(
    dataset="pad-ufes-20",
    table="metadata.csv",
    source="smartphone",
    photo="img_id",
    with_ending=True,
    diagnosis="diagnostic",
    group="patient_id",
    fitzpatrick="fitspatrick",  # spelled so in the data set
    kept=("lesion_id", "age", "gender", "region", "biopsed"),
)
read_pad_ufes = partial(read_labelled_table, PAD_UFES)
"""`read_pad_ufes(root, taxonomy, apart_from)`; the group of a photo is its patient, who may have several lesions."""
