"""How the greeter is served: names a second, committed, with few and with many names, and CPU.

The walkthrough's own way is its function behind four gunicorn processes, on the protobuf that pip
gives the SDK. One engine a server, the same names for each, the order of the servers mixed by
round: ``python bench/serving.py`` compares that with ours, ``--all`` with all that were tried.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
from pathlib import Path

import click
import psutil
from report import report
from traffic import throughput

from workshop.stack import Stack
from workshop.stack.embedded import ROOT
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
    OURS: list(Stack("any").serve),
    "gunicorn, 4 sync workers": gunicorn("-w", "4"),
    "gunicorn, 1 worker, 8 threads": gunicorn("-w", "1", "--threads", "8"),
    "granian, 1 worker, its default of threads": granian("--workers", "1"),
    "granian, 2 workers, 1 thread each": granian("--workers", "2", "--blocking-threads", "1"),
}


def measure(stack: Stack, names: int, keys: int) -> tuple[float, float]:
    """Return committed names a second, and the greeter's CPU seconds for 1,000 names."""
    greeter = psutil.Process(stack.status().part("greeter").pid)
    before = cpu(greeter)
    speed = throughput(stack, names, keys)
    return speed, (cpu(greeter) - before) / names * 1000


def cpu(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family)


@click.command()
@click.option("--names", default=20_000, show_default=True)
@click.option("--keys", default=[10, 1000, 20_000], multiple=True, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--all", "every", is_flag=True, help="Every server, not only the two.")
def main(names: int, keys: tuple[int, ...], rounds: int, every: bool) -> None:
    """Print the table and write it to build/bench/serving.json."""
    chosen = list(SERVERS) if every else [WALKTHROUGH, OURS]
    figures: dict[str, dict[int, list[tuple[float, float]]]] = {
        server: {count: [] for count in keys} for server in chosen
    }
    for round_number in range(rounds):
        order = random.Random(round_number).sample(chosen, len(chosen))
        for server in order:
            stack = Stack(f"bench-{os.getpid()}", serve=SERVERS[server])
            stack.up(progress=Progress())
            throughput(stack, 2000, 100)  # Warm: classes are loaded and compiled.
            for count in keys:
                figures[server][count].append(measure(stack, names, count))
            stack.release()
    base = {count: statistics.median(f for f, _ in figures[chosen[0]][count]) for count in keys}
    cost = {count: statistics.median(c for _, c in figures[chosen[0]][count]) for count in keys}
    rows = []
    for server in chosen:
        cells = []
        for count in keys:
            speed = statistics.median(f for f, _ in figures[server][count])
            used = statistics.median(c for _, c in figures[server][count])
            cells.append(
                f"{speed:,.0f} ({speed / base[count]:.2f}x), "
                f"{used:.3f} s ({cost[count] / used:.1f}x)"
            )
        rows.append((server, *cells))
    report(
        "serving",
        f"{names} names, median of {rounds}: names/s, CPU seconds of the greeter per 1,000 names",
        ("server", *(f"{count} keys" for count in keys)),
        rows,
        figures,
    )


if __name__ == "__main__":
    main()
