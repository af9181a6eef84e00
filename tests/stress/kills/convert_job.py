"""A small student's conversion."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skin_data.progress import Progress, no_progress
from tests.noise_data import TINY
from tests.stress.kills.distill_job import STUDENT, DistillJob, copy_run
from tests.stress.kills.job import Record
from tests.stress.kills.trainings import Training, TrainingJob

VARIANTS = ("float32", "float16", "int8-weights", "dynamic", "int8", "int8-qat")
OPTIONS = {"quantization_aware": {"epochs": 2}}


class ConvertJob(TrainingJob):
    """`convert` to files with and without calibration, one of them after quantization-aware training.

    A file whose hash is the report's is not made again.
    """

    run_name, answers_of, views = STUDENT, STUDENT, 2
    tail = "student-float32"  # the first file to be written

    def __init__(self, backbone: str = TINY):
        """Choose the student's backbone, of `distill.student` or tiny."""
        from skin_training.recipe import Phase

        self.distillation = DistillJob(backbone)
        self.trainings = (Training("convert", "quantization-aware-*", [Phase("quantization-aware", "all", 2, 3e-4)]),)

    def load(self) -> None:
        """Import conversion and what makes the student."""
        import convert.convert
        import convert.making.quantization_aware  # noqa: F401

        self.distillation.load()

    def make_material(self, folder: Path) -> None:
        """Train a tiny teacher and distil the student."""
        self.distillation.make_material(folder)
        self.distillation.run(folder, folder, no_progress, OPTIONS)

    def lay_out(self, material: Path, root: Path) -> None:
        """Copy the student's run."""
        copy_run(STUDENT, material, root)

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        """Convert."""
        from convert.convert import convert
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder

        convert(RunFolder(STUDENT, root), read_manifest(material / "meta.csv"), list(VARIANTS), progress)

    def state(self, root: Path) -> dict[str, Any]:
        """Return also, under `current`, the paths of the files whose hash is the report's."""
        report = root / "experiments" / STUDENT / "report.json"
        known = json.loads(report.read_text()) if report.is_file() else {}
        made = known.get("convert", {}).get("variants", {})
        paths = {f"artifacts/{STUDENT}/student-{name}.tflite": entry["sha256"] for name, entry in made.items()}
        current = {path for path, digest in paths.items() if _digest(root / path) == digest}
        return {**super().state(root), "current": current}

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        """Look also for files made again or lost."""
        made = {record["placed"] for record in records if "placed" in record}
        again, lost = sorted(made & before["current"]), sorted(before["current"] - self.state(root)["current"])
        faults = [f"{path} was made again" for path in again] + [f"{path} was lost" for path in lost]
        return super().faults(root, before, records, alone) + faults


class BestJob(ConvertJob):
    """`convert --best size`: the climb by proofs on the validation split, the copy, and its proof on the test split."""

    tail = "ccm_patches"  # the first picture of the proof

    def load(self) -> None:
        """Import also what proves a file and draws its pictures."""
        import convert.best
        import convert.verifying.plots  # noqa: F401

        super().load()

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        """Convert, choose, and prove what was chosen."""
        from convert.best import choose_best
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder

        choose_best(
            RunFolder(STUDENT, root), read_manifest(material / "meta.csv"), list(VARIANTS), "size", progress=progress
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
