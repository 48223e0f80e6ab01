"""The dashboard's widgets. It shows scenes and passes on user actions; it does not know Kafka."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import ipywidgets as widgets
import traitlets

from workshop.live import dashboard_pages as pages
from workshop.live.controls import Controls
from workshop.live.fields import NameField, RateSlider
from workshop.live.scene import Scene

SLOW_TICKS = 5
"""Charts and chips change at every fifth tick: nobody reads faster."""


class DashboardActions(Protocol):
    """What a person can do; :class:`workshop.live.session.Session` does it."""

    def greet(self, *names: str) -> None: ...
    def random_names(self, on: bool) -> None: ...
    def at_rate(self, rate: float) -> None: ...
    def read_uncommitted(self, on: bool) -> None: ...
    def kill(self, part: str) -> None: ...
    def pause(self, part: str = ...) -> None: ...
    def resume(self, part: str = ...) -> None: ...


class DashboardView(Controls):
    """Widgets for one session.

    Parameters
    ----------
    actions
        Does what a person asks for.
    rate
        What the slider begins with.
    """

    def __init__(self, actions: DashboardActions, rate: float) -> None:
        super().__init__()
        self._actions = actions
        self._ticks = 0
        self._paused = False
        self._make_controls(rate)
        self._verdict, self._said, self._chips, self._feed, self._counts, self._charts, wrong = (
            widgets.HTML() for _ in range(7)
        )
        self._wrong = wrong
        self._said.add_class("wl-unseen")
        for half in (self._feed, self._counts):
            half.layout.flex, half.layout.width, half.layout.min_width = "1 1 300px", "auto", "0"
        self.box = self._arranged()

    # ------------------------------------------------------------------ show

    def show(self, scene: Scene) -> None:
        """Show a scene. Only what differs is sent to the page."""
        self._put(self._verdict, pages.verdict(scene))
        self._put(self._feed, pages.feed(scene))
        self._put(self._wrong, pages.troubles(scene))
        # For screen readers: the words alone, which seldom change, not every number.
        self._put(self._said, f'<span role="status">{pages.headline(scene)}</span>')
        if self._ticks % SLOW_TICKS == 0:
            self._put(self._chips, pages.chips(scene.vitals, "names"))
            self._put(self._counts, pages.counts(scene))
            self._put(self._charts, pages.charts(scene))
            if self._audience.watches:
                self._show_pause("greeter" in scene.vitals.paused)
        self._ticks += 1

    # -------------------------------------------------------------- controls

    def _make_controls(self, rate: float) -> None:
        self._name = NameField("Ada", lambda name: self._do(lambda: self._actions.greet(name)))
        self._random = widgets.Checkbox(
            description="Random names", indent=False, layout={"width": "130px"}
        )
        self._random.observe(
            lambda change: self._do(lambda: self._actions.random_names(change["new"])), "value"
        )
        # Beside the slider a box, which takes exact numbers.
        self._rate = widgets.BoundedIntText(
            value=round(rate),
            min=1,
            max=1000,
            description="a second",
            layout={"width": "138px"},
            style={"description_width": "66px"},
        )
        self._slider = RateSlider(round(rate))
        traitlets.link((self._rate, "value"), (self._slider, "value"))
        self._rate.observe(
            lambda change: self._do(lambda: self._actions.at_rate(change["new"])), "value"
        )
        self._early = widgets.Checkbox(
            description="Read uncommitted, too", indent=False, layout={"width": "180px"}
        )
        self._early.observe(
            lambda change: self._do(lambda: self._actions.read_uncommitted(change["new"])), "value"
        )
        self._kills = [
            self._button(f"Kill {label}", tip, partial(self._actions.kill, part))
            for part, label, tip in (
                ("taskmanager", "TaskManager", "End the process that does the engine's work"),
                ("greeter", "greeter", "End the process that runs your function"),
                ("broker", "broker", "End the process that keeps the topics"),
            )
        ]
        self._pause = self._button("Pause greeter", "", self._pause_or_resume)

    def _arranged(self) -> widgets.VBox:
        row = self._row
        return self._column(
            [
                self._said,
                self._verdict,
                row(self._name, self._random, row(self._rate, self._slider)),
                self._chips,
                row(*self._kills, self._pause, self._early),
                self._wrong,
                row(self._feed, self._counts, kind="wl-halves"),
                self._charts,
            ]
        )

    # --------------------------------------------------------------- actions

    def _pause_or_resume(self) -> None:
        if self._paused:
            self._actions.resume()
        else:
            self._actions.pause()

    def _show_pause(self, paused: bool) -> None:
        self._paused = paused
        label = "Resume greeter" if paused else "Pause greeter"
        tip = "Let it continue" if paused else "Stop its process without ending it"
        if self._pause.description != label or not self._pause.tooltip:
            self._pause.description, self._pause.tooltip = label, tip
