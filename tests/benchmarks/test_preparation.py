import json

import cv2
import numpy as np
from click.testing import CliRunner

from benchmarks import preparation


def test_preparation_is_measured_against_decoding(tmp_path):
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 80, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), pixels)
    out = tmp_path / "found.json"
    run = CliRunner().invoke(preparation.main, [str(tmp_path), "--rounds", "1", "--json", str(out)])
    assert run.exit_code == 0, run.output
    found = json.loads(out.read_text())
    assert (found["photos"], found["size"]["width"], found["synthetic"]) == (4, 80, False)
    assert all(q["low"] <= q["median"] <= q["high"] for q in found["speed"].values())


def test_a_folder_without_photos_is_refused(tmp_path):
    run = CliRunner().invoke(preparation.main, [str(tmp_path)])
    assert run.exit_code == 2
    assert tmp_path.name in run.output
