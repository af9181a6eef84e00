"""A phone's camera as a source of frames."""

from typing import Any

from jnius import autoclass

from mobile_app.android.camera_picture import Layout, upright_rgb
from mobile_app.sources.source import Frame, SourceUnavailable

WIDTH, HEIGHT = 1280, 720
"""Largest picture that is asked for, as the sensor sees it: sideways."""
FRAME_TIMEOUT_MS = 5000
"""A camera that gives nothing for so long is gone; the first picture of a slow phone takes about a second."""
ANSWER_TIMEOUT_MS = 120_000
"""So long a person may think about the permission before the app goes on without; it then asks Android, not them."""
JAVA_CLASSES = (
    "org.kivy.android.PythonActivity",
    "org.skindistill.CameraPermission",
    "org.skindistill.FrameCamera",
)
"""Every Java class that this module names or gets objects of; see `start.load_classes`."""
MESSAGES = {
    "absent": "This phone has no camera that the app can use.",
    "busy": "Another app uses the camera. Close it.",
    "denied": "The app may not use the camera. Allow it in Android's settings: Apps, this app, Permissions.",
    "unplugged": "The camera gives no pictures any more.",
}


class AndroidCamera:
    """The camera on the back, or the only one. The person is asked for permission once, when it is first opened."""

    name = "camera"
    live = True

    def __init__(self) -> None:
        self._camera: Any = None
        self._asked = False
        self._count = 0

    def open(self) -> None:
        """Ask for permission if need be, and begin the preview; waits for the person, not for the first picture.

        Raises:
            SourceUnavailable: denied. What else stands in the way is told by `read`.
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
        # The bytes are Java's own until they are copied, and the next picture may lie in the same place.
        content = planes.tostring()
        del planes
        self._count += 1
        # Android's System.nanoTime() is the clock of time.monotonic().
        taken = camera.takenNanos() / 1e9
        return Frame(upright_rgb(content, Layout(*camera.layout())), taken, self._count)

    def close(self) -> None:
        """Release the camera for other apps."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _is_allowed(self, activity: Any) -> bool:
        permission = autoclass("org.skindistill.CameraPermission")
        if permission.isHeld(activity):
            return True
        # A session tries again every few seconds; a person is asked once.
        if self._asked:
            return False
        self._asked = True
        return bool(permission.ask(activity, ANSWER_TIMEOUT_MS))


def _unavailable(reason: str, received: str) -> SourceUnavailable:
    return SourceUnavailable(reason, f"{MESSAGES[reason]} Received: {received}.")
