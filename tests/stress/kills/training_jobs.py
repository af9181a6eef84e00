"""The commands `teacher`, `distill` and `convert` on tiny networks."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skin_data.manifest import read_manifest
from skin_data.progress import Progress, no_progress
from skin_training.recipe import Phase, TeacherRecipe
from skin_training.run_folder import RunFolder
from tests.noise_data import BATCH, SIZE, TINY, know_tiny_networks, make_photos
from tests.stress.kills.job import Record
from tests.stress.kills.trainings import Training, TrainingJob
from triage.atomic import MARK

TEACHER, STUDENT = "teacher", "student"
VARIANTS = ("float32", "float16", "int8-weights", "dynamic", "int8", "int8-qat")
CONVERT_OPTIONS = {"quantization_aware": {"epochs": 2}}


class TeacherJob(TrainingJob):
    """`teacher` with all kinds of phases: cached features, CCM, top, everything with mixup."""

    run_name = "killed"
    tail = "metrics"  # metrics.csv comes after the last epoch

    def __init__(self, backbone: str = TINY):
        phases = (
            Phase("A heads", "heads", 2, 1e-3, fixed_views=2),
            Phase("B CCM", "ccm", 2, 1e-2),
            Phase("C top", "top", 2, 1e-3, plateau=1),
            Phase("D all", "all", 2, 1e-3, mixup=0.2),
        )
        self.recipe = TeacherRecipe(phases, backbone, "none", SIZE, batch_size=BATCH, batch_norm_momentum=0.8)
        self.trainings = (Training("teacher", "teacher", phases),)

    def load(self) -> None:
        import teacher.train  # noqa: F401

    def make_material(self, folder: Path) -> None:
        make_photos(folder)

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        from teacher.train import train_teacher

        know_tiny_networks()
        train_teacher(self.recipe, read_manifest(material / "meta.csv"), RunFolder(self.run_name, root), progress)


class DistillJob(TrainingJob):
    """`distill` with features, mixup, averaged weights and weighted classes, and its label-only baseline."""

    run_name, answers_of, views = STUDENT, TEACHER, 2
    tail = f"{MARK}.keras"  # student.keras comes after the last epoch of the last training

    def __init__(self, backbone: str = TINY):
        from distill.fairness import Fairness
        from distill.recipe import DistillRecipe

        phases = (Phase("heads", "heads", 1, 1e-3), Phase("all", "all", 2, 1e-3, weight_average=0.9))
        known = "mobilenetv3small" if backbone == TINY else backbone
        self.tiny = backbone == TINY
        self.recipe = DistillRecipe(
            phases, known, "none", SIZE, batch_size=BATCH, view_count=self.views, mixup=0.4, feature_weight=0.5,
            fairness=Fairness("class", tolerance=0.0, without=False), batch_norm_momentum=0.8,
        )  # fmt: skip
        self.trainings = (
            Training("distill", "student", phases),
            Training("distill without teacher", "student-without-teacher", phases),
        )

    def load(self) -> None:
        import skin_training.evaluation
        import skin_training.training  # noqa: F401

    def make_material(self, folder: Path) -> None:
        from teacher.train import train_teacher

        know_tiny_networks()
        recipe = TeacherRecipe((Phase("A heads", "heads", 1, 1e-2),), TINY, "none", SIZE, batch_size=BATCH)
        train_teacher(recipe, read_manifest(make_photos(folder)), RunFolder(TEACHER, folder))

    def lay_out(self, material: Path, root: Path) -> None:
        _copy_run(TEACHER, material, root)

    def run(
        self, material: Path, root: Path, progress: Progress, convert_section: Mapping[str, Any] | None = None
    ) -> None:
        from distill.train import distill_student

        know_tiny_networks(self.tiny)
        manifest, teacher, run = (
            read_manifest(material / "meta.csv"),
            RunFolder(TEACHER, root),
            RunFolder(STUDENT, root),
        )
        distill_student(self.recipe, manifest, teacher, run, convert_section, progress)


class ConvertJob(TrainingJob):
    """`convert` to all variants; a file whose hash is the report's is not made again."""

    run_name, answers_of, views = STUDENT, STUDENT, 2
    tail = "student-float32"  # the first file to be written

    def __init__(self, backbone: str = TINY):
        self.distillation = DistillJob(backbone)
        self.trainings = (Training("convert", "quantization-aware-*", [Phase("quantization-aware", "all", 2, 3e-4)]),)

    def load(self) -> None:
        import convert.convert
        import convert.making.quantization_aware  # noqa: F401

        self.distillation.load()

    def make_material(self, folder: Path) -> None:
        self.distillation.make_material(folder)
        self.distillation.run(folder, folder, no_progress, CONVERT_OPTIONS)

    def lay_out(self, material: Path, root: Path) -> None:
        _copy_run(STUDENT, material, root)

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        from convert.convert import convert

        convert(RunFolder(STUDENT, root), read_manifest(material / "meta.csv"), list(VARIANTS), progress)

    def state(self, root: Path) -> dict[str, Any]:
        """Return also, under `current`, the paths of the files whose hash is the report's."""
        report = root / "experiments" / STUDENT / "report.json"
        known = json.loads(report.read_text()) if report.is_file() else {}
        made = known.get("convert", {}).get("variants", {})
        paths = {f"artifacts/{STUDENT}/student-{name}.tflite": entry["sha256"] for name, entry in made.items()}
        return {
            **super().state(root),
            "current": {path for path, digest in paths.items() if digest == _hash(root / path)},
        }

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        made = {record["placed"] for record in records if "placed" in record}
        again, lost = sorted(made & before["current"]), sorted(before["current"] - self.state(root)["current"])
        faults = [f"{path} was made again" for path in again] + [f"{path} was lost" for path in lost]
        return super().faults(root, before, records, alone) + faults


class BestJob(ConvertJob):
    """`convert --best size`: candidates verified on validation, the copy, and its verification on the test split."""

    tail = "ccm_patches"  # the first plot of the verification

    def load(self) -> None:
        import convert.best
        import convert.verifying.plots  # noqa: F401

        super().load()

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        from convert.best import choose_best

        manifest = read_manifest(material / "meta.csv")
        choose_best(RunFolder(STUDENT, root), manifest, list(VARIANTS), "size", progress=progress)


def _copy_run(name: str, source: Path, root: Path) -> None:
    for kind in ("experiments", "artifacts"):
        shutil.copytree(source / kind / name, root / kind / name)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
