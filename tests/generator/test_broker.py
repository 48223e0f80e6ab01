"""The one way in and out of the broker: what it refuses, and what it says when none is there."""

import functools
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from generator import broker
from generator.broker import (
    BrokerUnreachable,
    GreetingReader,
    RequestProducer,
    RequestRefused,
    check_names,
    connect,
)
from generator.event_generator import generate


@pytest.fixture(params=["closed", "silent", "talks something else"])
def no_broker(request):
    """An address where no broker answers: nothing listens, it is mute, or it is no Kafka."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if request.param == "closed":
            server.close()
        elif request.param == "talks something else":

            def chat():
                while True:
                    try:
                        peer, _ = server.accept()
                    except OSError:
                        return
                    with peer:
                        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

            threading.Thread(target=chat, daemon=True).start()
        yield address


@pytest.mark.parametrize("client", [RequestProducer, GreetingReader])
@pytest.mark.timeout(30)  # The library's own time-out is half a minute, for each of several steps.
def test_a_broker_that_is_not_there_is_one_error_with_its_address(client, no_broker, monkeypatch):
    monkeypatch.setattr(broker, "connect", functools.partial(connect, timeout=2))
    with pytest.raises(BrokerUnreachable, match=re.escape(no_broker)):
        client(no_broker)


@pytest.mark.parametrize("make", [KafkaProducer, KafkaConsumer, KafkaAdminClient])
def test_a_client_that_finds_no_broker_leaves_no_thread(make, no_broker):
    before = {*threading.enumerate()}
    with pytest.raises(BrokerUnreachable):
        connect(make, no_broker, timeout=1)
    left = {*threading.enumerate()} - before
    assert not [thread for thread in left if thread.name.startswith("kafka-")]


def test_what_is_no_address_is_said_at_once():
    for address in ("localhost", "localhost:", ":9092", "localhost:http"):
        with pytest.raises(RequestRefused, match="host:port"):
            connect(RequestProducer, address)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([""], "name is empty"),
        (["Ada", ""], "name is empty"),
        ([b"Ada"], "must be text, not bytes"),
        ([7], "must be text, not int"),
        ([None], "must be text, not NoneType"),
        (["\ud800"], "not valid Unicode"),
    ],
)
def test_names_that_cannot_be_sent(names, text):
    with pytest.raises(RequestRefused, match=text) as refused:
        check_names(names)
    # In a notebook it is one line.
    assert refused.value._render_traceback_() == [f"RequestRefused: {refused.value}"]


def test_a_refused_request_never_reaches_the_topic(stack):
    with GreetingReader(stack.bootstrap) as greetings, RequestProducer(stack.bootstrap) as requests:
        for name, key in (("", None), ("Ada", ""), (b"Ada", None), ("Ada", 1), ("Ada", "\udfff")):
            with pytest.raises(RequestRefused):
                requests.send(name, key)
        before = requests.send("Fence").get(timeout=10).offset
        assert requests.send("Fence").get(timeout=10).offset == before + 1
        assert [greetings.next().key, greetings.next().key] == ["Fence", "Fence"]


def test_the_key_decides_who_is_greeted_not_the_name(stack):
    with GreetingReader(stack.bootstrap) as greetings, RequestProducer(stack.bootstrap) as requests:
        for name in ("Jekyll", "Hyde"):
            requests.send(name, key="the doctor")
        requests.flush()
        said = [greetings.next().greeting, greetings.next().greeting]
    assert said == ["Welcome Jekyll", "Nice to see you again Hyde"]


def test_a_reader_from_the_start_sees_what_came_before(stack):
    greeting = stack.greet("Earlier")[0]
    with GreetingReader(stack.bootstrap, from_start=True) as greetings:
        seen = []
        while greeting not in seen:
            seen.append(greetings.next())
    with GreetingReader(stack.bootstrap) as greetings, pytest.raises(TimeoutError):
        greetings.next(timeout=0.5)


def generator(stack, *arguments, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "generator", "--bootstrap", stack.bootstrap]
        + [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


def test_the_generator_prints_as_many_greetings_as_it_sends(stack):
    process = generator(stack, "--count", 7, "--delay", 0.01, "--seed", 1)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 7


def test_a_seed_sends_the_same_names_again(stack):
    def names() -> list[str]:
        with GreetingReader(stack.bootstrap) as greetings:
            process = generator(stack, "--count", 12, "--delay", 0, "--seed", 42)
            assert process.wait(timeout=90) == 0
            sent = sorted((greetings.next() for _ in range(12)), key=lambda g: g.offset)
            process.communicate()
        return sorted(greeting.name for greeting in sent)

    assert names() == names()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_generator_stops_cleanly(stack, number):
    process = generator(stack, "--delay", 0.05)
    assert process.stdout.readline()  # It runs: one greeting is there.
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


@pytest.mark.timeout(60)
def test_the_generator_says_when_there_is_no_broker():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [sys.executable, "-m", "generator", "--bootstrap"]
    began = time.monotonic()
    done = subprocess.run([*command, f"127.0.0.1:{port}"], capture_output=True, text=True)
    assert time.monotonic() - began < 30  # Generous: it is told to hurry, a machine may be slow.
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in done.stderr


@pytest.mark.parametrize("module", ["generator", "generator.event_generator"])
def test_a_delay_that_is_none(module):
    """Through the command line; the rest in this process: most of the time goes into imports."""
    command = [sys.executable, "-m", module, "--delay", "-1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--delay" in done.stderr
    for delay in ("-1", "inf", "nan"):
        refused = CliRunner().invoke(generate, ["--delay", delay])
        assert (refused.exit_code, "--delay" in refused.output) == (2, True)
