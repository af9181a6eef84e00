"""What `skin-distill doctor` looks at."""

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

RUNTIME = "ai-edge-litert"
"""Not needed where another TFLite runtime is."""
EXTRAS = ("train", "download", "app", "maxvit", "android")
SUPPORTED_PYTHON = ((3, 10), (3, 13))


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
        what: what was looked at.
        state: ok, missing or note.
        found: version or fact; empty when missing.
        remedy: what to do; empty when nothing.
        needed: whether classify and benchmark cannot work without it.
    """

    what: str
    state: str
    found: str
    remedy: str = ""
    needed: bool = False


def examine() -> list[Finding]:
    """Look at this machine: Python, packages, TFLite runtimes, GPU, camera, disk."""
    lowest, highest = SUPPORTED_PYTHON
    here = sys.version_info[:2]
    supported = lowest <= here <= highest
    findings = [
        Finding(
            "Python",
            "ok" if supported else "missing",
            platform.python_version(),
            "" if supported else "install Python 3.10 to 3.13",
            needed=True,
        ),
        Finding("Machine", "ok", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        _skin_distill(),
    ]
    wanted = _requirements()
    findings += [_package(name, "pip install skin-distill", needed=True) for name in wanted[""] if name != RUNTIME]
    findings += [_runtime()]
    for extra in EXTRAS:
        findings += [
            _package(name, f"pip install 'skin-distill[{extra}]'", needed=False)
            for name in wanted.get(extra, ())
            if name not in wanted[""]
        ]
    return [*findings, _gpu(), _camera(), _disk()]


def _requirements() -> dict[str, list[str]]:
    """Names of the packages that the installed skin-distill asks for, by extra; "" for those that it always needs."""
    wanted: dict[str, list[str]] = {"": []}
    for requirement in requires("skin-distill") or ():
        extra = re.search(r"extra == [\"'](.+?)[\"']", requirement)
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        wanted.setdefault(extra[1] if extra else "", []).append(name)
    return wanted


def _skin_distill() -> Finding:
    return Finding("skin-distill", "ok", version("skin-distill"))


def _package(name: str, remedy: str, needed: bool) -> Finding:
    try:
        return Finding(name, "ok", version(name), needed=needed)
    except PackageNotFoundError:
        return Finding(name, "missing", "", remedy, needed)


def _runtime() -> Finding:
    from triage.interpreter import available_runtimes

    runtimes = available_runtimes()
    if not runtimes:
        return Finding("TFLite runtime", "missing", "", f"pip install {RUNTIME}", needed=True)
    return Finding("TFLite runtime", "ok", ", ".join(f"{name} {v}" for name, v in runtimes.items()), needed=True)


def _gpu() -> Finding:
    if shutil.which("nvidia-smi"):
        return Finding("GPU", "ok", "NVIDIA driver found", "training uses it with pip install 'tensorflow[and-cuda]'")
    return Finding("GPU", "note", "none", "training runs on the processor; see docs/results.md for what that costs")


def _camera() -> Finding:
    devices = sorted(p.name for p in Path("/dev").glob("video*")) if sys.platform == "linux" else []
    if devices:
        return Finding("Camera", "ok", ", ".join(devices))
    return Finding("Camera", "note", "none seen", "classify takes photo files, the app a folder, a video or its demo")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding("Disk", "ok" if free > 5 else "note", f"{free:.0f} GB free here", "" if free > 5 else "make room")
