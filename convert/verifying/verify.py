"""Prove files of a run on its test split, and write down what was found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convert.verifying.gates import Gates
from convert.verifying.verifier import Examiner, FileVerdict, FurtherGate
from skin_data.progress import Progress, no_progress
from skin_training.run_card import write_card
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of
from triage.skin_tone import TONE_SCHEME

FIGURES = ("tone_change.png", "class_change.png", "ccm_patches.png")


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

    def to_json(self) -> dict[str, Any]:
        """Plain values for a report."""
        return {
            "passed": self.passed,
            "tone_scheme": TONE_SCHEME,
            "float_test": self.float_test,
            "files": [file.to_json() for file in self.files],
        }


def verify(
    models: Sequence[Path],
    run: RunFolder,
    manifest: Any,
    gates: Gates | None = None,
    further: Sequence[FurtherGate] = (),
    progress: Progress = no_progress,
) -> VerifyReport:
    """Compare files with the float Keras student of a run on the test split.

    Writes the report's section `verify` and the run's `FIGURES`.

    Args:
        models: release files of the run. The one that `convert --best` chose is held to that file's limits.
        run: of the student.
        manifest: the data set that it was trained on.
        gates: thresholds; those of the run's recipe, else the defaults, if None.
        further: gates besides those of `convert.examination`.
        progress: called as `progress(stage, done, total)`.

    Raises:
        UnusableInput: no student, another data set, or a file that is none of this project.
    """
    from convert.verifying.plots import draw_ccm_patches, draw_changes

    examiner = Examiner(run, manifest, "test", gates, further, progress)
    best = run.read_report().get("best", {}).get("sha256")
    found = [examiner.examine(path, is_best=path.is_file() and sha256_of(path) == best) for path in map(Path, models)]
    files = [replace(file, test=examiner.figures(file.answers)) for file in found]
    report = VerifyReport(examiner.figures(examiner.answers), files)
    run.update_report("verify", report.to_json())
    write_card(run)
    tones, classes, patches = (run.figures / name for name in FIGURES)
    draw_changes(tones, report, "per_tone")
    draw_changes(classes, report, "per_class")
    draw_ccm_patches(patches, report)
    return report
