"""Checks of lesson 12: into production. Two of them try the answer on the learner's own stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import InvalidPartitionsError, KafkaError
from kafka.partitioner.default import murmur2
from kafka.structs import OffsetAndMetadata

from generator.broker import connect
from workshop.exercises.checking import exercise, expect, refuse
from workshop.exercises.stacks import must_be_up, new_name, scratch_topic
from workshop.partitions import partition_of as of_kafka

if TYPE_CHECKING:
    from workshop.stack import Stack

NAMES = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Ωμέγα", "🦊", "visitor 1", "visitor 2"]


@exercise(
    "12.1",
    "Whose partition",
    raises={
        TypeError: "murmur2 takes bytes, and the key's bytes are name.encode().",
        AttributeError: "the name is a string: name.encode() makes bytes of it.",
        UnicodeEncodeError: "names are encoded as UTF-8, which is what name.encode() does.",
    },
)
def _whose_partition(partition_of: Callable[[str, int], int]) -> str:
    cases = [(name, partitions) for partitions in (1, 2, 3, 12) for name in NAMES]
    saw = [partition_of(*case) for case in cases]
    hint = "the same name has to give the same number each time, from 0 to partitions - 1."
    # Told apart by all answers together: some of them are right by chance.
    if saw == [hash(name) % partitions for name, partitions in cases]:
        hint = "hash(…) is Python's own, and differs from run to run: Kafka hashes with murmur2(…)."
    elif saw == [murmur2(name.encode()) % partitions for name, partitions in cases]:
        hint = "the sign is dropped before the division."
    elif saw == [murmur2(name.encode()) & (0x7FFFFFFF % partitions) for name, partitions in cases]:
        hint = "Python evaluates % before &: put brackets around what comes first."
    for (name, partitions), answer in zip(cases, saw, strict=True):
        about = f"partition_of({name!r}, {partitions})"
        expect(about, answer, of_kafka(name, partitions), hint)
    return "It puts every name where Kafka's clients put it."


@exercise(
    "12.2",
    "More partitions",
    seconds=60,
    raises={
        InvalidPartitionsError: "create_partitions wants to know how many there are to be in all, "
        "the ones that are there included.",
        KafkaError: "the topic is there already. It only gets more partitions.",
    },
)
def _more_partitions(
    stack: Stack, moved: Callable[[str, str, int, Sequence[str]], Sequence[str] | None]
) -> str:
    must_be_up(stack)
    names = [f"visitor {number}" for number in range(100)]
    for before, more in ((2, 1), (3, 5)):
        after = before + more
        with scratch_topic(stack.bootstrap, before) as topic:
            saw = moved(stack.bootstrap, topic, more, list(names))
            with closing(connect(KafkaConsumer, stack.bootstrap)) as consumer:
                there = len(consumer.partitions_for_topic(topic) or ())
        about = f"A topic of {before} partitions that gets {more} more"
        expect(
            f"{about}: how many it has then",
            there,
            after,
            "create_partitions({topic: number}), where number is how many there are to be in all.",
        )
        if saw is None:
            refuse(f"{about}: moved(…) returned nothing.", "return the list of names that move.")
        places = {name: (of_kafka(name, before), of_kafka(name, after)) for name in names}
        expect(
            f"{about}: who of 100 names moves",
            list(saw),
            [name for name, (old, new) in places.items() if old != new],
            "a name moves if its partition among the old number is another than among the new one.",
        )
    return f"{len(saw or ())} of 100 names move when 3 partitions become 8; their old records stay."


@exercise(
    "12.3",
    "The lag",
    seconds=60,
    raises={
        TypeError: "committed(…) is None for a partition that the group has never noted: … or 0.",
        KeyError: "ask for every partition of the topic: consumer.partitions_for_topic(topic).",
        KafkaError: "TopicPartition(topic, number) names a partition; ask for those there are.",
    },
)
def _the_lag(stack: Stack, lag: Callable[[str, str, str], Any]) -> str:
    must_be_up(stack)
    # How many records each partition has, and where the group has noted its place.
    cases: list[tuple[list[int], dict[int, int], str]] = [
        ([120], {0: 115}, "the end of the partition, less the place that the group has noted."),
        ([7, 9], {0: 7, 1: 9}, "if all was taken, nothing waits."),
        ([30, 20], {0: 20, 1: 13}, "add up what waits in all partitions."),
        (
            [10, 20, 30],
            {0: 10, 2: 25},
            "a partition for which the group has noted no place has all of its records waiting.",
        ),
        ([10], {}, "a group that has noted nothing has everything before it."),
    ]
    for written, taken, hint in cases:
        with scratch_topic(stack.bootstrap, len(written)) as topic:
            group = new_name("readers")
            _write(stack.bootstrap, topic, written)
            _note(stack.bootstrap, topic, group, taken)
            saw = lag(stack.bootstrap, group, topic)
        about = f"Partitions with {written} records, of which the group has taken {taken}: the lag"
        wanted = sum(number - taken.get(place, 0) for place, number in enumerate(written))
        expect(about, saw, wanted, hint)
    return "It counts what waits, also where nobody has read yet."


def _write(bootstrap: str, topic: str, written: Sequence[int]) -> None:
    """Write so many records to each partition of a topic."""
    with closing(connect(KafkaProducer, bootstrap)) as producer:
        for partition, number in enumerate(written):
            for _ in range(number):
                producer.send(topic, b"a record", partition=partition)
        producer.flush()


def _note(bootstrap: str, topic: str, group: str, taken: dict[int, int]) -> None:
    """Note for a group how far it has read each partition."""
    places = {TopicPartition(topic, p): OffsetAndMetadata(at, "", -1) for p, at in taken.items()}
    if places:
        with closing(connect(KafkaConsumer, bootstrap, group_id=group)) as consumer:
            consumer.commit(places)


def _reading(interval: float = 1.0, **other: float) -> dict[str, float]:
    well = {"checkpoint_age": 0.5 * interval, "checkpoint_duration": 0.05 * interval}
    return {"interval": interval, **well, "restarts": 0, "lag": 40, **other}


@exercise(
    "12.4",
    "When to wake somebody",
    raises={
        KeyError: "the keys are interval, checkpoint_age, checkpoint_duration, restarts and lag.",
        TypeError: "return a list of sentences, built with append; each is a string.",
    },
)
def _when_to_wake_somebody(alarms: Callable[[dict[str, float], dict[str, float]], Any]) -> str:
    def raised(now: dict[str, float], before: dict[str, float]) -> list[str]:
        found = alarms(dict(now), dict(before))
        if isinstance(found, str) or not isinstance(found, list | tuple):
            refuse(f"alarms(…) gave {found!r}", "return a list, empty when all is fine.")
        if not all(isinstance(one, str) and one.strip() for one in found):
            refuse(f"alarms(…) gave {found!r}", "each alarm is a sentence: a string.")
        return list(found)

    age = "compare the age with the interval: a multiple of it, such as ten."
    restarts = "restarts only ever grows: look at its difference to a minute ago."
    growing = "compare the lag with that of a minute before: only one that grows much is an alarm."
    # Read now, read before, and the hint if it is silent about what has to wake somebody.
    sick = [
        (
            "no checkpoint for an hour, at an interval of 1 s",
            _reading(checkpoint_age=3600),
            _reading(checkpoint_age=3540),
            "nothing is committed without a checkpoint: an old one is the first thing to tell.",
        ),
        (
            "no checkpoint for a day, at an interval of 10 minutes",
            _reading(600, checkpoint_age=86_400),
            _reading(600, checkpoint_age=86_340),
            age,
        ),
        ("five restarts in a minute", _reading(restarts=5), _reading(), restarts),
        ("five more restarts after many", _reading(restarts=105), _reading(restarts=100), restarts),
        ("a lag that grew from 40 to 50,000", _reading(lag=50_000), _reading(), growing),
    ]
    quiet = [
        ("all is fine", _reading(), _reading(), "when all is fine the list is empty."),
        (
            "a checkpoint of 8 minutes ago, at an interval of 10 minutes",
            _reading(600, checkpoint_age=480),
            _reading(600, checkpoint_age=420),
            age,
        ),
        (
            "one late checkpoint: 2 s old, at an interval of 1 s",
            _reading(checkpoint_age=2.0),
            _reading(),
            "a single late checkpoint is no reason to wake somebody: allow a few intervals.",
        ),
        (
            "a hundred restarts, all of them long ago",
            _reading(restarts=100),
            _reading(restarts=100),
            restarts,
        ),
        (
            "a lag of 90,000 that was 150,000: it is being worked off",
            _reading(lag=90_000),
            _reading(lag=150_000),
            growing,
        ),
        ("a lag that went from 40 to 90", _reading(lag=90), _reading(), growing),
    ]
    for about, now, before, hint in sick:
        if not raised(now, before):
            refuse(f"{about}: no alarm", hint)
    for about, now, before, hint in quiet:
        if found := raised(now, before):
            refuse(f"{about}: it says {found}", hint)
    several = raised(_reading(checkpoint_age=3600, restarts=9, lag=90_000), _reading())
    if len(several) < 3:
        refuse(
            f"no checkpoint, nine restarts and a growing lag at once: it says {several}",
            "one sentence for each thing that is wrong: if after if, not elif.",
        )
    return f"It is quiet when all is fine, and otherwise says: {'; '.join(several)}."
