"""A small teacher's training."""

from pathlib import Path
from typing import Any

from skin_data.progress import Progress
from tests.noise_data import BATCH, SIZE, TINY, know_tiny_networks, make_photos
from tests.stress.kills.trainings import Training, TrainingJob


class TeacherJob(TrainingJob):
    """`teacher` with the default's kinds of phases: cached features, CCM, top, everything with mixup."""

    run_name = "killed"
    tail = "metrics"  # metrics.csv comes after the last epoch

    def __init__(self, backbone: str = TINY):
        """Choose the backbone, of `teacher.backbones` or tiny."""
        from skin_training.recipe import Phase, TeacherRecipe

        phases = (
            Phase("A heads", "heads", 2, 1e-3, fixed_views=2),
            Phase("B CCM", "ccm", 2, 1e-2),
            Phase("C top", "top", 2, 1e-3, plateau=1),
            Phase("D all", "all", 2, 1e-3, mixup=0.2),
        )
        self.recipe: Any = TeacherRecipe(phases, backbone, "none", SIZE, batch_size=BATCH, batch_norm_momentum=0.8)
        self.trainings = (Training("teacher", "teacher", phases),)

    def load(self) -> None:
        """Import the training."""
        import skin_training.evaluation
        import skin_training.head_features
        import skin_training.training  # noqa: F401

    def make_material(self, folder: Path) -> None:
        """Write photos and their table."""
        make_photos(folder)

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        """Train."""
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder
        from teacher.train import train_teacher

        know_tiny_networks()
        train_teacher(self.recipe, read_manifest(material / "meta.csv"), RunFolder(self.run_name, root), progress)
