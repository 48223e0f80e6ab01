"""Send random names to be greeted and print the greetings: ``python -m generator``."""

from __future__ import annotations

import random
import signal
import time
from types import FrameType

import click

from generator.broker import BrokerError, GreetingReader, RequestProducer
from greeter.terminal import show_everything

PEOPLE = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Katherine", "Tony", "Margaret"]

# How long to wait, after the last name was sent, for a greeting that is still on its way.
PATIENCE_SECONDS = 60.0


class Stopped(Exception):
    """Somebody asked the generator to end."""


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped


@click.command()
@click.option("--bootstrap", default="kafka-broker:9092", show_default=True, help="The broker.")
@click.option("--delay", default=1.0, show_default=True, help="Seconds between two names.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after this many names.")
@click.option(
    "--seed", type=int, help="Seed for choosing the names: the same seed sends the same names."
)
def generate(bootstrap: str, delay: float, count: int | None, seed: int | None) -> None:
    """Send random names to the topic "names" and print what comes out of "greetings"."""
    if not 0 <= delay < float("inf"):
        raise click.BadParameter("must be 0 or more seconds", param_hint="--delay")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        with GreetingReader(bootstrap) as greetings, RequestProducer(bootstrap) as requests:
            missing = run(requests, greetings, delay, count, random.Random(seed))
    except Stopped:
        return
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    if missing:
        raise click.ClickException(f"{missing} greetings did not arrive.")


def run(
    requests: RequestProducer,
    greetings: GreetingReader,
    delay: float,
    count: int | None,
    choice: random.Random,
) -> int:
    """Send and print until ``count`` names are greeted; return how many greetings are missing."""
    sent = 0
    answered = 0
    due = time.monotonic()
    while count is None or sent < count:
        requests.send(choice.choice(PEOPLE))
        sent += 1
        due += delay
        while (left := due - time.monotonic()) > 0:
            answered += show(greetings, min(left, 0.2))
    requests.flush()
    give_up = time.monotonic() + PATIENCE_SECONDS
    while answered < sent and time.monotonic() < give_up:
        answered += show(greetings, 0.2)
    return max(0, sent - answered)


def show(greetings: GreetingReader, seconds: float) -> int:
    """Print the greetings that come within ``seconds``; return their number."""
    arrived = greetings.poll(seconds)
    for greeting in arrived:
        print(greeting, flush=True)
    return len(arrived)


def main() -> None:
    """Be a program."""
    show_everything()
    generate()


# What it was called before it was "python -m generator".
if __name__ == "__main__":
    main()
