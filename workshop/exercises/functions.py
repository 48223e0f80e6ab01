"""Running a learner's stateful function, for the checks of several lessons."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

import yaml
from google.protobuf.message import DecodeError
from statefun import StatefulFunctions

from greeter.messages_pb2 import GreetRequest, GreetResponse
from workshop.exercises.checking import expect, refuse
from workshop.paths import MODULE
from workshop.simulation import Copies, FakeContext, SimulatedRuntime

__all__ = ["EGRESS", "GREETER", "Greet", "SentRecord", "bound", "greeting_in", "runtime_of", "sent"]

Greet = Callable[[Any, GreetRequest], None]

GREETER = "example/greeter"
EGRESS = "example/greets"


class SentRecord(NamedTuple):
    """A record that a function sent."""

    topic: str
    key: str
    value: bytes


def bound(function: Greet) -> StatefulFunctions:
    """Bind the function as the greeter, and refuse it if its message has no type."""
    functions = StatefulFunctions()
    functions.bind(GREETER)(function)
    if functions.for_type(*GREETER.split("/")).known_messages is None:
        refuse(
            "The engine would call your function with a packed message, because its type is not "
            "known.",
            "give the type of the second argument: greet_request: GreetRequest.",
        )
    return functions


def runtime_of(function: Greet, states: Iterable[str] = (), copies: int = 1) -> SimulatedRuntime:
    """Run the function in so many copies, by the repository's module with these states."""
    module = yaml.safe_load(MODULE.read_text(encoding="utf-8"))
    module["module"]["spec"]["functions"][0]["function"]["spec"]["states"] = list(states)
    return SimulatedRuntime(
        Copies(lambda: bound(function), copies),
        yaml.safe_dump(module),
        topics={"greetings": GreetResponse},
        check=False,
    )


def sent(context: FakeContext, about: str) -> list[SentRecord]:
    """Read the records that a function sent, all through the one egress there is."""
    for egress, message in context.egressed:
        if egress != EGRESS:
            refuse(
                f"For {about} it sends to the egress {egress!r}, which is not in module.yaml.",
                f"the egress is {EGRESS!r} for every topic; the record chooses the topic.",
            )
        if message.DESCRIPTOR.name != "KafkaProducerRecord":
            refuse(
                f"For {about} it sends a {message.DESCRIPTOR.name} to the egress.",
                "make a record first, with kafka_egress_record(topic=…, key=…, value=…).",
            )
    if not context.egressed:
        refuse(
            f"For {about} it sends nothing.",
            "make a record with kafka_egress_record; send it with context.pack_and_send_egress.",
        )
    return [SentRecord(m.topic, m.key, m.value_bytes) for _, m in context.egressed]


def greeting_in(record: SentRecord, name: str) -> str:
    """Read the greeting out of a record, whose value must be a ``GreetResponse`` for ``name``."""
    response = GreetResponse()
    with suppress(DecodeError):
        response.ParseFromString(record.value)
    if not response.greeting:
        refuse(
            f"For {name!r} the value in the topic {record.topic!r} has no greeting.",
            "the value for this topic must be a GreetResponse with both fields set.",
        )
    expect(f"response.name for {name!r}", response.name, name, "set the name of the response too.")
    return response.greeting
