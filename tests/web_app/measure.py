"""Measure the offline page in Chromium: first answer, inference beside native LiteRT, weight, findings of axe.

python -m tests.web_app.measure PAGE_FOLDER --photo PHOTO
"""

import gzip
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import click
import numpy as np

from tests.web_app.server import served
from tests.web_app.test_offline_page import RULES
from triage import Triage

ROUNDS = 5
WIDTHS, THEMES = (360, 768, 1440), ("light", "dark")
SETUP = """async () => {
    const { loadModel } = await import("./model.js");
    const model = await loadModel(), bytes = new Uint8Array(model.size * model.size * 3).fill(128);
    globalThis.measure = async (count) => {
        const times = [];
        for (let number = 0; number < count; number++) {
            const begun = performance.now();
            await model.predict(bytes);
            times.push(performance.now() - begun);
        }
        return times;
    };
}"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--photo", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--count", default=200, help="Inferences of each kind.")
def main(folder: Path, photo: Path, count: int) -> None:
    """Measure a page that `skin-distill package web` wrote."""
    from playwright.sync_api import sync_playwright

    loads, answers, requested = list[float](), list[float](), set[str]()
    triage = Triage.load(folder / "model.tflite")
    pixels = np.full(triage.interpreter.input_shape[1:], 128, np.uint8)
    with served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(ROUNDS):
            context = browser.new_context()
            context.on("request", lambda request: requested.add(urlsplit(request.url).path))
            page, begun = context.new_page(), time.perf_counter()
            page.goto(f"{address}?demo")
            page.wait_for_selector("body[data-ready]", timeout=120_000)
            loads.append(time.perf_counter() - begun)
            page.set_input_files("#file", photo)
            page.wait_for_selector("#result[data-answer]")
            answers.append(time.perf_counter() - begun)
            context.close()
        page = browser.new_page()
        page.goto(f"{address}data.json")  # a page without a model of its own
        page.evaluate(SETUP)
        web: list[float] = []
        native: list[float] = []
        for _ in range(ROUNDS):  # in turns, so that a busy machine slows both
            native += [_timed(lambda: triage.interpreter.run(pixels)) for _ in range(count // ROUNDS)]
            web += page.evaluate("(count) => globalThis.measure(count)", count // ROUNDS)
        findings = _accessibility(browser, f"{address}?demo", photo)
        browser.close()
    result = {
        "rounds": ROUNDS, "loaded_s": median(loads), "first_answer_s": median(answers), "inferences": len(web),
        "browser_ms": {"median": median(web), "least": min(web)},
        "native_ms": {"median": median(native), "least": min(native)},
        "weight_bytes": _weight(folder, requested), "axe": findings,
    }  # fmt: skip
    click.echo(json.dumps(result, indent=2))


def _weight(folder: Path, requested: Iterable[str]) -> dict[str, int]:
    """Return bytes of the folder, and of what a first visit loads, as it is and compressed."""
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    visited = {folder / (name.lstrip("/") or "index.html") for name in requested} & set(sizes)
    compressed = sum(len(gzip.compress(path.read_bytes())) for path in visited)
    return {"folder": sum(sizes.values()), "visit": sum(sizes[path] for path in visited), "compressed": compressed}


def _accessibility(browser: Any, url: str, photo: Path) -> dict[str, int]:
    """Count axe's findings by impact on the page with an answer, at every width, light and dark."""
    from axe_playwright_python.sync_playwright import Axe

    found: Counter[str] = Counter(pages=0, serious=0, critical=0)
    for theme in THEMES:
        page = browser.new_context(color_scheme=theme).new_page()
        page.goto(url)
        page.wait_for_selector("body[data-ready]", timeout=120_000)
        page.set_input_files("#file", photo)
        page.wait_for_selector("#result[data-answer]")
        page.click("#card summary")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            report = Axe().run(page, options={"runOnly": RULES}).response
            found.update(rule["impact"] for rule in report["violations"])
            found["pages"] += 1
            found["rules_passed"] = max(found["rules_passed"], len(report["passes"]))
        page.context.close()
    return dict(found)


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
