"""How long a greeting takes until it is committed, at three rates: ``python bench/latency.py``."""

from __future__ import annotations

import os
import statistics

import click
from report import report
from traffic import latencies, throughput

from workshop.stack import Stack
from workshop.stack.view import Progress


@click.command()
@click.option("--rates", default=[1, 100, 1000], multiple=True, show_default=True)
@click.option("--seconds", default=30, show_default=True)
def main(rates: tuple[int, ...], seconds: int) -> None:
    """Print the table and write it to build/bench/latency.json."""
    stack = Stack(f"bench-{os.getpid()}")
    stack.up(progress=Progress())
    throughput(stack, 2000, 100)  # Warm: classes are loaded and compiled.
    figures = {}
    for rate in rates:
        cuts = statistics.quantiles(latencies(stack, rate, seconds), n=100)
        figures[rate] = (cuts[49], cuts[94], cuts[98])
    stack.release()
    report(
        "latency",
        f"Seconds from a name to its committed greeting, {seconds} s at each rate, 100 names",
        ("names/s", "p50", "p95", "p99"),
        [(f"{rate}", *(f"{value:.2f}" for value in row)) for rate, row in figures.items()],
        figures,
    )


if __name__ == "__main__":
    main()
