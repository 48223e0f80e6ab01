"""Calls of an engine of 3.x to its greeter, and what is read out of the answers.

The messages of both protocols have the same file name, so that no process holds both in one pool:
those of 3.x are in a pool of their own here.
"""

from __future__ import annotations

import ast

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from greeter.messages_pb2 import GreetRequest, SeenCount
from tests.greeter.calls import sorted_by_topic
from workshop.stack.java.engine import STATEFUN_3

TYPE = "type.googleapis.com/example."
_POOL = DescriptorPool()
for _module in ("request_reply_pb2", "kafka_egress_pb2"):
    _source = (STATEFUN_3.sdk / "statefun" / f"{_module}.py").read_text(encoding="utf-8")
    (_file,) = (
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(_source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile"
    )
    _POOL.AddSerializedFile(_file)


def _message(name: str):
    return GetMessageClass(_POOL.FindMessageTypeByName(f"io.statefun.sdk.{name}"))


ToFunction, FromFunction = _message("reqreply.ToFunction"), _message("reqreply.FromFunction")
KafkaProducerRecord = _message("egress.KafkaProducerRecord")


def a_call(*names: str, seen: int | None = None, function: str = "greeter"):
    """One batch for one address, as the engine would send it."""
    call = ToFunction()
    target = call.invocation.target
    target.namespace, target.type, target.id = "example", function, names[0] if names else "nobody"
    state = call.invocation.state.add(state_name="seen_count").state_value
    state.typename = f"{TYPE}SeenCount"
    if seen is not None:
        state.has_value, state.value = True, SeenCount(seen=seen).SerializeToString()
    for name in names:
        add(call, GreetRequest(name=name).SerializeToString())
    return call


def add(call, value: bytes, typename: str = f"{TYPE}GreetRequest") -> None:
    """Add a message to a batch as the ingress does: whatever the bytes, they get its type."""
    argument = call.invocation.invocations.add().argument
    argument.typename, argument.has_value, argument.value = typename, True, value


def seen_in(result) -> int:
    """The count that an answer has for the state."""
    (mutation,) = result.state_mutations
    assert mutation.state_name == "seen_count"
    return SeenCount.FromString(mutation.state_value.value).seen


def sorted_out(result) -> tuple[list[str], list[dict]]:
    """The greetings of a response, and its dead letters."""
    return sorted_by_topic(result, lambda value: KafkaProducerRecord.FromString(value.value))
