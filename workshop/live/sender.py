"""Sends names: those that the user types, and random ones at a rate, from its own thread."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Sequence

from generator.broker import RequestProducer, check_names
from generator.event_generator import PEOPLE
from workshop.errors import WorkshopError
from workshop.live.following import HasBroker
from workshop.live.sentences import sentence

LEAST_RATE, MOST_RATE = 1.0, 1000.0
STEP_SECONDS = 0.005
ADDRESS_SECONDS = 1.0
CLOSE_SECONDS = 0.9


class Sender:
    """A sender of names.

    Parameters
    ----------
    stack
        Where to send them.
    names
        What the random ones are chosen from.
    rate
        Random names a second, from 1 to 1,000.
    seed
        Makes the same choices again.

    Attributes
    ----------
    sent
        How many names were handed over to the broker's client.
    trouble
        What went wrong and has not been resolved.
    """

    def __init__(
        self,
        stack: HasBroker,
        names: Sequence[str] = PEOPLE,
        rate: float = 10,
        seed: int | None = None,
    ) -> None:
        self.sent = 0
        self.trouble = ""
        self._names = check_names(names)
        self._choice = random.Random(seed)
        self._stack = stack
        self._rate = _within(rate)
        self._left: int | None = 0
        self._typed: deque[str] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="workshop-sender", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------- use

    @property
    def running(self) -> bool:
        """Whether random names are being sent."""
        return self._left != 0 and not self._closed

    @property
    def rate(self) -> float:
        """Random names a second."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        with self._wake:
            self._rate = _within(rate)
            self._wake.notify()

    def start(self, count: int | None = None) -> None:
        """Begin to send random names: ``count`` of them, or until :meth:`stop`."""
        with self._wake:
            self._left = count
            self._wake.notify()

    def stop(self) -> None:
        """Stop sending random names."""
        with self._wake:
            self._left = 0

    def greet(self, *names: str) -> None:
        """Send these names, in this order.

        Raises
        ------
        RequestRefused
            When one of them cannot be sent; then none is.
        """
        checked = check_names(names)
        with self._wake:
            self._typed.extend(checked)
            self._wake.notify()

    def close(self) -> None:
        """Stop, and send what was accepted if that takes no time."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(CLOSE_SECONDS)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- thread

    def _run(self) -> None:
        """Send until closed; anything that goes wrong is shown, and retried."""
        while not self._closed:
            try:
                self._send()
            except Exception as error:
                self.trouble = sentence(error)
                with self._wake:
                    self._wake.wait_for(lambda: self._closed, 0.5)

    def _send(self) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._closed or self._typed or self._left != 0)
        if self._closed:
            return
        address = self._stack.bootstrap
        producer = RequestProducer(
            address,
            timeout=1.6,
            max_block_ms=1000,
            request_timeout_ms=5000,
        )
        try:
            self.trouble = ""
            self._pump(producer, address)
        finally:
            producer.close(timeout=0.5)

    def _pump(self, producer: RequestProducer, address: str) -> None:
        """Send what is due, until closed or the broker has moved."""
        asked = began = time.monotonic()
        done = 0
        rate = self._rate
        while not self._closed:
            with self._wake:
                if not self._typed and self._left == 0:
                    # A moment first: then it was asleep and nothing is overdue.
                    self._wake.wait(ADDRESS_SECONDS)
                    began, done = time.monotonic(), 0
            while self._typed:
                self._hand_over(producer, self._typed[0])
                self._typed.popleft()
            now = time.monotonic()
            due = int((now - began) * self._rate) - done
            if rate != self._rate or due > rate + 1:
                # Start over, so that neither a change nor a pause of the machine makes a burst.
                rate, began, done, due = self._rate, now, 0, 0
            if self._left is not None:
                due = min(due, self._left)
            for _ in range(due):
                self._hand_over(producer, self._choice.choice(self._names))
                done += 1
                with self._wake:
                    if self._left:
                        self._left -= 1
                if not self.running:
                    break
            if now > asked + ADDRESS_SECONDS:
                asked = now
                if self._stack.bootstrap != address:
                    return
            with self._wake:
                step = STEP_SECONDS if rate > 50 else 4 * STEP_SECONDS
                self._wake.wait_for(lambda: self._closed or self._typed, step)

    def _hand_over(self, producer: RequestProducer, name: str) -> None:
        producer.send(name).add_errback(self._failed)
        self.sent += 1

    def _failed(self, error: BaseException) -> None:
        self.trouble = f"A name could not be sent: {sentence(error)}"


def _within(rate: float) -> float:
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise WorkshopError(
            f"{rate:g} names a second cannot be sent.",
            hint=f"choose from {LEAST_RATE:g} to {MOST_RATE:g}.",
        )
    return float(rate)
