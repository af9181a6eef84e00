import pytest
import tf_keras as keras

from benchmarks.kills.noise import SIZE, make_photos
from convert.convert import convert
from distill.student import build_student
from teacher.data.manifest import read_manifest
from teacher.run_folder import RunFolder


@pytest.fixture
def job(tmp_path):
    """A run with an untrained student, and its data set."""
    manifest, run = read_manifest(make_photos(tmp_path / "data")), RunFolder("s", tmp_path)
    keras.utils.set_random_seed(0)
    run.save_model(build_student(3, SIZE, width=0.35), "student.keras")
    run.write_config({"distill": {"crop_fraction": 0.8}, "teacher_run": "t", "data": {"meta_sha256": manifest.sha256}})
    run.update_report("distill", {"key": {"teacher_sha256": "0" * 64}, "test": {"per_tone": {}}})
    return run, manifest


def test_what_a_kill_left_undone_is_put_right_by_the_next_start(job):
    run, manifest = job
    path = convert(run, manifest, ["float32"])["float32"]
    listed, made = (run.experiment / "weights.txt").read_text(), path.stat().st_mtime_ns
    assert path.name in listed
    # Killed between the report and the list of files, and while a file was written.
    (run.experiment / "weights.txt").unlink()
    half_written = run.artifacts / ".student-float32-k3v9x2pa.half.tflite"
    half_written.touch()
    convert(run, manifest, ["float32"])
    assert (run.experiment / "weights.txt").read_text() == listed
    assert not half_written.exists()
    assert path.stat().st_mtime_ns == made
