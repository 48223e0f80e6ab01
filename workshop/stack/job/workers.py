"""How many workers there are, and a job that is given as many tasks as they have slots."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace

import requests

from workshop.stack.flink_rest import FlinkRest
from workshop.stack.job.job import Job
from workshop.stack.status import Status

LOOK_SECONDS = 0.5
FIRST_SECONDS = 2.0
"""How long no other worker must have come before the job begins. One that comes later is found."""
MORE_SECONDS = 5.0
FEWER_SECONDS = 30.0
"""How long there must have been more workers, or fewer, before the job is given other tasks.

One that was killed still counts until its heartbeats are missed, for four seconds, and may be back
before that: for a moment there seem to be more. And waiting for it takes less time than restarting
the job twice.
"""


class Workers:
    """The workers that have registered at a JobManager.

    Parameters
    ----------
    rest
        The JobManager.
    """

    def __init__(self, rest: FlinkRest) -> None:
        self._rest = rest

    async def first(self, slots: int) -> int:
        """Wait until there are workers and no more arrive; return their number.

        Parameters
        ----------
        slots
            How many each of them has.
        """
        seen, since = 0, time.monotonic()
        while True:
            now = await self._count(slots)
            if now != seen:
                seen, since = now, time.monotonic()
            elif seen and time.monotonic() > since + FIRST_SECONDS:
                return seen
            await asyncio.sleep(LOOK_SECONDS)

    async def follow(self, status: Status, job: Job) -> None:
        """Start the job again from its newest checkpoint whenever the number of workers changed.

        Parameters
        ----------
        status
            Tells for how many workers the job was submitted; gets the new number.
        job
            What keeps it running.
        """
        seen, since = status.size.taskmanagers, time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = await self._count(status.size.slots)
            if now != seen:
                seen, since = now, time.monotonic()
            wanted = MORE_SECONDS if now > status.size.taskmanagers else FEWER_SECONDS
            if now not in (0, status.size.taskmanagers) and time.monotonic() > since + wanted:
                print(f"There are {now} workers now: the job restarts with that many.", flush=True)
                former, status.size = status.size, replace(status.size, taskmanagers=now)
                try:
                    await asyncio.to_thread(job.begin_anew)
                except requests.RequestException:
                    status.size = former  # The JobManager is away: later, then.

    async def _count(self, slots: int) -> int:
        with contextlib.suppress(requests.RequestException):
            overview = await asyncio.to_thread(self._rest.get, "/overview")
            return int(overview["slots-total"]) // slots
        return 0
