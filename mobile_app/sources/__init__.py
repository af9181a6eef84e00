"""Sources of frames behind one interface."""

from pathlib import Path

from mobile_app.sources.source import Frame, FrameSource, SourceUnavailable
from triage.errors import UnusableInput

__all__ = ["Frame", "FrameSource", "SourceUnavailable", "open_source"]


def open_source(spec: str) -> FrameSource:
    """Choose a source; its `open` does the rest.

    Args:
        spec: "camera" (the first one), a camera number such as "0", "demo" (synthetic skin), "android" (a phone's
            camera), or the path of a video file or a folder of photos.

    Raises:
        UnusableInput: not a known word and not an existing path.
    """
    # Imported on demand: a phone has no OpenCV camera, a desktop no Android.
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
