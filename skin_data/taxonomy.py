"""Class lists: a YAML file gives the classes, their order, their urgency and a data set's names for them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, Literal

from skin_data.cell_text import check_class_names, simplified
from triage.errors import UnusableInput


@dataclass(frozen=True)
class SkinClass:
    """One class of a taxonomy: its id in tables and models, and the data set's folder and labels (codes) for it.

    A diffuse class, such as eczema, has no single lesion: the output `spot` is unsure there.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "coerce_numbers_to_str": True}

    id: str
    name: str = ""
    urgency: Literal["urgent", "soon", "watch"] = "soon"
    folder: str | None = None
    codes: tuple[str, ...] = ()
    diffuse: bool = False


@dataclass(frozen=True)
class Taxonomy:
    """An ordered list of classes; the order is that of the model's outputs."""

    name: str
    source: str
    classes: tuple[SkinClass, ...]

    @property
    def ids(self) -> list[str]:
        """The classes' ids in order."""
        return [c.id for c in self.classes]

    @property
    def diffuse_ids(self) -> list[str]:
        """The ids of diffuse classes in order."""
        return [c.id for c in self.classes if c.diffuse]

    @property
    def by_name(self) -> dict[str, str]:
        """Class id by each id, folder and code."""
        return {name: c.id for c in self.classes for name in (c.id, c.folder, *c.codes) if name}

    @property
    def by_code(self) -> dict[str, str]:
        """Class id by each of the data set's codes."""
        return {code: c.id for c in self.classes for code in c.codes}

    def to_yaml(self) -> str:
        """Write the taxonomy as YAML that `load_taxonomy` reads."""
        import yaml

        classes = [{k: list(v) if isinstance(v, tuple) else v for k, v in asdict(c).items() if v} for c in self.classes]
        whole = {"name": self.name, "source": self.source, "classes": classes}
        return str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))


def load_taxonomy(name_or_path: str | Path) -> Taxonomy:
    """Read a taxonomy: a YAML file, or the name of a built-in one such as kaggle10.

    Raises:
        UnusableInput: there is none, or it is not a taxonomy.
    """
    import pydantic
    import yaml

    path = Path(name_or_path)
    built_in = Path(str(files("skin_data.taxonomies")))
    if not path.is_file():
        path = built_in / f"{name_or_path}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in built_in.glob("*.yaml")))
        raise UnusableInput(f"No such taxonomy. Received: {name_or_path}. Give a YAML file or one of: {known}.")
    try:
        whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnusableInput(f"The taxonomy is not valid YAML. Received: {path}: {error}") from error
    if not isinstance(whole, Mapping) or not isinstance(whole.get("classes"), list):
        raise UnusableInput(f"A taxonomy needs 'name', 'source' and a list 'classes'. Received: {path}.")
    reader = pydantic.TypeAdapter(tuple[SkinClass, ...])
    try:
        classes = tuple(replace(c, name=c.name or c.id) for c in reader.validate_python(whole["classes"]))
    except pydantic.ValidationError as error:
        wrong = error.errors()[0]
        field = ".".join(map(str, wrong["loc"][1:])) or "this"
        raise UnusableInput(
            f"A class has id, name, urgency, folder, codes and diffuse; {field} is wrong: "
            f"{wrong['msg']}. Received: {whole['classes'][wrong['loc'][0]]!r} in {path}."
        ) from error
    ids = [c.id for c in classes]
    if len(set(ids)) != len(ids) or len(ids) < 2:
        raise UnusableInput(f"A taxonomy needs at least two classes with different ids. Received: {path}: {ids}.")
    check_class_names(ids, str(path))
    codes = [code for c in classes for code in dict.fromkeys(map(simplified, c.codes))]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise UnusableInput(f"A code must belong to one class. Received: {path}: {', '.join(twice)} in several.")
    return Taxonomy(str(whole.get("name", path.stem)), str(whole.get("source", "")), classes)
