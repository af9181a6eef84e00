"""Kill a small training again and again, at random moments, and compare what it ends with to a run left alone.

    python -m benchmarks.kill_training [--kills 50] [--backbone resnet10] [--seed 0] [--json FILE]

A moment is a call of the progress function, or an operation on a file under the run's folders (opening, renaming,
removing), just before it happens; half of the kills fall after the last epoch, where model and report are written. A
killed run is started again with the same arguments until it ends; then the next one begins, until there were enough
kills. TensorFlow is imported once: each attempt is a fork of a process that has not used it yet (POSIX only).

Checked: a checkpoint is at any moment, bit for bit, one that the run left alone wrote (so that the best weights are
never replaced by worse ones), no saved epoch is trained again and none but the running one is lost, half-written files
do not pile up, and metrics, report, and the model's file end the same.
"""

import argparse
import csv
import hashlib
import json
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CLASSES, PHOTOS, SIZE, BATCH = 3, 72, 32, 8
RUN = "killed"
MOST_LEFT_OVER = 1
"""Half-written files that one kill may leave; the next start removes them."""


@dataclass
class Outcome:
    """What a sweep found.

    Attributes:
        kills: processes that were killed.
        tail_kills: of them, those after the last epoch.
        runs: runs that came to their end after kills.
        faults: what differed from a run left alone, in words.
    """

    kills: int = 0
    tail_kills: int = 0
    runs: int = 0
    faults: list[str] = field(default_factory=list)


def make_photos(folder: Path) -> Path:
    """Write photos of noise, a colour for each class, and their meta.csv; return its path."""
    import cv2

    from teacher.data.manifest import COLUMNS, write_manifest
    from teacher.data.taxonomy import SkinClass, Taxonomy

    generator = np.random.default_rng(0)
    rows = []
    for number in range(PHOTOS):
        label = number % CLASSES
        pixels = generator.integers(0, 160, (SIZE + 8, SIZE + 8, 3), np.uint8)
        pixels[..., label] += 60
        path = folder / "photos" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), pixels)
        split = {0: "val", 1: "test"}.get(number // CLASSES % 4, "train")
        known = {"image_path": f"photos/{path.name}", "dataset": "noise", "group": str(number), "split": split}
        labels = {"diagnosis": f"class{label}", "lighting_label": str(number // 2 % 2), "tone_bucket": "medium"}
        rows.append({**dict.fromkeys(COLUMNS, ""), **known, **labels})
    classes = tuple(SkinClass(f"class{n}", f"Class {n}", "watch") for n in range(CLASSES))
    write_manifest(folder / "meta.csv", rows, Taxonomy("noise", "", classes))
    return folder / "meta.csv"


def small_recipe(backbone: str) -> Any:
    """Return a recipe with the default's kinds of phases: cached features, CCM, top, everything with mixup."""
    from teacher.recipe import Phase, TeacherRecipe

    phases = (
        Phase("A heads", "heads", 2, 1e-3, fixed_views=2),
        Phase("B CCM", "ccm", 2, 1e-2),
        Phase("C top", "top", 2, 1e-3, plateau=1),
        Phase("D all", "all", 2, 1e-3, mixup=0.2),
    )
    return TeacherRecipe(phases, backbone, "none", SIZE, batch_size=BATCH, batch_norm_momentum=0.8)


def _tiny(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> Any:
    """Two convolutions with batch normalisation: a backbone whose graphs are built at once."""
    import tf_keras as keras

    layers = keras.layers
    image = keras.Input(input_shape)
    x = image
    for filters in (8, 16):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, 2, "same")(x)))
    return keras.Model(image, x, name="tiny")


class _Moments:
    """Counts moments of a process and kills it at one of them."""

    def __init__(self, folder: Path, at: int = 0, tail: bool = False):
        self.folder, self.at, self.tail = str(folder), at, tail
        self.count = self.tail_count = 0

    def watch_files(self) -> None:
        """Count operations on files of the folder; it cannot be undone."""
        sys.addaudithook(self._audit)

    def pass_by(self) -> None:
        """Count one moment."""
        self.count += 1
        self.tail_count += self.tail_count > 0
        if self.at and self.at == (self.tail_count if self.tail else self.count):
            os.kill(os.getpid(), signal.SIGKILL)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("open", "os.rename", "os.remove", "tempfile.mkstemp"):
            return
        path = str(arguments[0])
        if path.startswith(self.folder):
            # After the last epoch comes metrics.csv.
            if self.tail_count == 0 and "metrics" in path:
                self.tail_count = 1
            self.pass_by()


def _attempt(folder: Path, meta: Path, backbone: str, moments: _Moments, log: Path) -> bool:
    """Train in a fork, recording epochs begun and checkpoints in `log`; return whether it came to its end."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    code = 1
    try:
        _train(folder, meta, backbone, moments, log)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _train(folder: Path, meta: Path, backbone: str, moments: _Moments, log: Path) -> None:
    from teacher.backbones import BACKBONES, Backbone
    from teacher.data.manifest import read_manifest
    from teacher.run_folder import RunFolder
    from teacher.train import train_teacher

    BACKBONES["tiny"] = Backbone(_tiny, "symmetric")
    records = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def record(**what: Any) -> None:
        os.write(records, (json.dumps(what) + "\n").encode())

    def progress(stage: str, done: int, total: int) -> None:
        if found := re.fullmatch(r"teacher: (.*), epoch (\d+) of \d+", stage):
            record(phase=found[1], epoch=int(found[2]), step=done)
        moments.pass_by()

    def checkpoints(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and str(arguments[1]).endswith("-checkpoint.npz"):
            record(checkpoint=_digest_of_checkpoint(Path(arguments[0]))[0])

    sys.addaudithook(checkpoints)
    moments.watch_files()
    train_teacher(small_recipe(backbone), read_manifest(meta), RunFolder(RUN, folder), progress)
    record(moments=moments.count, tail=moments.tail_count)


def _digest_of_checkpoint(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a hash of everything in a checkpoint but times, and its state."""
    with np.load(path) as stored:
        state = json.loads(stored["state"].tobytes())
        rows = [{k: v for k, v in row.items() if k != "seconds"} for row in state["rows"]]
        timeless = {**state, "rows": rows, "seconds": None}
        digest = hashlib.sha256(json.dumps(timeless, sort_keys=True).encode())
        for name in sorted(set(stored.files) - {"state"}):
            digest.update(name.encode() + stored[name].tobytes())
    return digest.hexdigest(), state


def _read(log: Path) -> list[dict[str, Any]]:
    # A kill can cut the last line short.
    lines = log.read_text().splitlines() if log.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _result(folder: Path) -> dict[str, Any]:
    """Return what a finished run is compared by."""
    experiment, artifacts = folder / "experiments" / RUN, folder / "artifacts" / RUN
    report = json.loads((experiment / "report.json").read_text())["teacher"]
    with open(experiment / "metrics.csv", newline="") as file:
        rows = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    return {
        "metrics.csv": rows,
        "report.json": {k: v for k, v in report.items() if k != "seconds"},
        "teacher.keras": hashlib.sha256((artifacts / "teacher.keras").read_bytes()).hexdigest(),
        "weights.txt": (experiment / "weights.txt").read_text(),
        "files": sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != "log"),
    }


def sweep(folder: Path, kills: int, backbone: str, seed: int, say: Callable[[str], None] = print) -> Outcome:
    """Train once alone, then again under kills until there were enough, and compare."""
    # Imported, not used: what TensorFlow starts with its first operation would not survive a fork.
    import teacher.data.batches
    import teacher.evaluation
    import teacher.head_features
    import teacher.model
    import teacher.train
    import teacher.training  # noqa: F401

    meta = make_photos(folder / "data")
    alone, log = folder / "alone", folder / "alone.log"
    if not _attempt(alone, meta, backbone, _Moments(alone), log):
        raise SystemExit("The training fails without any kill.")
    records = _read(log)
    moments, tail = records[-1]["moments"], records[-1]["tail"]
    known = {r["checkpoint"] for r in records if "checkpoint" in r}
    epochs = [f"{p.name} {n + 1}" for p in small_recipe(backbone).phases for n in range(p.epochs)]
    expected = _result(alone)
    say(f"alone: {moments} moments, {tail} of them after the last epoch, {len(known)} checkpoints")
    random, outcome = np.random.default_rng(seed), Outcome()
    while outcome.kills < kills:
        root = folder / f"run{outcome.runs}"
        checkpoint = root / "artifacts" / RUN / "teacher-checkpoint.npz"
        attempts, finished = 0, False
        while not finished:
            where, saved = f"run {outcome.runs}, start {attempts}", 0
            if checkpoint.is_file():
                digest, state = _digest_of_checkpoint(checkpoint)
                saved = len(state["rows"])
                if digest not in known:
                    outcome.faults.append(f"{where}: the checkpoint after {saved} epochs is another")
            in_tail = bool(random.integers(2))
            at = int(random.integers(2, tail + 1) if in_tail else random.integers(1, moments + 1))
            spared = outcome.kills >= kills
            log = folder / f"run{outcome.runs}-{attempts}.log"
            finished = _attempt(root, meta, backbone, _Moments(root, 0 if spared else at, in_tail), log)
            begun = [epochs.index(f"{r['phase']} {r['epoch']}") for r in _read(log) if "epoch" in r]
            if begun and begun[0] != saved:
                outcome.faults.append(f"{where}: began with epoch {begun[0] + 1}, saved were {saved}")
            if begun and checkpoint.is_file() and len(_digest_of_checkpoint(checkpoint)[1]["rows"]) < begun[-1]:
                outcome.faults.append(f"{where}: an epoch before the running one was lost")
            left = [p.name for p in root.rglob(".*")]
            if len(left) > MOST_LEFT_OVER * (not finished):
                outcome.faults.append(f"{where}: half-written files are left: {', '.join(left)}")
            outcome.kills += not finished
            outcome.tail_kills += in_tail and not finished
            attempts += 1
        result = _result(root)
        outcome.faults += [f"run {outcome.runs}: {name} differs" for name in expected if result[name] != expected[name]]
        outcome.runs += 1
        say(f"run {outcome.runs}: {attempts - 1} kills; faults so far: {len(outcome.faults)}")
    return outcome


def main() -> None:
    """Sweep, print what was found, and exit with 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--backbone", default="resnet10", help="of teacher.backbones, or tiny")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = sweep(Path(folder), options.kills, options.backbone, options.seed)
    print(f"{outcome.kills} kills ({outcome.tail_kills} after the last epoch), {outcome.runs} runs ended")
    for fault in outcome.faults:
        print(f"fault: {fault}")
    if options.json:
        options.json.write_text(json.dumps(vars(outcome), indent=2) + "\n")
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    main()
