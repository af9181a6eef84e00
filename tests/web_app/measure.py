"""Time the offline page in Chromium: first answer after loading, and inference beside native LiteRT in one run.

python -m tests.web_app.measure PAGE_FOLDER --photo PHOTO
"""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click
import numpy as np

from tests.web_app.server import served
from triage import Triage

ROUNDS = 5
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

    loads, answers = list[float](), list[float]()
    triage = Triage.load(folder / "model.tflite")
    pixels = np.full(triage.interpreter.input_shape[1:], 128, np.uint8)
    with served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(ROUNDS):
            context = browser.new_context()
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
        browser.close()
    result = {
        "rounds": ROUNDS, "loaded_s": median(loads), "first_answer_s": median(answers), "inferences": len(web),
        "browser_ms": {"median": median(web), "least": min(web)},
        "native_ms": {"median": median(native), "least": min(native)},
    }  # fmt: skip
    click.echo(json.dumps(result, indent=2))


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
