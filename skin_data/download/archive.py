"""Unpack a zip archive: safely, each file whole or not at all, and on from where it was."""

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from skin_data.download.checksum import checksum_of
from skin_data.download.ledger import Ledger
from skin_data.download.remote import RemoteFile, inside
from skin_data.download.space import check_space
from triage.atomic import replacing
from triage.errors import UnusableInput

LEFT_BY_SYSTEMS = ("__MACOSX/",)  # resource forks that macOS puts into archives


def unpack(remote: RemoteFile, ledger: Ledger, progress: Callable[[str, int, int], None]) -> int:
    """Unpack a downloaded archive below the data set's folder and remove it.

    Names are checked before the first file is written. Files that are there and complete are left alone.

    Args:
        remote: the archive; it lies at its path in the ledger's folder.
        ledger: of the data set's folder.
        progress: called as `progress(stage, done, total)`.

    Returns:
        Number of files in it.

    Raises:
        UnusableInput: not a zip archive, damaged, a name leads out of the folder, a file of one's own is in the way,
            or the disk is full.
    """
    path = ledger.folder / remote.path
    stage = f"unpack {Path(remote.path).name}"
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, remote, ledger.folder)
            open_members = [
                (member, name) for name, member in members.items() if not ledger.holds(name, _identity(member))
            ]
            check_space(ledger.folder, sum(member.file_size for member, _ in open_members))
            done = len(members) - len(open_members)
            for member, name in open_members:
                _unpack_one(archive, member, name, remote, ledger)
                done += 1
                progress(stage, done, len(members))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnusableInput(
            f"The archive cannot be unpacked. Received: {path}: {error}. Remove it and run the same command again; if "
            "it comes so again, the server's copy is damaged."
        ) from error
    except OSError as error:
        raise UnusableInput(
            f"The archive could not be unpacked. Received: {path}: {error.strerror or error}. What is complete stays: "
            "put it right (room on the disk, permissions) and run the same command again."
        ) from error
    from_older = [name for name, entry in ledger.entries.items() if entry.get("archive") == remote.path]
    ledger.remove_withdrawn(name for name in from_older if name not in members)
    ledger.record(remote.path, remote.identity, members=len(members))
    path.unlink()
    return len(members)


def _members(archive: zipfile.ZipFile, remote: RemoteFile, folder: Path) -> dict[str, zipfile.ZipInfo]:
    """Files of an archive by their path below the data set's folder."""
    members = {}
    for member in archive.infolist():
        if member.is_dir() or member.filename.startswith(LEFT_BY_SYSTEMS):
            continue
        inside(folder / (remote.unpack_into or ""), member.filename)
        members["/".join(filter(None, (remote.unpack_into, member.filename)))] = member
    return members


def _unpack_one(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, remote: RemoteFile, ledger: Ledger
) -> None:
    target = inside(ledger.folder, name)
    identity = _identity(member)
    if not ledger.knows(name) and target.exists():
        # Unpacked by hand, perhaps.
        if target.stat().st_size != member.file_size or checksum_of(target, "crc32") != identity:
            raise UnusableInput(
                f"A file of yours is in the way. Received: {target}, which is not the one in {remote.path}. Move it "
                "away, or give another folder."
            )
        ledger.record_file(name, identity, identity, target, archive=remote.path)
    else:
        with replacing(target) as temporary, archive.open(member) as packed, open(temporary, "wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)  # reading to the end checks the CRC
            file.close()
            ledger.record_file(name, identity, identity, temporary, archive=remote.path)


def _identity(member: zipfile.ZipInfo) -> str:
    return f"crc32:{member.CRC:08x}"
