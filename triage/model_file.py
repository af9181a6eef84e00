"""The release file: a TFLite flatbuffer followed by a zip with output labels and `card.json`.

TFLite Metadata attaches associated files in the same way: interpreters ignore the zip, and any unzip program opens it.
The zip's comment, the last bytes of the file, is the SHA-256 of everything before it. It detects damage, not forgery.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from triage.errors import UnusableInput
from triage.interpreter import TFLITE_IDENTIFIER
from triage.lighting import FEATURE_NAMES
from triage.model_card import ModelCard, check_card

SHIPPED_MODEL = Path(__file__).with_name("models") / "phone.tflite"
"""The package's own model, of smartphone photographs (docs/model_card_phone.md); a copy of the sources may lack it."""
LABELS_NAME = "labels.txt"
LIGHTING_LABELS_NAME = "lighting_labels.txt"
LIGHTING_LABEL = "well lit"
"""Meaning of the lighting output's probability."""
FAMILIARITY_LABELS_NAME = "familiarity_labels.txt"
FAMILIARITY_LABEL = "familiar"
"""Meaning of the familiarity output."""
SPOT_LABELS_NAME = "spot_labels.txt"
SPOT_LABELS = ("x", "y", "width", "height", "confidence")
"""Meaning of the five numbers of the spot output."""
LIGHT_MEASURES_LABELS_NAME = "light_measures_labels.txt"
CARD_NAME = "card.json"
SEAL_BYTES = 2 * hashlib.sha256().digest_size  # hexadecimal, so that programs can display the comment
RELEASE_FORMAT = 2
"""Increases when older files can no longer be read; format 1 had no seal."""
MAX_CARD_BYTES = 1 << 20
"""Larger zip entries are not unpacked; a card is a few kilobytes."""
# A constant date (the earliest in zip) makes equal models equal files.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class ModelFile:
    """A model as read from disk.

    Attributes:
        flatbuffer: the TFLite model alone.
        card: its card; empty for a plain .tflite.
        path: of the file.
    """

    flatbuffer: bytes
    card: ModelCard
    path: Path


def pack_model(flatbuffer: bytes, card: Mapping[str, Any]) -> bytes:
    """Pack a TFLite model and its card into the bytes of a release file.

    Args:
        flatbuffer: the model, nothing appended.
        card: the card; `flatbuffer_sha256` is set here. Its class names become `labels.txt`.

    Returns:
        The file's bytes; deterministic.

    Raises:
        UnusableInput: not a TFLite flatbuffer, or an invalid card.
    """
    _check_identifier(flatbuffer, "the model to pack")
    if _zip_of(flatbuffer) is not None:
        raise UnusableInput(
            "The model to pack already has files appended. Received: a release file. Pack `read_model(...).flatbuffer`."
        )
    checked = check_card({**card, "flatbuffer_sha256": hashlib.sha256(flatbuffer).hexdigest()}, "the model to pack")
    try:
        text = json.dumps(checked, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise UnusableInput(f"The card must be plain JSON without NaN. Received: {error}.") from error
    labels = "".join(f"{entry['name']}\n" for entry in checked["classes"])
    contents = {LABELS_NAME: labels, LIGHTING_LABELS_NAME: f"{LIGHTING_LABEL}\n"}
    if "familiarity" in checked:
        contents[FAMILIARITY_LABELS_NAME] = f"{FAMILIARITY_LABEL}\n"
    if "spot" in checked:
        contents[SPOT_LABELS_NAME] = "".join(f"{label}\n" for label in SPOT_LABELS)
    if "light" in checked:
        contents[LIGHT_MEASURES_LABELS_NAME] = "".join(f"{name}\n" for name in FEATURE_NAMES)
    contents[CARD_NAME] = text
    buffer = io.BytesIO(flatbuffer)
    # Stored, not compressed: MediaPipe reads associated files in place.
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), content.encode("utf-8"))
        archive.comment = bytes(SEAL_BYTES)
    body = buffer.getvalue()[:-SEAL_BYTES]
    return body + _seal_of(body)


def shipped_model() -> Path:
    """Return the package's own model; raise UnusableInput where this installation has none."""
    if not SHIPPED_MODEL.is_file():
        raise UnusableInput(
            f"This installation ships no model. Looked for: {SHIPPED_MODEL}. Give a .tflite of `skin-distill convert`."
        )
    return SHIPPED_MODEL


def read_model(path: str | Path, card_required: bool = True) -> ModelFile:
    """Read a release file and verify its checksum.

    Args:
        path: the file.
        card_required: False also accepts a plain .tflite; its card is then empty.

    Raises:
        UnusableInput: missing, not TFLite, without a valid card, or altered after it was written.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UnusableInput(
            f"The model file does not exist. Received: {path}. Make one with `skin-distill convert`."
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnusableInput(f"The model file cannot be opened ({reason}). Received: {path}.") from error
    _check_identifier(data, str(path))
    archive = _zip_of(data)
    flatbuffer = data if archive is None else _before(archive, data)
    digest = hashlib.sha256(flatbuffer)
    whole = digest.copy()  # the flatbuffer, nearly all of the file, is read once
    whole.update(memoryview(data)[len(flatbuffer) : -SEAL_BYTES])
    if len(data) - SEAL_BYTES >= len(flatbuffer) and data[-SEAL_BYTES:] == whole.hexdigest().encode("ascii"):
        return _read_sealed(archive, flatbuffer, digest.hexdigest(), path)
    # The name appears three times (metadata, zip twice); damage rarely destroys all.
    if CARD_NAME.encode() in data:
        raise UnusableInput(
            f"The model file was altered, damaged or cut off: its checksum does not match. Received: {path}, "
            f"{len(data)} bytes. Copy it again from its source. If an older skin-distill made it, convert it again."
        )
    if card_required:
        raise UnusableInput(
            f"The model file has no readable card.json: it is a plain .tflite, or was cut off. Received: {path}, "
            f"{len(data)} bytes. Give the release file that `skin-distill convert` made."
        )
    return ModelFile(flatbuffer, cast(ModelCard, {}), path)


def _read_sealed(archive: zipfile.ZipFile | None, flatbuffer: bytes, digest: str, path: Path) -> ModelFile:
    if archive is None or CARD_NAME not in archive.namelist():
        raise UnusableInput(f"The model file has no card.json. Received: {path}. Convert the student again.")
    with archive:
        card = check_card(_read_card(archive, path), str(path))
    if digest != card["flatbuffer_sha256"]:
        raise UnusableInput(
            f"The model file mixes two models: the model's checksum is not the one on its card. Received: "
            f"{path}, SHA-256 {digest[:16]}..., card {str(card['flatbuffer_sha256'])[:16]}.... Copy it again from "
            "its source."
        )
    return ModelFile(flatbuffer, card, path)


def _seal_of(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii")


def _before(archive: zipfile.ZipFile, data: bytes) -> bytes:
    return data[: min((entry.header_offset for entry in archive.infolist()), default=len(data))]


def _check_identifier(data: bytes, source: str) -> None:
    if data[4:8] != TFLITE_IDENTIFIER:
        raise UnusableInput(
            f"Not a TFLite model: bytes 4 to 8 must be {TFLITE_IDENTIFIER!r}. Received: {data[4:8]!r} in {source}. "
            "Give a .tflite file made by `skin-distill convert`."
        )


def _zip_of(data: bytes) -> zipfile.ZipFile | None:
    """Return the zip appended to a file; None if there is none or it is damaged."""
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    # On damaged directories zipfile also raises other errors.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, IndexError):
        return None


def _read_card(archive: zipfile.ZipFile, path: Path) -> Any:
    try:
        if archive.getinfo(CARD_NAME).file_size > MAX_CARD_BYTES:
            raise UnusableInput(f"The card of the model file is over {MAX_CARD_BYTES} bytes. Received: {path}.")
        return json.loads(archive.read(CARD_NAME).decode("utf-8"))
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnusableInput(
            f"The card of the model file is damaged ({error}). Received: {path}. Copy it again from its source."
        ) from error
