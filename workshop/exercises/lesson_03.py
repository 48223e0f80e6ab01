"""Checks of lesson 03, sending a response."""

from __future__ import annotations

import re

from google.protobuf.message import Message

from greeter.messages_pb2 import GreetRequest
from workshop.exercises.checking import exercise, expect, refuse
from workshop.exercises.functions import GREETER, Greet, SentRecord, greeting_in, runtime_of, sent
from workshop.partitions import partition_of
from workshop.simulation import FakeContext, SimulationError

RAISES: dict[type[Exception], str] = {
    TypeError: "the function takes a context and a request, and a key is a string.",
    SimulationError: "send it with context.pack_and_send_egress: the egress takes packed messages.",
}


def _records(greet: Greet, name: str) -> list[SentRecord]:
    """The records that the function sends for a name."""
    context = FakeContext(GREETER, name)
    greet(context, GreetRequest(name=name))
    return sent(context, repr(name))


def _runs(greet: Greet, names: list[str]) -> None:
    """Run the function under the SDK's handler, where its message must have a type."""
    runtime = runtime_of(greet)
    for name in names:
        runtime.send("names", name, GreetRequest(name=name))
    runtime.run()


@exercise("03.1", "Keep an audit", raises=RAISES)
def keep_an_audit(greet_and_audit: Greet) -> str:
    names = ["Ada", "Grace", "Ωμέγα"]
    for name in names:
        records = _records(greet_and_audit, name)
        by_topic = {record.topic: record for record in records}
        expect(
            f"the topics of the records for {name!r}",
            sorted(record.topic for record in records),
            ["audit", "greetings"],
            "send two records: one for the topic 'greetings', one for the topic 'audit'.",
        )
        greeting = greeting_in(by_topic["greetings"], name)
        expect("the greeting", greeting, f"Hello {name}", "greet with Hello and the name.")
        for topic, record in by_topic.items():
            hint = "give this record a key too: the name. Without a key, its order is lost."
            expect(f"the key in the topic {topic!r} for {name!r}", record.key, name, hint)
        _is_the_request(by_topic["audit"].value, GreetRequest(name=name))
    _runs(greet_and_audit, names)
    return "Two topics through one egress: the greeting in one, the request in the other."


def _is_the_request(value: bytes, request: Message) -> None:
    if value != request.SerializeToString():
        refuse(
            f"The value in the topic 'audit' is {value!r}\n"
            f"  expected  {request.SerializeToString()!r}",
            "the audit keeps the request itself: the value must be greet_request.",
        )


@exercise(
    "03.2",
    "One family, one order",
    raises=RAISES | {IndexError: "some people have only one name: take the last word, index -1."},
)
def one_family(greet_family: Greet) -> str:
    families = {
        "Sappho": ["Sappho"],
        "Lovelace": ["Ada Lovelace", "Ralph Lovelace", "Anne Isabella Lovelace"],
        "Hopper": ["Grace Hopper", "Vincent Hopper"],
        "Turing": ["Alan Turing", "Sara Turing"],
        "Liskov": ["Barbara Liskov"],
    }
    keys: dict[str, str] = {}
    for family, members in families.items():
        of_family = {}
        for name in members:
            records = _records(greet_family, name)
            topics = [record.topic for record in records]
            expect(
                f"the topics for {name!r}", topics, ["greetings"], "send one record, to greetings."
            )
            expect(
                f"the greeting for {name!r}",
                greeting_in(records[0], name),
                f"Hello {name}",
                "greet with Hello and the full name; only the key is the family.",
            )
            of_family[name] = records[0].key
        if "" in of_family.values():
            refuse(
                f"The keys of the family {family} are {of_family}.",
                "a record without a key can go to any partition: give every record a key.",
            )
        if len(set(of_family.values())) > 1:
            partitions = {name: partition_of(key, 3) for name, key in of_family.items()}
            refuse(
                f"The keys of the family {family} are {of_family}.\nWith three partitions they "
                f"go to {partitions}.",
                "the key must be the same for the whole family: the last word of the name.",
            )
        keys[family] = of_family[members[0]]
    if len(set(keys.values())) < len(keys):
        refuse(
            f"The keys of the families are {keys}.",
            "different families need different keys, or one partition does all the work.",
        )
    _runs(greet_family, [name for members in families.values() for name in members])
    return f"Each family has one key and stays in order: {', '.join(keys.values())}."


@exercise("03.3", "Topics of your own", raises=RAISES)
def topics_of_your_own(greet_somewhere: Greet) -> str:
    names = ["Ada", "Grace", "Alan", "Barbara", "Edsger", "Hannah", "Bo", "Christopher", "Otto"]
    names += ["Jean-Luc", "Émilie", "Ωμέγα"]
    chosen: dict[str, str] = {}
    for name in [*names, *names, *reversed(names)]:
        records = _records(greet_somewhere, name)
        expect(
            f"the number of records for {name!r}",
            len(records),
            1,
            "send exactly one record for a request: choose its topic first, then send it.",
        )
        (record,) = records
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", record.topic) or record.topic in (".", ".."):
            refuse(
                f"For {name!r} the topic is {record.topic!r}.",
                "Kafka does not accept that topic name: use a to z, A to Z, digits, '.', '_' and "
                "'-'.",
            )
        first = chosen.setdefault(name, record.topic)
        expect(
            f"the topic for {name!r}, asked again",
            record.topic,
            first,
            "the same name must get the same topic: compute the topic from the name alone.",
        )
        expect(f"the key for {name!r}", record.key, name, "the key must be the name.")
        if name not in greeting_in(record, name):
            refuse(f"The greeting for {name!r} lacks the name.", "put the name into the greeting.")
    topics = sorted(set(chosen.values()))
    if len(topics) < 2:
        refuse(
            f"All {len(names)} names got the topic {topics[0]!r}.",
            f"use at least two topics; the names tried are {', '.join(names)}.",
        )
    _runs(greet_somewhere, names)
    shown = ", ".join(topics[:4]) + (" …" if len(topics) > 4 else "")
    return f"{len(names)} names went to {len(topics)} topics: {shown}"
