import ast
from pathlib import Path

import pytest

from mobile_app.android.packaging.requirements import ALWAYS, imported_modules, requirements_of
from triage.errors import UnusableInput

ROOT = Path(__file__).parents[3]
PACKAGED = [
    path
    for package in ("triage", "mobile_app")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "packaging" not in path.parts
]


@pytest.fixture
def source(tmp_path):
    def write(text: str) -> list[Path]:
        path = tmp_path / "module.py"
        path.write_text(text)
        return [path]

    return write


def test_what_the_app_imports_is_a_recipe_or_pure_python():
    assert set(ALWAYS) <= set(requirements_of(PACKAGED))


def test_imports_anywhere_in_a_file_count(source):
    text = "import os\ndef f():\n    if os:\n        import PIL.Image as image\nclass C:\n    from fpdf import FPDF\n"
    found = set(requirements_of(source(text)))
    assert found - set(ALWAYS) == {"pillow", "fpdf2", "defusedxml", "fonttools"}


@pytest.mark.parametrize(
    "statement",
    [
        "import tensorflow as tf",
        "from click import echo",
        "import ai_edge_litert.interpreter",
        "import tkinter",
        "import imghdr",
        "import skin_distill",
    ],
)
def test_what_a_phone_will_not_have_is_refused(source, statement):
    with pytest.raises(UnusableInput, match=r"module\.py, line 2"):
        requirements_of(source(f"import json\n{statement}\n"))


def test_relative_imports_and_our_own_pass(source):
    assert requirements_of(source("from . import x\nfrom .y import z\nimport triage.photo\n")) == ALWAYS


def test_no_desktop_module_needs_java():
    for path in PACKAGED:
        if "android" not in path.relative_to(ROOT).parts:
            assert {name for name, _ in imported_modules(path)} & {"jnius", "android"} == set(), path


def test_every_java_class_that_is_named_is_looked_up_at_the_start():
    # pyjnius is not on every machine, so the modules are read, not imported.
    folder = ROOT / "mobile_app" / "android"
    named, announced = set(), set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "autoclass":
                named |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "JAVA_CLASSES":
                announced |= set(ast.literal_eval(node.value))
    assert named
    assert named <= announced
    own = {path.stem for path in (folder / "java").rglob("*.java")}
    assert own == {name.rpartition(".")[2] for name in announced if name.startswith("org.skindistill.")}
