"""A buildozer project: the app's sources and `triage`'s, a model, and what Android has to know."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mobile_app
import triage
from mobile_app.android.packaging import pictures, provider_hook, spec
from mobile_app.android.packaging.libraries import requirements_of
from mobile_app.android.packaging.spec import Identity
from triage.errors import UnusableInput

MODEL_NAME = "model.tflite"
SPEC_NAME = "buildozer.spec"
MAIN = f'''"""Where python-for-android starts the app."""

from pathlib import Path

from mobile_app.android.start import start

start(Path(__file__).resolve().with_name("{MODEL_NAME}"))
'''
# Of mobile_app: what only a desktop needs, and the demo model, whose place the given one takes.
_LEFT_OUT_FOLDERS = ("__pycache__", "packaging", "java")
_LEFT_OUT_SUFFIXES = (".pyc", ".tflite", ".typed")


def write_project(model: Path, folder: Path, identity: Identity) -> tuple[str, ...]:
    """Write a buildozer project.

    Args:
        model: a release file.
        folder: is made. A project written here before is written anew; what buildozer has built in it stays.
        identity: of the app.

    Returns:
        The project's requirements.

    Raises:
        UnusableInput: there is something else in the folder, or the app imports what a phone will not have.
    """
    _check_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        new = Path(temporary) / "new"
        requirements = _write(new, model, identity)
        if not folder.exists():
            new.rename(folder)
            return requirements
        old = Path(temporary) / "old"
        old.mkdir()
        for part in sorted(new.iterdir(), key=lambda path: path.name == SPEC_NAME):
            if (folder / part.name).exists():
                (folder / part.name).rename(old / part.name)
            part.rename(folder / part.name)
    return requirements


def _check_folder(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    written = folder / SPEC_NAME
    if not written.is_file() or not written.read_text(encoding="utf-8", errors="replace").startswith(spec.MARK):
        raise UnusableInput(
            f"The folder must be new, empty, or a project that this command wrote. Received: {folder}. "
            "Give another --out."
        )


def _write(new: Path, model: Path, identity: Identity) -> tuple[str, ...]:
    app = new / "app"
    for package in (triage, mobile_app):
        root = Path(str(package.__file__)).parent
        for source in _files(root):
            target = app / root.name / source.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (app / "main.py").write_text(MAIN, encoding="utf-8")
    shutil.copyfile(model, app / MODEL_NAME)
    requirements = requirements_of(sorted(app.rglob("*.py")))
    shutil.copytree(Path(str(mobile_app.__file__)).parent / "android" / "java", new / "java")
    for path, text in (
        ("manifest/extra_manifest.xml", spec.extra_manifest()),
        ("manifest/application_arguments.xml", spec.application_arguments()),
        ("manifest/data_extraction_rules.xml", spec.data_extraction_rules()),
        ("manifest/shared_files.xml", spec.shared_files()),
        ("manifest/provider_hook.py", Path(provider_hook.__file__).read_text(encoding="utf-8")),
        (SPEC_NAME, spec.spec_text(identity, requirements)),
    ):
        (new / path).parent.mkdir(exist_ok=True)
        (new / path).write_text(text, encoding="utf-8")
    (new / "pictures").mkdir()
    for name, content in (
        ("icon.png", pictures.icon()),
        ("icon_foreground.png", pictures.icon_foreground()),
        ("icon_background.png", pictures.icon_background()),
        ("start.png", pictures.start_picture()),
    ):
        (new / "pictures" / name).write_bytes(content)
    return requirements


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and path.suffix not in _LEFT_OUT_SUFFIXES and not set(parts) & set(_LEFT_OUT_FOLDERS):
            yield path
