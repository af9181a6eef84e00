"""Draw the README's pictures again.

    skin-distill demo --out demo && python docs/make_images.py

`phantoms.png` needs nothing; `demo.svg` shows the table of the demonstration in `demo/`.
"""

import io
import re
import sys
from pathlib import Path

import cv2
from rich.console import Console

from skin_data.phantom import contact_sheet

FOLDER = Path(__file__).parent / "images"


def main(demo: Path) -> None:
    """Write both pictures; the table only where a demonstration has been made."""
    FOLDER.mkdir(exist_ok=True)
    cv2.imwrite(str(FOLDER / "phantoms.png"), contact_sheet(seed=1, rows=4, size=110)[..., ::-1])
    if not (demo / "demo.json").is_file():
        print(f"No demonstration in {demo}: demo.svg stays as it is.")
        return
    from skin_distill.commands.demo import show_result
    from skin_distill.demo import run_demo
    from skin_distill.terminal import Terminal

    console = Console(record=True, width=92, file=io.StringIO())
    show_result(run_demo(demo, Terminal(-1)), Terminal(-1, console=console))
    svg = console.export_svg(title="skin-distill demo")
    # The picture must not ask another host for its font.
    (FOLDER / "demo.svg").write_text(re.sub(r"@font-face\s*{.*?}", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
