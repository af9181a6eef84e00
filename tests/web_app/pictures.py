"""Draw the picture of docs/web.md: the offline page with the demo model, a tip and an answer.

make pictures
"""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from mobile_app.classifier import DEMO_MODEL
from tests.web_app.server import served
from web_app.offline.package import write_page

PHANTOM = DEMO_MODEL.parent / "phantoms" / "3-melanoma.jpg"
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "web-page.png"
SCREEN = {"width": 390, "height": 844}
DARKER = 0.07


def main() -> None:
    """Take two screenshots and write them side by side."""
    from playwright.sync_api import sync_playwright

    given = os.environ.get("SKIN_DISTILL_LITERT_JS")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_page(DEMO_MODEL, folder / "page", [Path(given)] if given else [])
        dark = Image.fromarray((np.asarray(Image.open(PHANTOM)) * DARKER).astype(np.uint8))
        dark.save(folder / "dark.png")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with served(folder / "page") as address:
            for number, (photo, theme) in enumerate(((folder / "dark.png", "light"), (PHANTOM, "dark"))):
                page = browser.new_context(viewport=SCREEN, color_scheme=theme).new_page()
                page.goto(f"{address}?demo")
                page.wait_for_selector("body[data-ready]", timeout=120_000)
                page.set_input_files("#file", photo)
                page.wait_for_selector("#result[data-answer]")
                page.evaluate("document.getElementById('controls').scrollIntoView()")
                page.screenshot(path=folder / f"{number}.png")
        browser.close()
        parts = [np.asarray(Image.open(folder / f"{number}.png").convert("RGB")) for number in range(2)]
    gap = np.full((SCREEN["height"], 16, 3), 255, np.uint8)
    joined = Image.fromarray(np.hstack([parts[0], gap, parts[1]]))
    joined.quantize(256).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
