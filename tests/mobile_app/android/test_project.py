import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobile_app.android.packaging.project import write_project
from mobile_app.android.packaging.spec import Identity
from triage.errors import UnusableInput

IDENTITY = Identity("Skin check", "org.example.skin", "1.2.3")


@pytest.fixture
def project(tmp_path, release) -> Path:
    write_project(release, tmp_path / "phone", IDENTITY)
    return tmp_path / "phone"


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_project_holds_the_app_the_model_and_nothing_of_a_desktop(project, release):
    files = set(content(project))
    assert {"buildozer.spec", "app/main.py", "app/triage/photo.py", "app/mobile_app/android/start.py"} <= files
    assert {"java/org/skindistill/FrameCamera.java", "manifest/data_extraction_rules.xml", "images/icon.png"} <= files
    assert (project / "app" / "model.tflite").read_bytes() == release.read_bytes()
    for licence, words in (("Skin-check", b"MIT"), ("Apache-2.0", b"Apache License"), ("LGPL-3.0", b"LESSER GENERAL")):
        assert words in content(project)[f"app/mobile_app/assets/licences/{licence}.txt"], licence
    assert not [name for name in files if "packaging" in name or "__pycache__" in name]
    assert [name for name in files if name.endswith(".tflite")] == ["app/model.tflite"]
    assert sum(map(len, content(project).values())) < 10e6
    assert {path.name for path in project.parent.iterdir()} == {"phone"}


def test_equal_input_gives_equal_projects(tmp_path, release, project):
    write_project(release, tmp_path / "again", IDENTITY)
    assert content(tmp_path / "again") == content(project)


def test_writing_again_replaces_ours_and_keeps_what_was_built(project, release):
    built = project / ".buildozer" / "state"
    built.parent.mkdir()
    built.write_text("hours of work")
    (project / "app" / "triage" / "gone.py").write_text("")
    write_project(release, project, Identity("Other", "org.example.skin", "1.2.3"))
    assert built.read_text() == "hours of work"
    assert not (project / "app" / "triage" / "gone.py").exists()
    assert "title = Other" in (project / "buildozer.spec").read_text()


def test_somebody_elses_folder_is_left_alone(tmp_path, release):
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "buildozer.spec").write_text("[app]\ntitle = theirs\n")
    before = content(folder)
    with pytest.raises(UnusableInput, match="theirs"):
        write_project(release, folder, IDENTITY)
    assert content(folder) == before
    assert {path.name for path in tmp_path.iterdir()} == {"theirs"}


@pytest.mark.parametrize(
    ("title", "package", "version"),
    [
        ("A & B", "org.example.skin", "1.0"),
        ("100 %", "org.example.skin", "1.0"),
        ("", "org.example.skin", "1.0"),
        ("Skin", "skin", "1.0"),
        ("Skin", "org.Example.skin", "1.0"),
        ("Skin", "org.example.skin\npackage.name = x", "1.0"),
        ("Skin", "org.example.skin", "1.0.dev1"),
    ],
)
def test_names_that_android_or_buildozer_would_not_take(title, package, version):
    with pytest.raises(UnusableInput, match="Received"):
        Identity(title, package, version)


def test_pictures_are_small_and_of_the_sizes_that_android_wants(project):
    sizes = {"icon": (512, 4), "icon_foreground": (432, 4), "icon_background": (432, 3), "start": (512, 3)}
    for name, (side, channels) in sizes.items():
        path = project / "images" / f"{name}.png"
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (side, side, channels)
        assert path.stat().st_size < 50_000
    # What a launcher's mask may cut off is empty: all but the middle 66 of 108 dp.
    opacity = cv2.imread(str(project / "images" / "icon_foreground.png"), cv2.IMREAD_UNCHANGED)[..., 3]
    rows, columns = np.nonzero(opacity)
    edge = (108 - 66) / 2 / 108 * 432
    assert min(rows.min(), columns.min()) >= edge
    assert max(rows.max(), columns.max()) <= 432 - edge


def test_nothing_leaves_the_phone_by_backup_or_transfer(project):
    rules = ElementTree.parse(project / "manifest" / "data_extraction_rules.xml").getroot()
    for way in ("cloud-backup", "device-transfer"):
        excluded = {entry.get("domain") for entry in rules.find(way)}
        assert excluded == {"root", "file", "database", "sharedpref", "external"}
        assert all(entry.tag == "exclude" for entry in rules.find(way))


ANSWER = """
import importlib, json, pathlib, sys

class OnlyWhatAPhoneHas:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        own, libraries = {"triage", "mobile_app"}, {"numpy", "cv2", "PIL", "fpdf", "defusedxml", "fontTools"}
        if top not in own | libraries | sys.stdlib_module_names:
            raise ModuleNotFoundError(name, name=top)

sys.meta_path.insert(0, OnlyWhatAPhoneHas())
app = pathlib.Path(sys.argv[1])
sys.path = [str(app), *(p for p in sys.path if p.endswith(("site-packages", "lib-dynload", ".zip")) or "python3" in p)]
without = []
for path in sorted(app.rglob("*.py")):
    if path.name == "main.py" and path.parent == app:
        continue
    name = ".".join(path.relative_to(app).with_suffix("").parts).removesuffix(".__init__")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        without.append((name, error.name))
import triage
assert pathlib.Path(triage.__file__).parent == app / "triage"
print(json.dumps(without))
"""


def test_the_packaged_copy_stands_alone(project, tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", "-c", ANSWER, str(project / "app")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    # Java, Android and the screen are not on this machine, or would want a window.
    assert {missing for _, missing in json.loads(done.stdout)} <= {"jnius", "android", "kivy"}
