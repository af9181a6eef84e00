"""The Kaggle "Skin Diseases Image Dataset", through kagglehub.

Kaggle keeps two clients, both alive and both on top of the same kagglesdk. `kagglehub` is the one made to be called
from Python; `kaggle` is made to be a command, wants Python 3.11 and brings Jupyter's formats along.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from typing import Any

from skin_data.download.agreement import Terms, plain
from skin_data.download.checksum import from_base64
from skin_data.download.remote import Offer, Receiver, RemoteFile, broken_off, refusal
from skin_data.download.retrying import retrying
from triage.errors import UnusableInput

OWNER, NAME = "ismailpromus", "skin-diseases-image-dataset"
ARCHIVE = f"{NAME}.zip"
TIMEOUT = (30.0, 60.0)  # seconds to connect, and without a byte
BLOCK = 1 << 14  # bytes; of a connection that breaks, an unfinished block is lost
TOKEN_ADVICE = (
    "Kaggle wants to know you: sign in at https://www.kaggle.com/settings/api, press 'Generate New Token', and put it "
    "into the environment variable KAGGLE_API_TOKEN or the file ~/.kaggle/access_token; an older kaggle.json in "
    "~/.kaggle works, too. Then run the same command again."
)
TERMS = Terms(
    title="Skin Diseases Image Dataset (Kaggle): photos in ten classes",
    page=f"https://www.kaggle.com/datasets/{OWNER}/{NAME}",
    licence="as its page on Kaggle says",
    licence_page=f"https://www.kaggle.com/datasets/{OWNER}/{NAME}",
    conditions=(
        "Kaggle's terms of use apply: https://www.kaggle.com/terms.",
        "Its uploader put it together from other collections: rights in the photos may lie with their owners. Ask them "
        "before any use but private study.",
    ),
    citation=f"https://www.kaggle.com/datasets/{OWNER}/{NAME}",
)


def offer_kaggle(server: str | None = None) -> Offer:
    """Ask Kaggle for version, size and licence of the data set; nothing of it is downloaded.

    A public data set needs no token as long as Kaggle asks for none.

    Args:
        server: must be None; kagglesdk knows Kaggle's own addresses only.

    Raises:
        ModuleNotFoundError: kagglehub is not installed.
        ConnectionLost: no connection.
        UnusableInput: no token, a wrong one, or the data set is not there.
    """
    if server:
        raise UnusableInput(f"Kaggle has one address only. Received: --server {server}. Leave it out.")
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    _quiet()
    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = OWNER, NAME

    def ask() -> Any:
        with _in_words("the data set's description"), _client() as client:
            return client.datasets.dataset_api_client.get_dataset(request)

    about = retrying(ask)
    version = about.current_version_number
    archive = RemoteFile(
        ARCHIVE,
        None,  # the size in the description is that of the files, or nearly; the archive's comes with it
        None,
        partial(_fetch, version),
        version=f"version-{version}",
        unpack_into="",
    )
    return Offer(TERMS, (archive,), TERMS.page, about.total_bytes, plain(about.license_name))


def _fetch(version: int, receiver: Receiver) -> None:
    import requests
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = OWNER, NAME
    # A named version: the beginning from an earlier run and the rest from now belong together.
    request.dataset_version_number = version or None
    with _in_words(ARCHIVE), _client() as client:
        with client.datasets.dataset_api_client.download_dataset(request) as answer:
            length = answer.headers.get("Content-Length")
            size = int(length) if length else None
            receiver.expect(size, _md5(answer.headers.get("x-goog-hash", "")))
            if size is not None and receiver.offset > size:
                receiver.restart()
            if size is not None and receiver.offset == size:
                return
            if not answer.history:
                _receive(answer, receiver)
                return
        # As kagglehub does: the storage behind the redirection takes byte ranges. It is always asked anew, because
        # kagglesdk sets no time limit, and a stalled network would hang for ever.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={receiver.offset}-"} if receiver.offset else {})
        with requests.get(answer.url, headers=headers, stream=True, timeout=TIMEOUT) as rest:
            rest.raise_for_status()
            _receive(rest, receiver)


def _receive(answer: Any, receiver: Receiver) -> None:
    if receiver.offset and answer.status_code != 206:
        receiver.restart()
    for block in answer.iter_content(BLOCK):
        receiver.write(block)


def _md5(header: str) -> str | None:
    """MD5 of a header such as `crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ==`."""
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "md5":
            return from_base64("md5", value)
    return None


@contextmanager
def _client() -> Iterator[Any]:
    from kagglehub.clients import build_kaggle_client

    # It prints that it is outdated on standard output, which belongs to our results.
    with redirect_stdout(sys.stderr):
        try:
            client = build_kaggle_client()
        except ValueError as error:  # a kaggle.json that is none
            raise UnusableInput(f"Kaggle's token cannot be read. Received: {error}. {TOKEN_ADVICE}") from error
        with client:
            yield client


def _quiet() -> None:
    import kagglehub  # noqa: F401  (sets its logger up)

    logging.getLogger("kagglehub").setLevel(logging.ERROR)


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Put the client's exceptions into words."""
    import requests
    import urllib3

    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status >= 400:
            raise refusal(status, what, TERMS.page, TOKEN_ADVICE) from error
        # Kaggle may tell an error in the text of an answer that says 200.
        raise UnusableInput(f"Kaggle refused to send {what}. Received: {error}. {TOKEN_ADVICE}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        raise broken_off(what, TERMS.page, error) from error
