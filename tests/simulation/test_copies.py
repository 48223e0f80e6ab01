"""Copies of a program: each has a memory of its own, and they take turns."""

from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import StatefulFunctions, kafka_egress_record

from tests.simulation.yaml_text import module_text
from workshop.simulation import Copies, SimulatedRuntime


def program():
    functions = StatefulFunctions()
    calls = []

    @functions.bind("test/f")
    def f(context, message: StringValue):
        calls.append(message.value)
        state = context.state("count").unpack(Int64Value) or Int64Value()
        state.value += 1
        context.state("count").pack(state)
        line = StringValue(value=f"call {len(calls)}, state {state.value}")
        context.pack_and_send_egress("test/out", kafka_egress_record("out", line, "k"))

    return functions


def runtime_of(copies):
    module = module_text({"test/f": ["{name: count}"]})
    return SimulatedRuntime(copies, module, topics={"out": StringValue})


def come(runtime, times):
    for _ in range(times):
        runtime.send("in", "k", StringValue(value="hello"))
        runtime.run()
    return [value.value for value in runtime.uncommitted("out").values]


def test_copies_take_turns_and_share_the_state_alone():
    runtime = runtime_of(Copies(program, 2))
    assert come(runtime, 4) == [
        "call 1, state 1",
        "call 1, state 2",
        "call 2, state 3",
        "call 2, state 4",
    ]


def test_a_restart_forgets_what_the_process_knew():
    copies = Copies(program)
    runtime = runtime_of(copies)
    come(runtime, 2)
    copies.restart()
    assert come(runtime, 1)[-1] == "call 1, state 3"


def test_a_lost_answer_counts_in_the_process_and_not_in_the_state():
    runtime = runtime_of(Copies(program))
    runtime.lose_answer()
    assert come(runtime, 1) == ["call 2, state 1"]
