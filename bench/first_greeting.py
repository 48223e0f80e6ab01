"""From ``up`` to the first committed greeting, against the same four processes started bare.

Bare means: the same commands, all at once, each next step taken the moment it can be, and nobody
who restarts, logs or cleans up. It is the floor: ``python bench/first_greeting.py``. Two more
starts in each round show what keeping others out costs, since one lets other users of the machine
in, and what class archives save, since one is bare and without them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import click
import psutil
import requests
from report import report

from generator.broker import GreetingReader, RequestProducer
from workshop.children import environment
from workshop.stack import Stack, topics
from workshop.stack.folders import RunFolder
from workshop.stack.java import kafka
from workshop.stack.local.backend import LocalBackend
from workshop.stack.local.owner import SWITCH
from workshop.stack.local.services import Ports, Services
from workshop.stack.view import Progress

NAME = f"bench-{os.getpid()}"


def used() -> float:
    """The CPU seconds that this process and all it started have used."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(member.cpu_times()[:4]) for member in family)


def bare(archives: bool = True) -> tuple[float, float]:
    """Start the processes, send a name as early as possible, wait for its greeting.

    Returns
    -------
    tuple of float
        Seconds on the clock, and CPU seconds of all processes.
    """
    folder = RunFolder.of(NAME)
    folder.make()
    backend = Stack(NAME).backend
    assert isinstance(backend, LocalBackend)
    settings = backend.settings(fresh=True)
    processes: list[subprocess.Popen[bytes]] = []
    before = used()

    def start(
        command: list[str], log: str, own: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (folder.logs / log).open("wb") as output:
            process = subprocess.Popen(
                [one for one in command if archives or not one.startswith("-XX:SharedArchiveFile")],
                cwd=folder.path,
                env=own or environment(folder.tmp),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        processes.append(process)
        return process

    began = time.monotonic()
    try:
        services = Services(settings, Ports.choose(), lambda _: None)
        for service in (services.jobmanager, *services.taskmanagers, services.greeter):
            start(service.command(), service.part.name, service.environment)

        def broker() -> None:
            start(kafka.format_command(folder), "format").wait()
            start(services.broker.command(), "broker")
            until(lambda: socket.create_connection(("127.0.0.1", services.ports.broker)).close())
            topics.make_topics(services.bootstrap, {"names": {}, "greetings": {}}, partitions=1)

        with ThreadPoolExecutor() as pool:
            broker_ready = pool.submit(broker)
            until(lambda: requests.get(f"{services.rest.url}/overview", timeout=5).json())
            broker_ready.result()
        services.rest.submit(None, settings.size.parallelism)
        with (
            GreetingReader(services.bootstrap) as reader,
            RequestProducer(services.bootstrap) as sender,
        ):
            sender.send("Ada")
            reader.next(120)
        return time.monotonic() - began, used() - before
    finally:
        for process in processes:
            # The whole group: the greeter's worker would outlive it. One has ended by itself.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(folder.path)


def until(attempt: Callable[[], object]) -> None:
    """Try until it works."""
    while True:
        with contextlib.suppress(OSError, requests.RequestException):
            attempt()
            return
        time.sleep(0.02)


def supervised() -> tuple[float, float, dict[str, int]]:
    """Bring the stack up and greet; return the two figures and the resident bytes by process."""
    stack = Stack(NAME)
    began, before = time.monotonic(), used()
    stack.up(progress=Progress())
    stack.greet("Ada")
    took, cpu = time.monotonic() - began, used() - before
    time.sleep(2)  # The supervisor measures once a second.
    memory = {part.name: part.memory or 0 for part in stack.status().parts if part.pid}
    stack.release()
    return took, cpu, memory


@click.command()
@click.option("--rounds", default=5, show_default=True)
def main(rounds: int) -> None:
    """Print the table and write it to build/bench/first_greeting.json."""
    bare()  # Warm: what follows finds the jars in the system's file cache.
    kinds = ("four bare processes", "up, then greet", f"the same with {SWITCH}=1")
    slow = "bare, without class archives"
    seconds: dict[str, list[float]] = {kind: [] for kind in (*kinds, slow)}
    cpu: dict[str, list[float]] = {kind: [] for kind in (*kinds, slow)}
    memories = []
    for _ in range(rounds):
        figures = {kinds[0]: bare()}
        took, used_by_it, memory = supervised()
        figures[kinds[1]] = (took, used_by_it)
        memories.append(memory)
        os.environ[SWITCH] = "1"
        figures[kinds[2]] = supervised()[:2]
        del os.environ[SWITCH]  # The floor keeps others out, too.
        figures[slow] = bare(archives=False)
        for kind, (took, used_by_it) in figures.items():
            seconds[kind].append(took)
            cpu[kind].append(used_by_it)

    def ratio(one: str, other: str, of: dict[str, list[float]]) -> str:
        return f"{statistics.median(a / b for a, b in zip(of[one], of[other], strict=True)):.2f}"

    rows = [
        (
            kind,
            *(f"{value:.1f}" for value in (min(took), statistics.median(took), max(took))),
            f"{statistics.median(cpu[kind]):.1f}",
        )
        for kind, took in seconds.items()
    ]
    for one, other in ((kinds[1], kinds[0]), (kinds[1], kinds[2]), (kinds[0], slow)):
        both = ratio(one, other, seconds), ratio(one, other, cpu)
        rows.append((f"{one}: {other}", "", both[0], "", both[1]))
    resident = {
        name: statistics.median(memory[name] for memory in memories) for name in memories[0]
    }
    resident["all"] = sum(resident.values())
    rows += [
        (f"resident: {name}", "", f"{size / 1e6:.0f} MB", "", "") for name, size in resident.items()
    ]
    report(
        "first_greeting",
        f"Seconds to the first committed greeting, {rounds} rounds in turn; ratios pair by pair",
        ("", "min", "median", "max", "CPU"),
        rows,
        {"seconds": seconds, "cpu": cpu, "resident": resident},
    )


if __name__ == "__main__":
    main()
