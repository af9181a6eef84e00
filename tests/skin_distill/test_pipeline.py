"""The whole pipeline through the command line, small: from photos to a prediction."""

import json
import shutil

import pytest
import yaml

pytestmark = pytest.mark.slow

RECIPE = """
teacher:
  backbone: resnet10
  weights: none
  input_size: 32
  batch_size: 16
  batch_norm_momentum: 0.8
  phases:
    - {name: D all, trains: all, epochs: 1, learning_rate: 1.0e-3}
    - {name: B CCM, trains: ccm, epochs: 1, learning_rate: 1.0e-3}
distill:
  weights: none
  input_size: 32
  batch_size: 16
  batch_norm_momentum: 0.8
  view_count: 1
  without_teacher: false
  phases:
    - {name: distill, trains: all, epochs: 1, learning_rate: 1.0e-3}
convert:
  variants: [float32, int8-weights, int8]
  representative: {count: 20, outlier_ratio: 5.0}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory, shell_in):
    """A folder in which a data set is prepared, a teacher trained, a student distilled and converted."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "tiny.yaml").write_text(RECIPE)
    shell = shell_in(folder)
    shell("prepare", "phantom", "--out", "data", "--count", 120, "--size", 64)
    shell("teacher", "--config", "tiny.yaml", "--data", "data/meta.csv", "--run", "t")
    shell("distill", "--config", "tiny.yaml", "--data", "data/meta.csv", "--teacher", "t", "--run", "s")
    shell("convert", "--run", "s", "--data", "data/meta.csv")
    return shell


def test_the_pipeline_writes_every_promised_file(shell):
    folder = shell.folder
    for name in ("meta.csv", "rejected.csv", "datacard.md", "taxonomy.yaml", "figures"):
        assert (folder / "data" / name).exists(), name
    for run in ("t", "s"):
        for name in ("config.yaml", "report.json", "metrics.csv", "weights.txt", "environment.json", "card.md"):
            assert (folder / "experiments" / run / name).is_file(), name
    report = json.loads((folder / "experiments/s/report.json").read_text())
    assert report["distill"]["test"]["synthetic"] is True
    assert report["distill"]["test"]["n"] > 0
    assert (folder / "artifacts/s/student-float32.tflite").stat().st_size > 1_000_000
    assert (folder / "artifacts/s/student-int8.tflite").stat().st_size < 2_000_000


def test_a_second_run_is_skipped_and_changes_nothing(shell):
    model = shell.folder / "artifacts/t/teacher.keras"
    before = model.stat().st_mtime_ns
    shell("teacher", "--config", "tiny.yaml", "--data", "data/meta.csv", "--run", "t")
    assert model.stat().st_mtime_ns == before


def test_another_recipe_under_the_same_name_is_refused(shell):
    (shell.folder / "other.yaml").write_text(RECIPE.replace("batch_size: 16", "batch_size: 8"))
    before = (shell.folder / "experiments/t/report.json").read_bytes()
    done = shell("teacher", "--config", "other.yaml", "--data", "data/meta.csv", "--run", "t", expect=2)
    assert "experiments/t" in done.stderr
    assert (shell.folder / "experiments/t/report.json").read_bytes() == before


def test_verify_gives_a_verdict(shell):
    files = ["artifacts/s/student-float32.tflite", "artifacts/s/student-int8.tflite"]
    done = shell("verify", *files, "--run", "s", "--data", "data/meta.csv", "--json", expect=(0, 1))
    verdict = json.loads(done.stdout)
    assert verdict["passed"] == (done.code == 0)


def test_the_best_file_is_chosen_on_the_validation_split_and_kept_under_one_name(shell):
    options = "--variant", "float32", "--variant", "int8-weights"
    done = shell("convert", "--run", "s", "--data", "data/meta.csv", *options, "--best", "size", expect=(0, 1))
    assert "student.tflite" in done.stdout
    report = json.loads((shell.folder / "experiments/s/report.json").read_text())
    best = report["best"]
    assert best["chosen_on"] == "val"
    assert best["rungs"][0]["variant"] == "int8-weights"
    assert [bool(rung["why"]) for rung in best["rungs"]] == [True] * (len(best["rungs"]) - 1) + [False]
    chosen = shell.folder / "artifacts/s/student.tflite"
    assert chosen.read_bytes() == (shell.folder / f"artifacts/s/student-{best['variant']}.tflite").read_bytes()
    (file,) = report["verify"]["files"]
    assert file["passed"] == best["passed_on_test"] == (done.code == 0)
    assert file["ccm"]["groups"]["skin of the data set"]["n"] == 3
    for name in ("tone_change.png", "class_change.png", "ccm_patches.png"):
        assert (shell.folder / "experiments/s/figures" / name).stat().st_size > 5_000


def test_benchmark_writes_a_result(shell):
    shell(
        "benchmark", "artifacts/s/student-float32.tflite", "artifacts/s/student-int8.tflite", "--json", "latency.json"
    )
    assert json.loads((shell.folder / "latency.json").read_text())


def test_evaluate_measures_a_file_like_its_run(shell):
    model = "artifacts/s/student-float32.tflite"
    of_file = json.loads(shell("evaluate", model, "--data", "data/meta.csv", "--json", "--out", "ev").stdout)
    of_run = json.loads(shell("evaluate", "s", "--data", "data/meta.csv", "--json").stdout)
    for head in ("diagnosis", "lighting"):
        assert of_file[head]["accuracy"]["n"] == of_run[head]["accuracy"]["n"]
        assert of_file[head]["accuracy"]["value"] == pytest.approx(of_run[head]["accuracy"]["value"], abs=0.06)
    assert (shell.folder / "ev/evaluation.json").is_file()


def test_evaluate_tells_other_classes_and_another_table(shell):
    other = shell.folder / "other"
    shutil.copytree(shell.folder / "data", other)
    rows = (other / "meta.csv").read_text().splitlines(keepends=True)
    (other / "meta.csv").write_text("".join(rows[:-1]))
    models = "s", "artifacts/s/student.keras", "artifacts/s/student-float32.tflite"
    done = shell("evaluate", models[1], "--data", "other/meta.csv")
    assert "another meta.csv" in " ".join(done.stdout.split())
    taxonomy = yaml.safe_load((other / "taxonomy.yaml").read_text())
    taxonomy["classes"].reverse()
    (other / "taxonomy.yaml").write_text(yaml.safe_dump(taxonomy))
    for model in models:
        done = shell("evaluate", model, "--data", "other/meta.csv", expect=2)
        assert "order" in done.stderr


def test_classify_prints_the_documented_json(shell):
    photo = next((shell.folder / "data/images").rglob("*.jpg"))
    (shell.folder / "broken.jpg").write_bytes(b"\xff\xd8 not a photo")
    model = "artifacts/s/student-int8.tflite"
    done = shell("classify", photo, "broken.jpg", "--model", model, "--json", expect=1)
    good, bad = json.loads(done.stdout)
    assert set(good) == {"photo", "warnings", "lighting", "diagnosis", "decision", "spot", "disclaimer"}
    assert set(good["lighting"]) == {"ok", "probability", "tips"}
    # A model of synthetic images names nothing.
    assert (good["decision"]["reason"], good["decision"]["urgency"]) == ("synthetic_model", None)
    assert good["diagnosis"] == []
    assert set(bad) == {"photo", "error"}
    text = shell("classify", photo, "--model", model).stdout
    assert good["disclaimer"] in " ".join(text.split())
    assert f"{good['lighting']['probability']:.2f}" in text
    shell("classify", "broken.jpg", "--model", model, expect=2)


def test_a_teacher_of_other_classes_is_refused(shell):
    photos = shell.folder / "two"
    for number, path in enumerate(sorted((shell.folder / "data/images").rglob("*.jpg"))[:40]):
        target = photos / ("one" if number % 2 else "other") / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    shell("prepare", "folder", "two", "--out", "two-data")
    done = shell(
        "distill", "--config", "tiny.yaml", "--data", "two-data/meta.csv", "--teacher", "t", "--run", "u", expect=2
    )
    assert "classes" in done.stderr


def test_explain_draws_plots_and_names_unreadable_photos(shell):
    photo = next((shell.folder / "data" / "images").rglob("*.jpg"))
    done = shell("explain", "s", photo, "missing.jpg", "--out", "explained", "--head", "lighting", expect=1)
    assert (shell.folder / "explained" / f"{photo.stem}-lighting.png").stat().st_size > 5_000
    assert f"{photo.stem}-lighting.png" in done.stdout
    assert "missing.jpg" in done.stderr
    (entry,) = json.loads(shell("explain", "s", photo, "--json").stdout)
    if "spot" in entry:
        assert len(entry["spot"]) == 5
        assert all(entry[name] is None or 0 <= entry[name] <= 1 for name in ("inside_spot", "area_of_spot"))
    done = shell("explain", "s", photo, "--class", "freckle", expect=2)
    assert "melanoma" in done.stderr


def test_reproduce_repeats_a_run_on_the_same_splits_only(shell):
    data = shell.folder / "data"
    header, first, *rows = (data / "meta.csv").read_text().splitlines()
    names, cells = header.split(","), first.split(",")
    tone, split = names.index("ita"), names.index("split")
    rounded = [*cells[:tone], str(float(cells[tone]) + 0.01), *cells[tone + 1 :]]
    moved = [*cells[:split], "val" if cells[split] == "train" else "train", *cells[split + 1 :]]
    for name, line in (("rounded", rounded), ("moved", moved)):
        (data / f"{name}.csv").write_text("\n".join([header, ",".join(line), *rows, ""]))
    done = shell("reproduce", "t", "--data", "data/rounded.csv", "--within", "0", "--json")
    result = json.loads(done.stdout)
    assert result["table"] == "same splits"
    assert result["passed"] and {f["outcome"] for f in result["figures"]} <= {"equal", "not measured"}
    assert (shell.folder / "experiments/t-again/reproduction.json").is_file()
    refused = shell("reproduce", "t", "--data", "data/moved.csv", "--as", "t-moved", expect=2)
    assert "data/moved.csv" in refused.stderr and "--other-table" in refused.stderr
    refused = shell("reproduce", "t", "--data", "data/meta.csv", "--as", "t", expect=2)
    assert "--as" in refused.stderr
