import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skin_data.clusters import clusters, merged_names
from skin_data.ledger import code_fingerprint, run_resumable
from skin_data.manifest import COLUMNS, read_manifest, write_manifest
from skin_data.splits import split_by_group
from skin_data.taxonomy import load_taxonomy
from triage.errors import SkinDistillError, UnusableInput


def test_work_resumes_after_a_kill(tmp_path):
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


def die(item):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_one_clear_error(tmp_path):
    with pytest.raises(SkinDistillError, match="fewer than 2 workers"):
        run_resumable(die, {str(n): n for n in range(40)}, tmp_path / "ledger.jsonl", workers=2)


def slowly(item):
    (Path(item) / str(os.getpid())).touch()
    time.sleep(0.05)
    return {}


def test_no_process_outlives_a_kill(tmp_path):
    """Nor is it left waiting for work that will never come."""
    seen = tmp_path / "seen"
    seen.mkdir()
    program = tmp_path / "program.py"
    here = Path(__file__)
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        f"sys.path[:0] = [{str(here.parent)!r}, {str(here.parents[3])!r}]\n"
        "import test_resumable\n"
        "if __name__ == '__main__':\n"
        f"    items = dict.fromkeys(map(str, range(2000)), {str(seen)!r})\n"
        f"    test_resumable.run_resumable(test_resumable.slowly, items, Path('ledger'), workers=2)\n"
    )
    process = subprocess.Popen([sys.executable, program], cwd=tmp_path)
    deadline = time.monotonic() + 60
    while len(list(seen.iterdir())) < 2:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    process.kill()
    process.wait()
    workers = [int(path.name) for path in seen.iterdir()]
    while any(is_running(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Where nobody collects orphans, one that has ended stays listed as Z.
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_less_than_one_process_is_refused(tmp_path):
    with pytest.raises(UnusableInput, match="-1 workers"):
        run_resumable(as_dict, {"a": 1}, tmp_path / "ledger.jsonl", workers=-1)


def test_keys_with_odd_line_ends_are_remembered(tmp_path):
    items = {"a\u2028b\x85c\rd\ne": 1}
    run_resumable(as_dict, items, tmp_path / "ledger.jsonl", workers=1)
    assert run_resumable(None, items, tmp_path / "ledger.jsonl", workers=1) == {next(iter(items)): {"value": 1}}


def test_a_fingerprint_depends_on_code_and_not_on_its_path(tmp_path):
    for folder, text in (("a", "x = 1"), ("b", "x = 1"), ("c", "x = 2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "code.py").write_text(text)
    one, copy, other = (code_fingerprint([tmp_path / folder / "code.py"]) for folder in "abc")
    assert one == copy != other


def test_clusters_join_through_common_members():
    assert clusters(6, [(4, 5), (0, 2), (2, 4)]).tolist() == [0, 1, 0, 3, 0, 0]
    assert clusters(0, []).tolist() == []
    assert merged_names(["b", "cd", "ad"]) == {"b": "b", "c": "c", "d": "c", "a": "c"}


def test_splits_keep_groups_whole_and_classes_in_proportion():
    generator = np.random.default_rng(0)
    groups = [f"g{n}" for n in generator.integers(0, 400, 2000)]
    diagnosis = {g: "abc"[n % 3] for n, g in enumerate(sorted(set(groups)))}
    names = [diagnosis[g] for g in groups]
    tones = ["dark" if generator.random() < 0.1 else "light" for _ in groups]
    splits = split_by_group(groups, names, tones, seed=1)
    frame = pd.DataFrame({"group": groups, "diagnosis": names, "split": splits})
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    shares = pd.crosstab(frame["diagnosis"], frame["split"], normalize="index")
    assert shares["train"].between(0.66, 0.74).all()
    assert shares["test"].between(0.12, 0.18).all()
    assert splits == split_by_group(groups, names, tones, seed=1)
    assert splits != split_by_group(groups, names, tones, seed=2)


def test_a_class_of_three_groups_is_in_every_split():
    assert sorted(split_by_group(["a", "b", "c"], ["x"] * 3, ["light", "dark", "dark"], seed=4)) == [
        "test",
        "train",
        "val",
    ]


def test_splits_are_stratified_by_tone_within_classes():
    generator = np.random.default_rng(3)
    groups = [f"g{n}" for n in range(900)]
    names = list(generator.choice(["a", "b"], 900))
    tones = list(generator.choice(["light", "medium", "dark"], 900, p=[0.85, 0.1, 0.05]))
    splits = split_by_group(groups, names, tones, seed=1)
    counts = pd.crosstab([pd.Series(names), pd.Series(tones)], pd.Series(splits))
    # One photo a group: each cell is as even as whole photos allow, and the classes as well.
    wanted = counts.sum(axis=1).to_numpy()[:, None] * np.array([0.15, 0.70, 0.15])
    assert (abs(counts[["test", "train", "val"]].to_numpy() - wanted) <= 2).all()
    by_class = pd.crosstab(pd.Series(names), pd.Series(splits), normalize="index")
    assert by_class["test"].between(0.14, 0.16).all()


def row(**changes):
    base = dict.fromkeys(COLUMNS, "") | {
        "image_path": "a.jpg", "dataset": "d", "source": "s", "group": "g", "split": "train",
        "diagnosis": "eczema", "lighting_label": 1, "tone_bucket": "light",
    }  # fmt: skip
    return base | changes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "training"}, r"split .*line 3: 'training'"),
        ({"diagnosis": "flu"}, r"diagnosis .*line 3: 'flu'"),
        ({"lighting_label": "bright"}, r"lighting_label .*line 3: 'bright'"),
        ({"group": ""}, r"group .*line 3: ''"),
        ({"tone_bucket": "Dark"}, r"tone_bucket .*line 3: 'Dark'"),
        ({"ita": "12,5"}, r"ita .*line 3: '12,5'"),
        ({"soft_label": "{'eczema': 1}"}, r"soft_label .*line 3: "),
        ({"soft_label": '{"flu": 1}'}, r"soft_label .*line 3: "),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path, change, message):
    write_manifest(tmp_path / "meta.csv", [row(), row(**change)], load_taxonomy("kaggle10"))
    with pytest.raises(UnusableInput, match=message):
        read_manifest(tmp_path / "meta.csv")


def test_a_table_of_another_kind_is_refused(tmp_path):
    (tmp_path / "meta.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnusableInput, match="image_path, dataset"):
        read_manifest(tmp_path / "meta.csv")
    with pytest.raises(UnusableInput, match=r"missing\.csv"):
        read_manifest(tmp_path / "missing.csv")


@pytest.mark.parametrize("name", ['a, "b"\nc.jpg', "a\rb.jpg", "a\u2028b\x85.jpg", " a .jpg", "NA"])
def test_names_with_commas_and_line_ends_survive(tmp_path, name):
    write_manifest(tmp_path / "meta.csv", [row(image_path=name)], load_taxonomy("kaggle10"))
    assert read_manifest(tmp_path / "meta.csv").frame["image_path"][0] == name
