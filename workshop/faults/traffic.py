"""Names sent at a steady rate, and every greeting that comes back, read both ways."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from generator.broker import BrokerUnreachable, Greeting, GreetingReader, RequestProducer
from workshop.errors import WorkshopError
from workshop.stack import Stack

if TYPE_CHECKING:
    from workshop.plot import Plot

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
        """Note that a part was killed now, for :meth:`plot`."""
        self._kills.append((time.monotonic() - self._began, part))

    def plot(self) -> Plot:
        """Draw how many names were sent and greeted so far, and when something was killed."""
        from workshop.plot import FAINT, ONE, TWO, Plot  # Matplotlib takes a second to import.

        times = {kind: list(those) for kind, those in self._times.items()}
        stops = ", ".join(
            f"{part} {stood:.0f} s" for part, stood in self._stops(times["committed"])
        )
        plot = Plot(
            f"Names sent: {len(times['sent'])}, at a steady rate. Greetings committed: "
            f"{len(times['committed'])}. They stood still after each kill ({stops or 'none'}) and "
            f"then caught up. A reader of uncommitted ones got {len(times['uncommitted'])}.",
            title="Names sent, and greetings that were read",
            x="seconds",
            y="so far",
            height=3.6,
        )
        for kind, colour in (("uncommitted", TWO), ("sent", FAINT), ("committed", ONE)):
            count = range(1, len(times[kind]) + 1)
            plot.axes.step(times[kind], count, where="post", color=colour, label=kind)
        for when, part in self._kills:
            plot.axes.axvline(when, color=FAINT, linestyle=":")
            at = plot.axes.get_xaxis_transform()
            # Nothing is drawn above the line of the names that were sent.
            plot.axes.text(when, 1, part, rotation=90, transform=at, ha="right", va="top")
        plot.axes.legend(loc="lower right")
        return plot

    def _stops(self, committed: list[float]) -> list[tuple[str, float]]:
        """How many seconds no greeting was committed after each kill."""
        ends = [when for when, _ in self._kills[1:]] + [float("inf")]
        stops = []
        for (when, part), end in zip(self._kills, ends, strict=True):
            # The last greeting before the kill, and those up to the next one.
            before = max((at for at in committed if at <= when), default=0.0)
            after = [at for at in committed if when < at <= end]
            gaps = (b - a for a, b in itertools.pairwise([before, *after]))
            stops.append((part, max(gaps, default=0.0)))
        return stops

    def _wait(self, deadline: float) -> None:
        self.check()
        if time.monotonic() > deadline:
            missing = self.sent.total() - len(self.committed)
            self._over.set()
            # Nothing goes on in a thread when whoever waited has been told.
            for thread in self._threads:
                thread.join(10)
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
        try:
            due = time.monotonic()
            for name in itertools.cycle(self.names):
                if self._quiet.is_set() or self._over.is_set():
                    break
                requests.send(name).add_errback(self._failed)
                self.sent[name] += 1
                self._times["sent"].append(time.monotonic() - self._began)
                due += 1 / self.per_second
                time.sleep(max(0.0, due - time.monotonic()))
            flushed = False
            while not flushed and not self._over.is_set():
                with contextlib.suppress(BrokerUnreachable):
                    requests.flush(1)
                    flushed = True
        finally:
            requests.close(1 if self._over.is_set() else 5)

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
