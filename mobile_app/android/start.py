"""Android entry point: sets up Java, then starts the app as on a desktop."""

import os
from pathlib import Path

from jnius import autoclass

from mobile_app.android import camera, device, litert_java
from triage.interpreter import register_runtime

JAVA_CLASSES = ("org.skindistill.SystemBars",)


def start(model: Path) -> None:
    """Run the app with the phone's camera, photo picker, share list and voice.

    Args:
        model: the release file packaged with the app.
    """
    load_classes()
    register_runtime(litert_java.NAME, litert_java.version(), litert_java)
    # The app's private folder; Android has no home folder.
    os.environ.setdefault("XDG_DATA_HOME", os.environ["ANDROID_PRIVATE"])
    autoclass("org.skindistill.SystemBars").keepClear(autoclass("org.kivy.android.PythonActivity").mActivity)

    from mobile_app.main import main

    phone = device.AndroidPhone()
    main(model=model, phone=phone)


def load_classes() -> None:
    """Look up all Java classes on Java's thread.

    On Python's threads Android finds only its own classes, not the app's; pyjnius caches what it has found.
    """
    for name in (*JAVA_CLASSES, *camera.JAVA_CLASSES, *device.JAVA_CLASSES, *litert_java.JAVA_CLASSES):
        autoclass(name)
