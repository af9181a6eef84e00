import subprocess
import sys


def test_tensorflow_is_not_imported_before_its_log_is_muted(tmp_path):
    code = (
        "import sys; from skin_distill import demo; from skin_distill.terminal import Terminal;"
        "demo.load_tensorflow = lambda: sys.exit('tensorflow' in sys.modules);"
        "demo.run_demo(__import__('pathlib').Path(sys.argv[1]), Terminal(-1)); sys.exit('never loaded')"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
