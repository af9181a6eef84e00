import pytest

from skin_training import resources
from skin_training.resources import check_resources, memory_limit
from triage.errors import UnusableInput

PARAMETERS = 60_000_000
MEMORY, DISK = 1_000_000_000 + 4 * 6 * PARAMETERS, 2 * 4 * 5 * PARAMETERS


def test_too_little_memory_or_disk_is_said_with_both_figures(tmp_path):
    enough = {"limit": MEMORY, "free": DISK + 4 * 10**9}
    check_resources(PARAMETERS, tmp_path / "not" / "there", 10**9, **enough)
    with pytest.raises(UnusableInput, match=r"2\.4 GB.*2\.4 GB"):
        check_resources(PARAMETERS, tmp_path, **{**enough, "limit": enough["limit"] - 1})
    with pytest.raises(UnusableInput, match=r"6\.4 GB.*6\.4 GB"):
        check_resources(PARAMETERS, tmp_path, 10**9, **{**enough, "free": enough["free"] - 1})


def test_a_teacher_that_only_answers_is_held_but_not_checkpointed(tmp_path):
    enough = {"limit": MEMORY + 4 * PARAMETERS, "free": DISK}
    check_resources(PARAMETERS, tmp_path, frozen=PARAMETERS, **enough)
    with pytest.raises(UnusableInput, match=r"2\.7 GB"):
        check_resources(PARAMETERS, tmp_path, frozen=PARAMETERS + 1, **enough)


def test_a_containers_limit_is_this_machines_limit(tmp_path, monkeypatch):
    unlimited, limited = tmp_path / "memory.max", tmp_path / "limit"
    unlimited.write_text("max\n")
    monkeypatch.setattr(resources, "CGROUP_LIMITS", (unlimited, tmp_path / "missing"))
    machine = memory_limit()
    limited.write_text("123456789\n")
    monkeypatch.setattr(resources, "CGROUP_LIMITS", (unlimited, limited))
    assert memory_limit() == 123456789 < machine


def test_what_this_very_process_needs_is_there(tmp_path):
    check_resources(1_000_000, tmp_path)
