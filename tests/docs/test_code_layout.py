"""Rules of the code that no linter checks."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "triage", "skin_data", "skin_training", "teacher", "distill", "convert", "benchmarks", "mobile_app", "web_app",
    "skin_distill",
)  # fmt: skip
LONGEST = 400  # lines
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}

modules = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def test_no_module_is_long():
    lengths = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in modules}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_has_a_vague_name():
    assert [str(file) for file in modules if VAGUE & {file.stem, *file.relative_to(ROOT).parts}] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is(package):
    text = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
    assert text.startswith('"""')


def test_files_from_elsewhere_are_read_by_checked_loaders_alone():
    unchecked = re.compile(
        r"\bpickle\b(?!=)|allow_pickle=True|\b(?:models|saving)\.load_model|yaml\.(?:unsafe_|full_)?load\("
    )
    found = {str(file.relative_to(ROOT)): unchecked.findall(file.read_text(encoding="utf-8")) for file in modules}
    # Its loader derives from yaml.SafeLoader.
    assert {name: words for name, words in found.items() if words} == {"skin_training/recipe.py": ["yaml.load("]}
    readers = [file for file in modules if re.search(r"\.load_weights\((?!self)", file.read_text(encoding="utf-8"))]
    checked = {file.name for file in readers if "check_h5(" in file.read_text(encoding="utf-8")}
    assert checked == {"model_file.py", "backbone.py", "mobilenet_v3_small.py"}
    for file in readers:  # others call the loader of a backbone
        assert file.name in checked or "entry.load_weights(" in file.read_text() or "BACKBONES[" in file.read_text()
