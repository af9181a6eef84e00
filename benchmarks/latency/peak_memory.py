"""Peak memory of a measured process; standard library only, because it also runs in other environments."""

import re
import resource
import sys
from pathlib import Path

MEBIBYTE = 1 << 20


def peak_of_this_process() -> float:
    """Peak of resident memory so far, MiB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # On Linux getrusage starts from the peak of the parent process.
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEBIBYTE if sys.platform == "darwin" else 1024)
