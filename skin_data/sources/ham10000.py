"""HAM10000 (Tschandl, Rosendahl and Kittler 2018): a table of images and lesions, and folders of images."""

from skin_data.sources.labelled_table import TableLayout
from skin_data.sources.published_table import PublishedTable
from skin_data.sources.registry import Source

LAYOUT = TableLayout(
    "ham10000",
    "dermoscopy",
    {"photo": ("image_id",), "diagnosis": ("dx",), "group": ("lesion_id",)},
    kept=("dx_type", "age", "sex", "localization"),
    needs_group=True,
)
read_ham10000 = PublishedTable("HAM10000_metadata.csv", False, LAYOUT).read
SOURCE = Source(read_ham10000)
