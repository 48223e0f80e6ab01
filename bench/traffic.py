"""Traffic for the measurements, and how long its committed greetings take."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable

from generator.broker import GreetingReader, RequestProducer
from workshop.stack import Stack

GIVE_UP_SECONDS = 300


def latencies(stack: Stack, rate: float, seconds: float, keys: int = 100) -> list[float]:
    """Return the seconds from each name to its committed greeting, at ``rate`` names a second."""
    sent: dict[str, deque[float]] = defaultdict(deque)
    took: list[float] = []
    wanted = max(1, round(rate * seconds))
    with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as sender:
        began = time.monotonic()
        number = 0
        while len(took) < wanted:
            while number < wanted and time.monotonic() >= began + number / rate:
                name = f"slow-{number % keys}"
                sent[name].append(time.monotonic())
                sender.send(name)
                number += 1
            for greeting in reader.poll(0.002):
                took.append(time.monotonic() - sent[greeting.key].popleft())
            if time.monotonic() > began + seconds + GIVE_UP_SECONDS:
                raise SystemExit("greetings are missing")
    return took


def throughput(stack: Stack, names: int, keys: int) -> float:
    """Return committed greetings a second for names sent as fast as they can be."""
    return stream(stack, (f"fast-{number % keys}" for number in range(names)))


def stream(stack: Stack, names: Iterable[str]) -> float:
    """Return committed greetings a second for ``names``, sent as fast as they can be."""
    with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as sender:
        began = heard = time.monotonic()
        sent = 0
        for name in names:
            sender.send(name)
            sent += 1
        sender.flush(60)
        arrived = 0
        while arrived < sent:
            if greetings := reader.poll(0.2):
                arrived += len(greetings)
                heard = time.monotonic()
            elif time.monotonic() > heard + GIVE_UP_SECONDS:
                raise SystemExit("greetings are missing")
    return sent / (time.monotonic() - began)
