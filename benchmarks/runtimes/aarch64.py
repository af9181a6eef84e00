"""Compare a student's files on x86-64 and on aarch64, the processor of phones, under qemu.

    make aarch64-check
    python -m benchmarks.runtimes.aarch64 --environment .venv-aarch64 [--photos 24] [--seed 0] [MODEL.tflite ...]

Without files, those of an untrained student (see `untrained_student`) are made in `--variants`. The emulated
processor is a Cortex-A53, which has neither half-precision nor dot-product instructions: kernels for those give wrong
numbers under qemu 7.2 with `-cpu max`. ai-edge-litert 2.1.6 is the newest that does not crash there. Emulated time says
nothing about a phone's, and is not reported. Writes experiments/aarch64/report.json; exits with 1 if a file's answers
agree for fewer than 0.97 of the photos.
"""

import argparse
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from benchmarks.latency.candidates import distinct_names
from benchmarks.runtimes.sample_models import phantom_pixels, write_samples
from benchmarks.runtimes.untrained_student import untrained_student
from convert.variants import VARIANTS
from convert.verifying.environments import Environment, ask
from convert.verifying.runtime_gates import AGREEMENT
from skin_training.predict import predict
from triage.atomic import sha256_of, write_bytes
from triage.interpreter import open_interpreter
from triage.model_file import read_model

QEMU = "qemu-aarch64-static"
PROCESSOR = "cortex-a53"
VARIANT_NAMES = ("float32", "float16", "dynamic", "int8", "int8-weights")
REPORT = Path("experiments/aarch64/report.json")


def aarch64_environment(folder: Path) -> Environment:
    """Return the environment that tests/environments/aarch64.sh built in a folder."""
    root, site = folder.absolute() / "root", folder.absolute() / "site"
    command = (QEMU, "-cpu", PROCESSOR, "-L", str(root), "-E", f"PYTHONPATH={site}", str(root / "usr/bin/python3.11"))
    return Environment("aarch64", "LiteRT on aarch64", "adapter.py", command, {})


def compare(environment: Environment, model: Path, pixels: np.ndarray) -> dict[str, Any]:
    """Compare the answers of a file here and there.

    Returns:
        `agreement` and `lighting_agreement` as shares, `same_top_3`, and the largest changes of a probability.
    """
    interpreter = open_interpreter(read_model(model).flatbuffer)
    here, light_here = predict(interpreter, pixels)
    answers = ask(environment, model, pixels)
    there, light_there = answers["diagnosis"], answers["lighting"].reshape(-1)
    top_3 = [np.argsort(-part, axis=1, kind="stable")[:, :3] for part in (here, there)]
    return {
        "sha256": sha256_of(model),
        "bytes": model.stat().st_size,
        "x86_64": interpreter.runtime,
        "aarch64": str(answers["runtime"]),
        "agreement": float((here.argmax(axis=1) == there.argmax(axis=1)).mean()),
        "lighting_agreement": float(((light_here >= 0.5) == (light_there >= 0.5)).mean()),
        "same_top_3": float((top_3[0] == top_3[1]).all(axis=1).mean()),
        "largest_change": float(np.abs(here - there).max()),
        "largest_lighting_change": float(np.abs(light_here - light_there).max()),
        "classes_answered": len(set(here.argmax(axis=1).tolist())),
    }


def main() -> None:
    """Make or take files, compare, write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--environment", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", default=",".join(name for name in VARIANT_NAMES if name in VARIANTS))
    parser.add_argument("--json", type=Path, default=REPORT)
    arguments = parser.parse_args()
    environment = aarch64_environment(arguments.environment)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.models:
            models = {name: path for path, name in distinct_names(arguments.models).items()}
            size = open_interpreter(read_model(arguments.models[0]).flatbuffer).input_size
            pixels = phantom_pixels(arguments.photos, size, arguments.seed)
        else:
            pixels = phantom_pixels(arguments.photos, 224, arguments.seed)
            student = untrained_student(pixels, arguments.seed)
            models = write_samples(student, pixels, arguments.variants.split(","), Path(folder))
        files = {}
        for name, path in models.items():
            files[name] = compare(environment, path, pixels)
            print(name, json.dumps(files[name]), flush=True)
    report = {
        "model": "given files" if arguments.models else "untrained student, logits spread over the photos",
        "photos": f"{len(pixels)} skin phantoms, seed {arguments.seed}: synthetic",
        "n": len(pixels),
        "emulator": f"{QEMU} -cpu {PROCESSOR}",
        "host": platform.machine(),
        "numpy": version("numpy"),
        "limit": AGREEMENT,
        "files": files,
    }
    write_bytes(arguments.json, (json.dumps(report, indent=2) + "\n").encode("utf-8"))
    print(f"Written: {arguments.json}")
    sys.exit(any(min(f["agreement"], f["lighting_agreement"]) < AGREEMENT for f in files.values()))


if __name__ == "__main__":
    run_script(main)
