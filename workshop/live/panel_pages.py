"""The parts of the stack panel as HTML, made from data alone."""

from __future__ import annotations

import html
from dataclasses import dataclass

from workshop.live.dashboard_pages import chips, troubles_of
from workshop.live.style import CLASS, STYLE
from workshop.live.vitals import Vitals
from workshop.stack.status import MARKS, page_link


@dataclass(frozen=True)
class PanelScene:
    """Everything a stack panel shows at one moment.

    Attributes
    ----------
    name
        Of the stack.
    vitals
        The state of its parts.
    doing
        ``Starting`` or ``Stopping``, if that was requested here and is in progress.
    service, log
        Whose log is shown, and its last lines.
    troubles
        What went wrong with what the user asked for.
    """

    name: str
    vitals: Vitals
    doing: str = ""
    service: str = ""
    log: str = ""
    troubles: tuple[str, ...] = ()

    @property
    def flink_url(self) -> str:
        """The address of Flink's page; empty while nobody answers there."""
        for part in self.vitals.parts:
            if part.name == "jobmanager" and part.state == "ready":
                return part.address
        return ""


def headline(scene: PanelScene) -> str:
    """Return the state of the whole stack, in a few words."""
    return (
        f"{scene.doing} stack {scene.name}"
        if scene.doing
        else (f"Stack {scene.name} is {scene.vitals.state}")
    )


def head(scene: PanelScene) -> str:
    """Return the headline with its mark."""
    state = scene.vitals.state
    tone = (
        "busy"
        if scene.doing
        else {"ready": "good", "failed": "bad", "down": "faint"}.get(state, "busy")
    )
    mark = "…" if scene.doing else MARKS.get(state, "?")
    return (
        f'<div class="wl-verdict wl-{tone}"><p><b class="wl-{tone}">{mark} '
        f"{html.escape(headline(scene))}</b></p></div>"
    )


def flink(scene: PanelScene) -> str:
    """Return a link to Flink's own page."""
    if not scene.flink_url:
        return '<span class="wl-faint">Flink\'s page is not available right now.</span>'
    return page_link(scene.flink_url, "Open Flink's page")


def log(scene: PanelScene) -> str:
    """Return the last lines of the chosen log."""
    # It can be scrolled by keys, too, and for that it must be reachable by them.
    label = f"Log of {html.escape(scene.service)}"
    return (
        f'<div class="wl-log" tabindex="0" role="region" aria-label="{label}">'
        f"<pre>{html.escape(scene.log)}</pre></div>"
    )


def troubles(scene: PanelScene) -> str:
    """Return what went wrong, if anything did."""
    return troubles_of([*scene.troubles, *scene.vitals.told])


def page(scene: PanelScene, caption: str) -> str:
    """Return the whole panel as a page that needs no widgets; the caption says from when."""
    return (
        f'{STYLE}<div class="{CLASS}">{head(scene)}{chips(scene.vitals)}{troubles(scene)}'
        f'<h4 class="wl-head">Log of {html.escape(scene.service)}</h4>{log(scene)}'
        f'<div class="wl-faint">{html.escape(caption)}</div></div>'
    )
