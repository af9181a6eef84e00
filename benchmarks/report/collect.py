"""Collect accuracy, latency, size and fairness of the models of a set of runs, from the runs' own files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.latency.compare import read_result
from skin_training.evaluation.plots import urgent_classes
from triage.errors import UnusableInput
from triage.plain_text import printable
from triage.skin_tone import TONE_BUCKETS

LATENCY = "latency.json"
"""What `skin-distill benchmark --json` wrote, in the run's folder."""


@dataclass(frozen=True)
class Entry:
    """One model of one run; None means not measured.

    Attributes:
        run: the run's name.
        name: "teacher", "student", or a file's variant.
        test: metrics on the test split, as `skin_training.evaluation.evaluate` returns them.
        size: of the file, bytes.
        latency: benchmark result of the file on the fewest threads.
        machine: on which latency was measured.
        passed: whether no gate of `verify` failed; those that did are `failed`, those with too few photos
            `inconclusive`.
        environment: of the run's training, such as its date and commit.
        calibration: measured on the test split, for a file that of the float student.
        urgent: ids of the classes that call for a doctor at once.
    """

    run: str
    name: str
    test: dict[str, Any]
    size: int | None = None
    latency: dict[str, Any] | None = None
    machine: dict[str, Any] | None = None
    passed: bool | None = None
    failed: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] | None = None
    urgent: tuple[str, ...] = ()

    def metric(self, head: str, name: str) -> dict[str, Any] | None:
        """Return a metric `{value, low, high, n}` of the test split; None if it is missing or has no value."""
        return _known(self.test.get(head, {}).get(name))

    def tone(self, bucket: str) -> dict[str, Any] | None:
        """Return the accuracy of the diagnosis in a tone bucket; None if there were too few photos."""
        return _known(self.test.get("per_tone", {}).get(bucket, {}).get("diagnosis", {}).get("accuracy"))

    def tone_count(self, bucket: str) -> int:
        """Return the number of test photos in a tone bucket."""
        return int(self.test.get("per_tone", {}).get(bucket, {}).get("n", 0))

    @property
    def worst_tone(self) -> tuple[str, dict[str, Any]] | None:
        """The bucket with the lowest accuracy; None if fewer than two were measured."""
        measured = {bucket: metric for bucket in TONE_BUCKETS if (metric := self.tone(bucket))}
        if len(measured) < 2:
            return None
        return min(measured.items(), key=lambda item: item[1]["value"])


def collect(runs: Sequence[str]) -> list[Entry]:
    """Read runs: names under `experiments/`, or folders that hold a `report.json`.

    Returns:
        Entries in the order of the runs: a teacher, a student's verified files, or the student itself.

    Raises:
        UnusableInput: a run without a report, a report without a tested model, or a damaged file.
    """
    entries: list[Entry] = []
    for run in runs:
        found = _entries(_folder(run))
        if not found:
            raise UnusableInput(
                f"The report has no tested model. Received: {run}. Train, or convert and verify, it first."
            )
        entries += found
    return entries


def _folder(run: str) -> Path:
    for folder in (Path("experiments") / run, Path(run)):
        if (folder / "report.json").is_file():
            return folder
    raise UnusableInput(
        f"The run has no report. Received: {run}. Looked for: {Path('experiments') / run / 'report.json'}. "
        "Give the name of a finished run, or its folder."
    )


def _entries(folder: Path) -> list[Entry]:
    report = _read(folder / "report.json")
    run, found = printable(folder.resolve().name), []
    if test := report.get("teacher", {}).get("test"):
        found.append(Entry(run, "teacher", test, size=_recorded_size(folder, "teacher.keras")))
    latency = read_result(folder / LATENCY) if (folder / LATENCY).is_file() else None
    files = report.get("verify", {}).get("files", [])
    found += [_file(run, file, report, latency) for file in files]
    if not files and (test := report.get("distill", {}).get("test")):
        found.append(Entry(run, "student", test, size=_recorded_size(folder, "student.keras")))
    environment = folder / "environment.json"
    trained = (report.get("distill") or report.get("teacher") or {}).get("test", {})
    shared = {
        "environment": _read(environment) if environment.is_file() else {},
        "calibration": trained.get("calibration"),
        "urgent": tuple(urgent_classes(trained)) if trained else (),
    }
    return [replace(entry, **shared) for entry in found]


def _file(run: str, file: dict[str, Any], report: dict[str, Any], latency: dict[str, Any] | None) -> Entry:
    made = report.get("convert", {}).get("variants", {}).get(file["variant"], {})
    measured = [] if latency is None else [r for r in latency["results"] if _is_of(r, file)]
    outcomes = {gate["gate"]: gate["outcome"] for gate in file["gates"]}
    return Entry(
        run,
        file["variant"],
        file["test"],
        size=made.get("bytes") if made.get("sha256") == file["sha256"] else None,
        latency=min(measured, key=lambda r: r["threads"]) if measured else None,
        machine=latency.get("machine") if latency and measured else None,
        passed=file["passed"],
        failed=tuple(gate for gate, outcome in outcomes.items() if outcome == "failed"),
        inconclusive=tuple(file["cannot_tell"]),
    )


def _is_of(result: dict[str, Any], file: dict[str, Any]) -> bool:
    """Tell whether a latency is that of this file, by hash: another file may have the same name."""
    return "why" not in result and result.get("sha256") == file["sha256"] and result.get("way", "best") == "best"


def _recorded_size(folder: Path, name: str) -> int | None:
    """Return the bytes of a binary from the run's `weights.txt` (hash, bytes, path)."""
    path = folder / "weights.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((int(line.split()[1]) for line in lines if line.endswith(f"/{name}")), None)


def _known(metric: dict[str, Any] | None) -> dict[str, Any] | None:
    return metric if metric and metric.get("value") is not None else None


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UnusableInput(f"The report cannot be read. Received: {path}: {error}.") from error
