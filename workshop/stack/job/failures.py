"""Counts a job's restarts, and tells one that keeps failing from one that is just recovering."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from workshop.stack.status import Part

KEEPS_RESTARTING = "keeps restarting: "
SAME = 3
"""This many failures in a row for one reason, while every process is alive, are no accident."""

CALM_SECONDS = 15.0

_NO_SLOT = ("NoResourceAvailableException", "UnfulfillableSlotRequestException")
"""A TaskManager is away: the engine tries again every half second until it is back."""

_ADVICE = {
    "StateMigrationException": (
        "a state that holds values cannot be declared differently, for example with another "
        "expireAfter. Restore its declaration in module.yaml, or start over: python -m workshop "
        "down --name {name} --forget"
    ),
    "RemoteValueTypeMismatchException": (
        "a state keeps the type that it was first given. Put its ValueSpec back as it was, or give "
        "the state of the new type another name"
    ),
}


def advice(cause: str, name: str) -> str:
    """Return what to do about ``cause``, or nothing if it may still go away by itself.

    Parameters
    ----------
    cause
        The root cause as the engine words it, or the detail of the job's part.
    name
        The name of the stack.
    """
    found = (text for exception, text in _ADVICE.items() if exception in cause)
    return next(found, "").format(name=name)


class Restarts:
    """How often a job was started again, by the engine and by whoever submits it.

    Attributes
    ----------
    of_this_run
        How often by the engine, since it was submitted last.
    """

    def __init__(self) -> None:
        self.of_this_run = self._earlier = self._runs_since = 0

    def seen(self, metric: int, runs_since: int) -> int:
        """Return how often in all.

        Parameters
        ----------
        metric
            The engine's own count, which is up to ten seconds old.
        runs_since
            Since when the job runs, which is not, in milliseconds since 1970.
        """
        again = 0 < self._runs_since < runs_since
        self.of_this_run, self._runs_since = max(self.of_this_run + again, metric), runs_since
        return self._earlier + self.of_this_run

    def begun_anew(self) -> int:
        """Return how often in all, now that the job has to be submitted again."""
        self._earlier += self.of_this_run + 1
        self.of_this_run = self._runs_since = 0
        return self._earlier


@dataclass
class Failures:
    """The failures of one job, as long as they all have the same reason.

    Attributes
    ----------
    cause
        The newest root cause.
    times
        When it struck, in seconds since 1970, without another in between.
    """

    cause: str = ""
    times: list[float] = field(default_factory=list)

    def add(self, cause: str, when: float) -> None:
        """Record a failure; one already recorded changes nothing, nor does a missing slot."""
        cause = cause.removeprefix("Caused by: ")
        if any(exception in cause for exception in _NO_SLOT):
            return
        if cause != self.cause:
            self.cause, self.times = cause, []
        if when not in self.times:
            self.times = [*self.times[1 - SAME :], when]

    def keeps_failing(self, now: float, parts: Iterable[Part]) -> bool:
        """Whether the job fails for a reason that no restart fixes.

        Parameters
        ----------
        now
            In seconds since 1970.
        parts
            The processes: what failed before the newest of them started may have been its absence.
        """
        if not self.times:
            return False
        # A reason may take minutes to strike, as the time-out of a call does.
        gap = self.times[-1] - self.times[-2] if len(self.times) > 1 else 0.0
        if now > self.times[-1] + CALM_SECONDS + gap:
            return False
        if advice(self.cause, ""):
            return True
        newest = max((part.started or 0.0 for part in parts), default=0.0)
        return len(self.times) >= SAME and self.times[0] > newest


def root_cause(trace: str) -> str:
    """The last cause that a Java stack trace names."""
    causes = [line.strip() for line in trace.splitlines() if line.startswith("Caused by:")]
    return causes[-1] if causes else trace.strip()
