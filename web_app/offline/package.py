"""Write the offline page: static files, LiteRT.js, a model, its decision rules and its self-test."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2

from mobile_app import answer
from mobile_app.texts import load_texts
from mobile_app.ui.model_card_text import card_facts, class_facts, measured_facts
from skin_data.phantom import render_phantom
from triage import Triage
from triage.answers import WARNINGS, YES
from triage.crop import Crop
from triage.decision import MIN_TESTED, decision_table, tested_photos
from triage.errors import UnusableInput
from triage.estimated_light import NAMED_FROM
from triage.model_file import read_model
from triage.photo import prepare_pixels
from triage.prediction_set import ALL_TONES, LEAST_PROBABILITY, UNLIKELY
from triage.skin_tone import TONE_BUCKETS
from triage.spot import SURE_FROM
from web_app.offline.litert_js import litert_js

PHANTOMS, SEED = 10, 35
TOLERANCE = 1e-3
"""Largest difference of a probability from Python's at which the page gives answers."""
COMPARED = ("diagnosis", "lighting", "familiarity")
"""Outputs that are probabilities."""
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy: nothing from elsewhere; WebAssembly may be compiled."""
MARK = "data.json"
"""A folder with this file holds an earlier page, which may be replaced."""


def write_page(model: Path, folder: Path, tarballs: Sequence[Path] = ()) -> dict[str, int]:
    """Write the page; an earlier one in the folder is replaced.

    Args:
        model: a release file.
        folder: for any web server.
        tarballs: see `litert_js`.

    Returns:
        Bytes of each file by name.

    Raises:
        UnusableInput: not a usable model, LiteRT.js is not available, or the folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UnusableInput(f"The folder holds something else than a page. Received: {folder}. Choose another.")
    contents = _contents(model, litert_js(tarballs))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        new = Path(temporary) / "new"
        for name, content in contents.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        shutil.move(new, folder)
    return {name: len(content) for name, content in contents.items()}


def _contents(model: Path, runtime: dict[str, bytes]) -> dict[str, bytes]:
    packed, phantoms = model.read_bytes(), _phantoms(model)
    contents = {f"litert/{name}": content for name, content in runtime.items()}
    contents |= {f"phantoms/{name}": png for name, png, _ in phantoms}
    contents["model.tflite"] = packed
    data = page_data(model, packed, [{"name": name, "outputs": outputs} for name, _, outputs in phantoms])
    contents[MARK] = json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8")
    contents["icon.png"] = files("mobile_app.android.packaging").joinpath("images/icon.png").read_bytes()
    contents["manifest.webmanifest"] = json.dumps(_manifest(data["texts"]["app.name"])).encode("utf-8")
    for source in files("web_app.offline").joinpath("site").iterdir():
        contents[source.name] = source.read_bytes().replace(b"@@POLICY@@", POLICY.encode())
    first = sorted(name for name in contents if name != "sw.js" and not name.startswith("litert/litert_wasm"))
    version = hashlib.sha256(b"".join(hashlib.sha256(contents[name]).digest() for name in sorted(contents)))
    worker = contents["sw.js"].decode("utf-8").replace("@@VERSION@@", version.hexdigest()[:16])
    contents["sw.js"] = worker.replace("@@FILES@@", json.dumps(["./", *first])).encode("utf-8")
    return contents


def page_data(model: Path, packed: bytes, phantoms: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return everything that the page's scripts read: card, texts, decision rules, words and self-test."""
    card, texts = read_model(model).card, load_texts()
    counted = texts["about.accuracy_synthetic" if card["synthetic"] else "about.accuracy_text"]
    accuracy = [*measured_facts(texts, card), *class_facts(texts, card)]
    own = json.loads(files("web_app.offline").joinpath("texts.json").read_text(encoding="utf-8"))
    return {
        "card": card,
        "checked": all(tested_photos(card, tone) >= MIN_TESTED for tone in TONE_BUCKETS),
        "compared": COMPARED,
        "facts": [
            {"title": texts["about.model"], "text": "", "facts": card_facts(texts, card)},
            {"title": texts["about.accuracy"], "text": counted, "facts": accuracy},
        ],
        "light_named_from": NAMED_FROM,
        "max_classes": answer.MAX_CLASSES,
        "min_probability": answer.MIN_PROBABILITY,
        "model_sha256": hashlib.sha256(packed).hexdigest(),
        "phantoms": phantoms,
        "sets": {"least_probability": LEAST_PROBABILITY, "unlikely": UNLIKELY, "all_tones": ALL_TONES},
        "signs": answer.WARNING_SIGNS,
        "signs_at_once": answer.SIGNS_AT_ONCE,
        "spot_sure_from": SURE_FROM,
        "table": decision_table(),
        "texts": {**texts, **own},
        "tolerance": TOLERANCE,
        "warnings": WARNINGS,
        "words": {"other": answer.PROBABILITY_WORDS, "dangerous": answer.DANGEROUS_WORDS},
        "yes": YES,
    }


def _phantoms(model: Path) -> list[tuple[str, bytes, dict[str, list[float]]]]:
    """Return name, PNG and Python's outputs of each phantom."""
    triage, found = Triage.load(model), []
    size, crop = triage.card["input"]["size"], Crop.recorded(triage.card["input"])
    for index in range(PHANTOMS):
        pixels, truth = render_phantom(SEED, index, 2 * size)
        png = bytes(cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1])
        outputs = triage.interpreter.run(prepare_pixels(pixels, size, crop))
        values = {name: output.reshape(-1).astype(float).tolist() for name, output in outputs.items()}
        found.append((f"{index}-{truth.diagnosis}.png", png, values))
    return found


def _manifest(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "short_name": name,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#F4F6F5",
        "theme_color": "#0B6A64",
        "icons": [{"src": "icon.png", "sizes": "512x512", "type": "image/png", "purpose": "any maskable"}],
    }
