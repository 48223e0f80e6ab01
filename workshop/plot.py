"""Plots that are readable on a light and on a dark page, with a description in words."""

from __future__ import annotations

from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from workshop.machine import IN_BROWSER

if not IN_BROWSER:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 7.5

# Near Okabe and Ito's blue and vermilion, which colour-blind people can tell apart. Each has a
# contrast of 4 to 1 at least with JupyterLab's light page and with its dark one.
ONE, TWO, FAINT = "#1a86c8", "#d55e00", "#888888"
# Matplotlib's own colour for what is written, and SVG's. On a page it is that of the page's text.
BLACK, PAGE = "#000000", "currentColor"
STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.alpha": 0.4,
}


class Plot:
    """A plot: a picture in a notebook; elsewhere, and for a screen reader, a description in words.

    Draw on `axes`, which are Matplotlib's own, in the colours `ONE`, `TWO` and `FAINT`.

    Parameters
    ----------
    words
        What can be seen, in a sentence or two.
    title, x, y
        The labels above the plot, below it and beside it.
    height
        In inches, at a width of 7.5.

    Attributes
    ----------
    drawn
        Whether there is something to draw on. In a browser tab there is no Matplotlib: there the
        words stand in its place.
    """

    drawn = not IN_BROWSER

    def __init__(
        self, words: str, *, title: str = "", x: str = "", y: str = "", height: float = 2.6
    ) -> None:
        self.words = words
        if not self.drawn:
            return
        with rc_context(STYLE):
            self._figure = Figure(figsize=(WIDTH, height), layout="constrained")
            self.axes: Axes = self._figure.subplots()
            self.axes.set(title=title, xlabel=x, ylabel=y)

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        if not self.drawn:
            return f"<p>{escape(self.words)}</p>"
        if legend := self.axes.get_legend():
            legend.set_frame_on(False)
        written = StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        with rc_context(STYLE):
            self._figure.savefig(written, format="svg", transparent=True, metadata=nothing)
        _, _, drawn = written.getvalue().partition("<svg")
        # A style sheet inside an SVG holds for the whole page; the lines do without this one.
        before, _, after = drawn.partition("<defs>")
        _, _, after = after.partition("</defs>")
        return (
            f'<svg role="img" aria-label="{escape(self.words)}" '
            f'style="max-width: 100%; height: auto; fill: {PAGE}"{before}{after}'
        ).replace(BLACK, PAGE)
