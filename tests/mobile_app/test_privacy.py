"""The app and what it stands on hold no code for the network, and the engine writes files only in two modules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NETWORK = {
    "aiohttp", "asyncio", "ftplib", "grpc", "http", "httpx", "imaplib", "multiprocessing.connection", "nntplib",
    "poplib", "requests", "smtplib", "socket", "socketserver", "ssl", "telnetlib", "twisted", "urllib", "urllib3",
    "websocket", "websockets", "webbrowser", "xmlrpc", "kivy.network", "kivy.loader", "google", "sentry_sdk",
}  # fmt: skip
WRITERS = {"write_bytes", "write_text", "write_json", "replacing", "imwrite", "VideoWriter", "save", "tofile", "savez"}
# save(): a picture in memory in shared_page.py. All write only after Save or Share, or a change of settings.
MAY_WRITE = {"saved_photos.py", "shared_page.py", "settings.py"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("import_module", "__import__"):
                yield str(node.args[0].value)


def is_network(name: str) -> bool:
    if name.startswith("urllib.parse"):  # takes strings apart
        return False
    parts = name.split(".")
    return any(".".join(parts[: n + 1]) in NETWORK for n in range(len(parts)))


@pytest.mark.parametrize("package", ["mobile_app", "triage"])
def test_no_module_imports_anything_of_the_network(package):
    assert len(modules(package)) > 10
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(package)
        for name in imported(path.read_text(encoding="utf-8"))
        if is_network(name)
    }
    assert not found


@pytest.mark.parametrize(
    "line",
    ["import socket", "from urllib import request", "from kivy.network import urlrequest", "import http.client as h",
     "from kivy.network.urlrequest import UrlRequest", "importlib.import_module('ssl')", "from kivy import network"],
)  # fmt: skip
def test_the_test_sees_every_way_to_import(line):
    assert any(is_network(name) for name in imported(line))


def test_the_engine_writes_files_only_where_a_person_asked():
    found = set()
    for path in modules("mobile_app"):
        if {"ui", "android"} & set(path.relative_to(ROOT / "mobile_app").parts) or path.name in MAY_WRITE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in WRITERS or (name == "open" and isinstance(node.func, ast.Name)):
                    found.add(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
    assert not found
