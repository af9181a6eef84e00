"""Download a whole data set: files, then archives; what is complete already is left alone."""

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from rich.filesize import decimal

from skin_data.download.archive import unpack
from skin_data.download.ledger import Ledger
from skin_data.download.remote import Offer, RemoteFile, inside, open_session
from skin_data.download.transfer import fetch, partial_path
from skin_data.progress import Progress, no_progress
from triage.errors import UnusableInput

WORKERS = 8  # small files wait for the server more than for the network
RESERVE = 200_000_000  # bytes of disk that are left free


class Downloaded(NamedTuple):
    """What a download did: complete files of the data set, bytes over the network, and wall time in seconds."""

    files: int
    fetched: int
    seconds: float


def download(
    offer: Offer,
    folder: Path,
    workers: int = WORKERS,
    bytes_progress: Callable[[int, int], None] = lambda done, total: None,
    progress: Progress = no_progress,
) -> Downloaded:
    """Download the files of an offer into a folder and unpack its archives.

    After a kill the same call resumes: complete files are not fetched again, and partial ones continue.
    `bytes_progress` is called as `bytes_progress(done, total)`, from one thread at a time, `progress` for the
    unpacking.

    Raises:
        ConnectionLost: the network failed and did not recover.
        UnusableInput: the server refused, sent something damaged, or the disk is full; everything complete stays.
    """
    try:
        return _download(offer, folder, workers, bytes_progress, progress)
    except OSError as error:
        raise UnusableInput(
            f"The data set cannot be written. Received: {error.filename or folder}: {error.strerror or error}. What is "
            "complete stays: check disk space and permissions, and run the same command again to resume."
        ) from error


def _download(
    offer: Offer, folder: Path, workers: int, bytes_progress: Callable[[int, int], None], progress: Progress
) -> Downloaded:
    start = time.perf_counter()
    target_of = {remote.path: inside(folder, remote.path) for remote in offer.files}
    counts = {"done": 0, "fetched": 0}
    lock = threading.Lock()

    def count(number: int, fetched: bool) -> None:
        with lock:
            counts["done"] += number
            counts["fetched"] += number if fetched else 0
            # The server's total may be approximate.
            bytes_progress(min(counts["done"], offer.size), offer.size)

    with closing(Ledger(folder)) as ledger, open_session() as session:
        missing = []
        for remote in offer.files:
            if _is_complete(remote, ledger):
                count(remote.size or 0, False)
            else:
                missing.append(remote)
        partials = {remote.path: partial_path(target_of[remote.path], remote) for remote in missing}
        for leftover in set(folder.rglob(".*.part")) - set(partials.values()):
            leftover.unlink()  # of other content than the server has now
        _check_space(folder, [(remote, partials[remote.path]) for remote in missing], offer.size)

        def fetch_one(remote: RemoteFile) -> None:
            partial = partials[remote.path]
            checksum = fetch(remote, partial, offer, session, count)
            if remote.unpack_into is None:
                # Recorded first: no file ever lies at its place without a record.
                ledger.record(remote.path, remote.identity, checksum, partial)
                partial.replace(target_of[remote.path])

        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(fetch_one, remote) for remote in missing if remote.unpack_into is None]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        for remote in missing:
            if remote.unpack_into is not None:
                fetch_one(remote)
                unpack(partials[remote.path], remote, ledger, progress)
        ledger.remove_withdrawn(
            path
            for path, entry in ledger.results.items()
            if entry["identity"] and path not in target_of and entry.get("archive") not in target_of
        )
        files = sum(ledger.results[path].get("members", 1) for path in target_of)
    return Downloaded(files, counts["fetched"], round(time.perf_counter() - start, 1))


def _is_complete(remote: RemoteFile, ledger: Ledger) -> bool:
    if remote.unpack_into is not None:
        return ledger.unpacked(remote.path, remote.identity)
    if remote.path in ledger.results or not (ledger.folder / remote.path).exists():
        return ledger.holds(remote.path, remote.identity)
    ledger.adopt(remote.path, remote.identity, remote.checksum, "the server")
    return True


def _check_space(folder: Path, missing: Sequence[tuple[RemoteFile, Path]], total: int) -> None:
    """Check that the missing files and the largest unpacked archive fit on the disk.

    Photos in an archive are compressed already, so unpacked they take about as much again; each archive is removed
    before the next one comes. An archive of unknown size is taken for the whole data set.
    """
    needed = max([remote.size or total for remote, _ in missing if remote.unpack_into is not None], default=0)
    for remote, partial in missing:
        needed += max(0, (remote.size or total) - (partial.stat().st_size if partial.is_file() else 0))
    free = shutil.disk_usage(folder).free
    if needed and needed + RESERVE > free:
        raise UnusableInput(
            f"Too little disk space in {folder}. Needed: {decimal(needed + RESERVE)}. Received: {decimal(free)} free. "
            "Make room, or give a folder on another disk with --out."
        )
