"""How much memory the heaps take and what they give: ``python bench/memory.py``.

Each row is one choice of heaps: the resident memory of every process after work, and the names a
second that it greets, as a ratio to the largest heaps. Below some size a process spends its time
collecting, and then it no longer lives.
"""

from __future__ import annotations

import os
import random
import statistics

import click
import psutil
from report import report
from traffic import throughput

from workshop.stack import LEAN, STANDARD, Size, Stack, StackError
from workshop.stack.view import Progress

SIZES = {
    "1024 / 1024 / 1024": Size(broker_mb=1024, jobmanager_mb=1024, taskmanager_mb=1024),
    "standard": STANDARD,
    "128 / 128 / 192": Size(broker_mb=128, jobmanager_mb=128, taskmanager_mb=192),
    "lean": LEAN,
    "64 / 64 / 80": Size(broker_mb=64, jobmanager_mb=64, taskmanager_mb=80),
}


def measure(size: Size, names: int, keys: int) -> tuple[float, dict[str, int]]:
    """Return committed names a second, and the resident bytes of each process afterwards."""
    stack = Stack(f"bench-{os.getpid()}", size=size)
    stack.up(progress=Progress())
    try:
        throughput(stack, 5000, 100)  # Warm: classes are loaded and compiled.
        speed = throughput(stack, names, keys)
        parts = stack.status().parts
        if any(part.restarts for part in parts):
            raise SystemExit(f"a process did not live with {size}")
        return speed, {part.name: resident(part.pid) for part in parts if part.pid}
    finally:
        stack.release()


def resident(pid: int) -> int:
    """Resident bytes of a process and its children."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])


@click.command()
@click.option("--names", default=20_000, show_default=True)
@click.option("--keys", default=1000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(names: int, keys: int, rounds: int) -> None:
    """Print the table and write it to build/bench/memory.json."""
    figures: dict[str, list[tuple[float, dict[str, int]]]] = {label: [] for label in SIZES}
    for number in range(rounds):
        for label in random.Random(number).sample(list(SIZES), len(SIZES)):
            try:
                figures[label].append(measure(SIZES[label], names, keys))
            except StackError as error:
                print(f"{label}: {str(error).splitlines()[0]}")
    rows = []
    base = statistics.median(speed for speed, _ in figures[next(iter(SIZES))])
    for label, results in figures.items():
        size = SIZES[label]
        heaps = f"{size.broker_mb} / {size.jobmanager_mb} / {size.taskmanager_mb}"
        if not results:
            rows.append((label, heaps, "it does not start", "", ""))
            continue
        speed = statistics.median(speed for speed, _ in results)
        resident = [statistics.median(m[name] for _, m in results) for name in results[0][1]]
        rows.append(
            (
                label,
                heaps,
                " + ".join(f"{bytes_ / 1e6:.0f}" for bytes_ in resident),
                f"{sum(resident) / 1e6:,.0f} MB",
                f"{speed:,.0f} ({speed / base:.2f}x)",
            )
        )
    report(
        "memory",
        f"{names} visits of {keys} names, median of {rounds}",
        ("size", "heaps, MiB", "resident: broker + JM + TM + greeter, MB", "together", "names/s"),
        rows,
        figures,
    )


if __name__ == "__main__":
    main()
