"""The one running source of the app: it runs only while its picture is seen. No Kivy."""

from collections.abc import Callable

from mobile_app.live import LiveSession, LiveState
from mobile_app.sources import Frame, FrameSource, open_source
from triage.photo import CROP_FRACTION


class Capture:
    """Holds the session of the chosen source and hands its states to the screen.

    Attributes:
        spec: of the source, as on the command line.
        to_screen: runs a function on the screen's thread, soon; a window sets it.
        crop_fraction: gives the share of each side that the model sees; a window sets it.
    """

    def __init__(self, spec: str):
        """Nothing is opened yet.

        Raises:
            UnusableInput: there is no such source.
        """
        self.spec = spec
        self.to_screen: Callable[[Callable[[], None]], object] = lambda act: act()
        self.crop_fraction: Callable[[], float] = lambda: CROP_FRACTION
        self._on_state: Callable[[LiveState], None] = lambda state: None
        self._started = self._telling = False
        self._session = self._new_session()

    @property
    def source(self) -> FrameSource:
        """The chosen source."""
        return self._session.source

    @property
    def state(self) -> LiveState:
        """The latest state."""
        return self._session.state

    def show_to(self, on_state: Callable[[LiveState], None]) -> None:
        """Run, and tell every new state on the screen's thread; those that come too fast are left out."""
        self._on_state = on_state
        if self._started:
            self._session.resume()
        else:
            self._started = True
            self._session.start()
        on_state(self._session.state)

    def hide(self) -> None:
        """Release the source until it is shown again."""
        self._on_state = lambda state: None
        if self._started:
            self._session.pause()

    def choose(self, spec: str) -> None:
        """Take another source, or the same one anew; it runs when it is shown.

        Raises:
            UnusableInput: there is no such source.
        """
        source = open_source(spec)
        self.close(wait_s=0.0)
        self.spec, self._started = spec, False
        self._session = self._new_session(source)

    def latest_frame(self) -> Frame | None:
        """The newest frame; never waits."""
        return self._session.latest_frame()

    def close(self, wait_s: float = 2.0) -> None:
        """Release the source for good; wait so long for it, seconds."""
        self._on_state = lambda state: None
        if self._started:
            self._session.stop(wait_s)

    def _new_session(self, source: FrameSource | None = None) -> LiveSession:
        source = source or open_source(self.spec)
        return LiveSession(source, on_state=self._tell, crop_fraction=lambda: self.crop_fraction())

    def _tell(self, _: LiveState) -> None:
        # Called on the session's threads. One message at a time is under way; it carries the state it finds on arrival.
        if not self._telling:
            self._telling = True
            self.to_screen(self._deliver)

    def _deliver(self) -> None:
        self._telling = False
        self._on_state(self._session.state)
