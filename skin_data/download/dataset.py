"""Download a whole data set: files, then archives; what is complete already is left alone."""

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.filesize import decimal

from skin_data.download.archive import unpack
from skin_data.download.ledger import Ledger
from skin_data.download.remote import Offer, RemoteFile, inside, open_session
from skin_data.download.transfer import checksum_of, fetch, partial_path
from skin_data.progress import Progress, no_progress
from triage.errors import UnusableInput

WORKERS = 8  # small files wait for the server more than for the network
RESERVE = 200_000_000  # bytes of disk that are left free


@dataclass(frozen=True)
class Downloaded:
    """What a download did.

    Attributes:
        folder: of the data set.
        files: complete files of the data set in it.
        fetched: bytes that came over the network.
        seconds: wall time.
    """

    folder: Path
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

    Args:
        offer: the data set as the server has it.
        folder: for it; made if needed.
        workers: files that are fetched at once.
        bytes_progress: called as `bytes_progress(done, total)`, from one thread at a time.
        progress: called as `progress(stage, done, total)` for the unpacking.

    Raises:
        ConnectionLost: the network failed and did not recover.
        UnusableInput: the server refused, sent something damaged, or the disk is full; everything complete stays.
    """
    start = time.perf_counter()
    target_of = {remote.path: inside(folder, remote.path) for remote in offer.files}
    with closing(Ledger(folder)) as ledger, open_session() as session:
        counter = _Counter(offer.size, bytes_progress)
        missing = []
        for remote in offer.files:
            if _is_complete(remote, ledger):
                counter.add(remote.size or 0, False)
            else:
                missing.append(remote)
        partials = {remote.path: partial_path(target_of[remote.path], remote) for remote in missing}
        for leftover in set(folder.rglob(".*.part")) - set(partials.values()):
            leftover.unlink()  # of other content than the server has now
        _check_space(folder, [(remote, partials[remote.path]) for remote in missing], offer.size)

        def fetch_one(remote: RemoteFile) -> None:
            partial = partials[remote.path]
            checksum = fetch(remote, partial, offer, session, counter.add)
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
    return Downloaded(folder, files, counter.fetched, round(time.perf_counter() - start, 1))


def summary(result: Downloaded) -> str:
    """Describe what a download did, in one sentence."""
    fetched = f"{decimal(result.fetched)} fetched" if result.fetched else "nothing to fetch"
    return f"{result.files:,} files complete in {result.folder}, {fetched}, {result.seconds:.0f} s."


class _Counter:
    """Bytes that are here, of all; shared by threads."""

    def __init__(self, total: int, report: Callable[[int, int], None]):
        self.total, self.done, self.fetched = total, 0, 0
        self._report, self._lock = report, threading.Lock()

    def add(self, count: int, fetched: bool) -> None:
        with self._lock:
            self.done += count
            self.fetched += count if fetched else 0
            # The server's total may be approximate.
            self._report(min(self.done, self.total), self.total)


def _is_complete(remote: RemoteFile, ledger: Ledger) -> bool:
    if remote.unpack_into is not None:
        return ledger.unpacked(remote.path, remote.identity)
    path = ledger.folder / remote.path
    if remote.path in ledger.results or not path.exists():
        return ledger.holds(remote.path, remote.identity)
    if remote.checksum is None or checksum_of(path, remote.checksum) != remote.checksum:
        raise UnusableInput(
            f"A file of yours is in the way. Received: {path}, which is not the server's. Move it away, or give "
            "another folder with --out."
        )
    ledger.record(remote.path, remote.identity, remote.checksum, path)
    return True


def _check_space(folder: Path, missing: Sequence[tuple[RemoteFile, Path]], total: int) -> None:
    """Check that the missing files and the largest unpacked archive fit on the disk.

    Photos in an archive are compressed already, so unpacked they take about as much again; each archive is removed
    before the next one comes. An archive of unknown size is taken for the whole data set.
    """
    needed, largest = 0, 0
    for remote, partial in missing:
        size = remote.size or total
        needed += max(0, size - (partial.stat().st_size if partial.is_file() else 0))
        largest = max(largest, size if remote.unpack_into is not None else 0)
    needed += largest
    free = shutil.disk_usage(folder).free
    if needed and needed + RESERVE > free:
        raise UnusableInput(
            f"Too little disk space in {folder}. Needed: {decimal(needed + RESERVE)}. Received: {decimal(free)} free. "
            "Make room, or give a folder on another disk with --out."
        )
