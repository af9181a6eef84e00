"""Gate by gate: does a .tflite file predict like the Keras student that it was made from?"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from convert.making.light_measures import measures_of_student
from convert.making.spot_fit import views_of
from convert.recipe import convert_recipe
from convert.report_types import Comparison
from convert.student import find_student, load_student_pixels
from convert.variants import VARIANTS
from convert.variants.variant import CONVERTED, RETRAINED
from convert.verifying.accelerators import Placement, placements
from convert.verifying.ccm_parity import CcmParity, check_ccm
from convert.verifying.comparison import Predictions, compare
from convert.verifying.familiarity import check_familiarity, check_refusals, student_familiarity
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED, GateResult, Gates, check_comparison
from convert.verifying.light_measures import check_light_measures
from convert.verifying.skin_patches import skin_colors
from convert.verifying.spot import check_found_spots, check_spot, student_spots
from distill.model_file import load_model
from skin_data.batches import light_scale
from skin_data.boxes import boxes_in_view, boxes_of
from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.color_calibration import ccm_of
from skin_training.evaluation import evaluate
from skin_training.predict import predict
from skin_training.report_types import TestSection
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import Interpreter, open_interpreter
from triage.model_card import ModelCard
from triage.model_file import ModelFile, read_model
from triage.outputs import check_fit


@dataclass(frozen=True)
class GateInput:
    """What an extra gate may look at.

    Attributes:
        model: the file.
        pixels: uint8 [n, size, size, 3], the photos of the split.
        predictions: of the file, by this environment's preferred runtime.
        float_predictions: of the float student.
    """

    model: ModelFile
    pixels: np.ndarray
    predictions: Predictions
    float_predictions: Predictions


ExtraGate = Callable[[GateInput], Sequence[GateResult]]
"""Checks a file for something that the gates of this module do not cover."""


@dataclass(frozen=True)
class FileVerdict:
    """Outcome of all gates for one file.

    Attributes:
        path: of the file.
        sha256: of the file.
        variant: as its card says.
        kind: `convert.variants.variant.CONVERTED` or `RETRAINED`.
        predictions: for the photos of the split.
        comparison: with the float student.
        ccm: parity of the colour calibration; None where the file has none.
        gates: outcome of each gate.
        accelerators: what each takes of the file.
        test: metrics on the test split; None where they were not asked for.
    """

    path: Path
    sha256: str
    variant: str
    kind: str
    predictions: Predictions = field(repr=False)
    comparison: Comparison
    ccm: CcmParity | None
    gates: list[GateResult]
    accelerators: list[Placement]
    test: TestSection | None = None

    @property
    def passed(self) -> bool:
        """Whether no gate failed. An inconclusive gate is named, but does not fail the file."""
        return all(result.outcome != FAILED for result in self.gates)

    @property
    def inconclusive(self) -> list[str]:
        """Gates with too few samples to tell."""
        return [result.gate for result in self.gates if result.outcome == INCONCLUSIVE]

    def to_json(self) -> dict[str, Any]:
        """Return the file's entry in the report."""
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "bytes": self.path.stat().st_size,
            "variant": self.variant,
            "kind": self.kind,
            "passed": self.passed,
            "cannot_tell": self.inconclusive,
            "gates": [asdict(result) for result in self.gates],
            "accelerators": [asdict(placement) for placement in self.accelerators],
            "ccm": self.ccm.to_json() if self.ccm else None,
            "comparison": self.comparison,
            "test": self.test,
        }


class Verifier:
    """The float student of a run and its predictions on one split, against which files are checked.

    Attributes:
        predictions: of the float student.
        gates: the limits.
    """

    def __init__(
        self,
        run: RunFolder,
        manifest: Manifest,
        split: str,
        gates: Gates | None = None,
        extra_gates: Sequence[ExtraGate] = (),
        progress: Progress = no_progress,
    ):
        """Load the student and predict the split.

        Args:
            run: of the student.
            manifest: the data set that it was trained on.
            split: "val" to choose a file, "test" to verify it.
            gates: limits; None: those of the run's recipe, else the defaults.
            extra_gates: checked after this module's.
            progress: called as `progress(stage, done, total)`.

        Raises:
            UnusableInput: no student, or another data set.
        """
        path = find_student(run, manifest)
        student, self._student_sha256 = load_model(path), sha256_of(path)
        self.gates = gates or convert_recipe(run).gates
        self._run, self._manifest, self._extra_gates, self._progress = run, manifest, extra_gates, progress
        self._size, self._frame = student.input_shape[1], manifest.split(split)
        self._pixels = load_student_pixels(run, manifest, self._frame, self._size, progress)
        self.predictions = predict(student, self._pixels)
        self._calibration = ccm_of(student)
        self._familiarity = student_familiarity(student, run, manifest, self._pixels, progress)
        self._spots = student_spots(student, run, self._pixels)
        self._light_scale = light_scale(manifest.split("train"))
        self._light = self._light_scale and measures_of_student(student, self._pixels, self._light_scale)
        self._skin = skin_colors(run, manifest, self._size, progress)

    def check(self, path: Path, is_best: bool = False) -> FileVerdict:
        """Check a file against the float student.

        Args:
            path: a release file of the run.
            is_best: use the stricter limit on the colour calibration of the file that `convert --best` chooses.

        Raises:
            UnusableInput: not a release file, or made from another student.
        """
        model = read_model(path)
        interpreter = open_interpreter(model.flatbuffer, threads=2)
        check_fit(model, interpreter)
        self._check_origin(model, interpreter.input_size)
        predictions = predict(interpreter, self._pixels, progress=self._progress, stage=f"verify {path.name}")
        comparison = compare(self._manifest, self._frame, self.predictions, predictions)
        ccm, ccm_gate = self._check_ccm(model.flatbuffer, is_best)
        light = check_light_measures(
            interpreter, self._pixels, self._light, self._light_scale, self.gates.light_measures_change
        )
        variant = str(cast("dict[str, Any]", model.card)["variant"])
        kind = VARIANTS[variant].kind if variant in VARIANTS else CONVERTED
        heads = self._check_retrained_heads if kind == RETRAINED else self._check_heads
        results = [*check_comparison(comparison, self.gates, kind), light, *heads(interpreter), ccm_gate]
        for gate in self._extra_gates:
            results += gate(GateInput(model, self._pixels, predictions, self.predictions))
        placed = placements(model.flatbuffer)
        return FileVerdict(path, sha256_of(path), variant, kind, predictions, comparison, ccm, results, placed)

    def evaluate(self, predictions: Predictions, card: ModelCard | None = None) -> TestSection:
        """Measure predictions for the split's photos against their labels (`skin_training.evaluation.evaluate`)."""
        return evaluate(self._manifest, self._frame, *predictions, card=card)

    def _check_origin(self, model: ModelFile, input_size: int) -> None:
        found, expected = [c["id"] for c in model.card["classes"]], list(self._manifest.taxonomy.ids)
        if input_size != self._size or found != expected:
            raise UnusableInput(
                f"The file is not of this student. Received: {model.path} with {input_size} px and the classes "
                f"{', '.join(found)}; the student of run '{self._run.name}' has {self._size} px and "
                f"{', '.join(expected)}."
            )
        # Cards of earlier versions lack the hash.
        if model.card["lineage"].get("student_sha256", self._student_sha256) != self._student_sha256:
            raise UnusableInput(
                f"The file was made from another student. Received: {model.path}; the student of run "
                f"'{self._run.name}' has other weights. Convert it again."
            )

    def _check_heads(self, interpreter: Interpreter) -> list[GateResult]:
        change, tones = self.gates.familiarity_change, self._frame["tone_bucket"].to_numpy()
        return [
            check_familiarity(interpreter, self._pixels, self._familiarity.photos, change),
            *check_spot(interpreter, self._pixels, self._spots, tones, self.gates),
        ]

    def _check_retrained_heads(self, interpreter: Interpreter) -> list[GateResult]:
        """Check the heads that were fitted to the retrained network's own features."""
        tones, groups = self._frame["tone_bucket"].to_numpy(), self._frame["group"].to_numpy()
        boxes = boxes_of(self._frame)
        if len(known := np.flatnonzero(np.isfinite(boxes[:, 0]))):
            boxes[known] = boxes_in_view(boxes[known], views_of(self._run, self._manifest, self._frame.iloc[known]))
        return [
            *check_refusals(interpreter, self._pixels, self._familiarity, groups, self.gates.familiarity_loss),
            *check_found_spots(
                interpreter, self._pixels, self._spots, boxes, tones, groups, self.gates.spot_loss
            ),
        ]  # fmt: skip

    def _check_ccm(self, flatbuffer: bytes, is_best: bool) -> tuple[CcmParity | None, GateResult]:
        mean, largest = self.gates.ccm_mean_of_best if is_best else self.gates.ccm_mean, self.gates.ccm_max
        gate, limit = "colour calibration", f"CIEDE2000 mean at most {mean}, largest at most {largest}"
        try:
            found = check_ccm(flatbuffer, *self._calibration, mean, largest, self._skin)
        except CheckFailed as error:
            return None, GateResult(gate, str(error), limit, FAILED, beyond=True)
        measured = f"mean {found.delta_e_mean:.2f}, largest {found.delta_e_max:.2f} on {len(found.patches)} patches"
        outcome = PASSED if found.passed else FAILED
        return found, GateResult(gate, measured, limit, outcome, beyond=not found.passed)
