"""What the checks that try an answer on the learner's own stack have in common.

Neither this nor they import what starts processes before a check needs it: whoever shows the
progress imports all checks, also where no stack can run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from generator.broker import connect
from workshop.exercises.checking import refuse

if TYPE_CHECKING:
    from workshop.stack import Stack

__all__ = ["must_be_up", "never_started", "new_name", "scratch_topic"]


def must_be_up(stack: Stack) -> None:
    """Refuse to check anything while the stack does not run."""
    if (state := stack.status().state) != "ready":
        refuse(
            f"This check tries your code on the real stack, and yours is {state}.",
            "run the cell with stack.up() once more, then this one.",
        )


def never_started() -> Stack:
    """A stack that is down, and always was."""
    from workshop.stack import Stack

    return Stack("a-stack-that-nobody-started")


def new_name(about: str) -> str:
    """A name or a topic that no check has used before."""
    return f"{about}-{time.time_ns()}"


@contextmanager
def scratch_topic(bootstrap: str, partitions: int) -> Iterator[str]:
    """Make a topic for one check, and delete it afterwards."""
    name = new_name("exercise")
    with closing(connect(KafkaAdminClient, bootstrap)) as admin:
        admin.create_topics([NewTopic(name, num_partitions=partitions, replication_factor=1)])
        try:
            yield name
        finally:
            admin.delete_topics([name])
