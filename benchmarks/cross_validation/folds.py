"""Folds of a data set, and the training of teacher and student on each."""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from convert.making.representative import load_representative
from convert.making.source import Source, make_flatbuffer
from convert.recipe import convert_recipe
from convert.variants import find_variants
from distill.recipe import DistillRecipe
from skin_data.csv_table import read_csv
from skin_data.manifest import COLUMNS, Manifest, read_manifest, write_manifest
from skin_data.progress import Progress, no_progress
from skin_data.splits import split_by_group
from skin_training.recipe import TeacherRecipe
from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput
from triage.interpreter import Interpreter, open_interpreter

if TYPE_CHECKING:
    import tf_keras as keras

FOLDS = 5


@dataclass(frozen=True)
class HeldOutPredictions:
    """Predictions for every photo, by a student that learned from photos of other groups.

    Attributes:
        frame: rows of the photos.
        fold: int [n].
        probabilities: float [n, classes], before calibration.
        lighting: float [n], probability of good light.
    """

    frame: pd.DataFrame
    fold: np.ndarray
    probabilities: np.ndarray
    lighting: np.ndarray


def parts_of(manifest: Manifest, seed: int, folds: int = FOLDS) -> np.ndarray:
    """Assign each photo to one of `2 * folds` parts, int [n], by group and stratified (`split_by_group`)."""
    frame = manifest.frame
    names = {str(number): 1 / (2 * folds) for number in range(2 * folds)}
    split = split_by_group(
        list(frame["group"]), list(frame["diagnosis"]), list(frame["tone_bucket"]), seed, fractions=names
    )
    return np.array(split, int)


def fold_of(manifest: Manifest, number: int, seed: int, folds: int = FOLDS) -> Manifest:
    """Return the data set with two parts as the test split, the next one for validation, and the rest for training.

    Raises:
        UnusableInput: there is no such fold.
    """
    if not 0 <= number < folds:
        raise UnusableInput(f"Folds have the numbers 0 to {folds - 1}. Received: {number}.")
    parts = parts_of(manifest, seed, folds)
    validation = (2 * number + 2) % (2 * folds)
    split = np.where(parts // 2 == number, "test", np.where(parts == validation, "val", "train"))
    return _with_split(manifest, manifest.frame.assign(split=split), f"fold {number} of {folds}, seed {seed}")


def write_everything(manifest: Manifest, seed: int, folder: Path, folds: int = FOLDS) -> Manifest:
    """Write the meta.csv of the final model, one part for validation and all others for training, and read it.

    The photos of the validation split are listed once more as the test split: files are compared with their student on
    it. Metrics of a model come from the folds, not from there.
    """
    cells = read_csv(manifest.path, COLUMNS, "`skin-distill prepare` writes a meta.csv.").reset_index(drop=True)
    paths = [str(path.resolve()) for path in manifest.photo_paths(manifest.frame)]
    split = np.where(parts_of(manifest, seed, folds) == 0, "val", "train")
    cells = cells.assign(split=split, image_path=paths)
    again = cells[cells["split"] == "val"].assign(split="test")
    write_manifest(folder / "meta.csv", rows_of(pd.concat([cells, again])), manifest.taxonomy)
    return read_manifest(folder / "meta.csv")


def rows_of(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table as mappings from column to cell."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _with_split(manifest: Manifest, frame: pd.DataFrame, name: str) -> Manifest:
    digest = hashlib.sha256(f"{manifest.sha256} {name}".encode()).hexdigest()
    return dataclasses.replace(manifest, frame=frame, sha256=digest)


def runs_of(name: str, part: str, root: Path) -> tuple[RunFolder, RunFolder]:
    """Return the runs of teacher and student of a fold, such as part "fold2"."""
    return RunFolder(f"{name}-{part}-teacher", root), RunFolder(f"{name}-{part}", root)


def train_both(
    teacher: TeacherRecipe,
    student: DistillRecipe,
    convert: dict[str, object],
    manifest: Manifest,
    runs: tuple[RunFolder, RunFolder],
    progress: Progress = no_progress,
) -> None:
    """Train teacher and student; what is finished is kept, and what was stopped resumes after its last whole epoch."""
    from distill.train import distill_student
    from teacher.train import train_teacher

    train_teacher(teacher, manifest, runs[0], progress)
    distill_student(student, manifest, runs[0], runs[1], convert, progress)


def held_out(
    manifest: Manifest,
    recipe: DistillRecipe,
    name: str,
    seed: int,
    root: Path,
    folds: int = FOLDS,
    variant: str | None = None,
) -> tuple[HeldOutPredictions, HeldOutPredictions | None]:
    """Predict each photo by the student of its fold, and by a file made from it.

    Args:
        manifest: the data set.
        recipe: of the students.
        name: beginning of the runs' names.
        seed: of the folds.
        root: folder of the runs.
        folds: number of folds.
        variant: of the files, a key of `convert.variants.VARIANTS` without fine-tuning; None for no files.

    Returns:
        The students' predictions and the files'.

    Raises:
        UnusableInput: a fold is not finished, or the variant is unknown or trained further.
    """
    from distill.model_file import load_model
    from skin_training.predict import predict
    from skin_training.training_data import load_split

    frames, of_students, of_files = [], [], []
    for number in range(folds):
        fold, (_, run) = fold_of(manifest, number, seed, folds), runs_of(name, f"fold{number}", root)
        path = run.artifacts / "student.keras"
        if not path.is_file() or run.read_report().get("distill", {}).get("meta_sha256") != fold.sha256:
            raise UnusableInput(
                f"Fold {number} is not trained on these photos. Looked for: {path}. Add --folds {number}."
            )
        test = load_split(fold, "test", recipe, root, no_progress)
        student = load_model(path)
        frames.append(test.frame)
        of_students.append(predict(student, test.pixels))
        if variant:
            of_files.append(predict(file_of(student, variant, run, fold), test.pixels))
    students = _together(frames, of_students)
    return students, _together(frames, of_files) if variant else None


def _together(
    frames: Sequence[pd.DataFrame], predictions: Sequence[tuple[np.ndarray, np.ndarray]]
) -> HeldOutPredictions:
    """Join the folds' predictions, diagnosis [n, classes] and lighting [n] of each."""
    return HeldOutPredictions(
        pd.concat(frames, ignore_index=True),
        np.repeat(np.arange(len(frames)), [len(frame) for frame in frames]),
        np.concatenate([diagnosis for diagnosis, _ in predictions]).astype(np.float64),
        np.concatenate([lighting for _, lighting in predictions]),
    )


def file_of(student: "keras.Model", variant: str, run: RunFolder, manifest: Manifest) -> Interpreter:
    """Open the file that `skin-distill convert` makes from the student of a run and its data set.

    Raises:
        UnusableInput: the variant is unknown or trained further.
    """
    made = find_variants([variant])[0]
    if made.fine_tuning:
        raise UnusableInput(
            f"A file that is trained further cannot be made here. Received: {variant!r}. Choose one without training, "
            "such as int8."
        )
    photos = convert_recipe(run).representative
    source = Source(
        student, lambda: load_representative(manifest, student, run, photos.count, photos.outlier_ratio, no_progress)
    )
    return open_interpreter(make_flatbuffer(made, source), threads=2)
