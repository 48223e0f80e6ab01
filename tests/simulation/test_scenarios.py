"""The simulation's half of the comparison with the engine: what must come out for any seed."""

from collections import Counter

import pytest
from google.protobuf.wrappers_pb2 import Int64Value, StringValue

from greeter.messages_pb2 import SeenCount
from tests.simulation.conversation import functions as conversation
from tests.simulation.inputs import NAMES, greetings, odd_keys, talk
from workshop.simulation import check_module

SEEDS = [0, 1, 2]


def test_the_inputs_are_what_they_promise():
    scenario = greetings()
    keys = Counter(key for _, key, _ in scenario.records)
    assert len(NAMES) == len(set(NAMES)) == 50 and set(keys) == set(NAMES)
    assert len(scenario.records) >= 2000 and max(keys.values()) > 300
    assert any(len(name.encode()) > 3 * len(name) for name in NAMES)
    assert check_module(conversation.functions, talk().module) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_greetings(seed):
    scenario = greetings()
    output, runtime = scenario.simulated(seed=seed)
    counts = Counter(key for _, key, _ in scenario.records)
    assert set(output["greetings"]) == set(NAMES)
    for name, said in output["greetings"].items():
        assert len(said) == counts[name]
        assert said[0] == f"{name}: Welcome {name}"
        if len(said) > 3:
            assert said[-1] == f"{name}: Nice to see you at the {len(said)}-nth time {name}!"
        count = runtime.state("example/greeter", name, "seen_count")
        assert count == SeenCount(seen=counts[name])
    assert runtime.counters.batches < len(scenario.records)  # some batches were larger than one


def test_odd_keys():
    output, _ = odd_keys().simulated()
    assert [len(output["greetings"][name]) for name in ("empty", "one", "two")] == [2, 5, 1]
    assert output["greetings"]["one"][4] == "one: Nice to see you at the 5-nth time one!"
    assert output["greetings"]["two"] == ["two: Welcome two"]  # two U+FFFD are another key


@pytest.mark.parametrize("seed", SEEDS)
def test_talk(seed):
    scenario = talk()
    output, runtime = scenario.simulated(seed=seed)
    visits = Counter(key for topic, key, _ in scenario.records if topic == "knocks")
    assert set(output["replies"]) == set(output["ticks"]) == set(visits)
    for name, count in visits.items():
        assert output["replies"][name] == [f"talk/house counts {n + 1}" for n in range(count)]
        assert output["ticks"][name] == [
            "0: count since_written since_used",
            "1: count since_written since_used",
            "2: count since_written since_used",
            "3: count since_written since_used",
            "4: count since_used",  # 11 s after it was written, 5 s after it was used
            "5: ",
        ]
        assert runtime.state("talk/visitor", name, "knocks") == Int64Value(value=count)
    risks: dict[str, list[str]] = {}
    for topic, key, value in scenario.records:
        if topic == "risks":
            risks.setdefault(key, []).append(StringValue.FromString(value).value)
    assert conversation.broken == set(risks) and runtime.counters.retries == len(risks)
    for name, said in risks.items():
        assert output["survived"][name] == [f"{n} {text}" for n, text in enumerate(said, 1)]
    assert runtime.counters.invoked > runtime.counters.took_effect


def test_a_boom_strikes_in_the_middle_of_a_batch():
    scenario = talk()
    _, runtime = scenario.simulated()
    failures = [e for e in runtime.trace.of("talk/fragile") if e.kind == "failure"]
    assert len(failures) == 5
    sizes = {}
    for event in runtime.trace.of("talk/fragile"):
        if event.kind == "batch" and "attempt 2" in event.note:
            sizes[event.target.id] = int(event.note.split()[2].rstrip(","))
    assert len(sizes) == 5 and max(sizes.values()) == 20  # maxNumBatchRequests
    assert sum(size > 1 for size in sizes.values()) >= 3
