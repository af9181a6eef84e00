"""One photo: light and tips first, then what each model says about it."""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import streamlit as st

from mobile_app.texts import Texts, load_texts
from triage.answers import OLDEST, YEARS
from triage.assessment import Assessment, Triage
from triage.crop import Crop
from triage.errors import SkinDistillError
from triage.photo import Photo, decode_photo
from web_app.stakeholder.models import DAYLIGHT, RunModels, changed
from web_app.stakeholder.picture import show_picture
from web_app.stakeholder.table import show_table

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

SHOWN = 900
"""Longer side of a shown photo, pixels."""
NO_ANSWER = "no_answer"
UNITS = ("exposure {:+.2f} stops", "{:.0f} kelvin", "gradient {:.2f} stops", "blur {:.1f} %", "glare {:.1f}")
PLAIN = (0.0, DAYLIGHT, 0.0, 0.0, 0.0)


def photo_section(models: RunModels) -> None:
    """Ask for a photo and show what the models say."""
    texts = load_texts()
    st.write(texts["answer.disclaimer"])
    st.write("Photos stay in this computer's memory until you close the page. Nothing is stored or sent.")
    if models.file.card["synthetic"]:
        st.warning(texts["app.demo_note"])
    source = st.radio("Source", ["File", "Camera"], horizontal=True)
    given = st.camera_input("Photo") if source == "Camera" else _file()
    if given is None:
        return
    try:
        photo, warnings = decode_photo(given.getvalue())
        for warning in warnings:
            st.info(warning)
        values = _sliders()
        _show(models, texts, changed(photo, *values), _described(given.name, values))
    except SkinDistillError as error:
        st.error(str(error).replace("photo in memory", given.name))


def _file() -> "UploadedFile | None":
    """Return the last file chosen. Any kind is taken, so that what is wrong with a file is said on the page."""
    files = st.file_uploader("Photo: JPEG, PNG, WebP, HEIC, AVIF, TIFF or BMP", accept_multiple_files=True)
    if len(files) > 1:
        st.info(f"Choose one photo at a time. The last of {len(files)} files is shown.")
    return files[-1] if files else None


def _described(name: str, values: tuple[float, ...]) -> str:
    """Return a photo's name with the light that it is shown in."""
    given = {unit: value for unit, value, plain in zip(UNITS, values, PLAIN, strict=True) if value != plain}
    return ", ".join([name, *(unit.format(value) for unit, value in given.items())])


def _sliders() -> tuple[float, float, float, float, float]:
    with st.expander("Change the light", expanded=False):
        st.write("The photo is shown to light check and models as if it had been taken under this light.")
        return (
            st.slider("Exposure, stops", -5.0, 3.0, 0.0, 0.25),
            float(st.slider("Colour temperature, kelvin", 2500, 10000, int(DAYLIGHT), 100)),
            st.slider("Light gradient, stops", 0.0, 5.0, 0.0, 0.25),
            st.slider("Blur, percent of the longer side", 0.0, 3.0, 0.0, 0.1),
            st.slider("Glare, 1 is as bright as white", 0.0, 3.0, 0.0, 0.1),
        )


def _show(models: RunModels, texts: Texts, photo: Photo, name: str) -> None:
    triage = models.file
    ignore_light = bool(st.session_state.get("ignore_light"))
    told = triage.assess(photo, ignore_light)
    _light(told, texts)
    above = st.container()  # the answer, which the questions change
    if told.decision.may_name and (rule := triage.card.get("answers")):
        answers = _questions(rule["questions"], texts)
        if answers:
            told = triage.combine([told], answers, ignore_light)
    with above:
        _decision(told, texts)
    _probabilities(models, photo, told)
    _pictures(models, photo, told, name)


def _light(told: Assessment, texts: Texts) -> None:
    st.header("Light", anchor=False)
    if told.lighting.ok:
        st.success(texts["answer.light_good"])
        return
    for tip in told.lighting.tips:
        st.warning(f"**{tip.headline}**: {tip.advice}")
    st.checkbox(texts["light.see_anyway"], key="ignore_light")


def _questions(questions: Any, texts: Texts) -> dict[str, object]:
    st.header(texts["questions.title"], anchor=False)
    st.write("Answer what is known and leave out the rest.")
    answers: dict[str, object] = {}
    columns = st.columns(2)
    half = (len(questions) + 1) // 2
    for number, (name, question) in enumerate(questions.items()):
        label, place = texts.get(f"question.{name}", _readable(name)), columns[number // half]
        if question.get(YEARS):
            if (years := place.number_input(f"{label} (years)", 0, OLDEST, None)) is not None:
                answers[name] = years
            continue
        choices = [NO_ANSWER, *question["effects"]]
        choice = place.selectbox(label, choices, format_func=lambda one: texts.get(f"choice.{one}", _readable(one)))
        if choice != NO_ANSWER:
            answers[name] = choice
    return answers


def _readable(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _decision(told: Assessment, texts: Texts) -> None:
    decision = told.decision
    st.header("Answer", anchor=False)
    if decision.urgency:
        show = {"urgent": st.error, "soon": st.warning}.get(decision.urgency, st.info)
        show(f"**{texts[f'answer.{decision.urgency}']}**. {texts[f'answer.{decision.urgency}_text']}")
    if decision.reason:
        st.warning(f"**{texts[f'answer.reason.{decision.reason}']}**. {texts[f'answer.reason.{decision.reason}_text']}")
    if decision.may_name and not decision.checked:
        st.warning(f"**{texts['answer.unchecked']}**. {texts['answer.unchecked_text']}")
    names = {entry.label: entry.name for entry in told.ranking}
    if decision.one_of:
        st.write(f"{texts['answer.one_of']}: {'; '.join(names[label] for label in decision.one_of)}")
    elif told.diagnosis:
        st.write(f"{texts['answer.looks_like']}: {told.diagnosis[0].name}")
    if told.answers is not None and told.without_answers is not None:
        before = told.without_answers.ranking[0]
        st.write(f"Without the answers, the photo alone: {before.name}, {before.probability:.0%}")


def _probabilities(models: RunModels, photo: Photo, told: Assessment) -> None:
    st.header("Probability of each class", anchor=False)
    st.write(f"Calibrated on the validation split. The answer above follows from the file alone, {models.path.name}.")
    table, classes = models.table(photo), models.file.card["classes"]
    if told.answers is not None:
        answered = {entry.label: entry.probability for entry in told.ranking}
        table["with answers"] = np.array([answered[entry["id"]] for entry in classes])
    order = np.argsort(-list(table.values())[-1], kind="stable")
    rows = [
        {"Class": classes[n]["name"], **{name: f"{values[n]:.1%}" for name, values in table.items()}} for n in order
    ]
    show_table(rows, "Probability of each class")
    for line in models.missing:
        st.write(line)


def _pictures(models: RunModels, photo: Photo, told: Assessment, name: str) -> None:
    st.header("What the model saw", anchor=False)
    left, right = st.columns(2)
    frame, text = framed(photo, models.file, told)
    with left:
        show_picture(frame, f"{name}. {text}.")
    if models.keras:
        model = models.keras[-1]
        with right:
            show_picture(model.heatmap(photo), f"Evidence for the top class of the {model.name} (Grad-CAM).")


def framed(photo: Photo, triage: Triage, told: Assessment) -> tuple[Photo, str]:
    """Return the photo with a part that the model saw in white and a sure spot in green, and a caption."""
    height, width = photo.shape[:2]
    scale = min(1.0, SHOWN / max(height, width))
    shown = cv2.resize(photo, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    left, top, box_width, box_height = Crop.recorded(triage.card["input"]).box(width, height)
    whole = (box_width, box_height) == (width, height)
    text = "The model saw the whole photo" if whole else "White: what the model saw"
    boxes: list[tuple[tuple[float, float, float, float], tuple[int, int, int]]] = []
    if not whole:
        boxes.append(((left, top, left + box_width, top + box_height), (255, 255, 255)))
    if told.spot and told.spot.sure:
        spot = told.spot
        x, y, w, h = spot.x * width, spot.y * height, spot.width * width, spot.height * height
        boxes.append(((x - w / 2, y - h / 2, x + w / 2, y + h / 2), (95, 208, 195)))
        text += "; green: the spot"
    for box, color in boxes:
        x0, y0, x1, y1 = (round(value * scale) for value in box)
        cv2.rectangle(shown, (x0, y0), (x1, y1), (0, 0, 0), 5)
        cv2.rectangle(shown, (x0, y0), (x1, y1), color, 2)
    return np.asarray(shown, np.uint8), text
