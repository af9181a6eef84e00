"""The app's current frame source, which runs only while it is shown. No Kivy."""

from collections.abc import Callable

from mobile_app.live_session import LiveSession, LiveState
from mobile_app.sources import FrameSource, open_source
from triage.crop import CROP, Crop
from triage.photo import Photo
from triage.spot import Spot


class Capture:
    """Owns the session of the chosen source and passes its states to the camera screen.

    Attributes:
        session: of the source; a change of source makes a new one.
        spec: the source, see `open_source`.
        run_on_ui_thread: schedules a function on Kivy's thread; the app sets it.
        crop: returns what the model sees of a photo; the app sets it.
        find_spot: see `LiveSession`; the app sets it.
    """

    def __init__(self, spec: str):
        """Choose a source without opening it; errors as of `open_source`."""
        self.spec = spec
        self.run_on_ui_thread: Callable[[Callable[[], None]], object] = lambda act: act()
        self.crop: Callable[[], Crop] = lambda: CROP
        self.find_spot: Callable[[Photo], Spot | None] = lambda frame: None
        self._on_state: Callable[[LiveState], None] = lambda state: None
        self._started = self._scheduled = False
        self.session = self._new_session()

    def start(self, on_state: Callable[[LiveState], None]) -> None:
        """Run the source; `on_state` receives states on Kivy's thread, the latest one if they come too fast."""
        self._on_state = on_state
        if self._started:
            self.session.resume()
        else:
            self._started = True
            self.session.start()
        on_state(self.session.state)

    def pause(self) -> None:
        """Release the source until `start`."""
        self._on_state = lambda state: None
        if self._started:
            self.session.pause()

    def switch_source(self, spec: str) -> None:
        """Choose another source, or the same one afresh; `start` runs it. Errors as of `open_source`."""
        self.switch_to(open_source(spec), spec)

    def switch_to(self, source: FrameSource, spec: str = "") -> None:
        """Use a source that is not opened yet."""
        self.close(wait_s=0.0)
        self.spec, self._started = spec, False
        self.session = self._new_session(source)

    def close(self, wait_s: float = 2.0) -> None:
        """Release the source for good, waiting for at most `wait_s` seconds."""
        self._on_state = lambda state: None
        if self._started:
            self.session.stop(wait_s)

    def _new_session(self, source: FrameSource | None = None) -> LiveSession:
        source = source or open_source(self.spec)
        return LiveSession(source, 10.0, self._schedule, lambda: self.crop(), lambda frame: self.find_spot(frame))

    def _schedule(self, _: LiveState) -> None:
        # Called on the session's threads. At most one delivery is pending; it takes the state of the moment it runs.
        if not self._scheduled:
            self._scheduled = True
            self.run_on_ui_thread(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        self._on_state(self.session.state)
