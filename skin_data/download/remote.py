"""What a server offers, and its failures as errors of ours."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from skin_data.download.agreement import Terms
from triage.errors import SkinDistillError, UnusableInput

if TYPE_CHECKING:
    from skin_data.download.transfer import PartialFile

T = TypeVar("T")
LIST_ATTEMPTS = 3
PAUSE = 1.0  # seconds before the second attempt; doubled before each further one


class ConnectionLost(SkinDistillError):
    """The network or the server failed in a way that another attempt may overcome."""


class RangeRefused(ConnectionLost):
    """The server has no bytes from this offset on; the file must be fetched from its beginning."""


@dataclass(frozen=True)
class RemoteFile:
    """One file on a server.

    Attributes:
        path: where it goes, relative to the data set's folder, with slashes.
        size: in bytes; None where only the transfer itself tells.
        checksum: as the server gives it, `md5:` or `crc32c:` and hexadecimal digits; None likewise.
        fetch: writes the file's bytes from `partial.offset` on to the partial file.
        version: identifies the content where there is no checksum beforehand.
        unpack_into: folder below the data set's into which this zip archive is unpacked before it is removed; None for
            a file that stays as it is.
    """

    path: str
    size: int | None
    checksum: str | None
    fetch: "Callable[[PartialFile], None]"
    version: str = ""
    unpack_into: str | None = None

    @property
    def identity(self) -> str:
        """Equal for equal contents."""
        return self.checksum or self.version


@dataclass(frozen=True)
class Offer:
    """A data set as a server has it now.

    Attributes:
        terms: under which it may be used.
        files: all of them.
        where: address for messages.
        size: bytes of all files, perhaps approximate; 0 if unknown.
        licence_there: what the server says of the licence.
    """

    terms: Terms
    files: tuple[RemoteFile, ...]
    where: str
    size: int
    licence_there: str = ""


def inside(folder: Path, name: str) -> Path:
    """Return the path of a name below a folder; UnusableInput if it would lie outside."""
    relative = PurePosixPath(name)
    path = folder / relative
    outside = relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name or not relative.parts
    # A link that is already in the folder can lead out of it as well.
    if outside or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise UnusableInput(f"A name leads out of the folder {folder}; nothing was written there. Received: {name!r}.")
    return path


def retrying(ask: Callable[[], T]) -> T:
    """Return what a server answers, asking again after a `ConnectionLost`, up to `LIST_ATTEMPTS` times."""
    for attempt in range(LIST_ATTEMPTS - 1):
        try:
            return ask()
        except ConnectionLost:
            time.sleep(PAUSE * 2**attempt)
    return ask()


@contextmanager
def translated_errors(what: str, where: str, advice: str, *libraries: type[Exception]) -> Iterator[None]:
    """Translate the exceptions of HTTP libraries.

    Args:
        what: is asked for.
        where: it is asked for.
        advice: what to do about HTTP 401 and 403 at this server.
        libraries: further base classes beside those of requests and urllib3.

    Raises:
        ConnectionLost: the network failed, or another attempt may help.
        UnusableInput: the server refused.
    """
    import requests
    import urllib3

    bases = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError, *libraries)
    try:
        yield
    except Exception as error:
        if not isinstance(error, bases):
            raise
        status = getattr(error, "code", None) or getattr(getattr(error, "response", None), "status_code", 0)
        if status and int(status) >= 400:
            raise refusal(int(status), what, where, advice) from error
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConnectionLost(
            f"The connection failed while getting {what} from {where}. Received: {reason}. What is complete stays: "
            "check the network and run the same command again to resume."
        ) from error


def refusal(status: int, what: str, where: str, advice: str) -> SkinDistillError:
    """Return the error of an HTTP status of 400 or more: `ConnectionLost` where another attempt may help."""
    asked = f"{what} from {where}. Received: HTTP {status}"
    if status == 404:
        return UnusableInput(f"There is no {asked}. The data set may have moved: look at {where} in a browser.")
    if status in (401, 403):
        return UnusableInput(f"No permission to get {asked}. {advice}")
    if status == 416:
        return RangeRefused(f"The server refused to resume {asked}. Run the same command again.")
    if status in (408, 425, 429) or status >= 500:
        return ConnectionLost(f"The server could not send {asked}. Run the same command again in a while.")
    return UnusableInput(f"The server refused to send {asked}. Look at {where} in a browser.")
