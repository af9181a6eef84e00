"""Which files of a data set's folder are complete, kept in a file that survives a kill."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skin_data.download.transfer import checksum_of
from skin_data.json_lines import JsonLines
from triage.atomic import writing
from triage.errors import UnusableInput

try:
    import fcntl
except ImportError:  # no such locks on Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".download.jsonl"


class Ledger(JsonLines):
    """Identity, size, checksum and modification time of each complete file, by its path relative to the folder.

    While it is open it keeps other downloads out of the folder; UnusableInput if one is running there.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        with writing(folder / NAME):
            super().__init__(folder / NAME)
        try:
            if fcntl is not None:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise UnusableInput(
                f"Another download is running in this folder. Received: {folder}. Wait for it, or stop it and run this "
                "command again."
            ) from error
        except OSError:
            pass  # some network file systems have no locks

    def record(self, path: str, identity: str, checksum: str | None, at: Path, **facts: Any) -> None:
        """Remember a complete file whose bytes are now `at` another path, from where they will be moved."""
        stat = at.stat()
        facts |= {"identity": identity, "checksum": checksum, "size": stat.st_size, "changed": stat.st_mtime_ns}
        self.keep(path, facts)

    def adopt(self, path: str, identity: str, checksum: str | None, where: str, **facts: Any) -> None:
        """Record a file that is here without a record; UnusableInput if it is another one, which stays."""
        target = self.folder / path
        if checksum is None or checksum_of(target, checksum) != checksum:
            raise UnusableInput(
                f"A file of yours is in the way. Received: {target}, which is not the one of {where}. Move it away, or "
                "give another folder."
            )
        self.record(path, identity, checksum, target, **facts)

    def remove_withdrawn(self, paths: Iterable[str]) -> None:
        """Remove files that only an earlier version of the data set had, unless they were changed here.

        A photo may be withdrawn because the person in it asked for it; it must not stay in training forever.
        """
        for path in list(paths):
            if self.holds(path, self.results[path]["identity"]):
                (self.folder / path).unlink()
            self.keep(path, {"identity": None})

    def holds(self, path: str, identity: str) -> bool:
        """Whether a file is here with this content: by its size, and by its checksum if it was modified since."""
        entry = self.results.get(path, {})
        target = self.folder / path
        if entry.get("identity") != identity or "size" not in entry or not target.is_file():
            return False
        stat = target.stat()
        if stat.st_size != entry["size"] or stat.st_mtime_ns == entry["changed"]:
            return bool(stat.st_size == entry["size"])
        return checksum_of(target, entry["checksum"]) == entry["checksum"]

    def members(self, archive: str) -> list[str]:
        """List the files unpacked from an archive."""
        return [path for path, entry in self.results.items() if entry.get("archive") == archive]

    def unpacked(self, path: str, identity: str) -> bool:
        """Whether all files of an archive are here."""
        archive, members = self.results.get(path, {}), self.members(path)
        complete = archive.get("identity") == identity and len(members) == archive["members"]
        return complete and all(self.holds(member, self.results[member]["identity"]) for member in members)
