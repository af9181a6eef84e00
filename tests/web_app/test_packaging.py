"""LiteRT.js and the folder of the offline page, without a browser."""

import io
import tarfile

import pytest
from click.testing import CliRunner

from mobile_app.classifier import DEMO_MODEL
from skin_distill.cli import cli
from triage.errors import UnusableInput
from web_app.offline import litert_js as module
from web_app.offline.litert_js import CORE, PACKAGES, litert_js
from web_app.offline.package import write_page


@pytest.fixture
def no_network(monkeypatch):
    def fail(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr(module.urllib.request, "urlopen", fail)


def test_without_a_network_the_address_and_the_way_out_are_named(no_network):
    with pytest.raises(UnusableInput, match="--litert-js") as error:
        litert_js()
    assert CORE.url in str(error.value)


def test_another_tarball_is_refused(no_network, tmp_path):
    path = tmp_path / CORE.tarball
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("package/dist/index.js")
        archive.addfile(entry, io.BytesIO())
    with pytest.raises(UnusableInput, match="SHA-512") as error:
        litert_js([tmp_path])
    assert str(path) in str(error.value)


def test_the_runtime_imports_nothing_from_elsewhere(litert_js_files):
    assert set(litert_js_files) == {name for package in PACKAGES for name in package.files.values()}
    assert b'from "./wasm-utils.js"' in litert_js_files["core.js"]
    assert b"sourceMappingURL" not in litert_js_files["core.js"]


def test_a_page_replaces_a_page_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setattr("web_app.offline.package.litert_js", lambda tarballs: {"core.js": b""})
    write_page(DEMO_MODEL, tmp_path / "page")
    first = {path.name: path.read_bytes() for path in (tmp_path / "page").rglob("*.*")}
    write_page(DEMO_MODEL, tmp_path / "page")
    assert {path.name: path.read_bytes() for path in (tmp_path / "page").rglob("*.*")} == first
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("x")
    with pytest.raises(UnusableInput, match="other"):
        write_page(DEMO_MODEL, other)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_the_command_refuses_a_synthetic_model_and_names_the_next_step(monkeypatch, tmp_path):
    monkeypatch.setattr("web_app.offline.package.litert_js", lambda tarballs: {"core.js": b""})
    words = ["package", "web", "--model", str(DEMO_MODEL), "--out", str(tmp_path / "page")]
    refused = CliRunner().invoke(cli, words)
    assert isinstance(refused.exception, UnusableInput)
    assert not (tmp_path / "page").exists()
    done = CliRunner().invoke(cli, [*words, "--demo"])
    assert done.exit_code == 0
    assert f"http.server --directory {tmp_path / 'page'}" in done.output
    assert {"index.html", "sw.js", "model.tflite", "data.json"} <= {p.name for p in (tmp_path / "page").iterdir()}
