"""How the checkpoint interval trades the latency of a committed greeting against throughput.

One stack an interval: names at a steady low rate for the latency, then as many as go for the
throughput: ``python bench/checkpoint_interval.py``.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections import defaultdict, deque
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from generator.broker import GreetingReader, RequestProducer
from workshop.stack import Stack

KEYS = 100


def latencies(stack: Stack, rate: int, seconds: int) -> list[float]:
    """Return the seconds from each name to its committed greeting, at ``rate`` names a second."""
    sent: dict[str, deque[float]] = defaultdict(deque)
    took: list[float] = []
    with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as sender:
        began = time.monotonic()
        number = 0
        while len(took) < rate * seconds:
            while number < rate * seconds and time.monotonic() >= began + number / rate:
                name = f"slow-{number % KEYS}"
                sent[name].append(time.monotonic())
                sender.send(name)
                number += 1
            for greeting in reader.poll(0.005):
                took.append(time.monotonic() - sent[greeting.key].popleft())
            if time.monotonic() > began + seconds + 120:
                raise SystemExit("greetings are missing")
    return took


def throughput(stack: Stack, names: int) -> float:
    """Return committed greetings a second for names sent as fast as they can be."""
    with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as sender:
        began = time.monotonic()
        for number in range(names):
            sender.send(f"fast-{number % KEYS}")
        sender.flush(60)
        arrived = 0
        while arrived < names:
            arrived += len(reader.poll(0.2))
            if time.monotonic() > began + 300:
                raise SystemExit("greetings are missing")
    return names / (time.monotonic() - began)


@click.command()
@click.option("--intervals", default=[100, 250, 500, 1000, 2000], multiple=True, show_default=True)
@click.option("--rate", default=20, show_default=True, help="Names a second, for the latency.")
@click.option("--seconds", default=15, show_default=True)
@click.option("--names", default=10_000, show_default=True, help="For the throughput.")
def main(intervals: tuple[int, ...], rate: int, seconds: int, names: int) -> None:
    """Print the table and write it to build/bench/checkpoint_interval.json."""
    figures = {}
    for interval in intervals:
        with Stack(f"bench-{os.getpid()}", checkpoint_ms=interval) as stack:
            throughput(stack, 2000)  # Warm: classes are loaded and compiled.
            took = statistics.quantiles(latencies(stack, rate, seconds), n=100)
            speeds = [throughput(stack, names) for _ in range(3)]
            figures[interval] = (took[49], took[94], statistics.median(speeds))
    table = Table(title=f"{rate} names/s for the latency, {names} names for the throughput")
    for column in ("interval, ms", "p50, s", "p95, s", "names/s", "of the best"):
        table.add_column(column)
    best = max(speed for *_, speed in figures.values())
    for interval, (p50, p95, speed) in figures.items():
        row = (f"{interval}", f"{p50:.2f}", f"{p95:.2f}", f"{speed:,.0f}", f"{speed / best:.2f}")
        table.add_row(*row)
    Console().print(table)
    output = Path("build/bench/checkpoint_interval.json")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
