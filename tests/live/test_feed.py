"""The feed and the sender against the real stack, and against one that is not there."""

import threading
import time
from collections import Counter

import pytest
from kafka import KafkaAdminClient

from generator.broker import GreetingReader, connect
from workshop.errors import WorkshopError
from workshop.faults.chaos import kill
from workshop.live import Feed, Sender
from workshop.stack import LEAN, Size, Stack, StackError
from workshop.stack.view import Progress

QUIET = Progress()


def ours():
    """The threads that this package, and the broker's clients that it uses, have running."""
    return [t.name for t in threading.enumerate() if t.name.startswith(("workshop-", "kafka-"))]


class Nowhere:
    """A stack that cannot tell where its broker is."""

    def __init__(self, error):
        self.error = error

    @property
    def bootstrap(self):
        raise self.error


def test_a_feed_without_a_stack_says_why_and_closes_at_once():
    feed = Feed(Nowhere(StackError("Stack x is down.", hint="start it.")))
    assert feed.wait(lambda now: now.state == "waiting", 10)
    assert "Stack x is down." in feed.snapshot().trouble
    began = time.monotonic()
    feed.close()
    assert time.monotonic() - began < 5  # Generous: what is meant is that it does not hang.
    assert feed.snapshot().state == "closed"
    assert ours() == []


def test_an_error_that_nobody_expected_does_not_end_the_thread():
    stack = Nowhere(RuntimeError("first"))
    with Feed(stack) as feed:
        assert feed.wait(lambda now: "first (RuntimeError)" in now.trouble, 10)
        stack.error = ValueError("second")
        assert feed.wait(lambda now: "second (ValueError)" in now.trouble, 10)


def test_traffic_without_a_stack_says_why_and_closes():
    with Sender(Nowhere(StackError("Stack x is down."))) as sender:
        sender.greet("Ada")
        deadline = time.monotonic() + 10
        while not sender.trouble and time.monotonic() < deadline:
            time.sleep(0.02)
        assert "Stack x is down." in sender.trouble
    assert ours() == []


@pytest.mark.parametrize("rate", [0, 0.5, 1001, float("nan"), float("inf"), -1])
def test_a_rate_that_is_none(rate):
    with pytest.raises(WorkshopError, match="names a second"):
        Sender(Nowhere(StackError("")), rate=rate)
    assert ours() == []


def test_a_name_that_cannot_be_sent_is_refused_and_none_is():
    with Sender(Nowhere(StackError(""))) as sender, pytest.raises(ValueError, match="empty"):
        sender.greet("Ada", "")


def test_what_is_sent_is_greeted_and_counted(stack):
    with Feed(stack) as feed, Sender(stack, seed=1) as sender:
        sender.greet("Feeder", "Feeder", "Feeder")
        assert feed.wait(lambda now: now.verdict.greeted == 3)
        now = feed.snapshot()
        assert [one.text for one in now.latest] == [
            "Third time is a charm Feeder",
            "Nice to see you again Feeder",
            "Welcome Feeder",
        ]
        assert all(0 < one.latency < 60 for one in now.latest)
        assert now.verdict.clean
        assert now.counts == (("Feeder", 3),)
        assert 0 < now.minute.p50 <= now.minute.p95 <= now.minute.p99 < 60
        assert now.minute.number == feed.whole().number == 3
    assert ours() == []


def test_two_feeds_see_the_same_and_what_others_send(stack):
    with Feed(stack) as one, Feed(stack, uncommitted=True) as other:
        stack.greet("Shared", "Shared")
        for feed in (one, other):
            assert feed.wait(lambda now: now.verdict.greeted == 2)
            assert feed.snapshot().verdict.clean
        assert other.wait(lambda now: now.early.read == 2)
        assert other.snapshot().early.repeated == 0
        assert one.snapshot().early is None


def test_uncommitted_can_be_switched_while_it_runs(stack):
    with Feed(stack) as feed:
        for _ in range(2):
            feed.uncommitted = True
            # It is there a moment later; until then greetings are read committed only.
            while stack.greet("Switch") and not feed.snapshot().early.read:
                pass
            feed.uncommitted = False
            assert feed.wait(lambda now: now.early is None)
            before = ours()
            time.sleep(0.5)
        assert feed.snapshot().verdict.clean
        assert before


def test_traffic_sends_so_many_and_the_same_again(stack):
    def sent(seed):
        with Feed(stack) as feed, Sender(stack, ["A1", "B1", "C1"], 1000, seed) as sender:
            sender.start(count=100)
            assert feed.wait(lambda now: now.verdict.greeted == 100)
            assert not sender.running
            time.sleep(0.3)
            assert feed.snapshot().verdict.sent == 100
            return Counter(one.name for one in feed.snapshot().latest)

    assert sent(7) == sent(7)


def test_traffic_begins_ends_and_changes_its_rate(stack):
    with Feed(stack) as feed, Sender(stack, rate=5) as sender:
        sender.start()
        assert feed.wait(lambda now: now.verdict.sent >= 2)
        sender.rate = 500
        assert feed.wait(lambda now: now.verdict.sent >= 200)
        sender.stop()
        assert feed.wait(lambda now: now.verdict.waiting == 0)
        sent = feed.snapshot().verdict.sent
        time.sleep(0.5)
        assert feed.snapshot().verdict.sent == sent


def test_the_feed_joins_no_consumer_group(stack):
    admin = connect(KafkaAdminClient, stack.bootstrap)
    before = {group for group, *_ in map(tuple, admin.list_groups())}
    with Feed(stack, uncommitted=True):
        stack.greet("Groupless")
        assert {group for group, *_ in map(tuple, admin.list_groups())} == before
    admin.close()


def test_a_broker_that_is_killed_takes_nothing(name):
    with Stack(name, size=LEAN) as stack, Feed(stack) as feed:
        with Sender(stack, rate=50) as sender:
            sender.start()
            assert feed.wait(lambda now: now.verdict.greeted > 20)
            kill(stack, "broker")
            before = feed.snapshot().verdict.sent
            assert feed.wait(lambda now: now.verdict.greeted > before + 100, 120)
            sender.stop()
            assert feed.wait(lambda now: now.verdict.waiting == 0, 120), feed.snapshot()
        assert feed.snapshot().verdict.clean, feed.snapshot().verdict


def test_a_feed_outlives_the_stack_that_comes_back_elsewhere(name):
    stack = Stack(name, size=LEAN)
    stack.up(progress=QUIET, keep=True)
    with Feed(stack) as feed, Sender(stack) as sender:
        sender.greet("Ada")
        assert feed.wait(lambda now: now.verdict.greeted == 1)
        where = stack.bootstrap
        stack.down()
        assert feed.wait(lambda now: "is down" in now.trouble, 30)
        stack.up(progress=QUIET, keep=True)
        assert stack.bootstrap != where
        sender.greet("Ada")
        assert feed.wait(lambda now: now.verdict.greeted == 2), feed.snapshot()
        assert feed.snapshot().latest[0].text == "Nice to see you again Ada"
        assert feed.snapshot().verdict.clean
        assert (feed.snapshot().trouble, sender.trouble) == ("", "")


def test_every_partition_is_followed(name):
    size = Size(partitions=3, broker_mb=96, jobmanager_mb=96, taskmanager_mb=128)
    with Stack(name, size=size) as stack, Feed(stack, uncommitted=True) as feed:
        with GreetingReader(stack.bootstrap) as reader:
            stack.greet(*[f"name {number}" for number in range(30)])
            assert len({reader.next().partition for _ in range(30)}) > 1
        assert feed.wait(lambda now: now.verdict.greeted == 30)
        assert feed.wait(lambda now: now.early.read == 30)
        assert feed.snapshot().verdict.clean
