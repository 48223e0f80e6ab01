"""Fills the disk under a stack that greets, and makes room again; see test_full_disk.py.

Run in a folder that is a small file system of its own: ``python -m tests.full_disk FOLDER``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from generator.broker import RequestProducer
from tests.chaos.report import judge
from tests.chaos.run import greetings_in, names_in
from workshop.stack import Stack, StackError, preflight
from workshop.stack.view import Progress


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for chunk in (bytes(1_000_000), bytes(4096)):
            try:
                while True:
                    file.write(chunk)
            except OSError:
                continue


def wait(stack: Stack, condition: Callable[[], object], seconds: float = 180) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{stack.status()}\n{stack.logs('broker', 5)}"
        time.sleep(0.1)


def main(folder: Path) -> None:
    """Print what the stack said while the disk was full, and the verdict of the time after."""
    preflight.DISK_BYTES = 100_000_000
    stack = Stack("small")
    stack.up(progress=Progress())
    stack.greet("Ada")
    with RequestProducer(stack.bootstrap) as requests:
        filler = folder / "filler"
        fill(filler)
        sent = 1

        def broker_waits() -> bool:
            nonlocal sent
            requests.send("Ada")
            sent += 1
            return stack.status().part("broker").detail == "waits for room on the disk"

        wait(stack, broker_waits)
        wait(stack, lambda: stack.status().shortage)
        told = str(stack.status())
        try:
            stack.greet("Ada")
        except StackError as error:
            refused = str(error)
        time.sleep(3)
        assert stack.status().state == "restarting"
        filler.unlink()
        requests.flush(120)
    wait(stack, lambda: stack.status().state == "ready")
    # The first greeting that comes now may be one that had to wait.
    stack.greet("Ada", timeout=120)
    sent += 1
    wait(stack, lambda: len(greetings_in(stack)) >= sent)
    verdict = judge(["Ada"] * sent, names_in(stack), greetings_in(stack))
    answer = {"told": told, "refused": refused, "verdict": str(verdict)}
    stack.down(forget=True)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
