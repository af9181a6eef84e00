"""Exceptions of the project.

Errors a person can fix derive from `SkinDistillError`; the command line prints the message and exits with `exit_code`.
Any other exception is a bug and keeps its traceback.
"""


class SkinDistillError(Exception):
    """Base class; messages say what was wrong, what was received and what to do next."""

    exit_code = 2


class UnusableInput(SkinDistillError):
    """Wrong usage or invalid input, such as a missing file, a bad table or a model of another shape."""


class UnreadablePhoto(UnusableInput):
    """A photo that cannot be used; `reason` is a short phrase for tables of rejected photos."""

    def __init__(self, photo: str, reason: str):
        super().__init__(f"{photo}: {reason}")
        self.photo = photo
        self.reason = reason


class MissingDependency(SkinDistillError):
    """A required library is not installed; the message names the extra that provides it."""


class CheckFailed(SkinDistillError):
    """The work is done, but a gate or check failed."""

    exit_code = 1
