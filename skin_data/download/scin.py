"""SCIN from Google Cloud Storage, through its JSON API.

The bucket is public: no account is needed, and no key on this machine is used.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from skin_data.download.agreement import Terms
from skin_data.download.remote import Offer, RemoteFile, ask, open_session
from skin_data.download.transfer import from_base64
from triage.errors import UnusableInput

SERVER = "https://storage.googleapis.com"
BUCKET, PREFIX = "dx-scin-public-data", "dataset/"  # github.com/google-research-datasets/scin, README and scin_demo
TABLES = ("dataset/scin_cases.csv", "dataset/scin_labels.csv")
FIELDS = "items(name,size,md5Hash,crc32c,contentEncoding),nextPageToken"
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

    Raises:
        ConnectionLost: no connection.
        UnusableInput: no such bucket, or it does not hold the data set.
    """
    address = (server or SERVER).rstrip("/")
    where = f"gs://{BUCKET}/{PREFIX}" + (f" at {server}" if server else "")
    query = {"prefix": PREFIX, "fields": FIELDS}
    objects: list[Mapping[str, Any]] = []
    with open_session() as session:
        while True:
            page = ask(session, f"{address}/storage/v1/b/{BUCKET}/o", query, where, ADVICE)
            objects += page.get("items", ())
            if "nextPageToken" not in page:
                break
            query["pageToken"] = page["nextPageToken"]
    files = [_remote_file(item, address) for item in objects if not item["name"].endswith("/")]
    if absent := [table for table in TABLES if table not in {file.path for file in files}]:
        raise UnusableInput(
            f"The bucket does not hold the data set as published: {', '.join(absent)} missing. Received: "
            f"{len(files)} files in {where}. Look at {TERMS.page}."
        )
    return Offer(TERMS, tuple(files), where, sum(file.size or 0 for file in files), advice=ADVICE)


def _remote_file(item: Mapping[str, Any], address: str) -> RemoteFile:
    # Composite objects have no MD5; every object has a CRC32C.
    checksum = from_base64("md5", item.get("md5Hash")) or from_base64("crc32c", item.get("crc32c"))
    url = f"{address}/download/storage/v1/b/{BUCKET}/o/{quote(item['name'], safe='')}?alt=media"
    if item.get("contentEncoding") == "gzip":
        # Stored compressed but served uncompressed: size and checksum are of what is stored.
        return RemoteFile(item["name"], None, None, url, version=checksum or "")
    return RemoteFile(item["name"], int(item["size"]), checksum, url)
