"""The guard: junk becomes a dead letter, what is good beside it is greeted, a bug stays a bug."""

import base64
import logging

import pytest
import yaml
from google.protobuf.any_pb2 import Any
from hypothesis import given
from hypothesis import strategies as st
from statefun import StatefulFunctions
from statefun.kafka_egress_pb2 import KafkaProducerRecord

from greeter import greeter
from greeter.guard import Guard
from greeter.limits import LARGEST_BODY, LARGEST_NAME, LARGEST_RECORD
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from tests.greeter.calls import a_call, packed, post, seen_in, sorted_by_topic
from tests.greeter.junk import JUNK
from tests.soak import examples
from workshop.paths import ROOT

URL = "com.googleapis/example.GreetRequest"


def add(call, value: bytes, type_url: str = URL) -> None:
    """Add a message to a batch as the ingress does: whatever the bytes, they get its type."""
    call.invocation.invocations.add().argument.CopyFrom(Any(type_url=type_url, value=value))


def sorted_out(result) -> tuple[list[str], list[dict]]:
    """The greetings of a response, and its dead letters."""

    def record_in(argument):
        record = KafkaProducerRecord()
        assert argument.Unpack(record)
        return record

    return sorted_by_topic(result, record_in)


@pytest.mark.parametrize(("value", "reason"), JUNK.values(), ids=JUNK)
def test_junk_between_good_names(client, value, reason):
    call = a_call("Ada", seen=4)
    add(call, value)
    add(call, GreetRequest(name="Ada").SerializeToString())
    result = post(client, call)
    greetings, letters = sorted_out(result)
    assert greetings == [f"Nice to see you at the {n}-nth time Ada!" for n in (5, 6)]
    assert seen_in(result) == 6
    assert letters == [
        {
            "key": "Ada",
            "reason": reason,
            "function": "example/greeter",
            "id": "Ada",
            "type_url": URL,
            "size": len(value),
            "original": base64.b64encode(value).decode(),
        }
    ]


def test_junk_alone_counts_nobody(client):
    call = a_call()
    for value, _ in JUNK.values():
        add(call, value)
    result = post(client, call)
    greetings, letters = sorted_out(result)
    assert (greetings, len(letters)) == ([], len(JUNK))
    assert not result.state_mutations


@pytest.mark.parametrize(
    ("type_url", "told"),
    [("type.googleapis.com/example.SeenCount", "example.SeenCount"), ("", "nothing")],
)
def test_a_message_of_another_type(client, type_url, told):
    call = a_call("Ada")
    add(call, packed(SeenCount(seen=1)).value, type_url)
    greetings, (letter,) = sorted_out(post(client, call))
    assert greetings == ["Welcome Ada"]
    assert letter["reason"] == f"it says that it is {told}, which is not example.GreetRequest"


def test_what_has_the_shape_of_a_request_is_greeted(client):
    """Nobody can tell a GreetResponse from a GreetRequest that has gained a field."""
    call = a_call()
    add(call, GreetResponse(name="Ada", greeting="Welcome Ada").SerializeToString())
    assert sorted_out(post(client, call)) == (["Welcome Ada"], [])


def test_of_what_is_larger_than_any_record_the_beginning_is_kept(client):
    """Another topic may have no limit; the dead letter must fit into its own."""
    value = GreetRequest(name="y" * 2**20).SerializeToString()
    call = a_call()
    add(call, value)
    _, (letter,) = sorted_out(post(client, call))
    assert letter["size"] == len(value)
    assert base64.b64decode(letter["original"]) == value[:LARGEST_RECORD]


@pytest.mark.parametrize(("name", "good"), [("é" * (LARGEST_NAME // 2), True), ("é" * 9000, False)])
def test_the_limit_of_a_name_is_in_bytes(client, name, good):
    greetings, letters = sorted_out(post(client, a_call(name)))
    assert (len(greetings), len(letters)) == ((1, 0) if good else (0, 1))


@given(st.lists(st.one_of(st.text(max_size=5), st.binary(max_size=12)), max_size=12))
@examples(200)
def test_every_message_is_greeted_or_a_dead_letter_and_the_counts_have_no_gap(values):
    call = a_call()
    for value in values:
        text = GreetRequest(name=value).SerializeToString() if isinstance(value, str) else value
        add(call, text)
    result = post(greeter.app.test_client(), call)
    greetings, letters = sorted_out(result)
    assert len(greetings) + len(letters) == len(values)
    assert len(letters) >= values.count("") + values.count(b"")
    assert (seen_in(result) if greetings else 0) == len(greetings)


# ------------------------------------------------- not the guard's business


def test_a_bug_beside_junk_is_500_and_nothing_is_answered(client, monkeypatch, caplog):
    def broken(name, seen):
        raise UnicodeDecodeError("utf-8", b"", 0, 1, "planted")

    monkeypatch.setattr(greeter, "compute_greeting", broken)
    call = a_call()
    add(call, b"\xff")
    add(call, GreetRequest(name="Ada").SerializeToString())
    with caplog.at_level(logging.ERROR):
        assert client.post("/statefun", data=call.SerializeToString()).status_code == 500
    assert "planted" in caplog.text


def test_functions_of_other_types_are_served_as_the_sdk_serves_them():
    functions, got = StatefulFunctions(), []
    functions.bind("example/any")(lambda context, message: got.append(message))

    def count(context, message: SeenCount):
        got.append(message)

    functions.bind("example/count")(count)
    guard = Guard(functions)
    for function in ("any", "count"):
        call = a_call(function=function)
        del call.invocation.state[:]
        call.invocation.invocations.add().argument.CopyFrom(packed(SeenCount(seen=3)))
        guard(call.SerializeToString())
    assert got == [packed(SeenCount(seen=3)), SeenCount(seen=3)]


# --------------------------------------------- requests that are none at all


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (b"\xff", "cannot be read"),
        (packed(GreetRequest(name="Ada")).SerializeToString(), "is not a SeenCount but"),
        (packed(SeenCount(seen=-2)).SerializeToString(), "holds -2, which is not a count"),
        (packed(SeenCount(seen=2**63 - 1)).SerializeToString(), "which is not a count"),
        (Any(type_url="a/example.SeenCount", value=b"\xff").SerializeToString(), "cannot be read"),
    ],
)
def test_a_count_that_is_none_is_400_and_not_forgotten(client, state, why):
    call = a_call("Ada")
    call.invocation.state[0].state_value = state
    answer = client.post("/statefun", data=call.SerializeToString())
    assert answer.status_code == 400
    assert why in answer.text and answer.text.count("\n") == 1


def test_a_state_that_the_module_does_not_declare_is_400(client):
    call = a_call("Ada")
    call.invocation.state[0].state_name = "another"
    answer = client.post("/statefun", data=call.SerializeToString())
    assert answer.status_code == 400
    assert "no state seen_count, which module.yaml must declare" in answer.text


def test_a_body_that_is_too_large_is_413(client):
    answer = client.post("/statefun", data=bytes(LARGEST_BODY + 1))
    assert answer.status_code == 413
    assert answer.text == f"The body is too large: at most {LARGEST_BODY} bytes are allowed\n"


def test_no_request_of_the_engine_is_too_large():
    """What waits for one address, as much as the module allows and as large as the topic allows."""
    spec = yaml.safe_load((ROOT / "module.yaml").read_text())["module"]["spec"]
    (entry,) = spec["functions"]
    batch = entry["function"]["spec"]["maxNumBatchRequests"]
    call = a_call()
    name = "x" * (LARGEST_RECORD - 100)
    call.invocation.target.id = name
    for _ in range(batch):
        add(call, GreetRequest(name=name).SerializeToString())
    assert LARGEST_BODY > call.ByteSize() > batch * (LARGEST_RECORD - 200)


def test_the_content_type_of_a_form_does_not_hide_the_body(client):
    """It is what curl says unless told otherwise."""
    answer = client.post(
        "/statefun",
        data=a_call("Ada").SerializeToString(),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
