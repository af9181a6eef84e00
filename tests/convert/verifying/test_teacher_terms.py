"""A teacher's licence and training data reach the release file and its verification."""

from convert.convert import convert
from convert.verifying.verify import verify
from triage.model_file import read_model

TEACHER = {"name": "them.onnx", "kind": "onnx", "sha256": "0" * 64, "licence": "CC BY-NC-ND 4.0", "lighting": False}


def test_a_release_file_names_its_teachers_terms_and_verify_warns_of_them(small_run):
    run, manifest = small_run
    teacher = {**TEACHER, "training_data": ["Noise", "elsewhere"]}  # the photos' data set is "noise"
    run.update_report("distill", {**run.read_report()["distill"], "teachers": [teacher]})
    path = convert(run, manifest, ["float32"])["float32"]
    card = read_model(path).card
    assert card["lineage"]["teachers"] == [{key: value for key, value in teacher.items() if key != "lighting"}]
    assert "them.onnx" in card["licence"] and "CC BY-NC-ND 4.0" in card["licence"]
    report = verify([path], run, manifest)
    assert card["warnings"] == report.warnings == run.read_report()["verify"]["warnings"]
    assert [word in " ".join(report.warnings) for word in ("commercial", "derivatives", "Noise")] == [True] * 3
    assert len(report.warnings) == 3
