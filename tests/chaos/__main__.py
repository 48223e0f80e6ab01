"""The long run: ``python -m tests.chaos``; ``make soak`` has it, too."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

import click

from greeter.terminal import show_everything
from tests.chaos.run import Chaos
from workshop.stack import Stack
from workshop.stack.java.engine import ENGINES
from workshop.stack.view import Progress


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed kills the same.")
@click.option("--names", default=20_000, show_default=True)
@click.option("--keys", default=40, show_default=True)
@click.option("--kills", default=30, show_default=True)
@click.option("--engine", type=click.Choice([*ENGINES]), default="2", show_default=True)
@click.option("--rate", default=60.0, show_default=True, help="Names a second.")
def main(seed: int, names: int, keys: int, kills: int, engine: str, rate: float) -> None:
    """Send names while processes are killed; the exit code is 0 if none was lost or doubled."""
    stack = Stack(f"chaos-{seed}-{os.getpid()}", engine=ENGINES[engine])
    good = False
    # What the client of the broker says of its connections, should a name not come through.
    log = Path(tempfile.gettempdir()) / f"{stack.name}.log"
    logging.basicConfig(filename=log, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        stack.up(progress=Progress(), keep=True)
        report = Chaos(
            stack, seed=seed, names=names, keys=keys, kills=kills, stop=True, per_second=rate
        ).run()
        good = report.verdict.good
        click.echo(report)
    finally:
        # After a failure, its topics, checkpoints and logs tell how it came to be.
        stack.down(forget=good)
        if not good:
            click.echo(f"What is left of it lies in {stack.folder.path} and {log}")
        else:
            log.unlink()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    show_everything()
    main()
