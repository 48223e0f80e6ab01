"""The engine in a container: the entry point of the image, for ``ROLE=master`` and ``ROLE=worker``.

The settings, the Java options and the care for the job are those of the embedded stack. What
differs is how the processes communicate: they find each other by the names of their services, and
listen on the containers' network. Beside ``ROLE`` and ``MASTER_HOST``, as the public image has
them, these variables are read: ``CHECKPOINT_MS``, and each number of a ``Size`` by its name in
capitals, such as ``SLOTS`` or ``TASKMANAGER_MB``. With ``GREETER_KEY``, which the process that
serves the functions has too, the engine proves with each call that it may call them. ``ENGINE`` is
the image's own: it says which engine is in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import sys
import uuid
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from greeter.key import VARIABLE
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import RunFolder
from workshop.stack.java import flink
from workshop.stack.java.archives import link_products
from workshop.stack.java.engine import ENGINES, STATEFUN_2, Engine, version_of
from workshop.stack.java.jars import link_jars
from workshop.stack.job.job import Job
from workshop.stack.job.workers import Workers
from workshop.stack.module import ingress_addresses, render
from workshop.stack.size import CHECKPOINT_INTERVAL_MS, Size
from workshop.stack.status import Status
from workshop.stack.topics import NOT_YET, make_topics, topics_of

ROOT = Path("/opt/statefun")
MODULES = ROOT / "modules"
LIB = "/opt/flink/lib/*"
RPC_PORT = 6123
REST_PORT = 8081
STOP_SECONDS = 8


class EngineFolder(RunFolder):
    """The folders of one container; what must outlive it lies in a volume that all share."""

    @property
    def kept(self) -> Path:
        """The volume."""
        return self.path / "kept"

    @property
    def incarnation(self) -> Path:
        """A file that the master writes again at each of its starts."""
        return self.kept / "master"

    @property
    def checkpoints(self) -> Path:
        """See :class:`RunFolder`."""
        return RunFolder(self.kept).checkpoints

    @property
    def skipped(self) -> Path:
        """See :class:`RunFolder`."""
        return RunFolder(self.kept).skipped


def main() -> None:
    """Run the JobManager, or a TaskManager, until it ends."""
    role, master = os.environ.get("ROLE"), os.environ.get("MASTER_HOST", "master")
    folder, size = EngineFolder(ROOT), size_of(os.environ)
    engine = ENGINES[os.environ.get("ENGINE", "2")]
    if role not in ("master", "worker"):
        sys.exit(f"ROLE is {role!r}: set it to master or to worker.")
    modules = sorted(path.parent for path in MODULES.glob("*/module.yaml"))
    if not modules:
        sys.exit(f"There is no module: add a module.yaml to a folder in {MODULES}.")
    shutil.rmtree(folder.tmp, ignore_errors=True)
    for one in (folder.conf, folder.tmp, folder.checkpoints, folder.jars):
        one.mkdir(parents=True, exist_ok=True)
    if role == "master":
        must_be_of(engine, folder)
    link_jars(folder)
    link_products(folder)
    os.chdir(folder.path)
    flink.write_config(folder, settings(folder, master, size, engine))
    # A container that was replaced has another address, and nobody answers at the old one: Java
    # would wait there for ten seconds, so it must not remember it for even one.
    (folder.conf / "dns.security").write_text(
        "networkaddress.cache.ttl=0\nnetworkaddress.cache.negative.ttl=0\n", encoding="utf-8"
    )
    if key := os.environ.get(VARIABLE):
        modules = with_key(modules, key, folder)
    on_class_path = os.pathsep.join([*map(str, modules), LIB])
    options = [f"-Djava.security.properties={folder.conf / 'dns.security'}"]
    if role == "worker":
        command = flink.taskmanager_command(folder, size, on_class_path, options, engine)
        sys.exit(asyncio.run(_worker(command, folder)))
    command = flink.jobmanager_command(folder, size, on_class_path, options, engine)
    sys.exit(asyncio.run(_master(command, folder, size, [one / "module.yaml" for one in modules])))


def with_key(modules: list[Path], key: str, folder: EngineFolder) -> list[Path]:
    """Return folders with the same modules, in which each endpoint's address ends in the key."""
    if not re.fullmatch("[A-Za-z0-9_-]+", key):
        sys.exit(
            f"{VARIABLE} holds something else than letters, digits, '-' and '_', maybe the end of "
            "a line: make another one, such as openssl rand -hex 16 prints."
        )
    made = [folder.conf / "keyed" / module.name for module in modules]
    for module, copy in zip(modules, made, strict=True):
        copy.mkdir(parents=True, exist_ok=True)
        file = copy / "module.yaml"
        file.touch(mode=0o600)
        file.write_text(render(module / "module.yaml", key=key), encoding="utf-8")
    return made


def must_be_of(engine: Engine, folder: EngineFolder) -> None:
    """End unless what the volume keeps is of this engine; mark it as such if it is empty."""
    kept = RunFolder(folder.kept)
    if not kept.engine.exists() and not any(kept.checkpoints.iterdir()):
        kept.engine.write_text(engine.version, encoding="utf-8")
    if (version := version_of(kept)) != engine.version:
        sys.exit(
            f"The volume holds what StateFun {version} remembers, and {engine} cannot read that: "
            "start the other one, or delete it with: docker compose down --volumes"
        )


def size_of(environment: Any) -> Size:
    """Return the size that the variables of a container specify."""
    told: dict[str, Any] = {
        field.name: int(value) == 1 if isinstance(field.default, bool) else int(value)
        for field in fields(Size)
        if (value := environment.get(field.name.upper()))
    }
    return Size(**told)


def checkpoint_ms() -> int:
    """Return how often a checkpoint is taken, in milliseconds."""
    return int(os.environ.get("CHECKPOINT_MS") or CHECKPOINT_INTERVAL_MS)


def settings(
    folder: RunFolder, master: str, size: Size, engine: Engine = STATEFUN_2
) -> dict[str, Any]:
    """Return what ``flink-conf.yaml`` says in a container: the embedded stack's, but for addresses.

    Parameters
    ----------
    master
        The host name of the container with the JobManager.
    """
    return {
        **flink.settings(folder, RPC_PORT, REST_PORT, checkpoint_ms(), size, engine),
        "jobmanager.rpc.address": master,
        "rest.address": master,
        # A name of its own has no worker: there may be several of them in one service.
        "taskmanager.host": socket.gethostbyname(socket.gethostname()),
        **dict.fromkeys(
            ("jobmanager.bind-host", "rest.bind-address", "taskmanager.bind-host"), "0.0.0.0"
        ),
        # Its own page needs no leave, and no other page gets it.
        "web.access-control-allow-origin": f"http://{master}:{REST_PORT}",
    }


def _stop_asked() -> tuple[asyncio.Event, asyncio.Task[Any]]:
    """An event that is set when the container should stop, and a task that waits for it."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop, asyncio.create_task(stop.wait())


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()


async def _worker(command: list[str], folder: EngineFolder) -> int:
    """Run a TaskManager, and a new one for each new JobManager; return the exit code.

    What a TaskManager still holds of a job run by its previous JobManager gets in the way of the
    same job on the next one.
    """
    stop, stopped = _stop_asked()
    while True:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
        ended = asyncio.create_task(process.wait())
        another = asyncio.create_task(_another_master(folder.incarnation))
        await asyncio.wait([ended, another, stopped], return_when=asyncio.FIRST_COMPLETED)
        another.cancel()
        if ended.done() and not stop.is_set():
            return 1
        await _end(process)
        if stop.is_set():
            return 0
        print("There is a new master: the TaskManager restarts.", flush=True)


async def _another_master(incarnation: Path) -> None:
    """Return when the master has been started again."""

    def told() -> str:
        return incarnation.read_text(encoding="utf-8") if incarnation.exists() else ""

    before = told()
    while told() == before:
        await asyncio.sleep(0.5)


async def _master(command: list[str], folder: EngineFolder, size: Size, modules: list[Path]) -> int:
    """Run the JobManager and look after the job; return the exit code."""
    stop, stopped = _stop_asked()
    # The JobManager answers when the topics are there: its health tells both.
    topics = asyncio.create_task(_make_topics(modules, size.partitions))
    await asyncio.wait([topics, stopped], return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        topics.cancel()
        return 0
    topics.result()
    folder.incarnation.write_text(uuid.uuid4().hex, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    ended = asyncio.create_task(process.wait())
    job = asyncio.create_task(_keep_job(folder, size))
    await asyncio.wait([ended, job, stopped], return_when=asyncio.FIRST_COMPLETED)
    await _end(process)
    if job.done():
        job.result()  # The job was refused: say why.
    job.cancel()
    return 0 if stop.is_set() else 1


async def _make_topics(modules: list[Path], partitions: int) -> None:
    """Make the topics of the module definitions, as soon as the broker answers."""
    for module in modules:
        topics = topics_of(module, os.environ.get("TOPICS", "").split())
        for address in ingress_addresses(module):
            while True:
                try:
                    await asyncio.to_thread(make_topics, address, topics, partitions)
                    break
                except NOT_YET as error:
                    print(error, "Trying again.", flush=True)
                    await asyncio.sleep(1)


async def _keep_job(folder: EngineFolder, size: Size) -> None:
    rest = FlinkRest(f"http://127.0.0.1:{REST_PORT}")
    status = Status("containers", str(folder.kept), size=size)
    workers = Workers(rest)
    status.size = replace(size, taskmanagers=await workers.first(size.slots))
    job = Job(rest, folder.checkpoints, status, checkpoint_ms())
    await asyncio.gather(job.keep_running(), workers.follow(status, job), _tell(job))


async def _tell(job: Job) -> None:
    """Print what else happens to the job."""
    told = ""
    while True:
        now = f"The job is {job.part.state}: {job.part.detail}"
        if now != told:
            print(now, flush=True)
            told = now
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    main()
