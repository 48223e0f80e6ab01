"""From ``up`` to the first committed greeting, against the same four processes started bare.

Bare means: the same commands, all at once, each next step taken the moment it can be, and nobody
who restarts, logs or cleans up. It is the floor: ``python bench/first_greeting.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import requests
from rich.console import Console
from rich.table import Table

from generator.broker import GreetingReader, RequestProducer
from workshop.stack import Stack, kafka
from workshop.stack.folders import RunFolder
from workshop.stack.services import Ports, Services
from workshop.stack.view import Progress

NAME = f"bench-{os.getpid()}"


def bare() -> float:
    """Start the processes, send a name as early as possible, wait for its greeting."""
    folder = RunFolder.of(NAME)
    folder.make()
    settings = Stack(NAME).settings(fresh=True)
    processes: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (folder.logs / log).open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        processes.append(process)
        return process

    began = time.monotonic()
    try:
        services = Services(settings, Ports.choose(), lambda _: None)
        for service in (services.jobmanager, services.taskmanager, services.greeter):
            start(service.command(), service.part.name)

        def broker() -> None:
            start(kafka.format_command(folder), "format").wait()
            start(services.broker.command(), "broker")
            until(lambda: socket.create_connection(("127.0.0.1", services.ports.broker)).close())
            kafka.make_topics(services.bootstrap, {"names", "greetings"})

        with ThreadPoolExecutor() as pool:
            broker_ready = pool.submit(broker)
            until(lambda: requests.get(f"{services.rest.url}/overview", timeout=5).json())
            broker_ready.result()
        services.rest.submit(None)
        with (
            GreetingReader(services.bootstrap) as reader,
            RequestProducer(services.bootstrap) as sender,
        ):
            sender.send("Ada")
            reader.next(120)
        return time.monotonic() - began
    finally:
        for process in processes:
            process.kill()
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
    floors, ours, memories = [], [], []
    for _ in range(rounds):
        floors.append(bare())
        seconds, memory = supervised()
        ours.append(seconds)
        memories.append(memory)
    ratio = statistics.median(a / b for a, b in zip(ours, floors, strict=True))
    table = Table(title=f"Seconds to the first committed greeting, {rounds} rounds in turn")
    for column in ("", "min", "median", "max"):
        table.add_column(column)
    for name, values in (("four bare processes", floors), ("up, then greet", ours)):
        figures = (min(values), statistics.median(values), max(values))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    table.add_row("ratio, pair by pair", "", f"{ratio:.2f}", "")
    resident = {
        name: statistics.median(memory[name] for memory in memories) for name in memories[0]
    }
    for name, size in resident.items():
        table.add_row(f"resident: {name}", "", f"{size / 1e6:.0f} MB", "")
    table.add_row("resident: all", "", f"{sum(resident.values()) / 1e6:.0f} MB", "")
    Console().print(table)
    output = Path("build/bench/first_greeting.json")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"bare": floors, "up": ours, "resident": resident}, indent=1))


if __name__ == "__main__":
    main()
