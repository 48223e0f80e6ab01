"""What the SDK promises of its handler, its state handles and its types holds in the simulation.

The batches here are built with the SDK's own classes and executed by the simulation's worker.
"""

from datetime import timedelta

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import StatefulFunctions, kafka_egress_record, kinesis_egress_record
from statefun.request_reply_pb2 import FromFunction, ToFunction

from workshop.simulation import FakeContext
from workshop.simulation.worker import KernelWorker, WorkerFailed

DELETE = FromFunction.PersistedValueMutation.MutationType.Value("DELETE")
MODIFY = FromFunction.PersistedValueMutation.MutationType.Value("MODIFY")


def packed(message):
    any = Any()
    any.Pack(message)
    return any


def invoke(function, *arguments, states=None, caller=None, typename="org.test/f"):
    """Execute one batch; give the engine's half of the answer."""
    functions = StatefulFunctions()
    functions.bind(typename)(function)
    request = ToFunction()
    target = request.invocation.target
    target.namespace, _, target.type = typename.rpartition("/")
    target.id = "me"
    for name, message in (states or {}).items():
        value = b"" if message is None else packed(message).SerializeToString()
        request.invocation.state.add(state_name=name, state_value=value)
    for argument in arguments:
        entry = request.invocation.invocations.add()
        entry.argument.CopyFrom(argument if isinstance(argument, Any) else packed(argument))
        if caller:
            entry.caller.namespace, _, entry.caller.type = caller[0].rpartition("/")
            entry.caller.id = caller[1]
    worker = KernelWorker(functions)
    answer = worker.call(request.SerializeToString())
    assert worker.begun == len(arguments)
    return FromFunction.FromString(answer).invocation_result


def test_an_answer_has_all_that_was_asked_for():
    def f(context, message: Int64Value):
        context.state("seen").pack(StringValue(value="new"))
        del context["gone"]
        context.pack_and_send("org.test/g", "id", message)
        context.pack_and_reply(message)
        context.pack_and_send_after(timedelta(hours=1), "org.test/g", "late", message)
        context.pack_and_send_egress("org.test/out", kafka_egress_record("topic", message, "key"))
        context.pack_and_send_egress("a/b/kinesis", kinesis_egress_record("stream", message, "p"))

    number = Int64Value(value=5)
    states = {"seen": StringValue(value="old"), "gone": number, "kept": number}
    result = invoke(f, number, states=states, caller=("org.test/asker", "you"))

    mutations = {m.state_name: m for m in result.state_mutations}
    assert set(mutations) == {"seen", "gone"}
    assert mutations["seen"].mutation_type == MODIFY
    assert mutations["seen"].state_value == packed(StringValue(value="new")).SerializeToString()
    assert mutations["gone"].mutation_type == DELETE and mutations["gone"].state_value == b""
    first, reply = result.outgoing_messages
    assert (first.target.namespace, first.target.type, first.target.id) == ("org.test", "g", "id")
    assert first.argument == packed(number)
    assert (reply.target.type, reply.target.id) == ("asker", "you")
    (late,) = result.delayed_invocations
    assert (late.delay_in_ms, late.target.id) == (3_600_000, "late")
    kafka, kinesis = result.outgoing_egresses
    assert (kafka.egress_namespace, kafka.egress_type) == ("org.test", "out")
    assert (kinesis.egress_namespace, kinesis.egress_type) == ("a/b", "kinesis")


def test_a_batch_shares_its_state_and_answers_once():
    def f(context, message: Int64Value):
        total = context.state("total").unpack(Int64Value) or Int64Value()
        total.value += message.value
        context.state("total").pack(total)

    result = invoke(f, *(Int64Value(value=n) for n in range(1, 11)), states={"total": None})
    (mutation,) = result.state_mutations
    assert mutation.state_value == packed(Int64Value(value=55)).SerializeToString()


def test_nothing_asked_for_is_an_empty_answer():
    result = invoke(lambda context, message: None, Int64Value(), states={"s": Int64Value()})
    assert result == FromFunction.InvocationResponse()


def test_reading_is_no_change():
    def f(context, message):
        assert context.state("s").unpack(Int64Value) == Int64Value(value=1)
        assert context["s"].Is(Int64Value.DESCRIPTOR)

    assert not invoke(f, Int64Value(), states={"s": Int64Value(value=1)}).state_mutations


@pytest.mark.parametrize(
    ("annotation", "argument", "seen"),
    [
        (Int64Value, Int64Value(value=1), Int64Value(value=1)),
        (Int64Value | StringValue, StringValue(value="x"), StringValue(value="x")),
        (None, Int64Value(value=1), packed(Int64Value(value=1))),
    ],
)
def test_the_annotation_says_what_a_function_gets(annotation, argument, seen):
    got = []

    def f(context, message):
        got.append(message)

    if annotation is not None:
        f.__annotations__["message"] = annotation
    invoke(f, argument)
    assert got == [seen]


@pytest.mark.parametrize("annotation", [StringValue, StringValue | Int64Value])
def test_an_undeclared_type_is_an_error(annotation):
    def f(context, message):
        raise AssertionError("never called")

    f.__annotations__["message"] = annotation
    with pytest.raises(WorkerFailed, match="Unknown message type") as failed:
        invoke(f, packed(Any()))
    assert isinstance(failed.value.cause, ValueError) and failed.value.index == 0


def test_the_error_names_the_message():
    def f(context, message: Int64Value):
        if message.value == 3:
            raise KeyError("three")

    with pytest.raises(WorkerFailed, match="KeyError: 'three'") as failed:
        invoke(f, *(Int64Value(value=n) for n in range(5)))
    assert failed.value.index == 3 and failed.value.retriable


def test_an_unbound_type_is_an_error():
    request = ToFunction()
    request.invocation.target.namespace = "org.test"
    request.invocation.target.type = "nowhere"
    with pytest.raises(WorkerFailed) as failed:
        KernelWorker(StatefulFunctions()).call(request.SerializeToString())
    assert isinstance(failed.value.cause, KeyError) and failed.value.index is None


def test_a_state_handle_through_its_life():
    context = FakeContext(states={"s": StringValue(value="first")})
    handle = context.state("s")
    before = handle.bytes()
    assert not handle.modified and handle.unpack(StringValue) == StringValue(value="first")
    handle.pack(StringValue(value="second"))
    assert handle.modified and handle.bytes() != before
    del handle.value
    assert handle.deleted and handle.modified and handle.value is None
    assert handle.unpack(StringValue) is None
    with pytest.raises(AssertionError):
        handle.bytes()
    handle.pack(StringValue(value="third"))
    assert not handle.deleted and handle.unpack(StringValue) == StringValue(value="third")
    assert context.stored == {"s": StringValue(value="third")}
    empty = FakeContext(states=["s"]).state("s")
    assert empty.value is None and not empty.modified and empty.bytes() == b""


def test_unpacking_as_another_class_gives_an_empty_message():
    context = FakeContext(states={"s": StringValue(value="text")})
    assert context.state("s").unpack(Int64Value) == Int64Value()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("", "id", packed(Int64Value())), "missing type name"),
        (("ns/f", "", packed(Int64Value())), "missing id"),
        (("ns/f", "id", None), "missing message"),
    ],
)
def test_an_incomplete_message_is_an_error(arguments, error):
    with pytest.raises(ValueError, match=error):
        FakeContext().send(*arguments)
    with pytest.raises(ValueError, match=error):
        FakeContext().send_after(timedelta(1), *arguments)


@pytest.mark.parametrize("typename", ["f", "/f", "ns/"])
def test_a_malformed_type_is_an_error_of_the_whole_batch(typename):
    def f(context, message):
        context.pack_and_send(typename, "id", Int64Value())

    with pytest.raises(WorkerFailed, match="function type"):
        invoke(f, Int64Value())


def test_records_need_a_topic_and_a_value():
    with pytest.raises(ValueError, match="topic"):
        kafka_egress_record("", Int64Value())
    with pytest.raises(ValueError, match="value"):
        kafka_egress_record("t", None)
    context = FakeContext()
    context.pack_and_send_egress("ns/out", kafka_egress_record("t", Int64Value(value=1)))
    assert context.records("t", Int64Value) == [("", Int64Value(value=1))]
    context.pack_and_send_egress("ns/out", kinesis_egress_record("t", Int64Value(), "p"))
    assert len(context.records("t")) == 1 and context.egressed[1].message.partition_key == "p"


@pytest.mark.parametrize("fun", [lambda: None, lambda context: None, lambda a, b, c: None])
def test_a_function_has_two_arguments(fun):
    with pytest.raises(TypeError, match="two arguments"):
        StatefulFunctions().register("ns/f", fun)
