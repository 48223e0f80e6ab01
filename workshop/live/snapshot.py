"""What a dashboard shows, as data: a view needs nothing else, and a test can make its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from workshop.live.ledger import Verdict
from workshop.live.window import Percentiles, Second


@dataclass(frozen=True, slots=True)
class Arrival:
    """One greeting that was read.

    Attributes
    ----------
    name, text
        Who is greeted, and how.
    at
        When it was read, in seconds since 1970.
    latency
        Seconds since its name was sent; None if that is not known.
    """

    name: str
    text: str
    at: float
    latency: float | None


@dataclass(frozen=True)
class Early:
    """The same topic, read uncommitted.

    Attributes
    ----------
    read
        Greetings that were read.
    repeated
        How many of them had been there already: a failure took the first ones back.
    latency
        From sending a name to reading its greeting.
    """

    read: int
    repeated: int
    latency: Percentiles


@dataclass(frozen=True)
class Snapshot:
    """The feed at one moment.

    Attributes
    ----------
    at
        When, in seconds since 1970.
    state
        ``starting``, ``following``, ``waiting`` (for the broker) or ``closed``.
    trouble
        The last thing that went wrong and has not been resolved.
    latest
        The newest greetings, newest first.
    yours
        The newest greeting of the name that was followed last; see ``Feed.follow``.
    counts
        The names that were greeted most often, with their newest count.
    names
        How many names there are.
    verdict
        How names and greetings compare.
    rate
        Greetings a second, over the last five.
    minute
        Latencies of the last minute.
    seconds
        The last minute, second by second, oldest first.
    answered
        When a name was greeted that had been sent after the mark; see ``Feed.mark``.
    early
        What is read uncommitted, if that is turned on.
    """

    at: float
    state: str = "starting"
    trouble: str = ""
    latest: tuple[Arrival, ...] = ()
    yours: Arrival | None = None
    counts: tuple[tuple[str, int], ...] = ()
    names: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    rate: float = 0.0
    minute: Percentiles = field(default_factory=Percentiles)
    seconds: tuple[Second, ...] = ()
    answered: float | None = None
    early: Early | None = None
