"""The processes of the embedded stack: what each runs, and how to tell that it is ready.

It is long: each of them is described here, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import requests

from greeter.key import VARIABLE
from workshop.children import environment
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import RunFolder
from workshop.stack.java import flink, kafka
from workshop.stack.java.archives import link_products
from workshop.stack.java.engine import engine_of
from workshop.stack.java.jars import link_jars
from workshop.stack.local import owner
from workshop.stack.local.process import ServiceProcess
from workshop.stack.local.served import not_served
from workshop.stack.module import render
from workshop.stack.size import Size

PROBE_SECONDS = 0.05
STOP_SECONDS = 10.0
"""How long the broker may take to shut down cleanly."""


@dataclass(frozen=True)
class Settings:
    """What a stack is made of.

    Attributes
    ----------
    folder
        The run folder.
    module
        The ``module.yaml`` to run.
    serve
        The command that serves its functions; ``{port}`` in it stands for the port.
    python_path
        Where that command imports from.
    topics
        Those to be made beside the ones that the ingresses read.
    checkpoint_ms
        How often the engine takes a checkpoint, in milliseconds.
    size
        How many processes and partitions, and how much memory.
    fresh
        Whether the folder was made for this run: then it is deleted with the stack, unless somebody
        stops the stack, or keeps it.
    engine
        The version of the engine.
    """

    folder: str
    module: str
    serve: list[str]
    python_path: str
    topics: list[str]
    checkpoint_ms: int
    size: Size
    fresh: bool
    engine: str

    def to_json(self) -> str:
        """Return the settings as one argument of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Read what :meth:`to_json` wrote."""
        data = json.loads(text)
        return cls(**{**data, "size": Size.from_dict(data["size"])})


@dataclass(frozen=True)
class Ports:
    """The ports of one stack, all on 127.0.0.1."""

    broker: int
    controller: int
    rpc: int
    rest: int
    greeter: int

    @classmethod
    def choose(cls) -> Ports:
        """Let the system choose free ports."""
        with contextlib.ExitStack() as stack:
            # All are open at once, so that none is given twice.
            sockets = [stack.enter_context(socket.socket()) for _ in range(5)]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            return cls(*(one.getsockname()[1] for one in sockets))


class Services:
    """The processes of one stack, on one choice of ports.

    Parameters
    ----------
    settings
        What to run.
    ports
        Where.
    reaper
        See :class:`workshop.stack.local.process.ServiceProcess`.
    """

    def __init__(self, settings: Settings, ports: Ports, reaper: Callable[[int], None]) -> None:
        self.folder = folder = RunFolder(Path(settings.folder))
        self.settings = settings
        self.ports = ports
        self.engine = engine = engine_of(settings.engine)
        folder.engine.write_text(engine.version, encoding="utf-8")
        self.bootstrap = f"127.0.0.1:{ports.broker}"
        self.functions = f"127.0.0.1:{ports.greeter}"
        self.rest = FlinkRest(f"http://127.0.0.1:{ports.rest}")
        kafka.write_config(folder, ports.broker, ports.controller)
        self.owner_only = owner.keeps_others_out()
        only_owner = owner.options() if self.owner_only else []
        size = settings.size
        groups = flink.key_groups_of(folder, size)
        conf = flink.settings(
            folder, ports.rpc, ports.rest, settings.checkpoint_ms, size, engine, groups
        )
        flink.write_config(folder, conf)
        # Of this start alone: who came to know the one of an earlier start is refused.
        key = secrets.token_urlsafe(16)
        module = render(Path(settings.module), self.bootstrap, self.functions, key)
        (folder.conf / "module.yaml").write_text(module, encoding="utf-8")

        link_jars(folder)
        link_products(folder)
        inherited = environment(folder.tmp)

        def service(name: str, address: str, **what: Any) -> ServiceProcess:
            what = {"environment": inherited, **what}
            log = folder.logs / f"{name}.log"
            made = ServiceProcess(name, log=log, reaper=reaper, folder=folder.path, **what)
            made.part.address = address
            return made

        self.broker = service(
            "broker",
            self.bootstrap,
            command=lambda: kafka.command(folder, size, only_owner),
            prepare=self._format_broker,
            probe=self._broker_ready,
        )
        more: dict[str, Any] = {"options": only_owner, "engine": engine}
        self.jobmanager = service(
            "jobmanager",
            self.rest.url,
            command=lambda: flink.jobmanager_command(folder, size, **more),
            probe=self._jobmanager_ready,
        )
        self.taskmanagers = [
            service(
                name,
                "",
                command=lambda: flink.taskmanager_command(folder, size, **more),
                probe=partial(self._taskmanager_ready, name),
            )
            for name in taskmanager_names(size)
        ]
        path = [*engine.python_path, settings.python_path]
        self.greeter = service(
            "greeter",
            f"http://{self.functions}/statefun",
            command=self._greeter_command,
            probe=self._greeter_ready,
            environment={**inherited, "PYTHONPATH": os.pathsep.join(path), VARIABLE: key},
        )
        self.all = [self.broker, self.jobmanager, *self.taskmanagers, self.greeter]

    def newest_start(self) -> float:
        """When the newest process that a checkpoint needs was started, in seconds since 1970."""
        return max(one.began for one in self.all if one is not self.greeter)

    def _greeter_command(self) -> list[str]:
        return [part.replace("{port}", f"{self.ports.greeter}") for part in self.settings.serve]

    async def _format_broker(self) -> None:
        if (self.folder.broker / "meta.properties").exists():
            return
        # Formatting starts a Java process and gives the same few files each time: they are kept.
        formatted = kafka.formatted_folder()
        if os.access(formatted, os.R_OK | os.X_OK):
            shutil.copytree(formatted, self.folder.broker, dirs_exist_ok=True)
        else:
            await self._format_and_keep(formatted)

    async def _format_and_keep(self, formatted: Path) -> None:
        process = await asyncio.create_subprocess_exec(
            *kafka.format_command(self.folder),
            cwd=self.folder.path,
            env=environment(self.folder.tmp),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode:
            raise RuntimeError(f"the broker's folder could not be formatted:\n{output.decode()}")
        # A cache that cannot be written to, or another stack that was faster, is no failure.
        with contextlib.suppress(OSError):
            formatted.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=formatted.parent) as scratch:
                Path(shutil.copytree(self.folder.broker, f"{scratch}/copy")).rename(formatted)

    async def _broker_ready(self) -> None:
        topics = await asyncio.to_thread(import_module, "workshop.stack.topics")
        await _until_listening(self.ports.broker)
        wanted = topics.topics_of(Path(self.settings.module), self.settings.topics)
        partitions = self.settings.size.partitions
        while True:
            try:
                await asyncio.to_thread(topics.make_topics, self.bootstrap, wanted, partitions)
                return
            except topics.NOT_YET:
                await asyncio.sleep(PROBE_SECONDS)

    async def _jobmanager_ready(self) -> None:
        await _until_answered(self.ports.rest, "/overview")

    async def _taskmanager_ready(self, name: str) -> None:
        process = next(one for one in self.taskmanagers if one.part.name == name)
        # The JobManager's own list keeps a dead TaskManager until its heartbeats time out.
        while "Successful registration at resource manager" not in process.tail:
            await asyncio.sleep(PROBE_SECONDS)

    async def end(self, broker_is_wanted: bool) -> None:
        """End everything; afterwards the ports are free.

        The engine needs no clean shutdown: the next start continues from its newest checkpoint. A
        broker that the next start needs has data to write first.
        """
        for service in self.all:
            if service is not self.broker:
                service.kill()
        if broker_is_wanted:
            await self.broker.stop(STOP_SECONDS)
        self.broker.kill()
        await asyncio.gather(*(service.gone() for service in self.all))

    async def prove_owner_only(self) -> None:
        """Return once every Java process has refused the connections that it must refuse.

        Raises
        ------
        OpenToOthers
            When one does not.
        """
        if self.owner_only:
            ports = self.ports
            for port in (ports.broker, ports.controller, ports.rpc, ports.rest):
                await asyncio.to_thread(owner.prove, port)

    async def _greeter_ready(self) -> None:
        await _until_answered(self.ports.greeter, "/health")
        # At its first start that makes the stack fail: see the supervisor.
        while self.greeter.was_ready and (told := await self.not_served()):
            self.greeter.part.detail = told
            await asyncio.sleep(PROBE_SECONDS)

    async def not_served(self) -> str:
        """Say which function the engine would call in vain, if it would do so without a word."""
        module = self.folder.conf / "module.yaml"
        return await asyncio.to_thread(not_served, module) if self.engine.repeats_404 else ""


def taskmanager_names(size: Size) -> list[str]:
    """The first is ``taskmanager``; there are more only where they are asked for."""
    return ["taskmanager", *(f"taskmanager-{n}" for n in range(2, size.taskmanagers + 1))]


async def _until_listening(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            await asyncio.sleep(PROBE_SECONDS)


async def _until_answered(port: int, path: str) -> None:
    # To ask by HTTP costs a hundred times as much as to see that nobody listens yet.
    await _until_listening(port)
    while True:
        with contextlib.suppress(requests.RequestException):
            await asyncio.to_thread(requests.get, f"http://127.0.0.1:{port}{path}", timeout=5)
            return
        await asyncio.sleep(PROBE_SECONDS)
