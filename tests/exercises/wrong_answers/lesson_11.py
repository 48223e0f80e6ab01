"""Wrong answers to the exercises of lesson 11."""

from tests.exercises.wrong_answers import Wrong

_VERDICT = """
from collections import Counter

from workshop.faults import count_of


def verdict(sent, greetings):
    came = Counter((one.name, count_of(one)) for one in greetings)
"""

_GREET = """
from statefun import kafka_egress_record

from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, SeenCount


def greet(context, message):
    request = GreetRequest()
"""

_GOOD = """
    state = context.state("seen_count").unpack(SeenCount) or SeenCount()
    state.seen += 1
    context.state("seen_count").pack(state)
    response = compute_greeting(request.name, state.seen)
    record = kafka_egress_record(topic="greetings", key=request.name, value=response)
    context.pack_and_send_egress("example/greets", record)
"""

_REMIND = """
import time
import uuid

from greeter.messages_pb2 import SeenCount


def remind(context, request, post):
    state = context.state("seen_count").unpack(SeenCount) or SeenCount()
    state.seen += 1
    context.state("seen_count").pack(state)
"""

_ANSWER = """
from datetime import timedelta

from statefun import kafka_egress_record

from greeter.messages_pb2 import GreetRequest, GreetResponse


def answer(context, request, service):
    identity = context.address.identity
"""

_SENT = """
    response = GreetResponse(name=request.name, greeting=text)
    record = kafka_egress_record(topic="greetings", key=identity, value=response)
    context.pack_and_send_egress("example/greets", record)
"""

WRONG = [
    Wrong(
        "11.1",
        "counts up to the highest that came",
        _VERDICT
        + """
    lost = []
    for name in sent:
        seen = [count for who, count in came if who == name]
        lost += [(name, n) for n in range(1, max(seen, default=0) + 1) if n not in seen]
    return sorted(lost), sorted(pair for pair, times in came.items() if times > 1)
""",
        "count up to sent[name], not to the highest count that arrived",
    ),
    Wrong(
        "11.1",
        "compares sums",
        """
from collections import Counter


def verdict(sent, greetings):
    came = Counter(one.name for one in greetings)
    lost = [(name, n) for name in sent for n in range(came[name] + 1, sent[name] + 1)]
    doubled = [(name, n) for name in sent for n in range(sent[name] + 1, came[name] + 1)]
    return lost, doubled
""",
        "a count from 1 to sent[name] that is in no greeting is lost",
    ),
    Wrong(
        "11.1",
        "throws the names together",
        """
from collections import Counter

from workshop.faults import count_of


def verdict(sent, greetings):
    came = Counter(count_of(one) for one in greetings)
    lost = [(name, n) for name in sent for n in range(1, sent[name] + 1) if not came[n]]
    return lost, [(one.name, count_of(one)) for one in greetings if came[count_of(one)] > 1]
""",
        "each name has its own counts",
    ),
    Wrong(
        "11.1",
        "a set cannot hold anything twice",
        _VERDICT
        + """
    came = set(came)
    wanted = {(name, n) for name in sent for n in range(1, sent[name] + 1)}
    return sorted(wanted - came), sorted(came - wanted)
""",
        "one is doubled and one is lost: check each count",
    ),
    Wrong(
        "11.2",
        "lets the error out",
        _GREET + "    message.Unpack(request)\n" + _GOOD,
        "put the unpacking inside try: and except Exception:",
    ),
    Wrong(
        "11.2",
        "skips junk silently",
        _GREET
        + """
    try:
        message.Unpack(request)
    except Exception:
        return
"""
        + _GOOD,
        "junk that is merely skipped is gone for good",
    ),
    Wrong(
        "11.2",
        "keeps the error and loses the bytes",
        _GREET
        + """
    try:
        message.Unpack(request)
    except Exception as error:
        junk = kafka_egress_record(
            topic="dead-letters", key=context.address.identity, value=GreetRequest(name="junk")
        )
        context.pack_and_send_egress("example/greets", junk)
        return
"""
        + _GOOD,
        "keep the original",
    ),
    Wrong(
        "11.2",
        "counts junk as a visit",
        """
from statefun import kafka_egress_record

from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, SeenCount


def greet(context, message):
    request = GreetRequest()
    state = context.state("seen_count").unpack(SeenCount) or SeenCount()
    state.seen += 1
    context.state("seen_count").pack(state)
    topic = "greetings"
    try:
        message.Unpack(request)
        value = compute_greeting(request.name, state.seen)
    except Exception:
        topic, value = "dead-letters", message
    record = kafka_egress_record(topic=topic, key=context.address.identity, value=value)
    context.pack_and_send_egress("example/greets", record)
""",
        "junk must not count",
    ),
    Wrong(
        "11.2",
        "takes a typed message, which never sees the junk",
        """
from statefun import kafka_egress_record

from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, SeenCount


def greet(context, request: GreetRequest):
"""
        + _GOOD,
        "put the unpacking inside try: and except Exception:",
    ),
    Wrong(
        "11.3",
        "a random number",
        _REMIND + "    post.deliver(uuid.uuid4(), 'Dear ' + request.name)\n",
        "a repeated call must use the same number",
    ),
    Wrong(
        "11.3",
        "the time",
        _REMIND + "    post.deliver(time.perf_counter_ns(), 'Dear ' + request.name)\n",
        "a repeated call must use the same number",
    ),
    Wrong(
        "11.3",
        "the name alone",
        _REMIND + "    post.deliver(request.name, 'Dear ' + request.name)\n",
        "another visit needs another number",
    ),
    Wrong(
        "11.3",
        "the count alone",
        _REMIND + "    post.deliver(state.seen, 'Dear ' + request.name)\n",
        "another name needs another number",
    ),
    Wrong(
        "11.3",
        "remembers outside of the state",
        _REMIND.replace("def remind", "numbers = {}\n\n\ndef remind")
        + """
    numbers[request.name] = numbers.get(request.name, 0) + 1
    post.deliver((request.name, numbers[request.name]), "Dear " + request.name)
""",
        "a repeated call must use the same number",
    ),
    Wrong(
        "11.4",
        "lets the error out",
        _ANSWER + "    text = service.ask(request.name)\n" + _SENT,
        "catch ConnectionError",
    ),
    Wrong(
        "11.4",
        "drops the request",
        _ANSWER
        + """
    try:
        text = service.ask(request.name)
    except ConnectionError:
        return
"""
        + _SENT,
        "no request may vanish",
    ),
    Wrong(
        "11.4",
        "tries again at once, in a loop of messages",
        _ANSWER
        + """
    try:
        text = service.ask(request.name)
    except ConnectionError:
        context.pack_and_send("example/greeter", identity, request)
        return
"""
        + _SENT,
        "wait before you try again",
    ),
    Wrong(
        "11.4",
        "asks ten times a second",
        _ANSWER
        + """
    try:
        text = service.ask(request.name)
    except ConnectionError:
        soon = timedelta(milliseconds=100)
        context.pack_and_send_after(soon, "example/greeter", identity, request)
        return
"""
        + _SENT,
        "wait a second or more",
    ),
    Wrong(
        "11.4",
        "a dead letter and another attempt",
        _ANSWER
        + """
    try:
        text = service.ask(request.name)
    except ConnectionError:
        later = timedelta(minutes=20)
        context.pack_and_send_after(later, "example/greeter", identity, request)
        letter = kafka_egress_record(topic="dead-letters", key=identity, value=request)
        context.pack_and_send_egress("example/greets", letter)
        return
"""
        + _SENT,
        "every request ends in one way",
    ),
]
