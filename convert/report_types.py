"""The sections `convert`, `best` and `verify` of `report.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from skin_training.report_types import Metric, TestSection

if TYPE_CHECKING:
    from typing_extensions import NotRequired


class RepresentativeSection(TypedDict):
    """Which photos the quantization is based on; `dropped` has `photo`, `layer` and `ratio` of each outlier."""

    split: str
    count: int
    outlier_ratio: float
    dropped: list[dict[str, Any]]
    by_class: dict[str, int]
    by_tone: dict[str, int]


class TrainingEntry(TypedDict):
    """A fine-tuning: its options, seed, epochs and duration in seconds."""

    recipe: dict[str, Any]
    seed: int
    rows: list[dict[str, Any]]
    seconds: float


class VariantEntry(TypedDict):
    """One file: its size, also compressed as for a download, operators, XNNPACK partitions, duration in seconds."""

    bytes: int
    deflated_bytes: int
    sha256: str
    operators: dict[str, int]
    xnnpack: dict[str, Any]
    seconds: float
    representative: NotRequired[RepresentativeSection | None]
    training: NotRequired[TrainingEntry]


class PairedMetric(Metric):
    """A difference of two metrics, with both where it has a value."""

    of_float: NotRequired[float]
    of_file: NotRequired[float]


class Comparison(TypedDict):
    """Predictions of a file against those of the float student (`convert.verifying.comparison.compare`)."""

    agreement: float
    lighting_agreement: float
    largest_change: float
    largest_lighting_change: float
    overall: dict[str, PairedMetric]
    per_tone: dict[str, Metric]
    per_class: dict[str, Metric]


class GateEntry(TypedDict):
    """Outcome of one gate (`convert.verifying.gates.GateResult`)."""

    gate: str
    measured: str
    limit: str
    outcome: str
    beyond: bool


class VerifiedFile(TypedDict):
    """One verified file; `cannot_tell` lists the inconclusive gates."""

    file: str
    sha256: str
    bytes: int
    variant: str
    passed: bool
    cannot_tell: list[str]
    gates: list[GateEntry]
    ccm: dict[str, Any] | None
    comparison: Comparison
    test: TestSection | None


class VerifySection(TypedDict):
    """The report's `verify` section."""

    passed: bool
    tone_scheme: str
    float_test: TestSection
    files: list[VerifiedFile]


class CandidateEntry(TypedDict):
    """One candidate for the best file; `why` lists the gates it did not pass, `untold` the inconclusive ones."""

    variant: str
    bytes: int | None
    latency_ms: float | None
    passed: bool
    why: list[str]
    untold: list[str]


class BestSection(TypedDict):
    """The report's `best` section: candidates in the order tried, and the file chosen."""

    objective: str
    chosen_on: str
    rungs: list[CandidateEntry]
    variant: str | None
    sha256: str | None
    passed_on_test: NotRequired[bool]
