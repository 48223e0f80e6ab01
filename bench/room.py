"""What a room of learners costs one machine: ``python bench/room.py``.

So many learners start a stack at the same moment, each with a run folder of their own. The memory
is what the machine gives up for a learner: pages that several processes share, such as Java itself
and the jars, are divided among them (Linux tells that as PSS). Nothing is sent while the idle CPU
is measured, and no kernel and no page are in the figures.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import psutil
from report import report

from workshop.stack.size import default_size

IDLE_SECONDS = 15

_LEARNER = """
import contextlib, json, sys, time
from workshop.stack import Stack
from workshop.stack.view import Progress

began = time.monotonic()
stack = Stack()
with contextlib.redirect_stdout(sys.stderr):  # It may have something to prepare, and say so.
    stack.up(timeout=900, progress=Progress())
up = time.monotonic()
stack.greet("Ada", timeout=300)
greeted = time.monotonic()
print(json.dumps([up - began, greeted - began, stack.status().supervisor]), flush=True)
sys.stdin.readline()
began = time.monotonic()
stack.greet("Ada", timeout=300)
print(json.dumps(time.monotonic() - began), flush=True)
sys.stdin.readline()
stack.down(forget=True)
"""


class Learner:
    """One learner: a process with a stack of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LEARNER],
            env={**os.environ, "WORKSHOP_RUNS": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.supervisor = 0

    def started(self) -> tuple[float, float]:
        """Wait for the stack; return the seconds until it was up, and until it had greeted."""
        up, greeted, self.supervisor = self._answer()
        return up, greeted

    def go_on(self) -> None:
        """Tell it to greet once more, and after that to end."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def greeted(self) -> float:
        """The seconds of the second greeting."""
        seconds: float = self._answer()
        return seconds

    def wait(self) -> None:
        """Wait until nothing of it runs."""
        self._process.wait()

    def processes(self) -> list[psutil.Process]:
        """All processes of its stack."""
        head = psutil.Process(self.supervisor)
        return [head, *head.children(recursive=True)]

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def role(process: psutil.Process) -> str:
    """Which part of a stack a process is."""
    line = " ".join(process.cmdline())
    marks = {"kafka.Kafka": "broker", "StandaloneSession": "jobmanager"}
    marks |= {"TaskManagerRunner": "taskmanager"}
    return next((part for mark, part in marks.items() if mark in line), "rest")


def cpu(learners: list[Learner]) -> float:
    """CPU seconds of all stacks so far."""
    times = [one.cpu_times() for learner in learners for one in learner.processes()]
    return sum(one.user + one.system for one in times)


def measure(number: int) -> dict[str, Any]:
    """Let so many learners start at once; return what it took."""
    with tempfile.TemporaryDirectory(prefix="room-") as folder:
        learners = [Learner(Path(folder) / f"{n}") for n in range(number)]
        started = [learner.started() for learner in learners]
        start_cpu = cpu(learners)
        time.sleep(5)
        memory: dict[str, float] = {}
        for learner in learners:
            for process in learner.processes():
                size = process.memory_full_info()
                part = role(process)
                memory[part] = memory.get(part, 0) + getattr(size, "pss", size.rss) / number
        before = cpu(learners)
        time.sleep(IDLE_SECONDS)
        idle = (cpu(learners) - before) / IDLE_SECONDS
        for learner in learners:
            learner.go_on()
        again = [learner.greeted() for learner in learners]
        for learner in learners:
            learner.go_on()
        for learner in learners:
            learner.wait()
    return {
        "up": [up for up, _ in started],
        "greeted": [greeted for _, greeted in started],
        "again": again,
        "memory": memory,
        "start_cpu": start_cpu / number,
        "idle": idle / number,
    }


@click.command()
@click.option("--learners", multiple=True, type=int, default=(1, 2, 4, 8), show_default=True)
def main(learners: tuple[int, ...]) -> None:
    """Print the table and write it to build/bench/room.json."""
    os.environ.setdefault("WORKSHOP_SIZE", "lean")
    os.environ.pop("WORKSHOP_STACK", None)
    measure(1)  # Warm: what follows finds the jars in the system's file cache.
    figures = {number: measure(number) for number in learners}
    rows = []
    for number, found in figures.items():
        greeted, again, memory = found["greeted"], found["again"], found["memory"]
        each = sum(memory.values())
        parts = ("broker", "jobmanager", "taskmanager", "rest")
        rows.append(
            (
                f"{number}",
                f"{statistics.median(greeted):.0f}",
                f"{max(greeted):.0f}",
                f"{found['start_cpu']:.0f}",
                " + ".join(f"{memory[part] / 1e6:.0f}" for part in parts),
                f"{each / 1e6:.0f}",
                f"{number * each / 1e9:.1f}",
                f"{found['idle']:.2f}",
                f"{statistics.median(again):.2f}",
            )
        )
    report(
        "room",
        f"{default_size()}",
        (
            "learners",
            "first greeting, s: median",
            "last",
            "CPU s each",
            "broker + JM + TM + rest, MB",
            "each",
            "all, GB",
            "idle, cores each",
            "a greeting, s",
        ),
        rows,
        figures,
    )


if __name__ == "__main__":
    main()
