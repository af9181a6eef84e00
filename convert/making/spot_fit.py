"""Fit the head of the output `spot` to a finished student, on views of the training photos."""

import hashlib
import itertools
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from convert.making.spot import map_layer, maps_of_student
from convert.student import load_student_pixels
from skin_data.boxes import boxes_in_view, boxes_of, overlap
from skin_data.outliers import FITTING_SEED
from skin_data.phantom import render_phantom
from skin_data.progress import Progress, no_progress
from skin_data.pseudo_boxes import pseudo_box
from skin_data.spot_views import Lesion, View, plain_skin, view_of_lesion, view_of_photo, view_of_skin
from skin_training.spot import SpotHead, corners_of, fit_head
from triage.atomic import sha256_of
from triage.crop import Crop
from triage.model_card import CardSpot
from triage.photo import Photo, read_photo, small_copy
from triage.spot import SURE_FROM

if TYPE_CHECKING:
    import pandas as pd
    import tf_keras as keras

    from skin_data.manifest import Manifest
    from skin_training.run_folder import RunFolder

log = logging.getLogger("skin_distill")

HEAD_FILE = "spot.npz"
METHOD = "sides-3"
"""Name of the views and of the fit: another one makes heads and files anew."""
LEAST_BOXES = 30
"""Fewer training photos with a box give no head."""
VIEWS, VIEWS_OF_A_PHOTO = 4500, 5
"""At most so many views of lesions with a mask."""
PSEUDO, VIEWS_OF_A_PSEUDO_BOX, PHOTOS_SEARCHED = 0.8, 12, 4000
"""Views of lesions with a pseudo-box for each of those, at most; of one photo; and photos that are searched for one."""
WITHOUT, DIFFUSE = 0.15, 0.2
"""Views without a lesion, and of photos of diffuse conditions, for each view of a lesion with a mask."""
PHANTOMS, VIEWS_OF_A_PHANTOM = 0.4, 2
"""Views of phantoms for each. They show clinical lesions on skin of all tones, which masks lack."""
SKINS, SEARCHED = 400, 1500
"""Windows of plain skin, and photos that are searched for them."""
BATCH, LONGEST = 64, 3
"""Views at once, and the longer side of a photo that they are drawn from in sides of the input."""


def fit_spot(
    student: "keras.Model", student_sha256: str, run: "RunFolder", manifest: "Manifest", progress: Progress
) -> tuple[SpotHead, CardSpot] | None:
    """Fit the head to a student, or load the one that was fitted to it; None where its photos have no boxes.

    Writes the head to the run's artifacts, and the section `spot` of its report: the fit, or why there is none.

    Args:
        student: the Keras student.
        student_sha256: of its file.
        run: of the student.
        manifest: the data set that it was trained on.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The head and the card's section.
    """
    frames = {split: manifest.split(split) for split in ("train", "val")}
    boxes = {split: boxes_of(frame) for split, frame in frames.items()}
    known = {split: _count(found) for split, found in boxes.items()}
    path = run.artifacts / HEAD_FILE
    reason = ""
    if known["train"] < LEAST_BOXES or not known["val"]:
        reason = f"{known['train']} training and {known['val']} validation photos have a box"
    elif map_layer(student) is None:
        reason = "the student's backbone has no sum of stride 16"
    if reason:
        run.update_report("spot", {"not_fitted": reason})
        log.info("convert: no output spot: %s", reason)
        path.unlink(missing_ok=True)
        return None
    key = {"student_sha256": student_sha256, "boxes_sha256": boxes_sha256(manifest), "method": METHOD}
    stored = run.read_report().get("spot", {})
    if stored.get("key") == key and path.is_file() and stored["sha256"] == sha256_of(path):
        return SpotHead.load(path), stored["card"]
    head, card = fit_spot_head(student, run, manifest, progress)
    head.save(path)
    run.update_report("spot", {"key": key, "sha256": sha256_of(path), "card": card})
    return head, card


def fit_spot_head(
    student: "keras.Model", run: "RunFolder", manifest: "Manifest", progress: Progress
) -> tuple[SpotHead, CardSpot]:
    """Fit the head to a model with the layers of a run's student; arguments and result as of `fit_spot`."""
    frame = manifest.split("train")
    boxes = boxes_of(frame)
    pseudo = pseudo_boxes_of(manifest, frame, boxes, progress)
    maps, targets, diffuse = _maps(student, manifest, boxes, pseudo, progress)
    progress("fit spot", 0, 1)
    head = fit_head(maps, targets, diffuse=diffuse)
    progress("fit spot", 1, 1)
    photos = {"train": _count(boxes), "pseudo_boxes": _count(pseudo), "val": _count(boxes_of(manifest.split("val")))}
    card: CardSpot = {
        "method": METHOD, "fitted_on": photos, "val": _measure(head, student, run, manifest, progress),
    }  # fmt: skip
    return head, card


def boxes_sha256(manifest: "Manifest") -> str:
    """Return a hash of the photos' boxes, which that of the table leaves out."""
    return hashlib.sha256(boxes_of(manifest.frame).tobytes()).hexdigest()


def _measure(
    head: SpotHead, student: "keras.Model", run: "RunFolder", manifest: "Manifest", progress: Progress
) -> dict[str, float]:
    """Measure a head on the validation photos that have a box, as the model sees them."""
    frame = manifest.split("val")
    frame = frame[np.isfinite(boxes_of(frame)[:, 0])].reset_index(drop=True)
    pixels = load_student_pixels(run, manifest, frame, student.input_shape[1], progress)
    spots = head.predict(maps_of_student(student, pixels))
    ious = overlap(np.clip(corners_of(spots), 0, 1), boxes_in_view(boxes_of(frame), views_of(run, manifest, frame)))
    return {
        "n": len(frame),
        "median_iou": float(np.median(ious)),
        "iou_at_least_half": float((ious >= 0.5).mean()),
        "sure": float((spots[:, 4] >= SURE_FROM).mean()),
    }


def views_of(run: "RunFolder", manifest: "Manifest", frame: "pd.DataFrame") -> np.ndarray:
    """Return what the student of a run sees of each photo, float [n, 4], a `triage.crop.View` each."""
    crop = Crop.recorded(run.read_config()["distill"])
    shapes = [read_photo(path).shape for path in manifest.photo_paths(frame)]
    return np.array([crop.view(width, height) for height, width, _ in shapes])


def pseudo_boxes_of(
    manifest: "Manifest", frame: "pd.DataFrame", boxes: np.ndarray, progress: Progress = no_progress
) -> np.ndarray:
    """Look for lesions in a table's photos that have no box and are of no diffuse class.

    Returns:
        float32 [n, 4], left, top, right and bottom as fractions of the photos; NaN where none is found, and where the
        photo has a box or is not looked at.
    """
    found, paths = np.full_like(boxes, np.nan), manifest.photo_paths(frame)
    rows = np.flatnonzero(np.isnan(boxes[:, 0]) & ~frame["diagnosis"].isin(manifest.taxonomy.diffuse_ids).to_numpy())
    rows = np.random.default_rng(0).permutation(rows)[:PHOTOS_SEARCHED]
    for number, row in enumerate(rows):
        box = pseudo_box(read_photo(paths[row]))
        if box is not None:
            found[row] = box
        progress("pseudo-boxes for spot", number + 1, len(rows))
    return found


def _maps(
    student: "keras.Model", manifest: "Manifest", boxes: np.ndarray, pseudo: np.ndarray, progress: Progress
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw views of the training photos and return what `fit_head` takes.

    Returns:
        Their feature maps, float16 [n, h, w, channels], the lesions' boxes in them, float32 [n, 4], and whether these
        are of diffuse conditions, bool [n].
    """
    maps, targets, diffuse = [], [], []
    count = min(VIEWS, VIEWS_OF_A_PHOTO * _count(boxes))
    views = _views(manifest, boxes, pseudo, student.input_shape[1], count)
    while batch := list(itertools.islice(views, BATCH)):
        maps.append(maps_of_student(student, np.stack([view.pixels for view, _ in batch])))
        targets += [view.box for view, _ in batch]
        diffuse += [is_diffuse for _, is_diffuse in batch]
        progress("views for spot", min(len(targets), count), count)
    return np.concatenate(maps), np.stack(targets), np.array(diffuse)


def _views(
    manifest: "Manifest", boxes: np.ndarray, pseudo: np.ndarray, size: int, count: int
) -> Iterator[tuple[View, bool]]:
    """Draw `count` views of lesions with a mask, then those with a pseudo-box, of phantoms and without a lesion.

    Phantoms of diffuse classes have a box, which teaches sides, but no spot to be sure of, as their photos.
    """
    frame, generator = manifest.split("train"), np.random.default_rng(0)
    paths, classes = manifest.photo_paths(frame), manifest.taxonomy.diffuse_ids
    found = np.where(np.isfinite(boxes), boxes, pseudo)

    def photo(row: int) -> Photo:
        return small_copy(read_photo(paths[row]), LONGEST * size)

    skins: list[Photo] = []
    for row in generator.permutation(len(frame))[:SEARCHED]:
        window = plain_skin(generator, photo(row), found[row])
        if window is not None:
            skins.append(small_copy(window, size))
        if len(skins) == SKINS:
            break
    for of_kind, views in (
        (boxes, count),
        (pseudo, min(round(PSEUDO * count), VIEWS_OF_A_PSEUDO_BOX * _count(pseudo))),
    ):
        order = np.resize(generator.permutation(np.flatnonzero(np.isfinite(of_kind[:, 0]))), views)
        for row, times in zip(*np.unique(order, return_counts=True), strict=True):
            lesion = Lesion(photo(row), found[row])
            for _ in range(times):
                yield view_of_lesion(generator, lesion, skins, size), False
    phantoms = 0 if manifest.synthetic else round(PHANTOMS * count / VIEWS_OF_A_PHANTOM)
    for number in range(phantoms):
        pixels, truth = render_phantom(FITTING_SEED, number, max(size, 64))
        phantom = Lesion(pixels, np.array(truth.lesion_box) / len(pixels))
        for _ in range(VIEWS_OF_A_PHANTOM):
            yield view_of_lesion(generator, phantom, [], size), truth.diagnosis in classes
    for number in range(round(WITHOUT * count) if skins else 0):
        yield view_of_skin(generator, skins[number % len(skins)], size), False
    diffuse = np.flatnonzero(frame["diagnosis"].isin(classes).to_numpy() & ~np.isfinite(found[:, 0]))
    for row in generator.permutation(diffuse)[: round(DIFFUSE * count)]:
        yield view_of_photo(generator, photo(row), size), False


def _count(boxes: np.ndarray) -> int:
    return int(np.isfinite(boxes[:, 0]).sum())
