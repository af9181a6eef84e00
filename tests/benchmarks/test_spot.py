"""`benchmarks.spot`: what counts as found."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.spot import SIDES, measure_by_eye, measure_split, read_by_eye

SPOT = [0.5, 0.5, 0.4, 0.4, 0.9]
HIT, SHIFTED, AWAY = (0.3, 0.3, 0.7, 0.7), (0.4, 0.4, 0.8, 0.8), (0.0, 0.0, 0.2, 0.2)


def read_by(a, b, kinds=("single", "single")):
    boxes = {f"{side}_{r}": 100 * box[i] for r, box in (("a", a), ("b", b)) for i, side in enumerate(SIDES)}
    return {"photo": "photos/1.jpg", **boxes, "kind_a": kinds[0], "kind_b": kinds[1]}


def test_place_and_size_need_both_readers_and_diffuse_or_disputed_photos_do_not_count():
    table = pd.DataFrame([
        read_by(HIT, HIT),
        read_by(SHIFTED, SHIFTED),  # the centre lies inside, the IoU is 0.39
        read_by(HIT, AWAY),  # the readers differ
        read_by(AWAY, AWAY, ("diffuse", "single")),
        read_by(AWAY, AWAY, ("group", "single")),
    ])  # fmt: skip
    found = measure_by_eye(np.tile(SPOT, (5, 1)), table, {"1.jpg": "5"})
    for group in ("all", "Fitzpatrick 5"):
        part = found["place and size"][group]
        assert part["centre in both"]["n"] == 3 and part["centre in both"]["value"] == pytest.approx(2 / 3)
        assert part["IoU at least 0.5"]["value"] == pytest.approx(1 / 3)
    assert found["sure"]["diffuse"] == {"value": 1.0, "low": pytest.approx(0.2, abs=0.02), "high": 1.0, "n": 1}


def test_photos_without_a_box_only_tell_how_sure_the_file_is():
    frame = pd.DataFrame({"tone_bucket": ["light", "dark", "dark"], "diagnosis": ["nevus", "nevus", "eczema"]})
    boxes = np.array([HIT, SHIFTED, [np.nan] * 4])
    found = measure_split(np.tile(SPOT, (3, 1)), boxes, frame)
    assert found["iou"]["all"]["n"] == 2 and found["iou"]["tone light"]["median"] == pytest.approx(1)
    assert found["sure"]["with a box"]["n"] == 2 and set(found["sure"]) == {"with a box", "eczema without"}


def test_the_readers_table_is_read_with_empty_boxes(tmp_path):
    table = pd.DataFrame([read_by(HIT, HIT, ("diffuse", "single"))]).astype(object)
    table.loc[0, "left_a"] = ""
    table.to_csv(tmp_path / "boxes.csv", index=False)
    assert np.isnan(read_by_eye(tmp_path / "boxes.csv")["left_a"].iloc[0])
