"""Gate after gate: does a .tflite file answer like the Keras student that it was made from?"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from convert.recipe import convert_recipe
from convert.student import find_student
from convert.verifying.ccm_parity import CcmProof, prove_ccm
from convert.verifying.comparison import Answers, compare
from convert.verifying.gates import CANNOT_TELL, FAILED, PASSED, Gates, Verdict, verdicts_on
from convert.verifying.skin_patches import skin_colors
from skin_data.progress import Progress, no_progress
from skin_training.evaluation import evaluate
from skin_training.predict import predict
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.model_file import ModelFile, read_model


@dataclass(frozen=True)
class Examined:
    """What a further gate may look at.

    Attributes:
        model: the file.
        pixels: uint8 [n, size, size, 3], the photos that it answered.
        answers: its answers, by the runtime that is preferred here.
        of_float: the answers of the float student.
    """

    model: ModelFile
    pixels: np.ndarray
    answers: Answers
    of_float: Answers


FurtherGate = Callable[[Examined], Sequence[Verdict]]
"""Judges a file by something that the gates of this module do not ask for."""


@dataclass(frozen=True)
class FileVerdict:
    """What was found of one file.

    Attributes:
        path: of the file.
        sha256: of the file.
        variant: as its card says.
        answers: to the photos of the split.
        comparison: with the float student, as `convert.verifying.comparison.compare` gives it.
        ccm: the colour calibration's proof; None where the file has no such calibration.
        gates: outcome of each gate.
        test: its figures on the test split, as `Examiner.figures` gives them; empty where they were not asked for.
    """

    path: Path
    sha256: str
    variant: str
    answers: Answers = field(repr=False)
    comparison: dict[str, Any]
    ccm: CcmProof | None
    gates: list[Verdict]
    test: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no gate failed. A gate that cannot tell has not passed, and is named, but does not fail the file."""
        return all(verdict.outcome != FAILED for verdict in self.gates)

    @property
    def untold(self) -> list[str]:
        """Gates that had too few samples to tell."""
        return [verdict.gate for verdict in self.gates if verdict.outcome == CANNOT_TELL]

    def to_json(self) -> dict[str, Any]:
        """Plain values for a report."""
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "bytes": self.path.stat().st_size,
            "variant": self.variant,
            "passed": self.passed,
            "cannot_tell": self.untold,
            "gates": [asdict(verdict) for verdict in self.gates],
            "ccm": self.ccm.to_json() if self.ccm else None,
            "comparison": self.comparison,
            "test": self.test,
        }


class Examiner:
    """The float student of a run and its answers on one split, with which files are compared.

    Attributes:
        answers: of the float student.
        gates: the thresholds.
    """

    def __init__(
        self,
        run: RunFolder,
        manifest: Any,
        split: str,
        gates: Gates | None = None,
        further: Sequence[FurtherGate] = (),
        progress: Progress = no_progress,
    ):
        """Load the student and let it answer.

        Args:
            run: of the student.
            manifest: the data set that it was trained on.
            split: "val" to choose a file, "test" to judge it.
            gates: thresholds; those of the run's recipe, else the defaults, if None.
            further: gates besides this module's.
            progress: called as `progress(stage, done, total)`.

        Raises:
            UnusableInput: no student, or another data set.
        """
        from distill.model_file import load_model
        from skin_data.pixels import load_pixels
        from skin_training.color_calibration import ccm_of

        path = find_student(run, manifest)
        student, self._student_sha256 = load_model(path), sha256_of(path)
        config = run.read_config()
        self.gates = gates or convert_recipe(run).gates
        self._run, self._manifest, self._further, self._progress = run, manifest, further, progress
        self._size, crop = student.input_shape[1], config["distill"]["crop_fraction"]
        cache = run.root / "artifacts" / "pixels"
        self._frame = manifest.split(split)
        self._pixels = load_pixels(manifest, self._frame, self._size, crop, cache, progress)
        self.answers = predict(student, self._pixels)
        self._calibration = ccm_of(student)
        self._skin = skin_colors(manifest, self._size, crop, cache, progress)

    def examine(self, path: Path, is_best: bool = False) -> FileVerdict:
        """Compare a file with the float student.

        Args:
            path: a release file of the run.
            is_best: hold its colour calibration to the limit of the file that `convert --best` chooses.

        Raises:
            UnusableInput: the file is none of this project, or of another student.
        """
        model = read_model(path)
        interpreter = open_interpreter(model.flatbuffer, threads=2)
        found, wanted = [c["id"] for c in model.card["classes"]], list(self._manifest.taxonomy.ids)
        if interpreter.input_size != self._size or found != wanted:
            raise UnusableInput(
                f"The file is not of this student. Received: {path} with {interpreter.input_size} px and the classes "
                f"{', '.join(found)}; the student of run '{self._run.name}' has {self._size} px and "
                f"{', '.join(wanted)}."
            )
        # Files that were made before do not tell.
        if model.card["lineage"].get("student_sha256", self._student_sha256) != self._student_sha256:
            raise UnusableInput(
                f"The file was made from another student. Received: {path}; the student of run '{self._run.name}' has "
                "other weights. Convert it anew."
            )
        answers = predict(interpreter, self._pixels, progress=self._progress, stage=f"verify {path.name}")
        comparison = compare(self._manifest, self._frame, self.answers, answers)
        proof, of_calibration = self._prove(model.flatbuffer, is_best)
        verdicts = [*verdicts_on(comparison, self.gates), of_calibration]
        examined = Examined(model, self._pixels, answers, self.answers)
        for gate in self._further:
            verdicts += gate(examined)
        return FileVerdict(path, sha256_of(path), model.card["variant"], answers, comparison, proof, verdicts)

    def figures(self, answers: Answers) -> dict[str, Any]:
        """Measure answers to the split's photos against their labels (`skin_training.evaluation.evaluate`)."""
        return evaluate(self._manifest, self._frame, *answers)

    def _prove(self, flatbuffer: bytes, is_best: bool) -> tuple[CcmProof | None, Verdict]:
        mean, largest = self.gates.ccm_mean_of_best if is_best else self.gates.ccm_mean, self.gates.ccm_max
        gate, limit = "colour calibration", f"CIEDE2000 mean at most {mean}, largest at most {largest}"
        try:
            proof = prove_ccm(flatbuffer, *self._calibration, mean, largest, self._skin)
        except CheckFailed as error:
            return None, Verdict(gate, str(error), limit, FAILED, beyond=True)
        measured = f"mean {proof.delta_e_mean:.2f}, largest {proof.delta_e_max:.2f} on {len(proof.patches)} patches"
        outcome = PASSED if proof.passed else FAILED
        return proof, Verdict(gate, measured, limit, outcome, beyond=not proof.passed)
