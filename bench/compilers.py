"""Where Java's second compiler begins to pay: names a second, from the start of a stack on.

The first compiler is quick and its code is good enough; the second takes a core for a while, and
its code is faster. One stack with each, in turn: ``python bench/compilers.py``.
"""

from __future__ import annotations

import os
import statistics
import time
from itertools import accumulate, pairwise

import click
import psutil
from report import report
from traffic import throughput

from workshop.stack import LONG_LIVED, STANDARD, Size, Stack
from workshop.stack.view import Progress

KINDS = {"the first compiler only": STANDARD, "both": LONG_LIVED}


def cpu(stack: Stack) -> float:
    """The CPU seconds that all processes of a stack have used since they started."""
    supervisor = psutil.Process(stack.status().supervisor)
    family = [supervisor, *supervisor.children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family)


def measure(size: Size, bursts: list[int], keys: int) -> dict[str, list[float]]:
    """Greet one burst after the other; return seconds since the start of the stack, and CPU."""
    stack = Stack(f"bench-{os.getpid()}", size=size)
    began = time.monotonic()
    stack.up(progress=Progress())
    stack.greet("Ada")
    seconds, used = [time.monotonic() - began], [cpu(stack)]
    for burst in bursts:
        throughput(stack, burst, keys)
        seconds.append(time.monotonic() - began)
        used.append(cpu(stack))
    stack.release()
    return {"seconds": seconds, "cpu": used}


@click.command()
@click.option("--names", default=[2000, 3000, 5000, 10_000, 30_000, 50_000], multiple=True)
@click.option("--keys", default=1000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(names: tuple[int, ...], keys: int, rounds: int) -> None:
    """Print the table and write it to build/bench/compilers.json."""
    bursts = list(names)
    figures: dict[str, list[dict[str, list[float]]]] = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        for kind, size in KINDS.items():
            figures[kind].append(measure(size, bursts, keys))

    def median(kind: str, what: str) -> list[float]:
        return [
            statistics.median(column)
            for column in zip(*(one[what] for one in figures[kind]), strict=True)
        ]

    def column(kind: str) -> list[str]:
        seconds, used = median(kind, "seconds"), median(kind, "cpu")
        speeds = [burst / (b - a) for burst, (a, b) in zip(bursts, pairwise(seconds), strict=True)]
        told = ["", *(f", {speed:,.0f}/s" for speed in speeds)]
        return [f"{s:.1f} s, CPU {u:.1f} s{t}" for s, u, t in zip(seconds, used, told, strict=True)]

    marks = ["1 name", *(f"{total:,} names" for total in accumulate(bursts))]
    rows = list(zip(marks, *map(column, KINDS), strict=True))
    report(
        "compilers",
        f"Since the start of the stack, {keys:,} keys, median of {rounds}",
        ("after", *KINDS),
        rows,
        figures,
    )


if __name__ == "__main__":
    main()
