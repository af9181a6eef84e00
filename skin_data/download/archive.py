"""Unpack a zip archive: safely, each file whole or not at all, resumed where it stopped."""

import lzma
import shutil
import zipfile
import zlib
from pathlib import Path

from skin_data.download.ledger import Ledger
from skin_data.download.remote import RemoteFile, inside
from skin_data.progress import Progress
from triage.atomic import replacing
from triage.errors import UnusableInput


def unpack(path: Path, remote: RemoteFile, ledger: Ledger, progress: Progress) -> None:
    """Unpack the archive at `path` below the data set's folder and remove it; complete files are left alone.

    All names are checked before the first file is written.

    Raises:
        UnusableInput: not a zip archive, damaged, a name leads out of the folder, or a foreign file is in the way.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                "/".join(filter(None, (remote.unpack_into, member.filename))): member
                for member in archive.infolist()
                if not member.is_dir() and not member.filename.startswith("__MACOSX/")
            }
            for member in members.values():
                inside(ledger.folder / (remote.unpack_into or ""), member.filename)
            for done, (name, member) in enumerate(members.items(), start=1):
                _unpack_member(archive, member, name, remote, ledger)
                progress(f"unpack {remote.path}", done, len(members))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
        path.unlink()
        raise UnusableInput(
            f"{remote.path} cannot be unpacked and was discarded. Received: {error}. Run the same command again; if it "
            "happens again, the server's copy is damaged."
        ) from error
    ledger.remove_withdrawn(set(ledger.members(remote.path)) - set(members))
    ledger.keep(remote.path, {"identity": remote.identity, "members": len(members)})
    path.unlink()


def _unpack_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, remote: RemoteFile, ledger: Ledger
) -> None:
    target, checksum = inside(ledger.folder, name), f"crc32:{member.CRC:08x}"
    if ledger.holds(name, checksum):
        return
    if name not in ledger.results and target.exists():
        ledger.adopt(name, checksum, checksum, remote.path, archive=remote.path)
        return
    with replacing(target) as temporary, archive.open(member) as packed, open(temporary, "wb") as file:
        shutil.copyfileobj(packed, file, 1 << 20)  # reading to the end checks the CRC
        file.close()
        ledger.record(name, checksum, checksum, temporary, archive=remote.path)
