"""From what a person writes to a source."""

from pathlib import Path

from mobile_app.sources.source import FrameSource
from triage.errors import UnusableInput


def open_source(spec: str) -> FrameSource:
    """Choose a source; nothing is opened before its `open`.

    Args:
        spec: "camera" (the first one), a number such as "0" for a certain camera, "demo" for the phantom stream,
            "android" for a phone's camera, or the path of a video file or a folder of photos.

    Raises:
        UnusableInput: neither a known word nor a path that exists.
    """
    # Each source is imported by itself: a phone has no OpenCV camera, a desktop no Android.
    if spec == "demo":
        from mobile_app.sources.phantom_stream import PhantomStream

        return PhantomStream()
    if spec == "android":
        from mobile_app.android.camera import AndroidCamera

        return AndroidCamera()
    if spec == "camera" or spec.isdigit():
        from mobile_app.sources.camera import Camera

        return Camera(int(spec) if spec.isdigit() else 0)
    path = Path(spec)
    if path.is_dir():
        from mobile_app.sources.photo_folder import PhotoFolder

        return PhotoFolder(path)
    if path.is_file():
        from mobile_app.sources.video import VideoFile

        return VideoFile(path)
    raise UnusableInput(
        f"The source must be camera, a camera's number, demo, a video file or a folder of photos. Received: {spec!r}."
    )
