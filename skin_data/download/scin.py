"""SCIN from Google Cloud Storage, through google-cloud-storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from skin_data.download.agreement import Terms
from skin_data.download.remote import Offer, RemoteFile, retrying, translated_errors
from skin_data.download.transfer import PartialFile, from_base64
from triage.errors import UnusableInput

BUCKET, PREFIX = "dx-scin-public-data", "dataset/"  # github.com/google-research-datasets/scin, README and scin_demo
TABLES = ("dataset/scin_cases.csv", "dataset/scin_labels.csv")
TIMEOUT = 60.0  # seconds without a byte
ADVICE = "Its owner may have closed it for a while: look at the issues of its page on GitHub."
TERMS = Terms(
    title="SCIN, Skin Condition Image Network: 10,000+ photos of 5,000+ contributions by internet users",
    page="https://github.com/google-research-datasets/scin",
    licence="SCIN Data Use License",
    licence_page="https://github.com/google-research-datasets/scin/blob/main/LICENSE",
    conditions=(
        "You may not attempt to re-identify or re-link any person; doing so ends all your rights at once (section 3b).",
        "Whoever shares the data or something made from it names the creators, links the licence and says what was "
        "changed (section 3a).",
        "It comes as it is, without warranty (section 5).",
        "It holds images of medical conditions, some of them sensitive or graphic.",
    ),
    citation="Ward et al. 2024, Crowdsourcing Dermatology Images with Google Search Ads, arXiv:2402.18545",
)


def offer_scin(server: str | None = None) -> Offer:
    """List the data set as the bucket has it now; nothing of it is downloaded.

    Args:
        server: another endpoint of the same interface; Google's if None.

    Raises:
        ModuleNotFoundError: google-cloud-storage is not installed.
        ConnectionLost: no connection.
        UnusableInput: there is no such bucket, or it does not hold the data set.
    """
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    # The bucket is public: no account and no key is used, not even one that is on this machine.
    client = storage.Client(
        project="<none>",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": server} if server else None,
    )
    where = f"gs://{BUCKET}/{PREFIX}" + (f" at {server}" if server else "")

    def listing() -> list[RemoteFile]:
        with _translated("the list of files", where):
            blobs = client.list_blobs(
                BUCKET,
                prefix=PREFIX,
                fields="items(name,size,md5Hash,crc32c,contentEncoding),nextPageToken",
                timeout=TIMEOUT,
                retry=None,
            )
            return [_remote_file(blob, where) for blob in blobs if not blob.name.endswith("/")]

    files = retrying(listing)
    if absent := [table for table in TABLES if table not in {file.path for file in files}]:
        raise UnusableInput(
            f"The bucket does not hold the data set as published: {', '.join(absent)} missing. Received: "
            f"{len(files)} files in {where}. Look at {TERMS.page}."
        )
    return Offer(TERMS, tuple(files), where, sum(file.size or 0 for file in files))


def _remote_file(blob: Any, where: str) -> RemoteFile:
    # Composite objects have no MD5; every object has a CRC32C.
    checksum = from_base64("md5", blob.md5_hash) or from_base64("crc32c", blob.crc32c)
    if blob.content_encoding == "gzip":
        # Stored compressed but served uncompressed: size and checksum are of what is stored.
        return RemoteFile(blob.name, None, None, partial(_fetch_uncompressed, blob, where), version=checksum or "")
    return RemoteFile(blob.name, blob.size, checksum, partial(_fetch, blob, where))


def _fetch(blob: Any, where: str, file: PartialFile) -> None:
    # Raw bytes are what size and checksum are of. The client's own retries and checksum cover one call only; ours cover
    # the whole file, over several runs.
    options = {"raw_download": True, "checksum": None, "timeout": TIMEOUT, "retry": None}
    with _translated(blob.name, where):
        blob.download_to_file(file, start=file.offset or None, **options)


def _fetch_uncompressed(blob: Any, where: str, file: PartialFile) -> None:
    if file.offset:
        file.restart()
    with _translated(blob.name, where):
        # In one piece, so that the client's checksum over the stored bytes covers it.
        blob.download_to_file(file, checksum="auto", timeout=TIMEOUT, retry=None)


@contextmanager
def _translated(what: str, where: str) -> Iterator[None]:
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import TransportError
    from google.cloud.storage.exceptions import DataCorruption

    with translated_errors(what, where, ADVICE, GoogleAPICallError, RetryError, TransportError):
        try:
            yield
        except DataCorruption as error:
            raise UnusableInput(f"{what} from {where} is damaged: {error}. Run the same command again.") from error
