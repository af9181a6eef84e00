"""The sections of `report.json` and of `evaluation.json`, as the code that writes and reads them sees them.

Reports of runs made by an earlier version may lack keys: what reads such files uses `get` and says "not measured".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from typing_extensions import NotRequired

from triage.prediction_set import SetRule


class Metric(TypedDict):
    """A value with its 95 % interval and the number of photos it rests on; `why` says why there is no value."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    why: NotRequired[str]


class DiagnosisMetrics(TypedDict):
    """What the diagnosis head is measured by."""

    accuracy: Metric
    balanced_accuracy: Metric
    macro_f1: Metric
    top3_accuracy: Metric
    ece: Metric


class LightingMetrics(TypedDict):
    """What the lighting head is measured by; `auc`, `average_precision` and `poor_*` are about finding poor light."""

    accuracy: Metric
    auc: Metric
    average_precision: Metric
    poor_recall: Metric
    poor_precision: Metric
    well_lit_share: float | None


class SliceSection(TypedDict):
    """Metrics of a part of a split, of n photos."""

    n: int
    diagnosis: DiagnosisMetrics
    lighting: LightingMetrics


class ClassMetrics(TypedDict):
    """One class against the rest; `n` photos are of it, and `sent_to_doctor` is the fraction that the decision sends.

    `urgency` is the taxonomy's. Without thresholds for a decision, `sent_to_doctor` is missing.
    """

    n: int
    urgency: str
    recall: Metric
    precision: Metric
    f1: Metric
    auc: Metric
    sent_to_doctor: NotRequired[Metric]


class PrecisionRecall(TypedDict):
    """Points of a curve by rising recall."""

    recall: list[float]
    precision: list[float]


class FittedOn(TypedDict):
    """The split that something was fitted on, its labelled photos, and those of an urgent class among them."""

    split: str
    n: int
    urgent: NotRequired[int]


class ReliabilityBin(TypedDict):
    """A bin of confidence; without photos its means are None."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


class EceIfCalibrated(TypedDict):
    """Expected calibration error that chance alone gives (see `calibration.ece_if_calibrated`)."""

    mean: float
    high: float
    p: float
    n: int
    seed: int


class CalibrationErrors(TypedDict):
    """Expected calibration error of a slice before and after calibration."""

    ece_before: Metric
    ece_after: Metric
    ece_if_calibrated: EceIfCalibrated | None


class CalibrationSection(CalibrationErrors):
    """Calibration fitted on another split, with its parameters; `alternatives` are ECE, NLL and accuracy by method."""

    method: str
    temperature: NotRequired[float]
    weights: NotRequired[list[Any]]
    bias: NotRequired[list[float]]
    fitted_on: FittedOn
    per_tone: dict[str, CalibrationErrors]
    alternatives: dict[str, dict[str, Any]]
    reliability: dict[str, list[ReliabilityBin]]


class UrgentDetection(TypedDict):
    """How well a slice's urgent cases are found at the threshold."""

    sensitivity: Metric
    specificity: Metric


class TriageSection(UrgentDetection):
    """The threshold on the urgent classes' probability, fitted on another split."""

    classes: list[str]
    sensitivity_target: float
    threshold: float
    fitted_on: FittedOn
    auc: Metric
    per_tone: dict[str, UrgentDetection]


class SetMetrics(TypedDict):
    """How often a slice's prediction sets hold the truth, and how many classes they name."""

    coverage: Metric
    mean_size: Metric


class SlicedSets(SetMetrics):
    """Prediction sets overall, by tone and by Fitzpatrick type."""

    per_tone: dict[str, SetMetrics]
    per_fitzpatrick: dict[str, SetMetrics]


class SetFit(TypedDict):
    """Photos that sets were fitted on, by tone; tones with `too_few` borrow from the others."""

    n: dict[str, int]
    too_few: list[str]


class ConformalSection(SlicedSets):
    """Conformal prediction sets with a quantile for each tone, fitted on another split.

    `one_threshold` is what sets with one threshold for all tones give.
    """

    coverage_target: float
    rule: SetRule
    fitted_on: FittedOn
    fitted_on_tones: SetFit
    one_threshold: SlicedSets


class TestSection(SliceSection):
    """What `evaluate` returns; `confusion` has `classes` and `counts` [truth][predicted]. Reports lack `curves`."""

    groups: int
    seed: int
    resamples: int
    synthetic: bool
    tone_scheme: str
    per_class: dict[str, ClassMetrics]
    per_tone: dict[str, SliceSection]
    slices: dict[str, dict[str, SliceSection]]
    confusion: dict[str, list[Any]]
    curves: NotRequired[dict[str, PrecisionRecall]]
    calibration: CalibrationSection | None
    triage: TriageSection | None
    conformal: ConformalSection | None


class MovedVariables(TypedDict):
    """How many variables of a part of the model a phase changed."""

    moved: int
    of: int


class PhaseSection(TypedDict):
    """A phase of the teacher's training and the test metrics of both heads after it."""

    phase: str
    trains: str
    moved: dict[str, MovedVariables]
    test: dict[str, Any]


class BestEpoch(TypedDict):
    """The epoch whose weights a phase ended with."""

    phase: str
    epoch: int
    val_balanced_accuracy: float


class _Training(TypedDict):
    key: dict[str, Any]
    meta_sha256: str
    backbone: str
    parameters: int
    best_epochs: list[BestEpoch]
    seconds: float
    test: TestSection


class TeacherSection(_Training):
    """The report's `teacher` section; `color_calibration` has `matrix` and `bias`."""

    phases: list[PhaseSection]
    color_calibration: dict[str, Any]


class LostSlice(TypedDict):
    """A class or tone that a student is worse at; `beyond_doubt` is significance after Bonferroni correction."""

    slice: str
    by: str
    change: float
    beyond_doubt: bool
    n: int


class GainSection(TypedDict):
    """Paired differences between two students on the same photos."""

    accuracy: Metric
    balanced_accuracy: Metric
    per_class: dict[str, Metric]
    per_tone: dict[str, Metric]
    tone_scheme: str
    lost: list[LostSlice]
    verdict: str


class TeacherAgreement(TypedDict):
    """How far a slice's predictions of student and teacher agree: same top class, and divergence in nats."""

    top1: Metric
    kl: Metric


class AgreementSection(TypedDict):
    """Agreement of student and teacher, overall and by slice."""

    all: TeacherAgreement
    per_class: dict[str, TeacherAgreement]
    per_tone: dict[str, TeacherAgreement]


class WeightedGroup(TypedDict):
    """A group whose photos the training weighted."""

    n_training: int
    n_validation: int
    first_accuracy: float | None
    last_accuracy: float | None
    weight: float


class FairnessSection(TypedDict):
    """Group weights and what they changed on the test split."""

    by: str
    groups: dict[str, WeightedGroup]
    change_on_test: GainSection | None


class DistillSection(_Training):
    """The report's `distill` section.

    `color_calibration` has that of `teacher` and `student` and the `distance` of their matrices (Frobenius norm);
    `without_teacher` has `test` of the label-only baseline and `gain`, a `GainSection`.
    """

    teacher_run: str
    teacher_answered_by: str
    color_calibration: dict[str, Any]
    agreement: AgreementSection
    teacher_test: TestSection
    without_teacher: dict[str, Any] | None
    fairness: FairnessSection | None
