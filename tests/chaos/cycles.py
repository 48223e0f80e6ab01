"""Down and up again with names between, in every way a stack can go: counts must go on."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click
import psutil

from generator.broker import RequestProducer
from greeter.terminal import show_everything
from tests.chaos.run import greetings_in, names_in
from tests.chaos.verdict import Verdict, judge
from workshop.paths import ROOT
from workshop.stack import Stack
from workshop.stack.view import Progress

WAYS = ("kill everything", "a new state", "down", "release")
NAMES = ("Ada", "Grace", "Alan", "Mary", "John")


def cycles(name: str, folder: Path, number: int) -> Verdict:
    """Run a stack ``number`` times, ending it in another way each time, and judge all greetings.

    In every round names are sent while the engine's processes are killed, and the first name of a
    round must be greeted with the count that follows the last one before.

    Parameters
    ----------
    name
        The name of the stack; it is left running.
    folder
        Where the module definition is put that changes on the way.
    """
    module = folder / "module.yaml"
    module.write_text((ROOT / "module.yaml").read_text())
    stack = Stack(name, module=module)
    sent: Counter[str] = Counter()

    def greet(*names: str) -> None:
        stack.greet(*names, timeout=120)
        sent.update(names)

    for round_number in range(number):
        stack.up(progress=Progress(), keep=True)
        greet(*NAMES, *NAMES)
        _send_without_engine(stack, sent)
        _end(stack, WAYS[round_number % len(WAYS)], module, round_number)
    stack.up(progress=Progress(), keep=True)
    greet(*NAMES)
    return judge(sent.elements(), names_in(stack), greetings_in(stack))


def _send_without_engine(stack: Stack, sent: Counter[str]) -> None:
    """Send names while the engine is dead; the stack may be stopped before they are greeted."""
    status = stack.status()
    with RequestProducer(stack.bootstrap) as requests:
        _kill(status.part("jobmanager").pid, status.part("taskmanager").pid)
        for name in NAMES:
            requests.send(name)
        requests.flush(60)
    sent.update(NAMES)


def _end(stack: Stack, way: str, module: Path, number: int) -> None:
    if way == "kill everything":
        heads = [psutil.Process(stack.status().supervisor)]
        everything = [*heads, *heads[0].children(recursive=True)]
        _kill(*(process.pid for process in everything))
        psutil.wait_procs(everything, timeout=30)
    elif way == "a new state":
        stack.down()
        text = module.read_text()
        first = "              - seen_count\n"
        module.write_text(text.replace(first, f"{first}              - added_{number}\n"))
    elif way == "release":
        stack.release()  # It stays up, and the next round attaches to it.
    else:
        stack.down()


def _kill(*pids: int | None) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGKILL)


@click.command()
@click.option("--cycles", "number", default=20, show_default=True)
def main(number: int) -> None:
    """End and start a stack in turn; the exit code is 0 if every count went on."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(f"cycles-{os.getpid()}")
        try:
            verdict = cycles(stack.name, Path(folder), number)
        finally:
            stack.down(forget=True)
    click.echo(f"{number} cycles: {verdict}")
    sys.exit(0 if verdict.good else 1)


if __name__ == "__main__":
    show_everything()
    main()
