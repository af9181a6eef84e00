"""Work on many items in several processes that a kill cannot undo: each result is a line of a file."""

import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from triage.errors import SkinDistillError, UnusableInput

CHUNK = 16  # items that a process takes at once; a kill repeats at most this many for each process


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
        items: by key; a key names one item for ever, so it must change when the item does.
        ledger: the file; lines of other keys stay, a last line that a kill cut short is ignored.
        still_valid: whether a remembered result may be used.
        workers: processes; all cores if None. One means this very process.
        progress: called as `progress(done, total)`.

    Returns:
        Result by key, for all items.

    Raises:
        UnusableInput: fewer than one process.
        SkinDistillError: a process was killed from outside, most likely for want of memory.
    """
    if workers is not None and workers < 1:
        raise UnusableInput(f"Work needs at least one process. Received: {workers} workers.")
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
        # spawn: a forked child of a process that holds threads (OpenCV, TensorFlow) can hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
            answers = pool.map(function, [item for _, item in open_items], chunksize=CHUNK)
            try:
                for (key, _), result in zip(open_items, answers, strict=True):
                    keep(key, result)
            except BrokenProcessPool as error:
                raise SkinDistillError(
                    f"A working process was killed, most likely for want of memory. Received: {len(results)} of "
                    f"{len(items)} results, which are kept. Run again with fewer than {workers} workers to go on."
                ) from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return results


def _end_with_parent() -> None:
    """Let a process of the pool end when its parent was killed; left alone it waits for work for ever.

    Each such process holds the queue of the others open, so none sees its end.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _read(ledger: Path) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    if ledger.is_file():
        # In bytes, where a line ends at LF alone: file names may hold line ends of other kinds.
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
