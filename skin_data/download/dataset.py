"""Bring a whole data set to the disk: files, then archives, with what is there already left alone."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

from skin_data.download.archive import unpack
from skin_data.download.checksum import checksum_of
from skin_data.download.ledger import Ledger
from skin_data.download.remote import Offer, RangeRefused, RemoteFile, inside
from skin_data.download.retrying import retrying
from skin_data.download.space import check_space, in_words
from skin_data.download.transfer import PARTIAL, DiskFull, fetch_file, partial_path
from triage.errors import UnusableInput

WORKERS = 8  # small files wait for the server more than for the network
FAILURES = 10  # files that may be refused before the rest is not asked for any more
ByteProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Downloaded:
    """What a download did.

    Attributes:
        folder: of the data set.
        files: complete files in it that are the data set's.
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
    bytes_progress: ByteProgress = lambda done, total: None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Downloaded:
    """Download what an offer holds into a folder and unpack its archives.

    Killed and called again, it goes on where it was: complete files are not fetched again, begun ones continue.

    Args:
        offer: the data set as the server has it.
        folder: for it; made if needed.
        workers: files that are fetched at once.
        bytes_progress: called as `bytes_progress(done, total)`, from one thread at a time.
        progress: called as `progress(stage, done, total)` for the unpacking.

    Raises:
        ConnectionLost: the network failed and did not come back.
        UnusableInput: the server refused, sent something damaged, or the disk is full; everything complete stays.
    """
    begun = time.perf_counter()
    for remote in offer.files:
        inside(folder, remote.path)
    with Ledger(folder) as ledger:
        counter = _Counter(offer, bytes_progress)
        missing = [remote for remote in offer.files if not _is_here(remote, ledger, counter)]
        plain = [remote for remote in missing if remote.unpack_into is None]
        archives = [remote for remote in missing if remote.unpack_into is not None]
        check_space(folder, _needed(folder, plain, archives, ledger, offer.size))
        _fetch_together(plain, ledger, counter, workers, offer.where)
        for remote in archives:
            if ledger.holds(remote.path, remote.identity) or _adopted(remote, ledger):
                counter.found(remote.size or 0)
            else:
                _fetch_one(remote, ledger, counter, None)
            unpack(remote, ledger, progress)
        now = {remote.path for remote in offer.files}
        ledger.remove_withdrawn(
            [path for path, entry in ledger.entries.items() if path not in now and entry.get("archive") not in now]
        )
        # Beginnings of files whose content on the server has changed since.
        for leftover in folder.rglob(".*.part"):
            if PARTIAL.fullmatch(leftover.name):
                leftover.unlink()
        files = sum(
            ledger.entries[remote.path].get("members", 1) for remote in offer.files if remote.path in ledger.entries
        )
    return Downloaded(folder, files, counter.fetched, round(time.perf_counter() - begun, 1))


class _Counter:
    """Bytes that are here, of all; shared by threads."""

    def __init__(self, offer: Offer, report: ByteProgress):
        self.total, self.done, self.here_before = offer.size, 0, 0
        self._report, self._lock = report, threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self.done += count
            # A server may tell an approximate size.
            self._report(min(self.done, self.total), self.total)

    def found(self, count: int) -> None:
        """Count bytes that an earlier run brought."""
        with self._lock:
            self.here_before += count
        self.add(count)

    @property
    def fetched(self) -> int:
        return max(0, self.done - self.here_before)


def _is_here(remote: RemoteFile, ledger: Ledger, counter: _Counter) -> bool:
    if remote.unpack_into is not None:
        here = ledger.unpacked(remote.path, remote.identity)
    else:
        here = ledger.holds(remote.path, remote.identity) or _adopted(remote, ledger)
    if here:
        counter.found(remote.size or 0)
    return here


def _adopted(remote: RemoteFile, ledger: Ledger) -> bool:
    """Whether a file that is not in the ledger is the server's, brought by a browser, perhaps.

    Raises:
        ConnectionLost: the network failed while the server was asked for the file's checksum.
        UnusableInput: it is a file of the person's own.
    """
    path = ledger.folder / remote.path
    # An archive that was unpacked was removed: what lies in its place came from elsewhere.
    unpacked = "members" in ledger.entries.get(remote.path, {})
    if (ledger.knows(remote.path) and not unpacked) or not path.exists():
        return False
    if remote.checksum is None and not is_zipfile(path):
        raise _in_the_way(path)
    checksum = remote.checksum or retrying(lambda: _told_checksum(remote, path))
    if checksum and checksum_of(path, checksum.split(":")[0]) != checksum:
        raise _in_the_way(path)
    ledger.record_file(remote.path, remote.identity, checksum, path)
    return True


def _in_the_way(path: Path) -> UnusableInput:
    return UnusableInput(
        f"A file of yours is in the way. Received: {path}, which is not the server's. Move it away, or give another "
        "folder with --out."
    )


def _told_checksum(remote: RemoteFile, path: Path) -> str | None:
    """Ask a server for what follows a file's last byte, because only the transfer tells the checksum."""
    nothing_more = _NothingMore(path)
    try:
        remote.fetch(nothing_more)
    except RangeRefused as error:
        raise _in_the_way(path) from error
    return nothing_more.checksum


class _NothingMore:
    """Receives what a server says of a file that is here, and refuses bytes: they would show that it is another."""

    def __init__(self, path: Path):
        self.path, self.offset = path, path.stat().st_size
        self.checksum: str | None = None

    def expect(self, size: int | None, checksum: str | None) -> None:
        self.checksum = checksum

    def write(self, data: bytes) -> int:
        raise _in_the_way(self.path)

    def restart(self) -> None:
        raise _in_the_way(self.path)


def _needed(
    folder: Path, plain: Sequence[RemoteFile], archives: Sequence[RemoteFile], ledger: Ledger, told: int
) -> int:
    """Bytes of disk that are still needed at most.

    Photos in an archive are compressed already: unpacked they take about as much again. Each archive is removed
    before the next one comes. An archive of unknown size is taken for all that the server told of.
    """
    needed = 0
    for remote in (*plain, *archives):
        partial = partial_path(folder / remote.path, remote)
        begun = partial.stat().st_size if partial.is_file() else 0
        whole = ledger.holds(remote.path, remote.identity)
        needed += 0 if whole else max(0, (told if remote.size is None else remote.size) - begun)
    return needed + max((told if remote.size is None else remote.size for remote in archives), default=0)


def _fetch_one(remote: RemoteFile, ledger: Ledger, counter: _Counter, stopped: threading.Event | None) -> None:
    target = ledger.folder / remote.path
    partial = partial_path(target, remote)
    counter.here_before += partial.stat().st_size if partial.is_file() else 0

    def record(lies: Path, checksum: str | None) -> None:
        ledger.record_file(remote.path, remote.identity, checksum, lies)

    fetch_file(remote, target, counter.add, record, stopped)


def _fetch_together(files: Sequence[RemoteFile], ledger: Ledger, counter: _Counter, workers: int, where: str) -> None:
    """Fetch files several at a time; a refused one does not keep the others from coming."""
    stopped = threading.Event()
    refused: list[str] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        try:
            futures = [pool.submit(_fetch_one, remote, ledger, counter, stopped) for remote in files]
            for future in as_completed(futures):
                try:
                    future.result()
                except DiskFull:
                    raise
                except UnusableInput as error:
                    refused.append(str(error))
                    if len(refused) >= FAILURES:
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
            f"{len(refused)} of {len(files)} files did not come from {where}; all others are complete.\n{listed}"
        )


def summary(result: Downloaded) -> str:
    """Say what a download did, in one sentence."""
    came = f"{in_words(result.fetched)} fetched" if result.fetched else "nothing had to be fetched"
    return f"{result.files:,} files complete in {result.folder}, {came}, {result.seconds:.0f} s."
