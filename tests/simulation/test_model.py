"""Random faults change nothing: each message takes effect exactly once, in order."""

from collections import Counter
from datetime import timedelta

from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from hypothesis import event, given
from hypothesis import strategies as st
from statefun import StatefulFunctions, kafka_egress_record

from tests.simulation.yaml_text import module_text
from tests.soak import examples
from workshop.simulation import SimulatedRuntime

KEYS = ["a", "b", "ü"]
MODULE = {"test/f": ["{name: count}"], "test/g": ["{name: count}"]}

steps = st.one_of(
    st.tuples(st.just("send"), st.sampled_from(KEYS), st.integers(1, 5)),
    st.tuples(st.just("send"), st.sampled_from(KEYS), st.integers(1, 5)),
    st.tuples(st.just("step"), st.integers(1, 4)),
    st.tuples(st.just("run")),
    st.tuples(st.just("advance"), st.floats(0.001, 8)),
    st.tuples(st.just("checkpoint")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("lose"), st.integers(1, 2)),
    st.tuples(st.just("raise"), st.sampled_from(["test/f", "test/g"])),
)


class Play:
    """An application that counts, passes on and reminds, under a plan of faults."""

    def __init__(self, seed, max_batch):
        self.failing = Counter()
        self.bodies = 0
        functions = StatefulFunctions()

        def count(context, topic, text):
            self.bodies += 1
            state = context.state("count").unpack(Int64Value) or Int64Value()
            state.value += 1
            context.state("count").pack(state)
            record = StringValue(value=f"{text} {state.value}")
            context.pack_and_send_egress(
                "test/out", kafka_egress_record(topic, record, context.address.identity)
            )
            if self.failing[context.address.typename()]:
                self.failing[context.address.typename()] -= 1
                raise RuntimeError("as planned")

        @functions.bind("test/f")
        def f(context, message: StringValue):
            me = context.address.identity
            count(context, "f", message.value)
            context.pack_and_send("test/g", me, StringValue(value="now"))
            late = timedelta(seconds=5)
            context.pack_and_send_after(late, "test/g", me, StringValue(value="late"))

        @functions.bind("test/g")
        def g(context, message: StringValue):
            count(context, f"g {message.value}", "g")

        self.sent = {key: [] for key in KEYS}
        self.runtime = SimulatedRuntime(
            functions,
            module_text(MODULE, max_batch=max_batch),
            topics=dict.fromkeys(["f", "g now", "g late"], StringValue),
            seed=seed,
            max_restarts=10**6,
        )

    def do(self, step):
        kind, *arguments = step
        runtime = self.runtime
        if kind == "send":
            key, count = arguments
            for _ in range(count):
                text = f"m{len(self.sent[key])}"
                self.sent[key].append(text)
                runtime.send("in", key, StringValue(value=text))
        elif kind == "step":
            for _ in range(arguments[0]):
                runtime.step()
        elif kind == "run":
            runtime.run()
        elif kind == "advance":
            runtime.advance(arguments[0])
        elif kind == "checkpoint":
            runtime.checkpoint()
        elif kind == "crash":
            runtime.crash()
        elif kind == "lose":
            runtime.lose_answer(arguments[0])
        else:
            self.failing[arguments[0]] += 1

    def finish(self):
        self.runtime.advance(3600)
        self.runtime.checkpoint()

    def committed(self, topic):
        found = {}
        for record in self.runtime.committed(topic):
            found.setdefault(record.key, []).append(record.value.value)
        return found


@examples(200)
@given(st.lists(steps, max_size=30), st.integers(0, 9), st.sampled_from([1, 2, 500]))
def test_effects_take_hold_exactly_once_whatever_happens(plan, seed, max_batch):
    play = Play(seed, max_batch)
    before = []
    for step in plan:
        play.do(step)
        # What was committed stays, whatever comes after.
        now = [str(record) for record in play.runtime.committed("f")]
        assert now[: len(before)] == before
        before = now
    play.finish()
    sent = {key: said for key, said in play.sent.items() if said}
    assert play.committed("f") == {
        key: [f"{text} {n}" for n, text in enumerate(said, 1)] for key, said in sent.items()
    }
    g = {
        key: sorted(
            int(text.split()[1])
            for topic in ("g now", "g late")
            for text in play.committed(topic)[key]
        )
        for key in sent
    }
    assert g == {key: list(range(1, 2 * len(said) + 1)) for key, said in sent.items()}
    for topic in ("g now", "g late"):
        assert {k: len(v) for k, v in play.committed(topic).items()} == {
            key: len(said) for key, said in sent.items()
        }
    messages = 3 * sum(map(len, sent.values()))
    counters = play.runtime.counters
    assert counters.took_effect == messages <= counters.invoked == play.bodies
    assert play.runtime.waiting == {}
    event("faults" if counters.invoked > messages else "no faults")
