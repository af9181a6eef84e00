"""HAM10000 from Harvard Dataverse, through its web API.

The ISIC archive has the same images, but under its own columns; Dataverse has the published table `HAM10000_metadata`
with `lesion_id`, `image_id` and `dx`. The client library pyDataverse holds a whole file in memory and cannot resume.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from skin_data.download.agreement import Terms, plain
from skin_data.download.remote import Offer, RemoteFile, ask, open_session
from triage.errors import UnusableInput

SERVER, DOI = "https://dataverse.harvard.edu", "doi:10.7910/DVN/DBW86T"
TABLE = "HAM10000_metadata.csv"
# The data set also holds segmentations and the test photos of ISIC 2018, which `prepare ham10000` does not read.
NEEDED = re.compile(r"HAM10000_metadata(\.\w+)?|HAM10000_images_part_?\d+\.zip")
# Seen in August 2026: github.com/IQSS/dataverse.harvard.edu/issues/479.
ADVICE = (
    "Harvard's firewall blocks some programs and networks. Download HAM10000_metadata (original format) and both "
    "HAM10000_images_part archives in a browser, unpack them into one folder, and give that to `prepare`."
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

    Raises:
        ConnectionLost: no connection.
        UnusableInput: no such data set, or it differs from what was published.
    """
    api = f"{(server or SERVER).rstrip('/')}/api"
    where = f"{DOI} at {server or SERVER}"
    with open_session() as session:
        response = ask(session, f"{api}/v1/datasets/:persistentId/", {"persistentId": DOI}, where, ADVICE)
    version = response.get("data", {}).get("latestVersion", {})
    entries = version.get("files", ())
    files = [_remote_file(entry, api) for entry in entries if NEEDED.fullmatch(_name_of(entry))]
    if TABLE not in {file.path for file in files} or not any(file.unpack_into for file in files):
        raise UnusableInput(
            f"{where} does not hold {TABLE} and the image archives as published. Received: "
            f"{', '.join(map(_name_of, entries)) or 'no file'}. Look at {TERMS.page}."
        )
    return Offer(TERMS, tuple(files), where, sum(file.size or 0 for file in files), _licence(version), ADVICE)


def _name_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("dataFile", {}).get("filename") or entry.get("label", ""))


def _remote_file(entry: Mapping[str, Any], api: str) -> RemoteFile:
    about = entry["dataFile"]
    name = _name_of(entry)
    checksum = about.get("checksum") or {"type": "MD5", "value": about.get("md5")}
    checksum = f"{checksum['type'].lower().replace('-', '')}:{checksum['value'].lower()}" if checksum["value"] else None
    # Dataverse converts a table to tab-separated text of another size; its checksum remains that of the uploaded file
    # (github.com/IQSS/dataverse/issues/7275), which format=original returns.
    converted = bool(about.get("originalFileFormat")) or name.endswith(".tab")
    url = f"{api}/access/datafile/{about['id']}" + ("?format=original" if converted else "")
    if name.endswith(".zip"):
        folder = PurePosixPath(name).stem
        return RemoteFile(name, about.get("filesize"), checksum, url, str(about["id"]), folder)
    size = about.get("originalFileSize") if converted else about.get("filesize")
    return RemoteFile(TABLE, size, checksum, url, str(about["id"]))


def _licence(version: Mapping[str, Any]) -> str:
    licence = version.get("license")
    if isinstance(licence, Mapping):
        licence = " ".join(str(licence[key]) for key in ("name", "uri") if licence.get(key))
    return plain("; ".join(str(part) for part in (licence, version.get("termsOfUse")) if part and part != "NONE"))
