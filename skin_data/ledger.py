"""Work on many items in several processes that survives a kill: each result is a line of a file."""

import hashlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skin_data.json_lines import JsonLines
from triage import color_conversion, color_profile, crop, exif, heif, jpeg_stream, photo, photo_decoder, photo_header
from triage.errors import SkinDistillError, UnusableInput
from triage.photo_decoder import library_versions

if TYPE_CHECKING:
    from skin_data.dask_cluster import Cluster

DECODING_MODULES = (color_conversion, color_profile, crop, exif, heif, jpeg_stream, photo, photo_decoder, photo_header)
"""A change in any of them makes cached pixels and measurements invalid."""
CHUNK = 16  # items that a process takes at once; a kill repeats at most this many per process


def run_resumable(
    function: Callable[[Any], dict[str, Any]],
    items: Mapping[str, Any],
    ledger: Path,
    still_valid: Callable[[str, dict[str, Any]], bool] = lambda key, result: True,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cluster: "Cluster | None" = None,
) -> dict[str, dict[str, Any]]:
    """Apply a function to items in several processes and remember the results in a JSON-lines file.

    Args:
        function: item to a JSON-able dictionary; must be importable by another process.
        items: by key; the key must change when the item does.
        ledger: the file; lines of other keys stay, and a last line that a kill cut short is ignored.
        still_valid: whether a remembered result may be used.
        workers: processes; all cores if None. One means this very process.
        progress: called as `progress(done, total)`.
        cluster: computes the results in the place of these processes.

    Raises:
        SkinDistillError: a process was killed from outside, most likely for lack of memory; or see `Cluster.apply`.
    """
    if workers is not None and workers < 1:
        raise UnusableInput(f"At least one worker process is needed. Received: {workers} workers.")
    with closing(JsonLines(ledger)) as lines:
        results = {k: lines.results[k] for k in items if k in lines.results and still_valid(k, lines.results[k])}
        open_items = [(key, item) for key, item in items.items() if key not in results]
        workers = min(workers or os.cpu_count() or 1, max(1, len(open_items) // CHUNK))
        apply = cluster.apply if cluster else partial(_on_processes, workers=workers)
        try:
            with closing(apply(function, [item for _, item in open_items])) as found:
                for number, result in found:
                    key, _ = open_items[number]
                    results[key] = result
                    lines.keep(key, result)
                    progress(len(results), len(items))
        except BrokenProcessPool as error:
            raise SkinDistillError(
                f"A worker process was killed, most likely for lack of memory. Received: {len(results)} of "
                f"{len(items)} results, which are kept. Run again with fewer than {workers} workers to resume."
            ) from error
    return results


def _on_processes(
    function: Callable[[Any], dict[str, Any]], items: Sequence[Any], workers: int
) -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Yield position and result of each item; one worker means this very process."""
    if workers == 1:
        yield from enumerate(map(function, items))
        return
    # spawn: a forked child of a process with threads (OpenCV, TensorFlow) can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            yield from enumerate(pool.map(function, items, chunksize=CHUNK))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def code_fingerprint(sources: Iterable[str | Path]) -> str:
    """Identify a version of Python files, of NumPy and of the libraries that decode photos in 16 hexadecimal digits, so
    that results cached by another one are not used.
    """
    digest = hashlib.sha256(f"{library_versions()} numpy {np.__version__}".encode())
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
