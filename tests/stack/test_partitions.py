"""What the lessons say of topics with several partitions, on the real broker and engine."""

from __future__ import annotations

import time
from collections import Counter, defaultdict

from kafka import KafkaAdminClient

from generator.broker import NAMES, GreetingReader, RequestProducer, connect
from workshop.partitions import partition_of
from workshop.stack import LEAN, Size, Stack
from workshop.stack.view import Progress

QUIET = Progress()

_WITHOUT_KEY = """\
from greeter import greeter
from greeter.messages_pb2 import GreetResponse
from statefun import kafka_egress_record


def greet(context, request):
    text = GreetResponse(name=request.name, greeting=f"Hello {request.name}")
    context.pack_and_send_egress("example/greets", kafka_egress_record("greetings", text))


greeter.functions.functions[("example", "greeter")].func = greet
app = greeter.app
"""


def test_greetings_without_a_key_lie_together_by_the_burst(name, tmp_path):
    """Lesson 03: the engine's client fills one partition with what it has to send at a moment."""
    (tmp_path / "keyless.py").write_text(_WITHOUT_KEY)
    size = Size(partitions=3)
    bursts, each = 12, 8
    with (
        Stack(name, application="keyless:app", python_path=tmp_path, size=size) as stack,
        GreetingReader(stack.bootstrap) as reader,
        RequestProducer(stack.bootstrap) as sender,
    ):
        places = defaultdict(list)
        for burst in range(bursts):
            for _ in range(each):
                sender.send(f"Ada {burst}")
            sender.flush()
            for _ in range(each):
                greeting = reader.next()
                places[greeting.name].append(greeting.partition)
    # The first of a burst often leaves alone. By chance six of eight meet in one burst of sixteen.
    together = sum(max(Counter(used).values()) >= each - 2 for used in places.values())
    assert together >= bursts / 2, dict(places)
    assert len({one for used in places.values() for one in used}) > 1, dict(places)


def partitions_now(stack: Stack) -> set[int]:
    """The partitions of the topic of names, as a client sees them that connects now."""
    with RequestProducer(stack.bootstrap) as sender:
        return sender._producer.partitions_for(NAMES)


def test_a_job_does_not_see_partitions_that_a_topic_gets_until_it_is_started_again(
    name, eventually
):
    """Lesson 12: a name that falls into one of them waits, and nothing says so."""
    names = [f"guest {number}" for number in range(40)]
    new = next(one for one in names if partition_of(one, 2) == 1)
    old = next(one for one in names if partition_of(one, 2) == 0)
    with Stack(name, size=LEAN) as stack:
        assert str(stack.greet("Ada")[0]) == "Welcome Ada"
        admin = connect(KafkaAdminClient, stack.bootstrap)
        admin.create_partitions({NAMES: 2})
        admin.close()
        eventually(lambda: partitions_now(stack) == {0, 1}, 30)
        with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as sender:
            sender.send(new)
            sender.send(old)
            assert reader.next().name == old
            time.sleep(2)
            assert reader.poll(0.5) == []
            assert stack.status().state == "ready"
            stack.kill("jobmanager")
            assert reader.next(60).name == new
