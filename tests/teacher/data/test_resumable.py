import json

import numpy as np
import pandas as pd
import pytest

from teacher.data.duplicates import clusters, near_duplicates, perceptual_hashes
from teacher.data.ledger import run_resumable
from teacher.data.manifest import COLUMNS, read_manifest, write_manifest
from teacher.data.splits import split_by_group
from teacher.data.taxonomy import load_taxonomy
from triage.errors import UnusableInput


def test_work_goes_on_where_it_was_killed(tmp_path):
    ledger, done = tmp_path / "ledger.jsonl", []

    def work(item):
        if item == 5 and len(done) == 5:
            raise KeyboardInterrupt
        done.append(item)
        return {"square": item**2}

    items = {f"k{n}": n for n in range(9)}
    with pytest.raises(KeyboardInterrupt):
        run_resumable(work, items, ledger, workers=1)
    with open(ledger, "a") as file:
        file.write('{"key": "k5", "res')  # the line under way when the power failed
    done.append("restart")
    results = run_resumable(work, items, ledger, workers=1)
    assert results == {f"k{n}": {"square": n**2} for n in range(9)}
    assert done == [0, 1, 2, 3, 4, "restart", 5, 6, 7, 8]
    lines = [line for line in ledger.read_text().splitlines() if line.endswith("}}")]
    assert len(lines) == 9
    assert json.loads(lines[-1])["key"] == "k8"


def test_several_processes_give_the_same_results(tmp_path):
    items = {str(n): float(n) for n in range(40)}
    alone = run_resumable(as_dict, items, tmp_path / "one.jsonl", workers=1)
    assert run_resumable(as_dict, items, tmp_path / "two.jsonl", workers=2) == alone


def as_dict(item):
    return {"value": item}


def test_bands_find_every_pair_that_comparing_all_finds():
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**63, (300, 8), dtype=np.uint64)
    for n in range(60):  # plant neighbours at distances 0 to 11, some in a turned orientation
        flips = generator.choice(64, n % 12, replace=False)
        mask = np.bitwise_or.reduce(np.uint64(1) << flips.astype(np.uint64)) if len(flips) else np.uint64(0)
        hashes[n, n % 8] = hashes[n + 100, 0] ^ mask
    expected = {}
    for a in range(300):
        for b in range(300):
            if a != b:
                distance = int(np.bitwise_count(hashes[a] ^ hashes[b, 0]).min())
                if distance <= 7:
                    pair = (min(a, b), max(a, b))
                    expected[pair] = min(distance, expected.get(pair, 64))
    assert {(a, b): d for a, b, d in near_duplicates(hashes, 7)} == expected
    assert len(expected) >= 40


def test_a_turned_photo_has_the_same_set_of_hashes():
    photo = np.kron(np.random.default_rng(1).integers(0, 255, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    hashes = set(perceptual_hashes(photo))
    for turned in (np.rot90(photo), photo[:, ::-1], np.rot90(photo[::-1], 3)):
        upright = perceptual_hashes(np.ascontiguousarray(turned))[0]
        assert min((upright ^ h).bit_count() for h in hashes) <= 2


def test_clusters_join_through_common_members():
    assert clusters(6, [(4, 5), (0, 2), (2, 4)]).tolist() == [0, 1, 0, 3, 0, 0]


def test_splits_keep_groups_whole_and_classes_in_proportion():
    generator = np.random.default_rng(0)
    groups = [f"g{n}" for n in generator.integers(0, 400, 2000)]
    diagnosis = {g: "abc"[n % 3] for n, g in enumerate(sorted(set(groups)))}
    names = [diagnosis[g] for g in groups]
    splits = split_by_group(groups, names, seed=1)
    frame = pd.DataFrame({"group": groups, "diagnosis": names, "split": splits})
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    shares = pd.crosstab(frame["diagnosis"], frame["split"], normalize="index")
    assert shares["train"].between(0.66, 0.74).all()
    assert shares["test"].between(0.12, 0.18).all()
    assert splits == split_by_group(groups, names, seed=1)
    assert splits != split_by_group(groups, names, seed=2)


def test_a_class_of_three_groups_is_in_every_split():
    assert sorted(split_by_group(["a", "b", "c"], ["x"] * 3, seed=4)) == ["test", "train", "val"]


def row(**changes):
    base = dict.fromkeys(COLUMNS, "") | {
        "image_path": "a.jpg", "dataset": "d", "source": "s", "group": "g", "split": "train",
        "diagnosis": "eczema", "lighting_label": 1, "tone_bucket": "light",
    }  # fmt: skip
    return base | changes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "training"}, r"split is one of.*line 3: 'training'"),
        ({"diagnosis": "flu"}, r"diagnosis is a class.*line 3: 'flu'"),
        ({"lighting_label": "bright"}, r"lighting_label is 0, 1.*line 3"),
        ({"group": ""}, r"group is not empty.*line 3"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path, change, message):
    write_manifest(tmp_path / "meta.csv", [row(), row(**change)], load_taxonomy("kaggle10"))
    with pytest.raises(UnusableInput, match=message):
        read_manifest(tmp_path / "meta.csv")


def test_a_table_of_another_kind_is_refused(tmp_path):
    (tmp_path / "meta.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnusableInput, match="lacks the columns image_path"):
        read_manifest(tmp_path / "meta.csv")
    with pytest.raises(UnusableInput, match="skin-distill prepare"):
        read_manifest(tmp_path / "missing.csv")


def test_names_with_commas_and_newlines_survive(tmp_path):
    name = 'a, "b"\nc.jpg'
    write_manifest(tmp_path / "meta.csv", [row(image_path=name)], load_taxonomy("kaggle10"))
    assert read_manifest(tmp_path / "meta.csv").frame["image_path"][0] == name
