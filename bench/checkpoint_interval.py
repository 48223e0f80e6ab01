"""How the checkpoint interval trades the latency of a committed greeting against throughput.

One stack an interval: names at a steady low rate for the latency, then as many as go for the
throughput: ``python bench/checkpoint_interval.py``.
"""

from __future__ import annotations

import os
import statistics

import click
from report import report
from traffic import latencies, throughput

from workshop.stack import Stack
from workshop.stack.view import Progress


@click.command()
@click.option("--intervals", default=[100, 250, 500, 1000], multiple=True, show_default=True)
@click.option("--rate", default=20, show_default=True, help="Names a second, for the latency.")
@click.option("--seconds", default=15, show_default=True)
@click.option("--names", default=30_000, show_default=True, help="For the throughput.")
def main(intervals: tuple[int, ...], rate: int, seconds: int, names: int) -> None:
    """Print the table and write it to build/bench/checkpoint_interval.json."""
    figures = {}
    for interval in intervals:
        stack = Stack(f"bench-{os.getpid()}", checkpoint_ms=interval)
        stack.up(progress=Progress())
        throughput(stack, 2000, 100)  # Warm: classes are loaded and compiled.
        took = statistics.quantiles(latencies(stack, rate, seconds), n=100)
        speed = statistics.median(throughput(stack, names, 100) for _ in range(3))
        figures[interval] = (took[49], took[94], speed)
        stack.release()
    best = max(speed for *_, speed in figures.values())
    report(
        "checkpoint_interval",
        f"{rate} names/s for the latency, {names} names for the throughput",
        ("interval, ms", "p50, s", "p95, s", "names/s", "relative to the best"),
        [
            (f"{interval}", f"{p50:.2f}", f"{p95:.2f}", f"{speed:,.0f}", f"{speed / best:.2f}")
            for interval, (p50, p95, speed) in figures.items()
        ],
        figures,
    )


if __name__ == "__main__":
    main()
