"""What lesson 12 says of records that a topic no longer keeps, on the real broker and engine."""

from __future__ import annotations

import signal
import time
from contextlib import closing

from kafka import KafkaAdminClient, TopicPartition

from generator.broker import NAMES, GreetingReader, RequestProducer, connect
from workshop.stack import LEAN, Stack


def test_an_engine_whose_place_is_gone_goes_on_at_the_end_and_says_nothing(name):
    """It skips also those names that are still there."""
    with (
        Stack(name, size=LEAN) as stack,
        GreetingReader(stack.bootstrap) as reader,
        RequestProducer(stack.bootstrap) as sender,
        closing(connect(KafkaAdminClient, stack.bootstrap)) as admin,
    ):
        assert str(stack.greet("Ada")[0]) == "Welcome Ada"
        assert reader.next().name == "Ada"
        stack.send_signal("taskmanager", signal.SIGSTOP)
        places = [sender.send(f"guest {number}") for number in range(5)]
        sender.flush()
        # What retention does when the time has come.
        last = TopicPartition(NAMES, 0)
        admin.delete_records({last: places[3].get(10).offset})
        stack.kill("taskmanager")
        while stack.status().part("taskmanager").restarts == 0:
            time.sleep(0.1)
        stack.up()
        sender.send("later")
        assert reader.next(60).name == "later"
        assert stack.status().part("job").state == "ready"
