"""Fills the disk under a stack that greets, and makes room again; see test_full_disk.py.

Run in a folder that is a small file system of its own:
``python -m tests.stack.full_disk FOLDER TIMES``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from generator.broker import RequestProducer
from tests.chaos.run import greetings_in, names_in
from tests.chaos.verdict import judge
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


def fill_and_empty(stack: Stack, folder: Path, sent: list[str]) -> tuple[str, str]:
    """Return how the stack told of the full disk, and how it refused to greet."""
    refused = ""

    def broker_waits() -> bool:
        requests.send("Ada")
        sent.append("Ada")
        return stack.status().part("broker").detail == "waits for room on the disk"

    with RequestProducer(stack.bootstrap) as requests:
        filler = folder / "filler"
        fill(filler)
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
    sent.append("Ada")
    wait(stack, lambda: len(greetings_in(stack)) >= len(sent))
    return told, refused


def main(folder: Path, times: int) -> None:
    """Print what the stack said whenever the disk was full, and the verdict of the time after."""
    preflight.DISK_BYTES = 100_000_000
    stack = Stack("small")
    stack.up(progress=Progress())
    stack.greet("Ada")
    sent = ["Ada"]
    said = [fill_and_empty(stack, folder, sent) for _ in range(times)]
    verdict = judge(sent, names_in(stack), greetings_in(stack))
    stack.down(forget=True)
    print(json.dumps({"said": said, "verdict": str(verdict)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
