"""The page: choose a run, then its photo section or its measurements."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from skin_data.manifest import Manifest, read_manifest
from skin_training.run_folder import RunFolder
from triage.errors import SkinDistillError
from web_app.stakeholder.models import RunModels, load_models
from web_app.stakeholder.photo_section import photo_section
from web_app.stakeholder.run_section import run_section

TITLE = "Skin photo models"


def show(runs: Sequence[str], root: str = "", data: str | None = None) -> None:
    """Draw the page; Streamlit calls this again after every input.

    Args:
        runs: names of students' runs.
        root: folder of `experiments` and `artifacts`.
        data: path of a meta.csv whose photos may be shown.
    """
    st.set_page_config(TITLE, layout="centered")
    st.title(TITLE, anchor=False)  # a link to each heading would be one more stop of Tab
    name = runs[0] if len(runs) == 1 else st.selectbox("Run", runs) or runs[0]
    view = st.radio("View", ["A photo", "The run"], horizontal=True)
    try:
        run, manifest = RunFolder(name, Path(root)), _manifest(data) if data else None
        models = _models(name, root)
        if view == "A photo":
            photo_section(models)
        else:
            run_section(run, models.file.card, manifest)
    except SkinDistillError as error:
        st.error(str(error))


@st.cache_resource(show_spinner="Loading the models…")
def _models(name: str, root: str) -> RunModels:
    return load_models(RunFolder(name, Path(root)))


@st.cache_resource(show_spinner=False)
def _manifest(path: str) -> Manifest:
    return read_manifest(path)
