"""The topics of a stack: what they are called, what they are limited to, and how they are made.

Kafka's client takes a third of a second to import: import this after starting a broker.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from generator.broker import GREETINGS, BrokerUnreachable, connect
from greeter.limits import DEAD_LETTERS, LARGEST_RECORD
from workshop.stack.module import ingress_topics

NOT_YET = (BrokerUnreachable, KafkaError, RuntimeError)
"""What :func:`make_topics` raises while a broker listens and cannot answer yet.

kafka-python says with a RuntimeError that a broker has no controller yet."""

NAMES_SETTINGS = {
    # Not the default of 1 MiB: what the engine has to put into one request stays bounded.
    "max.message.bytes": f"{LARGEST_RECORD}",
    # What counts is the size uncompressed: a megabyte of one letter compresses to a kilobyte.
    "compression.type": "uncompressed",
}
"""Of the topics that the engine reads. See greeter/limits.py."""


def topics_of(module: Path, others: Iterable[str] = ()) -> dict[str, Mapping[str, str]]:
    """Return the topics that a module definition needs, each with its settings.

    The ingress fails on a topic that is not there, and a reader of an egress topic too; of those a
    module definition says nothing.

    Parameters
    ----------
    others
        More topics, with the broker's own settings unless an ingress reads them.
    """
    return {
        **{topic: {} for topic in others},
        **dict.fromkeys(ingress_topics(module), NAMES_SETTINGS),
        GREETINGS: {},
        DEAD_LETTERS: {},
    }


def make_topics(bootstrap: str, topics: Mapping[str, Mapping[str, str]], partitions: int) -> None:
    """Create the topics that do not exist yet, with this many partitions each.

    Parameters
    ----------
    topics
        The settings of every topic that differ from the broker's own.
    """
    admin = connect(KafkaAdminClient, bootstrap)
    try:
        for topic, settings in sorted(topics.items()):
            with contextlib.suppress(TopicAlreadyExistsError):
                admin.create_topics(
                    [
                        NewTopic(
                            topic,
                            num_partitions=partitions,
                            replication_factor=1,
                            topic_configs=dict(settings),
                        )
                    ]
                )
    finally:
        admin.close()
