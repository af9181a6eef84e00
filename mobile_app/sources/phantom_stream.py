"""The demo stream: a skin phantom under a moving light, so that every tip shows without a camera or a patient."""

import time

import numpy as np

from mobile_app.sources.pace import Pace
from mobile_app.sources.source import Frame

WIDTH, HEIGHT, RATE = 1280, 720, 30


class PhantomStream:
    """Synthetic frames, 1280 x 720 at 30 a second."""

    name = "demo"
    live = True

    def __init__(self) -> None:
        self._count = 0
        self._pace = Pace(1 / RATE)

    def open(self) -> None:
        """Start."""
        generator = np.random.default_rng(0)
        skin = np.array((168, 126, 98)) + generator.normal(0, 10, (HEIGHT // 4, WIDTH // 4, 1))
        self._skin = np.kron(np.clip(skin, 0, 255), np.ones((4, 4, 1))).astype(np.uint8)

    def read(self) -> Frame:
        """Wait for the next frame."""
        taken = self._pace.wait()
        self._count += 1
        gain = 0.6 + 0.45 * np.sin(2 * np.pi * time.monotonic() / 12)
        return Frame(np.asarray(self._skin * np.float32(gain), np.uint8), taken, self._count)

    def close(self) -> None:
        """Nothing is held."""
