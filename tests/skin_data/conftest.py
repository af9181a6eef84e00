import pytest


@pytest.fixture
def table_only(monkeypatch):
    """Let `prepare` skip baselines and plots, which take most of its time on a few photos."""
    monkeypatch.setattr("skin_data.prepare.trivial_baselines", lambda *_: [])
    monkeypatch.setattr("skin_data.datacard.draw_plots", lambda *_: None)
