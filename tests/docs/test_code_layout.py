"""Rules of the code that no linter checks."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "triage", "skin_data", "skin_training", "teacher", "distill", "convert", "benchmarks", "mobile_app", "skin_distill",
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
