"""Wrong answers to the exercises of lesson 09."""

from tests.exercises.wrong_answers import Wrong

_PARTY = """
from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, SeenCount
from statefun import kafka_egress_record


def party(context, greet_request: GreetRequest):
    count = context.state("seen_count").unpack(SeenCount) or SeenCount()
    count.seen += 1
    context.state("seen_count").pack(count)
    response = compute_greeting(greet_request.name, count.seen)
    if count.seen % 10 == 0:
        response.greeting = f"Cake for {greet_request.name}, it is visit {count.seen}"
    record = kafka_egress_record(topic="greetings", key=greet_request.name, value=response)
    context.pack_and_send_egress("example/greets", record)
"""


def party(old: str, new: str) -> str:
    """The right answer with one mistake in it."""
    assert old in _PARTY
    return _PARTY.replace(old, new)


WRONG = [
    Wrong(
        "09.1",
        "does not put them in order",
        """
import math


def percentile(latencies, p):
    return latencies[math.ceil(len(latencies) * p / 100) - 1]
""",
        "put the numbers in order first",
    ),
    Wrong(
        "09.1",
        "one place too far",
        """
def percentile(latencies, p):
    in_order = sorted(latencies)
    return in_order[min(int(len(in_order) * p / 100), len(in_order) - 1)]
""",
        "one place too far",
    ),
    Wrong(
        "09.1",
        "rounds down",
        """
def percentile(latencies, p):
    in_order = sorted(latencies)
    return in_order[max(int(len(in_order) * p / 100) - 1, 0)]
""",
        "round up, with math.ceil",
    ),
    Wrong(
        "09.1",
        "a number between two",
        """
def percentile(latencies, p):
    in_order = sorted(latencies)
    place = (len(in_order) - 1) * p / 100
    below = int(place)
    above = min(below + 1, len(in_order) - 1)
    return in_order[below] + (in_order[above] - in_order[below]) * (place - below)
""",
        "not something between two",
    ),
    Wrong(
        "09.1",
        "sorts the caller's list",
        """
import math


def percentile(latencies, p):
    latencies.sort()
    return latencies[math.ceil(len(latencies) * p / 100) - 1]
""",
        "leaves the old one alone",
    ),
    Wrong(
        "09.2",
        "does not write the state",
        party('    context.state("seen_count").pack(count)\n', ""),
        "the count does not go on",
    ),
    Wrong(
        "09.2",
        "cake on the tenth visit alone",
        party("count.seen % 10 == 0", "count.seen == 10"),
        "not only on the first of them",
    ),
    Wrong(
        "09.2",
        "cake from the tenth visit on",
        party("count.seen % 10 == 0", "count.seen >= 10"),
        "cake is for visits 10, 20, 30 only",
    ),
    Wrong(
        "09.2",
        "another state",
        party('"seen_count"', '"visits"'),
        "its name is seen_count",
    ),
    Wrong(
        "09.3",
        "fails when nobody has come",
        """
def headline(counts):
    first = max(counts, key=counts.get)
    return f"{first}: {counts[first]}"
""",
        "there is no largest count",
    ),
    Wrong(
        "09.3",
        "the first in the alphabet",
        """
def headline(counts):
    if not counts:
        return "Nobody yet"
    first = min(counts)
    return f"{first}: {counts[first]}"
""",
        "the line says both",
    ),
    Wrong(
        "09.3",
        "prints it",
        """
def headline(counts):
    print(max(counts, key=counts.get) if counts else "Nobody yet")
""",
        "print shows it and returns nothing",
    ),
]
