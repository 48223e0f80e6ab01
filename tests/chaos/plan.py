"""What a run does and when: all of it follows from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

TARGETS = ("broker", "jobmanager", "taskmanager", "greeter")
STOP = "stop and start"


@dataclass(frozen=True)
class Strike:
    """One blow: when ``after`` names are sent, all of ``targets`` are killed at once.

    The target :data:`STOP` is the whole stack, stopped in order and started again.
    """

    after: int
    targets: tuple[str, ...]


def plan(seed: int, names: int, kills: int, stop: bool) -> list[Strike]:
    """Return the strikes of a run, in order.

    Every process is hit at least once where there are kills enough, and every fifth kill hits two
    at once. The first tenth and the last are quiet, so that every kill meets names on their way.

    Parameters
    ----------
    seed
        The same seed gives the same plan.
    names
        How many names are sent.
    kills
        How often something is killed.
    stop
        Whether the stack is stopped and started as well, once.
    """
    chance = random.Random(seed)
    blows: list[tuple[str, ...]] = []
    for number in range(kills):
        if number % 5 == 4:
            blows.append(tuple(chance.sample(TARGETS, 2)))
        elif number < len(TARGETS):
            blows.append((TARGETS[number],))
        else:
            blows.append((chance.choice(TARGETS),))
    if stop:
        blows.append((STOP,))
    chance.shuffle(blows)
    quiet = names // 10
    moments = sorted(chance.sample(range(quiet, names - quiet), len(blows)))
    return [Strike(*both) for both in zip(moments, blows, strict=True)]


def draw_names(seed: int, names: int, keys: int) -> list[str]:
    """Return the names in the order in which they are sent: each of ``keys`` comes up."""
    chance = random.Random(f"names of {seed}")
    drawn = [f"visitor {number % keys}" for number in range(names)]
    chance.shuffle(drawn)
    return drawn
