"""What surrounds a frame in a picture."""

Box = tuple[float, float, float, float]
"""Left, bottom, width, height."""


def around(picture: Box, frame: Box) -> tuple[Box, Box, Box, Box]:
    """The four boxes of a picture that lie below, above, left and right of a frame in it; none is smaller than 0."""
    x, y, w, h = picture
    left, bottom, width, height = frame
    right, top = left + width, bottom + height
    boxes = (
        (x, y, w, bottom - y),
        (x, top, w, y + h - top),
        (x, bottom, left - x, height),
        (right, bottom, x + w - right, height),
    )
    below, above, before, behind = ((bx, by, max(0, bw), max(0, bh)) for bx, by, bw, bh in boxes)
    return below, above, before, behind
