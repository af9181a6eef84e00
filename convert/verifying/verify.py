"""Verify files of a run on its test split and report the results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convert.verifying.gates import Gates
from convert.verifying.plots import draw_ccm_patches, draw_changes
from convert.verifying.verifier import ExtraGate, FileVerdict, Verifier
from distill.teachers.terms import warnings_of
from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.report_types import TestSection
from skin_training.run_card import write_card
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of
from triage.model_file import read_model
from triage.skin_tone import TONE_SCHEME

PLOTS = ("tone_change.png", "class_change.png", "ccm_patches.png")


@dataclass(frozen=True)
class VerifyReport:
    """All files of one call, against one float student.

    Attributes:
        float_test: metrics of the float student on the test split.
        files: one verdict for each file.
        warnings: about the teachers' licences and training data; they fail no file.
    """

    float_test: TestSection
    files: list[FileVerdict]
    warnings: list[str]

    @property
    def passed(self) -> bool:
        """Whether no gate of any file failed."""
        return all(file.passed for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """Return the report's section."""
        return {
            "passed": self.passed,
            "tone_scheme": TONE_SCHEME,
            "float_test": self.float_test,
            "files": [file.to_json() for file in self.files],
            "warnings": self.warnings,
        }


def verify(
    models: Sequence[Path],
    run: RunFolder,
    manifest: Manifest,
    gates: Gates | None = None,
    extra_gates: Sequence[ExtraGate] = (),
    progress: Progress = no_progress,
) -> VerifyReport:
    """Check files against the float Keras student of a run on the test split.

    Writes the report's section `verify` and the run's `PLOTS`.

    Args:
        models: release files of the run. The one that `convert --best` chose is held to that file's limits.
        run: of the student.
        manifest: the data set that it was trained on.
        gates: limits; None: those of the run's recipe, else the defaults.
        extra_gates: checked after those of `convert.verifying.verifier`.
        progress: called as `progress(stage, done, total)`.

    Raises:
        UnusableInput: no student, another data set, or a file that is not a release file of this student.
    """
    verifier = Verifier(run, manifest, "test", gates, extra_gates, progress)
    best = run.read_report().get("best", {}).get("sha256")
    found = [verifier.check(path, is_best=path.is_file() and sha256_of(path) == best) for path in map(Path, models)]
    files = [replace(file, test=verifier.evaluate(file.predictions, read_model(file.path).card)) for file in found]
    warnings = warnings_of(run.read_report()["distill"].get("teachers", []), manifest)
    report = VerifyReport(verifier.evaluate(verifier.predictions), files, warnings)
    run.update_report("verify", report.to_json())
    write_card(run)
    tones, classes, patches = (run.figures / name for name in PLOTS)
    draw_changes(tones, report, "per_tone")
    draw_changes(classes, report, "per_class")
    draw_ccm_patches(patches, report)
    return report
