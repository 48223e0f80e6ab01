"""Everything a dashboard shows at one moment, as data."""

from __future__ import annotations

from dataclasses import dataclass

from workshop.live.recovery import Outage
from workshop.live.snapshot import Snapshot
from workshop.live.vitals import Vitals


@dataclass(frozen=True)
class Scene:
    """Everything that is shown at one moment.

    Attributes
    ----------
    feed, vitals
        What travels, and the state of the parts.
    outage
        The fault in progress, if there is one.
    last
        The newest one that is over.
    outages
        Those that are over, for the charts.
    troubles
        What went wrong with what the user asked for.
    """

    feed: Snapshot
    vitals: Vitals
    outage: Outage | None = None
    last: Outage | None = None
    outages: tuple[Outage, ...] = ()
    troubles: tuple[str, ...] = ()
