import numpy as np
import pandas as pd
import pytest

from skin_data.manifest import COLUMNS, Manifest
from skin_data.taxonomy import SkinClass, Taxonomy
from skin_training.curation import COPY, UNEXPLAINED, WRONG, curate, suggested_classes
from skin_training.curation_page import curation_page
from triage.errors import UnusableInput

COUNT = 240


@pytest.fixture
def data(tmp_path):
    """Three classes far apart, 4 % of the labels wrong, a photo between all of them, and a copy with another label."""
    random = np.random.default_rng(0)
    truth = np.arange(COUNT) % 3
    features = 4 * np.eye(3)[truth] + random.normal(0, 0.6, (COUNT, 3))
    features[7] = 4 / 3
    labels = truth.copy()
    wrong = np.arange(9, 120, 11)
    labels[wrong] = (truth[wrong] + 1) % 3
    features[200] = features[199]
    hashes = [f"{value:016x}" for value in random.integers(0, 2**63, COUNT)]
    hashes[200] = hashes[199]
    frame = pd.DataFrame(dict.fromkeys(COLUMNS, ""), index=range(COUNT)).astype(object)
    frame["image_path"] = [f"photos/{n}.jpg" for n in range(COUNT)]
    frame["group"] = [f"g{n}" for n in range(COUNT)]
    frame["split"] = np.where(np.arange(COUNT) % 4 == 3, "val", "train")
    frame["diagnosis"] = [f"c{n}" for n in labels]
    frame["phash"] = hashes
    classes = tuple(SkinClass(f"c{n}", f"Class {n}") for n in range(3))
    return Manifest(frame, Taxonomy("t", "", classes), "0", tmp_path / "meta.csv"), features, wrong


def test_wrong_labels_copies_and_unexplained_photos_are_found(data):
    manifest, features, wrong = data
    found = curate(manifest, features)
    of_kind = {kind: set(rows["image_path"]) for kind, rows in found.findings.groupby("finding")}
    planted = {f"photos/{n}.jpg" for n in wrong}
    assert len(of_kind[WRONG] & planted) >= 7
    assert len(of_kind[WRONG] - planted) <= 3
    assert "photos/7.jpg" in of_kind[UNEXPLAINED]
    assert of_kind[COPY] == {"photos/199.jpg", "photos/200.jpg"}
    suggested = found.findings[found.findings["finding"] == WRONG].set_index("image_path")["suggested"]
    for number in wrong:
        assert suggested.get(f"photos/{number}.jpg", f"c{number % 3}") == f"c{number % 3}"
    assert found.left_out > 0 and found.effect["accuracy"]["n"] == 60
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)


def test_suggestions_are_those_of_confident_learning():
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9], [0.95, 0.05], [0.4, 0.6]])
    labels = np.array([0, 0, 0, 1, 1, 1, 0])
    # Thresholds 0.7 and 0.58: six photos are counted, one labelled 1 as 0 and one labelled 0 as 1.
    assert suggested_classes(probabilities, labels).tolist() == [-1, -1, -1, -1, -1, 0, 1]


def test_the_page_names_label_and_suggestion_and_survives_a_missing_photo(data):
    manifest, features, _ = data
    page = curation_page(manifest, curate(manifest, features).findings, most=2)
    assert "labelled C1, suggested C0" in page or "labelled c1, suggested c0" in page.lower()
    assert "http" not in page


def test_a_class_of_too_few_photos_is_refused(data):
    manifest, features, _ = data
    manifest.frame.loc[:, "diagnosis"] = ["c0"] * 100 + ["c1"] * 138 + ["c2"] * 2
    with pytest.raises(UnusableInput, match="with 2"):
        curate(manifest, features)
