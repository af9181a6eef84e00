"""Unpack a zip archive: safely, each file whole or not at all, resumed where it stopped."""

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable

from skin_data.download.ledger import Ledger
from skin_data.download.remote import RemoteFile, inside
from skin_data.download.transfer import checksum_of
from triage.atomic import replacing
from triage.errors import UnusableInput

RESOURCE_FORKS = "__MACOSX/"  # macOS puts them into archives


def unpack(remote: RemoteFile, ledger: Ledger, progress: Callable[[str, int, int], None]) -> None:
    """Unpack a downloaded archive below the data set's folder and remove it.

    All names are checked before the first file is written. Complete files are left alone. `progress(stage, done,
    total)` is called after each file.

    Raises:
        UnusableInput: not a zip archive, damaged, a name leads out of the folder, a foreign file is in the way, or the
            disk is full.
    """
    path = ledger.folder / remote.path
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                "/".join(filter(None, (remote.unpack_into, member.filename))): member
                for member in archive.infolist()
                if not member.is_dir() and not member.filename.startswith(RESOURCE_FORKS)
            }
            for member in members.values():
                inside(ledger.folder / (remote.unpack_into or ""), member.filename)
            for done, (name, member) in enumerate(members.items(), start=1):
                if not ledger.holds(name, _identity(member)):
                    _unpack_one(archive, member, name, remote, ledger)
                progress(f"unpack {path.name}", done, len(members))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnusableInput(
            f"The archive cannot be unpacked. Received: {path}: {error}. Remove it and run the same command again; if "
            "it happens again, the server's copy is damaged."
        ) from error
    except OSError as error:
        raise UnusableInput(
            f"The archive could not be unpacked. Received: {path}: {error.strerror or error}. What is complete stays: "
            "check disk space and permissions, and run the same command again."
        ) from error
    ledger.remove_withdrawn(
        [name for name, entry in ledger.entries.items() if entry.get("archive") == remote.path and name not in members]
    )
    ledger.record(remote.path, remote.identity, members=len(members))
    path.unlink()


def _unpack_one(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, remote: RemoteFile, ledger: Ledger
) -> None:
    target = inside(ledger.folder, name)
    identity = _identity(member)
    if name not in ledger.entries and target.exists():
        # Perhaps unpacked by hand.
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
