"""How long a stack takes from a fault until everybody is greeted again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workshop.live.vitals import Vitals

SHADOW_SECONDS = 5.0
"""For this long after an outage, a restart that is reported late still belongs to it."""

LABELS = {
    "broker": "broker",
    "jobmanager": "JobManager",
    "taskmanager": "TaskManager",
    "greeter": "greeter",
    "job": "job",
}


@dataclass(frozen=True)
class Outage:
    """One fault and what followed.

    Attributes
    ----------
    what
        What happened, in words.
    began, ended
        In seconds since 1970; ``ended`` is None while it lasts.
    """

    what: str
    began: float
    ended: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it lasted."""
        return None if self.ended is None else self.ended - self.began


class Recovery:
    """Tells faults and recoveries apart.

    An outage is over when a name sent after the fault is greeted and no name sent before that
    moment is still waiting. If none was sent, it is over when everything that the fault must have
    ended is back and no name is waiting.

    Attributes
    ----------
    now
        The outage in progress, if there is one.
    last
        The newest one that is over.
    all
        Every outage, oldest first, the newest 20.
    """

    def __init__(self) -> None:
        self.now: Outage | None = None
        self.last: Outage | None = None
        self.all: list[Outage] = []
        self._expected: dict[str, int] = {}
        self._seen: dict[str, int] | None = None

    def fault(
        self, what: str, at: float, part: str = "", restarts: dict[str, int] | None = None
    ) -> None:
        """Note a fault that was made on purpose.

        Parameters
        ----------
        part
            The part that was killed; none if nothing has to be started again.
        restarts
            How often each part had been started again before.
        """
        self.now = Outage(what, at)
        before = restarts or {}
        gone = _ended_with(part)
        self._expected = {name: before[name] for name in gone if name in before}

    def observe(
        self, vitals: Vitals, at: float, oldest: float | None, answered: float | None
    ) -> bool:
        """Compare with the state of the stack; return whether an unreported fault was found.

        Parameters
        ----------
        at
            When the other two were so, in seconds since 1970.
        oldest
            When the oldest name was sent that is not greeted; None if all are.
        answered
            When a name was greeted that had been sent after the fault.
        """
        restarts = vitals.restarts()
        seen, self._seen = self._seen, {**(self._seen or {}), **restarts}
        if self.now is not None:
            self._end_if_over(self.now, vitals, at, oldest, answered)
            return False
        if seen is None or (self.last and vitals.at < (self.last.ended or 0) + SHADOW_SECONDS):
            return False
        for name, number in restarts.items():
            if number > seen.get(name, number):
                self.fault(f"{LABELS.get(name, name)} ended", vitals.at, name, seen)
                return True
        return False

    def _end_if_over(
        self,
        outage: Outage,
        vitals: Vitals,
        at: float,
        oldest: float | None,
        answered: float | None,
    ) -> None:
        restarts = vitals.restarts()
        back = vitals.at > outage.began and vitals.state == "ready" and not vitals.paused
        for name, before in self._expected.items():
            back = back and restarts.get(name, 0) > before
        greets = answered is not None and answered > outage.began
        if answered is not None and greets and (oldest is None or oldest > answered):
            ended = answered if oldest is None and at - answered < 0.3 else at
        elif back and oldest is None:
            ended = vitals.at
        else:
            return
        self.now, self.last = None, replace(outage, ended=ended)
        self.all = [*self.all, self.last][-20:]


def _ended_with(part: str) -> list[str]:
    """The parts that have to be started again when one has ended."""
    if part.startswith("taskmanager"):
        return [part, "job"]
    if part == "jobmanager":
        return [part, "taskmanager", "job"]
    return [part] if part else []
