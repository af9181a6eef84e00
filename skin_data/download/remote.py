"""What a server offers, and its failures as errors of ours."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from skin_data.download.agreement import Terms, plain
from triage.errors import SkinDistillError, UnusableInput

if TYPE_CHECKING:
    import requests

PAUSE = 1.0  # seconds before the second attempt; doubled before each further one
TIMEOUT = (30.0, 60.0)  # seconds to connect, and without a byte
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses after which another attempt may succeed."""


class ConnectionLost(SkinDistillError):
    """The network or the server failed in a way that another attempt may overcome."""


@dataclass(frozen=True)
class RemoteFile:
    """One file on a server.

    Attributes:
        path: where it goes, relative to the data set's folder, with slashes.
        size: in bytes; None where only the transfer itself tells.
        checksum: `md5:` or `crc32c:` and hexadecimal digits; None where the server gives none.
        url: its address.
        version: identifies the content where there is no checksum beforehand.
        unpack_into: folder below the data set's into which this zip archive is unpacked before it is removed; None for
            a file that stays as it is.
        locate: gives size, checksum and address just before the transfer, where they are not known earlier.
    """

    path: str
    size: int | None
    checksum: str | None
    url: str = ""
    version: str = ""
    unpack_into: str | None = None
    locate: "Callable[[RemoteFile], RemoteFile]" = lambda remote: remote

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
        advice: what to do when the server refuses.
    """

    terms: Terms
    files: tuple[RemoteFile, ...]
    where: str
    size: int
    licence_there: str = ""
    advice: str = ""


def inside(folder: Path, name: str) -> Path:
    """Return the path of a name below a folder; UnusableInput if it would lie outside."""
    relative = PurePosixPath(name)
    path = folder / relative
    outside = relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name or not relative.parts
    # A link that is already in the folder can lead out of it as well.
    if outside or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise UnusableInput(f"A name leads out of the folder {folder}; nothing was written there. Received: {name!r}.")
    return path


def open_session() -> "requests.Session":
    """Open an HTTP session that repeats requests after `TEMPORARY` failures."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(4, backoff_factor=PAUSE, status_forcelist=TEMPORARY, raise_on_status=False)
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=64, max_retries=retry))
    return session


def ask(session: "requests.Session", url: str, params: Mapping[str, str], where: str, advice: str) -> Any:
    """Return a server's JSON description of a data set; see `translated_errors`."""
    with translated_errors("the list of files", where, advice):
        response = session.get(url, params=params, timeout=TIMEOUT)
        response.raise_for_status()
        with suppress(ValueError):
            if response.status_code == 200:
                return response.json()
    raise UnusableInput(
        f"The response is not a list of files. Received from {where}: HTTP {response.status_code}, "
        f"{plain(response.text, 100) or 'nothing'}. {advice}"
    )


@contextmanager
def translated_errors(what: str, where: str, advice: str) -> Iterator[None]:
    """Translate the exceptions of HTTP libraries; `advice` says what to do about HTTP 401 and 403.

    Raises:
        ConnectionLost: the network failed, or another attempt may help.
        UnusableInput: the server refused.
    """
    import requests
    import urllib3

    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        asked = f"{what} from {where}. Received: HTTP {status}"
        if status in (401, 403):
            raise UnusableInput(f"No permission to get {asked}. {advice}") from error
        if status in TEMPORARY:
            raise ConnectionLost(f"The server could not send {asked}. Run the same command again later.") from error
        if status >= 400:
            raise UnusableInput(
                f"The server refused to send {asked}. The data set may have moved: look at it in a browser."
            ) from error
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConnectionLost(
            f"The connection failed while getting {what} from {where}. Received: {reason}. What is complete stays: "
            "check the network and run the same command again to resume."
        ) from error
