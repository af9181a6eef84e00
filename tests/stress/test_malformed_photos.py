import json

import numpy as np
from click.testing import CliRunner

from tests.stress import malformed_photos
from tests.stress.malformed_photos import DAMAGES, damaged, main, read_each


def test_every_damage_changes_a_file():
    data = bytes(range(256)) * 8
    for damage in DAMAGES:
        assert damaged(data, damage, np.random.default_rng(1)) != data


def test_damaged_files_become_a_photo_or_a_reason(tmp_path):
    out = tmp_path / "found.json"
    run = CliRunner().invoke(main, ["--files", "120", "--seed", "3", "--json", str(out)])
    assert run.exit_code == 0, run.output
    outcomes = json.loads(out.read_text())["outcomes"]
    assert sum(sum(found.values()) for found in outcomes.values()) == 120
    assert {name for found in outcomes.values() for name in found} == {"a photo", "a reason"}


def test_another_error_and_a_crash_are_counted(tmp_path, monkeypatch, capsys):
    def fails(path):
        raise IndexError

    monkeypatch.setattr(malformed_photos, "read_photo", fails)
    read_each([tmp_path / "any.jpg"])
    assert capsys.readouterr().out == "another error: IndexError\n"

    class Died:
        stdout = "a photo\n"

    # Each process gives one line and dies at the second file.
    monkeypatch.setattr(malformed_photos.subprocess, "run", lambda *arguments, **options: Died)
    found = malformed_photos.measure(10, 0)["outcomes"]
    assert sum(outcomes.get("crashed", 0) for outcomes in found.values()) == 5
