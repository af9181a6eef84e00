"""What `teacher` says before it trains."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from skin_distill.cli import cli


class Stop(Exception):
    pass


@pytest.fixture
def told(monkeypatch):
    """`told(config, hours)`: what the command prints of a training of so many hours, where Lite2 takes 0.1 s a pass."""
    data = SimpleNamespace(taxonomy=SimpleNamespace(ids=["a", "b"]))
    monkeypatch.setattr("skin_data.manifest.read_manifest", lambda path: data)
    monkeypatch.setattr("teacher.model.build_teacher", lambda *_: None)
    monkeypatch.setattr("teacher.estimate.forward_seconds", lambda *_: 0.1)

    def told(config, hours):
        def stop(*arguments):
            arguments[-1](hours * 3600, 5000, 500)
            raise Stop

        monkeypatch.setattr("teacher.train.train_teacher", stop)
        result = CliRunner().invoke(cli, ["teacher", "--config", config, "--data", "meta.csv", "--run", "one"])
        assert isinstance(result.exception, Stop), result.output
        return result.output

    return told


def test_the_time_stands_alone_where_it_is_short(told):
    assert "45 min" in told("efficientnet_lite2", 0.75) and "--config" not in told("efficientnet_lite2", 5)


def test_a_long_training_names_other_recipes_with_their_times_and_not_its_own(told):
    output = told("resnet152v2_baseline", 30)
    assert "30.0 h" in output and "--config patient about" in output and "--config kaggle_quick about" in output
    assert "--config patient" not in told("patient", 30)
