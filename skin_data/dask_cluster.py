"""A Dask cluster measures photos in the place of this machine's processes; each worker reads them where they lie."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from itertools import islice
from typing import Any

from triage.errors import MissingDependency, SkinDistillError, UnusableInput

log = logging.getLogger("skin_distill")

CONNECT_SECONDS = 10.0
"""To reach the scheduler, and for its first worker."""
PATIENCE_SECONDS = 30.0
"""Without a worker or a scheduler; a supervisor that restarts them needs a few seconds."""
CHUNK = 64  # items of a task, which takes this process 1 ms beside the work of a worker
TASKS_PER_THREAD = 4  # so that no worker waits for work, and no list of a million tasks is held
TOLERATED = 16
"""Photos that a worker cannot read although this machine can, before it is named in an error: a request to a bucket may
fail once, a missing mount fails for every photo."""
LOST = (TimeoutError, asyncio.TimeoutError, CancelledError, OSError)
"""What waiting raises when nothing comes; before Python 3.11 the first two differ."""
FAILED = (Exception, asyncio.CancelledError)
"""What a client that loses its scheduler may raise: errors of its connection, or of tasks that it cancels."""


class Cluster:
    """The workers of a Dask scheduler, until `close`.

    Photos of a lost worker are measured by another one. Each worker must have this version of the package.

    Args:
        address: of the scheduler, such as `tcp://10.0.0.1:8786`.
        code: importable function that identifies the version of the code whose results must agree.
        connect_seconds: to wait for the scheduler and a first worker.
        patience_seconds: to wait for another worker or the scheduler when all are gone.

    Raises:
        MissingDependency: `dask.distributed` is not installed.
        UnusableInput: no scheduler or no worker answers, or workers have another version; they are named.
    """

    def __init__(
        self,
        address: str,
        code: Callable[[], str],
        connect_seconds: float = CONNECT_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ):
        try:
            import distributed
        except ModuleNotFoundError as error:
            raise MissingDependency(
                f"A cluster needs {error.name}, which is not installed. Install it with: pip install "
                "'skin-distill[cluster]'"
            ) from error
        self.address, self._code, self._patience = address, code, patience_seconds
        try:
            client: Any = distributed.Client
            self._client = client(address, timeout=connect_seconds, set_as_default=False)
        except (*LOST, ValueError, TypeError) as error:  # the last two: not an address
            raise UnusableInput(
                f"No Dask scheduler answers within {connect_seconds:.0f} s. Received: --cluster {address} "
                f"({error}). Start one with `dask scheduler`, or give its address, such as tcp://10.0.0.1:8786."
            ) from error
        try:
            self._check_workers(connect_seconds)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the cluster; what is left of the work there is cancelled."""
        with suppress(*FAILED):  # a lost scheduler
            self._client.close()

    def apply(
        self, function: Callable[[Any], dict[str, Any]], items: Sequence[Any]
    ) -> Generator[tuple[int, dict[str, Any]], None, None]:
        """Apply a function to items on all workers; yield position and result of each as they are ready.

        Where a result has an `error`, this machine tries again, and its result counts: photos are rejected as without
        a cluster. A worker that fails so with more than `TOLERATED` items is named in an error.

        Raises:
            UnusableInput: a worker cannot read what this machine can, or has another version of the package.
            SkinDistillError: scheduler or workers are gone, or the same items have killed several workers.
        """
        import distributed

        wait: Any = distributed.wait
        chunks = (range(start, min(start + CHUNK, len(items))) for start in range(0, len(items), CHUNK))
        running: dict[Any, range] = {}
        unread: Counter[str] = Counter()
        while True:
            try:
                for chunk in islice(chunks, max(0, TASKS_PER_THREAD * max(1, self._threads()) - len(running))):
                    part = [items[number] for number in chunk]
                    running[self._client.submit(_work, function, self._code, part, pure=False)] = chunk
                if not running:
                    return
                with self._client.as_current():
                    done = wait(list(running), timeout=self._patience, return_when="FIRST_COMPLETED").done
            except FAILED as error:
                self._check_lost(error, running)
                continue
            for future in done:
                chunk = running[future]
                try:
                    worker, code, results = self._result(future, [items[number] for number in chunk])
                except FAILED as error:  # the worker died before it handed its results over; another repeats the task
                    self._check_lost(error, running)
                    continue
                del running[future]
                if code != self._code():
                    raise UnusableInput(_versions_text([worker]))
                for number, result in zip(chunk, results, strict=True):
                    if "error" in result:
                        result = self._tried_here(function, items[number], worker, str(result["error"]), unread)
                    yield number, result

    def _tried_here(
        self, function: Callable[[Any], dict[str, Any]], item: Any, worker: str, reason: str, unread: Counter[str]
    ) -> dict[str, Any]:
        result = function(item)
        if "error" not in result:
            unread[worker] += 1
            log.warning("worker %s cannot read %s, which this machine can: %s", worker, item, reason)
            if unread[worker] > TOLERATED:
                raise UnusableInput(
                    f"A worker cannot read photos that this machine can. Received: {worker}: {item}: {reason}; so were "
                    f"{TOLERATED} others. Mount their folder there at the same path, or install the library and put "
                    "the credentials of the bucket there. What is measured is kept: run the same command again."
                )
        return result

    def _check_workers(self, seconds: float) -> None:
        try:
            self._client.wait_for_workers(1, timeout=seconds)
        except LOST as error:
            raise UnusableInput(
                f"The Dask scheduler has no worker. Received: --cluster {self.address}. Start workers with "
                f"`dask worker {self.address} --nworkers auto --nthreads 1`."
            ) from error
        found = self._client.run(self._code, on_error="return")
        if wrong := sorted(worker for worker, code in found.items() if code != self._code()):
            raise UnusableInput(_versions_text(wrong))

    def _check_lost(self, error: BaseException, running: Iterable[Any]) -> None:
        """Raise where nothing can be waited for any more; a scheduler that was restarted knows no task."""
        if isinstance(error, SkinDistillError):
            raise error
        gone = self._client.status != "running" or any(future.status in ("cancelled", "lost") for future in running)
        if not gone and not isinstance(error, LOST):
            raise error
        try:
            threads = 0 if gone else self._threads()
        except FAILED:  # the scheduler ends at this very moment
            gone = True
        if gone:
            raise SkinDistillError(
                f"The Dask scheduler has ended or cannot be reached. Received: --cluster {self.address}. What is "
                "measured is kept: run the same command again with a new one."
            ) from error
        if not threads:
            raise SkinDistillError(
                f"All workers of the Dask scheduler are gone. Received: --cluster {self.address}. What is measured is "
                "kept: start workers and run the same command again."
            )

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def _result(self, future: Any, items: Sequence[Any]) -> tuple[str, str, list[dict[str, Any]]]:
        from distributed import KilledWorker

        try:
            found: tuple[str, str, list[dict[str, Any]]] = future.result(timeout=self._patience)
        except KilledWorker as error:
            raise SkinDistillError(
                f"Several workers died at the same photos, most likely for lack of memory. Received: the last was "
                f"{error.last_worker.address}; {items[0]} and the {len(items) - 1} after it. What is measured is kept: "
                "give workers more memory, or leave these photos out, and run the same command again."
            ) from error
        except (ImportError, AttributeError) as error:  # a worker that came later
            raise UnusableInput(f"{_versions_text(['one that came later'])} It said: {error}") from error
        return found


def _work(
    function: Callable[[Any], dict[str, Any]], code: Callable[[], str], items: Sequence[Any]
) -> tuple[str, str, list[dict[str, Any]]]:
    """On a worker: return its address, the version of its code, and the results."""
    from distributed import get_worker

    return get_worker().address, code(), [function(item) for item in items]


def _versions_text(workers: Sequence[str]) -> str:
    return (
        "Workers have another version of skin-distill or of the libraries that read photos, or none, so that their "
        f"measurements might differ. Received: {', '.join(workers)}. Install there what this machine has, "
        "'skin-distill[train,cluster]' with the same versions, and restart them."
    )
