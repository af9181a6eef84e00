"""A small student's conversion."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.kills.distill_job import STUDENT, DistillJob, copy_run
from benchmarks.kills.job import Job, Record, files_of, without_times
from benchmarks.kills.noise import TINY
from teacher.predict import Progress

VARIANTS = ("float32", "float16", "int8-weights", "dynamic", "int8")


class ConvertJob(Job):
    """`convert` to files with and without calibration; a file whose hash is the report's is not made again."""

    tail = "student-float32"

    def __init__(self, backbone: str = TINY):
        """Choose the student's backbone, of `distill.student` or tiny."""
        self.distillation = DistillJob(backbone)

    def load(self) -> None:
        """Import conversion and what makes the student."""
        import convert.convert  # noqa: F401

        self.distillation.load()

    def make_material(self, folder: Path) -> None:
        """Train a tiny teacher and distil the student."""
        self.distillation.make_material(folder)
        self.distillation.run(folder, folder)

    def lay_out(self, material: Path, root: Path) -> None:
        """Copy the student's run."""
        copy_run(STUDENT, material, root)

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        """Convert."""
        from convert.convert import convert
        from teacher.data.manifest import read_manifest
        from teacher.run_folder import RunFolder

        convert(RunFolder(STUDENT, root), read_manifest(material / "meta.csv"), list(VARIANTS), progress)

    def state(self, root: Path) -> set[str]:
        """Return the paths of the files whose hash is the report's."""
        report = root / "experiments" / STUDENT / "report.json"
        if not report.is_file():
            return set()
        made = json.loads(report.read_text()).get("convert", {}).get("variants", {})
        paths = {f"artifacts/{STUDENT}/student-{name}.tflite": entry["sha256"] for name, entry in made.items()}
        return {path for path, digest in paths.items() if _digest(root / path) == digest}

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        """Look for files made again and files lost."""
        made = {record["placed"] for record in records if "placed" in record}
        again, lost = sorted(made & before), sorted(before - self.state(root))
        return [f"{path} was made again" for path in again] + [f"{path} was lost" for path in lost]

    def result(self, root: Path) -> dict[str, Any]:
        """Return the report and all files of the run, models by their hash."""
        experiment = root / "experiments" / STUDENT
        return {
            "report.json": without_times(json.loads((experiment / "report.json").read_text())),
            "weights.txt": (experiment / "weights.txt").read_text(),
            "files": files_of(root, lambda path: path.suffix in (".tflite", ".keras", ".npy")),
        }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
