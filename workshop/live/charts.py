"""Charts as HTML and SVG, with the same information in words for anyone who cannot see them."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 100


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    label
        What it shows.
    values
        From the oldest to the newest; None where there is no value.
    """

    label: str
    values: Sequence[float | None]

    @property
    def newest(self) -> float | None:
        """The last value that is not None."""
        return next((value for value in reversed(self.values) if value is not None), None)


def number(value: float | None, unit: str = "") -> str:
    """Return a value as a person would write it: three digits at most after the unit's need."""
    if value is None:
        return "–"
    if unit == "s":
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    return f"{value:,.0f}{unit}"


def top_of(lines: Sequence[Line]) -> float:
    """Return where the axis ends: 1, 2 or 5 times a power of ten, and no value above it."""
    highest = max((v for line in lines for v in line.values if v is not None), default=0.0)
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 2, 5, 10) if highest <= step * power * 1.0001)


def line_chart(title: str, lines: Sequence[Line], unit: str = "", marks: Sequence[int] = ()) -> str:
    """Return a chart of lines over the last minute, as HTML.

    Parameters
    ----------
    title
        What it is about.
    lines
        One or two; the second is dashed.
    unit
        Of the values.
    marks
        Where faults were, as indices of the values.
    """
    top = top_of(lines)
    length = max(len(line.values) for line in lines)
    drawn = "".join(
        f'<line class="wl-mark" x1="{at}" x2="{at}" y1="0" y2="{HEIGHT}" />' for at in marks
    )
    for index, line in enumerate(lines):
        for points in _runs(line.values, top):
            drawn += f'<polyline class="wl-s{index}" points="{points}" />'
    keys = "".join(
        f'<svg class="wl-key" viewBox="0 0 20 8" aria-hidden="true">'
        f'<line class="wl-s{index}" x1="0" x2="20" y1="4" y2="4" /></svg>'
        f"{html.escape(line.label)} {number(line.newest, unit)}"
        for index, line in enumerate(lines)
    )
    return (
        f'<div><h4 class="wl-head">{html.escape(title)}<span class="wl-num">{keys}</span></h4>'
        f'<div class="wl-plot" role="img" aria-label="{html.escape(in_words(title, lines, unit))}">'
        f'<span class="wl-top">{number(top, unit)}</span>'
        f'<svg viewBox="0 -2 {length - 1} {HEIGHT + 2}" preserveAspectRatio="none">{drawn}</svg>'
        '</div><div class="wl-axis"><span>a minute ago</span><span>now</span></div></div>'
    )


def in_words(title: str, lines: Sequence[Line], unit: str = "") -> str:
    """Return what a chart shows, in words."""
    told = []
    for line in lines:
        values = [value for value in line.values if value is not None]
        if values:
            told.append(
                f"{line.label} now {number(line.newest, unit)}, "
                f"between {number(min(values), unit)} and {number(max(values), unit)}"
            )
        else:
            told.append(f"{line.label} nothing yet")
    return f"{title}, last minute: {'; '.join(told)}."


def bars(title: str, aside: str, pairs: Sequence[tuple[str, int]], rows: int) -> str:
    """Return horizontal bars, each with its name and its number, as HTML.

    Parameters
    ----------
    aside
        What stands beside the title.
    rows
        How many bars to leave room for, so that the page does not move when one is added.
    """
    most = max((count for _, count in pairs), default=1) or 1
    made = "".join(
        f'<div class="wl-bar" role="listitem"><span title="{html.escape(name)}">'
        f"{html.escape(name)}</span>"
        f'<i style="width:{100 * count / most:.1f}%" aria-hidden="true"></i>'
        f'<span class="wl-num">{count:,}</span></div>'
        for name, count in pairs[:rows]
    )
    room = "".join(
        '<div class="wl-bar" aria-hidden="true"></div>' for _ in range(rows - len(pairs))
    )
    return (
        f'<div><h4 class="wl-head">{html.escape(title)}<span>{html.escape(aside)}</span></h4>'
        f'<div role="list">{made}</div>{room}</div>'
    )


def _runs(values: Sequence[float | None], top: float) -> list[str]:
    """The points of each stretch without a gap; one that stands alone becomes a short line."""
    runs: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{index},{HEIGHT - HEIGHT * value / top:.1f}")
    made = []
    for run in runs:
        if len(run) == 1:
            at, _, height = run[0].partition(",")
            run.append(f"{int(at) + 0.6},{height}")
        if run:
            made.append(" ".join(run))
    return made
