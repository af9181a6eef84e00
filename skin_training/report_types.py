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


class FittedOn(TypedDict):
    """The split that something was fitted on, its labelled photos and groups, and photos of an urgent class among them.

    With `not_fitted`, the reason, the neutral value holds.
    """

    split: str
    n: int
    groups: int
    urgent: NotRequired[int]
    not_fitted: NotRequired[str]


class ReliabilityBin(TypedDict):
    """A bin of confidence; without photos its means are None."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


class CalibrationErrors(TypedDict):
    """Expected calibration error of a slice before and after calibration, and what chance alone gives."""

    ece_before: Metric
    ece_after: Metric
    ece_if_calibrated: dict[str, float] | None


class CalibratorParameters(TypedDict):
    """What was fitted: a temperature, or the weights (of vector scaling, their diagonal) and bias."""

    temperature: NotRequired[float]
    weights: NotRequired[list[Any]]
    bias: NotRequired[list[float]]


class CalibrationSection(CalibratorParameters, CalibrationErrors):
    """Calibration fitted on another split; `alternatives` are ECE (also by tone), NLL and accuracy of each method."""

    method: str
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
    curves: NotRequired[dict[str, dict[str, list[float]]]]
    calibration: CalibrationSection | None
    triage: TriageSection | None
    conformal: ConformalSection | None


class OutsideSection(TypedDict):
    """A test set from elsewhere: `shared` classes, the model's `absent` ones, photos left out, and `test` by model.

    `gain` is that of the first model over the baseline.
    """

    meta_sha256: str
    n: int
    shared: list[str]
    absent: list[str]
    left_out: dict[str, int]
    test: dict[str, TestSection]
    gain: GainSection | None


class PhaseSection(TypedDict):
    """A phase of the teacher's training: variables `moved`, `of` how many in each part, and the test after it."""

    phase: str
    trains: str
    moved: dict[str, dict[str, int]]
    test: dict[str, Any]


class KeptEpoch(TypedDict):
    """The epoch whose weights a phase ended with."""

    phase: str
    epoch: int
    val_balanced_accuracy: float


class _Training(TypedDict):
    key: dict[str, Any]
    meta_sha256: str
    backbone: str
    parameters: int
    kept_epochs: list[KeptEpoch]
    seconds: float
    test: TestSection
    also: NotRequired[dict[str, OutsideSection]]


class TeacherSection(_Training):
    """The report's `teacher` section; `color_calibration` has `matrix` and `bias`.

    `terms` are `licence` and `training_data` of a backbone from elsewhere, else empty.
    """

    terms: dict[str, Any]
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
    per_fitzpatrick: NotRequired[dict[str, Metric]]
    tone_scheme: str
    lost: list[LostSlice]
    verdict: str


class AgreementSection(TypedDict):
    """Agreement of student and teacher, overall and by slice: `top1`, the same top class, and `kl` in nats."""

    all: dict[str, Metric]
    per_class: dict[str, dict[str, Metric]]
    per_tone: dict[str, dict[str, Metric]]


class FairnessSection(TypedDict):
    """Group weights and what they changed on the test split."""

    by: str
    groups: dict[str, dict[str, float | None]]
    change_on_test: GainSection | None


class TeacherEntry(TypedDict, total=False):
    """One teacher of a student.

    `kind` is "run" or that of a model from elsewhere, with its `licence` and `training_data`; `left_out` are its
    classes that are not the data set's, `unknown` the data set's that are not its own; `lighting` says whether it
    predicts that, `resized` is [from, to] where it saw the student's pixels in another size. One of several has its
    `test` and `gain_of_average`, that of their average over it.
    """

    name: str
    kind: str
    sha256: str
    licence: str
    training_data: list[str]
    size: int | None
    left_out: list[str]
    unknown: list[str]
    lighting: bool
    resized: list[int] | None
    test: dict[str, Metric]
    gain_of_average: dict[str, Any]


class UnlabelledSection(TypedDict):
    """Photos without a diagnosis for the student, and those left out; see `skin_data.unlabelled.Unlabelled`."""

    folders: list[str]
    photos: int
    known: int
    near: int
    unreadable: int
    sha256: str


class DistillSection(_Training):
    """The report's `distill` section.

    `color_calibration` has that of `teacher` and `student` and the `distance` of their matrices (Frobenius norm);
    `without_teacher` has `test` of the label-only baseline and `gain`, a `GainSection`.
    """

    teacher_run: str
    teacher_answered_by: str
    teachers: list[TeacherEntry]
    color_calibration: dict[str, Any]
    agreement: AgreementSection
    teacher_test: TestSection
    without_teacher: dict[str, Any] | None
    fairness: FairnessSection | None
    unlabelled: NotRequired[UnlabelledSection]
