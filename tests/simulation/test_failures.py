"""Checkpoints, crashes, retries, poison: invoked at least once, in effect exactly once."""

import itertools
from datetime import timedelta

import pytest
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import kafka_egress_record

from tests.simulation.yaml_text import module_text
from workshop.simulation import JobFailed, SimulatedRuntime


def text(value):
    return StringValue(value=value)


class Counting:
    """A function that counts its messages in its state and on the egress, and fails when told."""

    def __init__(self, functions, **module):
        self.fail = set()
        self.calls = []
        states = ["{name: count}"]

        @functions.bind("test/f")
        def f(context, message: StringValue):
            self.calls.append(message.value)
            if message.value in self.fail:
                raise RuntimeError(f"no {message.value}")
            state = context.state("count").unpack(Int64Value) or Int64Value()
            state.value += 1
            context.state("count").pack(state)
            line = text(f"{message.value} {state.value}")
            context.pack_and_send_egress("test/out", kafka_egress_record("out", line, "k"))

        self.make = lambda **options: SimulatedRuntime(
            functions,
            module_text({"test/f": states}, **module),
            topics={"out": StringValue},
            **options,
        )


@pytest.fixture
def counting(functions):
    return Counting(functions)


def send(runtime, *values, key="k"):
    for value in values:
        runtime.send("in", key, text(value))


def committed(runtime):
    return [value.value for value in runtime.committed("out").values]


def count(runtime, key="k"):
    state = runtime.state("test/f", key, "count")
    return state.value if state else 0


def test_output_is_committed_by_a_checkpoint(counting):
    runtime = counting.make()
    send(runtime, "a", "b")
    runtime.run()
    assert committed(runtime) == []
    assert [r.status for r in runtime.uncommitted("out")] == ["open", "open"]
    runtime.checkpoint()
    assert committed(runtime) == ["a 1", "b 2"]
    assert runtime.counters.checkpoints == 1


def test_checkpoints_can_be_left_to_the_clock(counting):
    runtime = counting.make(checkpoint_interval=1)
    send(runtime, "a")
    runtime.advance(0.999)
    assert committed(runtime) == []
    runtime.advance(0.001)
    assert committed(runtime) == ["a 1"]
    runtime.advance(10)
    assert runtime.counters.checkpoints == 11
    # Only a checkpoint that saved something is worth a line.
    assert [e.kind for e in runtime.trace].count("checkpoint") == 1


def test_a_crash_goes_back_to_the_checkpoint_and_replays(counting):
    runtime = counting.make()
    send(runtime, "a", "b")
    runtime.run()
    runtime.checkpoint()
    send(runtime, "c", "d")
    runtime.run()
    assert count(runtime) == 4
    runtime.crash()
    assert count(runtime) == 2 and runtime.counters.took_effect == 2
    runtime.run()
    assert count(runtime) == 4
    runtime.checkpoint()
    assert committed(runtime) == ["a 1", "b 2", "c 3", "d 4"]
    assert [r.status for r in runtime.uncommitted("out")].count("aborted") == 2
    assert counting.calls == ["a", "b", "c", "d", "c", "d"]
    counters = runtime.counters
    assert (counters.invoked, counters.took_effect, counters.crashes) == (6, 4, 1)


def test_a_batch_in_flight_belongs_to_the_checkpoint(counting):
    runtime = counting.make()
    send(runtime, "a", "b", "c")
    runtime.step()  # a is done, b and c are in flight
    send(runtime, "d")
    runtime.checkpoint()
    assert runtime.waiting == {("test/f", "k"): (2, 0)}
    runtime.run()
    runtime.crash()
    assert runtime.waiting == {("test/f", "k"): (2, 0)}
    runtime.run()
    runtime.checkpoint()
    assert committed(runtime) == ["a 1", "b 2", "c 3", "d 4"]


def test_delayed_messages_and_expiring_states_survive_a_crash(functions):
    @functions.bind("test/f")
    def f(context, message: StringValue):
        if message.value == "go":
            context.state("s").pack(message)
            late = timedelta(seconds=10)
            context.pack_and_send_after(late, "test/f", "k", text("late"))
        else:
            value = context.state("s").unpack(StringValue)
            line = text(f"{message.value} {value.value if value else None}")
            context.pack_and_send_egress("test/out", kafka_egress_record("out", line))

    module = module_text({"test/f": ["{name: s, expireAfter: 15s, expireMode: after-write}"]})
    runtime = SimulatedRuntime(functions, module, topics={"out": StringValue})
    send(runtime, "go")
    runtime.run()
    runtime.checkpoint()
    runtime.advance(10)
    assert [v.value for v in runtime.uncommitted("out").values] == ["late go"]
    runtime.crash()
    runtime.run()  # the timer is due already
    runtime.advance(4.999)
    runtime.checkpoint()
    assert committed(runtime) == ["late go"]
    send(runtime, "ask")
    runtime.advance(0.001)
    send(runtime, "ask")
    runtime.run()
    runtime.checkpoint()
    assert committed(runtime) == ["late go", "ask go", "ask None"]


@pytest.mark.parametrize(("start", "lost"), [("earliest", False), ("latest", True)])
def test_without_a_checkpoint_the_startup_position_decides(functions, start, lost):
    counting = Counting(functions, start=start)
    runtime = counting.make()
    send(runtime, "a", "b")
    runtime.run()
    runtime.crash()
    assert count(runtime) == 0
    send(runtime, "c")
    runtime.run()
    runtime.checkpoint()
    assert committed(runtime) == (["c 1"] if lost else ["a 1", "b 2", "c 3"])
    assert ("2 records skipped" in repr(runtime.trace)) == lost


def test_a_function_that_raises_once_in_a_batch(counting):
    counting.fail = {"c"}
    runtime = counting.make()
    send(runtime, "a", "b", "c", "d")
    runtime.step()
    outcome = runtime.step()
    assert outcome.error == "RuntimeError: no c" and outcome.response is None
    # The whole batch had no effect, not even that of b.
    assert count(runtime) == 1 and len(runtime.uncommitted("out")) == 1
    counting.fail.clear()
    outcome = runtime.step()
    assert outcome.attempt == 2 and not outcome.error
    assert runtime.now == timedelta(milliseconds=10)
    runtime.checkpoint()
    assert committed(runtime) == ["a 1", "b 2", "c 3", "d 4"]
    assert counting.calls == ["a", "b", "c", "b", "c", "d"]
    assert (runtime.counters.invoked, runtime.counters.took_effect) == (6, 4)
    assert (runtime.counters.retries, runtime.counters.restarts) == (1, 0)


def test_other_addresses_go_on_while_one_waits_for_its_next_attempt(counting):
    counting.fail = {"bad"}
    runtime = counting.make()
    send(runtime, "bad", key="k1")
    send(runtime, "good", "good", key="k2")
    while count(runtime, "k2") < 2:
        runtime.step()
    assert runtime.now < timedelta(seconds=1) and count(runtime, "k1") == 0


def test_attempts_back_off_until_the_timeout_then_the_job_restarts(functions):
    counting = Counting(functions, timeout="2min")
    counting.fail = {"bad"}
    runtime = counting.make(max_restarts=0)
    send(runtime, "bad")
    with pytest.raises(JobFailed):
        runtime.run()
    times = [e.time_ms for e in runtime.trace if e.kind == "batch"]
    waits = [after - before for before, after in itertools.pairwise(times)]
    # 10 ms doubled each time; the last is cut at two minutes after the first.
    assert waits == [10 * 2**n for n in range(13)] + [120_000 - 81_910]
    assert runtime.counters.restarts == 1 and runtime.counters.took_effect == 0


def test_advance_goes_through_attempts_but_not_past_its_end(counting):
    counting.fail = {"bad"}
    runtime = counting.make()
    send(runtime, "bad")
    runtime.advance(0.1)
    # Attempts after 0, 10, 30 and 70 ms; the next after 150.
    assert counting.calls == ["bad"] * 4 and runtime.now == timedelta(milliseconds=100)
    counting.fail.clear()
    assert runtime.advance(0.05) == 1 and count(runtime) == 1


def test_poison_is_named_and_never_skipped(counting):
    counting.fail = {"bad"}
    runtime = counting.make()
    send(runtime, "a", "b", "bad", "c")
    with pytest.raises(JobFailed) as failed:
        runtime.run()
    message = str(failed.value)
    assert "record 2 of topic in (key 'k')" in message and 'value: "bad"' in message
    assert "test/f/k" in message and "RuntimeError: no bad" in message
    assert isinstance(failed.value.__cause__, RuntimeError)
    assert "restart for ever" in message
    assert failed.value._render_traceback_() == [f"JobFailed: {message}"]
    assert runtime.counters.restarts == 4
    # Nothing of the batch holds, however often it ran; what came before it was never committed.
    assert count(runtime) <= 1 and committed(runtime) == []
    counting.fail.clear()
    runtime.run()
    runtime.checkpoint()
    assert committed(runtime) == ["a 1", "b 2", "bad 3", "c 4"]


def test_an_undecodable_record_is_poison(counting):
    runtime = counting.make()
    runtime.send("in", "k", b"\xff\xff")
    with pytest.raises(JobFailed, match="record 0 of topic in") as failed:
        runtime.run()
    assert "DecodeError" in str(failed.value)
    assert counting.calls == [] and runtime.counters.invoked > 10  # it never got to the body


@pytest.mark.parametrize(("key", "value"), [(None, b""), ("k", None)])
def test_a_record_without_key_or_value_fails_in_the_ingress(counting, key, value):
    runtime = counting.make()
    send(runtime, "a")
    runtime.send("in", key, value)
    with pytest.raises(JobFailed, match="record 1 of topic in") as failed:
        runtime.run()
    assert "a key and a value" in str(failed.value)
    assert runtime.counters.restarts == 4 and runtime.counters.batches == 0


def test_an_empty_value_is_a_message(counting):
    runtime = counting.make()
    runtime.send("in", "k", b"")
    runtime.run()
    assert counting.calls == [""]


@pytest.mark.parametrize("fault", ["function", "egress", "no record", "delay", "late function"])
def test_answers_that_the_engine_refuses_fail_the_job(functions, fault):
    @functions.bind("test/f")
    def f(context, message):
        if fault == "function":
            context.pack_and_send("test/nowhere", "x", text("x"))
        elif fault == "egress":
            context.pack_and_send_egress("test/nowhere", kafka_egress_record("out", text("x")))
        elif fault == "no record":
            context.pack_and_send_egress("test/out", text("x"))
        elif fault == "delay":
            context.pack_and_send_after(timedelta(seconds=-1), "test/f", "x", text("x"))
        else:
            context.pack_and_send_after(timedelta(seconds=9), "test/nowhere", "x", text("x"))

    says = {
        "function": "no function test/nowhere",
        "egress": "no egress test/nowhere",
        "no record": "KafkaProducerRecord only",
        "delay": "-1000 ms is negative",
        "late function": "no function test/nowhere",
    }
    for trace in (0, 100):
        runtime = SimulatedRuntime(functions, module_text({"test/f": []}), check=False, trace=trace)
        send(runtime, "x")
        if fault == "late function":
            runtime.run()
        with pytest.raises(JobFailed, match=says[fault]):
            runtime.advance(600)


def test_a_worker_that_answers_twice(counting):
    runtime = counting.make()
    send(runtime, "a")
    runtime.lose_answer()
    outcome = runtime.step()
    assert outcome.error and outcome.response is not None and count(runtime) == 0
    runtime.run()
    runtime.checkpoint()
    assert counting.calls == ["a", "a"] and committed(runtime) == ["a 1"]
    assert (runtime.counters.invoked, runtime.counters.took_effect) == (2, 1)


def test_a_checkpoint_forgives_earlier_restarts(counting):
    runtime = counting.make(max_restarts=1, restart_delay=2.5)
    for value in ("a", "b", "c"):
        counting.fail = {value}
        send(runtime, value)
        while runtime.counters.restarts < len(committed(runtime)) + 1:
            runtime.step()
        counting.fail.clear()
        runtime.run()
        runtime.checkpoint()
    assert committed(runtime) == ["a 1", "b 2", "c 3"] and runtime.counters.restarts == 3


def test_an_interrupt_leaves_the_batch_as_it_was(functions):
    interrupts = [True]

    @functions.bind("test/f")
    def f(context, message):
        if interrupts.pop():
            raise KeyboardInterrupt

    runtime = SimulatedRuntime(functions, module_text({"test/f": []}))
    send(runtime, "a")
    with pytest.raises(KeyboardInterrupt):
        runtime.run()
    interrupts.append(False)
    assert runtime.run() == 1 and runtime.counters.took_effect == 1


def test_a_crash_forgets_the_attempts_that_were_waiting(counting):
    counting.fail = {"bad"}
    runtime = counting.make()
    send(runtime, "bad")
    runtime.checkpoint()
    for _ in range(5):
        runtime.step()
    runtime.crash()
    counting.fail.clear()
    assert runtime.step().attempt == 1  # at once, and as the first
    assert runtime.run() == 0 and runtime.now == timedelta(milliseconds=150)
    assert counting.calls == ["bad"] * 6 and count(runtime) == 1


def test_after_a_restart_the_attempts_begin_anew(counting):
    counting.fail = {"bad"}
    runtime = counting.make(max_restarts=1)
    send(runtime, "good", "bad")
    runtime.step()
    runtime.checkpoint()  # with the bad one in flight
    with pytest.raises(JobFailed):
        runtime.run()
    times = [e.time_ms for e in runtime.trace if e.kind == "batch"][1:]
    assert len(times) == 2 * 14
    again = times[14]
    assert [time - again for time in times[14:]] == times[:14]
