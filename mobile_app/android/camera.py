"""An Android camera as a frame source."""

from typing import Any

from jnius import autoclass

from mobile_app.android.yuv import YuvLayout, yuv_to_rgb
from mobile_app.sources.source import Frame, SourceUnavailable

WIDTH, HEIGHT = 1280, 720
"""Largest requested picture, in sensor orientation (sideways)."""
FRAME_TIMEOUT_MS = 5000
"""Without a picture for this long the camera counts as unplugged; a slow phone needs a second for the first one."""
PERMISSION_TIMEOUT_MS = 120_000
"""How long to wait for the permission dialog; afterwards the app only checks with Android."""
JAVA_CLASSES = (
    "org.kivy.android.PythonActivity",
    "org.skindistill.CameraPermission",
    "org.skindistill.FrameCamera",
)
"""Java classes used here; see `start.load_classes`."""
MESSAGES = {
    "absent": "This phone has no usable camera.",
    "busy": "Another app is using the camera. Close it.",
    "denied": "The app has no camera permission. Allow it in Android's settings: Apps, this app, Permissions.",
    "unplugged": "The camera stopped sending pictures.",
}


class AndroidCamera:
    """The back camera, or the only one. Asks for permission once, at the first `open`."""

    name = "camera"
    live = True
    synthetic = False

    def __init__(self) -> None:
        self._camera: Any = None
        self._asked = False
        self._count = 0

    def open(self) -> None:
        """Ask for permission if needed and start the preview. Waits for the person, not for the first picture.

        Raises:
            SourceUnavailable: denied; `read` reports other errors.
        """
        self.close()
        activity = autoclass("org.kivy.android.PythonActivity").mActivity
        if not self._is_allowed(activity):
            raise _unavailable("denied", "no permission")
        self._camera = autoclass("org.skindistill.FrameCamera")(activity)
        self._camera.open(WIDTH, HEIGHT)

    def read(self) -> Frame:
        """Wait for the next picture."""
        camera = self._camera
        if camera is None:
            raise _unavailable("unplugged", "the camera was closed")
        planes = camera.take(FRAME_TIMEOUT_MS)
        if planes is None:
            reason = camera.problem() or "unplugged"
            raise _unavailable(reason, camera.detail() or f"no picture in {FRAME_TIMEOUT_MS / 1000:.0f} s")
        # Copy at once: Java reuses this memory for the next picture.
        content = planes.tostring()
        del planes
        self._count += 1
        # Android's System.nanoTime() is the clock of time.monotonic().
        taken = camera.takenNanos() / 1e9
        return Frame(yuv_to_rgb(content, YuvLayout(*camera.layout())), taken, self._count)

    def close(self) -> None:
        """Release the camera for other apps."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _is_allowed(self, activity: Any) -> bool:
        permission = autoclass("org.skindistill.CameraPermission")
        if permission.isHeld(activity):
            return True
        # A session retries every few seconds; ask the person once.
        if self._asked:
            return False
        self._asked = True
        return bool(permission.ask(activity, PERMISSION_TIMEOUT_MS))


def _unavailable(reason: str, received: str) -> SourceUnavailable:
    return SourceUnavailable(reason, f"{MESSAGES[reason]} Received: {received}.")
