"""What the checks that try an answer on the learner's own stack have in common."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from generator.broker import connect
from workshop.exercises.checking import refuse
from workshop.stack import Stack

__all__ = ["must_be_up", "new_name", "scratch_topic"]

NEVER_STARTED = "a-stack-that-nobody-started"


def must_be_up(stack: Stack) -> None:
    """Refuse to check anything while the stack does not run."""
    if (state := stack.status().state) != "ready":
        refuse(
            f"This check tries your code on the real stack, and yours is {state}.",
            "run the cell with stack.up() once more, then this one.",
        )


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
