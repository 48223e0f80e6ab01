"""The dashboard's widgets. It shows scenes and passes on what a person does; it knows no Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import ipywidgets as widgets

from workshop.live import pages
from workshop.live.scene import Scene
from workshop.live.style import CLASS, STYLE

SUBMIT_SECONDS = 0.3
"""The page tells of the Enter key first and of the new text right after: so long it is waited for.

Only a name that is sent once more, unchanged, is held up by it.
"""

SLOW_TICKS = 5
"""Charts and chips change at every fifth tick: nobody reads faster."""


class Actions(Protocol):
    """What a person can do; :class:`workshop.live.session.Session` does it."""

    def greet(self, *names: str) -> None: ...
    def random_names(self, on: bool) -> None: ...
    def at_rate(self, rate: float) -> None: ...
    def read_uncommitted(self, on: bool) -> None: ...
    def kill(self, part: str) -> None: ...
    def pause(self, part: str = ...) -> None: ...
    def resume(self, part: str = ...) -> None: ...


class View:
    """Widgets for one session.

    Parameters
    ----------
    actions
        Does what a person asks for.
    rate
        What the slider begins with.

    Attributes
    ----------
    box
        What is displayed.
    """

    def __init__(self, actions: Actions, rate: float) -> None:
        self._actions = actions
        self._trouble = ""
        self._submitted: list[float] = []
        self._lock = threading.Lock()
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
        self.box.add_class(CLASS)

    # ------------------------------------------------------------------ show

    def show(self, scene: Scene) -> None:
        """Show a scene. Only what differs is sent to the page."""
        self._put(self._verdict, pages.verdict(scene))
        self._put(self._feed, pages.feed(scene))
        self._put(self._wrong, pages.troubles(scene))
        # For screen readers: the words alone, which seldom change, not every number.
        self._put(self._said, f'<span role="status">{pages.headline(scene)}</span>')
        if self._ticks % SLOW_TICKS == 0:
            self._put(self._chips, pages.chips(scene.vitals))
            self._put(self._counts, pages.counts(scene))
            self._put(self._charts, pages.charts(scene))
            self._show_pause("greeter" in scene.vitals.paused)
        self._ticks += 1

    @property
    def trouble(self) -> str:
        """What went wrong with the last thing that a person did."""
        return self._trouble

    def settle(self) -> None:
        """Send a name for which Enter was pressed, once it is sure that it is whole."""
        with self._lock:
            due = [at for at in self._submitted if time.monotonic() > at + SUBMIT_SECONDS]
            self._submitted = self._submitted[len(due) :]
        for _ in due:
            self._greet()

    def dispose(self) -> None:
        """Give the widgets back."""
        for widget in [*self._all_in(self.box)]:
            widget.close()

    # -------------------------------------------------------------- controls

    def _make_controls(self, rate: float) -> None:
        # Its value is sent when Enter is pressed, right after the key itself.
        self._name = widgets.Text(
            value="Ada",
            description="Name",
            placeholder="a name",
            continuous_update=False,
            layout={"width": "230px"},
            style={"description_width": "42px"},
        )
        self._name.on_msg(self._pressed)
        self._name.observe(self._typed, "value")
        self._greet_button = self._button("Greet", "Send this name", self._greet, "80px")
        self._random = widgets.Checkbox(
            description="Random names", indent=False, layout={"width": "130px"}
        )
        self._random.observe(
            lambda change: self._do(lambda: self._actions.random_names(change["new"])), "value"
        )
        # Beside the slider a box: it can be named for a screen reader, and takes exact numbers.
        self._rate = widgets.BoundedIntText(
            value=round(rate),
            min=1,
            max=1000,
            description="a second",
            layout={"width": "132px"},
            style={"description_width": "62px"},
        )
        self._slider = widgets.FloatLogSlider(
            value=rate, base=10, min=0, max=3, step=0.05, readout=False, layout={"width": "190px"}
        )
        self._rate.observe(lambda _: self._do(self._rate_changed), "value")
        self._slider.observe(lambda _: self._do(self._slider_moved), "value")
        self._early = widgets.Checkbox(
            description="Read uncommitted, too", indent=False, layout={"width": "180px"}
        )
        self._early.observe(
            lambda change: self._do(lambda: self._actions.read_uncommitted(change["new"])), "value"
        )
        self._kills = [
            self._button(f"Kill {label}", tip, partial(self._actions.kill, part), "auto")
            for part, label, tip in (
                ("taskmanager", "TaskManager", "End the process that does the engine's work"),
                ("greeter", "greeter", "End the process that runs your function"),
                ("broker", "broker", "End the process that keeps the topics"),
            )
        ]
        self._pause = self._button("Pause greeter", "", self._pause_or_resume, "auto")

    def _button(
        self, label: str, tip: str, action: Callable[[], None], width: str
    ) -> widgets.Button:
        button = widgets.Button(description=label, tooltip=tip, layout={"width": width})
        button.on_click(lambda _: self._do(action))
        return button

    def _arranged(self) -> widgets.VBox:
        def row(*children: widgets.Widget, kind: str = "wl-row") -> widgets.Box:
            made = widgets.Box(children, layout={"flex_flow": "row wrap", "overflow": "visible"})
            made.add_class(kind)
            return made

        return widgets.VBox(
            [
                widgets.HTML(STYLE, layout={"display": "none"}),
                self._said,
                self._verdict,
                row(self._name, self._greet_button, self._random, self._rate, self._slider),
                self._chips,
                row(*self._kills, self._pause, self._early),
                self._wrong,
                row(self._feed, self._counts, kind="wl-halves"),
                self._charts,
            ]
        )

    # --------------------------------------------------------------- actions

    def _do(self, action: Callable[[], None]) -> None:
        """Do something; what it raises is shown, since a handler has no other place for it."""
        try:
            action()
        except Exception as error:
            self._trouble = f"{type(error).__name__}: {error}"
        else:
            self._trouble = ""

    def _greet(self) -> None:
        self._do(lambda: self._actions.greet(self._name.value))

    def _pressed(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            with self._lock:
                self._submitted.append(time.monotonic())

    def _typed(self, _: Any) -> None:
        """The text that Enter was pressed for is here; or somebody only left the box."""
        with self._lock:
            due, self._submitted = self._submitted, []
        for _ in due:
            self._greet()

    def _rate_changed(self) -> None:
        if round(self._slider.value) != self._rate.value:
            self._slider.value = self._rate.value
        self._actions.at_rate(self._rate.value)

    def _slider_moved(self) -> None:
        self._rate.value = round(self._slider.value)

    def _pause_or_resume(self) -> None:
        if self._paused:
            self._actions.resume()
        else:
            self._actions.pause()

    def _show_pause(self, paused: bool) -> None:
        self._paused = paused
        label = "Resume greeter" if paused else "Pause greeter"
        tip = "Let it go on" if paused else "Stop its process without ending it"
        if self._pause.description != label or not self._pause.tooltip:
            self._pause.description, self._pause.tooltip = label, tip

    @staticmethod
    def _put(widget: widgets.HTML, value: str) -> None:
        if widget.value != value:
            widget.value = value

    def _all_in(self, widget: Any) -> list[Any]:
        inner = [one for child in getattr(widget, "children", ()) for one in self._all_in(child)]
        parts = [getattr(widget, "style", None), widget.layout]
        return [*inner, *(part for part in parts if part is not None), widget]
