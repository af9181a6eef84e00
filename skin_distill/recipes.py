"""The recipes that are shipped with the package."""

import dataclasses
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from triage.errors import UnusableInput

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Recipe = TypeVar("Recipe", bound="DataclassInstance")


def recipe_path(name: str) -> Path:
    """Return the file of a recipe, given by path or by the name of a shipped one.

    Raises:
        UnusableInput: neither exists.
    """
    if Path(name).is_file():
        return Path(name)
    shipped = Path(str(files("skin_distill.configs")))
    for candidate in (shipped / name, shipped / f"{name}.yaml"):
        if candidate.is_file():
            return candidate
    raise UnusableInput(f"No such recipe. Received: {name}. Give a YAML file or one of: {', '.join(recipe_names())}.")


def recipe_names() -> list[str]:
    """Return the names of the shipped recipes."""
    return sorted(p.stem for p in Path(str(files("skin_distill.configs"))).glob("*.yaml"))


def with_given(recipe: Recipe, **options: Any) -> Recipe:
    """Return a recipe with options of the command line, except those that are None."""
    return dataclasses.replace(recipe, **{name: value for name, value in options.items() if value is not None})
