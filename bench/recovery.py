"""From a kill to the next committed greeting, by process: ``python bench/recovery.py``.

In turn on a stack as it is and on one with the defaults of engine and broker for how soon a death
is noticed (``RECOVERY`` in workshop/stack/java/flink.py and kafka.py); all else is the same, the
supervisor too. What counts is the first greeting of a name that was sent after the kill.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Iterator

import click
from report import report

from generator.broker import GreetingReader, RequestProducer
from workshop.stack import Stack
from workshop.stack.local import control

PARTS = {"taskmanager": 8, "greeter": 2, "broker": 10, "jobmanager": 12}
"""What is killed, and how many seconds it should take at most."""

PER_SECOND = 50
GIVE_UP_SECONDS = 300
CALM_SECONDS = 3.0
"""How long names flow before the next kill, so that there is something to repair."""

_DEFAULTS = """
from workshop.stack.java import flink
from workshop.stack.java import kafka
from workshop.stack.local import supervisor
flink.RECOVERY.clear()
kafka.RECOVERY.clear()
supervisor.main()
"""


class Visitors:
    """Names at a steady rate, each sent once, and the greetings as they are committed."""

    def __init__(self, stack: Stack) -> None:
        self._reader = GreetingReader(stack.bootstrap)
        self._sender = RequestProducer(stack.bootstrap)
        self._began = time.monotonic()
        self.sent = 0

    def greeted(self) -> Iterator[int]:
        """Send what is due; yield the number of every name that is greeted."""
        while self.sent < (time.monotonic() - self._began) * PER_SECOND:
            self._sender.send(f"visitor {self.sent}")
            self.sent += 1
        for greeting in self._reader.poll(0.01):
            yield int(greeting.name.removeprefix("visitor "))

    def flow(self, seconds: float) -> None:
        """Let names flow for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            list(self.greeted())

    def close(self) -> None:
        """Let go of the broker."""
        self._sender.close()
        self._reader.close()


def recover(stack: Stack, visitors: Visitors, part: str) -> float:
    """Kill a part; return the seconds until a name is greeted that was sent after that."""
    os.kill(stack.status().part(part).pid or 0, signal.SIGKILL)
    began = time.monotonic()
    first = visitors.sent
    while all(number < first for number in visitors.greeted()):
        if time.monotonic() > began + GIVE_UP_SECONDS:
            raise SystemExit(f"no name was greeted after the kill of {part}\n{stack.status()}")
    took = time.monotonic() - began
    while stack.status().state != "ready":
        visitors.flow(0.1)
    return took


def measure(rounds: int) -> dict[str, list[float]]:
    """Kill every part ``rounds`` times on one stack."""
    chance = random.Random(rounds)
    took: dict[str, list[float]] = {part: [] for part in PARTS}
    with Stack(f"bench-{os.getpid()}") as stack:
        visitors = Visitors(stack)
        visitors.flow(2 * CALM_SECONDS)
        for _, part in itertools.product(range(rounds), PARTS):
            # At any moment between two checkpoints.
            visitors.flow(CALM_SECONDS + chance.random())
            took[part].append(recover(stack, visitors, part))
            click.echo(f"{part}: {took[part][-1]:.1f} s")
        visitors.close()
    return took


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--peer", default=2, show_default=True, help="Rounds with the defaults; 0: none.")
def main(rounds: int, peer: int) -> None:
    """Print the table and write it to build/bench/recovery.json."""
    ours = measure(rounds)
    control.SUPERVISOR = [sys.executable, "-c", _DEFAULTS]
    theirs = measure(peer) if peer else {part: [] for part in PARTS}
    rows = []
    for part, aim in PARTS.items():
        mine, other = statistics.median(ours[part]), theirs[part]
        peers = f"{statistics.median(other):.1f}" if other else ""
        ratio = f"{statistics.median(other) / mine:.1f}x" if other else ""
        rows.append((part, f"{aim}", f"{mine:.1f}", f"{max(ours[part]):.1f}", peers, ratio))
    report(
        "recovery",
        f"Seconds from a kill to the next committed greeting, {rounds} rounds, {peer} of defaults",
        ("killed", "aim", "median", "longest", "defaults, median", "ratio"),
        rows,
        {"ours": ours, "defaults": theirs},
    )


if __name__ == "__main__":
    main()
