"""Does a release file name the right reason against the light? On relit test photos whose light is measured.

    python -m benchmarks.light.estimated_reasons --model FILE --data META.csv [--json FILE]

The reason is that of `triage.estimated_light`, which the offline page shows. It is right where `triage.lighting`, which
sees the whole photo, finds it too. The changes of light are not those that the rule was fitted on.
"""

from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from benchmarks.console import run_script
from benchmarks.light.changes import Change, blurred, exposed, falling, glaring, tinted
from skin_data.manifest import Manifest, read_manifest
from skin_data.phantom.camera import encode
from skin_data.statistics import GroupDraws
from triage import Triage
from triage.atomic import write_json
from triage.crop import Crop
from triage.errors import UnusableInput
from triage.estimated_light import LIGHT_MEASURES, likely_reason
from triage.lighting import judge_lighting, measure_lighting
from triage.photo import Photo, prepare_pixels, read_photo, small_copy
from triage.skin_color import LINEAR

LONGEST = 640
"""Longer side in pixels to which photos are shrunk before they are relit."""
KINDS = ("as they are", "dark", "bright", "glare", "blur", "fall", "warm")
OUTCOMES = ("right", "wrong", "none")
"""The reason that is named is measured too, is not, or none is named."""


def changes(generator: np.random.Generator) -> dict[str, Change | None]:
    """Draw a change of light of each kind."""
    draw = generator.uniform
    made = [
        None, exposed(-draw(2, 4.5)), exposed(draw(1, 2.5)), glaring(draw(0.5, 2)), blurred(draw(0.004, 0.02)),
        falling(draw(2.5, 5), draw(0, 2 * np.pi)), tinted(draw(2300, 3500), 6500),
    ]  # fmt: skip
    return dict(zip(KINDS, made, strict=True))


def measure(model: Path, manifest: Manifest) -> dict[str, Any]:
    """Measure a file on the test split of its data set.

    Returns:
        `poor`: of each kind, how many photos the file finds poorly lit, and are; `agreement` of the two; and among
        those the fraction of each of `OUTCOMES`, with a 95 % interval by bootstrap over groups.

    Raises:
        UnusableInput: the file has no output `light_measures`.
    """
    triage, frame = Triage.load(model), manifest.split("test")
    card, interpreter = triage.card, triage.interpreter
    if LIGHT_MEASURES not in interpreter.output_names:
        raise UnusableInput(
            f"The file has no output {LIGHT_MEASURES}. Received: {model}. Convert it with this version of skin-distill."
        )
    crop, generator = Crop.recorded(card["input"]), np.random.default_rng(1)
    agree, poor = (np.zeros((len(frame), len(KINDS)), bool) for _ in range(2))
    outcome = np.zeros((len(frame), len(KINDS)), int)
    for row, path in enumerate(manifest.photo_paths(frame)):
        photo = small_copy(read_photo(path), LONGEST)
        for column, change in enumerate(changes(generator).values()):
            shown: Photo = photo if change is None else np.asarray(encode(change(LINEAR[photo])), np.uint8)
            measured = judge_lighting(measure_lighting(shown, crop))
            outputs = interpreter.run(prepare_pixels(shown, interpreter.input_size, crop))
            found_poor = outputs["lighting"].item() < card["thresholds"]["well_lit"]
            agree[row, column] = found_poor != measured.ok
            poor[row, column] = found_poor and not measured.ok
            reason = likely_reason(outputs[LIGHT_MEASURES], card.get("light"))
            outcome[row, column] = 2 if reason is None else int(reason not in measured.reasons)
    draws = GroupDraws(np.repeat(frame["group"].to_numpy(), len(KINDS)))

    def fraction(values: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
        flat, rows = values.ravel().astype(float), np.flatnonzero(chosen)
        with np.errstate(invalid="ignore"):  # a draw may hold none of the rows
            value, low, high = draws.interval(lambda weights, rows: weights @ flat[rows] / weights.sum(axis=1), rows)
        return {"value": value, "low": low, "high": high}

    found: dict[str, Any] = {"photos": len(frame)}
    slices = {"all": np.ones(len(KINDS), bool), **dict(zip(KINDS, np.eye(len(KINDS), dtype=bool), strict=True))}
    for name, columns in slices.items():
        every = np.broadcast_to(columns, poor.shape)
        chosen = poor & every
        found[name] = {"poor": int(chosen.sum()), "agreement": fraction(agree, every)}
        if chosen.any():
            found[name] |= {word: fraction(outcome == number, chosen) for number, word in enumerate(OUTCOMES)}
    return found


def report(found: dict[str, Any]) -> str:
    """Return the measurements as a table."""
    lines = [
        f"{found['photos']} test photos. n: poorly lit by file and measurement; of these, %: right, wrong, no reason"
    ]
    for name in ("all", *KINDS):
        part = found[name]
        told = [_percent(part[word]) for word in OUTCOMES if word in part]
        lines.append(
            f"{name:12} n = {part['poor']:4}  {'; '.join(told) or '-'}  (agreement {_percent(part['agreement'])})"
        )
    return "\n".join(lines)


def _percent(part: dict[str, float]) -> str:
    return f"{100 * part['value']:.1f} ({100 * part['low']:.1f} to {100 * part['high']:.1f})"


@click.command()
@click.option("--model", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A .tflite.")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The meta.csv that it was trained with.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
def main(model: Path, data: Path, json_path: Path | None) -> None:
    """Measure the reasons that a file names against the light."""
    cv2.setNumThreads(1)
    found = measure(model, read_manifest(data))
    print(report(found))
    if json_path:
        write_json(json_path, found)


if __name__ == "__main__":
    run_script(main)
