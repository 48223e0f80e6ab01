"""The bytes are those of the SDK's own classes, in both directions."""

import contextlib

import pytest
from google.protobuf.any_pb2 import Any
from hypothesis import given
from hypothesis import strategies as st
from statefun.request_reply_pb2 import Address, FromFunction, ToFunction

from workshop.simulation import wire

strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    "aé漢😀/", min_size=100, max_size=300
)
blobs = st.binary(max_size=20) | st.binary(min_size=120, max_size=300)
addresses = st.tuples(strings, strings, strings)


@given(addresses, st.dictionaries(strings, st.none() | blobs, max_size=3), st.data())
def test_requests(target, states, data):
    batch = data.draw(st.lists(st.tuples(st.none() | addresses, strings, blobs), max_size=3))
    expected = ToFunction()
    invocation = expected.invocation
    invocation.target.namespace, invocation.target.type, invocation.target.id = target
    for name, value in states.items():
        invocation.state.add(state_name=name, state_value=value or b"")
    entries = []
    for caller, type_url, value in batch:
        entry = invocation.invocations.add()
        if caller is not None:
            entry.caller.SetInParent()
            entry.caller.namespace, entry.caller.type, entry.caller.id = caller
        entry.argument.SetInParent()
        entry.argument.type_url, entry.argument.value = type_url, value
        sender = None if caller is None else wire.address_bytes(*caller)
        argument = wire.any_bytes(wire.type_url_field(type_url), value)
        assert argument == Any(type_url=type_url, value=value).SerializeToString()
        entries.append(wire.invocation_entry(sender, argument))
    request = wire.request_bytes(
        wire.address_bytes(*target),
        [wire.state_entry(wire.state_head(name), value) for name, value in states.items()],
        entries,
    )
    assert request == expected.SerializeToString()
    found_states, found = wire.read_request(request)
    assert found_states == {name: value or b"" for name, value in states.items()}
    assert [wire.read_any(argument) for _, argument in found] == [b[1:] for b in batch]


@given(st.data())
def test_responses(data):
    answer = FromFunction()
    result = answer.invocation_result
    kinds = FromFunction.PersistedValueMutation.MutationType
    expected = wire.Response([], [], [], [])
    for name, value in data.draw(st.lists(st.tuples(strings, st.none() | blobs), max_size=3)):
        mutation = result.state_mutations.add(state_name=name)
        mutation.mutation_type = kinds.Value("DELETE" if value is None else "MODIFY")
        mutation.state_value = value or b""
        kind = wire.DELETE if value is None else wire.MODIFY
        expected.mutations.append((name, kind, value or b""))
    for target, type_url in data.draw(st.lists(st.tuples(addresses, strings), max_size=3)):
        address = dict(zip(("namespace", "type", "id"), target, strict=True))
        argument = Any(type_url=type_url)
        result.outgoing_messages.add(target=Address(**address), argument=argument)
        message = (Address(**address).SerializeToString(), argument.SerializeToString())
        expected.messages.append(message)
        delay = data.draw(st.integers(-(2**63), 2**63 - 1))
        result.delayed_invocations.add(
            target=Address(**address), argument=argument, delay_in_ms=delay
        )
        expected.delayed.append((delay, *message))
        result.outgoing_egresses.add(
            egress_namespace=target[0], egress_type=target[1], argument=argument
        )
        egress = (target[0], target[1], argument.SerializeToString())
        expected.egresses.append(egress)
        assert wire.read_address(message[0]) == target
    assert wire.read_response(answer.SerializeToString()) == expected


@given(st.binary(max_size=60))
def test_what_is_no_message_is_refused_or_read_but_never_crashes(data):
    with contextlib.suppress(ValueError):  # UnicodeDecodeError is one as well
        wire.read_response(data)


@pytest.mark.parametrize(
    "data", [b"\xa2\x06\x05ab", b"\x0a", b"\x08", b"\x09abc", b"\x0c", b"\x08" + b"\xff" * 11]
)
def test_broken_messages_are_refused(data):
    with pytest.raises(ValueError):
        wire.read_response(data)


def test_unknown_fields_are_skipped():
    unknown = b"\x98\x06\x01" + b"\xa5\x06abcd" + b"\xa1\x06abcdefgh"  # a varint, 4 and 8 bytes
    answer = FromFunction()
    answer.invocation_result.outgoing_egresses.add(egress_namespace="a", egress_type="b")
    data = unknown + answer.SerializeToString()
    assert wire.read_response(data).egresses == [("a", "b", b"")]
