"""What a server offers, and how its refusals are put into words."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from skin_data.download.agreement import Terms
from triage.errors import SkinDistillError, UnusableInput


class ConnectionLost(SkinDistillError):
    """The network or the server failed in a way that another attempt may overcome."""


class RangeRefused(ConnectionLost):
    """The server has no bytes from there on; the file must be fetched from its beginning."""


class Receiver(Protocol):
    """Where the bytes of a file go.

    Attributes:
        offset: bytes that are there already; the server is asked for the rest.
    """

    offset: int

    def write(self, data: bytes) -> int:
        """Append bytes."""

    def restart(self) -> None:
        """Throw away what is there, because the server sends the file from its beginning."""

    def expect(self, size: int | None, checksum: str | None) -> None:
        """Tell what the server says of the file once it is asked for it."""


@dataclass(frozen=True)
class RemoteFile:
    """One file on a server.

    Attributes:
        path: where it goes, relative to the data set's folder, with slashes.
        size: in bytes; None where only the transfer itself tells.
        checksum: as the server gives it, `md5:` or `crc32c:` and hexadecimal digits; None likewise.
        fetch: sends the file's bytes from `receiver.offset` on to the receiver.
        version: names the content where there is no checksum beforehand.
        unpack_into: the file is a zip archive that is unpacked into this folder below the data set's and removed;
            None for a file that stays as it is.
    """

    path: str
    size: int | None
    checksum: str | None
    fetch: Callable[[Receiver], None]
    version: str = ""
    unpack_into: str | None = None

    @property
    def identity(self) -> str:
        """What must be the same for two downloads to be of the same content."""
        return self.checksum or self.version


@dataclass(frozen=True)
class Offer:
    """A data set as a server has it now.

    Attributes:
        terms: under which it may be used.
        files: all of them.
        where: address of the data set, for messages.
        size: bytes to transfer, as far as known beforehand.
        licence_there: what the server itself says of the licence; empty where it says nothing.
    """

    terms: Terms
    files: tuple[RemoteFile, ...]
    where: str
    size: int
    licence_there: str = ""


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file that a server or an archive names, below a folder.

    Raises:
        UnusableInput: the name would lead out of the folder.
    """
    relative = PurePosixPath(name)
    path = folder / relative
    leads_out = relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name or not relative.parts
    # A link that lies in the folder already can lead out of it as well.
    if leads_out or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise UnusableInput(f"A name leads out of the folder {folder}; nothing was written there. Received: {name!r}.")
    return path


def refusal(status: int, what: str, where: str, advice: str = "") -> SkinDistillError:
    """Put an HTTP status into words.

    Args:
        status: HTTP status of 400 or more.
        what: was asked for.
        where: it was asked for.
        advice: what to do about 401 and 403 at this server.

    Returns:
        `ConnectionLost` where another attempt may help, else `UnusableInput`.
    """
    asked = f"{what} from {where}. Received: HTTP {status}"
    if status == 404:
        return UnusableInput(f"There is no {asked}. The data set may have moved: look at {where} in a browser.")
    if status in (401, 403):
        return UnusableInput(f"No permission to get {asked}. {advice or 'Look at the address in a browser.'}")
    if status == 416:
        return RangeRefused(f"The server refused to go on sending {asked}. Run the same command again.")
    if status in (408, 425, 429) or status >= 500:
        return ConnectionLost(f"The server could not send {asked}. Run the same command again in a while.")
    return UnusableInput(f"The server refused to send {asked}. Look at {where} in a browser.")


def broken_off(what: str, where: str, error: BaseException) -> ConnectionLost:
    """Say that the network failed."""
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return ConnectionLost(
        f"The connection failed while getting {what} from {where}. Received: {reason}. What is complete stays: check "
        "the network and run the same command again; it goes on from there."
    )
