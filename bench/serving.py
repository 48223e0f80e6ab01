"""How the greeter is served: names a second, committed, with few and with many names, and CPU.

The walkthrough's own way is its function behind four gunicorn processes, on the protobuf that pip
gives the SDK. One engine a server, the same names for each, the order of the servers mixed by
round: ``python bench/serving.py`` compares that with ours, ``--all`` with all that were tried, and
``--engines`` both engines, each with its own greeter: also how they start, wait and what they take.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil
from report import report
from traffic import throughput

from generator.broker import GreetingReader, RequestProducer
from workshop.paths import ROOT
from workshop.stack import LONG_LIVED, STATEFUN_2, STATEFUN_3, Stack
from workshop.stack.front import greeter_command
from workshop.stack.view import Progress

PYTHON = Path(sys.executable)
APPLICATION = "greeter.greeter:app"
# The protobuf that pip gives the SDK, which "make setup" puts beside the one that is used.
PINNED = Path(sys.prefix) / "pinned-protobuf"


def gunicorn(*arguments: str) -> list[str]:
    program = str(PYTHON.with_name("gunicorn"))
    return [program, "-b", "127.0.0.1:{port}", *arguments, APPLICATION]


def granian(*arguments: str) -> list[str]:
    program = str(PYTHON.with_name("granian"))
    place = ("--host", "127.0.0.1", "--port", "{port}", "--interface", "wsgi", "--no-ws")
    return [program, *place, *arguments, APPLICATION]


WALKTHROUGH = "the walkthrough's own"
OURS = "ours"
# The walkthrough's own comes first: the others are given as ratios to it.
SERVERS: dict[str, list[str]] = {
    WALKTHROUGH: ["env", f"PYTHONPATH={ROOT}{os.pathsep}{PINNED}", *gunicorn("-w", "4")],
    OURS: greeter_command(),
    "gunicorn, 4 sync workers": gunicorn("-w", "4"),
    "gunicorn, 1 worker, 8 threads": gunicorn("-w", "1", "--threads", "8"),
    "granian, 1 worker, default number of threads": granian("--workers", "1"),
    "granian, 2 workers, 1 thread each": granian("--workers", "2", "--blocking-threads", "1"),
}


# What --engines compares: a server is its own engine's.
OF_2, OF_3 = "2.2, WSGI", "3.x, ASGI"
ENGINES = {OF_2: STATEFUN_2, OF_3: STATEFUN_3}


@dataclass
class Measured:
    """One run: committed names a second, and CPU seconds for 1,000 names by process."""

    speed: float
    cpu: dict[str, float]


def measure(stack: Stack, names: int, keys: int) -> Measured:
    processes = {part.name: psutil.Process(part.pid) for part in stack.status().parts if part.pid}
    processes["sender and reader"] = psutil.Process()
    before = {name: cpu(process) for name, process in processes.items()}
    speed = throughput(stack, names, keys)
    used = {name: cpu(process) - before[name] for name, process in processes.items()}
    return Measured(speed, {name: seconds / names * 1000 for name, seconds in used.items()})


def one_at_a_time(stack: Stack, greetings: int) -> float:
    """The median of the seconds from a name to its committed greeting."""
    waits = []
    with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as sender:
        for number in range(greetings):
            began = time.monotonic()
            sender.send(f"visitor {number}")
            reader.next()
            waits.append(time.monotonic() - began)
    return statistics.median(waits)


def compare_engines(names: int, keys: tuple[int, ...], rounds: int) -> None:
    """Print the table of both engines and write it to build/bench/engines.json."""
    figures: dict[str, dict[str, list[float]]] = {engine: defaultdict(list) for engine in ENGINES}
    for round_number in range(rounds):
        for engine in random.Random(round_number).sample([*ENGINES], len(ENGINES)):
            found = figures[engine]
            stack = Stack(f"bench-{os.getpid()}", engine=ENGINES[engine])
            began = time.monotonic()
            stack.up(progress=Progress())
            found["ready, s"].append(time.monotonic() - began)
            throughput(stack, 2000, 100)  # Warm: classes are loaded and compiled.
            found["a greeting, s"].append(one_at_a_time(stack, 20))
            for count in keys:
                found[f"names/s, {count} keys"].append(throughput(stack, names, count))
            memory = sum(part.memory or 0 for part in stack.status().parts)
            found["memory, MB"].append(memory / 1e6)
            stack.release()
    median = {e: {k: statistics.median(v) for k, v in its.items()} for e, its in figures.items()}
    rows = [
        (what, *(f"{median[engine][what]:,.2f}" for engine in ENGINES), f"{three / two:.2f}")
        for what, two in median[OF_2].items()
        for three in [median[OF_3][what]]
    ]
    title = f"Both engines in turn, {names} names, median of {rounds}"
    report("engines", title, ("", *ENGINES, "ratio"), rows, figures)


def cpu(process: psutil.Process) -> float:
    # Not the children of this process: the stack is among them.
    own = process.pid == os.getpid()
    family = [process, *([] if own else process.children(recursive=True))]
    return sum(sum(member.cpu_times()[:2]) for member in family)


@click.command()
@click.option("--names", default=20_000, show_default=True)
@click.option("--keys", default=[10, 1000, 20_000], multiple=True, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--all", "every", is_flag=True, help="Every server, not only the two.")
@click.option("--both-compilers", is_flag=True, help="Java's second compiler too.")
@click.option("--engines", is_flag=True, help="The engine of 2.2 and that of 3.x instead.")
def main(
    names: int,
    keys: tuple[int, ...],
    rounds: int,
    every: bool,
    both_compilers: bool,
    engines: bool,
) -> None:
    """Print the table and write it to build/bench/serving.json."""
    if engines:
        compare_engines(names, keys, rounds)
        return
    chosen = list(SERVERS) if every else [WALKTHROUGH, OURS]
    figures: dict[str, dict[int, list[Measured]]] = {
        server: {count: [] for count in keys} for server in chosen
    }
    for round_number in range(rounds):
        order = random.Random(round_number).sample(chosen, len(chosen))
        for server in order:
            size = LONG_LIVED if both_compilers else None
            stack = Stack(f"bench-{os.getpid()}", serve=SERVERS[server], size=size)
            stack.up(progress=Progress())
            throughput(stack, 2000, 100)  # Warm: classes are loaded and compiled.
            for count in keys:
                figures[server][count].append(measure(stack, names, count))
            stack.release()

    def speed(server: str, count: int) -> float:
        return statistics.median(one.speed for one in figures[server][count])

    def used(server: str, count: int, process: str) -> float:
        return statistics.median(one.cpu[process] for one in figures[server][count])

    def compared(server: str, count: int) -> str:
        first = chosen[0]
        faster = speed(server, count) / speed(first, count)
        cheaper = used(first, count, "greeter") / used(server, count, "greeter")
        return (
            f"{speed(server, count):,.0f} ({faster:.2f}x), "
            f"{used(server, count, 'greeter'):.3f} s ({cheaper:.1f}x)"
        )

    columns = [f"{count} keys" for count in keys]
    report(
        "serving",
        f"{names} names, median of {rounds}: names/s, CPU seconds of the greeter per 1,000 names",
        ("server", *columns),
        [(server, *(compared(server, count) for count in keys)) for server in chosen],
        {s: {c: [asdict(one) for one in figures[s][c]] for c in keys} for s in chosen},
    )
    processes = list(figures[chosen[0]][keys[0]][0].cpu)
    rows = [
        (server, process, *(f"{used(server, count, process):.3f}" for count in keys))
        for server in chosen
        for process in processes
    ]
    report("serving-cpu", "CPU seconds per 1,000 names", ("server", "process", *columns), rows, {})


if __name__ == "__main__":
    main()
