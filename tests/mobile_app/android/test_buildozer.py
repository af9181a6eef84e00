"""The project as buildozer and python-for-android read it, up to where Android's own tools would have to run."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobile_app.android.packaging import manifest_hook
from mobile_app.android.packaging import spec as spec_module
from mobile_app.android.packaging.project import write_project
from mobile_app.android.packaging.requirements import PURE_PYTHON, RECIPES
from mobile_app.android.packaging.spec import Identity
from mobile_app.phone import SHARED_FOLDER
from mobile_app.settings import data_folder

WHY = "needs buildozer and python-for-android: pip install -e '.[android]'"
ANDROID = "{http://schemas.android.com/apk/res/android}"
TOOLS = "{http://schemas.android.com/tools}"
# What falls to pip: our own pure Python, what Kivy's and pyjnius' recipes name, all of them without compiled parts.
PIP = {name for names in PURE_PYTHON.values() for name in names} | {
    "certifi", "chardet", "filetype", "idna", "requests", "six", "urllib3",
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory, release) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("project") / "phone"
    write_project(release, folder, Identity("Skin check", "org.example.skin", "1.2.3"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def buildozer(project):
    module = pytest.importorskip("buildozer", reason=WHY)
    return module.Buildozer(str(project / "buildozer.spec"), target="android")


@pytest.fixture(scope="session")
def toolchain():
    return pytest.importorskip("pythonforandroid.toolchain", reason=WHY)


class Stop(Exception):
    pass


def test_buildozer_reads_the_spec(buildozer):
    buildozer.check_configuration_tokens()
    get, target = buildozer.config.get, buildozer.target
    assert buildozer.config.getlist("app", "android.permissions") == ["android.permission.CAMERA"]
    assert buildozer.config.getlist("app", "android.archs") == ["arm64-v8a"]
    assert not buildozer.config.getboolean("app", "android.allow_backup")
    assert (target.android_api, target.android_minapi, target.android_ndk_version) == ("36", "26", "28c")
    assert target._get_package() == "org.example.skin"
    assert buildozer.get_version() == "1.2.3"
    for key in ("icon.filename", "presplash.filename", "android.extra_manifest_xml", "p4a.hook"):
        assert Path(get("app", key)).is_file(), key
    assert all(Path(name).is_file() for name in buildozer.config.getlist("app", "android.res_xml"))


def test_every_name_in_the_spec_is_one_that_buildozer_knows(project):
    module = pytest.importorskip("buildozer", reason=WHY)
    known = set(re.findall(r"^#?\s?([a-z0-9_.]+) =", (Path(module.__file__).parent / "default.spec").read_text(), re.M))
    written = set(re.findall(r"^([a-z0-9_.]+) =", (project / "buildozer.spec").read_text(), re.M))
    assert written <= known


def test_recipes_exist_and_only_pure_python_falls_to_pip(buildozer, toolchain):
    from pythonforandroid.bootstrap import Bootstrap
    from pythonforandroid.graph import get_recipe_order_and_bootstrap

    context = toolchain.Context()
    wanted = buildozer.config.getlist("app", "requirements")
    bootstrap = Bootstrap.get_bootstrap(buildozer.config.get("app", "p4a.bootstrap"), context)
    recipes, pip, _ = get_recipe_order_and_bootstrap(context, wanted, bootstrap)
    assert {"python3", *(name for name in RECIPES.values() if name in wanted)} <= set(recipes)
    assert set(pip) <= PIP


def test_every_recipe_that_may_be_asked_for_exists(toolchain):
    from pythonforandroid.recipe import Recipe

    context = toolchain.Context()
    for name in {*RECIPES.values(), "python3"}:
        Recipe.get_recipe(name, context)


def test_versions_fit_python_for_android(toolchain):
    from packaging.version import Version
    from pythonforandroid import recommendations
    from pythonforandroid.recipe import Recipe

    assert Version(toolchain.__version__) == Version(spec_module.PYTHON_FOR_ANDROID)
    assert recommendations.RECOMMENDED_NDK_VERSION == spec_module.NDK
    assert int(spec_module.NDK.rstrip("abcdefgh")) >= 28  # pages of 16 KB
    assert Recipe.get_recipe("numpy", toolchain.Context()).min_ndk_api_support <= spec_module.MIN_API


def test_pyjnius_here_is_the_one_of_the_recipe(toolchain):
    from importlib.metadata import version

    from pythonforandroid.recipe import Recipe

    pytest.importorskip("jnius_config")
    assert version("pyjnius").split(".")[:2] == Recipe.get_recipe("pyjnius", toolchain.Context()).version.split(".")[:2]


@pytest.fixture(scope="module")
def distribution(buildozer, toolchain, tmp_path_factory) -> Path:
    """What python-for-android gives to Gradle: made by buildozer's command and python-for-android's own templates."""
    from pythonforandroid.bootstrap import Bootstrap, copy_files

    arguments = arguments_of(command_of(buildozer), toolchain)
    folder = tmp_path_factory.mktemp("build") / "dist"
    for root in Bootstrap.get_bootstrap(arguments.bootstrap, toolchain.Context()).get_bootstrap_dirs():
        copy_files(str(Path(root) / "build"), str(folder))
    shutil.rmtree(folder / "src" / "patches")  # of SDL's sources, which are not here
    facts = {"hostpython": sys.executable, "bootstrap": "sdl2", "archs": arguments.arch, "ndk_api": arguments.ndk_api}
    (folder / "dist_info.json").write_text(json.dumps(facts))
    (folder / "project.properties").write_text(f"target=android-{buildozer.target.android_api}")
    (folder / "local.properties").write_text(f"sdk.dir={folder.parent / 'sdk'}")
    for made in ("libs/arm64-v8a", "_python_bundle__arm64-v8a", "../sdk/build-tools/36.0.0"):
        (folder / made).mkdir(parents=True)
    command = [sys.executable, "build.py", *arguments.unknown_args, "--no-byte-compile-python"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    line = toolchain.ToolchainCL.__new__(toolchain.ToolchainCL)
    line.args = arguments
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for _ in range(2):  # python-for-android may leave an unchanged manifest as it is
            line.hook("after_apk_build")
    return folder


def command_of(buildozer) -> list[str]:
    """The words by which buildozer would call python-for-android."""
    commands: list[list[str]] = []

    def stop(command, env, **_):
        commands.append([str(word) for word in (*command, *buildozer.target.extra_p4a_args)])
        raise Stop

    buildozer._copy_application_sources()
    Path(buildozer.target.get_dist_dir("skin")).mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buildozer.target, "_p4a", stop)
        with pytest.raises(Stop):
            buildozer.target.build_package()
    return commands[0]


def arguments_of(command: list[str], toolchain) -> argparse.Namespace:
    """How python-for-android reads them; it is stopped where it would look for Android's tools."""

    def stop():
        raise Stop

    line = toolchain.ToolchainCL.__new__(toolchain.ToolchainCL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["p4a", *command])
        patch.setattr(toolchain, "Context", stop)
        with pytest.raises(Stop):
            line.__init__()
    line._fix_args(line.args)
    return line.args


def test_the_manifest_asks_for_the_camera_and_keeps_everything_on_the_phone(distribution):
    manifest = ElementTree.parse(distribution / "src/main/AndroidManifest.xml").getroot()
    permissions = manifest.findall("uses-permission")
    asked = {p.get(f"{ANDROID}name") for p in permissions if p.get(f"{TOOLS}node") != "remove"}
    removed = {p.get(f"{ANDROID}name") for p in permissions if p.get(f"{TOOLS}node") == "remove"}
    assert asked == {"android.permission.CAMERA"}
    assert "android.permission.INTERNET" in removed
    sdk = manifest.find("uses-sdk")
    assert (sdk.get(f"{ANDROID}minSdkVersion"), sdk.get(f"{ANDROID}targetSdkVersion")) == ("26", "36")
    application = manifest.find("application")
    assert application.get(f"{ANDROID}allowBackup") == "false"
    assert application.get(f"{ANDROID}fullBackupContent") == "false"
    assert application.get(f"{ANDROID}dataExtractionRules") == "@xml/data_extraction_rules"
    assert application.get(f"{ANDROID}enableOnBackInvokedCallback") == "false"
    needed = {p.get(f"{ANDROID}name"): p.get(f"{ANDROID}required") for p in manifest.findall("uses-feature")}
    assert {name for name, required in needed.items() if required == "true"} == {"android.hardware.camera.any"}
    assert {"android.hardware.camera", "android.hardware.camera.autofocus"} <= set(needed)
    assert (distribution / "src/main/res/xml/data_extraction_rules.xml").is_file()
    assert {part.tag for part in application} <= {"meta-data", "activity", "provider"}
    (activity,) = application.findall("activity")
    assert activity.get(f"{ANDROID}screenOrientation") == "unspecified"
    assert {"orientation", "screenSize"} <= set(activity.get(f"{ANDROID}configChanges").split("|"))


def test_the_manifest_lets_one_folder_be_shared_and_sees_the_phones_voice(distribution):
    manifest = ElementTree.parse(distribution / "src/main/AndroidManifest.xml").getroot()
    (provider,) = manifest.find("application").findall("provider")
    assert provider.get(f"{ANDROID}name") == "androidx.core.content.FileProvider"
    assert provider.get(f"{ANDROID}authorities") == "${applicationId}.shared"  # Documents.java asks for it
    assert (provider.get(f"{ANDROID}exported"), provider.get(f"{ANDROID}grantUriPermissions")) == ("false", "true")
    assert provider.find("meta-data").get(f"{ANDROID}resource") == "@xml/shared_files"
    (folder,) = ElementTree.parse(distribution / "src/main/res/xml/shared_files.xml").getroot()
    assert (folder.tag, folder.get("path")) == ("files-path", f"{data_folder().name}/{SHARED_FOLDER}/")
    (action,) = manifest.findall("queries/intent/action")
    assert action.get(f"{ANDROID}name") == "android.intent.action.TTS_SERVICE"


def test_a_manifest_that_has_no_place_for_the_provider_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest_hook.MANIFEST.parent.mkdir(parents=True)
    manifest_hook.MANIFEST.write_text("<manifest/>")
    with pytest.raises(RuntimeError, match="AndroidManifest"):
        manifest_hook.after_apk_build(None)


def test_gradle_gets_the_runtime_our_java_and_our_names(distribution, project):
    gradle = (distribution / "build.gradle").read_text()
    for name in (spec_module.LITERT, spec_module.LITERT_API, spec_module.ANDROIDX_CORE):
        assert f"implementation '{name}'" in gradle
    assert f"srcDir '{project / 'java'}'" in gradle
    assert "namespace 'org.example.skin'" in gradle
    assert "android.useAndroidX=true" in (distribution / "gradle.properties").read_text()
    strings = ElementTree.parse(distribution / "src/main/res/values/strings.xml").getroot()
    assert {s.get("name"): s.text for s in strings.findall("string")}["app_name"] == "Skin check"
    icons = distribution / "src/main/res/mipmap"
    assert {"icon.png", "icon_foreground.png", "icon_background.png"} <= {path.name for path in icons.iterdir()}


def test_the_icon_has_a_layer_in_one_colour(distribution):
    (layer,) = ElementTree.parse(distribution / manifest_hook.ICON).getroot().findall("monochrome")
    picture = layer.get(f"{ANDROID}drawable").removeprefix("@mipmap/")
    opacity = cv2.imread(str(distribution / f"src/main/res/mipmap/{picture}.png"), cv2.IMREAD_UNCHANGED)[..., 3]
    # Android shows the opacity alone: shapes and holes, hardly anything in between.
    assert np.isin(opacity, (0, 255)).mean() > 0.97 and 0.03 < (opacity == 255).mean() < 0.5


def test_every_file_of_the_app_arrives_on_the_phone(distribution, project):
    with tarfile.open(distribution / "src/main/assets/private.tar") as archive:
        arrived = set(archive.getnames())
    sent = {path.relative_to(project / "app") for path in (project / "app").rglob("*") if path.is_file()}
    assert {str(path) for path in sent} <= arrived


def test_our_pythonactivity_is_the_one_of_python_for_android(toolchain):
    """The signatures that our Java calls, and the make-believe activity has, in the real source."""
    name = "org/kivy/android/PythonActivity.java"
    real = (Path(toolchain.__file__).parent / "bootstraps/sdl2/build/src/main/java" / name).read_text()
    make_believe = (Path(__file__).parent / "java" / name).read_text()
    for signature in (
        "public static PythonActivity mActivity",
        "public interface PermissionsCallback",
        "void onRequestPermissionsResult(int requestCode, String[] permissions, int[] grantResults)",
        "public void addPermissionsCallback(PermissionsCallback callback)",
        "public boolean checkCurrentPermission(String permission)",
        "public void requestPermissionsWithRequestCode(String[] permissions, int requestCode)",
        "public interface ActivityResultListener",
        "void onActivityResult(int requestCode, int resultCode, Intent data)",
        "public void registerActivityResultListener(ActivityResultListener listener)",
        "public void unregisterActivityResultListener(ActivityResultListener listener)",
        "protected void onActivityResult(int requestCode, int resultCode, Intent intent)",
    ):
        assert signature in real
        assert signature in make_believe
