"""How large a stack is: how many processes and partitions, and how much memory each may take."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from workshop.errors import WorkshopError


@dataclass(frozen=True)
class Size:
    """How many parts a stack has, and how large they are.

    Attributes
    ----------
    taskmanagers
        How many TaskManagers run the job.
    slots
        How many slots each of them has. The job's parallelism is the product of both.
    partitions
        How many partitions a topic gets when it is made. The ingress reads each with one task, so
        more tasks than partitions stay idle.
    broker_mb, jobmanager_mb, taskmanager_mb
        The largest heap of each Java process, in MiB.
    one_compiler
        Whether Java uses the first of its two compilers alone: the stack starts with half the CPU
        and takes less memory. The second one pays off when a stack greets for minutes; see
        "Compilers" in bench/README.md.

    Raises
    ------
    WorkshopError
        When a number is not positive, or a heap is too small for its process to start.
    """

    taskmanagers: int = 1
    slots: int = 1
    partitions: int = 1
    broker_mb: int = 256
    jobmanager_mb: int = 256
    taskmanager_mb: int = 384
    one_compiler: bool = True

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = LEAST_MB if name.endswith("_mb") else 1
            if not isinstance(value, bool) and value < least:
                raise WorkshopError(
                    f"A stack with {name}={value} cannot run.", hint=f"give {least} or more."
                )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Size:
        """Read what :func:`dataclasses.asdict` wrote."""
        return cls(**data)

    @property
    def parallelism(self) -> int:
        """How many tasks every step of the job runs in."""
        return self.taskmanagers * self.slots

    @property
    def java_options(self) -> list[str]:
        """Options that every Java process gets."""
        return ["-XX:TieredStopAtLevel=1"] if self.one_compiler else []


CHECKPOINT_INTERVAL_MS = 250
"""How often the engine takes a checkpoint. See "Choosing the interval" in bench/README.md."""

LEAST_INTERVAL_MS = 50
"""Below it the engine does nothing but take checkpoints."""

LEAST_MB = 64
"""Below it none of the Java processes starts."""

STANDARD = Size()
"""The default size of a stack."""

LEAN = Size(broker_mb=96, jobmanager_mb=96, taskmanager_mb=128)
"""For a small machine, or many stacks on one. See "Memory" and "A room" in bench/README.md."""


LONG_LIVED = Size(one_compiler=False)
"""For a stack that greets many names for minutes. See "Compilers" in bench/README.md."""


def default_size() -> Size:
    """Return the size that the environment variable ``WORKSHOP_SIZE`` names."""
    sizes = {"standard": STANDARD, "lean": LEAN, "long-lived": LONG_LIVED}
    name = os.environ.get("WORKSHOP_SIZE") or "standard"
    if name not in sizes:
        raise WorkshopError(
            f"WORKSHOP_SIZE is {name!r}.", hint=f"set it to {' or '.join(sizes)}, or to nothing."
        )
    return sizes[name]


def default_checkpoint_ms() -> int:
    """Return how often a checkpoint is taken, in milliseconds; see "A room" in bench/README.md.

    The environment variable ``WORKSHOP_CHECKPOINT_MS`` names another interval than a quarter of a
    second.
    """
    named = os.environ.get("WORKSHOP_CHECKPOINT_MS") or f"{CHECKPOINT_INTERVAL_MS}"
    if not named.isdecimal() or int(named) < LEAST_INTERVAL_MS:
        raise WorkshopError(
            f"WORKSHOP_CHECKPOINT_MS is {named!r}.",
            hint=f"set it to a number of milliseconds, {LEAST_INTERVAL_MS} or more, or to nothing.",
        )
    return int(named)
