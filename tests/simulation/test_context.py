"""The fake context: the SDK's own surface, typed doors in and out, the SDK's quirks."""

from datetime import timedelta

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import kafka_egress_record
from statefun.request_reply import BatchContext
from statefun.request_reply_pb2 import FromFunction, ToFunction

from greeter.greeter import greet
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.simulation import FakeContext, SimulationError


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def test_it_has_every_public_name_of_the_sdk():
    request = ToFunction()
    sdk = BatchContext(request.invocation.target, request.invocation.state)
    assert public(sdk) <= public(FakeContext())
    assert {"__getitem__", "__setitem__", "__delitem__"} <= set(dir(FakeContext))
    # The list is not empty by accident: these are what the documentation names.
    assert {"address", "caller", "state", "send", "reply", "pack_and_send_after"} <= public(sdk)


def test_the_greeter():
    context = FakeContext("example/greeter", "Ada", states={"seen_count": SeenCount(seen=2)})
    greet(context, GreetRequest(name="Ada"))
    assert context.stored == {"seen_count": SeenCount(seen=3)}
    assert type(context.stored["seen_count"]) is SeenCount
    (record,) = context.records("greetings", GreetResponse)
    assert record.key == "Ada"
    assert record.value == GreetResponse(name="Ada", greeting="Third time is a charm Ada")
    assert context.records("another topic") == []
    (egressed,) = context.egressed
    assert egressed.typename == "example/greets"
    assert egressed.message.value_bytes == record.value.SerializeToString()


def test_one_context_serves_a_batch():
    context = FakeContext("example/greeter", "Ada", states=["seen_count"])
    for _ in range(3):
        greet(context, GreetRequest(name="Ada"))
    assert [r.value.greeting for r in context.records("greetings", GreetResponse)] == [
        "Welcome Ada",
        "Nice to see you again Ada",
        "Third time is a charm Ada",
    ]
    result = FromFunction.FromString(context.response()).invocation_result
    assert len(result.state_mutations) == 1 and len(result.outgoing_egresses) == 3


def test_messages_are_read_back_typed():
    context = FakeContext("ns/f", "me", caller=("ns/asker", "you"))
    context.pack_and_send("ns/g", "x", StringValue(value="sent"))
    context.pack_and_reply(Int64Value(value=1))
    context.pack_and_send_after(timedelta(seconds=1.5), "ns/g", "y", StringValue(value="late"))
    context.pack_and_send_egress("ns/out", kafka_egress_record("t", StringValue(value="v"), "k"))
    assert context.sent == [
        ("ns/g", "x", StringValue(value="sent"), False),
        ("ns/asker", "you", Int64Value(value=1), True),
    ]
    assert context.replied == [Int64Value(value=1)]
    assert context.delayed == [(timedelta(seconds=1.5), "ns/g", "y", StringValue(value="late"))]
    assert context.records("t", StringValue) == [("k", StringValue(value="v"))]
    assert context.records("t") == [("k", StringValue(value="v").SerializeToString())]


def test_an_unknown_message_stays_an_any():
    context = FakeContext()
    unknown = Any(type_url="type.googleapis.com/nowhere.Nothing", value=b"\x01")
    context.send("ns/g", "x", unknown)
    message = context.sent[0].message
    assert isinstance(message, Any)
    assert message.SerializeToString() == unknown.SerializeToString()


def test_a_message_that_was_not_packed_is_named():
    context = FakeContext()
    context.send("ns/g", "x", StringValue(value="raw"))  # the SDK notices when it answers
    with pytest.raises(SimulationError, match="without packing"):
        _ = context.sent
    with pytest.raises(TypeError):
        context.response()


def test_a_state_that_was_not_packed_shows_as_the_bytes_that_would_be_stored():
    context = FakeContext(states=["seen"])
    context["seen"] = Int64Value(value=3)
    assert context.stored == {"seen": b"\x08\x03"}


def test_quirks_of_the_sdk():
    context = FakeContext("ns/f", "me", states=["seen"])
    assert repr(context.caller) == "//"  # never None: an ingress has an address of empty parts
    with pytest.raises(ValueError, match="missing id"):
        context.pack_and_reply(StringValue(value="to no one"))
    with pytest.raises(KeyError, match="unknown state name"):
        context.state("other")
    with pytest.raises(ValueError, match="missing delay"):
        context.pack_and_send_after(timedelta(0), "ns/g", "x", StringValue())
    del context["seen"]
    with pytest.raises(AssertionError):
        context.state("seen").bytes()
    assert context["seen"] is None and context.stored == {"seen": None}
    assert context.replied == []


def test_a_state_that_is_unpacked_as_another_type_is_empty_and_raises_no_error():
    """Lesson 04 warns of it: a count that is read in this way starts over."""
    context = FakeContext(states={"seen": Int64Value(value=3)})
    assert context.state("seen").unpack(Int64Value).value == 3
    other = context.state("seen").unpack(StringValue)
    assert other is not None and other == StringValue()


def test_the_caller_can_change_within_a_batch():
    context = FakeContext("ns/f", "me", caller=("a/b/c", "1"))
    assert repr(context.caller) == "a/b/c/1" and context.caller.namespace == "a/b"
    assert context.called_by(None) is context
    assert repr(context.caller) == "//"


@pytest.mark.parametrize("typename", ["greeter", "", "/greeter", "example/"])
def test_a_type_needs_a_namespace_and_a_name(typename):
    with pytest.raises(ValueError, match="namespace/name"):
        FakeContext(typename, "Ada")
    with pytest.raises(ValueError, match="namespace/name"):
        FakeContext(caller=(typename, "Ada"))


def test_the_display_is_a_small_table_and_escapes_what_it_shows():
    context = FakeContext("ns/f", "<b>", states={"seen": StringValue(value="<script>")})
    context.pack_and_send("ns/g", "&", StringValue(value="x"))
    del context["seen"]
    html, text = context._repr_html_(), repr(context)
    assert "<b>" not in html and "&lt;b&gt;" in html and "ns/g/&amp;" in html
    assert "state (deleted): seen = —" in text and "sent: ns/g/& = StringValue" in text
