"""A run's folders: `experiments/<run>` for text and plots, `artifacts/<run>` for binaries that git ignores."""

import atexit
import csv
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skin_training.archives import read_archive
from skin_training.environment import describe_environment
from triage.atomic import remove_abandoned, replacing, sha256_of, write_json, write_text
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest
    from skin_training.stage import Stage

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class RunFolder:
    """Paths and files of one run. Nothing is created before something is written.

    Attributes:
        name: the run's name: letters, digits, dot, dash and underscore.
        root: the folder with `experiments/` and `artifacts/`.
        experiment: folder of the run's text and plots.
        artifacts: folder of the run's binaries.
        figures: folder of the run's plots.
        features: folder of a frozen backbone's features.
        config_path: the run's resolved recipe.
        report_path: the run's report.
        metrics_path: metrics of every epoch.
        test_predictions_path: predictions of the run's models for the test split.
    """

    def __init__(self, name: str, root: Path = Path()):
        if not RUN_NAME.fullmatch(name):
            raise UnusableInput(
                f"A run's name has only letters, digits, '.', '-' and '_', and begins with a letter or digit. "
                f"Received: {name!r}."
            )
        self.name, self.root = name, root
        self.experiment, self.artifacts = root / "experiments" / name, root / "artifacts" / name
        self.figures, self.features = self.experiment / "figures", self.artifacts / "features"
        self.config_path, self.report_path = self.experiment / "config.yaml", self.experiment / "report.json"
        self.metrics_path = self.experiment / "metrics.csv"
        self.test_predictions_path = self.experiment / "test_predictions.npz"

    def checkpoint(self, model: str) -> Path:
        """Return the file with the training state of a model, such as `teacher`."""
        return self.artifacts / f"{model}-checkpoint.npz"

    def private_copy(self) -> "RunFolder":
        """Return a copy of the run in a temporary folder, for processes that must not write: checkpoints, models and
        metrics.
        """
        copy = RunFolder(self.name, Path(tempfile.mkdtemp(prefix="skin-distill-")))
        atexit.register(shutil.rmtree, copy.root, ignore_errors=True)
        for path in (*self.artifacts.glob("*-checkpoint.npz"), *self.artifacts.glob("*.keras")):
            copy.artifacts.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy.artifacts)
        if self.metrics_path.is_file():
            copy.experiment.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.metrics_path, copy.experiment)
        return copy

    def checkpoints(self, model: str) -> list[Path]:
        """Return the existing checkpoints of models whose names begin with `model`."""
        return sorted(self.artifacts.glob(f"{model}*-checkpoint.npz"))

    def remove_checkpoints(self, model: str) -> None:
        """Remove features and the checkpoints of models whose names begin with `model`."""
        for path in self.checkpoints(model):
            path.unlink()
        shutil.rmtree(self.features, ignore_errors=True)

    def stage(
        self,
        section: str,
        key: Mapping[str, Any],
        config: Mapping[str, Any] | None = None,
        *,
        accepts: Sequence[Mapping[str, Any]] = (),
        extends: Sequence[Mapping[str, Any]] = (),
        manifest: "Manifest | None" = None,
        checkpoints: str = "",
        incremental: bool = False,
        writes: bool = True,
    ) -> "Stage":
        """Return the life cycle of one section of the report; `skin_training.stage.Stage` describes the arguments."""
        from skin_training.stage import Stage

        return Stage(self, section, key, config or {}, accepts, extends, manifest, checkpoints, incremental, writes)

    def remove_abandoned(self) -> None:
        """Remove files that a killed process left half-written, also in the pixel cache."""
        for folder in (self.experiment, self.artifacts, self.root / "artifacts" / "pixels"):
            remove_abandoned(folder)

    def read_report(self) -> dict[str, Any]:
        """Return the report of a finished run; raise UnusableInput when there is none."""
        if not self.report_path.is_file():
            raise UnusableInput(
                f"Run '{self.name}' has no report. Looked for: {self.report_path}. "
                "Finish it by running its command again, or look under experiments/ for another name."
            )
        return dict(json.loads(self.report_path.read_text(encoding="utf-8")))

    def update_report(self, section: str, value: Mapping[str, object]) -> dict[str, Any]:
        """Set one section of `report.json` without the points of curves, which only plots need; return it."""
        report = json.loads(self.report_path.read_text(encoding="utf-8")) if self.report_path.is_file() else {}
        stored = {key: _without_curves(each) for key, each in value.items()}
        write_json(self.report_path, {**report, section: stored})
        return stored

    def save_model(self, model: "keras.Model", name: str) -> Path:
        """Save a Keras model among the run's binaries, whole or not at all.

        The same model gives the same bytes: time stamps are left out.
        """
        path = self.artifacts / name
        with replacing(path) as temporary:
            model.save(temporary)
            _without_times(temporary)
        return path

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write sections of config.yaml; other sections stay."""
        import yaml

        known = self.read_config() if self.config_path.is_file() else {}
        write_text(self.config_path, yaml.safe_dump({**known, **config}, sort_keys=False, allow_unicode=True))

    def read_config(self) -> dict[str, Any]:
        """Return the run's config.yaml; raise UnusableInput when there is none."""
        import yaml

        if not self.config_path.is_file():
            raise UnusableInput(
                f"Run '{self.name}' does not exist. Looked for: {self.config_path}. "
                "Make it with `skin-distill teacher` or `skin-distill distill`, "
                "or look under experiments/ for another name."
            )
        return dict(yaml.safe_load(self.config_path.read_text(encoding="utf-8")))

    def write_metrics(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write `metrics.csv`, one row per phase and epoch; columns are the union of the rows' keys."""
        rows = list(rows)
        columns = list(dict.fromkeys(key for row in rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.metrics_path, text.getvalue())

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return the rows of `metrics.csv` as they were written, without empty columns."""
        import pandas as pd

        rows = pd.read_csv(self.metrics_path).rename(columns={"best": "kept"}).to_dict("records")  # earlier: best
        return [{str(column): value for column, value in row.items() if pd.notna(value)} for row in rows]

    def write_test_predictions(self, predictions: Mapping[str, np.ndarray]) -> None:
        """Store predictions for the test split, so that runs can be compared photo by photo without their models.

        They are, by the model's name, probabilities float32 [n, classes] in the order of the split's rows.
        """
        arrays: dict[str, Any] = dict(predictions)
        with replacing(self.test_predictions_path) as temporary:
            np.savez_compressed(temporary, **arrays)

    def read_test_predictions(self) -> dict[str, np.ndarray]:
        """Return what `write_test_predictions` wrote; raise UnusableInput when it is missing or cannot be read."""
        path = self.test_predictions_path
        if not path.is_file():
            raise UnusableInput(
                f"Run '{self.name}' has no stored predictions. Looked for: {path}. "
                "Early runs have none; repeat it with `skin-distill reproduce`."
            )
        return read_archive(
            path,
            f"The predictions of run '{self.name}'",
            "Restore the file, or repeat the run with `skin-distill reproduce`.",
        )

    def record_weights(self) -> None:
        """Write `weights.txt`: SHA-256, size in bytes and path of each model file of the run."""
        files = sorted(p for p in self.artifacts.glob("[!.]*") if p.suffix in {".keras", ".tflite"})
        lines = [f"{sha256_of(path)}  {path.stat().st_size:>10}  artifacts/{self.name}/{path.name}" for path in files]
        write_text(self.experiment / "weights.txt", "\n".join(lines) + "\n")

    def write_environment(self) -> None:
        """Write `environment.json`: versions, processor and command line of this process."""
        write_json(self.experiment / "environment.json", describe_environment())


def _without_curves(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_curves(each) for key, each in value.items() if key != "curves"}
    return [_without_curves(each) for each in value] if isinstance(value, list) else value


def _without_times(path: Path) -> None:
    """Rewrite a .keras file without the date in its metadata and the times of its entries."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            if entry.filename == "metadata.json":
                kept = {k: v for k, v in json.loads(content).items() if k != "date_saved"}
                content = json.dumps(kept).encode()
            # A new ZipInfo has the format's first date, 1980.
            archive.writestr(zipfile.ZipInfo(entry.filename), content)
