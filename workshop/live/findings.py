"""What a bounded run of a dashboard found: text for a test, and a picture for people."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workshop.errors import WorkshopError
from workshop.live.charts import number
from workshop.live.dashboard_pages import page
from workshop.live.recovery import Outage
from workshop.live.scene import Scene
from workshop.live.session import Session
from workshop.live.window import Percentiles

if TYPE_CHECKING:
    from workshop.plot import Plot

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Findings:
    """What happened in a run.

    Attributes
    ----------
    sent, greeted, missing, doubled
        As in :class:`workshop.live.ledger.Verdict`; a name that was not greeted in time is missing.
    seconds
        How long it took, until the last of the greetings.
    latency
        From sent to committed.
    outages
        The faults in it that are over.
    scene
        How the dashboard looked at its end.
    """

    sent: int
    greeted: int
    missing: int
    doubled: int
    seconds: float
    latency: Percentiles
    outages: tuple[Outage, ...]
    scene: Scene

    @property
    def per_second(self) -> float:
        """Names greeted per second."""
        return self.greeted / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        latency = self.latency
        lines = [
            f"sent {self.sent}, greeted {self.greeted}, "
            f"missing {self.missing}, doubled {self.doubled}",
            f"{self.per_second:.1f} names/s, from sent to committed: "
            f"p50 {number(latency.p50, 's')}, p95 {number(latency.p95, 's')}, "
            f"p99 {number(latency.p99, 's')}",
        ]
        lines += [
            f"{outage.what}: caught up after {number(outage.seconds, 's')}"
            for outage in self.outages
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return page(self.scene, when(self.scene))

    def plot(self) -> Plot:
        """Draw how long the newest greetings took, at most 200 of them, with the percentiles."""
        from matplotlib.ticker import MaxNLocator  # Matplotlib takes a second to import.

        from workshop.plot import ONE, TWO, Plot

        began = self.scene.feed.at - self.seconds
        newest = (one for one in self.scene.feed.latest if one.at >= began)
        waits = [one.latency for one in newest if one.latency is not None]
        shares = {"p50": self.latency.p50, "p95": self.latency.p95, "p99": self.latency.p99}
        told = ", ".join(f"{share} at {number(at, 's')}" for share, at in shares.items())
        span = f"{number(min(waits), 's')} to {number(max(waits), 's')}" if waits else "nothing"
        plot = Plot(
            f"How long {len(waits)} greetings took, from sent to committed: {span}; {told}.",
            title="From sent to committed",
            x="seconds",
            y="greetings",
        )
        plot.axes.hist(waits, bins=30, color=ONE)
        plot.axes.set_xlim(left=0)
        plot.axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        for height, (share, at) in enumerate(shares.items()):
            if at is not None:
                plot.axes.axvline(at, color=TWO)
                # One above the other: p95 and p99 are close.
                plot.axes.annotate(
                    share,
                    (at, 0.92 - 0.1 * height),
                    xycoords=("data", "axes fraction"),
                    xytext=(4, 0),
                    textcoords="offset points",
                )
        return plot


def when(scene: Scene) -> str:
    """Return the caption of a dashboard's last picture."""
    return as_it_was(scene.feed.at)


def as_it_was(at: float) -> str:
    """Return the caption of a picture that does not change any more."""
    return time.strftime("As it was at %H:%M:%S on %d %B %Y.", time.localtime(at))


def run(
    session: Session, seconds: float | None, count: int | None, rate: float | None, patience: float
) -> Findings:
    """Send random names for a time, or a number of them, and wait until they are greeted.

    Raises
    ------
    WorkshopError
        When neither a time nor a number is given, or both are.
    """
    if (seconds is None) == (count is None):
        raise WorkshopError(
            "A run needs a limit.", hint="give it seconds=10, or count=100; one of the two."
        )
    feed, sender = session.feed, session.sender
    if rate is not None:
        sender.rate = rate
    before = session.scene().feed.verdict
    handed = sender.sent
    feed.measure_anew()
    began = time.time()
    sender.start(count)
    if seconds is not None:
        while time.time() < began + seconds:
            session.scene()
            time.sleep(POLL_SECONDS)
        sender.stop()
    give_up = began + patience + (seconds or 0) + (count or 0) / sender.rate
    while sender.running and time.time() < give_up:
        session.scene()
        time.sleep(POLL_SECONDS)
    sender.stop()
    stopped = time.time()
    while time.time() < give_up:
        verdict = session.scene().feed.verdict
        read = verdict.sent - before.sent >= sender.sent - handed
        if read and (verdict.oldest is None or verdict.oldest / 1000 > stopped):
            break
        time.sleep(POLL_SECONDS)
    scene = session.scene()
    found = scene.feed.verdict
    late = feed.waiting_since(stopped)
    after = found.waiting - late
    greetings = scene.feed.latest
    ended = greetings[0].at if greetings else time.time()
    return Findings(
        sent=found.sent - before.sent + before.waiting - after,
        greeted=found.greeted - before.greeted,
        missing=found.missing - before.missing + late,
        doubled=found.doubled - before.doubled,
        seconds=max(0.0, ended - began),
        latency=feed.whole(),
        outages=tuple(outage for outage in scene.outages if outage.began >= began - 1),
        scene=scene,
    )
