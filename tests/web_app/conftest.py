"""A headless Chromium and the offline page of the demo model, served on this machine."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from mobile_app.classifier import DEMO_MODEL
from tests.web_app.full_model import write_full_model
from tests.web_app.server import served
from triage.errors import UnusableInput

VIEWPORT = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("needs Chromium: ci/system_packages.sh installs it")
    options = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()


@pytest.fixture(scope="session")
def litert_js_files():
    """Folder of LiteRT.js's tarballs: SKIN_DISTILL_LITERT_JS, or downloaded."""
    from web_app.offline.litert_js import litert_js

    given = os.environ.get("SKIN_DISTILL_LITERT_JS")
    try:
        return litert_js([Path(given)] if given else [])
    except UnusableInput as error:
        pytest.skip(f"needs LiteRT.js: {error}")


@pytest.fixture(scope="session")
def packaged(litert_js_files, tmp_path_factory, session_patch):
    """`packaged(model)`: folder of a model's page."""
    session_patch.setattr("web_app.offline.package.litert_js", lambda tarballs: litert_js_files)
    from web_app.offline.package import write_page

    def write(model):
        folder = tmp_path_factory.mktemp("site") / "page"
        write_page(model, folder)
        return folder

    return write


@pytest.fixture(scope="session")
def site(packaged):
    """Folder of the demo model's page."""
    return packaged(DEMO_MODEL)


@pytest.fixture(scope="session")
def full_model(tmp_path_factory):
    """A file with every output and every section of a card."""
    return write_full_model(tmp_path_factory.mktemp("full") / "full.tflite")


@pytest.fixture(scope="session")
def session_patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def serve():
    """Gives the address of a folder on this machine."""
    with contextlib.ExitStack() as stack:
        yield lambda folder: stack.enter_context(served(folder))


@pytest.fixture(scope="session")
def address(site, serve):
    return serve(site)


@pytest.fixture
def open_page(browser):
    """`open_page(url, **context_options)`: a page in a context of its own, with the requests that it made."""
    contexts = []

    def open_(url, before=None, wait=True, **options):
        context = browser.new_context(**{"viewport": VIEWPORT, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.requested, page.errors = [], []
        context.on("request", lambda request: page.requested.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        if before:
            before(page)
        page.goto(url)
        if wait:
            page.wait_for_selector("body[data-ready]", timeout=120_000)
        return page

    yield open_
    for context in contexts:
        context.close()
