"""A new data set is one module and one line of the registry."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from skin_data.manifest import read_manifest
from skin_data.sources.registry import SOURCES, Entry, load_source
from skin_distill.cli import cli
from triage.errors import UnusableInput

TOY = '''
from skin_data.sources.record import Listing, Record
from skin_data.sources.registry import Source
from skin_data.taxonomy import SkinClass, Taxonomy

CLASSES = Taxonomy("toy", "toy", (SkinClass("mole", "Mole", "watch"), SkinClass("wart", "Wart", "soon")))


def read_toy(root, ignored=None):
    """The class and the patient are in the file's name: `mole-7-1.png`."""
    records = []
    for path in sorted(root.glob("*.png")):
        diagnosis, patient, _ = path.stem.split("-")
        records.append(Record(path, "toy", "phone", diagnosis, patient))
    return Listing(records, [], CLASSES)


SOURCE = Source(read_toy, options=("ignored",))
'''


def invoke(*arguments):
    return CliRunner().invoke(cli, ["prepare", *map(str, arguments)])


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "toy_data_set.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(
        SOURCES, "toy", Entry("toy_data_set", "folder of PNG files, class and patient in the name", "patient")
    )
    photos = tmp_path / "photos"
    photos.mkdir()
    generator = np.random.default_rng(0)
    for number in range(24):
        coarse = generator.integers(60, 220, (6, 6, 3), np.uint8)
        name = f"{('mole', 'wart')[number % 2]}-{number // 4}-{number}.png"
        Image.fromarray(coarse).resize((80, 60), Image.Resampling.BICUBIC).save(photos / name)
    return photos


def test_prepare_reads_it(toy, tmp_path):
    result = invoke("toy", toy, "--out", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 0, result.output
    manifest = read_manifest(tmp_path / "out" / "meta.csv")
    assert (manifest.dataset, manifest.taxonomy.ids, len(manifest.frame)) == ("toy", ["mole", "wart"], 24)
    assert sorted(manifest.frame["group"].unique()) == list("012345")


def test_help_lists_it(toy):
    text = " ".join(invoke("--help").output.split())
    assert "toy folder of PNG files, class and patient in the name" in text


def test_it_takes_only_its_own_options(toy, tmp_path):
    result = invoke("toy", toy, "--out", tmp_path / "out", "--taxonomy", "ham10000")
    assert isinstance(result.exception, UnusableInput)
    assert "toy" in str(result.exception)


def test_an_unregistered_data_set_is_refused(tmp_path):
    assert invoke("toy", tmp_path, "--out", tmp_path / "out").exit_code == 2
    with pytest.raises(UnusableInput, match="toy"):
        load_source("toy")


def test_the_guide_lists_every_data_set():
    rows = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8").splitlines()
    for name, entry in SOURCES.items():
        assert f"| `{name}` | {entry.layout} | {entry.group} |" in rows
