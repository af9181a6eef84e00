"""Java on this machine: the project's own classes and make-believe ones of Android and LiteRT, compiled and loaded."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from triage.model_file import pack_model

JAVA_SOURCES = (Path(__file__).parent / "java", Path(__file__).parents[3] / "mobile_app" / "android" / "java")
SIDE = 32
CLASSES = 10


@pytest.fixture(scope="session")
def java_classes(tmp_path_factory) -> Path:
    """Folder of the compiled classes."""
    if shutil.which("javac") is None:
        pytest.skip("needs a Java compiler: apt-get install default-jdk-headless")
    folder = tmp_path_factory.mktemp("java")
    sources = [str(path) for root in JAVA_SOURCES for path in sorted(root.rglob("*.java"))]
    # Java 8, as python-for-android compiles.
    done = subprocess.run(
        ["javac", "--release", "8", "-Xlint:all,-options,-serial", "-Werror", "-d", folder, *sources],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def jnius(java_classes) -> ModuleType:
    """pyjnius with the classes loaded; Java runs once in a process."""
    config = pytest.importorskip("jnius_config", reason="needs pyjnius: pip install -e '.[android]'")
    config.set_classpath(str(java_classes))
    config.add_options("-Xrs", "-Xmx256m")  # Java leaves the signals to Python
    import jnius

    return jnius


@pytest.fixture
def no_classes_from_threads(jnius, monkeypatch) -> Iterator[list[str]]:
    """As on Android: a thread that Python started cannot find the app's own classes by name."""
    import jnius.reflect

    from mobile_app.android.start import load_classes

    load_classes()
    find, refused = jnius.reflect.find_javaclass, []

    def strict(name: str):
        if threading.current_thread() is not threading.main_thread() and not name.startswith("java"):
            refused.append(name)
            raise jnius.JavaException(f"ClassNotFoundException: {name}")
        return find(name)

    monkeypatch.setattr(jnius.reflect, "find_javaclass", strict)
    yield refused
    assert refused == []


@pytest.fixture
def litert(jnius, monkeypatch) -> ModuleType:
    """LiteRT for Java, registered with `triage` as on a phone."""
    from mobile_app.android import litert_java
    from triage import interpreter

    monkeypatch.setattr(interpreter, "_registered", {})
    interpreter.register_runtime(litert_java.NAME, litert_java.version(), litert_java)
    return litert_java


@pytest.fixture(scope="session")
def described():
    """Make a model for the make-believe LiteRT: a header and words, see InterpreterImpl.java."""

    def make(
        input_type: str = "UINT8 0.003921569 0",
        output_type: str = "FLOAT32 0 0",
        signatures: tuple[str, ...] = ("serving_default",),
        extra: str = "",
    ) -> bytes:
        lines = [
            "# Ünd bytes above 127 \u2713",
            f"input image 1,{SIDE},{SIDE},3 {input_type}",
            f"output lighting 1,1 {output_type}",
            f"output diagnosis 1,{CLASSES} {output_type}",
            *(f"signature {name}" for name in signatures),
        ]
        return b"\x1c\0\0\0TFL3" + "\n".join([*lines, *filter(None, [extra])]).encode()

    return make


@pytest.fixture(scope="session")
def expected():
    """What the make-believe LiteRT computes: float64 of `count` values for output number `position`."""

    def compute(values: np.ndarray, count: int, position: int) -> np.ndarray:
        flat = values.astype(np.float64).ravel()
        places = np.arange(len(flat))
        return np.array([(flat * ((places + k + position) % 7)).sum() for k in range(count)])

    return compute


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def card(make_card) -> dict:
    return make_card(SIDE, ("watch",) * CLASSES, dtype="uint8", name="described")


@pytest.fixture(scope="session")
def release(tmp_path_factory, described, card) -> Path:
    path = tmp_path_factory.mktemp("release") / "described.tflite"
    path.write_bytes(pack_model(described(), card))
    return path


@pytest.fixture
def run_python(java_classes):
    """Run a script in a Python of its own, with Java's options and changes of the environment; returns its output."""

    def run(script: str, *arguments: str, options: tuple[str, ...] = (), **environment: str | None) -> str:
        pytest.importorskip("jnius_config", reason="needs pyjnius: pip install -e '.[android]'")
        head = f"import jnius_config; jnius_config.set_classpath({str(java_classes)!r})\n" + "".join(
            f"jnius_config.add_options({option!r})\n" for option in options
        )
        done = subprocess.run(
            [sys.executable, "-c", head + script, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            env={name: value for name, value in {**os.environ, **environment}.items() if value is not None},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run
