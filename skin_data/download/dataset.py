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
from skin_data.download.remote import Offer, RemoteFile, inside
from skin_data.download.transfer import DiskFull, checksum_of, fetch_file, partial_path
from triage.errors import UnusableInput

WORKERS = 8  # small files wait for the server more than for the network
MAX_FAILURES = 10  # refused files after which the rest is not asked for
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
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
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
    for remote in offer.files:
        inside(folder, remote.path)
    with closing(Ledger(folder)) as ledger:
        counter = _Counter(offer.size, bytes_progress)
        missing = []
        for remote in offer.files:
            if _is_complete(remote, ledger):
                counter.add(remote.size or 0, False)
            else:
                missing.append(remote)
        partials = {partial_path(folder / remote.path, remote): remote for remote in missing}
        for leftover in folder.rglob(".*.part"):
            if leftover not in partials:
                leftover.unlink()  # of other content than the server has now
        _check_space(folder, partials, ledger, offer.size)
        archives = [remote for remote in missing if remote.unpack_into is not None]
        _fetch_all([remote for remote in missing if remote.unpack_into is None], ledger, counter, workers, offer.where)
        for remote in archives:
            if ledger.holds(remote.path, remote.identity) or _is_adopted(remote, ledger):
                counter.add(remote.size or 0, False)
            else:
                _fetch(remote, ledger, counter, threading.Event())
            unpack(remote, ledger, progress)
        now = {remote.path for remote in offer.files}
        ledger.remove_withdrawn(
            [path for path, entry in ledger.entries.items() if path not in now and entry.get("archive") not in now]
        )
        files = sum(ledger.entries[path].get("members", 1) for path in now)
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
    return ledger.holds(remote.path, remote.identity) or _is_adopted(remote, ledger)


def _is_adopted(remote: RemoteFile, ledger: Ledger) -> bool:
    """Record a file that is not in the ledger but has the server's checksum, such as one downloaded in a browser.

    Any other file there is foreign: UnusableInput.
    """
    path = ledger.folder / remote.path
    # An unpacked archive was removed: a file in its place came from elsewhere.
    unpacked = "members" in ledger.entries.get(remote.path, {})
    if (remote.path in ledger.entries and not unpacked) or not path.exists():
        return False
    if remote.checksum is None or checksum_of(path, remote.checksum.split(":")[0]) != remote.checksum:
        raise UnusableInput(
            f"A file of yours is in the way. Received: {path}, which is not the server's. Move it away, or give "
            "another folder with --out."
        )
    ledger.record_file(remote.path, remote.identity, remote.checksum, path)
    return True


def _check_space(folder: Path, partials: dict[Path, RemoteFile], ledger: Ledger, total: int) -> None:
    """Check that the missing files and the largest unpacked archive fit on the disk.

    Photos in an archive are compressed already, so unpacked they take about as much again; each archive is removed
    before the next one comes. An archive of unknown size is taken for the whole data set.
    """
    needed, largest = 0, 0
    for partial, remote in partials.items():
        size = total if remote.size is None else remote.size
        largest = max(largest, size if remote.unpack_into is not None else 0)
        if not ledger.holds(remote.path, remote.identity):
            needed += max(0, size - (partial.stat().st_size if partial.is_file() else 0))
    needed += largest
    free = shutil.disk_usage(folder).free
    if needed and needed + RESERVE > free:
        raise UnusableInput(
            f"Too little disk space in {folder}. Needed: {decimal(needed + RESERVE)}. Received: {decimal(free)} free. "
            "Make room, or give a folder on another disk with --out."
        )


def _fetch(remote: RemoteFile, ledger: Ledger, counter: _Counter, stopped: threading.Event) -> None:
    def record(at: Path, checksum: str | None) -> None:
        ledger.record_file(remote.path, remote.identity, checksum, at)

    fetch_file(remote, ledger.folder / remote.path, counter.add, record, stopped)


def _fetch_all(files: Sequence[RemoteFile], ledger: Ledger, counter: _Counter, workers: int, where: str) -> None:
    """Fetch files several at a time; a refused one does not stop the others."""
    stopped = threading.Event()
    refused: list[str] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        try:
            futures = [pool.submit(_fetch, remote, ledger, counter, stopped) for remote in files]
            for future in as_completed(futures):
                try:
                    future.result()
                except DiskFull:
                    raise
                except UnusableInput as error:
                    refused.append(str(error))
                    if len(refused) >= MAX_FAILURES:
                        raise
        except BaseException:
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if len(refused) == 1:
        raise UnusableInput(refused[0])
    if refused:
        listed = "\n".join(f"- {message}" for message in refused)
        raise UnusableInput(
            f"{len(refused)} of {len(files)} files could not be downloaded from {where}; all others are complete.\n"
            f"{listed}"
        )
