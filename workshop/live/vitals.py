"""The state of a stack's parts, polled in a thread of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psutil
import requests
from kafka import KafkaAdminClient
from kafka.admin import OffsetSpec

from generator.broker import connect
from workshop.errors import WorkshopError
from workshop.live.sentences import sentence
from workshop.stack import Part, Stack, Status
from workshop.stack.module import ingress_groups

STATUS_SECONDS = 0.25
SLOW_SECONDS = 1.0
CLOSE_SECONDS = 0.9
REST_SECONDS = 2.0


@dataclass(frozen=True)
class Checkpoint:
    """The newest complete checkpoint.

    Attributes
    ----------
    number
        Which one it is, counted by the engine.
    at
        When it was begun, in seconds since 1970.
    seconds
        How long it took.
    size
        How many bytes it has.
    """

    number: int
    at: float
    seconds: float
    size: int


@dataclass(frozen=True)
class Vitals:
    """The state of a stack at one moment.

    Attributes
    ----------
    at
        When, in seconds since 1970.
    state
        Of the whole, as in :class:`workshop.stack.Status`.
    parts
        The processes and the job.
    paused
        The parts whose process is stopped by a signal.
    checkpoint
        The newest complete one, if there is one.
    lag
        How many records of the ingresses lie beyond the position in the newest checkpoint.
    troubles
        What could not be asked for, and why.
    """

    at: float
    state: str = "down"
    parts: tuple[Part, ...] = ()
    paused: frozenset[str] = frozenset()
    checkpoint: Checkpoint | None = None
    lag: int | None = None
    troubles: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> list[str]:
        """The troubles, each in a line."""
        return [f"{about}: {why}" for about, why in self.troubles.items()]

    def restarts(self) -> dict[str, int]:
        """How often each part had to be started again."""
        return {part.name: part.restarts for part in self.parts}


class Watch:
    """Keeps the vitals of a stack fresh.

    Parameters
    ----------
    stack
        The stack to look at.

    Attributes
    ----------
    vitals
        The newest.
    """

    def __init__(self, stack: Stack) -> None:
        self.vitals = Vitals(time.time())
        self._stack = stack
        self._session = requests.Session()
        self._admin: tuple[str, Any] | None = None
        self._checkpoint: Checkpoint | None = None
        self._lag: int | None = None
        self._troubles: dict[str, str] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="workshop-vitals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look one last time, so that the final state is shown, and then stop."""
        self._stop.set()
        self._thread.join(CLOSE_SECONDS)
        with contextlib.suppress(Exception):
            self._told(self._stack.status(), last=True)

    # ---------------------------------------------------------------- thread

    def _run(self) -> None:
        slow = 0.0
        while not self._stop.is_set():
            try:
                status = self._stack.status()
                self._told(status)
                if status.parts and time.monotonic() > slow + SLOW_SECONDS:
                    self._ask(status)
                    slow = time.monotonic()
                    # It took a while: the stack may be down by now.
                    self._told(self._stack.status())
            except Exception as error:
                self._troubles["stack"] = sentence(error)
                self._set(Vitals(time.time(), "unknown", troubles=dict(self._troubles)))
            else:
                self._troubles.pop("stack", None)
            self._stop.wait(STATUS_SECONDS)
        self._drop_admin()
        self._session.close()

    def _set(self, vitals: Vitals, last: bool = False) -> None:
        """Store what was seen, but nothing that the thread finishes after the end."""
        with self._lock:
            if last or not self._stop.is_set():
                self.vitals = vitals

    def _told(self, status: Status, last: bool = False) -> None:
        if not status.parts:  # The stack is down: there is nobody to ask, and nothing is wrong.
            self._checkpoint = self._lag = None
            self._troubles.clear()
        seen = Vitals(
            time.time(),
            status.state,
            tuple(status.parts),
            frozenset(part.name for part in status.parts if is_paused(part)),
            self._checkpoint,
            self._lag,
            dict(self._troubles),
        )
        self._set(seen, last)

    def _ask(self, status: Status) -> None:
        """Ask the engine and the broker; either may be away."""
        try:
            self._checkpoint = self._newest_checkpoint(status)
            self._troubles.pop("checkpoint", None)
        except (requests.RequestException, WorkshopError, LookupError, StopIteration) as error:
            self._troubles["checkpoint"] = sentence(error)
        if self._stop.is_set():
            return
        try:
            self._lag = self._records_behind(status)
            self._troubles.pop("lag", None)
        except Exception as error:  # kafka-python has many; the rest can be told all the same.
            self._lag = None
            self._troubles["lag"] = sentence(error)
            self._drop_admin()

    def _newest_checkpoint(self, status: Status) -> Checkpoint | None:
        url = status.part("jobmanager").address
        jobs = self._get(f"{url}/jobs")["jobs"]
        running = [job["id"] for job in jobs if job["status"] not in ("FAILED", "CANCELED")]
        if not running:
            return self._checkpoint
        newest = self._get(f"{url}/jobs/{running[0]}/checkpoints")["latest"]["completed"]
        if newest is None:
            return self._checkpoint
        return Checkpoint(
            newest["id"],
            newest["trigger_timestamp"] / 1000,
            newest["end_to_end_duration"] / 1000,
            newest["state_size"],
        )

    def _get(self, url: str) -> Any:
        answer = self._session.get(url, timeout=REST_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def _records_behind(self, status: Status) -> int | None:
        address = status.part("broker").address
        if self._admin is None or self._admin[0] != address:
            self._drop_admin()
            client = connect(
                KafkaAdminClient,
                address,
                timeout=1.6,
                request_timeout_ms=2000,
            )
            self._admin = (address, client)
        admin = self._admin[1]
        behind = 0
        for group in ingress_groups(self._stack.module):
            noted = admin.list_group_offsets({group: None}).get(group, {})
            if not noted:
                return None
            ends = admin.list_partition_offsets(dict.fromkeys(noted, OffsetSpec.LATEST))
            behind += sum(max(0, ends[one].offset - noted[one].offset) for one in noted)
        return behind

    def _drop_admin(self) -> None:
        if self._admin is not None:
            with contextlib.suppress(Exception):
                self._admin[1].close()
            self._admin = None


def is_paused(part: Part) -> bool:
    """Whether a signal has stopped the process of a part, or the engine its container."""
    if part.state == "paused":
        return True
    if part.pid is None:
        return False
    try:
        return bool(psutil.Process(part.pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False
