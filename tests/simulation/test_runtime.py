"""The runtime plays the engine: routing, batches, messages between functions, time, egress."""

from datetime import timedelta

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import StatefulFunctions, kafka_egress_record

from greeter import greeter
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from tests.simulation.yaml_text import module_text
from workshop.simulation import JobFailed, SimulatedRuntime, SimulationError


def text(value):
    return StringValue(value=value)


def out(context, value, key="k"):
    context.pack_and_send_egress("test/out", kafka_egress_record("out", value, key))


@pytest.fixture
def greeting(request):
    from workshop.paths import MODULE

    return SimulatedRuntime(greeter.functions, MODULE, topics={"greetings": GreetResponse})


def test_the_greeter(greeting):
    for name in ("Ada", "Grace", "Ada"):
        greeting.send("names", name, GreetRequest(name=name))
    assert greeting.run() == 3
    by_name = {}
    for record in greeting.uncommitted("greetings"):
        assert record.key == record.value.name
        by_name.setdefault(record.key, []).append(record.value.greeting)
    assert by_name == {
        "Ada": ["Welcome Ada", "Nice to see you again Ada"],
        "Grace": ["Welcome Grace"],
    }
    assert greeting.state("example/greeter", "Ada", "seen_count") == SeenCount(seen=2)
    assert greeting.states("example/greeter", "nobody") == {"seen_count": None}
    assert {a.id for a in greeting.addresses} == {"Ada", "Grace"}


def test_the_key_is_the_identity_not_the_message(greeting):
    greeting.send("names", "key", GreetRequest(name="Ada"))
    greeting.send("names", "key", GreetRequest(name="Grace"))
    greeting.run()
    assert greeting.state("example/greeter", "key", "seen_count") == SeenCount(seen=2)
    (first, second) = greeting.uncommitted("greetings")
    assert (first.key, second.value.greeting) == ("Ada", "Nice to see you again Grace")


@pytest.mark.parametrize(
    ("key", "id"),
    [
        ("Zoë 😀", "Zoë 😀"),
        ("", ""),
        ("a/b", "a/b"),
        # As Java decodes what is no UTF-8; tried with java 17.
        (b"\xffA", "\ufffdA"),
        (b"\xed\xa0\x80", "\ufffd"),
        (b"\xe2\x82A", "\ufffdA"),
        (b"\xf0\x9f\x98", "\ufffd"),
        (b"\xc0\x80", "\ufffd\ufffd"),
    ],
)
def test_keys_become_identities(functions, key, id):
    seen = []

    @functions.bind("test/f")
    def f(context, message):
        seen.append((context.address.identity, context.address.typename(), repr(context.caller)))

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}))
    runtime.send("in", key, text("x"))
    runtime.run()
    assert seen == [(id, "test/f", "//")]


def test_a_record_goes_to_all_targets_and_is_wrapped_with_the_type_url(functions):
    seen = []

    @functions.bind("test/f")
    def f(context, message: StringValue):
        seen.append(("f", message))

    @functions.bind("test/g")
    def g(context, message):
        seen.append(("g", message))

    both = module_text({"test/f": [], "test/g": []}, targets=["test/f", "test/g"])
    runtime = SimulatedRuntime(functions, both)
    runtime.send("in", "k", text("x"))
    runtime.run()
    wrapped = Any(
        type_url="type.googleapis.com/google.protobuf.StringValue",
        value=text("x").SerializeToString(),
    )
    assert sorted(seen, key=str) == sorted([("f", text("x")), ("g", wrapped)], key=str)


def test_arrivals_form_the_next_batch(functions):
    sizes = []

    @functions.bind("test/f")
    def f(context, message):
        sizes[-1] += 1

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}, max_batch=4))
    for number in range(11):
        runtime.send("in", "k", text(str(number)))
    while sizes.append(0) or runtime.step():
        pass
    # The first leaves alone. Four wait: the ingress closes until they are on their way.
    assert sizes[:-1] == [1, 4, 4, 2]
    assert runtime.counters.batches == 4 and runtime.counters.took_effect == 11


def test_the_ingress_closes_when_too_many_batches_are_in_flight(functions):
    @functions.bind("test/f")
    def f(context, message):
        pass

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}), max_async=2)
    for number in range(5):
        runtime.send("in", str(number), text("x"))
    runtime.step()
    assert len(runtime.waiting) == 1 and "3 records unread" in repr(runtime)
    runtime.run()
    assert runtime.counters.took_effect == 5 and runtime.waiting == {}


def test_messages_between_functions_pass_a_closed_ingress(functions):
    @functions.bind("test/f")
    def f(context, message):
        for _ in range(10):
            context.pack_and_send("test/g", "g", text("x"))

    @functions.bind("test/g")
    def g(context, message):
        pass

    module = module_text({"test/f": [], "test/g": []}, max_batch=2)
    runtime = SimulatedRuntime(functions, module)
    runtime.send("in", "k", text("x"))
    runtime.step()
    ((address, (flying, queued)),) = runtime.waiting.items()
    assert (address, flying, queued) == (("test/g", "g"), 1, 9)  # more than maxNumBatchRequests
    outcome = runtime.step()
    assert outcome.address == ("test/g", "g") and outcome.attempt == 1 and not outcome.error
    runtime.run()
    assert runtime.counters.batches == 3


def test_order_is_kept_per_address_and_the_seed_draws_the_rest(functions):
    seen = []

    @functions.bind("test/f")
    def f(context, message: StringValue):
        seen.append((context.address.identity, message.value))

    def play(seed):
        seen.clear()
        runtime = SimulatedRuntime(functions, module_text({"test/f": []}), seed=seed)
        for number in range(30):
            runtime.send("in", str(number % 5), text(str(number)))
        runtime.run()
        return list(seen)

    runs = [play(seed) for seed in range(5)]
    assert runs[3] == play(3)
    assert len({tuple(run) for run in runs}) == 5
    for run in runs:
        for key in "01234":
            numbers = [int(value) for id, value in run if id == key]
            assert numbers == sorted(numbers) and len(numbers) == 6


def test_functions_message_each_other_and_reply(functions):
    @functions.bind("test/asker")
    def asker(context, message: StringValue | Int64Value):
        if isinstance(message, StringValue):
            context.pack_and_send("test/counter", "shared", message)
        else:
            out(context, message, context.address.identity)

    @functions.bind("test/counter")
    def counter(context, message: StringValue):
        state = context.state("count").unpack(Int64Value) or Int64Value()
        state.value += len(message.value)
        context.state("count").pack(state)
        context.pack_and_reply(state)

    module = module_text({"test/asker": [], "test/counter": ["{name: count}"]})
    runtime = SimulatedRuntime(functions, module, topics={"out": Int64Value})
    runtime.send("in", "a", text("x"))
    runtime.run()
    runtime.send("in", "b", text("yy"))
    runtime.run()
    records = runtime.uncommitted("out")
    assert [(r.key, r.value.value) for r in records] == [("a", 1), ("b", 3)]
    assert runtime.state("test/counter", "shared", "count") == Int64Value(value=3)


def test_a_reply_to_the_ingress_fails_as_in_the_sdk(functions):
    @functions.bind("test/f")
    def f(context, message):
        context.pack_and_reply(message)

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}))
    runtime.send("in", "k", text("x"))
    with pytest.raises(JobFailed, match="missing id") as failed:
        runtime.run()
    assert isinstance(failed.value.__cause__, ValueError)


def test_the_next_batch_leaves_before_a_message_to_oneself_arrives(functions):
    seen = []

    @functions.bind("test/f")
    def f(context, message: StringValue):
        seen.append(message.value)
        if message.value == "first":
            context.pack_and_send("test/f", context.address.identity, text("to myself"))

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}))
    for value in ("first", "second", "third"):
        runtime.send("in", "k", text(value))
    runtime.run()
    assert seen == ["first", "second", "third", "to myself"]


def test_delayed_messages_arrive_when_their_time_has_come(functions):
    seen = []

    @functions.bind("test/f")
    def f(context, message: StringValue):
        seen.append((runtime.now, message.value, repr(context.caller)))
        if message.value == "go":
            me = context.address.identity
            for seconds in (20, 10, 10):
                delay = timedelta(seconds=seconds)
                context.pack_and_send_after(delay, "test/f", me, text(str(seconds)))
            short = timedelta(microseconds=1)  # shorter than a millisecond: at once
            context.pack_and_send_after(short, "test/f", me, text("0"))

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}))
    runtime.send("in", "k", text("go"))
    runtime.run()
    assert [value for _, value, _ in seen] == ["go", "0"]
    assert runtime.now == timedelta(0)
    runtime.advance(9.999)
    assert len(seen) == 2
    runtime.advance(0.001)
    ten = timedelta(seconds=10)
    assert seen[2:] == [(ten, "10", "test/f/k"), (ten, "10", "test/f/k")]
    runtime.advance(3600)
    assert seen[4] == (timedelta(seconds=20), "20", "test/f/k")
    assert runtime.now == timedelta(seconds=3610) and len(seen) == 5


@pytest.mark.parametrize(
    ("mode", "kept"), [("after-write", False), ("after-invoke", True), (None, True)]
)
def test_state_expires(functions, mode, kept):
    @functions.bind("test/f")
    def f(context, message: StringValue):
        state = context.state("seen").unpack(StringValue)
        out(context, text(state.value if state else "nothing"))
        if message.value:
            context.state("seen").pack(message)

    suffix = f", expireMode: {mode}" if mode else ""
    module = module_text({"test/f": [f"{{name: seen, expireAfter: 1min{suffix}}}"]})
    runtime = SimulatedRuntime(functions, module, topics={"out": StringValue})

    def ask(value=""):
        runtime.send("in", "k", text(value))
        runtime.run()
        return runtime.uncommitted("out")[-1].value.value

    assert ask("written") == "nothing"
    runtime.advance(40)
    assert ask() == "written"
    runtime.advance(40)  # 80 s after it was written, 40 s after it was read
    assert (runtime.state("test/f", "k", "seen") is not None) == kept
    assert ask() == ("written" if kept else "nothing")
    runtime.advance(59.999)
    assert (runtime.state("test/f", "k", "seen") is not None) == kept
    runtime.advance(0.001)
    assert runtime.state("test/f", "k", "seen") is None
    assert ask() == "nothing"


def test_expiry_is_per_state_and_deletion_ends_it(functions):
    @functions.bind("test/f")
    def f(context, message: StringValue):
        if message.value == "write":
            context.state("short").pack(message)
            context.state("long").pack(message)
        else:
            del context["long"]

    module = module_text({"test/f": ["{name: short, expireAfter: 5s}", "{name: long}"]})
    runtime = SimulatedRuntime(functions, module)
    runtime.send("in", "k", text("write"))
    runtime.advance(5)
    assert runtime.states("test/f", "k") == {"short": None, "long": text("write")}
    runtime.send("in", "k", text("delete"))
    runtime.run()
    assert runtime.states("test/f", "k") == {"short": None, "long": None}


@pytest.mark.parametrize("semantic", ["at-least-once", "none"])
def test_an_egress_without_transactions_commits_at_once(functions, semantic):
    @functions.bind("test/f")
    def f(context, message: StringValue):
        out(context, message)

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}, semantic=semantic))
    runtime.send("in", "k", text("x"))
    runtime.run()
    assert runtime.committed("out", StringValue).values == [text("x")]
    runtime.crash()
    runtime.run()
    assert runtime.committed("out", StringValue).values == [text("x")] * 2  # at least once


def test_egress_views(functions):
    @functions.bind("test/f")
    def f(context, message: StringValue):
        context.pack_and_send_egress("test/out", kafka_egress_record(message.value, message))

    runtime = SimulatedRuntime(
        functions, module_text({"test/f": []}), topics={"a": StringValue}, keep_records=3
    )
    for topic in ("a", "b", "a", "a"):
        runtime.send("in", "k", text(topic))
    runtime.run()
    records = runtime.uncommitted("a")
    assert records.values == [text("a"), text("a")]  # the oldest of four was dropped
    assert records.dropped == 1 and "1 older records" in repr(records)
    assert records[0].key is None and records[0].status == "open"
    assert runtime.uncommitted("b").values == [text("b").SerializeToString()]
    assert "StringValue" in records._repr_html_()
    assert (
        not runtime.committed("a") and repr(runtime.committed("b")).endswith("no records") is False
    )


def test_functions_bound_again_take_effect(functions):
    """A notebook's cell runs twice: the second definition counts, as with the SDK's handler."""
    seen = []

    @functions.bind("test/f")
    def first(context, message):
        seen.append(1)

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}))
    runtime.send("in", "k", text("x"))
    runtime.run()

    @functions.bind("test/f")
    def second(context, message):
        seen.append(2)

    runtime.send("in", "k", text("x"))
    runtime.run()
    assert seen == [1, 2]


def test_misuse_is_told(greeting):
    with pytest.raises(SimulationError, match="No ingress reads the topic 'nams'"):
        greeting.send("nams", "k", b"")
    with pytest.raises(SimulationError, match="no function example/greter"):
        greeting.states("example/greter", "k")
    with pytest.raises(SimulationError, match="no state seen for"):
        greeting.state("example/greeter", "k", "seen")
    with pytest.raises(SimulationError, match="does not go back"):
        greeting.advance(-1)
    with pytest.raises(SimulationError, match="neither functions"):
        SimulatedRuntime(None, module_text({"test/f": []}))
    with pytest.raises(SimulationError, match="checkpoint_interval"):
        SimulatedRuntime(StatefulFunctions(), module_text({"test/f": []}), checkpoint_interval=0)


def test_run_can_be_limited(functions):
    @functions.bind("test/f")
    def f(context, message):
        context.pack_and_send("test/f", "k", text("again"))

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}))
    runtime.send("in", "k", text("x"))
    assert runtime.run(limit=50) == 50
