"""Kill a job again and again at random moments, and compare what it ends with to a run left alone."""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.stress.kills.job import Job, Record
from tests.stress.kills.moments import Moments
from triage.atomic import MARK


@dataclass
class Outcome:
    """What a sweep found.

    Attributes:
        kills: processes that were killed.
        tail_kills: of them, those chosen among the moments in which results are written.
        runs: runs that came to their end after kills.
        faults: what differed from a run left alone, in words.
    """

    kills: int = 0
    tail_kills: int = 0
    runs: int = 0
    faults: list[str] = field(default_factory=list)


def sweep(job: Job, folder: Path, kills: int, seed: int = 0, say: Callable[[str], None] = print) -> Outcome:
    """Run a job once alone, then again under kills until there were enough, and compare.

    A killed run is started again with the same arguments until it ends; then the next one begins. Each attempt is a
    fork of this process, which must not have used TensorFlow (POSIX only).

    Args:
        job: what is killed.
        folder: for everything that is written; empty.
        kills: enough of them; the run in which they are reached is left to end.
        seed: of the moments.
        say: called with a line for each run.

    Raises:
        SystemExit: the job fails without any kill.
    """
    job.load()
    material = folder / "material"
    alone, log = folder / "alone", folder / "alone.log"
    if not _forked(lambda: job.make_material(material)) or not _attempt(job, material, alone, log):
        raise SystemExit("The job fails without any kill.")
    of_alone = _read(log)
    moments, tail = of_alone[-1]["moments"], of_alone[-1]["tail"]
    expected = job.result(alone)
    say(f"alone: {moments} moments, {tail} of them in the tail")
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
    """Start a job in a fork, or go on with it, recording in `log` what it does; return whether it came to its end."""
    if not root.is_dir():
        job.lay_out(material, root)
    return _forked(lambda: _run(job, material, root, log, Moments(root, job.tail, at, in_tail)))


def _forked(work: Callable[[], None]) -> bool:
    """Work in a fork of this process and return whether it came to its end.

    Raises:
        SystemExit: it ended with an error, which no kill is to bring about.
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
    moments.watch_files()
    job.run(material, root, progress)
    record(moments=moments.count, tail=moments.tail_count)


def _read(log: Path) -> list[Record]:
    # A kill can cut the last line short.
    lines = log.read_text().splitlines() if log.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]
