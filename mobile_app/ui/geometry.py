"""Rectangles on the screen. No Kivy."""

Box = tuple[float, float, float, float]
"""Left, bottom, width, height."""


def surrounding_boxes(outer: Box, inner: Box) -> tuple[Box, Box, Box, Box]:
    """Return the boxes of `outer` below, above, left and right of `inner`; sizes are never negative."""
    x, y, w, h = outer
    left, bottom, width, height = inner
    right, top = left + width, bottom + height
    return (
        (x, y, w, max(0, bottom - y)),
        (x, top, w, max(0, y + h - top)),
        (x, bottom, max(0, left - x), max(0, height)),
        (right, bottom, max(0, x + w - right), max(0, height)),
    )
