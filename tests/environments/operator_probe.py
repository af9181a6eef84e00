"""Find the highest version of each operator that the runtime of another Python environment has.

    python operator_probe.py MODULE PROBES.npz FOUND.json

MODULE has `Interpreter`. PROBES.npz holds models that declare one operator and never run it, named `NAME/version`; a
runtime looks its operators up first. Works from Python 3.7 on, for the oldest runtimes.
"""

import importlib
import json
import sys

import numpy as np

NOT_FOUND = ("Didn't find op", "out of range", "Op builtin_code")


def main() -> None:
    """Write the highest version by operator."""
    module, probes_path, found_path = sys.argv[1:]
    interpreter = importlib.import_module(module).Interpreter
    highest = {}  # type: dict[str, int]
    with np.load(probes_path) as probes:
        for key in probes.files:
            name, version = key.split("/")
            try:
                interpreter(model_content=probes[key].tobytes())
            except (ValueError, RuntimeError) as error:
                if not any(words in str(error) for words in NOT_FOUND):
                    raise
            else:
                highest[name] = max(int(version), highest.get(name, 0))
    with open(found_path, "w", encoding="utf-8") as file:
        json.dump(highest, file)


if __name__ == "__main__":
    main()
