"""What README and the guides name must exist: commands, options, modules, recipes, targets, files, headings."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from skin_distill.cli import cli
from skin_distill.recipes import recipe_names

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "experiments/README.md"])
PACKAGES = (
    "triage", "skin_data", "skin_training", "teacher", "distill", "convert", "benchmarks", "mobile_app", "web_app",
    "skin_distill",
)  # fmt: skip
FOLDERS = (*PACKAGES, "configs", "docs", "experiments", "tests", "ci", ".ci")
PLACEHOLDER = re.compile(r"[<>{}$*…]|\b[A-Z]{2,}\b|RUN|NAME")
"""Marks a path or word that stands for the reader's own."""
FOREIGN = {"--break-system-packages"}
"""Options of other programs that the documents name outside a command line."""

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def code_blocks(text: str) -> Iterator[str]:
    """Lines of fenced code, continued lines joined."""
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.M | re.S):
        yield from re.sub(r"\\\n\s*", "", block).splitlines()


def inline_code(text: str) -> list[str]:
    """What stands between backticks outside fenced code, over line ends."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose)]


def commands(text: str, program: str) -> Iterator[list[str]]:
    """Words of each command line of a program, without its name; comments and what a pipe begins are left out."""
    for line in [*code_blocks(text), *inline_code(text)]:
        for part in re.split(r"&&|\|(?!\w)|;", line):
            if found := re.match(rf"\s*(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?{program}(?:\s+(.*))?$", part):
                yield shlex.split(found[1] or "", comments=True)


def options_of(words: list[str]) -> set[str]:
    return {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}


def source_of(module: str) -> str:
    """Text of a module that `python -m` runs, and of its neighbours where it is a package."""
    spec = importlib.util.find_spec(module)
    assert spec and spec.origin, f"no module {module}"
    origin = Path(spec.origin)
    files = list(origin.parent.glob("*.py")) if spec.submodule_search_locations else [origin]
    return "\n".join(file.read_text() for file in files)


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a document's headings."""
    prose = re.sub(r"^ *```.*?^ *```", "", path.read_text(), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@documents
def test_commands_and_their_options_exist(path):
    for words in commands(path.read_text(), "skin-distill"):
        name = next((word for word in words if not word.startswith("-")), None)
        if name is None or PLACEHOLDER.search(name):
            continue
        assert name in cli.commands, words
        known = {option for parameter in cli.commands[name].params for option in parameter.opts}
        assert options_of(words) <= known | {"--help", "-h"}, words


@documents
def test_modules_that_are_run_exist_and_take_their_options(path):
    for words in commands(path.read_text(), r"(?:\S*/)?python3? -m"):
        module, *rest = words
        if module.split(".")[0] in PACKAGES or module.startswith("tests."):
            source = source_of(module)
            assert "__main__" in source or "main()" in source, module
            for option in options_of(rest):
                assert f'"{option}' in source, f"{module} {option}"


@documents
def test_options_in_prose_belong_to_some_command(path):
    ours = {option for command in cli.commands.values() for p in command.params for option in p.opts} | {"--help"}
    for folder in ("benchmarks", "tests/stress", "docs"):
        for file in (ROOT / folder).rglob("*.py"):
            ours |= set(re.findall(r"\"(--[a-z][a-z-]*)", file.read_text()))
    for text in inline_code(path.read_text()):
        if text.startswith("--"):
            assert text.split()[0].split("=")[0] in ours | FOREIGN, text


@documents
def test_recipes_that_are_named_exist(path):
    known = recipe_names()
    for words in commands(path.read_text(), "skin-distill"):
        for option, value in pairwise(words):
            if option == "--config" and not PLACEHOLDER.search(value) and not value.endswith(".yaml"):
                assert value in known, words


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/*.yaml")), ids=lambda path: path.name)
def test_the_commands_in_a_recipes_comments_find_recipes(path):
    comments = "\n".join(re.findall(r"^# ?(.*)$", path.read_text(), re.M))
    for program, names in (("skin-distill", recipe_names()), ("python3? -m", [])):
        for words in commands(f"```\n{comments}\n```", program):
            for option, value in pairwise(words):
                assert option != "--config" or value in names or (ROOT / value).is_file(), words


@documents
def test_make_targets_exist(path):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    for words in commands(path.read_text(), "make"):
        named = {word for word in words if re.fullmatch(r"[a-z][a-z0-9-]*", word)}
        assert named <= targets, words


@documents
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


@documents
def test_paths_in_backticks_exist(path):
    for text in inline_code(path.read_text()):
        if re.fullmatch(rf"(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]*", text) and not PLACEHOLDER.search(text):
            assert (ROOT / text).exists(), text
        if re.fullmatch(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+", text) and not text.endswith((".md", ".json")):
            assert _is_attribute_or_module(text) or _is_recipe_key(text), text


def _is_attribute_or_module(dotted: str) -> bool:
    """Whether a dotted name is a module of ours, or something that one's source defines."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        stem = ROOT.joinpath(*parts[:length])
        for file in (stem.with_suffix(".py"), stem / "__init__.py"):
            if file.is_file():
                return all(re.search(rf"\b{name}\b", file.read_text()) for name in parts[length:])
    return False


def _is_recipe_key(dotted: str) -> bool:
    """Whether a dotted name is a key of a shipped recipe, such as `convert.representative.count`."""
    for path in (ROOT / "configs").glob("*.yaml"):
        value = yaml.safe_load(path.read_text())
        for key in dotted.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return True
    return False


def test_every_command_is_documented():
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    missing = [name for name in cli.commands if not re.search(rf"skin-distill {name}\b", text)]
    assert missing == []


def test_every_guide_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text()
    assert [path.name for path in ROOT.glob("docs/*.md") if f"](docs/{path.name})" not in readme] == []


def test_every_picture_is_shown():
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    assert [path.name for path in ROOT.glob("docs/images/*") if path.name not in text] == []


def test_readme_and_results_stay_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
    assert len((ROOT / "docs/results.md").read_text().split()) <= 1_700


def test_every_run_is_listed_and_all_are_small():
    listed = (ROOT / "experiments/README.md").read_text()
    stems = [run.name for run in (ROOT / "experiments").iterdir() if run.is_dir()]
    assert [run for run in stems if f"`{run}`" not in listed] == []
    files = [file for file in (ROOT / "experiments").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 8_000_000
    assert {file.suffix for file in files} <= {".md", ".json", ".yaml", ".csv", ".txt", ".png", ".npz"}
