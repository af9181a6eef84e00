"""Export of the very pixels that a student will see, for predictions made elsewhere."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from distill.recipe import DistillRecipe
from distill.teachers.prediction_table import CHECKSUMS, VIEWS
from skin_data.batches import photos_of_view
from skin_data.csv_table import csv_text
from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.training_data import load_split, load_training_data
from triage.atomic import replacing, write_text
from triage.errors import UnusableInput

BATCH = 32
SCRIPT = '''"""Predict the exported views: fill in `predict`, then run this file here with `python predict.py`.

Needs numpy and whatever your model needs; nothing of skin-distill. Writes predictions.npz; describe your model in
predictions.yaml beside it.
"""

import hashlib
from pathlib import Path

import numpy as np

BATCH = 32


def predict(pixels):
    """Return logits or probabilities [n, your classes] for photos, uint8 [n, {size}, {size}, 3], RGB."""
    raise NotImplementedError("load your model above and call it here")


def main():
    folder, found = Path(__file__).parent, {{"{checksums}": [], "{views}": [], "diagnosis": []}}
    for path in sorted(folder.glob("*.npy")):
        photos = np.load(path, mmap_mode="r")
        view = int(path.stem[5:]) if path.stem.startswith("view-") else -1
        for start in range(0, len(photos), BATCH):
            pixels = np.array(photos[start : start + BATCH])
            found["diagnosis"].append(np.asarray(predict(pixels), np.float32))
            found["{checksums}"] += [hashlib.sha256(photo.tobytes()).hexdigest() for photo in pixels]
            found["{views}"] += [view] * len(pixels)
    found["diagnosis"] = np.concatenate(found["diagnosis"])
    np.savez(folder / "predictions.npz", **{{name: np.asarray(value) for name, value in found.items()}})


if __name__ == "__main__":
    main()
'''


def export_views(
    recipe: DistillRecipe, manifest: Manifest, folder: Path, root: Path = Path(), progress: Progress = no_progress
) -> list[Path]:
    """Write every view of the training photos, and the test photos, as pixels of 8 bits.

    Args:
        recipe: of the student: views, their number and seed, mixup, input size and crop.
        manifest: the data set.
        folder: `view-000.npy` and so on, `test.npy`, uint8 [n, size, size, 3]; `photos.csv`, the photo of each row;
            `predict.py`, a script to fill in.
        root: the folder with `artifacts/`.
        progress: called as `progress("views", done, total)`.

    Returns:
        The files.

    Raises:
        UnusableInput: photos cannot be read, or the disk is too full.
    """
    data = load_training_data(manifest, recipe, root, progress)
    test = load_split(manifest, "test", recipe, root, progress)
    total = recipe.view_count * len(data.training) + len(test.frame)
    folder.mkdir(parents=True, exist_ok=True)
    needed, free = total * recipe.input_size**2 * 3, shutil.disk_usage(folder).free
    if needed > 0.9 * free:
        raise UnusableInput(
            f"Not enough disk space for the views. Received: {free / 1e9:.1f} GB free in {folder}, "
            f"{needed / 1e9:.1f} GB needed. Make room, or set distill.view_count lower."
        )

    def rendered(view: int) -> Iterator[np.ndarray]:
        batches = photos_of_view(data.training, recipe.views, recipe.view_seed, view, BATCH, recipe.mixup, True)
        for batch in batches:
            yield np.rint(batch["image"].numpy() * 255).astype(np.uint8)

    files, done = [], 0
    parts = {f"view-{view:03d}.npy": (len(data.training), rendered(view)) for view in range(recipe.view_count)}
    for name, (count, batches) in {**parts, "test.npy": (len(test.frame), iter([test.pixels]))}.items():
        with replacing(folder / name) as temporary:
            array = np.lib.format.open_memmap(
                temporary, mode="w+", dtype=np.uint8, shape=(count, recipe.input_size, recipe.input_size, 3)
            )
            row = 0
            for pixels in batches:
                array[row : row + len(pixels)] = pixels
                row, done = row + len(pixels), done + len(pixels)
                progress("views", done, total)
            array.flush()
        files.append(folder / name)
    photos = [
        (split, number, path)
        for split, frame in (("train", data.training_frame), ("test", test.frame))
        for number, path in enumerate(frame["image_path"])
    ]
    write_text(folder / "photos.csv", csv_text(["split", "number", "image_path"], photos))
    write_text(folder / "predict.py", SCRIPT.format(size=recipe.input_size, checksums=CHECKSUMS, views=VIEWS))
    return [*files, folder / "photos.csv", folder / "predict.py"]
