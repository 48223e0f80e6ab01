"""What a stack costs as its work grows: ``python bench/growth.py``.

Two tables. The first grows the number of names that the greeter remembers, on one engine: how fast
new names are greeted, how fast known ones picked at random, how large a checkpoint is and how long
it takes, and what the TaskManager holds in memory. The second spreads the same work over more
partitions, slots and TaskManagers.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
from dataclasses import replace
from typing import Any

import click
import psutil
from report import report
from traffic import stream

from workshop.stack import LONG_LIVED, Size, Stack
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.view import Progress

# Partitions and slots grow together, then the slots move to a process of their own.
LAYOUTS = [
    replace(LONG_LIVED, partitions=1),
    replace(LONG_LIVED, partitions=2, slots=2),
    replace(LONG_LIVED, partitions=4, slots=4),
    replace(LONG_LIVED, partitions=2, taskmanagers=2),
    replace(LONG_LIVED, partitions=4, slots=2, taskmanagers=2),
]

# Rows to print, and the figures behind them.
Table = tuple[list[Any], list[Any]]


def newest_checkpoint(stack: Stack) -> Any:
    """What the engine says of its newest checkpoint; one that was triggered after this call."""
    rest = FlinkRest(stack.flink_url)
    (job,) = (job["id"] for job in rest.get("/jobs")["jobs"] if job["status"] == "RUNNING")

    def read() -> Any:
        return rest.get(f"/jobs/{job}/checkpoints")["latest"]["completed"]

    begun = rest.get(f"/jobs/{job}/checkpoints")["counts"]["total"]
    while (newest := read()) is None or newest["id"] <= begun:
        pass
    return newest


def memory(stack: Stack) -> int:
    """Resident bytes of all TaskManagers."""
    parts = [p for p in stack.status().parts if p.name.startswith("taskmanager")]
    return sum(psutil.Process(part.pid).memory_info().rss for part in parts)


def grow(counts: tuple[int, ...], visits: int, heap_mb: int) -> Table:
    """Let one stack remember more and more names; return the rows and the figures."""
    stack = Stack(f"bench-{os.getpid()}", size=replace(LONG_LIVED, taskmanager_mb=heap_mb))
    stack.up(progress=Progress())
    stream(stack, [f"warm-{n % 100}" for n in range(5000)])
    figures = []
    known = 0
    for count in counts:
        new = stream(stack, (f"name-{n}" for n in range(known, count)))
        known = count
        again = random.Random(count).choices(range(count), k=visits)
        old = stream(stack, (f"name-{n}" for n in again))
        checkpoints = [newest_checkpoint(stack) for _ in range(5)]
        figures.append(
            {
                "names": count,
                "new/s": new,
                "known/s": old,
                "state": checkpoints[-1]["state_size"],
                "checkpoint ms": statistics.median(c["end_to_end_duration"] for c in checkpoints),
                "memory": memory(stack),
            }
        )
    stack.release()
    rows = [
        (
            f"{f['names']:,}",
            f"{f['new/s']:,.0f}",
            f"{f['known/s']:,.0f} ({f['known/s'] / figures[0]['known/s']:.2f}x)",
            f"{f['state'] / 1e6:,.1f} MB ({f['state'] / f['names']:.0f} B a name)",
            f"{f['checkpoint ms']:,.0f} ms",
            f"{f['memory'] / 1e6:,.0f} MB",
        )
        for f in figures
    ]
    return rows, figures


def spread(visits: int, keys: int, rounds: int) -> Table:
    """Greet the same names on every layout; return the rows and the figures."""
    speeds: dict[Size, list[float]] = {layout: [] for layout in LAYOUTS}
    held: dict[Size, int] = {}
    for number in range(rounds):
        for layout in random.Random(number).sample(LAYOUTS, len(LAYOUTS)):
            stack = Stack(f"bench-{os.getpid()}", size=layout)
            stack.up(progress=Progress())
            stream(stack, [f"warm-{n % 100}" for n in range(5000)])
            speeds[layout].append(stream(stack, (f"name-{n % keys}" for n in range(visits))))
            held[layout] = memory(stack)
            stack.release()
    medians = {layout: statistics.median(speeds[layout]) for layout in LAYOUTS}
    rows = [
        (
            f"{layout.partitions}",
            f"{layout.taskmanagers} x {layout.slots}",
            f"{medians[layout]:,.0f} ({medians[layout] / medians[LAYOUTS[0]]:.2f}x)",
            f"{held[layout] / 1e6:,.0f} MB",
        )
        for layout in LAYOUTS
    ]
    figures = [{"layout": str(s), "speeds": speeds[s], "memory": held[s]} for s in LAYOUTS]
    return rows, figures


@click.command()
@click.option("--names", default=[1000, 10_000, 100_000, 1_000_000], multiple=True)
@click.option("--visits", default=20_000, show_default=True, help="Names a measurement sends.")
@click.option("--keys", default=1000, show_default=True, help="Distinct names on every layout.")
@click.option("--heap", default=2048, show_default=True, help="The TaskManager's heap, in MiB.")
@click.option("--rounds", default=3, show_default=True)
def main(names: tuple[int, ...], visits: int, keys: int, heap: int, rounds: int) -> None:
    """Print both tables and write them to build/bench/growth.json and layouts.json."""
    if any(later <= earlier for earlier, later in itertools.pairwise(names)):
        raise click.UsageError("Give the numbers of names in growing order.")
    rows, figures = grow(names, visits, heap)
    report(
        "growth",
        f"One engine that remembers more and more names; {visits} visits each; heap {heap} MiB",
        ("names", "new/s", "known/s", "checkpoint size", "it takes", "TaskManager"),
        rows,
        figures,
    )
    rows, figures = spread(visits, keys, rounds)
    report(
        "layouts",
        f"{visits} visits of {keys} names, median of {rounds}",
        ("partitions", "TaskManagers x slots", "names/s", "TaskManagers"),
        rows,
        figures,
    )


if __name__ == "__main__":
    main()
