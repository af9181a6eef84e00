"""The release file: a TFLite flatbuffer with a zip appended that holds `labels.txt` and `card.json`.

This is how TFLite Metadata attaches associated files: interpreters read the flatbuffer and ignore the rest, and any
unzip program shows what is inside.
"""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage.errors import UnusableInput
from triage.interpreter import TFLITE_IDENTIFIER
from triage.model_card import check_card

LABELS_NAME = "labels.txt"
CARD_NAME = "card.json"
MAX_CARD_BYTES = 1 << 20
"""A card is some kilobytes of text; a zip entry that claims more is not unpacked."""
# Zip entries carry a date; a constant one (the earliest that zip knows) makes equal models equal files.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class ModelFile:
    """A model as read from disk.

    Attributes:
        flatbuffer: the TFLite model alone.
        card: its card; empty for a plain .tflite.
        path: where it was read.
    """

    flatbuffer: bytes
    card: dict[str, Any]
    path: Path


def pack_model(flatbuffer: bytes, card: dict[str, Any]) -> bytes:
    """Join a TFLite model and its card into the bytes of a release file.

    Args:
        flatbuffer: the model, nothing appended.
        card: the card; its `flatbuffer_sha256` is set here. `labels.txt` takes the class names in order.

    Returns:
        The file's bytes, equal for equal arguments.

    Raises:
        UnusableInput: not a TFLite flatbuffer, or a card that could not be read back.
    """
    _check_identifier(flatbuffer, "the model to pack")
    if _zip_of(flatbuffer) is not None:
        raise UnusableInput(
            "The model to pack already has files appended. Received: a release file. Pack `read_model(...).flatbuffer`."
        )
    card = {**card, "flatbuffer_sha256": hashlib.sha256(flatbuffer).hexdigest()}
    check_card(card, "the model to pack")
    try:
        text = json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise UnusableInput(f"The card must be plain JSON without NaN. Received: {error}.") from error
    labels = "".join(f"{entry['name']}\n" for entry in card["classes"])
    buffer = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, content in ((LABELS_NAME, labels), (CARD_NAME, text)):
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), content.encode("utf-8"))
    return buffer.getvalue()


def read_model(path: str | Path, card_required: bool = True) -> ModelFile:
    """Read a release file and prove that it is whole.

    Args:
        path: the file.
        card_required: False also takes a plain .tflite, whose card is then empty.

    Raises:
        UnusableInput: missing, not TFLite, without a card, with a card that cannot be used, or altered: the
            flatbuffer's SHA-256 is not the card's.
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
    if archive is None:
        # Without its directory a zip is no zip any more, but the names of its entries still stand in the bytes.
        if card_required or any(name.encode() in data for name in (LABELS_NAME, CARD_NAME)):
            raise UnusableInput(
                f"The model file has no readable card.json: it is a plain .tflite, or was cut off. Received: {path}, "
                f"{len(data)} bytes. Give the release file that `skin-distill convert` made."
            )
        return ModelFile(data, {}, path)
    with archive:
        entries = archive.infolist()
        flatbuffer = data[: min((entry.header_offset for entry in entries), default=len(data))]
        if CARD_NAME not in archive.namelist():
            if card_required:
                raise UnusableInput(
                    f"The model file has no card.json. Received: {path} with "
                    f"{', '.join(sorted(archive.namelist())) or 'nothing'}. Give a file made by `skin-distill convert`."
                )
            return ModelFile(flatbuffer, {}, path)
        card = check_card(_read_card(archive, path), str(path))
    digest = hashlib.sha256(flatbuffer).hexdigest()
    if digest != card["flatbuffer_sha256"]:
        raise UnusableInput(
            f"The model file was altered or damaged: its checksum is not the one on its card. Received: {path}, "
            f"SHA-256 {digest[:16]}..., card {str(card['flatbuffer_sha256'])[:16]}.... Copy it again from its source."
        )
    return ModelFile(flatbuffer, card, path)


def _check_identifier(data: bytes, source: str) -> None:
    if data[4:8] != TFLITE_IDENTIFIER:
        raise UnusableInput(
            f"Not a TFLite model: bytes 4 to 8 must be {TFLITE_IDENTIFIER!r}. Received: {data[4:8]!r} in {source}. "
            "Give a .tflite file made by `skin-distill convert`."
        )


def _zip_of(data: bytes) -> zipfile.ZipFile | None:
    """The zip appended to a file, None if there is none that can be read."""
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    # A damaged directory makes zipfile raise more than its own error.
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
