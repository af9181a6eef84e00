"""HAM10000 from Harvard Dataverse, through pyDataverse.

The ISIC archive has the same images, but under its own columns; Dataverse has the table `HAM10000_metadata` with
`lesion_id`, `image_id` and `dx`, as the data set was published. pyDataverse 0.3 is, by its own
README, stable and no longer supported; little of it is needed here.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from skin_data.download.agreement import Terms, plain
from skin_data.download.remote import Offer, Receiver, RemoteFile, broken_off, refusal
from skin_data.download.retrying import retrying
from triage.errors import UnusableInput

SERVER, DOI = "https://dataverse.harvard.edu", "doi:10.7910/DVN/DBW86T"
TABLE = "HAM10000_metadata.csv"
# The data set also holds segmentations and the test photos of ISIC 2018, which `prepare ham10000` does not read.
WANTED = re.compile(r"HAM10000_metadata(\.\w+)?|HAM10000_images_part_?\d+\.zip")
TIMEOUT = 60.0  # seconds without a byte
# Seen in August 2026: github.com/IQSS/dataverse.harvard.edu/issues/479.
ADVICE = (
    "Harvard's firewall turns some programs and networks away. Download HAM10000_metadata (original format) and both "
    "HAM10000_images_part archives in a browser into the same folder, and run the same command again later, or unpack "
    "them there yourself."
)
TERMS = Terms(
    title="HAM10000: 10,015 dermatoscopic images of pigmented skin lesions",
    page="https://doi.org/10.7910/DVN/DBW86T",
    licence="CC BY-NC 4.0",
    licence_page="https://creativecommons.org/licenses/by-nc/4.0/",
    conditions=(
        "Not for commercial use.",
        "Whoever shares the data or something made from it credits the authors, links the licence and says what was "
        "changed.",
    ),
    citation="Tschandl, Rosendahl and Kittler 2018, The HAM10000 dataset, Scientific Data 5, 180161, "
    "doi:10.1038/sdata.2018.161",
)


def offer_ham10000(server: str | None = None) -> Offer:
    """List the table and the image archives as Dataverse has them now; nothing of them is downloaded.

    Args:
        server: another Dataverse; Harvard's if None.

    Raises:
        ModuleNotFoundError: pyDataverse is not installed.
        ConnectionLost: no connection.
        UnusableInput: the data set is not there, or looks otherwise than it was published.
    """
    from pyDataverse.api import DataAccessApi, NativeApi

    server = (server or SERVER).rstrip("/")
    where = f"{DOI} at {server}"
    native, access = NativeApi(server), DataAccessApi(server)

    def ask() -> Mapping[str, Any]:
        with _in_words("the list of files", where):
            answer = native.get_dataset(DOI)
        if answer.status_code >= 400:
            raise refusal(answer.status_code, "the list of files", where, ADVICE)
        try:
            version = answer.json()["data"]["latestVersion"]
            return version if isinstance(version["files"], list) else {}
        except (ValueError, KeyError, TypeError) as error:
            raise UnusableInput(
                f"The answer is no list of files. Received from {where}: HTTP {answer.status_code}, "
                f"{plain(answer.text, 100) or 'nothing'}. {ADVICE}"
            ) from error

    version = retrying(ask)
    files = [
        _remote_file(entry, access, where) for entry in version.get("files", ()) if WANTED.fullmatch(_name_of(entry))
    ]
    if TABLE not in {file.path for file in files} or not any(file.unpack_into for file in files):
        raise UnusableInput(
            f"{where} does not hold {TABLE} and the image archives as it was published. Received: "
            f"{', '.join(_name_of(entry) for entry in version.get('files', ())) or 'no file'}. Look at {TERMS.page}."
        )
    return Offer(TERMS, tuple(files), where, sum(file.size or 0 for file in files), _licence(version))


def _name_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("dataFile", {}).get("filename") or entry.get("label", ""))


def _remote_file(entry: Mapping[str, Any], access: Any, where: str) -> RemoteFile:
    about = entry["dataFile"]
    name = _name_of(entry)
    checksum = about.get("checksum") or {"type": "MD5", "value": about.get("md5")}
    checksum = f"{checksum['type'].lower().replace('-', '')}:{checksum['value'].lower()}" if checksum["value"] else None
    # Dataverse turns a table into tab-separated text with another size; the checksum that it gives stays that of the
    # file as it was uploaded (github.com/IQSS/dataverse/issues/7275), which format=original brings back.
    turned = bool(about.get("originalFileFormat")) or name.endswith(".tab")
    url = f"{access.base_url_api_data_access}/datafile/{about['id']}"
    fetch = partial(_fetch, access, url, {"format": "original"} if turned else {}, name, where)
    if name.endswith(".zip"):
        return RemoteFile(name, about.get("filesize"), checksum, fetch, str(about["id"]), PurePosixPath(name).stem)
    size = about.get("originalFileSize") if turned else about.get("filesize")
    return RemoteFile(TABLE, size, checksum, fetch, str(about["id"]))


def _licence(version: Mapping[str, Any]) -> str:
    licence = version.get("license")
    if isinstance(licence, Mapping):
        licence = " ".join(str(licence[key]) for key in ("name", "uri") if licence.get(key))
    said = [str(part) for part in (licence, version.get("termsOfUse")) if part and part != "NONE"]
    return plain("; ".join(said))


def _fetch(access: Any, url: str, query: Mapping[str, str], name: str, where: str, receiver: Receiver) -> None:
    # pyDataverse's own get_datafile holds the whole answer in memory, which are gigabytes here, and knows no byte
    # ranges. Its address and its HTTP library do.
    import httpx

    # identity: sizes, ranges and checksums are of the file, not of a compressed answer.
    headers = {"User-Agent": "pydataverse", "Accept-Encoding": "identity"} | (
        {"Range": f"bytes={receiver.offset}-"} if receiver.offset else {}
    )
    with (
        _in_words(name, where),
        httpx.stream(
            "GET", url, params=query, headers=headers, auth=access.auth, follow_redirects=True, timeout=TIMEOUT
        ) as answer,
    ):
        if answer.status_code >= 400:
            raise refusal(answer.status_code, name, where, ADVICE)
        if answer.status_code not in (200, 206):  # a firewall's question to a browser comes as 202
            raise UnusableInput(f"{where} did not send {name}. Received: HTTP {answer.status_code}. {ADVICE}")
        if receiver.offset and answer.status_code != 206:
            receiver.restart()
        for block in answer.iter_raw():
            receiver.write(block)


@contextmanager
def _in_words(what: str, where: str) -> Iterator[None]:
    """Put the client's exceptions into words."""
    import httpx
    from pyDataverse.exceptions import ApiAuthorizationError

    try:
        yield
    except ApiAuthorizationError as error:
        raise refusal(401, what, where, ADVICE) from error
    except (httpx.HTTPError, ConnectionError, TimeoutError) as error:
        raise broken_off(what, where, error) from error
