"""The Kaggle "Skin Diseases Image Dataset", through kagglehub.

kagglehub 1.0's own `dataset_download` cannot resume into a folder of the user's choice, waits for a stalled server
without limit, and unpacks from the start after a kill. So its client only asks Kaggle where the archive is.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from typing import Any

from skin_data.download.agreement import Terms, plain
from skin_data.download.remote import Offer, RemoteFile, translated_errors
from skin_data.download.transfer import from_base64
from triage.errors import UnusableInput

OWNER, NAME = "ismailpromus", "skin-diseases-image-dataset"
TOKEN_ADVICE = (
    "Kaggle requires an account: sign in at https://www.kaggle.com/settings/api, press 'Generate New Token', and put "
    "the token into the environment variable KAGGLE_API_TOKEN or the file ~/.kaggle/access_token; an older kaggle.json "
    "in ~/.kaggle works, too. Then run the same command again."
)
PAGE = f"https://www.kaggle.com/datasets/{OWNER}/{NAME}"
TERMS = Terms(
    title="Skin Diseases Image Dataset (Kaggle): photos in ten classes",
    page=PAGE,
    licence="as its page on Kaggle says",
    licence_page=PAGE,
    conditions=(
        "Kaggle's terms of use apply: https://www.kaggle.com/terms.",
        "Its uploader put it together from other collections: rights in the photos may lie with their owners. Ask them "
        "before any use but private study.",
    ),
    citation=PAGE,
)


def offer_kaggle(server: str | None = None) -> Offer:
    """Ask Kaggle for version, size and licence of the data set; nothing of it is downloaded.

    Raises:
        ConnectionLost: no connection.
        UnusableInput: a token is needed or wrong, there is no such data set, or a server is given.
    """
    if server:
        raise UnusableInput(f"Kaggle has no mirrors. Received: --server {server}. Leave it out.")
    import kagglehub  # noqa: F401  (configures its logger)
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    logging.getLogger("kagglehub").setLevel(logging.ERROR)
    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = OWNER, NAME
    with _client("the data set's description") as client:
        about = client.datasets.dataset_api_client.get_dataset(request)
    archive = RemoteFile(
        f"{NAME}.zip",
        None,  # the description gives about the size of the files; the archive's comes with the transfer
        None,
        version=f"version-{about.current_version_number}",
        unpack_into="",
        locate=lambda remote: _located(remote, about.current_version_number),
    )
    return Offer(TERMS, (archive,), PAGE, about.total_bytes, plain(about.license_name), TOKEN_ADVICE)


def _located(archive: RemoteFile, version: int) -> RemoteFile:
    """Ask where the archive is now: a signed address in a storage that takes byte ranges."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = OWNER, NAME
    # A fixed version, so that bytes of several runs belong together.
    request.dataset_version_number = version or None
    with _client(archive.path) as client, client.datasets.dataset_api_client.download_dataset(request) as response:
        headers, url = response.headers, response.url
    size = headers.get("Content-Length")
    hashes = dict(part.strip().partition("=")[::2] for part in headers.get("x-goog-hash", "").split(","))
    return replace(archive, size=int(size) if size else None, checksum=from_base64("md5", hashes.get("md5")), url=url)


@contextmanager
def _client(what: str) -> Iterator[Any]:
    """Yield Kaggle's client, and translate its exceptions."""
    import requests
    from kagglehub.clients import build_kaggle_client

    # kagglehub announces new versions of itself on standard output, which is reserved for results.
    with translated_errors(what, PAGE, TOKEN_ADVICE), redirect_stdout(sys.stderr):
        try:
            client = build_kaggle_client()
        except ValueError as error:  # an invalid kaggle.json
            raise UnusableInput(f"Kaggle's token cannot be read. Received: {error}. {TOKEN_ADVICE}") from error
        with client:
            try:
                yield client
            except requests.HTTPError as error:
                # Kaggle may report an error in the text of a response with status 200.
                if error.response is not None and error.response.status_code >= 400:
                    raise
                raise UnusableInput(f"Kaggle refused to send {what}. Received: {error}. {TOKEN_ADVICE}") from error
