"""The buildozer project: sources of `mobile_app` and `triage`, a model, images, and Android's configuration."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mobile_app
import triage
from mobile_app.android.packaging import manifest_hook, spec
from mobile_app.android.packaging.requirements import requirements_of
from mobile_app.android.packaging.spec import Identity
from triage.errors import UnusableInput

MODEL_NAME = "model.tflite"
SPEC_NAME = "buildozer.spec"
MAIN = f'''"""Where python-for-android starts the app."""

from pathlib import Path

from mobile_app.android.start import start

start(Path(__file__).resolve().with_name("{MODEL_NAME}"))
'''
# Only a desktop needs these; the given model replaces the demo model.
_EXCLUDED_FOLDERS = ("__pycache__", "packaging", "java")
_EXCLUDED_SUFFIXES = (".pyc", ".tflite", ".typed")


def write_project(model: Path, folder: Path, identity: Identity) -> tuple[str, ...]:
    """Write a buildozer project.

    Args:
        model: a release file.
        folder: of the project. An earlier project here is replaced; what buildozer has built in it stays.
        identity: of the app.

    Returns:
        The project's requirements.

    Raises:
        UnusableInput: the folder holds something else, or the app imports a module that a phone lacks.
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
            f"The folder must be new, empty, or a project written by this command. Received: {folder}. "
            "Choose another --out."
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
    (app / "mobile_app" / "VERSION").write_text(f"{identity.version}\n", encoding="utf-8")
    shutil.copyfile(model, app / MODEL_NAME)
    requirements = requirements_of(sorted(app.rglob("*.py")))
    shutil.copytree(Path(str(mobile_app.__file__)).parent / "android" / "java", new / "java")
    for folder in ("images", "manifest"):
        shutil.copytree(Path(__file__).with_name(folder), new / folder)
    shutil.copy(manifest_hook.__file__, new / "manifest")
    (new / SPEC_NAME).write_text(spec.spec_text(identity, requirements), encoding="utf-8")
    return requirements


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and path.suffix not in _EXCLUDED_SUFFIXES and not set(parts) & set(_EXCLUDED_FOLDERS):
            yield path
