import builtins
import importlib
import json
import sys

import pytest
from click.testing import CliRunner

from skin_data.download import ham10000 as source
from skin_data.download import transfer
from skin_data.download.remote import Offer, RemoteFile
from skin_distill.cli import cli
from triage.errors import MissingDependency, UnusableInput


@pytest.fixture
def offered(monkeypatch):
    """An offer of one file, and the list of what was fetched."""
    fetched = []

    def append(remote, file, offer, session, on_bytes):
        fetched.append(1)
        file.write(b"table")
        on_bytes(5, True)

    monkeypatch.setattr(transfer, "_append", append)
    file = RemoteFile("HAM10000_metadata.csv", 5, None, version="1")
    monkeypatch.setattr(
        source, "offer_ham10000", lambda server: Offer(source.TERMS, (file,), "here", 5, "CC BY-NC 4.0")
    )
    return fetched


def at_a_terminal(monkeypatch):
    module = importlib.import_module("skin_distill.commands.download")
    monkeypatch.setattr(module, "_is_interactive", lambda: True)


def invoke(*arguments, answer=None):
    return CliRunner().invoke(cli, ["download", "ham10000", *map(str, arguments)], input=answer)


def test_nothing_is_asked_for_when_nobody_can_agree(offered, tmp_path):
    result = invoke("--out", tmp_path / "D")
    assert isinstance(result.exception, UnusableInput)
    assert result.exception.exit_code == 2
    for part in ("CC BY-NC 4.0", "--accept-licence"):
        assert part in str(result.exception)
    assert (offered, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_a_refusal_downloads_nothing(offered, tmp_path, monkeypatch, answer):
    at_a_terminal(monkeypatch)
    result = invoke("--out", tmp_path / "D", answer=answer)
    assert isinstance(result.exception, UnusableInput)
    assert result.exception.exit_code == 2
    assert (offered, list(tmp_path.iterdir())) == ([], [])


def test_licence_and_size_are_shown_then_asked_for_once(offered, tmp_path, monkeypatch):
    at_a_terminal(monkeypatch)
    first = invoke("--out", tmp_path / "D", answer="y\n")
    assert first.exit_code == 0, first.output
    for part in ("CC BY-NC 4.0", "5 bytes", str(tmp_path / "D"), "[y/N]"):
        assert part in first.stderr
    assert first.stdout.splitlines()[-1] == f"Next: skin-distill prepare ham10000 {tmp_path / 'D'} --out data/ham10000"
    again = invoke("--out", tmp_path / "D")
    assert again.exit_code == 0
    assert "[y/N]" not in again.output
    assert len(offered) == 1
    assert "CC BY-NC 4.0" in (tmp_path / "D" / "LICENCE.txt").read_text()


def test_changed_terms_are_asked_for_again(offered, tmp_path):
    assert invoke("--out", tmp_path / "D", "--accept-licence").exit_code == 0
    (tmp_path / "D" / "LICENCE.txt").write_text("older terms")
    assert "--accept-licence" in str(invoke("--out", tmp_path / "D").exception)


def test_json_is_alone_on_standard_output(offered, tmp_path):
    result = invoke("--out", tmp_path / "D", "--accept-licence", "--json")
    told = json.loads(result.stdout)
    assert (told["files"], told["fetched_bytes"], told["licence"]) == (1, 5, "CC BY-NC 4.0")


@pytest.mark.parametrize(("kind", "library"), [("scin", "requests"), ("kaggle", "kagglesdk"), ("ham10000", "requests")])
def test_a_missing_client_names_the_extra(kind, library, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.split(".")[0] == library:
            raise ModuleNotFoundError(f"No module named {library!r}", name=library)
        return real(name, *arguments, **options)

    for name in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    result = CliRunner().invoke(cli, ["download", kind, "--out", str(tmp_path / "D"), "--accept-licence"])
    assert isinstance(result.exception, MissingDependency)
    assert "skin-distill[download]" in str(result.exception)
