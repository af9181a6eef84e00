"""What `skin-distill doctor` checks."""

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from triage.atomic import check_writable
from triage.errors import UnusableInput

RUNTIME = "ai-edge-litert"
"""Not needed where another TFLite runtime is installed."""
EXTRAS = ("train", "download", "app", "maxvit", "android")
SUPPORTED_PYTHON = ((3, 10), (3, 13))


@dataclass(frozen=True)
class Finding:
    """One row of the doctor's table: what was checked, state ("ok", "missing", "note"), version or fact, and remedy.

    `needed` says whether `classify` and `benchmark` need it.
    """

    what: str
    state: str
    found: str
    remedy: str = ""
    needed: bool = False


def examine() -> list[Finding]:
    """Check this machine: Python, packages, TFLite runtimes, GPU, camera, disk."""
    supported = SUPPORTED_PYTHON[0] <= sys.version_info[:2] <= SUPPORTED_PYTHON[1]
    state, remedy = ("ok", "") if supported else ("missing", "install Python 3.10 to 3.13")
    findings = [
        Finding("Python", state, platform.python_version(), remedy, needed=True),
        Finding("Machine", "ok", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        Finding("skin-distill", "ok", version("skin-distill")),
    ]
    required = _requirements()
    findings += [_package(name, "pip install skin-distill", needed=True) for name in required[""] if name != RUNTIME]
    findings += [_runtime()]
    for extra in EXTRAS:
        names = [name for name in required.get(extra, ()) if name not in required[""]]
        findings += [_package(name, f"pip install 'skin-distill[{extra}]'", needed=False) for name in names]
    return [*findings, _gpu(), _camera(), _disk()]


def _requirements() -> dict[str, list[str]]:
    """Names of the packages that the installed skin-distill requires, by extra; "" for those it always needs."""
    required: dict[str, list[str]] = {"": []}
    for requirement in requires("skin-distill") or ():
        extra = re.search(r"extra == [\"'](.+?)[\"']", requirement)
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        required.setdefault(extra[1] if extra else "", []).append(name)
    return required


def _package(name: str, remedy: str, needed: bool) -> Finding:
    try:
        return Finding(name, "ok", version(name), needed=needed)
    except PackageNotFoundError:
        return Finding(name, "missing", "", remedy, needed)


def _runtime() -> Finding:
    from triage.interpreter import available_runtimes

    found = ", ".join(f"{name} {version}" for name, version in available_runtimes().items())
    state, remedy = ("ok", "") if found else ("missing", f"pip install {RUNTIME}")
    return Finding("TFLite runtime", state, found, remedy, needed=True)


def _gpu() -> Finding:
    if shutil.which("nvidia-smi"):
        return Finding("GPU", "ok", "NVIDIA driver found", "for training on it: pip install 'tensorflow[and-cuda]'")
    return Finding("GPU", "note", "none", "training runs on the processor; docs/results.md says how long")


def _camera() -> Finding:
    devices = sorted(p.name for p in Path("/dev").glob("video*")) if sys.platform == "linux" else []
    if devices:
        return Finding("Camera", "ok", ", ".join(devices))
    return Finding("Camera", "note", "none found", "classify reads photo files; the app also a folder or a video")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    found = f"{free:.0f} GB free in this folder"
    try:
        check_writable(Path.cwd() / "doctor.txt")
    except UnusableInput:
        return Finding("Disk", "note", f"{found}, which cannot be written", "change to a folder that you can write to")
    return Finding("Disk", "ok" if free > 5 else "note", found, "" if free > 5 else "free some space")
