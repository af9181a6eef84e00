"""Types of a comparison in the report's section `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from skin_training.report_types import Metric

if TYPE_CHECKING:
    from typing_extensions import NotRequired


class PairedMetric(Metric):
    """A difference of two metrics, with both where it has a value."""

    of_float: NotRequired[float]
    of_file: NotRequired[float]


class SliceChange(Metric):
    """A change of accuracy; `corrected_high` is the high end of its interval after Bonferroni correction."""

    corrected_high: NotRequired[float]


class Comparison(TypedDict):
    """Predictions of a file against those of the float student (`convert.verifying.comparison.compare`)."""

    agreement: float
    lighting_agreement: float
    largest_change: float
    largest_lighting_change: float
    overall: dict[str, PairedMetric]
    per_tone: dict[str, SliceChange]
    per_class: dict[str, SliceChange]
    comparisons: int
