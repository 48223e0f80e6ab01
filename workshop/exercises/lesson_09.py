"""Checks of lesson 09: live greetings."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction

from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest
from workshop.exercises.checking import exercise, expect, refuse
from workshop.exercises.functions import Greet, runtime_of


@exercise(
    "09.1",
    "The unlucky ones",
    raises={
        IndexError: "n numbers have the places 0 to n - 1.",
        TypeError: "a place in a list has to be a whole number: math.ceil gives one.",
    },
)
def _percentile(percentile: Callable[[list[float], int], float]) -> str:
    dice = random.Random(9)
    lists: list[list[float]] = [
        [0.3, 0.1, 0.2, 0.4],
        [0.5],
        [float(n) for n in dice.sample(range(1000), 100)],
        [float(n) for n in dice.sample(range(1000), 37)],
    ]
    for latencies in lists:
        for p in (1, 50, 51, 95, 99, 100):
            given = list(latencies)
            saw = percentile(given, p)
            if given != latencies:
                refuse(
                    "Your function has put the caller's list in order.",
                    "sorted(latencies) makes a new list and leaves the old one alone.",
                )
            wanted = _nearest_rank(latencies, p)
            about = f"percentile({latencies if len(latencies) < 9 else f'{len(latencies)} numbers'}"
            expect(f"{about}, {p})", saw, wanted, _hint(latencies, p, saw))
    return "It finds what the unlucky ones had to wait, for long lists and for short ones."


def _nearest_rank(latencies: Sequence[float], p: int) -> float:
    enough = [
        x for x in latencies if Fraction(sum(y <= x for y in latencies), len(latencies)) * 100 >= p
    ]
    return min(enough)


def _hint(latencies: list[float], p: int, saw: object) -> str:
    ordered = sorted(latencies)
    if saw is None:
        return "return the number that you found."
    if saw not in latencies:
        return "the answer is one of the numbers, not something between two of them."
    place = ordered.index(_nearest_rank(latencies, p))
    if saw == ordered[min(place + 1, len(ordered) - 1)]:
        return "one place too far: lists begin at 0, so the third number is at place 2."
    if saw == ordered[max(place - 1, 0)]:
        return "that is too few of them: round up, with math.ceil."
    return "put the numbers in order first: sorted(latencies)."


@exercise(
    "09.2",
    "Every tenth visit is a party",
    raises={KeyError: "module.yaml declares one state, and its name is seen_count."},
)
def _party(party: Greet) -> str:
    runtime = runtime_of(party, ["seen_count"])
    for number in range(1, 31):
        for name in ("Ada", "Grace"):
            if name == "Ada" or number <= 11:
                runtime.send("names", name, GreetRequest(name=name))
                runtime.run()
    runtime.checkpoint()
    said: dict[str, list[str]] = {"Ada": [], "Grace": []}
    for record in runtime.committed("greetings"):
        said.setdefault(f"{record.key}", []).append(record.value.greeting)
    for name, visits in (("Ada", 30), ("Grace", 11)):
        if len(said[name]) != visits:
            refuse(
                f"{visits} visits of {name} brought {len(said[name])} greetings.",
                "every visit gets one greeting, with its key set to the name.",
            )
        for number, text in enumerate(said[name], 1):
            expect(
                f"what {name} is told at visit {number}",
                text,
                _text(name, number),
                _party_hint(name, number, text),
            )
    return "There is cake on every tenth visit, for each visitor by their own count."


def _text(name: str, number: int) -> str:
    if number % 10 == 0:
        return f"Cake for {name}, it is visit {number}"
    return compute_greeting(name, number).greeting


def _party_hint(name: str, number: int, text: str) -> str:
    if "Cake" in text and number % 10:
        return "cake is for visits 10, 20, 30 only: count.seen % 10 == 0."
    if number == 2 and text == _text(name, 1):
        return "the count does not go on: unpack the state, add 1, and pack it again."
    if number == 11:
        return "visit 10 has to be counted like any other: pack the state before the party."
    if number > 10:
        return "there is cake on every tenth visit, not only on the first of them."
    return (
        "the text is the greeter's, or, on every tenth visit, 'Cake for NAME, it is visit NUMBER'."
    )


@exercise(
    "09.3",
    "The headline",
    raises={ValueError: "with an empty dictionary there is no largest count: ask for it first."},
)
def _headline(headline: Callable[[dict[str, int]], str]) -> str:
    cases = [{"Ada": 3, "Grace": 7, "Alan": 2}, {"Alan": 12, "Grace": 9}, {"Ada": 5, "Zoë": 41}]
    for counts in cases:
        line = _line(headline, counts)
        first = max(counts, key=lambda name: counts[name])
        if first not in line or str(counts[first]) not in line:
            refuse(
                f"headline({counts}) gave {line!r}",
                f"here {first} was greeted most, {counts[first]} times: the line says both.",
            )
    _line(headline, {})
    level = _line(headline, {"Ada": 4, "Grace": 4})
    if "4" not in level or not ("Ada" in level or "Grace" in level):
        refuse(
            f"With two who are level it gave {level!r}",
            "name any of those with the largest count.",
        )
    return "It names whoever is ahead, and copes when nobody has come."


def _line(headline: Callable[[dict[str, int]], str], counts: dict[str, int]) -> str:
    line = headline(dict(counts))
    if not isinstance(line, str) or not line.strip():
        refuse(
            f"headline({counts}) gave {line!r}",
            "return a text, also for an empty dictionary; print shows it and returns nothing.",
        )
    if "\n" in line:
        refuse(f"headline({counts}) gave more than one line.", "a headline is one line.")
    return line
