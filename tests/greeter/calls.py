"""Calls of the engine to the greeter, and what is read out of its answers."""

from __future__ import annotations

import json

from google.protobuf.any_pb2 import Any
from statefun.request_reply_pb2 import FromFunction, ToFunction

from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount


def packed(message) -> Any:
    any_message = Any()
    any_message.Pack(message)
    return any_message


def a_call(*names: str, seen: int | None = None, function: str = "greeter") -> ToFunction:
    """One batch for one address, as the engine would send it."""
    call = ToFunction()
    call.invocation.target.namespace = "example"
    call.invocation.target.type = function
    call.invocation.target.id = names[0] if names else "nobody"
    state = call.invocation.state.add(state_name="seen_count")
    if seen is not None:
        state.state_value = packed(SeenCount(seen=seen)).SerializeToString()
    for name in names:
        call.invocation.invocations.add().argument.CopyFrom(packed(GreetRequest(name=name)))
    return call


def post(client, call: ToFunction) -> FromFunction.InvocationResponse:
    answer = client.post("/statefun", data=call.SerializeToString())
    assert answer.status_code == 200
    assert answer.mimetype == "application/octet-stream"
    response = FromFunction()
    response.ParseFromString(answer.data)
    return response.invocation_result


def seen_in(result) -> int:
    (mutation,) = result.state_mutations
    assert mutation.state_name == "seen_count"
    value, seen = Any(), SeenCount()
    value.ParseFromString(mutation.state_value)
    assert value.Unpack(seen)
    return seen.seen


def sorted_by_topic(result, record_in) -> tuple[list[str], list[dict]]:
    """The greetings of a response, and its dead letters; ``record_in`` reads an egress message."""
    greetings, letters = [], []
    for egress in result.outgoing_egresses:
        assert (egress.egress_namespace, egress.egress_type) == ("example", "greets")
        record = record_in(egress.argument)
        if record.topic == "greetings":
            greetings.append(GreetResponse.FromString(record.value_bytes).greeting)
        else:
            assert record.topic == "names-dead-letter"
            letters.append({"key": record.key, **json.loads(record.value_bytes)})
    return greetings, letters
