import json

import cv2
import pytest
from click.testing import CliRunner

from benchmarks.light.judged_by_eye import CHANGES, FALLS, FOLDS, LIMITS, SLICES, main
from skin_data.phantom import render_phantom

SERIES = 78


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Phantoms of good light as photographs that two readers judged, of six types in turn and six groups."""
    folder = tmp_path_factory.mktemp("judged")
    rows, groups, index = ["photo,fitzpatrick,reader_a,reader_b"], ["photo,group"], 0
    while len(rows) <= 12:
        photo, truth = render_phantom(SERIES, index, 128)
        index += 1
        if truth.lighting_ok:
            name, number = f"{index}.png", len(rows)
            cv2.imwrite(str(folder / name), photo[..., ::-1])
            rows.append(f"{name},{number % 6 + 1},good,{'uneven' if number == 12 else 'good'}")
            groups.append(f"{name},g{number // 2}")
    (folder / "light_by_eye.csv").write_text("\n".join(rows))
    (folder / f"{folder.name}.csv").write_text("\n".join(groups))
    return folder


@pytest.mark.slow
def test_good_light_is_kept_and_made_faults_are_found(judged, tmp_path):
    result = CliRunner().invoke(main, [str(judged), "--json", str(tmp_path / "found.json")], catch_exceptions=False)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["photos"] == 12
    assert found["refused"]["reader_a"]["all"]["n"] == 12
    assert found["refused"]["both"]["all"] == {"n": 11, "value": 0, "low": 0, "high": 0}
    assert {cells["all"]["n"] for cells in found["found"].values()} == {11}
    assert set(found["found"]) == {*CHANGES, *(f"fall of {stops} stops" for stops in FALLS)}
    assert found["found"]["fall of 6 stops"]["all"]["value"] > 0.9
    assert set(found["refused"]["both"]) == set(SLICES)
    assert len(found["trade_off"]) == len(LIMITS)
    assert len(found["cross_validated"]["thresholds"]) == FOLDS
    assert sum(row["n"] for row in found["no_skin"].values()) == 12
    assert "12 photographs" in result.output
