"""A broker that is away for longer than a transaction may last: nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import closing

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from generator.broker import BrokerUnreachable, RequestProducer
from tests.chaos.run import greetings_in, names_in
from tests.chaos.verdict import judge
from workshop.paths import ROOT
from workshop.stack import Stack
from workshop.stack.job.job import STALE_SECONDS
from workshop.stack.view import Progress

TRANSACTION_MS = 3000
HANGS_SECONDS = int(STALE_SECONDS) + 2
DEAD_SECONDS = 2 * TRANSACTION_MS // 1000
AWAY_SECONDS = 120
"""How long it is away when the test runs long."""
LOOKS_SECONDS = 10
"""How often a broker looks for transactions that have timed out, by default."""

NAMES = [f"Guest {number % 7}" for number in range(701)]


def test_a_broker_that_is_away_for_longer_than_a_transaction_loses_nothing(
    name, amount, tmp_path, eventually
):
    module = tmp_path / "module.yaml"
    text = (ROOT / "module.yaml").read_text()
    module.write_text(text.replace("Millis: 100000", f"Millis: {TRANSACTION_MS}"))
    stack = Stack(name, module=module)
    stack.up(progress=Progress(), keep=True)
    sent: list[str] = []

    def send(requests: RequestProducer, number: int) -> None:
        """At a steady rate: some are greeted but not committed when the broker goes."""
        for _ in range(number):
            guest = NAMES[len(sent)]
            requests.send(guest)
            sent.append(guest)
            time.sleep(0.01)

    before = {*threading.enumerate()}
    other = RequestProducer(stack.bootstrap)
    of_other = {*threading.enumerate()} - before
    assert of_other
    with RequestProducer(stack.bootstrap) as requests:
        send(other, 1)
        send(requests, 200)
        broker = stack.status().part("broker").pid
        # It hangs. The engine's transactions stay open until it goes on.
        os.kill(broker, signal.SIGSTOP)
        send(requests, 50)
        time.sleep(amount(HANGS_SECONDS, AWAY_SECONDS))
        assert stack.status().state == "restarting"
        os.kill(broker, signal.SIGCONT)
        send(requests, 200)
        eventually(lambda: stack.status().state == "ready", 120)
        # It is dead, and who should bring it back cannot.
        supervisor = stack.status().supervisor
        os.kill(supervisor, signal.SIGSTOP)
        os.kill(broker, signal.SIGKILL)
        send(requests, 50)
        # Who gives up says so, and sends it neither later nor from a thread that is left.
        other.send("Never")
        with pytest.raises(BrokerUnreachable, match="did not accept everything within 1 s"):
            other.close(1)
        assert not [thread for thread in of_other if thread.is_alive()]
        time.sleep(amount(DEAD_SECONDS, AWAY_SECONDS))
        os.kill(supervisor, signal.SIGCONT)
        send(requests, 200)
        requests.flush(120)
    assert sent == NAMES
    eventually(lambda: stack.status().state == "ready", 120)
    stack.greet("last", timeout=120)
    verdict = judge([*sent, "last"], names_in(stack), greetings_in(stack))
    assert verdict.good, verdict
    stack.down(forget=True)


def test_a_transaction_whose_time_is_over_can_still_be_committed(stack):
    """As after a long stop: the engine's newest checkpoint has promised what nobody committed yet.

    A broker with the default would look after ten seconds, and take back what has timed out.
    """
    producer = KafkaProducer(
        bootstrap_servers=stack.bootstrap, transactional_id="late", transaction_timeout_ms=1000
    )
    with closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as admin, closing(producer):
        admin.create_topics([NewTopic("late", 1, 1)])
        producer.init_transactions()
        producer.begin_transaction()
        producer.send("late", b"promised").get(10)
        time.sleep(LOOKS_SECONDS + 5)
        producer.commit_transaction()
        admin.delete_topics(["late"])
