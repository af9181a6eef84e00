"""Kill a job again and again at random moments, and compare its final state with an undisturbed run."""

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.stress.kills.job import Job, Record
from triage.atomic import MARK

FILE_EVENTS = ("open", "os.rename", "os.remove", "tempfile.mkstemp")
"""Python audit events of file operations; each is raised just before the operation."""


@dataclass
class Outcome:
    """Result of a sweep: kills, those of them in the tail, runs that finished, and faults as text."""

    kills: int = 0
    tail_kills: int = 0
    runs: int = 0
    faults: list[str] = field(default_factory=list)


class Moments:
    """Counts moments of this process (progress calls and file operations in a folder) and kills it at one of them.

    Args:
        folder: whose files count.
        tail: the tail begins with the first path that contains this.
        at: number of the moment to be killed at, from 1; 0 spares the process.
        in_tail: count `at` from the beginning of the tail.
    """

    def __init__(self, folder: Path, tail: str, at: int, in_tail: bool):
        self.folder, self.tail, self.at, self.in_tail = str(folder), tail, at, in_tail
        self.count = self.tail_count = 0

    def pass_by(self) -> None:
        self.count += 1
        self.tail_count += self.tail_count > 0
        if self.at and self.at == (self.tail_count if self.in_tail else self.count):
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS and (path := str(arguments[0])).startswith(self.folder):
            if self.tail_count == 0 and self.tail in path[len(self.folder) :]:
                self.tail_count = 1
            self.pass_by()


def sweep(job: Job, folder: Path, kills: int, seed: int = 0, say: Callable[[str], None] = print) -> Outcome:
    """Run a job undisturbed, then under kills until there were enough, and compare.

    A killed run is started again with the same arguments until it finishes; then the next one begins. Each attempt is a
    fork of this process, which must not have used TensorFlow (POSIX only).

    Args:
        job: what is killed.
        folder: for everything that is written; empty.
        kills: number of kills; the run in which it is reached is left to finish.
        seed: of the moments.
        say: called with a line for each run.

    Raises:
        SystemExit: the job fails without any kill.
    """
    job.load()
    material, alone, log = folder / "material", folder / "alone", folder / "alone.log"
    if not _forked(lambda: job.make_material(material)) or not _attempt(job, material, alone, log):
        raise SystemExit("The job fails without any kill.")
    of_alone = _read(log)
    moments, tail = of_alone[-1]["moments"], of_alone[-1]["tail"]
    expected = job.result(alone)
    say(f"undisturbed: {moments} moments, {tail} of them in the tail")
    random, outcome = np.random.default_rng(seed), Outcome()
    while outcome.kills < kills:
        root = folder / f"run{outcome.runs}"
        attempts, finished = 0, False
        while not finished:
            where, before = f"run {outcome.runs}, start {attempts}", job.state(root)
            in_tail = bool(random.integers(2))
            at = int(random.integers(2, tail + 1) if in_tail else random.integers(1, moments + 1))
            at = at if outcome.kills < kills else 0
            log = folder / f"run{outcome.runs}-{attempts}.log"
            finished = _attempt(job, material, root, log, at, in_tail)
            outcome.faults += [f"{where}: {fault}" for fault in job.faults(root, before, _read(log), of_alone)]
            left = [path.name for path in root.rglob(f".*{MARK}*")]
            if len(left) > job.left_over * (not finished):
                outcome.faults.append(f"{where}: half-written files are left: {', '.join(left)}")
            outcome.kills += not finished
            outcome.tail_kills += in_tail and not finished
            attempts += 1
        result = job.result(root)
        outcome.faults += [f"run {outcome.runs}: {name} differs" for name in expected if result[name] != expected[name]]
        outcome.runs += 1
        say(f"run {outcome.runs}: {attempts - 1} kills; faults so far: {len(outcome.faults)}")
    return outcome


def _attempt(job: Job, material: Path, root: Path, log: Path, at: int = 0, in_tail: bool = False) -> bool:
    """Start or resume a job in a fork that logs what it does; return whether it finished."""
    if not root.is_dir():
        job.lay_out(material, root)
    return _forked(lambda: _run(job, material, root, log, Moments(root, job.tail, at, in_tail)))


def _forked(work: Callable[[], None]) -> bool:
    """Work in a fork of this process and return whether it finished.

    Raises:
        SystemExit: it ended with an error, which no kill may cause.
    """
    process = os.fork()
    if process:
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if code > 0:
            raise SystemExit("An attempt ended with the error above.")
        return code == 0
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _run(job: Job, material: Path, root: Path, log: Path, moments: Moments) -> None:
    tempfile.tempdir = str(log.parent)  # TensorFlow's own temporary files outlive a kill
    records = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def record(**what: Any) -> None:
        os.write(records, (json.dumps(what) + "\n").encode())

    def progress(stage: str, done: int, total: int) -> None:
        record(stage=stage, done=done)
        moments.pass_by()

    def renames(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and str(arguments[1]).startswith(str(root)):
            target = str(Path(arguments[1]).relative_to(root))
            record(placed=target, **job.describe(Path(arguments[0]), target))

    sys.addaudithook(renames)
    sys.addaudithook(moments.audit)
    job.run(material, root, progress)
    record(moments=moments.count, tail=moments.tail_count)


def _read(log: Path) -> list[Record]:
    # A kill can cut the last line short.
    lines = log.read_text().splitlines() if log.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]
