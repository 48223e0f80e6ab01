"""Functions that do what their messages say, so that a request alone decides on its response."""

import json
from datetime import timedelta

from google.protobuf.any_pb2 import Any
from google.protobuf.struct_pb2 import ListValue
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BytesValue, DoubleValue, Int64Value, StringValue
from statefun import StatefulFunctions, kafka_egress_record, kinesis_egress_record

from greeter.greeter import greet
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount

#: What a program can send and store.
CLASSES = {
    cls.DESCRIPTOR.full_name: cls
    for cls in (
        BytesValue, DoubleValue, GreetRequest, GreetResponse, Int64Value, ListValue, SeenCount,
        StringValue, Timestamp,
    )
}  # fmt: skip

functions = StatefulFunctions()
functions.register("example/greeter", greet)


def read_any(text):
    """An ``Any``, written as the hexadecimal digits of its bytes."""
    return Any.FromString(bytes.fromhex(text))


def read_message(text):
    """What is in such an ``Any``."""
    any = read_any(text)
    message = CLASSES[any.TypeName()]()
    any.Unpack(message)
    return message


def tell(context, *seen):
    """Make what the function saw a part of the response."""
    context.pack_and_send_egress("test/seen", StringValue(value=repr(seen)))


@functions.bind("test/program")
def program(context, message: StringValue):
    """Do the steps that the message lists."""
    for operation, *arguments in json.loads(message.value):
        STEPS[operation](context, *arguments)


@functions.bind("test/typed")
def typed(context, message: Int64Value | GreetRequest | ListValue):
    """Store and pass on a message of a known type; an empty list arrives as an Any."""
    context.state("s").pack(message)
    context.pack_and_send("test/f", type(message).__name__, message)


@functions.bind("test/untyped")
def untyped(context, message):
    """Store and pass on an Any as it came."""
    context["s"] = message
    context.send("test/f", "id", message)
    context.send_after(timedelta(seconds=1), "test/f", "id", message)
    context.send_egress("test/out", message)


STEPS = {
    "pack": lambda c, name, m: c.state(name).pack(read_message(m)),
    "set": lambda c, name, m: c.__setitem__(name, read_any(m)),
    "delete": lambda c, name: c.__delitem__(name),
    "unpack": lambda c, name, cls: c.pack_and_send_egress(
        "test/seen", c.state(name).unpack(CLASSES[cls])
    ),
    "get": lambda c, name: c.send_egress("test/seen", c[name]),
    "send": lambda c, to, id, m: c.send(to, id, read_any(m)),
    "pack_and_send": lambda c, to, id, m: c.pack_and_send(to, id, read_message(m)),
    "reply": lambda c, m: c.pack_and_reply(read_message(m)),
    "after": lambda c, ms, to, id, m: c.pack_and_send_after(
        timedelta(milliseconds=ms), to, id, read_message(m)
    ),
    "kafka": lambda c, to, topic, key, m: c.pack_and_send_egress(
        to, kafka_egress_record(topic, read_message(m), key)
    ),
    "kinesis": lambda c, to, stream, key, m: c.pack_and_send_egress(
        to, kinesis_egress_record(stream, read_message(m), key, key)
    ),
    "who": lambda c: tell(c, c.address, c.caller),
}
