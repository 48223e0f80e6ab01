"""From ``up`` to the first committed greeting, against the same four processes started bare.

Bare means: the same commands, all at once, each next step taken the moment it can be, and nobody
who restarts, logs or cleans up. It is the floor: ``python bench/first_greeting.py``. A third
start in each round lets other users of the machine in: what it saves is the price of the guard.
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
import requests
from report import report

from generator.broker import GreetingReader, RequestProducer
from workshop.children import environment
from workshop.stack import Stack, kafka
from workshop.stack.folders import RunFolder
from workshop.stack.owner import SWITCH
from workshop.stack.services import Ports, Services
from workshop.stack.view import Progress

NAME = f"bench-{os.getpid()}"


def bare() -> float:
    """Start the processes, send a name as early as possible, wait for its greeting."""
    folder = RunFolder.of(NAME)
    folder.make()
    settings = Stack(NAME).settings(fresh=True)
    processes: list[subprocess.Popen[bytes]] = []

    def start(
        command: list[str], log: str, own: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (folder.logs / log).open("wb") as output:
            process = subprocess.Popen(
                command,
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
            kafka.make_topics(services.bootstrap, {"names": {}, "greetings": {}}, partitions=1)

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
        return time.monotonic() - began
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


def supervised() -> tuple[float, dict[str, int]]:
    """Bring the stack up and greet; return the seconds and the resident bytes by process."""
    stack = Stack(NAME)
    began = time.monotonic()
    stack.up(progress=Progress())
    stack.greet("Ada")
    took = time.monotonic() - began
    time.sleep(2)  # The supervisor measures once a second.
    memory = {part.name: part.memory or 0 for part in stack.status().parts if part.pid}
    stack.release()
    return took, memory


@click.command()
@click.option("--rounds", default=5, show_default=True)
def main(rounds: int) -> None:
    """Print the table and write it to build/bench/first_greeting.json."""
    bare()  # Warm: what follows finds the jars in the system's file cache.
    floors, ours, opened, memories = [], [], [], []
    for _ in range(rounds):
        floors.append(bare())
        seconds, memory = supervised()
        ours.append(seconds)
        memories.append(memory)
        os.environ[SWITCH] = "1"
        opened.append(supervised()[0])
        del os.environ[SWITCH]  # The floor has the guard, too.
    price = statistics.median(a - b for a, b in zip(ours, opened, strict=True))
    ratio = statistics.median(a / b for a, b in zip(ours, floors, strict=True))
    rows = []
    for name, values in (
        ("four bare processes", floors),
        ("up, then greet", ours),
        (f"the same with {SWITCH}=1", opened),
    ):
        shown = (min(values), statistics.median(values), max(values))
        rows.append((name, *(f"{value:.1f}" for value in shown)))
    rows.append(("ratio, pair by pair", "", f"{ratio:.2f}", ""))
    rows.append(("price of the guard, pair by pair", "", f"{price:.1f}", ""))
    resident = {
        name: statistics.median(memory[name] for memory in memories) for name in memories[0]
    }
    resident["all"] = sum(resident.values())
    rows += [
        (f"resident: {name}", "", f"{size / 1e6:.0f} MB", "") for name, size in resident.items()
    ]
    report(
        "first_greeting",
        f"Seconds to the first committed greeting, {rounds} rounds in turn",
        ("", "min", "median", "max"),
        rows,
        {"bare": floors, "up": ours, "open": opened, "resident": resident},
    )


if __name__ == "__main__":
    main()
