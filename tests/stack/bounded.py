"""Disk and memory of a stack while names pass through it: ``python -m tests.stack.bounded``.

What bounds the disk in earnest (segments of 32 MB, logs of 4 MB) would take days to be reached. So
the stack runs with the same bounds a hundredth as large, twenty checkpoints a second and long
names: what is written many times over in earnest is written many times over here.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import click
from rich.console import Console
from rich.table import Table

from generator.broker import GreetingReader, RequestProducer
from greeter.terminal import show_everything
from workshop.stack import Stack
from workshop.stack.folders import file_sizes
from workshop.stack.local import control

MB = 1_000_000
SEGMENT = 1024 * 1024  # The least that a broker takes for a topic.
CONTROLLER_SEGMENT = 64 * 1024
LOG = 40_000
STEP = 2500
PEOPLE = 500
LATE_SECONDS = 1.5
"""How long the broker may take to delete what is not needed any more."""

# The broker lets a file that is not needed any more lie for a minute, and cleans every 15 s.
SMALL = f"""
from workshop.stack.java import kafka
from workshop.stack.local import process
from workshop.stack.local import supervisor
process.LOG_BYTES = {LOG}
kafka.BOUNDS |= {{
    "log.retention.bytes": {2 * SEGMENT},
    "log.segment.bytes": {SEGMENT},
    "log.initial.task.delay.ms": 500,
    "log.retention.check.interval.ms": 500,
    "log.segment.delete.delay.ms": 500,
    "log.cleaner.backoff.ms": 500,
    "log.cleaner.min.cleanable.ratio": 0.1,
    "transaction.state.log.segment.bytes": {SEGMENT},
    "offsets.topic.segment.bytes": {SEGMENT},
    "internal.metadata.log.segment.bytes": {CONTROLLER_SEGMENT},
    "internal.metadata.delete.delay.millis": 500,
    "metadata.log.max.record.bytes.between.snapshots": {CONTROLLER_SEGMENT},
    "metadata.max.retention.bytes": {2 * CONTROLLER_SEGMENT},
    "metadata.max.idle.interval.ms": 20,
}}
supervisor.main()
"""

BOUNDS = {
    # Two segments that are kept, one that is written, and one that is about to go.
    "names": 4.5 * SEGMENT,
    "greetings": 4.5 * SEGMENT,
    # Checkpoints of PEOPLE counts, the newest two, and one that is being made.
    "checkpoints": 2 * MB,
    # Transactions, offsets, and the controller's log, which is cleaned once a minute.
    "the broker's own": 5 * SEGMENT + 16 * CONTROLLER_SEGMENT,
    # Two files for each process, and one read of its pipe on top of each.
    "logs": 6 * 2 * (LOG + 65_536),
}
"""The most bytes of every kind."""

GROWTH = 1.3
"""How much the memory may grow in the second half of a run."""


@dataclass
class Watched:
    """What was measured, step by step, and what is wrong with it: nothing, if all is bounded."""

    names: list[int] = field(default_factory=list)
    disk: list[Counter[str]] = field(default_factory=list)
    memory: list[dict[str, int]] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """One sentence for everything that outgrew its bound."""
        found = []
        for kind, bound in BOUNDS.items():
            most = max(sizes[kind] for sizes in self.disk)
            if most > bound:
                found.append(f"{kind}: {most / MB:.2f} MB, {bound / MB:.2f} MB are allowed")
        half = self.memory[len(self.memory) // 2]
        for part, size in self.memory[-1].items():
            if size > GROWTH * half[part]:
                found.append(f"{part} grew from {half[part] / MB:.0f} to {size / MB:.0f} MB")
        return found

    def __str__(self) -> str:
        table = Table("names", *BOUNDS, *self.memory[0])
        rows = list(zip(self.names, self.disk, self.memory, strict=True))
        for number, disk, memory in rows[:: max(1, len(rows) // 10)]:
            disks = (f"{disk[kind] / MB:.2f}" for kind in BOUNDS)
            table.add_row(f"{number:,}", *disks, *(f"{size / MB:.0f}" for size in memory.values()))
        console = Console(width=120)
        with console.capture() as capture:
            console.print("MB on disk, MB resident", table)
        return capture.get() + ("\n".join(self.faults) or "Everything stays within its bounds.")


def pass_through(name: str, total: int, step: int = STEP) -> tuple[Watched, int]:
    """Send ``total`` names through a stack with small bounds; return what it took up.

    Returns
    -------
    tuple of Watched and int
        What was measured, and how many bytes the names alone have.
    """
    control.SUPERVISOR, honest = [sys.executable, "-c", SMALL], control.SUPERVISOR
    watched, written = Watched(), 0
    try:
        with (
            Stack(name, checkpoint_ms=50) as stack,
            GreetingReader(stack.bootstrap) as reader,
            RequestProducer(stack.bootstrap) as sender,
        ):
            for sent in range(0, total, step):
                for number in range(sent, sent + step):
                    visitor = f"visitor {number % PEOPLE} ".ljust(300, "x")
                    written += 2 * len(visitor)
                    sender.send(visitor)
                sender.flush(60)
                for _ in range(step):
                    reader.next(120)
                time.sleep(LATE_SECONDS)
                watched.names.append(sent + step)
                watched.disk.append(_disk(stack))
                watched.memory.append(_memory(stack))
    finally:
        control.SUPERVISOR = honest
    return watched, written


def _disk(stack: Stack) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for path, size in file_sizes(stack.folder.path):
        room, _, rest = path.partition("/")
        if room == "broker":
            # Indexes have holes: ten megabytes that take up none.
            size = (stack.folder.path / path).stat().st_blocks * 512
            topic = rest.rpartition("/")[0].rpartition("-")[0]
            room = topic if topic in BOUNDS else "the broker's own"
        sizes[room] += size
    return sizes


def _memory(stack: Stack) -> dict[str, int]:
    return {part.name: part.memory or 0 for part in stack.status().parts if part.pid}


@click.command()
@click.option("--names", default=200_000, show_default=True)
def main(names: int) -> None:
    """Send names, print what the stack takes up; the exit code is 0 if it stays bounded."""
    watched, written = pass_through(f"bounded-{os.getpid()}", names)
    click.echo(f"{names:,} names of {written / MB:.0f} MB passed through.")
    click.echo(watched)
    sys.exit(1 if watched.faults else 0)


if __name__ == "__main__":
    show_everything()
    main()
