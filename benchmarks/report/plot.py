"""Accuracy against latency, with size and the worst skin tone, as an SVG in the page's colours."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.report.collect import Entry

RADIUS_OF_A_MEGABYTE, SMALLEST_RADIUS, LARGEST_RADIUS = 5.0, 4.0, 22.0
"""Pixels; the area of a dot is proportional to the file's size."""
APART, MOST_APART = 26.0, 60.0  # of dots without a latency, and all of them together, pixels
LABEL = 8.0  # half of a number's height, pixels
TICKS = (0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 5000)  # ms

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Frame:
    """Size of the plot and the margins around its axes, pixels."""

    width: int
    height: int
    left: int = 46
    right: int = 14
    top: int = 30
    bottom: int = 44
    unmeasured: int = 84  # of the column for models without a latency


WIDE, NARROW = Frame(900, 430), Frame(360, 400, left=38, right=6, unmeasured=84)


@dataclass(frozen=True)
class Dot:
    """One model: its number in the table, index of its colour, position in pixels."""

    number: int
    series: int
    entry: Entry
    x: float
    y: float
    radius: float


def draw(entries: Sequence[Entry], frame: Frame) -> str:
    """Draw entries that have an accuracy, as an `<svg>` element that needs the page's style.

    A dot's height is the accuracy, its line the 95 % interval, its area the file size; the bar is the accuracy on the
    worst skin tone. Models without latency have a column of their own.
    """
    shown = [(number, e) for number, e in enumerate(entries, 1) if e.metric("diagnosis", "accuracy")]
    if not shown:
        return "<p class='missing'>No accuracy was measured.</p>"
    runs = list(dict.fromkeys(entry.run for entry in entries))
    times = [entry.latency["p50_ms"] for _, entry in shown if entry.latency]
    bare = len(times) < len(shown)
    right = frame.width - frame.right - (frame.unmeasured if bare else 0)
    to_x, ticks = _time_axis(times, frame.left, right)
    to_y, fractions = _accuracy_axis([entry for _, entry in shown], frame)
    parts = [f"<svg viewBox='0 0 {frame.width} {frame.height}' role='img' aria-label='{_summary(shown)}'>"]
    parts.append(_text("tick", 6, 18, "accuracy"))
    bottom = frame.height - frame.bottom
    for value in fractions:
        parts.append(_line("grid", frame.left, to_y(value), frame.width - frame.right, to_y(value)))
        parts.append(_text("tick end", frame.left - 6, to_y(value) + 4, f"{100 * value:.0f} %"))
    for tick in ticks:
        parts.append(_line("grid", to_x(tick), frame.top, to_x(tick), bottom))
        parts.append(_text("tick middle", to_x(tick), bottom + 16, f"{tick:g}"))
    if times:
        parts.append(_text("axis middle", (frame.left + right) / 2, bottom + 34, "latency for one photo, ms"))
    if bare:
        parts.append(_line("axis-line", right, frame.top, right, bottom))
        middle = (right + frame.width - frame.right) / 2
        for row, words in enumerate(("latency", "not measured")):
            parts.append(_text("tick middle", middle, bottom + 16 + 14 * row, words))
    dots = _dots(shown, runs, to_x, to_y, (right + frame.width - frame.right) / 2)
    parts += [_whiskers(dot, to_y) for dot in dots]
    parts += [_circle(dot) for dot in sorted(dots, key=lambda dot: -dot.radius)]
    parts += _labels(dots, frame, right if bare else 0.0)
    return "".join([*parts, "</svg>"])


def _dots(shown: list[tuple[int, Entry]], runs: list[str], to_x: Scale, to_y: Scale, unmeasured: float) -> list[Dot]:
    dots = []
    bare = [number for number, entry in shown if not entry.latency]
    for number, entry in shown:
        metric = entry.metric("diagnosis", "accuracy") or {}
        if entry.latency:
            x = to_x(entry.latency["p50_ms"])
        else:  # side by side, as far as the column allows
            x = unmeasured + (bare.index(number) - (len(bare) - 1) / 2) * min(APART, MOST_APART / len(bare))
        area = RADIUS_OF_A_MEGABYTE * math.sqrt((entry.size or 0) / 1e6)
        radius = min(max(area, SMALLEST_RADIUS), LARGEST_RADIUS)
        dots.append(Dot(number, runs.index(entry.run), entry, x, to_y(metric["value"]), radius))
    return dots


def _time_axis(times: list[float], left: float, right: float) -> tuple[Scale, list[float]]:
    lowest, highest = (min(times), max(times)) if times else (1.0, 2.0)
    low, high = math.log(lowest / 1.35), math.log(highest * 1.35)

    def to_x(value: float) -> float:
        return left + (math.log(value) - low) / (high - low) * (right - left)

    return to_x, [tick for tick in TICKS if times and low <= math.log(tick) <= high]


def _accuracy_axis(entries: list[Entry], frame: Frame) -> tuple[Scale, list[float]]:
    values: list[float] = []
    for entry in entries:
        metric = entry.metric("diagnosis", "accuracy") or {}
        values += [metric[key] for key in ("value", "low", "high") if metric.get(key) is not None]
        if entry.worst_tone:
            values.append(entry.worst_tone[1]["value"])
    low = max(0.0, math.floor((min(values) - 0.03) * 20) / 20)
    high = min(1.0, math.ceil((max(values) + 0.03) * 20) / 20)
    step = next(step for step in (0.02, 0.05, 0.1, 0.2) if (high - low) / step <= 7)
    bottom = frame.height - frame.bottom

    def to_y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - frame.top)

    first = math.ceil(low / step - 1e-9)
    return to_y, [step * n for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _whiskers(dot: Dot, to_y: Scale) -> str:
    metric = dot.entry.metric("diagnosis", "accuracy") or {}
    parts = []
    if metric.get("low") is not None:
        parts.append(_line(f"whisker s{dot.series % 4}", dot.x, to_y(metric["low"]), dot.x, to_y(metric["high"])))
    if dot.entry.worst_tone:
        worst = to_y(dot.entry.worst_tone[1]["value"])
        parts.append(_line(f"worst s{dot.series % 4}", dot.x - 9, worst, dot.x + 9, worst))
    return "".join(parts)


def _circle(dot: Dot) -> str:
    kind = "refused" if dot.entry.passed is False else "dot"
    title = f"{dot.number}: {dot.entry.run}, {dot.entry.name}"
    return (
        f"<circle class='{kind} s{dot.series % 4}' cx='{dot.x:.1f}' cy='{dot.y:.1f}' r='{dot.radius:.1f}'>"
        f"<title>{escape(title)}</title></circle>"
    )


def _labels(dots: list[Dot], frame: Frame, divider: float) -> list[str]:
    """Draw numbers beside the dots, with a leader where the nearest place is taken, and off the divider."""
    taken: list[tuple[float, float]] = []
    parts = []
    for dot in dots:
        x, y = _free_place(dot, dots, taken, frame, divider)
        taken.append((x, y))
        distance = math.hypot(x - dot.x, y - dot.y)
        if distance > dot.radius + 2 * LABEL:
            near, far = dot.radius / distance, 1 - 0.9 * LABEL / distance
            ends = [(dot.x + (x - dot.x) * part, dot.y + (y - dot.y) * part) for part in (near, far)]
            parts.append(_line("leader", *ends[0], *ends[1]))
        parts.append(_text(f"number middle s{dot.series % 4}", x, y + 4, str(dot.number)))
    return parts


def _free_place(
    dot: Dot, dots: list[Dot], taken: list[tuple[float, float]], frame: Frame, divider: float
) -> tuple[float, float]:
    """Return the nearest place around a dot that no other dot or number covers."""

    def is_free(x: float, y: float) -> bool:
        if abs(x - divider) < LABEL:
            return False
        inside = frame.left + LABEL < x < frame.width - LABEL and LABEL < y < frame.height - frame.bottom - LABEL
        clear = all(math.hypot(x - other.x, y - other.y) > other.radius + LABEL for other in dots)
        whiskers = all(abs(x - other.x) > 0.9 * LABEL for other in dots)
        return inside and clear and whiskers and all(math.hypot(x - a, y - b) > 2.1 * LABEL for a, b in taken)

    # To the right, left, then all around, at growing distances.
    turns = [0, math.pi, *(n * math.pi / 6 for n in (1, 11, 5, 7, 2, 10, 4, 8))]
    for step in range(12):
        reach = dot.radius + 1.3 * LABEL + 7 * step
        for turn in turns:
            x, y = dot.x + reach * math.cos(turn), dot.y - reach * math.sin(turn)
            if is_free(x, y):
                return x, y
    return dot.x + dot.radius + LABEL, dot.y


def _summary(shown: list[tuple[int, Entry]]) -> str:
    texts = []
    for number, entry in shown:
        metric = entry.metric("diagnosis", "accuracy") or {}
        time = f"{entry.latency['p50_ms']:.2f} ms" if entry.latency else "latency not measured"
        texts.append(f"{number}, {entry.run} {entry.name}: {100 * metric['value']:.1f} percent, {time}")
    return escape("Accuracy against latency. " + "; ".join(texts) + ".", quote=True)


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f"<line class='{kind}' x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'/>"


def _text(kind: str, x: float, y: float, words: str) -> str:
    return f"<text class='{kind}' x='{x:.1f}' y='{y:.1f}'>{escape(words)}</text>"
