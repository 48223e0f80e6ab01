"""Junk on the real stack: what can be answered is, and what cannot is named and skipped."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections import defaultdict

import pytest
from kafka import KafkaProducer
from kafka.errors import MessageSizeTooLargeError

from generator.broker import GreetingReader, RequestProducer, RequestRefused, connect
from generator.dead_letters import DeadLetterReader
from greeter.greeter import compute_greeting
from greeter.limits import LARGEST_NAME, LARGEST_RECORD
from greeter.messages_pb2 import GreetRequest
from tests.greeter.junk import JUNK
from tests.processes import workshop
from workshop.stack import Stack, StackError
from workshop.stack.poison import Poison

GOOD = 1000
PEOPLE = [f"Guest {number}" for number in range(8)]


@pytest.fixture
def raw(stack):
    """A producer that sends what it is told, also what :class:`RequestProducer` refuses."""
    with connect(KafkaProducer, stack.bootstrap) as producer:
        yield producer


def send(producer, key: bytes | None, value: bytes | None):
    return producer.send("names", key=key, value=value).get(timeout=30)


def greeted(greetings: GreetingReader, number: int) -> dict[str, list[str]]:
    """Read ``number`` committed greetings, and see that no further one follows; by key."""
    said = defaultdict(list)
    for _ in range(number):
        greeting = greetings.next(timeout=240)
        said[greeting.key].append(greeting.greeting)
    assert greetings.poll(2.0) == []
    return dict(said)


def once_each(sent: list[str]) -> dict[str, list[str]]:
    return {
        name: [compute_greeting(name, n + 1).greeting for n in range(sent.count(name))]
        for name in set(sent)
    }


def test_every_kind_of_junk_among_a_thousand_names(name, eventually):
    stack = Stack(name)
    assert workshop("up", "--name", name).returncode == 0
    stack.up()
    junk = [(kind, value) for kind, (value, _) in JUNK.items()]
    fatal = [("no key", None, b"\x0a\x03Eve"), ("tombstone", b"Guest 0", None)]
    sent, places = [], []
    with (
        GreetingReader(stack.bootstrap) as greetings,
        connect(KafkaProducer, stack.bootstrap) as producer,
    ):
        for number in range(GOOD):
            person = PEOPLE[number % len(PEOPLE)]
            sent.append(person)
            value = GreetRequest(name=person).SerializeToString()
            producer.send("names", key=person.encode(), value=value)
            if number % 100 == 50 and junk:
                # To an address that has good names before and behind it, in the same batches.
                producer.send("names", key=person.encode(), value=junk.pop()[1])
            if number % 400 == 333:
                _, key, value = fatal[len(places)]
                places.append(producer.send("names", key=key, value=value))
        producer.flush(timeout=60)
        places = [place.get() for place in places]
        assert not junk and len(places) == len(fatal)

        for place, why in zip(places, ("it has no key", "it has no value"), strict=True):
            found = Poison("names", 0, place.offset, place.timestamp, why)
            eventually(lambda found=found: stack.status().poison == found, 180)
            seen = workshop("status", "--name", name)
            assert seen.returncode == 1
            assert f"topic names, partition 0, offset {place.offset}, sent " in seen.stdout
            assert why in seen.stdout and "workshop skip" in seen.stdout
            dry = workshop("skip", "--name", name, "--dry-run")
            assert dry.returncode == 0 and f"Would skip {found}" in dry.stdout
            assert stack.status().poison == found
            skip = workshop("skip", "--name", name)
            assert skip.returncode == 0 and f"Skipped {found}" in skip.stdout

        eventually(lambda: stack.status().state == "ready", 180)
        assert "Nothing to skip" in workshop("skip", "--name", name).stdout
        # A restart reads some of it again, and skips the same records again.
        os.kill(stack.status().part("taskmanager").pid, signal.SIGKILL)
        assert greeted(greetings, GOOD) == once_each(sent)

    with DeadLetterReader(stack.bootstrap) as letters:
        got = {letter.original: letter for letter in (letters.next() for _ in JUNK)}
        assert letters.poll(2.0) == []
    for kind, (value, reason) in JUNK.items():
        letter = got[value]
        assert (letter.reason, letter.size) == (reason, len(value)), kind
        assert letter.key in PEOPLE and letter.function == "example/greeter"
    for file in stack.folder.skipped.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Generous: on a busy machine a TaskManager is back only after a minute.
    (last,) = stack.greet("Guest 1", timeout=240)
    assert last.greeting == "Nice to see you at the 126-nth time Guest 1!"


def test_a_stack_that_is_stuck_says_so_instead_of_ready(name, eventually):
    with Stack(name) as stack, connect(KafkaProducer, stack.bootstrap) as producer:
        send(producer, None, b"\x0a\x03Eve")
        eventually(lambda: stack.status().part("job").detail.startswith("cannot"), 180)
        eventually(lambda: stack.status().state == "restarting", 180)
        until = time.monotonic() + 3
        while time.monotonic() < until:  # Several rounds of its restart loop.
            assert stack.status().state == "restarting"
            assert stack.status().part("job").detail.startswith("cannot read topic names")
            time.sleep(0.02)
        with pytest.raises(StackError, match="it was restarting the whole time") as late:
            stack.greet("Ada", timeout=1)
        assert "offset 0" in str(late.value) and "workshop skip" in str(late.value)
        assert stack.skip(dry_run=True) == stack.skip()
        assert stack.greet("Ada", timeout=240)[0].greeting == "Welcome Ada"
        assert stack.skip() is None


def test_a_stack_that_is_down_has_nothing_to_skip(name):
    with pytest.raises(StackError, match="is down"):
        Stack(name).skip()
    assert workshop("skip", "--name", name).returncode == 1


def test_the_broker_refuses_a_huge_record_however_well_it_is_compressed(stack):
    value = GreetRequest(name="x" * 2 * LARGEST_RECORD).SerializeToString()
    for compression in (None, "gzip"):
        with (
            connect(KafkaProducer, stack.bootstrap, compression_type=compression) as producer,
            pytest.raises(MessageSizeTooLargeError),
        ):
            send(producer, b"Huge", value)
    with RequestProducer(stack.bootstrap) as requests:
        for name, key in (("x" * (LARGEST_NAME + 1), "Huge"), ("Huge", "x" * (LARGEST_NAME + 1))):
            with pytest.raises(RequestRefused, match=f"{LARGEST_NAME + 1} bytes"):
                requests.send(name, key)
    assert stack.greet("x" * LARGEST_NAME)[0].greeting == "Welcome " + "x" * LARGEST_NAME


def test_as_much_as_can_wait_for_one_address(stack, raw):
    """More of the largest junk than fits into one request of the engine."""
    value = JUNK["huge"][0]
    with DeadLetterReader(stack.bootstrap, from_start=False) as letters:
        for _ in range(600):
            raw.send("names", key=b"Flood", value=value)
        raw.flush(timeout=120)
        assert {letters.next(timeout=240).key for _ in range(600)} == {"Flood"}
    assert stack.greet("Flood")[0].greeting == "Welcome Flood"
