"""The process that owns a stack: it starts the others, brings them back, and ends them.

It runs in its own session, apart from the process that asked for the stack. Every user of the stack
holds a connection to it. The system closes a connection when its process ends, however it ends, and
when the last one is closed the supervisor ends the stack, unless it was told to keep it.

It is long, since everything in the life of a stack happens on its one event loop.

Another small process, the reaper, notices if the supervisor dies, and then ends what it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import psutil

from workshop.stack.folders import RunFolder
from workshop.stack.job.job import Job, JobRefused
from workshop.stack.job.snapshots import Misplaced
from workshop.stack.local.attach import content_hash
from workshop.stack.local.disk import shortage
from workshop.stack.local.owner import OpenToOthers
from workshop.stack.local.place import Place
from workshop.stack.local.process import ServiceProcess
from workshop.stack.local.reaper import Reaper
from workshop.stack.local.services import Ports, Services, Settings
from workshop.stack.status import Status

ATTEMPTS = 3
"""How often a process may die before it is first ready, and how often ports are chosen again."""

MEASURE_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 5.0


class StartFailed(Exception):
    """The stack cannot come up; the message says why."""


class PortTaken(Exception):
    """Somebody else took a port between its choice and its use."""


class Supervisor:
    """Owns one stack. It is long, since everything happens on its one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = RunFolder(Path(settings.folder))
        self.status = Status(
            self.folder.name,
            str(self.folder.path),
            state="starting",
            supervisor=os.getpid(),
            engine=settings.engine,
            module=settings.module,
            module_hash=content_hash(settings.module),
            serve=settings.serve,
            python_path=settings.python_path,
            size=settings.size,
        )
        self.services: Services | None = None
        self.job: Job | None = None
        self.holders: dict[asyncio.StreamWriter, int] = {}
        self.place = Place(self.status)
        self.ending = asyncio.Event()
        self.ended = asyncio.Event()
        self.waiting: list[asyncio.Task[None]] = []
        self.forget: bool | None = None
        self._reaper = Reaper()
        self.status.reaper = self._reaper.pid

    # ------------------------------------------------------------------ life

    async def run(self) -> None:
        """Run until nobody needs the stack any more."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.ending.set)
        work = asyncio.create_task(self._run_stack())
        await self._listen()
        watch = asyncio.create_task(self._watch())
        await self.ending.wait()
        self.status.state = "stopping"
        if self.services is not None:
            await self.services.end(self._stays)
        work.cancel()
        watch.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)
        self._leave()
        self.status.state = "down"
        self.ended.set()
        await asyncio.gather(*self.waiting, return_exceptions=True)
        self._reaper.end()

    @property
    def _stays(self) -> bool:
        """Whether the folder outlives the stack."""
        if self.forget is None:  # Nobody stopped it: its last user went away, or it failed.
            return self.status.kept or not self.settings.fresh
        return not self.forget

    async def _listen(self) -> None:
        # Relative, since the path of a Unix socket may have only about 100 characters.
        os.chdir(self.folder.path)
        self.folder.control.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.folder.control.name)
        await asyncio.start_unix_server(self._serve, sock=listener)
        # Whoever started this process passed its connection as standard input.
        first = socket.socket(fileno=os.dup(0))
        streams = await asyncio.open_unix_connection(sock=first)
        self._first = asyncio.create_task(self._serve(*streams))  # Kept: the loop does not.

    def _leave(self) -> None:
        """Leave nothing behind but what the next start needs."""
        if self._stays:
            shutil.rmtree(self.folder.tmp, ignore_errors=True)
            self.folder.record.unlink(missing_ok=True)
            self.folder.control.unlink(missing_ok=True)
            return
        # Renamed first: the name is free at once, and nobody can use what is half gone.
        doomed = self.folder.path.with_name(f".removing-{self.folder.name}-{os.getpid()}")
        self.folder.path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    # --------------------------------------------------------------- clients

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client, a line of JSON for a line of JSON, until it hangs up."""
        try:
            while not self.ended.is_set() and (line := await reader.readline()):
                answer = await self._answer(json.loads(line), writer)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, KeyError) as error:
            logging.warning("a client was dropped: %r", error)
        finally:
            if self.holders.pop(writer, None) is not None:
                self._end_if_unused()
            self.place.take_back(writer)
            writer.close()

    async def _answer(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> Any:
        if request["do"] == "hold":
            self.holders[writer] = request["pid"]
        elif request["do"] == "keep":
            self.status.kept = True
        elif request["do"] == "host":
            if self.services is not None and writer in self.holders:
                await self.place.lend(writer, self.holders[writer], self.services.greeter)
        elif request["do"] == "give back":
            self.place.take_back(writer)
        elif request["do"] == "release":
            self.holders.pop(writer, None)
            self._end_if_unused()
        elif request["do"] == "stop":
            self.forget = request["forget"]
            self.ending.set()
        if request["do"] in ("release", "stop") and self.ending.is_set():
            # The answer says that all is over, not that it begins.
            task = asyncio.current_task()
            assert task is not None
            self.waiting.append(task)
            await self.ended.wait()
        if self.status.state == "ready":
            self._judge_now()  # What is told of the whole agrees with what is told of its parts.
        return self.status.to_dict()

    def _end_if_unused(self) -> None:
        if not self.holders and not self.status.kept:
            self.ending.set()

    async def _watch(self) -> None:
        """Measure and write down; let go of holders whose process is gone.

        A child that a kernel forked keeps the kernel's connection open after the kernel's death.
        """
        while True:
            try:
                self._look_after()
            except Exception:  # Else nobody would hear that the watch has ended.
                logging.exception("the watch failed; it goes on")
            await asyncio.sleep(MEASURE_SECONDS)

    def _look_after(self) -> None:
        for writer, pid in list(self.holders.items()):
            if not psutil.pid_exists(pid):
                del self.holders[writer]
                self.place.take_back(writer)
                self._end_if_unused()
        if self.services is not None:
            for service in self.services.all:
                service.measure()
        self.status.shortage = shortage(self.folder.path)
        with contextlib.suppress(OSError):  # A full disk is told by the shortage.
            partial = self.folder.record.with_suffix(".partial")
            partial.write_text(json.dumps(self.status.to_dict(), indent=1), encoding="utf-8")
            partial.replace(self.folder.record)

    # ------------------------------------------------------------- processes

    async def _run_stack(self) -> None:
        """Keep everything running; return when it cannot be started at all."""
        for attempt in range(1, ATTEMPTS + 1):
            self.services = services = Services(self.settings, Ports.choose(), self._reaper.tell)
            self.job = Job(
                services.rest,
                self.folder.checkpoints,
                self.status,
                self.settings.checkpoint_ms,
                services.newest_start,
            )
            self.status.parts = [*(service.part for service in services.all), self.job.part]
            # None of them returns before the end: the first to end brings an error.
            tasks = [asyncio.create_task(self._keep_up(service)) for service in services.all]
            tasks.append(asyncio.create_task(self._keep_job(services, self.job)))
            try:
                await asyncio.gather(*tasks)
            except PortTaken as error:
                logging.warning("attempt %d: %s", attempt, error)
                self.status.reason = str(error)
            except Exception as error:
                if not isinstance(error, StartFailed | JobRefused | Misplaced | OpenToOthers):
                    logging.exception("the supervisor failed")
                self.status.reason = f"{error}"
                break
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        self.status.state = "failed"

    async def _keep_up(self, service: ServiceProcess) -> None:
        """Run ``service``, again whenever it ends, until cancelled.

        Raises
        ------
        PortTaken, StartFailed
            When it has never been ready: trying again would hide the reason.
        """
        part = service.part
        part.state = "starting"
        backoff = 0.1
        while not self.ending.is_set():
            is_greeter = self.services is not None and service is self.services.greeter
            if is_greeter:
                await self.place.stay_away(part)
            code = await service.run()
            if self.ending.is_set():
                return
            if self.place.host is not None and is_greeter:
                continue
            was_ready = service.was_ready
            if not was_ready and service.port_taken:
                raise PortTaken(f"{part.name}: a port was taken before it could be used")
            part.restarts += 1
            if not was_ready and part.restarts >= ATTEMPTS:
                part.state = "failed"
                part.detail = f"ended with exit code {code}"
                raise StartFailed(
                    f"{part.name} ended {ATTEMPTS} times before it was ready (exit code {code}). "
                    f"The end of its log:\n{service.last_lines()}"
                )
            part.state = "restarting"
            part.detail = f"ended with exit code {code}"
            logging.warning("%s ended with exit code %s", part.name, code)
            if self.services is not None and service is self.services.jobmanager:
                # A TaskManager takes the new JobManager for the old one and keeps the slots of a
                # job that is gone: the new job never gets them.
                for taskmanager in self.services.taskmanagers:
                    taskmanager.kill()
            while shortage(self.folder.path):
                part.detail = "waits for room on the disk"
                await asyncio.sleep(MEASURE_SECONDS)
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, LONGEST_BACKOFF_SECONDS) if not was_ready else 0.1

    async def _keep_job(self, services: Services, job: Job) -> None:
        job.part.state = "starting"
        for service in services.all:
            await service.ready.wait()
        if told := await services.not_served():
            raise StartFailed(f"{told[:1].upper()}{told[1:]}")
        await services.prove_owner_only()
        await asyncio.gather(job.keep_running(), self._judge())

    async def _judge(self) -> None:
        """Derive the state of the whole from its parts."""
        while True:
            self._judge_now()
            await asyncio.sleep(0.05)

    def _judge_now(self) -> None:
        ready = all(part.state == "ready" for part in self.status.parts)
        if ready and not self.status.shortage:
            self.status.state = "ready"
        elif self.status.state == "ready":
            self.status.state = "restarting"


async def _live(settings: Settings) -> None:
    await Supervisor(settings).run()
    # At once: a thread of ours may wait for half a minute for the broker that has just been ended,
    # and Python would wait for it.
    logging.shutdown()
    os._exit(0)


def main() -> None:
    """Run the supervisor of the stack that the one argument describes."""
    os.umask(0o077)
    settings = Settings.from_json(sys.argv[1])
    # Each of its connections would fill a page.
    logging.getLogger("kafka").setLevel(logging.ERROR)
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr, level=logging.INFO
    )
    asyncio.run(_live(settings))


if __name__ == "__main__":
    main()
