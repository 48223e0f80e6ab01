"""Names sent at a steady rate, and every greeting that comes back, read both ways."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from generator.broker import Greeting, GreetingReader, RequestProducer
from workshop.errors import WorkshopError
from workshop.stack import Stack

_BARS = "▁▂▃▄▅▆▇█"
_USUAL = 3  # the bar of a second in which as many came as are sent
_LINE = 90

_running: dict[tuple[Path, int | None], Traffic] = {}
"""The traffic of each stack, by folder and supervisor: a cell run again continues with it."""


class TrafficError(WorkshopError):
    """The names could not be sent, or the greetings could not be read."""


class Traffic:
    """Sends names in turn, again and again, and keeps the greetings; all in the background.

    A second one on the same stack stops the first and continues with its counts.

    Parameters
    ----------
    stack
        A stack that is up, and that nobody else sends these names to.
    names
        The names, in the order in which they are sent.
    per_second
        How many names are sent in a second.

    Attributes
    ----------
    sent
        How often each name was sent.
    committed, uncommitted
        The greetings that each kind of reader got, in the order in which they arrived.
    """

    def __init__(self, stack: Stack, names: Sequence[str], per_second: float = 30.0) -> None:
        self.stack = stack
        self.names = list(names)
        self.per_second = per_second
        self.sent: Counter[str] = Counter()
        self.committed: list[Greeting] = []
        self.uncommitted: list[Greeting] = []
        self._began = time.monotonic()
        self._times: dict[str, list[float]] = {"sent": [], "uncommitted": [], "committed": []}
        self._kills: list[tuple[float, str]] = []
        self._quiet = threading.Event()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None

    def start(self) -> Traffic:
        """Begin to read, and then to send; return when both have begun."""
        key = (self.stack.folder.path, self.stack.status().supervisor)
        earlier = _running.get(key)
        if earlier is self:
            return self
        if earlier is not None:
            earlier.stop()
            self.sent, self.committed = earlier.sent, earlier.committed
            self.uncommitted, self._times = earlier.uncommitted, earlier._times
            self._began, self._kills = earlier._began, earlier._kills
        _running[key] = self
        # The readers have their places before the first name is sent.
        for kept, committed in ((self.uncommitted, False), (self.committed, True)):
            reader = GreetingReader(self.stack.bootstrap, committed=committed)
            self._run(self._read, reader, kept, "committed" if committed else "uncommitted")
        self._run(self._send, RequestProducer(self.stack.bootstrap))
        return self

    def stop(self, timeout: float = 120.0) -> None:
        """Stop sending; return when every name that was sent has its committed greeting.

        Raises
        ------
        TrafficError
            When that takes longer than ``timeout`` seconds, or the traffic failed meanwhile.
        """
        self._quiet.set()
        deadline = time.monotonic() + timeout
        while self._threads and self._threads[-1].is_alive():
            self._wait(deadline)
        # Both readers: what was uncommitted in the end is committed now.
        wanted = self.sent.total()
        while (
            min(len(self.committed), len({(g.key, g.greeting) for g in self.uncommitted})) < wanted
        ):
            self._wait(deadline)
        self._over.set()
        for thread in self._threads:
            thread.join()
        self.check()

    def wait(self, count: int, timeout: float = 120.0) -> None:
        """Return when ``count`` greetings are committed.

        Raises
        ------
        TrafficError
            When that takes longer than ``timeout`` seconds, or nothing is sent any more.
        """
        deadline = time.monotonic() + timeout
        while len(self.committed) < count:
            self.must_flow()
            self._wait(deadline)

    def must_flow(self) -> None:
        """Raise unless names are being sent."""
        self.check()
        if not self._threads or self._quiet.is_set():
            raise TrafficError("No names are sent.", hint="start the traffic, then try again.")

    def check(self) -> None:
        """Raise what went wrong in the background, if anything did."""
        if self._error is not None:
            raise TrafficError("The traffic failed.", details=str(self._error)) from self._error

    def mark(self, part: str) -> None:
        """Note that a part was killed now, for :meth:`timeline`."""
        self._kills.append((time.monotonic() - self._began, part))

    def timeline(self) -> str:
        """Draw what was sent and what arrived, one character per second.

        ``·`` is a second in which nothing arrived, a bar of half height one in which as many
        arrived as are sent, and a full one at least twice as many. A letter marks a kill.
        """
        seconds = int(max((times[-1] for times in self._times.values() if times), default=0)) + 1
        marks = [" "] * seconds
        for when, part in self._kills:
            marks[min(int(when), seconds - 1)] = part[0].upper()
        rows = {"killed": "".join(marks)}
        for kind, times in self._times.items():
            counts = Counter(int(when) for when in times)
            rows[kind] = "".join(self._bar(counts[second]) for second in range(seconds))
        blocks = [
            "\n".join(f"{kind:>11}  {row[at : at + _LINE]}".rstrip() for kind, row in rows.items())
            for at in range(0, seconds, _LINE)
        ]
        legend = ", ".join(dict.fromkeys(f"{part[0].upper()} = {part}" for _, part in self._kills))
        return "\n\n".join([*blocks, f"one character a second; {legend or 'nothing was killed'}"])

    def _bar(self, count: int) -> str:
        if not count:
            return "·"
        return _BARS[min(len(_BARS) - 1, round(_USUAL * count / self.per_second))]

    def _wait(self, deadline: float) -> None:
        self.check()
        if time.monotonic() > deadline:
            missing = self.sent.total() - len(self.committed)
            self._over.set()
            raise TrafficError(
                f"{missing} of {self.sent.total()} greetings did not arrive in time.",
                details=str(self.stack.status()),
            )
        time.sleep(0.05)

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=self._caught, args=(work, *arguments), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _caught(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except BaseException as error:  # Shown by whoever looks at the traffic next.
            self._error = error

    def _send(self, requests: RequestProducer) -> None:
        with requests:
            due = time.monotonic()
            for name in itertools.cycle(self.names):
                if self._quiet.is_set() or self._over.is_set():
                    break
                requests.send(name).add_errback(self._failed)
                self.sent[name] += 1
                self._times["sent"].append(time.monotonic() - self._began)
                due += 1 / self.per_second
                time.sleep(max(0.0, due - time.monotonic()))
            requests.flush(60)

    def _failed(self, error: BaseException) -> None:
        self._error = error

    def _read(self, reader: GreetingReader, kept: list[Greeting], kind: str) -> None:
        ours = {*self.names}
        with contextlib.closing(reader):
            while not self._over.is_set():
                # The whole of one poll arrives at one moment.
                for greeting in reader.poll(0.2):
                    if greeting.key in ours:
                        kept.append(greeting)
                        self._times[kind].append(time.monotonic() - self._began)
