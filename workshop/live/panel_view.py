"""The stack panel's widgets. They show scenes and pass on user actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import ipywidgets as widgets

from workshop.live import dashboard_pages as pages
from workshop.live import panel_pages
from workshop.live.controls import Controls
from workshop.live.panel_pages import PanelScene


class PanelActions(Protocol):
    """What a person can do; :class:`workshop.live.switch.Switch` does it."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class PanelView(Controls):
    """Widgets for one stack.

    Parameters
    ----------
    actions
        Does what a person asks for.
    services
        Those whose logs can be looked at.
    """

    def __init__(self, actions: PanelActions, services: Sequence[str]) -> None:
        super().__init__()
        self._head, self._said, self._chips, self._flink, self._log, self._wrong = (
            widgets.HTML() for _ in range(6)
        )
        self._said.add_class("wl-unseen")
        self._service = widgets.Dropdown(
            options=list(services),
            description="Log of",
            layout={"width": "220px"},
            style={"description_width": "40px"},
        )
        start = self._button("Start", "Start the stack, or attach to it", actions.start, "80px")
        stop = self._button("Stop", "Stop the stack for everybody", actions.stop, "80px")
        self.box = self._column(
            [
                self._said,
                self._head,
                self._row(start, stop, self._flink),
                self._chips,
                self._wrong,
                self._row(self._service),
                self._log,
            ]
        )

    @property
    def service(self) -> str:
        """Whose log a person wants to see."""
        return str(self._service.value)

    def show(self, scene: PanelScene) -> None:
        """Show a scene. Only what differs is sent to the page."""
        said = panel_pages.headline(scene)
        self._put(self._head, panel_pages.head(scene))
        self._put(self._said, f'<span role="status">{said}</span>')
        self._put(self._chips, pages.chips(scene.vitals))
        self._put(self._flink, panel_pages.flink(scene))
        self._put(self._log, panel_pages.log(scene))
        self._put(self._wrong, panel_pages.troubles(scene))
