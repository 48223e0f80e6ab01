"""The stack panel: the state of a stack's parts, with buttons that start and stop it."""

from __future__ import annotations

from workshop.errors import WorkshopError
from workshop.live.findings import as_it_was
from workshop.live.panel_pages import PanelScene, headline, page
from workshop.live.panel_view import PanelView
from workshop.live.switch import Switch
from workshop.live.under_cell import UnderCell
from workshop.live.vitals import Watch
from workshop.stack import Stack

LOG_LINES = 12
SLOW_TICKS = 10
"""It changes once a second: nobody reads faster."""


class StackPanel(UnderCell):
    """A live view of a stack's parts, with start and stop buttons, its logs and Flink's page.

    In a notebook it appears under the cell that makes it. Running the cell again replaces it.

    Parameters
    ----------
    stack
        A stack; it does not have to be up.

    Examples
    --------
    >>> panel = StackPanel(stack)
    >>> panel
    Panel of stack default: Stack default is ready
    """

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack)
        self._stack = stack
        self._switch = Switch(stack)
        self._watch = Watch(stack)
        self._view: PanelView = PanelView(self._switch, stack.services)
        self._ticks = 0
        self._last = self._scene()
        self._begin()

    def start(self) -> None:
        """Begin to start the stack, as the button does."""
        self._switch.start()

    def stop(self) -> None:
        """Begin to stop the stack, as the button does."""
        self._switch.stop()

    def __repr__(self) -> str:
        return f"Panel of stack {self._stack.name}: {headline(self._last)}"

    # ---------------------------------------------------------------- inside

    def _show(self) -> None:
        if self._ticks % SLOW_TICKS == 0 or self._view.service != self._last.service:
            self._last = self._scene()
            self._view.show(self._last)
        self._ticks += 1

    def _release(self) -> None:
        self._watch.close()
        self._last = self._scene()

    def _picture(self) -> str:
        return page(self._last, as_it_was(self._last.vitals.at))

    def _scene(self) -> PanelScene:
        troubles = (self._view.trouble, self._switch.trouble, self._wrong)
        service = self._view.service
        return PanelScene(
            self._stack.name,
            self._watch.vitals,
            self._switch.doing,
            service,
            self._log(service),
            tuple(filter(None, troubles)),
        )

    def _log(self, service: str) -> str:
        try:
            return self._stack.logs(service, LOG_LINES)
        except WorkshopError as error:
            return error.message
