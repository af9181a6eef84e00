import pytest

from skin_distill import demo


def test_the_time_of_a_stopped_demonstration_counts(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(demo.time, "monotonic", lambda: now[0])
    path = tmp_path / "new" / "seconds.json"
    with pytest.raises(KeyboardInterrupt), demo.stopwatch(path, {"recipe": "one"}):
        now[0] += 40
        raise KeyboardInterrupt
    now[0] += 1000  # nobody worked
    with demo.stopwatch(path, {"recipe": "one"}) as seconds:
        now[0] += 2
        assert seconds() == 42
    with demo.stopwatch(path, {"recipe": "another"}) as seconds:
        assert seconds() == 0
