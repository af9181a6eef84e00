"""What runs on the device: photo, lighting tips, answer. numpy, OpenCV and a TFLite interpreter, nothing else."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.assessment import Assessment, Triage

__all__ = ["Assessment", "Triage"]


def __getattr__(name: str) -> Any:
    # OpenCV takes a tenth of a second to import; the errors and paths of this package are needed without it.
    if name in __all__:
        from triage import assessment

        return getattr(assessment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
