import json

import numpy as np
import pytest

from benchmarks.latency import end_to_end
from benchmarks.latency.scenes import encoded, scene
from triage.errors import UnusableInput
from triage.photo import read_photo


def test_scenes_are_the_same_every_time_and_turned_as_the_header_says():
    photo = scene(96, 64)
    assert photo.shape == (64, 96, 3)
    np.testing.assert_array_equal(photo, scene(96, 64))
    assert (photo != scene(96, 64, 1)).any()
    upright, turned = read_photo(encoded(photo)), read_photo(encoded(photo, 6))
    np.testing.assert_array_equal(turned, np.rot90(upright, -1))


def test_every_part_of_an_answer_is_measured(model, monkeypatch):
    monkeypatch.setitem(end_to_end.MODES, "rapid", (2, 2))
    monkeypatch.setattr(end_to_end, "FRAMES", {"frame": (160, 120)})
    monkeypatch.setattr(end_to_end, "scene", lambda width, height: scene(160, 120))
    found = end_to_end.measure(model)
    json.dumps(found, allow_nan=False)
    assert {row["photo"] for row in found["results"]} == {
        end_to_end.JPEG_12_MEGAPIXELS,
        end_to_end.JPEG_TURNED,
        "frame",
    }
    for row in found["results"]:
        assert set(row["parts_ms"]) == set(end_to_end.PARTS) - ({"decode"} if row["photo"] == "frame" else set())
        assert row["whole_ms"] > 0 and row["bare_ms"] > 0 and row["repeats"] == 4
        assert row["ratio"]["low"] <= row["ratio"]["value"] <= row["ratio"]["high"]


def test_a_file_without_a_card_gives_no_answer(tmp_path):
    plain = tmp_path / "plain.tflite"
    plain.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    with pytest.raises(UnusableInput, match="plain"):
        end_to_end.measure(plain)
