"""Sources of frames behind one small interface."""

from mobile_app.sources.opening import open_source
from mobile_app.sources.source import Frame, FrameSource, SourceUnavailable

__all__ = ["Frame", "FrameSource", "SourceUnavailable", "open_source"]
