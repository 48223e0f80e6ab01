"""A response is byte for byte the same on both protobufs."""

import json
import math
from collections.abc import Iterator

import pytest
from google.protobuf.any_pb2 import Any
from hypothesis import event, given
from hypothesis import strategies as st
from statefun.request_reply_pb2 import FromFunction, ToFunction

from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from tests.protobuf.environments import LIFTED, PINNED, Answerer
from tests.protobuf.functions import CLASSES
from tests.soak import examples

strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    "aé漢😀/", min_size=120, max_size=150
)
blobs = st.binary(max_size=12) | st.binary(min_size=120, max_size=150)
# One NaN only: of the bits of others protobuf in Python keeps nothing.
floats = st.floats(allow_nan=False) | st.just(math.nan)
numbers = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 300)


def make_list(items: list[str | float]) -> object:
    made = CLASSES["google.protobuf.ListValue"]()
    made.extend(items)
    return made


def build(name: str, **fields: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(CLASSES[name], **fields)


# No type with a map: of its entries protobuf promises no order.
messages = st.one_of(
    build("google.protobuf.StringValue", value=strings),
    build("google.protobuf.BytesValue", value=blobs),
    build("google.protobuf.Int64Value", value=numbers),
    build("google.protobuf.DoubleValue", value=floats),
    build("google.protobuf.Timestamp", seconds=numbers, nanos=st.integers(-(2**31), 2**31 - 1)),
    st.builds(make_list, st.lists(strings | floats, max_size=3)),
    st.builds(GreetRequest, name=strings),
    st.builds(GreetResponse, name=strings, greeting=strings),
    st.builds(SeenCount, seen=numbers),
)


def pack(message: object, prefix: str = "type.googleapis.com/") -> Any:
    any = Any()
    any.Pack(message, type_url_prefix=prefix)
    return any


# As the engine's router writes them; of a type nobody knows; bytes that are not of their type.
anys = st.one_of(
    st.builds(pack, messages, st.sampled_from(["type.googleapis.com/", "com.googleapis/"])),
    st.builds(Any, type_url=strings, value=blobs),
    st.builds(Any, type_url=st.sampled_from(["a/" + name for name in CLASSES]), value=blobs),
)

names = st.sampled_from(["s", "s", "s", "état", "undeclared"])
typenames = st.sampled_from(["ns/f", "ns/f", "a/b/c", "é/ü", "", "noslash"])
packed = messages.map(lambda message: pack(message).SerializeToString().hex())
any_strings = anys.map(lambda any: any.SerializeToString().hex())
steps = st.one_of(
    st.tuples(st.just("pack"), names, packed),
    st.tuples(st.just("set"), names, any_strings),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("unpack"), names, st.sampled_from(list(CLASSES))),
    st.tuples(st.just("get"), names),
    st.tuples(st.just("send"), typenames, strings, any_strings),
    st.tuples(st.just("pack_and_send"), typenames, strings, packed),
    st.tuples(st.just("reply"), packed),
    st.tuples(st.just("after"), st.integers(-10, 2**40), typenames, strings, packed),
    st.tuples(st.just("kafka"), typenames, strings, strings | st.none(), packed),
    st.tuples(st.just("kinesis"), typenames, strings, strings, packed),
    st.just(("who",)),
)
programs = st.lists(steps, max_size=6).map(
    lambda program: pack(CLASSES["google.protobuf.StringValue"](value=json.dumps(program)))
)
greet_requests = st.builds(lambda name: pack(GreetRequest(name=name), "com.googleapis/"), strings)
empty = st.just(b"")
counts = st.builds(lambda n: pack(SeenCount(seen=n)).SerializeToString(), numbers)
states = st.fixed_dictionaries(
    {
        "s": empty | anys.map(Any.SerializeToString),
        "état": empty,
        "seen_count": empty | counts,
    }
)
callers = st.none() | st.tuples(st.sampled_from(["ns", "a/b"]), strings, strings)


ARGUMENTS = {"program": programs, "untyped": anys, "typed": anys, "greeter": greet_requests}


@st.composite
def requests(draw: st.DrawFn, functions: tuple[str, ...] = tuple(ARGUMENTS)) -> bytes:
    """A batch for one of these functions, as the engine would send it."""
    name = draw(st.sampled_from(functions))
    call = ToFunction()
    target = call.invocation.target
    target.namespace, target.type = "example" if name == "greeter" else "test", name
    target.id = draw(strings)
    for state, value in draw(states).items():
        call.invocation.state.add(state_name=state, state_value=value)
    for caller, argument in draw(st.lists(st.tuples(callers, ARGUMENTS[name]), max_size=5)):
        entry = call.invocation.invocations.add()
        entry.argument.CopyFrom(argument)
        if caller is not None:
            entry.caller.namespace, entry.caller.type, entry.caller.id = caller
    return call.SerializeToString()


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Answerer, Answerer]]:
    answerers = Answerer(PINNED), Answerer(LIFTED)
    yield answerers
    for answerer in answerers:
        answerer.close()


def test_there_are_two_protobufs(both):
    """What follows is worth something only if each process has the protobuf it should have."""
    (pinned, implementation), (lifted, other) = (a.protobuf.split() for a in both)
    assert (pinned, lifted) == (PINNED.version, LIFTED.version)
    # In C on 3.10, the last Python it was compiled for.
    assert implementation in ("python", "cpp") and other == "upb"


def test_a_greeting(both):
    """Neither side fails always, nor says nothing."""
    call = ToFunction()
    call.invocation.target.namespace, call.invocation.target.type = "example", "greeter"
    call.invocation.state.add(state_name="seen_count")
    call.invocation.invocations.add().argument.CopyFrom(
        pack(GreetRequest(name="Ada"), "com.googleapis/")
    )
    pinned, lifted = (answerer.answer(call.SerializeToString()) for answerer in both)
    assert pinned == lifted
    result = FromFunction.FromString(pinned[1:]).invocation_result
    assert [mutation.state_name for mutation in result.state_mutations] == ["seen_count"]
    assert b"Welcome Ada" in result.outgoing_egresses[0].argument.value


@examples(500)
@given(requests())
def test_random_requests(both, request):
    pinned, lifted = (answerer.answer(request) for answerer in both)
    event("answered" if pinned else "refused")
    assert lifted == pinned


@examples(500)
@given(requests(("untyped", "greeter")), st.data())  # which read no floats: see above
def test_requests_with_errors_in_their_bytes(both, request, data):
    """Today's protobuf refuses more, as a group without an end; what both read they read alike."""
    damaged = bytearray(request)
    for _ in range(data.draw(st.integers(1, 3))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    pinned, lifted = (answerer.answer(bytes(damaged)) for answerer in both)
    event("answered by " + ("neither" if not pinned else "both" if lifted else "one"))
    assert lifted in (pinned, b"")
