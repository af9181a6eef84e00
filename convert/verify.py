"""Gate after gate: does a .tflite file answer like the Keras student that it was made from?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.ccm_proof import prove_ccm
from convert.convert import student_of
from convert.gates import CANNOT_TELL, FAILED, PASSED, Gates, Verdict, tone_verdict
from teacher.evaluation import FEWEST_FOR_A_FIGURE, evaluate
from teacher.predict import Progress, no_progress, predict
from teacher.run_card import write_card
from teacher.run_folder import RunFolder
from teacher.statistics import accuracy, grouped_bootstrap
from triage.atomic import sha256_of
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.model_file import read_model
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

Answers = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class FileVerdict:
    """What was found of one file.

    Attributes:
        path: of the file.
        sha256: of the file.
        variant: as its card says.
        test: its figures on the test split, as `teacher.evaluation.evaluate` gives them.
        comparison: agreement and largest probability change against the float student, and paired changes.
        ccm: the colour calibration's proof.
        gates: outcome of each gate.
    """

    path: Path
    sha256: str
    variant: str
    test: dict[str, Any]
    comparison: dict[str, Any]
    ccm: dict[str, Any]
    gates: list[Verdict]

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
            "variant": self.variant,
            "passed": self.passed,
            "cannot_tell": self.untold,
            "gates": [asdict(verdict) for verdict in self.gates],
            "ccm": self.ccm,
            "comparison": self.comparison,
            "test": self.test,
        }


@dataclass(frozen=True)
class VerifyReport:
    """All files of one call, against one float student.

    Attributes:
        float_test: the float student's figures on the test split.
        files: one verdict a file.
    """

    float_test: dict[str, Any]
    files: list[FileVerdict]

    @property
    def passed(self) -> bool:
        """Whether no gate of any file failed."""
        return all(file.passed for file in self.files)

    def of(self, variant: str) -> FileVerdict:
        """The verdict on the file of a variant."""
        return next(file for file in self.files if file.variant == variant)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a report."""
        return {
            "passed": self.passed,
            "tone_scheme": TONE_SCHEME,
            "float_test": self.float_test,
            "files": [file.to_json() for file in self.files],
        }


def verify(
    models: Sequence[Path], run: RunFolder, manifest: Any, gates: Gates | None = None, progress: Progress = no_progress
) -> VerifyReport:
    """Compare files with the float Keras student of a run on the test split.

    Writes the report's section `verify` and `figures/tone_change.png`.

    Args:
        models: release files of the run.
        run: of the student.
        manifest: the data set that it was trained on.
        gates: thresholds; those of the run's recipe, else the defaults, if None.
        progress: called as `progress(stage, done, total)`.

    Raises:
        UnusableInput: no student, another data set, or a file that is none of this project.
    """
    from convert.figures import draw_tone_change
    from distill.model_file import load_model
    from teacher.color_calibration import ccm_of
    from teacher.data.pixels import load_pixels

    student = load_model(student_of(run, manifest))
    config = run.read_config()
    gates = gates or Gates.from_mapping((config.get("convert") or {}).get("gates") or {})
    frame = manifest.split("test")
    crop = config["distill"]["crop_fraction"]
    pixels = load_pixels(manifest, frame, student.input_shape[1], crop, run.root / "artifacts" / "pixels", progress)
    of_float = predict(student, pixels)
    float_test = evaluate(manifest, frame, *of_float)
    ccm = ccm_of(student)
    files = []
    for path in map(Path, models):
        model = read_model(path)
        interpreter = open_interpreter(model.flatbuffer, threads=2)
        if interpreter.input_size != student.input_shape[1] or len(model.card["classes"]) != of_float[0].shape[1]:
            raise UnusableInput(
                f"The file is not of this student. Received: {path} with {interpreter.input_size} px and "
                f"{len(model.card['classes'])} classes; the student of run '{run.name}' has "
                f"{student.input_shape[1]} px and {of_float[0].shape[1]}."
            )
        answers = predict(interpreter, pixels, progress=progress, stage=f"verify {path.name}")
        test = evaluate(manifest, frame, *answers)
        comparison = compare(manifest, frame, of_float, answers)
        proof, ccm_verdict = _prove(model.flatbuffer, ccm, gates)
        verdicts = [*_verdicts(float_test, test, comparison, gates), ccm_verdict]
        files.append(FileVerdict(path, sha256_of(path), model.card["variant"], test, comparison, proof, verdicts))
    report = VerifyReport(float_test, files)
    run.update_report("verify", report.to_json())
    write_card(run)
    draw_tone_change(run.figures / "tone_change.png", report)
    return report


def compare(manifest: Any, frame: Any, of_float: Answers, of_file: Answers, seed: int = 0) -> dict[str, Any]:
    """Compare two sets of answers for the same photos, pair by pair.

    Args:
        manifest: the data set.
        frame: rows that were answered.
        of_float: diagnosis [n, classes] and lighting [n] of the float student.
        of_file: the same of the file.
        seed: of the bootstrap over groups.

    Returns:
        `agreement`, `largest_change` of a probability, and by tone and by class the paired change of accuracy with its
        95 % interval and n; a slice with fewer than 20 photos has a null change.
    """
    ids = manifest.taxonomy.ids
    truth = frame["diagnosis"].map({name: n for n, name in enumerate(ids)}).to_numpy(float)
    before, after = of_float[0].argmax(axis=1), of_file[0].argmax(axis=1)
    gain = (after == truth).astype(float) - (before == truth).astype(float)
    groups, tones = frame["group"].to_numpy(str), frame["tone_bucket"].to_numpy(str)

    def change(rows: np.ndarray) -> dict[str, Any]:
        if len(rows) < FEWEST_FOR_A_FIGURE:
            return {"change": None, "low": None, "high": None, "n": len(rows)}
        low, high = grouped_bootstrap(lambda drawn: float(gain[rows[drawn]].mean()), groups[rows], seed)
        return {"change": float(gain[rows].mean()), "low": low, "high": high, "n": len(rows)}

    labelled = ~np.isnan(truth)
    return {
        "agreement": accuracy(before, after),
        "lighting_agreement": accuracy(of_float[1] >= 0.5, of_file[1] >= 0.5),
        "largest_change": float(np.abs(of_float[0] - of_file[0]).max()),
        "largest_lighting_change": float(np.abs(of_float[1] - of_file[1]).max()),
        "per_tone": {bucket: change(np.flatnonzero(labelled & (tones == bucket))) for bucket in TONE_BUCKETS},
        "per_class": {name: change(np.flatnonzero(truth == number)) for number, name in enumerate(ids)},
    }


def _prove(flatbuffer: bytes, ccm: tuple[np.ndarray, np.ndarray], gates: Gates) -> tuple[dict[str, Any], Verdict]:
    limit = f"CIEDE2000 mean at most {gates.ccm_mean}, largest at most {gates.ccm_max}"
    try:
        proof = prove_ccm(flatbuffer, *ccm, gates.ccm_mean, gates.ccm_max)
    except CheckFailed as error:
        return {"error": str(error)}, Verdict("colour calibration", str(error), limit, FAILED)
    measured = f"mean {proof.delta_e_mean:.2f}, largest {proof.delta_e_max:.2f} on {proof.patches} patches"
    return proof.to_json(), Verdict("colour calibration", measured, limit, PASSED if proof.passed else FAILED)


def _verdicts(
    float_test: Mapping[str, Any], test: Mapping[str, Any], comparison: Mapping[str, Any], gates: Gates
) -> list[Verdict]:
    verdicts = [
        _share("balanced accuracy", float_test["diagnosis"]["balanced_accuracy"],
               test["diagnosis"]["balanced_accuracy"], gates.balanced_accuracy),
        _share("lighting accuracy", float_test["lighting"]["accuracy"], test["lighting"]["accuracy"],
               gates.lighting_accuracy),
        Verdict("agreement", f"{comparison['agreement']:.3f}", f"at least {gates.agreement}",
                PASSED if comparison["agreement"] >= gates.agreement else FAILED),
    ]  # fmt: skip
    for bucket, part in comparison["per_tone"].items():
        verdicts.append(tone_verdict(bucket, part["change"], part["low"], part["high"], part["n"], gates.tone_loss))
    return verdicts


def _share(gate: str, of_float: Mapping[str, Any], of_file: Mapping[str, Any], limit: float) -> Verdict:
    wanted = f"at least {limit} of the float student's"
    if of_float["value"] is None or of_file["value"] is None:
        return Verdict(gate, f"n = {of_file['n']}: {of_file.get('why', 'undefined')}", wanted, CANNOT_TELL)
    share = of_file["value"] / of_float["value"] if of_float["value"] else 1.0
    measured = f"{of_file['value']:.3f} against {of_float['value']:.3f} ({share:.3f})"
    return Verdict(gate, measured, wanted, PASSED if share >= limit else FAILED)
