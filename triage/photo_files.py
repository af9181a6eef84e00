"""Which files of a folder a person means: those that systems and programs leave there are passed over."""

import os
from pathlib import Path

PHOTO_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".hif", ".avif",
    ".gif",
)  # fmt: skip
"""Files with these suffixes, in any case, are listed as photos; whether they can be read is seen by their contents."""
SYSTEM_NAMES = frozenset(
    {
        "__macosx", "__pycache__", "icon", "network trash folder", "temporary items",  # macOS, Python
        "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler", "recycled",  # Windows
        "system volume information", "found.000", "lost+found",
        "@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",  # Synology, QNAP
    }
)  # fmt: skip
"""Names, in lower case, that are not hidden and yet no person's."""


def is_system_name(name: str) -> bool:
    """Whether a file or folder of this name is hidden (a leading dot), a lock file or one of `SYSTEM_NAMES`."""
    return name.startswith((".", "~$")) or name.strip().lower() in SYSTEM_NAMES


def is_photo_file(path: Path) -> bool:
    """Whether a file is to be listed as a photo: by its suffix, or without one by its first bytes."""
    if path.suffix:
        return path.suffix.lower() in PHOTO_SUFFIXES
    from triage.photo_header import is_photo

    try:
        with path.open("rb") as file:
            return is_photo(file.read(64))
    except OSError:
        return False


def files_below(folder: Path, ignored: Path | None = None) -> list[Path]:
    """List the files in a folder and below it, sorted.

    Hidden and system files are passed over, and so is everything in such folders (`.ipynb_checkpoints`, `@eaDir`,
    `__MACOSX`, a recycle bin). `folder` itself may lie in a hidden one.

    Args:
        folder: to look in.
        ignored: a folder below it to skip.

    Returns:
        Paths of files, and of what a caller must refuse: links to folders and folders that cannot be read.
    """
    found: list[Path] = []
    closed: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=closed.append):
        here = Path(place)
        kept = [name for name in folders if not is_system_name(name) and here / name != ignored]
        # A link may lead up again, so it is not followed.
        linked = [name for name in kept if (here / name).is_symlink()]
        folders[:] = [name for name in kept if name not in linked]
        found += [here / name for name in (*linked, *files) if not is_system_name(name)]
    return sorted([*found, *(Path(error.filename) for error in closed)])
