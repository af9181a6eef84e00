"""`--seed` and `--weights` replace what the recipe says, and nothing else."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from skin_distill.cli import cli
from skin_distill.recipes import recipe_path
from skin_training.recipe import read_recipe

OPTIONS = ["--config", "demo", "--data", "meta.csv", "--run", "one"]


class Stop(Exception):
    pass


@pytest.mark.parametrize(
    ("command", "function", "more"),
    [
        ("teacher", "teacher.train.train_teacher", []),
        ("distill", "distill.train.distill_student", ["--teacher", "t"]),
    ],
)
@pytest.mark.parametrize("given", [{}, {"seed": 0}, {"seed": 7, "weights": "file.npz"}])
def test_an_option_replaces_the_recipes(monkeypatch, command, function, more, given):
    seen = []

    def stop(recipe, *_: object):
        seen.append(recipe)
        raise Stop

    monkeypatch.setattr(function, stop)
    monkeypatch.setattr("distill.teachers.open_teacher", lambda *_: None)
    data = SimpleNamespace(taxonomy=SimpleNamespace(ids=[]))
    monkeypatch.setattr("skin_data.manifest.read_manifest", lambda path: data)
    changes = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    result = CliRunner().invoke(cli, [command, *OPTIONS, *more, *changes])
    assert isinstance(result.exception, Stop), result.output
    (found,) = seen
    recipe, _ = read_recipe(recipe_path("demo"), command, type(found))
    assert vars(found) == {**vars(recipe), **given}
