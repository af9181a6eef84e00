"""The one exception family of the project.

Every error that a person can act on derives from `SkinDistillError`; the command line prints its message and exits
with its `exit_code`. Anything else that escapes is a bug and keeps its traceback.
"""


class SkinDistillError(Exception):
    """Base class. The message says what was wrong, what was received and what to do next."""

    exit_code = 2


class UnusableInput(SkinDistillError):
    """Wrong use, or an input that cannot be used: a missing file, a bad table, a model of another shape."""


class UnreadablePhoto(UnusableInput):
    """One photo that cannot be used. `reason` is a short phrase fit for a table of rejected photos."""

    def __init__(self, photo: str, reason: str):
        super().__init__(f"{photo}: {reason}")
        self.photo = photo
        self.reason = reason


class MissingDependency(SkinDistillError):
    """A library that this command needs is not installed; the message names the extra that brings it."""


class CheckFailed(SkinDistillError):
    """The work was done and a gate or check said no."""

    exit_code = 1
