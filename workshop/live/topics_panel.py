"""The topics panel: an application's parts, and what travels through its topics."""

from __future__ import annotations

import html
from dataclasses import dataclass

import ipywidgets as widgets

from workshop.live.controls import Controls
from workshop.live.dashboard_pages import chips, troubles_of
from workshop.live.findings import as_it_was
from workshop.live.style import CLASS, STYLE
from workshop.live.topics_feed import Topic, Topics, TopicsFeed
from workshop.live.under_cell import UnderCell
from workshop.live.vitals import Vitals, Watch
from workshop.own.application import Application
from workshop.stack import Stack

ROWS = 6
SLOW_TICKS = 5
"""It changes twice a second: nobody reads faster."""


@dataclass(frozen=True)
class TopicsScene:
    """Everything that a topics panel shows at one moment.

    Attributes
    ----------
    vitals
        The state of the stack's parts.
    seen
        What travels through its topics.
    troubles
        What went wrong with the panel itself.
    """

    vitals: Vitals
    seen: Topics
    troubles: tuple[str, ...] = ()


class TopicsPanel(UnderCell):
    """A live view of an application: its parts, the lag, and each topic's rate and newest records.

    In a notebook it appears under the cell that makes it. Running the cell again replaces it.

    Parameters
    ----------
    application
        Says which topics there are, and what they carry.
    stack
        The stack that runs it.

    Examples
    --------
    >>> panel = TopicsPanel(shop, shop.stack())
    >>> panel
    Topics of stack shop: orders 0, deliveries 0, shipments 0
    """

    def __init__(self, application: Application, stack: Stack) -> None:
        super().__init__(stack)
        self._name = stack.name
        self.feed = TopicsFeed(application, stack)
        self._watch = Watch(stack)
        self._view: TopicsView = TopicsView()
        self._ticks = 0
        self._last = self._scene()
        self._begin()

    def __repr__(self) -> str:
        numbers = ", ".join(f"{one.name} {one.number:,}" for one in self._last.seen.topics)
        return f"Topics of stack {self._name}: {numbers}"

    # ---------------------------------------------------------------- inside

    def _show(self) -> None:
        if self._ticks % SLOW_TICKS == 0:
            self._last = self._scene()
            self._view.show(self._last)
        self._ticks += 1

    def _release(self) -> None:
        self._watch.close()
        self.feed.close()
        self._last = self._scene()

    def _picture(self) -> str:
        return page(self._last, as_it_was(self._last.seen.at))

    def _scene(self) -> TopicsScene:
        troubles = (self._wrong,) if self._wrong else ()
        return TopicsScene(self._watch.vitals, self.feed.snapshot(), troubles)


class TopicsView(Controls):
    """Widgets that show scenes."""

    def __init__(self) -> None:
        super().__init__()
        self._chips, self._wrong, self._topics = (widgets.HTML() for _ in range(3))
        self.box = self._column([self._chips, self._wrong, self._topics])

    def show(self, scene: TopicsScene) -> None:
        """Show a scene. Only what differs is sent to the page."""
        self._put(self._chips, chips(scene.vitals))
        self._put(self._wrong, troubles(scene))
        self._put(self._topics, topics(scene))


def topics(scene: TopicsScene) -> str:
    """Return all topics beside each other."""
    made = "".join(f"<div>{_topic(one)}</div>" for one in scene.seen.topics)
    return f'<div class="wl-columns">{made}</div>'


def troubles(scene: TopicsScene) -> str:
    """Return what went wrong, if anything did."""
    unread = [f"The topics cannot be read: {scene.seen.trouble}"] if scene.seen.trouble else []
    return troubles_of([*scene.troubles, *unread, *scene.vitals.told])


def page(scene: TopicsScene, caption: str) -> str:
    """Return the whole panel as a page that needs no widgets; the caption says from when."""
    return (
        f'{STYLE}<div class="{CLASS}">{chips(scene.vitals)}{troubles(scene)}'
        f'{topics(scene)}<div class="wl-faint">{html.escape(caption)}</div></div>'
    )


def _topic(topic: Topic) -> str:
    rows = [(one.key, one.text) for one in topic.latest[:ROWS]]
    filled = "".join(
        f'<tr><td>{html.escape(key)}</td><td title="{html.escape(text)}">{html.escape(text)}</td>'
        "</tr>"
        for key, text in rows
    )
    room = "<tr aria-hidden='true'><td>&nbsp;</td><td></td></tr>" * (ROWS - len(rows))
    return (
        f'<h4 class="wl-head">{html.escape(topic.name)}<span class="wl-num">{topic.number:,} so '
        f"far · {topic.rate:,.0f} a second</span></h4>"
        '<table class="wl-feed"><thead><tr><th scope="col" class="wl-key-column">key</th>'
        f'<th scope="col">{html.escape(topic.carries)}</th></tr></thead>'
        f"<tbody>{filled}{room}</tbody></table>"
    )
