"""The greeter's place, which a notebook can have for a while."""

from __future__ import annotations

import asyncio

from workshop.stack.local.process import ServiceProcess
from workshop.stack.status import Part, Status

LOOK_SECONDS = 0.02


class Place:
    """Who serves the functions: the greeter, or a client of the supervisor.

    Attributes
    ----------
    host
        The client's connection; None while the greeter serves.
    """

    def __init__(self, status: Status) -> None:
        self.host: asyncio.StreamWriter | None = None
        self._status = status
        self._given_back = asyncio.Event()
        self._away = asyncio.Event()

    async def lend(self, writer: asyncio.StreamWriter, pid: int, greeter: ServiceProcess) -> None:
        """End the greeter, so that a client can serve in its place, unless one already does."""
        if self.host is not None:
            return
        self.host = writer
        self._status.host = pid
        self._given_back.clear()
        while not self._away.is_set():
            greeter.kill()
            await asyncio.sleep(LOOK_SECONDS)
        greeter.part.state, greeter.part.detail = "ready", "your notebook serves in its place"

    async def stay_away(self, part: Part) -> None:
        """Return when no client serves in the greeter's place."""
        while self.host is not None:
            self._away.set()
            await self._given_back.wait()
            part.state, part.detail = "restarting", "takes its place back"
        self._away.clear()

    def take_back(self, writer: asyncio.StreamWriter) -> None:
        """Let the greeter serve again if this client has its place."""
        if self.host is writer:
            self.host = self._status.host = None
            self._given_back.set()
