"""A small student's distillation."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skin_data.progress import Progress
from tests.noise_data import BATCH, SIZE, TINY, know_tiny_networks, make_photos
from tests.stress.kills.trainings import Training, TrainingJob
from triage.atomic import MARK

TEACHER, STUDENT = "teacher", "student"


class DistillJob(TrainingJob):
    """`distill` with features, mixup, averaged weights and weighted classes; and the student without its teacher."""

    run_name, answers_of, views = STUDENT, TEACHER, 2
    tail = f"{MARK}.keras"  # student.keras comes after the last epoch of the last training

    def __init__(self, backbone: str = TINY):
        """Choose the student's backbone, of `distill.student` or tiny."""
        from distill.fairness import Fairness
        from distill.recipe import DistillRecipe
        from skin_training.recipe import Phase

        phases = (Phase("heads", "heads", 1, 1e-3), Phase("all", "all", 2, 1e-3, weight_average=0.9))
        known = "mobilenetv3small" if backbone == TINY else backbone
        self.tiny = backbone == TINY
        self.recipe: Any = DistillRecipe(
            phases, known, "none", 1.0, SIZE, batch_size=BATCH, view_count=self.views, mixup=0.4, feature_weight=0.5,
            fairness=Fairness("class", tolerance=0.0, without=False), batch_norm_momentum=0.8,
        )  # fmt: skip
        self.trainings = (
            Training("distill", "student", phases),
            Training("distill without teacher", "student-without-teacher", phases),
        )

    def load(self) -> None:
        """Import teacher and student."""
        import distill.material
        import distill.student_training
        import distill.train
        import distill.worth  # noqa: F401
        import skin_training.evaluation
        import skin_training.training  # noqa: F401

    def make_material(self, folder: Path) -> None:
        """Train a tiny teacher for an epoch."""
        from skin_data.manifest import read_manifest
        from skin_training.recipe import Phase, TeacherRecipe
        from skin_training.run_folder import RunFolder
        from teacher.train import train_teacher

        know_tiny_networks()
        recipe = TeacherRecipe((Phase("A heads", "heads", 1, 1e-2),), TINY, "none", SIZE, batch_size=BATCH)
        train_teacher(recipe, read_manifest(make_photos(folder)), RunFolder(TEACHER, folder))

    def lay_out(self, material: Path, root: Path) -> None:
        """Copy the teacher's run."""
        copy_run(TEACHER, material, root)

    def run(
        self, material: Path, root: Path, progress: Progress, convert_section: Mapping[str, Any] | None = None
    ) -> None:
        """Distil."""
        from distill.train import distill_student
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder

        know_tiny_networks(self.tiny)
        manifest = read_manifest(material / "meta.csv")
        distill_student(
            self.recipe, manifest, RunFolder(TEACHER, root), RunFolder(STUDENT, root), convert_section, progress
        )


def copy_run(name: str, source: Path, root: Path) -> None:
    """Copy a run's folders to under another root."""
    for kind in ("experiments", "artifacts"):
        shutil.copytree(source / kind / name, root / kind / name)
