"""One run: names at a steady rate, strikes between them, and all that was committed."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections import Counter, deque

from kafka import KafkaConsumer, TopicPartition

from generator.broker import NAMES, BrokerError, GreetingReader, RequestProducer, connect
from greeter.messages_pb2 import GreetRequest
from tests.chaos.plan import STOP, Strike, draw_names, plan
from tests.chaos.verdict import Kill, Report, Verdict, judge
from workshop.errors import WorkshopError
from workshop.faults import count_of
from workshop.stack import Stack
from workshop.stack.view import Progress

GIVE_UP_SECONDS = 300
"""How long nothing may be greeted before what is missing counts as lost."""

END = "the end"


class Chaos:
    """A run on a stack of its own, which must be up, fresh, and told to stay.

    Parameters
    ----------
    stack
        The stack; the run kills and restarts parts of it.
    seed, names, keys, kills, stop
        See :func:`tests.chaos.plan.plan`.
    per_second
        How many names are sent in a second.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        seed: int,
        names: int,
        keys: int = 40,
        kills: int,
        stop: bool,
        per_second: float,
    ) -> None:
        self.stack = stack
        self.seed, self.keys, self.per_second = seed, keys, per_second
        self.names = draw_names(seed, names, keys)
        self.strikes = deque(plan(seed, names, kills, stop))
        self.kills: list[Kill] = []
        self.greeted = 0
        self._sent_at: dict[tuple[str, int], float] = {}
        self._sent: Counter[str] = Counter()
        self._offset = -1

    def run(self) -> Report:
        """Send everything, strike, wait for every greeting, and judge whatever came of it."""
        self._connect()
        self._began = self._heard = time.monotonic()
        names = [*self.names, END]
        trouble = ""
        try:
            self._send_everything()
            self._await(len(self.names))
            # Nothing that was doubled is behind a greeting of this one.
            self._send(END)
            self._await(len(names))
        except (BrokerError, WorkshopError) as error:
            trouble = f"the run ended early: {error}"
            names = list(self._sent.elements())
        finally:
            self._disconnect()
        seconds = time.monotonic() - self._began
        verdict = self._judge(names)
        if trouble:
            verdict.faults.insert(0, trouble)
        return Report(
            seed=self.seed,
            names=len(self.names),
            keys=self.keys,
            seconds=seconds,
            kills=self.kills,
            verdict=verdict,
        )

    def _judge(self, names: list[str]) -> Verdict:
        try:
            # What was killed last may still be on its way back.
            self.stack.up(progress=Progress(), keep=True)
            return judge(names, names_in(self.stack), greetings_in(self.stack))
        except (BrokerError, WorkshopError) as error:
            return Verdict(faults=[f"nothing can be judged: {error}"])

    def _send_everything(self) -> None:
        pause = 0.0
        for number, name in enumerate(self.names):
            if self.strikes and self.strikes[0].after <= number and self._strike():
                # What a stopped stack kept us from sending is not caught up with in a burst.
                pause = time.monotonic() - self._began - number / self.per_second
            while time.monotonic() < self._began + pause + number / self.per_second:
                self._read()
            self._send(name)
        while self.strikes:
            self._strike()
            self._read()
        self._requests.flush(GIVE_UP_SECONDS)

    def _send(self, name: str) -> None:
        self._sent[name] += 1
        self._sent_at[name, self._sent[name]] = time.monotonic()
        self._requests.send(name).add_errback(self._refused)

    def _refused(self, error: BaseException) -> None:
        logging.error("a name was not taken: %r", error)

    def _strike(self) -> bool:
        """Strike, unless a target is away just now; return whether the stack was stopped."""
        strike = self.strikes[0]
        if strike.targets == (STOP,):
            self.strikes.popleft()
            self._stop_and_start()
            return True
        status = self.stack.status()
        pids = [status.part(target).pid for target in strike.targets]
        if None not in pids:
            self.strikes.popleft()
            self._note(strike)
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid or 0, signal.SIGKILL)
        return False

    def _stop_and_start(self) -> None:
        self._requests.flush(GIVE_UP_SECONDS)
        self._note(Strike(0, (STOP,)))
        self._disconnect()
        self.stack.down()
        self.stack.up(progress=Progress(), keep=True)
        self._connect()

    def _note(self, strike: Strike) -> None:
        at = time.monotonic()
        self.kills.append(Kill(at - self._began, " and ".join(strike.targets)))

    def _connect(self) -> None:
        self._requests = RequestProducer(self.stack.bootstrap)
        self._reader = GreetingReader(self.stack.bootstrap, from_start=True)

    def _disconnect(self) -> None:
        self._requests.close()
        self._reader.close()

    def _read(self) -> None:
        for greeting in self._reader.poll(0.02):
            if greeting.offset <= self._offset:
                continue
            self._offset = greeting.offset
            self.greeted += 1
            self._heard = now = time.monotonic()
            sent = self._sent_at.get((greeting.key, count_of(greeting)), 0.0) - self._began
            for kill in self.kills:
                if kill.seconds is None and sent > kill.at:
                    kill.seconds = now - self._began - kill.at

    def _await(self, number: int) -> None:
        self._heard = time.monotonic()
        while self.greeted < number and time.monotonic() < self._heard + GIVE_UP_SECONDS:
            self._read()


def greetings_in(stack: Stack) -> list[tuple[str, int]]:
    """Return name and count of every committed greeting in the topic, in its order."""
    found: list[tuple[str, int]] = []
    with GreetingReader(stack.bootstrap, from_start=True) as reader:
        # Until nothing more has come for so long that a doubled one would have.
        while arrived := reader.poll(3.0):
            found += [(greeting.key, count_of(greeting)) for greeting in arrived]
    return found


def names_in(stack: Stack) -> list[str]:
    """Return every name in the topic of names, in its order."""
    consumer = connect(KafkaConsumer, stack.bootstrap, enable_auto_commit=False, group_id=None)
    with contextlib.closing(consumer):
        partitions = [TopicPartition(NAMES, n) for n in consumer.partitions_for_topic(NAMES) or {0}]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        wanted = sum(consumer.end_offsets(partitions).values())
        names: list[str] = []
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while len(names) < wanted and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=1000).values():
                names += [GreetRequest.FromString(record.value).name for record in records]
        return names
