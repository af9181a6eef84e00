"""One measured process of `end_to_end`: every part of `Triage.assess`, in turns.

    python -m benchmarks.latency.end_to_end_worker MODEL FILE ROUNDS CORES

FILE is a JPEG, or a frame as .npy. CORES is 1 (everything shares one core) or 2 (lighting is measured on the other).
Prints one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from triage import Triage
from triage.errors import SkinDistillError
from triage.lighting import judge_lighting, measure_lighting
from triage.machine import own_cores
from triage.photo import prepare_pixels, read_photo
from triage.tips import tips_for

WARM_UP = 3


def measure(model: str, photo: str, rounds: int, cores: int) -> dict[str, list[float]]:
    """Milliseconds of each part in each round.

    Args:
        model: a release file.
        photo: a JPEG, or an RGB frame uint8 [height, width, 3] as .npy.
        rounds: repetitions of all parts.
        cores: 1 or 2.

    Returns:
        `decode`, `light`, `crop`, `inference` and `post`, which make up the whole, `tips` (lighting and tips alone),
        `whole` (`Triage.assess`), `bare decode` and `bare inference`; those of decoding for a JPEG only.
    """
    triage = Triage.load(model)
    # Pinned: the scheduler might leave the second core idle.
    if mine := own_cores():
        os.sched_setaffinity(0, {mine[0]})
        triage._light_thread.submit(os.sched_setaffinity, 0, {mine[cores - 1]}).result()
    interpreter = triage.interpreter
    size, crop = interpreter.input_size, triage.card["input"]["crop_fraction"]
    is_frame = photo.endswith(".npy")
    source: Any = np.load(photo) if is_frame else Path(photo).read_bytes()
    decoded = source if is_frame else read_photo(source)
    prepared = prepare_pixels(decoded, size, crop)
    outputs = interpreter.run(prepared)
    verdict = judge_lighting(measure_lighting(decoded, crop))
    invoke = interpreter.raw.invoke
    parts: dict[str, Callable[[], Any]] = {
        "bare inference": invoke,
        "whole": lambda: triage.assess(source),
        "crop": lambda: prepare_pixels(decoded, size, crop),
        "inference": lambda: interpreter.run(prepared),
        "light": lambda: judge_lighting(measure_lighting(decoded, crop)),
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
    """Measure and print."""
    model, photo, rounds, cores = sys.argv[1:]
    cv2.setNumThreads(1)
    try:
        print(json.dumps(measure(model, photo, int(rounds), int(cores))))
    except SkinDistillError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
