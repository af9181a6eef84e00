"""`benchmarks.spot`: what counts as found."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.spot import (
    SIDES,
    Finder,
    Found,
    measure_by_eye,
    measure_phantoms,
    measure_split,
    median_with_limits,
    read_by_eye,
    read_tones,
)
from skin_data.boxes import box_text
from triage.errors import UnusableInput

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


def a_split(*boxes):
    cells = [box_text(box) if box else "" for box in boxes]
    numbers = range(len(boxes))
    tones, diagnoses = ["light"] + ["dark"] * (len(boxes) - 1), ["nevus"] * (len(boxes) - 1) + ["eczema"]
    return pd.DataFrame({"tone_bucket": tones, "diagnosis": diagnoses, "group": numbers, "box": cells})


def test_photos_without_a_box_only_tell_how_sure_the_file_is():
    found = measure_split(
        Found(np.tile(SPOT, (3, 1)), np.tile([0, 0, 1, 1], (3, 1))), a_split(HIT, SHIFTED, None), ["eczema"]
    )
    assert found["box"]["all"]["IoU in the photo"]["median"]["n"] == 2
    assert found["box"]["tone light"]["IoU in the photo"]["median"]["value"] == pytest.approx(1, abs=1e-3)
    assert set(found["sure"]) == {"with a box", "diffuse without", "eczema without"}
    assert found["sure"]["with a box"]["n"] == 2 and found["sure"]["diffuse without"]["n"] == 1


def test_in_view_a_box_is_cut_at_what_the_model_sees():
    whole = (0.0, 0.3, 1.0, 0.7)  # the model sees the middle half, which the spot fills across
    found = measure_split(
        Found(np.array([[0.5, 0.5, 0.5, 0.4, 0.9]] * 2), np.tile([0.25, 0.25, 0.5, 0.5], (2, 1))), a_split(whole, whole)
    )
    part = found["box"]["all"]["IoU in view"]["median"]["value"]
    assert part == pytest.approx(1) and found["box"]["all"]["IoU in the photo"]["median"]["value"] == pytest.approx(0.5)


def test_the_median_has_an_interval_over_groups():
    values, groups = np.array([0.1, 0.5, 0.6, 0.7, 0.9] * 4), np.repeat(np.arange(4), 5)
    assert median_with_limits(values, np.arange(20))["low"] < 0.6 < median_with_limits(values, np.arange(20))["high"]
    alike = median_with_limits(values, groups)  # all groups are the same
    assert (alike["low"], alike["value"], alike["high"], alike["n"]) == (0.6, 0.6, 0.6, 20)


def test_phantoms_are_measured_without_a_model():
    found = measure_phantoms(Finder(None), 4)["box"]["all"]
    assert found["IoU in view"] == found["IoU in the photo"] and 0 < found["IoU in view"]["median"]["value"] < 1


def test_types_come_from_several_tables(tmp_path):
    (tmp_path / "a.csv").write_text("photo,fitzpatrick\nphotos/1.jpg,5\n")
    (tmp_path / "b.csv").write_text("image_path,fitzpatrick\n/data/2.png,2\n")
    assert read_tones([tmp_path / "a.csv", tmp_path / "b.csv"]) == {"1.jpg": "5", "2.png": "2"}
    (tmp_path / "c.csv").write_text("name,fitzpatrick\n1.jpg,5\n")
    with pytest.raises(UnusableInput, match=r"c\.csv"):
        read_tones([tmp_path / "c.csv"])


def test_the_readers_table_is_read_with_empty_boxes(tmp_path):
    table = pd.DataFrame([read_by(HIT, HIT, ("diffuse", "single"))]).astype(object)
    table.loc[0, "left_a"] = ""
    table.to_csv(tmp_path / "boxes.csv", index=False)
    assert np.isnan(read_by_eye(tmp_path / "boxes.csv")["left_a"].iloc[0])
