"""Traffic for the measurements, and how long its committed greetings take."""

from __future__ import annotations

import time
from collections import defaultdict, deque

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
    with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as sender:
        began = time.monotonic()
        for number in range(names):
            sender.send(f"fast-{number % keys}")
        sender.flush(60)
        arrived = 0
        while arrived < names:
            arrived += len(reader.poll(0.2))
            if time.monotonic() > began + GIVE_UP_SECONDS:
                raise SystemExit("greetings are missing")
    return names / (time.monotonic() - began)
