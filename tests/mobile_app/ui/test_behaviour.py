import ast
from pathlib import Path

SCRIPT = Path(__file__).parent / "scripts" / "behaviour.py"


def test_the_app_does_what_a_person_asks(own_process, tmp_path):
    # One window a process and seconds to open one: the checks run one after the other in the same window.
    printed = own_process(SCRIPT.name, tmp_path, HOME=str(tmp_path))
    functions = [
        node.name for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    checks = [f"ok {name}" for name in functions if name.count("_") >= 3]
    assert printed.splitlines() == checks and len(checks) > 15
