import json

import pytest
from click.testing import CliRunner

from tests.stress import preparation_memory


@pytest.mark.slow
def test_memory_is_that_of_a_fresh_process(tmp_path):
    out = tmp_path / "found.json"
    run = CliRunner().invoke(preparation_memory.main, ["--rows", "1000", "--json", str(out)])
    assert run.exit_code == 0, run.output
    found = json.loads(out.read_text())
    assert found["used"] == found["rows"] == 1000
    # A hundredth of the rows of the full sweep must stay far below its peak of 1,190 MiB.
    assert found["imports_mib"] < found["peak_mib"] < 600
