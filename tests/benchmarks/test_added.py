"""What appended outputs cost: a file without one of them is the same file otherwise."""

import json

import numpy as np
import pytest

from benchmarks.latency import added
from benchmarks.latency.added import appended_outputs, without_output
from triage.interpreter import open_interpreter
from triage.model_file import read_model


@pytest.mark.parametrize("name", ["familiarity", "spot"])
def test_a_file_without_an_appended_output_gives_the_others_alike(model, name):
    flatbuffer = read_model(model).flatbuffer
    assert set(appended_outputs(flatbuffer)) == {"familiarity", "spot"}
    other = without_output(flatbuffer, name)
    assert len(other) < len(flatbuffer)
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    whole, rest = (open_interpreter(each).run(photo) for each in (flatbuffer, other))
    assert set(whole) - set(rest) == {name}
    for kept, values in rest.items():
        np.testing.assert_array_equal(whole[kept], values)


def test_the_command_measures_each_output(model, tmp_path, monkeypatch, capsys):
    path = tmp_path / "added.json"
    monkeypatch.setattr("sys.argv", ["added", str(model), "--rounds", "2", "--json", str(path)])
    added.main()
    found = json.loads(path.read_text())[model.name]["familiarity"]
    assert found["bytes"] > 0 and found["ratio"]["low"] <= found["ratio"]["value"] <= found["ratio"]["high"]
    assert f"| {model.name} | familiarity |" in capsys.readouterr().out
