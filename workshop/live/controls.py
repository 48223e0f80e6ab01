"""What the views have in common: buttons whose failures are shown, rows, and an end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from workshop.live.audience import Audience
from workshop.live.sentences import sentence
from workshop.live.style import CLASS, STYLE

ENDED = (
    "The kernel that keeps this up to date has ended, or cannot be reached. What it started is "
    "down, unless somebody else is using it. Run the cell again to see the current state."
)
"""Shown by the style sheet alone, in the place of what was shown last: no kernel is there to."""


class Controls:
    """Widgets below each other.

    Attributes
    ----------
    box
        What is displayed.
    trouble
        What went wrong with the user's last action.
    """

    box: Any

    def __init__(self) -> None:
        self.trouble = ""
        self._audience = Audience()

    def dispose(self) -> None:
        """Release the widgets."""
        self._audience.leave()
        for widget in [*_all_in(self.box)]:
            widget.close()

    def _do(self, action: Callable[[], None]) -> None:
        """Do something; what it raises is shown, since a handler has no other place for it."""
        try:
            action()
        except Exception as error:
            self.trouble = sentence(error)
        else:
            self.trouble = ""

    def _button(
        self, label: str, tip: str, action: Callable[[], None], width: str = "auto"
    ) -> widgets.Button:
        button = widgets.Button(description=label, tooltip=tip, layout={"width": width})
        button.on_click(lambda _: self._do(action))
        return button

    @staticmethod
    def _row(*children: widgets.Widget, kind: str = "wl-row") -> widgets.Box:
        made = widgets.Box(children, layout={"flex_flow": "row wrap", "overflow": "visible"})
        made.add_class(kind)
        return made

    def _column(self, children: Sequence[widgets.Widget]) -> widgets.VBox:
        style = widgets.HTML(STYLE, layout={"display": "none"})
        ended = widgets.HTML(f'<span role="status">{ENDED}</span>')
        ended.add_class("wl-ended")
        made = widgets.VBox([style, self._audience.heartbeat, ended, *children])
        made.add_class(CLASS)
        return made

    def _put(self, widget: widgets.HTML, value: str) -> None:
        """Change what is shown, if it differs and somebody is watching; only then tell the page."""
        if self._audience.watches and widget.value != value:
            widget.value = value


def _all_in(widget: Any) -> list[Any]:
    inner = [one for child in getattr(widget, "children", ()) for one in _all_in(child)]
    parts = [getattr(widget, "style", None), widget.layout]
    return [*inner, *(part for part in parts if part is not None), widget]
