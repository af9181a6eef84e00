"""Teachers from elsewhere: any model whose predictions a YAML file describes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import cv2
import numpy as np

from distill.teachers.teacher import Teacher
from skin_data.progress import Progress
from teacher.external.description import OF_PIXELS, ModelDescription, read_description
from triage.errors import UnusableInput

if TYPE_CHECKING:
    from distill.recipe import DistillRecipe
    from distill.teacher_forward import TeacherForward
    from skin_data.manifest import Manifest

SMALLEST = 1e-12  # probability, so that its logarithm is finite
BATCH = 32
UNIFORM, CONSTANT = 0.98, 1e-3
"""Mean entropy, as a fraction of the largest, and largest standard deviation over photos of any class's probability,
beyond and below which predictions say nothing about the photo."""
FEW = 8
"""Photos from which on predictions are checked for that."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TeacherDescription(ModelDescription):
    """A model from elsewhere that predicts diagnoses.

    Attributes:
        output: "logits" or "probabilities", of all its heads.
        classes: its classes in the order of its output, each with the data set's class that it belongs to, or null.
            Several may belong to one. What it predicts for classes with null is left out, and the rest scaled to 1.
        unknown: classes of the data set that it does not know.
        diagnosis: name of that output; needed where there are several and none is called so.
        lighting: name of the output for good light, if it has one.
    """

    output: Literal["logits", "probabilities"]
    classes: dict[str, str | None]
    unknown: tuple[str, ...] = ()
    diagnosis: str = ""
    lighting: str = ""


class OpenedModel(NamedTuple):
    """A model from elsewhere, ready to predict.

    Attributes:
        run: float32 [n, size, size, 3] in [0, 1] to its outputs by name, [n, ...].
        sha256: of its files.
        size: side of its input; None takes the student's.
        rounded: whether it takes pixels of 8 bits.
        view_count: number of views that it can predict; None is any.
    """

    run: Callable[[np.ndarray], Mapping[str, np.ndarray]]
    sha256: str
    size: int | None = None
    rounded: bool = False
    view_count: int | None = None


class TeacherKind(NamedTuple):
    """One kind of model from elsewhere.

    Attributes:
        pattern: regular expression of what `--teacher` names it by.
        open: opens it.
        file: the file that its description lies beside.
    """

    pattern: str
    open: Callable[[str, TeacherDescription], OpenedModel]
    file: Callable[[str], Path] = Path


class ExternalTeacher(Teacher):
    """A model from elsewhere.

    Args:
        target: what `--teacher` names it by.
        name: of its kind.
        kind: opens it.
        class_ids: of the data set.
        store: folder for the predictions of all such teachers.

    Raises:
        UnusableInput: the model or its description cannot be used, or its classes do not map.
    """

    def __init__(self, target: str, name: str, kind: TeacherKind, class_ids: Sequence[str], store: Path):
        self.target, self.kind, self.store = target, name, store
        self.description = read_description(kind.file(target), TeacherDescription)
        self.name = Path(target).name
        self.unknown = self.description.unknown
        self._mapping = class_mapping(self.description, class_ids, self.name)
        self._opened = kind.open(target, self.description)
        self.rounded = self._opened.rounded
        if self.rounded and (given := [key for key in self.description.given if key in OF_PIXELS]):
            raise UnusableInput(
                f"A function or table takes pixels as they are, uint8 and RGB. Received: {target} with "
                f"{', '.join(given)} in its YAML. Remove what is for files only."
            )
        self._known = len(class_ids) - len(self.unknown)

    @property
    def sha256(self) -> str:
        """Hash of the model's files and its description."""
        import hashlib

        text = f"{self._opened.sha256} {self.description.given}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def channels(self) -> int:
        """Not known before it predicts: a large encoder's."""
        return 2048 if self.description.features else 0

    def check(self, recipe: "DistillRecipe", manifest: "Manifest") -> None:
        """Raise where the recipe asks for features or views that there are none of, or its loss cannot skip photos."""
        views = self._opened.view_count
        for fits, problem in (
            (views in (None, recipe.view_count), f"{views} views, distill.view_count is {recipe.view_count}"),
            (views is None or not recipe.mirrored, "no mirror images, which distill.mirrored asks for"),
            (
                not self.unknown or recipe.diagnosis_loss().weights_photos,
                f"unknown classes, which distill.loss {recipe.loss!r} cannot leave out",
            ),
        ):
            if not fits:
                raise UnusableInput(
                    f"The teacher does not fit the recipe. Received: {self.target} with {problem}. "
                    "Change the recipe or the teacher."
                )

    def forward(self, with_features: bool) -> "TeacherForward":
        """Return how it predicts logits for views."""
        from distill.teacher_forward import TeacherForward

        return TeacherForward(self.kind, lambda images: self._logits(images, with_features))

    def predict(self, pixels: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray | None]:
        """Predict photos; raise UnusableInput also where predictions hardly depend on them."""
        found = []
        for start in range(0, len(pixels), BATCH):
            batch = np.asarray(pixels[start : start + BATCH])
            found.append(self._logits(batch.astype(np.float32) / np.float32(255), False))
            progress(f"{self.name}: test", min(start + BATCH, len(pixels)), len(pixels))
        diagnosis = np.exp(np.concatenate([part["diagnosis"] for part in found]))
        self._check_spread(diagnosis)
        if "lighting" not in found[0]:
            return diagnosis, None
        return diagnosis, 1 / (1 + np.exp(-np.concatenate([part["lighting"] for part in found])))

    def describe(self) -> dict[str, Any]:
        """Return kind, hash, terms, input size and the classes that are left out or unknown."""
        description = self.description
        return {
            "name": self.name,
            "kind": self.kind,
            "sha256": self.sha256,
            **description.terms,
            "size": self._opened.size,
            "left_out": [name for name, ours in description.classes.items() if ours is None],
            "unknown": list(self.unknown),
        }

    def _logits(self, images: np.ndarray, with_features: bool) -> dict[str, np.ndarray]:
        described, count = self.description, len(images)
        outputs = self._opened.run(resized(np.asarray(images), self._opened.size))
        probabilities = self._probabilities(self._output(outputs, described.diagnosis or "diagnosis", True))
        ours = probabilities @ self._mapping
        ours = np.maximum(ours / np.maximum(ours.sum(axis=1, keepdims=True), SMALLEST), SMALLEST)
        found = {"diagnosis": np.log(ours).astype(np.float32)}
        if described.lighting:
            light = self._output(outputs, described.lighting).reshape(count, -1)[:, 0].astype(np.float64)
            if described.output == "probabilities":
                if (light < 0).any() or (light > 1).any():
                    self._refuse(f"{described.lighting} from {light.min():.3g} to {light.max():.3g}", "probabilities")
                light = np.clip(light, SMALLEST, 1 - 1e-7)
                light = np.log(light / (1 - light))
            found["lighting"] = light.astype(np.float32)
        if with_features:
            found["features"] = self._output(outputs, described.features).reshape(count, -1)
        return found

    def _output(self, outputs: Mapping[str, np.ndarray], name: str, only: bool = False) -> np.ndarray:
        if only and len(outputs) == 1 and not self.description.diagnosis:
            (value,) = outputs.values()
        elif name in outputs:
            value = outputs[name]
        else:
            raise UnusableInput(
                f"The teacher has no output {name!r}. Received: {self.target} with {', '.join(outputs)}. Name its "
                "output for the diagnosis (lighting, features) in the YAML beside it."
            )
        if not np.isfinite(value).all():
            raise UnusableInput(
                f"The teacher predicts NaN or inf. Received: output {name!r} of {self.target}. Check scaling, mean and "
                "std in the YAML beside it, and the model itself."
            )
        return value

    def _probabilities(self, output: np.ndarray) -> np.ndarray:
        """Return float64 [n, their classes]; raise where the output is not what the description says."""
        if output.ndim != 2 or output.shape[1] != len(self._mapping):
            self._refuse(f"predictions {list(output.shape[1:])}", f"{len(self._mapping)} classes in the YAML")
        values = output.astype(np.float64)
        # Probabilities of 8 bits add up to about 1.
        are_probabilities = bool((values >= -1e-6).all() and (np.abs(values.sum(axis=1) - 1) < 0.05).all())
        if are_probabilities != (self.description.output == "probabilities"):
            shown = f"values from {values.min():.3g} to {values.max():.3g}, sums {values.sum(axis=1).mean():.3g}"
            self._refuse(shown, self.description.output)
        if are_probabilities:
            return np.clip(values, 0, None)
        exponents = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))

    def _refuse(self, received: str, described: str) -> None:
        raise UnusableInput(
            f"The teacher's predictions are not what its description says, {described}. Received: {received} of "
            f"{self.target}. Correct the YAML beside it."
        )

    def _check_spread(self, probabilities: np.ndarray) -> None:
        if len(probabilities) < FEW:
            return
        entropy = -(probabilities * np.log(np.maximum(probabilities, SMALLEST))).sum(axis=1).mean()
        fraction = float(entropy / np.log(max(2, self._known)))
        spread = float(probabilities.std(axis=0).max())
        if fraction > UNIFORM or spread < CONSTANT:
            raise UnusableInput(
                f"The teacher's predictions hardly depend on the photo. Received: {self.target}, {len(probabilities)} "
                f"photos, entropy {100 * fraction:.1f} % of a uniform prediction's, largest standard deviation "
                f"{spread:.2g}. Its input is probably another: check layout (transposed channels look like this), "
                "scaling, mean and std, and whether logits lack their scale."
            )


def class_mapping(description: TeacherDescription, class_ids: Sequence[str], name: str) -> np.ndarray:
    """Return float64 [their classes, our classes], 1 where theirs belongs to ours.

    Raises:
        UnusableInput: a class is not one of ours, or one of ours is neither mapped nor named as unknown.
    """
    named = {ours for ours in description.classes.values() if ours is not None}
    for problem, found in (
        ("not classes of the data set", sorted((named | set(description.unknown)) - set(class_ids))),
        ("mapped and unknown", sorted(named & set(description.unknown))),
        ("neither mapped nor unknown", [ours for ours in class_ids if ours not in named | set(description.unknown)]),
    ):
        if found:
            raise UnusableInput(
                f"The classes of teacher {name} do not map. Received: {problem}: {', '.join(found)}. Classes of the "
                f"data set: {', '.join(class_ids)}. Correct classes and unknown in the YAML beside it."
            )
    if len(named) < 2:
        raise UnusableInput(f"A teacher must tell at least two classes apart. Received: {name} with {sorted(named)}.")
    mapping = np.zeros((len(description.classes), len(class_ids)))
    for row, ours in enumerate(description.classes.values()):
        if ours is not None:
            mapping[row, class_ids.index(ours)] = 1
    return mapping


def resized(images: np.ndarray, size: int | None) -> np.ndarray:
    """Resize float32 [n, side, side, 3] once, by area averaging when shrinking, else linearly."""
    if size in (None, images.shape[1]):
        return images
    method = cv2.INTER_AREA if size < images.shape[1] else cv2.INTER_LINEAR
    return np.stack([cv2.resize(image, (size, size), interpolation=method) for image in images])
