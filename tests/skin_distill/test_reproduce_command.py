"""What `reproduce` takes over from a run beside its recipe."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from skin_distill.cli import cli
from skin_distill.recipes import recipe_path
from skin_training.recipe import read_yaml
from skin_training.run_folder import RunFolder
from triage.atomic import write_json
from triage.errors import UnusableInput


class Stop(Exception):
    pass


@pytest.fixture
def reproduce(tmp_path, monkeypatch):
    """`reproduce(section, report, *options)`: the keywords that the repetition of such a run is trained with."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").mkdir()
    monkeypatch.setattr("skin_data.manifest.read_manifest", lambda path: SimpleNamespace(sha256="m", path=path))
    found = SimpleNamespace(sha256="more's", photos=3)
    monkeypatch.setattr("skin_data.unlabelled.with_unlabelled", lambda *_, **__: found)
    monkeypatch.setattr("skin_distill.commands.reproduce._find_teachers", lambda *_: [])

    def reproduce(section, report, *options):
        seen = {}

        def stop(*_, **given):
            seen.update(given)
            raise Stop

        monkeypatch.setattr("teacher.train.train_teacher", stop)
        monkeypatch.setattr("distill.train.distill_student", stop)
        run = RunFolder("run")
        run.write_config({section: read_yaml(recipe_path("demo"), "")[section], "data": {"meta_sha256": "m"}})
        write_json(run.report_path, {section: report})
        result = CliRunner().invoke(cli, ["reproduce", "run", "--data", "meta.csv", *options])
        if not isinstance(result.exception, Stop):
            raise result.exception
        return seen

    return reproduce


@pytest.mark.parametrize("key", [{}, {"mixed_precision": True}])
def test_a_teacher_is_repeated_in_its_own_precision(reproduce, key):
    assert reproduce("teacher", {"key": key})["mixed_precision"] is bool(key)


def test_a_student_is_repeated_with_its_unlabelled_photos(reproduce):
    run = {"unlabelled": {"sha256": "more's", "photos": 3, "folders": ["more"]}}
    (folder,) = reproduce("distill", run, "--unlabelled", "more")["unlabelled"]
    assert folder.name == "more"
    assert reproduce("distill", {})["unlabelled"] == ()


@pytest.mark.parametrize(
    ("recorded", "options", "named"),
    [
        ({"sha256": "more's", "photos": 3, "folders": ["more"]}, [], "3 of more"),
        ({"sha256": "others'", "photos": 4, "folders": ["others"]}, ["--unlabelled", "more"], "4 of others"),
        (None, ["--unlabelled", "more"], "none"),
    ],
)
def test_other_unlabelled_photos_are_refused(reproduce, recorded, options, named):
    with pytest.raises(UnusableInput, match=named):
        reproduce("distill", {"unlabelled": recorded} if recorded else {}, *options)
