"""How well a model's lighting head tells bad light that was made, and what that light costs the diagnosis.

    python -m benchmarks.bad_light MODEL.keras --data META.csv [--split test] [--share 0.5] [--seed 777] [--json FILE]

A share of the split's photos is relit as in training with `views.bad_light`, but from another seed, and the model
answers both the photos as they are and these. Intervals are 95 %, by bootstrap over groups.
"""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.console import run_script, with_interval

SHARE, SEED = 0.5, 777


def measure(model: Any, manifest: Any, split: str, share: float, seed: int) -> dict[str, Any]:
    """Return figures of both, by `as they are` and `relit`.

    Args:
        model: a Keras model of the project.
        manifest: the data set.
        split: its part that is measured.
        share: of the photos that are relit.
        seed: of what is relit and how.

    Returns:
        Of each: `photos`, `relit`, and the figures `lighting_auc`, `lighting_accuracy` and
        `diagnosis_balanced_accuracy`.
    """
    from skin_data.pixels import load_pixels
    from skin_data.relighting import relight, relighting_parameters
    from skin_training.evaluation.evaluate import evaluate
    from skin_training.predict import predict

    frame = manifest.split(split)
    frame = frame[frame["lighting_label"].notna()].reset_index(drop=True)
    pixels = np.asarray(load_pixels(manifest, frame, model.input_shape[1]))
    parameters = relighting_parameters(share, seed, np.arange(len(frame)), np.zeros(len(frame), np.int64))
    poor = parameters[:, 0] > 0
    in_poor_light = frame.assign(lighting_label=frame["lighting_label"].mask(poor, 0))
    found = {}
    for name, photos, rows in (("as they are", pixels, frame), ("relit", relight(pixels, parameters), in_poor_light)):
        report = evaluate(manifest, rows, *predict(model, photos))
        found[name] = {
            "photos": len(frame),
            "relit": int(poor.sum()) if rows is in_poor_light else 0,
            "lighting_auc": report["lighting"]["auc"],
            "lighting_accuracy": report["lighting"]["accuracy"],
            "diagnosis_balanced_accuracy": report["diagnosis"]["balanced_accuracy"],
        }
    return found


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--split", default="test", show_default=True)
@click.option("--share", default=SHARE, show_default=True, type=click.FloatRange(0, 1, min_open=True))
@click.option("--seed", default=SEED, show_default=True)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures.")
def main(model: Path, data: Path, split: str, share: float, seed: int, json_path: Path | None) -> None:
    """Print how well a model tells bad light."""
    from distill.model_file import load_model
    from skin_data.manifest import read_manifest

    manifest = read_manifest(data)
    found = measure(load_model(model), manifest, split, share, seed)
    for name, f in found.items():
        print(
            f"{name:12} {f['photos']} photos, {f['relit']} relit: lighting AUC {with_interval(f['lighting_auc'])}, "
            f"accuracy {with_interval(f['lighting_accuracy'])}; diagnosis, balanced accuracy "
            f"{with_interval(f['diagnosis_balanced_accuracy'])}" + (" (synthetic)" if manifest.synthetic else "")
        )
    if json_path:
        json_path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
