"""LiteRT.js, the runtime of the offline page: npm packages pinned by version and hash."""

import base64
import hashlib
import io
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage.errors import UnusableInput

REGISTRY = "https://registry.npmjs.org"
TIMEOUT_S = 60


@dataclass(frozen=True)
class NpmPackage:
    """One version of an npm package.

    Attributes:
        name: such as @litertjs/core.
        version: exact.
        integrity: SHA-512 of the tarball, base64, as in package-lock.json.
        files: path in the tarball -> name on the page.
    """

    name: str
    version: str
    integrity: str
    files: Mapping[str, str]

    @property
    def tarball(self) -> str:
        """File name that `npm pack` gives."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"

    @property
    def url(self) -> str:
        """Where the registry has it."""
        return f"{REGISTRY}/{self.name}/-/{self.name.split('/')[-1]}-{self.version}.tgz"


CORE = NpmPackage(
    "@litertjs/core",
    "2.5.3",
    "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
    {
        "package/dist/index.js": "core.js",
        # Browsers with relaxed SIMD load the first build, others, such as older Safari, the second.
        **{f"package/wasm/litert_wasm{build}_internal.{kind}": f"litert_wasm{build}_internal.{kind}"
           for build in ("", "_compat") for kind in ("js", "wasm")},
    },
)  # fmt: skip
WASM_UTILS = NpmPackage(
    "@litertjs/wasm-utils",
    "2.5.3",
    "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
    {"package/dist/index.js": "wasm-utils.js"},
)
PACKAGES = (CORE, WASM_UTILS)
BARE_IMPORT = '"@litertjs/wasm-utils"'
"""A browser resolves no bare module names, and the page's policy allows no inline import map."""


def litert_js(tarballs: Sequence[Path] = ()) -> dict[str, bytes]:
    """Return the runtime's files by name.

    Args:
        tarballs: local copies, or folders of them, as `npm pack` writes them; what is missing is downloaded.

    Raises:
        UnusableInput: a tarball is not the pinned one, or cannot be downloaded.
    """
    found: dict[str, bytes] = {}
    for package in PACKAGES:
        found |= _unpack(package, _read(package, tarballs))
    text = found["core.js"].decode("utf-8")
    if text.count(BARE_IMPORT) != 1:
        raise UnusableInput(f"{CORE.name} {CORE.version} must import {BARE_IMPORT} once. Received: another layout.")
    found["core.js"] = text.replace(BARE_IMPORT, '"./wasm-utils.js"').encode("utf-8")
    return {name: _without_source_map(name, content) for name, content in found.items()}


def _read(package: NpmPackage, tarballs: Sequence[Path]) -> bytes:
    places = [path / package.tarball if path.is_dir() else path for path in tarballs]
    local = [path for path in places if path.name == package.tarball and path.is_file()]
    if local:
        data, source = local[0].read_bytes(), str(local[0])
    else:
        data, source = _download(package), package.url
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != package.integrity:
        raise UnusableInput(
            f"The file is not {package.name} {package.version}: its SHA-512 differs. Received: {source}, {len(data)} "
            f"bytes. Get it with `npm pack {package.name}@{package.version}`."
        )
    return data


def _download(package: NpmPackage) -> bytes:
    try:
        with urllib.request.urlopen(package.url, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        commands = " && ".join(f"npm pack {p.name}@{p.version}" for p in PACKAGES)
        raise UnusableInput(
            f"{package.name} could not be downloaded ({getattr(error, 'reason', error)}). Received: {package.url}. "
            f"On a machine with a network run `{commands}`, copy both files here and add --litert-js FOLDER."
        ) from error


def _unpack(package: NpmPackage, data: bytes) -> dict[str, bytes]:
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for path, name in package.files.items():
            member = archive.extractfile(path)
            assert member is not None  # the hash says which files there are
            found[name] = member.read()
    return found


def _without_source_map(name: str, content: bytes) -> bytes:
    """Drop the reference to a source map, which is not packed: developer tools would report it missing."""
    return content.split(b"\n//# sourceMappingURL=")[0] + b"\n" if name.endswith(".js") else content
