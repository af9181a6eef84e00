"""From a photo to its prediction: every part, and the whole against the minimum (decoding and the network).

    skin-distill benchmark MODEL.tflite --end-to-end [--mode rapid|normal|strict] [--json FILE]

Photos are rendered: a 12-megapixel JPEG, upright and rotated as phones hold it, and frames of 1080p and 720p in
memory. The minimum is decoding by OpenCV, rotation included, plus the bare network; the ratio is taken round by round
in fresh processes, everything on one thread. A second run has another core, on which lighting is measured while the
network runs, as `Triage.assess` does where a core is free.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.console import run_worker
from benchmarks.latency.ratios import paired_ratio
from benchmarks.latency.scenes import encoded, scene
from skin_data.progress import Progress, no_progress
from triage import Triage
from triage.crop import Crop
from triage.errors import CheckFailed, SkinDistillError, UnusableInput
from triage.framing import measure_framing
from triage.interpreter import available_runtimes
from triage.lighting import judge_lighting, measure_lighting, view_of
from triage.machine import describe_machine, own_cores
from triage.model_file import read_model
from triage.photo import prepare_pixels, read_photo
from triage.skin_tone import measure_skin_tone
from triage.timing import FORMAT, NOISY_SPREAD
from triage.tips import tips_for

# Mode -> rounds of fresh processes, and in each how often everything is done.
MODES = {"rapid": (4, 15), "normal": (7, 30), "strict": (10, 100)}
PARTS = ("decode", "light", "skin", "crop", "inference", "post")
"""Skin: whether there is any, and its tone."""
JPEG_12_MEGAPIXELS, JPEG_TURNED = "JPEG 4000 x 3000", "JPEG 4000 x 3000, turned"
FRAMES = {"frame 1920 x 1080": (1920, 1080), "frame 1280 x 720": (1280, 720)}
WARM_UP = 3  # rounds
TURNED = 6  # EXIF orientation of a phone held upright


def measure(model: Path, mode: str = "rapid", progress: Progress = no_progress) -> dict[str, Any]:
    """Measure all photos with a release file, in one of `MODES`.

    Returns:
        JSON-able: `format`, `kind`, `mode`, `model`, `machine`, `noisy` and `results`, one for each photo and number of
        cores, with `parts_ms`, `tips_ms` (lighting and tips alone), `whole_ms`, `bare_ms` (medians), `spread` (of the
        whole's medians by round), `ratio` (whole to bare, 95 % interval) and `overhead_ms` (whole minus bare).

    Raises:
        UnusableInput: not a release file, or an unknown mode.
        CheckFailed: the measured process died; names the model and the last error line.
    """
    if mode not in MODES:
        raise UnusableInput(f"The mode is one of {', '.join(MODES)}. Received: {mode!r}.")
    read_model(model)
    rounds, repeats = MODES[mode]
    cores = (1, 2) if len(own_cores()) > 1 else (1,)
    with tempfile.TemporaryDirectory() as folder:
        photos = _write_photos(Path(folder))
        settings = [(name, path, count) for name, path in photos.items() for count in cores]
        found: list[list[dict[str, list[float]]]] = [[] for _ in settings]
        for number in range(rounds):
            for place, (_, path, count) in enumerate(settings):
                found[place].append(_measure_once(model, path, repeats, count))
                progress(f"end to end ({mode})", number * len(settings) + place + 1, rounds * len(settings))
    results = [_summarise(name, count, own) for (name, _, count), own in zip(settings, found, strict=True)]
    return {
        "format": FORMAT,
        "kind": "end to end",
        "mode": mode,
        "model": model.name,
        "machine": describe_machine(" ".join(next(iter(available_runtimes().items())))),
        "noisy": any(result["spread"] > NOISY_SPREAD for result in results),
        "results": results,
    }


def _write_photos(folder: Path) -> dict[str, Path]:
    photos = {}
    large = scene(4000, 3000)
    for name, orientation in ((JPEG_12_MEGAPIXELS, 1), (JPEG_TURNED, TURNED)):
        photos[name] = folder / f"{orientation}.jpg"
        photos[name].write_bytes(encoded(large, orientation))
    for name, (width, height) in FRAMES.items():
        photos[name] = folder / f"{height}.npy"
        np.save(photos[name], scene(width, height))
    return photos


def _measure_once(model: Path, photo: Path, repeats: int, cores: int) -> dict[str, list[float]]:
    try:
        return dict(json.loads(run_worker("benchmarks.latency.end_to_end", model, photo, repeats, cores)))
    except CheckFailed as error:
        raise CheckFailed(f"The measured process of {model} died. Received: {error}") from error


def _summarise(photo: str, cores: int, rounds: list[dict[str, list[float]]]) -> dict[str, Any]:
    medians = {part: np.array([np.median(r[part]) for r in rounds]) for part in rounds[0]}
    whole = medians["whole"]
    bare = medians["bare inference"] + medians.get("bare decode", 0)
    return {
        "photo": photo,
        "cores": cores,
        "repeats": sum(len(r["whole"]) for r in rounds),
        "parts_ms": {part: float(np.median(medians[part])) for part in PARTS if part in medians},
        "tips_ms": float(np.median(medians["tips"])),
        "whole_ms": float(np.median(whole)),
        "bare_ms": float(np.median(bare)),
        "overhead_ms": float(np.median(whole - bare)),
        "spread": float((whole.max() - whole.min()) / np.median(whole)),
        "ratio": paired_ratio(whole, bare),
    }


def measure_parts(model: str, photo: str, rounds: int, cores: int) -> dict[str, list[float]]:
    """Return the milliseconds of each part of `Triage.assess` in each round, measured in this process.

    Args:
        model: a release file.
        photo: a JPEG, or an RGB frame uint8 [height, width, 3] as .npy.
        rounds: repetitions of all parts.
        cores: 1, which everything shares, or 2: lighting is measured on the other.

    Returns:
        `PARTS`, which make up the `whole` (`Triage.assess`), `tips` (lighting and tips alone), `bare decode` and
        `bare inference`; those of decoding for a JPEG only.
    """
    if mine := own_cores():
        os.sched_setaffinity(0, set(mine[:cores]))
    triage = Triage.load(model)
    if mine and triage._light_thread:
        # Pinned: the scheduler might leave the second core idle.
        os.sched_setaffinity(0, {mine[0]})
        triage._light_thread.submit(os.sched_setaffinity, 0, {mine[cores - 1]}).result()
    interpreter = triage.interpreter
    size, crop = interpreter.input_size, Crop.recorded(triage.card["input"])
    is_frame = photo.endswith(".npy")
    source: Any = np.load(photo) if is_frame else Path(photo).read_bytes()
    decoded = source if is_frame else read_photo(source)
    prepared = prepare_pixels(decoded, size, crop)
    outputs = interpreter.run(prepared)
    verdict = judge_lighting(measure_lighting(decoded, crop))
    invoke, view = interpreter.raw.invoke, view_of(decoded, crop)
    parts: dict[str, Callable[[], Any]] = {
        "bare inference": invoke,
        "whole": lambda: triage.assess(source),
        "crop": lambda: prepare_pixels(decoded, size, crop),
        "inference": lambda: interpreter.run(prepared),
        "light": lambda: judge_lighting(measure_lighting(decoded, crop)),
        "skin": lambda: (measure_framing(decoded, crop, view), measure_skin_tone(decoded)),
        "tips": lambda: tips_for(judge_lighting(measure_lighting(decoded, crop))),
        "post": lambda: triage.answer(verdict, True, outputs),
    }
    if not is_frame:
        packed = np.frombuffer(source, np.uint8)
        # Rotates the photo as its header says, as `read_photo` does.
        parts["bare decode"] = lambda: cv2.imdecode(packed, cv2.IMREAD_COLOR)
        parts["decode"] = lambda: read_photo(source)
    found: dict[str, list[float]] = {name: [] for name in parts}
    for number in range(rounds + WARM_UP):
        for name, part in parts.items():
            begun = time.perf_counter()
            part()
            if number >= WARM_UP:
                found[name].append(1000 * (time.perf_counter() - begun))
    return found


def main() -> None:
    """Measure one photo as `MODEL PHOTO ROUNDS CORES` say, and print one line of JSON."""
    model, photo, rounds, cores = sys.argv[1:]
    cv2.setNumThreads(1)
    try:
        print(json.dumps(measure_parts(model, photo, int(rounds), int(cores))))
    except SkinDistillError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
