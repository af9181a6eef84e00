"""The part that runs on the device: lighting tips and classification with numpy, OpenCV and a TFLite interpreter."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.assessment import Assessment, Triage

__all__ = ["Assessment", "Triage"]


def __getattr__(name: str) -> Any:
    # Lazy: importing OpenCV takes 0.1 s, and errors and file helpers are needed without it.
    if name in __all__:
        from triage import assessment

        return getattr(assessment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
