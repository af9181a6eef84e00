"""Run the app as a person starts it and tell where what stands; nothing is steered from here: probe.py FOLDER MODEL."""

import json
import sys
from pathlib import Path

from mobile_app import main as app_main
from triage.atomic import write_text

folder, model = Path(sys.argv[1]), Path(sys.argv[2])
app_main.prepare_kivy(folder)

from kivy.app import App  # noqa: E402  (Kivy is set up first)
from kivy.clock import Clock  # noqa: E402

EVERY_S = 0.1


def tell(_: float) -> None:
    from kivy.core.window import Window

    from mobile_app.ui.buttons import Pressable
    from mobile_app.ui.label import TextLabel

    app = App.get_running_app()
    root = getattr(app, "root", None)
    if root is None or root.screen is None:
        return
    texts, targets = [], {}
    for widget in root.walk():
        if isinstance(widget, TextLabel) and widget.text:
            texts.append(widget.text)
        if isinstance(widget, Pressable) and not widget.disabled:
            x, y = widget.to_window(widget.center_x, widget.center_y)
            targets[widget.label] = [round(x), round(Window.height - y)]  # X counts from the top
    mouse = [round(Window.mouse_pos[0]), round(Window.height - Window.mouse_pos[1])] if Window.focus else None
    state = {"mouse": mouse, "screen": app._history[-1][0], "texts": texts, "targets": targets}
    write_text(folder / "state.json", json.dumps(state))


Clock.schedule_interval(tell, EVERY_S)
app_main.main("demo", model, folder)
(folder / "ended").touch()
