"""One process of the stack: started, watched, its output kept in a log that stays small."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import psutil

from workshop.stack.status import Part

LOG_BYTES = 4 * 1024 * 1024
TAIL_BYTES = 4096

PROBE_AGAIN_SECONDS = 0.5
GONE_SECONDS = 10.0
"""How long to wait for a killed process to end before giving up on it."""

PORT_TAKEN = ("already in use", "on any port in port range")
"""What the operating system, or Flink's web page, says when a port is taken."""


class ServiceProcess:
    """A process to run, and the part of the status that describes it.

    Parameters
    ----------
    name
        The name of the part.
    command
        Makes the command line; called at every start.
    probe
        Returns once the process is working; called after every start.
    prepare
        Awaited before every start.
    log
        The file that gets what the process prints, with one older file beside it.
    reaper
        Told of every process group that begins (its id) and ends (its id, negative).
    folder
        Where it runs.
    environment
        All its variables.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[], list[str]],
        probe: Callable[[], Awaitable[None]],
        log: Path,
        reaper: Callable[[int], None],
        folder: Path,
        environment: dict[str, str],
        prepare: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.part = Part(name)
        self.command = command
        self.probe = probe
        self.prepare = prepare
        self.reaper = reaper
        self.folder = folder
        self.environment = environment
        self.ready = asyncio.Event()
        self.was_ready = False
        self.port_taken = False
        self.tail = ""
        self.began = 0.0
        """When it was last started; psutil tells the same with an error of up to a second."""
        self._log = RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        self._log.terminator = ""
        self._log.close()  # It opens with the first line: there may never be one.
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> int:
        """Run the process once, from its start to its end; return its exit code."""
        self.tail = ""
        self.port_taken = False
        if self.prepare is not None:
            await self.prepare()
        # A pipe of our own: asyncio would wait for the end of its pipe before it tells that the
        # process has ended, and a child that outlives the process keeps that open.
        output, its_output = os.pipe()
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *self.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=its_output,
                stderr=its_output,
                cwd=self.folder,
                env=self.environment,
                # A session of its own: Ctrl-C in a terminal does not reach it, and whatever it
                # starts can be ended with it.
                start_new_session=True,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(its_output)
        self.reaper(process.pid)
        self.began = time.time()
        self.part.pid = process.pid
        with contextlib.suppress(psutil.NoSuchProcess):
            self.part.started = psutil.Process(process.pid).create_time()
        log = asyncio.create_task(self._keep_log(output))
        readiness = asyncio.create_task(self._become_ready())
        try:
            return await process.wait()
        finally:
            readiness.cancel()
            self.ready.clear()
            self.kill()
            await self.gone()
            self.reaper(-process.pid)
            self.part.pid = self.part.started = self.part.memory = None
            await log

    def kill(self) -> None:
        """End the process and all it started, at once."""
        if self.part.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.part.pid, signal.SIGKILL)

    async def gone(self) -> None:
        """Return when a killed process and all it started have released their ports and files.

        The system takes down the memory of a process before its connections: a large one can be
        reached, and its port is taken, for a while after the kill.
        """
        deadline = time.monotonic() + GONE_SECONDS
        while self._process is not None and group_lives(self._process.pid):
            if time.monotonic() > deadline:
                logging.warning("%s was killed and does not end", self.part.name)
                return
            await asyncio.sleep(0.01)

    async def stop(self, patience: float) -> None:
        """Ask the process to end, and end it after ``patience`` seconds."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._process.wait(), patience)
        self.kill()

    def last_lines(self, number: int = 25) -> str:
        """Return the last lines that the process printed."""
        return "\n".join(self.tail.splitlines()[-number:])

    def measure(self) -> None:
        """Read the resident memory of the process and of all in its group."""
        if self.part.pid is None:
            return
        with contextlib.suppress(psutil.Error):
            self.part.memory = sum(one.memory_info().rss for one in members(self.part.pid))

    async def _become_ready(self) -> None:
        while True:
            try:
                await self.probe()
                break
            except Exception as error:
                # Whatever it was: a probe that ends with it would leave a process that is never
                # ready, and nobody would hear why.
                logging.exception("%s cannot be probed; it is tried again", self.part.name)
                self.part.detail = f"cannot be probed: {error!r}"
                await asyncio.sleep(PROBE_AGAIN_SECONDS)
        self.part.state = "ready"
        self.part.detail = ""
        self.was_ready = True
        self.ready.set()

    async def _keep_log(self, output: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb", buffering=0)
        )
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        while chunk := await reader.read(65536):
            text = decoder.decode(chunk)
            recent = self.tail + text
            self.port_taken |= any(complaint in recent for complaint in PORT_TAKEN)
            self.tail = recent[-TAIL_BYTES:]
            self._log.emit(logging.LogRecord(self.part.name, 0, "", 0, text, None, None))
        transport.close()
        with contextlib.suppress(OSError):  # On a full disk lines are lost, and nothing else.
            self._log.close()  # It opens again with the next line.


def members(group: int) -> Iterator[psutil.Process]:
    """Yield the processes of a group: that costs less to ask than who is whose child."""
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getpgid(pid) == group:
                yield psutil.Process(pid)


def group_lives(group: int) -> bool:
    """Whether any process of a group has more left than its place in the table."""
    for process in members(group):
        with contextlib.suppress(psutil.Error):
            # What has threads is called a zombie as soon as the first of them has ended.
            if process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1:
                return True
    return False
