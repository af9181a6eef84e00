"""Compare the predictions of a student's files on x86-64 and on emulated aarch64, the processor of phones.

    make aarch64-check
    python -m tests.environments.aarch64 --environment .venv-aarch64 [--photos 24] [--seed 0] [MODEL.tflite ...]

Without files, it makes the `--variants` of an untrained student. The emulated processor is a Cortex-A53, without
half-precision or dot-product instructions: kernels that use them give wrong numbers under qemu 7.2 with `-cpu max`.
ai-edge-litert 2.1.6 is the newest version that does not crash there. Emulated time says nothing about a phone and is
not reported. Writes experiments/aarch64/report.json; exits with 1 if a file agrees on fewer than 0.97 of the photos.
"""

import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.console import run_script
from benchmarks.latency.candidates import distinct_names
from convert.verifying.environments import Environment, predict_in
from convert.verifying.runtime_gates import AGREEMENT
from skin_training.predict import predict
from tests.environments.sample_models import phantom_pixels, write_samples
from tests.environments.untrained_student import untrained_student
from triage.atomic import sha256_of, write_json
from triage.interpreter import open_interpreter
from triage.model_file import read_model
from triage.photo import INPUT_SIZE

QEMU = "qemu-aarch64-static"
PROCESSOR = "cortex-a53"
VARIANT_NAMES = ("float32", "float16", "dynamic", "int8", "int8-weights")
REPORT = Path("experiments/aarch64/report.json")


def aarch64_environment(folder: Path) -> Environment:
    """Return the environment that tests/environments/aarch64.sh built in a folder."""
    root, site = folder.absolute() / "root", folder.absolute() / "site"
    command = (QEMU, "-cpu", PROCESSOR, "-L", str(root), "-E", f"PYTHONPATH={site}", str(root / "usr/bin/python3.11"))
    return Environment("LiteRT on aarch64", "adapter.py", command)


def compare(environment: Environment, model: Path, pixels: np.ndarray) -> dict[str, Any]:
    """Compare a file's predictions on both processors.

    Args:
        environment: of `aarch64_environment`.
        model: a release file.
        pixels: uint8 [n, size, size, 3].

    Returns:
        `agreement` and `lighting_agreement` as fractions, `same_top_3`, and the largest changes of a probability.
    """
    interpreter = open_interpreter(read_model(model).flatbuffer)
    here, light_here = predict(interpreter, pixels)
    emulated = predict_in(environment, model, pixels)
    there, light_there = emulated["diagnosis"], emulated["lighting"].reshape(-1)
    top_3 = [np.argsort(-part, axis=1, kind="stable")[:, :3] for part in (here, there)]
    return {
        "sha256": sha256_of(model),
        "bytes": model.stat().st_size,
        "x86_64": interpreter.runtime,
        "aarch64": str(emulated["runtime"]),
        "agreement": float((here.argmax(axis=1) == there.argmax(axis=1)).mean()),
        "lighting_agreement": float(((light_here >= 0.5) == (light_there >= 0.5)).mean()),
        "same_top_3": float((top_3[0] == top_3[1]).all(axis=1).mean()),
        "largest_change": float(np.abs(here - there).max()),
        "largest_lighting_change": float(np.abs(light_here - light_there).max()),
        "classes_answered": len(set(here.argmax(axis=1).tolist())),
    }


@click.command()
@click.argument("models", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--environment", "folder", required=True, type=click.Path(path_type=Path), help="Of `make aarch64-check`."
)
@click.option("--photos", default=24, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True)
@click.option("--variants", default=",".join(VARIANT_NAMES), show_default=True, help="Made where no file is given.")
@click.option("--json", "json_path", default=REPORT, show_default=True, type=click.Path(path_type=Path))
def main(models: tuple[Path, ...], folder: Path, photos: int, seed: int, variants: str, json_path: Path) -> None:
    """Compare files on x86-64 and emulated aarch64."""
    environment = aarch64_environment(folder)
    with tempfile.TemporaryDirectory() as made:
        if models:
            paths = {name: path for path, name in distinct_names(models).items()}
            size = open_interpreter(read_model(models[0]).flatbuffer).input_size
            pixels = phantom_pixels(photos, size, seed)
        else:
            pixels = phantom_pixels(photos, INPUT_SIZE, seed)
            paths = write_samples(untrained_student(pixels, seed), pixels, variants.split(","), Path(made))
        files = {}
        for name, path in paths.items():
            files[name] = compare(environment, path, pixels)
            print(name, json.dumps(files[name]), flush=True)
    report = {
        "model": "given files" if models else "untrained student, logits spread over the photos",
        "photos": f"{len(pixels)} skin phantoms, seed {seed}: synthetic",
        "n": len(pixels),
        "emulator": f"{QEMU} -cpu {PROCESSOR}",
        "host": platform.machine(),
        "numpy": version("numpy"),
        "limit": AGREEMENT,
        "files": files,
    }
    write_json(json_path, report)
    print(f"Written: {json_path}")
    sys.exit(any(min(f["agreement"], f["lighting_agreement"]) < AGREEMENT for f in files.values()))


if __name__ == "__main__":
    run_script(main)
