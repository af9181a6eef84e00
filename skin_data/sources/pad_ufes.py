"""PAD-UFES-20 (Pacheco et al. 2020): a table of smartphone photos of lesions and their patients."""

from skin_data.sources.labelled_table import TableLayout
from skin_data.sources.published_table import PublishedTable
from skin_data.sources.registry import Source

SYMPTOMS = ("itch", "grew", "hurt", "changed", "bleed", "elevation")
"""Yes-or-no columns: TRUE, FALSE, or UNK where the patient did not know."""
LAYOUT = TableLayout(
    "pad-ufes-20",
    "smartphone",
    # A patient may have several lesions. The last column is spelled so in the data set.
    {"photo": ("img_id",), "diagnosis": ("diagnostic",), "group": ("patient_id",), "fitzpatrick": ("fitspatrick",)},
    kept=("lesion_id", "gender", "biopsed", "age", "region", *SYMPTOMS),
    needs_group=True,
)
read_pad_ufes = PublishedTable("metadata.csv", True, LAYOUT).read
SOURCE = Source(read_pad_ufes)
