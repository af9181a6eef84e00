"""Work on many items in several processes that survives a kill: each result is a line of a file."""

import hashlib
import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from triage.errors import SkinDistillError, UnusableInput

CHUNK = 16  # items that a process takes at once; a kill repeats at most this many per process


def run_resumable(
    function: Callable[[Any], dict[str, Any]],
    items: Mapping[str, Any],
    ledger: Path,
    still_valid: Callable[[str, dict[str, Any]], bool] = lambda key, result: True,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, dict[str, Any]]:
    """Apply a function to items and remember the results in a JSON-lines file.

    Args:
        function: item to a JSON-able dictionary; must be importable by another process.
        items: by key; the key must change when the item does.
        ledger: the file; lines of other keys stay, and a last line that a kill cut short is ignored.
        still_valid: whether a remembered result may be used.
        workers: processes; all cores if None. One means this very process.
        progress: called as `progress(done, total)`.

    Returns:
        Result by key, for all items.

    Raises:
        UnusableInput: fewer than one process.
        SkinDistillError: a process was killed from outside, most likely for lack of memory.
    """
    if workers is not None and workers < 1:
        raise UnusableInput(f"At least one worker process is needed. Received: {workers} workers.")
    known = _read(ledger)
    results = {key: known[key] for key in items if key in known and still_valid(key, known[key])}
    open_items = [(key, item) for key, item in items.items() if key not in results]
    if not open_items:
        return results
    ledger.parent.mkdir(parents=True, exist_ok=True)
    workers = min(workers or os.cpu_count() or 1, max(1, len(open_items) // CHUNK))
    with open(ledger, "a", encoding="utf-8") as file:
        if file.tell() and not _ends_with_newline(ledger):
            file.write("\n")

        def keep(key: str, result: dict[str, Any]) -> None:
            results[key] = result
            file.write(json.dumps({"key": key, "result": result}, ensure_ascii=False) + "\n")
            file.flush()
            progress(len(results), len(items))

        if workers == 1:
            for key, item in open_items:
                keep(key, function(item))
            return results
        # spawn: a forked child of a process with threads (OpenCV, TensorFlow) can hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
            pending = pool.map(function, [item for _, item in open_items], chunksize=CHUNK)
            try:
                for (key, _), result in zip(open_items, pending, strict=True):
                    keep(key, result)
            except BrokenProcessPool as error:
                raise SkinDistillError(
                    f"A worker process was killed, most likely for lack of memory. Received: {len(results)} of "
                    f"{len(items)} results, which are kept. Run again with fewer than {workers} workers to resume."
                ) from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return results


def code_fingerprint(sources: Iterable[str | Path]) -> str:
    """Identify a version of some code, so that results cached by another version are not used.

    Args:
        sources: Python files. The versions of OpenCV and NumPy count as well.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(f"opencv {cv2.__version__} numpy {np.__version__}".encode())
    for source in sorted(map(Path, sources), key=lambda path: path.name):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _end_with_parent() -> None:
    """End a process of the pool when its parent is killed; otherwise it would wait for work forever.

    Each such process holds the queue of the others open, so none sees its end.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_and_exit() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_and_exit, daemon=True).start()


def _read(ledger: Path) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    if ledger.is_file():
        # In bytes, where only LF ends a line: file names may contain other line separators.
        with open(ledger, "rb") as lines:
            for line in lines:
                try:
                    entry = json.loads(line.decode("utf-8", "replace"))
                    known[entry["key"]] = entry["result"]
                except (ValueError, KeyError, TypeError):
                    continue  # cut short by a kill
    return known


def _ends_with_newline(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
