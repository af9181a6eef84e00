import sys

import pytest

from mobile_app import live_session
from tests.stress import app_soak


@pytest.mark.stress
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_failing_source_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(live_session, "STALLED_S", 0.5)
    monkeypatch.setattr(live_session, "RETRY_S", (0.1, 0.2))
    monkeypatch.setattr(app_soak, "FAILURE", 0.08)
    monkeypatch.setattr(app_soak, "PAUSE_EACH_S", 1.0)
    result = app_soak.soak(8.0, seed=1)
    assert app_soak.passed(result), result
    assert sum(result["failures"].values()) >= 5
    assert {"paused", "running"} <= set(result["statuses"])
    assert not app_soak.passed({**result, "frames_at_the_end": 0})
