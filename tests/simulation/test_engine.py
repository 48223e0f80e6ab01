"""The same inputs through the simulation and through the real engine give the same output."""

import time
from pathlib import Path

import kafka
import pytest

from tests.processes import all_told
from tests.simulation.inputs import Output, Scenario, greetings, odd_keys, shapes, talk
from workshop.stack import Stack

SECONDS = 120  # for everything to come out
GRACE = 5  # after that, for what should not


def through_the_engine(scenario: Scenario, name: str, expected: int) -> tuple[Output, str]:
    """Send the records to the real engine; give what it commits, and the log of the worker.

    When not all of it comes, what the stack says of itself is printed.
    """
    with Stack(
        name, module=scenario.module, application=scenario.application, serve=scenario.serve
    ) as stack:
        producer = kafka.KafkaProducer(bootstrap_servers=stack.bootstrap, acks="all")
        for topic, key, value in scenario.records:
            producer.send(topic, key=key.encode() if isinstance(key, str) else key, value=value)
        producer.flush()
        producer.close()
        consumer = kafka.KafkaConsumer(
            bootstrap_servers=stack.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            metadata_max_age_ms=1000,
        )
        consumer.subscribe(list(scenario.topics))
        output: Output = {}
        count = 0
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    said = output.setdefault(record.topic, {})
                    key = (record.key or b"").decode()
                    said.setdefault(key, []).append(scenario.text(record.topic, record.value))
                    count += 1
            if count >= expected:
                deadline = min(deadline, time.monotonic() + GRACE)
        if count < expected:
            print(f"{count} of {expected} came; {consumer.assignment()}", all_told(stack), sep="\n")
        consumer.close()
        return output, Path(stack.log_place("greeter")).read_text(errors="replace")


@pytest.mark.parametrize("make", [greetings, odd_keys, talk, shapes])
def test_the_engine_and_the_simulation_agree(make, name):
    scenario = make()
    simulated, runtime = scenario.simulated()
    expected = sum(len(said) for keys in simulated.values() for said in keys.values())
    real, log = through_the_engine(scenario, name, expected)
    keys = {topic: set(simulated[topic]) for topic in scenario.topics}
    assert {topic: set(real.get(topic, {})) for topic in scenario.topics} == keys
    for topic in scenario.topics:
        for key, said in simulated[topic].items():
            assert real[topic][key] == said, (topic, key)
    if make is greetings:
        for key, said in real["greetings"].items():  # the same counts in the end
            assert runtime.state("example/greeter", key, "seen_count").seen == len(said)
    if make is talk:  # the planned failures did happen there
        assert log.count("RuntimeError: boom") == len(real["survived"]) == runtime.counters.retries
