"""The dashboard: a session and its view."""

from __future__ import annotations

from collections.abc import Sequence

from generator.event_generator import PEOPLE
from workshop.live.dashboard_pages import page
from workshop.live.dashboard_view import DashboardView
from workshop.live.findings import Findings, run, when
from workshop.live.scene import Scene
from workshop.live.session import Session
from workshop.live.under_cell import UnderCell
from workshop.stack import Stack


class Dashboard(UnderCell):
    """A live view of a stack, with everything needed to send names to it and to break it.

    In a notebook it appears under the cell that makes it. Running the cell again replaces it.

    Parameters
    ----------
    stack
        A stack that is up.
    names
        The names to choose from at random.
    rate
        Random names a second, to begin with: from 1 to 1,000.
    seed
        Makes the same choices again.

    Examples
    --------
    >>> with Dashboard(stack, seed=1) as dashboard:
    ...     dashboard.run(count=100)
    sent 100, greeted 100, missing 0, doubled 0
    9.8 names/s, from sent to committed: p50 0.23 s, p95 0.36 s, p99 0.39 s
    """

    def __init__(
        self,
        stack: Stack,
        *,
        names: Sequence[str] = PEOPLE,
        rate: float = 10,
        seed: int | None = None,
    ) -> None:
        super().__init__(stack)
        self.session = Session(stack, names, rate, seed)
        self._view: DashboardView = DashboardView(self.session, rate)
        self._last: Scene | None = None
        self._begin()

    # ------------------------------------------------------------------- use

    def greet(self, *names: str) -> None:
        """Send names."""
        self.session.greet(*names)

    def kill(self, part: str) -> None:
        """Kill ``broker``, ``jobmanager``, ``taskmanager`` or ``greeter``; it comes back."""
        self.session.kill(part)

    def pause(self) -> None:
        """Stop the greeter without ending it, until :meth:`resume` or :meth:`close`."""
        self.session.pause()

    def resume(self) -> None:
        """Let the greeter continue."""
        self.session.resume()

    def run(
        self,
        seconds: float | None = None,
        count: int | None = None,
        rate: float | None = None,
        patience: float = 60,
    ) -> Findings:
        """Send random names for a while, or a number of them; wait for their greetings, and report.

        The report is also printed. As the last line of a cell it shows the final picture.

        Parameters
        ----------
        seconds, count
            How long, or how many; one of the two.
        rate
            Names a second.
        patience
            How many seconds to wait for the last greetings.
        """
        report = run(self.session, seconds, count, rate, patience)
        print(report)
        return report

    def __repr__(self) -> str:
        scene = self._last or self.session.scene()
        found = scene.feed.verdict
        return (
            f"Dashboard of stack {self.session.stack.name}{' (closed)' if self.closed else ''}: "
            f"sent {found.sent}, greeted {found.greeted}, "
            f"missing {found.missing}, doubled {found.doubled}"
        )

    # ---------------------------------------------------------------- inside

    def _show(self) -> None:
        scene = self.session.scene([one for one in (self._view.trouble, self._wrong) if one])
        self._last = scene
        self._view.show(scene)

    def _release(self) -> None:
        self.session.close()
        self._last = self.session.scene()

    def _picture(self) -> str:
        scene = self._last or self.session.scene()
        return page(scene, when(scene))
