"""What the views have in common: buttons whose failures are shown, rows, and an end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from workshop.live.style import CLASS, STYLE


class Controls:
    """Widgets below each other.

    Attributes
    ----------
    box
        What is displayed.
    trouble
        What went wrong with the last thing that a person did.
    """

    box: Any

    def __init__(self) -> None:
        self.trouble = ""

    def dispose(self) -> None:
        """Give the widgets back."""
        for widget in [*_all_in(self.box)]:
            widget.close()

    def _do(self, action: Callable[[], None]) -> None:
        """Do something; what it raises is shown, since a handler has no other place for it."""
        try:
            action()
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}"
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

    @staticmethod
    def _column(children: Sequence[widgets.Widget]) -> widgets.VBox:
        style = widgets.HTML(STYLE, layout={"display": "none"})
        made = widgets.VBox([style, *children])
        made.add_class(CLASS)
        return made

    @staticmethod
    def _put(widget: widgets.HTML, value: str) -> None:
        """Change what is shown, if it differs: only then the page is told."""
        if widget.value != value:
            widget.value = value


def _all_in(widget: Any) -> list[Any]:
    inner = [one for child in getattr(widget, "children", ()) for one in _all_in(child)]
    parts = [getattr(widget, "style", None), widget.layout]
    return [*inner, *(part for part in parts if part is not None), widget]
