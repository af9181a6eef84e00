"""The notebooks run from top to bottom, on phantoms with tiny sizes."""

from pathlib import Path

import pytest

from tests.skin_distill.test_pipeline import RECIPE

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = ("quickstart", "error_analysis")
TINY = {
    "quickstart": 'SOURCE, DATA_SET, COUNT, SIZE, RECIPE = ".", "phantom", 120, 64, "tiny.yaml"',
    "error_analysis": 'RUN, DATA, ROOT, SHOWN = "my-student", "data/meta.csv", ".", 2',
}


def read(name):
    nbformat = pytest.importorskip("nbformat")
    return nbformat.read(FOLDER / f"{name}.ipynb", nbformat.NO_CONVERT)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Notebook by name, run one after the other in one folder: the second reads the run of the first."""
    nbclient = pytest.importorskip("nbclient")
    folder, found = tmp_path_factory.mktemp("notebooks"), {}
    (folder / "tiny.yaml").write_text(RECIPE.replace("[float32, int8-weights, int8]", "[float32]"))
    for name in NAMES:
        notebook = read(name)
        (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
        parameters.source = TINY[name]
        nbclient.NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(folder)}}).execute()
        found[name] = notebook
    return folder, found


def output_of(notebook):
    parts = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(part.get("text", "") or str(part.get("data", "")) for part in parts)


def test_the_quickstart_ends_with_a_file(executed):
    folder, notebooks = executed
    assert list((folder / "artifacts" / "my-student").glob("*.tflite"))
    assert "'disclaimer'" in output_of(notebooks["quickstart"])


def test_the_error_analysis_shows_every_part(executed):
    told = output_of(executed[1]["error_analysis"])
    for words in ("labelled test photos", "of true class", "all photos", "image/png", "probability of the label"):
        assert words in told


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_stored_without_outputs(name):
    for cell in read(name).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
