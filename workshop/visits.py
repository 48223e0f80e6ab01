"""Visits to a greeter on the virtual clock: the runs and the tables of the lesson on forgetting."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from statefun import StatefulFunctions, kafka_egress_record

from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, GreetResponse
from workshop.paths import MODULE, cache_folder
from workshop.simulation import SimulatedRuntime
from workshop.stack.module import difference
from workshop.table import Table

if TYPE_CHECKING:
    from workshop.plot import Plot

GREETER = "example/greeter"

Clock = Callable[[], int]
"""Tells the time in whole milliseconds."""

# ------------------------------------------------------------------------------ module definitions


def module_with(*states: Mapping[str, str]) -> str:
    """Return the repository's ``module.yaml`` in format 2.0, with these states for the greeter.

    Parameters
    ----------
    states
        The keys of format 2.0: ``name``, and ``expireAfter`` and ``expireMode`` where wanted.
    """
    module = yaml.safe_load(MODULE.read_text(encoding="utf-8"))
    module["version"] = "2.0"
    (function,) = module["module"]["spec"]["functions"]
    function["function"]["spec"]["states"] = [dict(state) for state in states]
    return str(yaml.safe_dump(module, sort_keys=False))


def module_changes(module: str) -> str:
    """Say which lines of ``module.yaml`` a definition changes: ``-`` before, ``+`` now."""
    # The first two lines of a diff name the files.
    return "\n".join(difference(MODULE, module).splitlines()[2:])


def saved(module: str) -> Path:
    """Write a module definition to a file, for a stack to run; equal ones share a file."""
    name = hashlib.sha256(module.encode()).hexdigest()[:16]
    path = cache_folder() / "modules" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(module, encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------- functions


def send_greeting(context: Any, name: str, seen: int) -> None:
    """Send to the topic ``greetings`` what the greeter says on visit number ``seen``."""
    record = kafka_egress_record("greetings", compute_greeting(name, seen), name)
    context.pack_and_send_egress("example/greets", record)


# --------------------------------------------------------------------------------------------- runs


@dataclass(frozen=True)
class Way:
    """One way to forget: functions, and the module definition that they need.

    Parameters
    ----------
    title
        What the tables call it.
    functions
        The functions; or a callable that makes them, given the clock that they should look at.
    module
        The text of a module definition.
    """

    title: str
    functions: StatefulFunctions | Callable[[Clock], StatefulFunctions]
    module: str

    def start(self, trace: int = 10_000) -> SimulatedRuntime:
        """Start a simulated runtime at 0 s; functions that look at a clock see its virtual one."""
        runtime: SimulatedRuntime

        def clock() -> int:
            return runtime.now // timedelta(milliseconds=1)

        functions = self.functions
        if not isinstance(functions, StatefulFunctions):
            functions = functions(clock)
        topics = {"greetings": GreetResponse}
        runtime = SimulatedRuntime(functions, self.module, topics=topics, trace=trace)
        return runtime

    def visited(
        self,
        name: str,
        *times: float,
        asked: Iterable[float] = (),
        lost: Iterable[float] = (),
        until: float = 0,
    ) -> Visits:
        """Let somebody visit in a new runtime, and return what came out.

        Parameters
        ----------
        name
            Who visits.
        times
            When, in seconds of virtual time from the start.
        asked
            When somebody asks after the visitor: a request with ``name`` and a question mark,
            addressed to ``name``.
        lost
            At which of these times the function's answer gets lost on its way.
        until
            How long to continue after the last of these times, in seconds from the start.
        """
        runtime = self.start()
        visits, questions = set(map(_ms, times)), set(map(_ms, asked))
        for at in sorted(visits | questions):
            _advance(runtime, at)
            if at in set(map(_ms, lost)):
                runtime.lose_answer()
            text = name if at in visits else f"{name}?"
            runtime.send("names", name, GreetRequest(name=text))
            runtime.run()
        _advance(runtime, max(_ms(until), runtime.now // timedelta(milliseconds=1)))
        return Visits(self.title, runtime, sorted(visits), sorted(questions))


class Visits:
    """What came out of one run; a table in a notebook.

    Attributes
    ----------
    title
        Of the way.
    runtime
        The runtime, as the run left it.
    """

    def __init__(
        self, title: str, runtime: SimulatedRuntime, visits: list[int], questions: list[int]
    ) -> None:
        self.title = title
        self.runtime = runtime
        self._visits = visits
        self._questions = questions

    @property
    def said(self) -> list[tuple[int, str]]:
        """All that the functions sent to the topic, with its time in milliseconds."""
        sent = [event for event in self.runtime.trace if event.kind == "egress"]
        return [(e.time_ms, getattr(e.message, "greeting", "")) for e in sent]

    @property
    def greetings(self) -> list[str]:
        """The greetings alone."""
        return [text for _, text in self.said]

    @property
    def answers(self) -> dict[int, str]:
        """What each visit and each question got, by its time in milliseconds.

        An answer that was lost on its way arrives later than what it answers.
        """
        starts = sorted([*self._visits, *self._questions])
        found = dict.fromkeys(starts, "")
        for at, text in self.said:
            start = max(s for s in starts if s <= at)
            found[start] = f"{found[start]}, {text}" if found[start] else text
        return found

    def label(self, at: int) -> str:
        """The time of a visit or a question, and how long ago the visit before it was."""
        before = [visit for visit in self._visits if visit < at]
        pause = f" (after {_seconds(at - before[-1])})" if before else ""
        return f"{_seconds(at)}{pause}" + (", asked only" if at in self._questions else "")

    def _table(self) -> Table:
        return compare(self)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_markdown_(self) -> str:
        return self._table()._repr_markdown_()


def compare(*runs: Visits) -> Table:
    """Put the answers of several runs with the same times side by side."""
    rows = [
        [runs[0].label(at), *(run.answers[at] or "nothing" for run in runs)]
        for at in runs[0].answers
    ]
    # Who is greeted as a stranger is what these tables are about.
    return Table(["time", *(run.title for run in runs)], rows, bold="Welcome ")


def pauses(*times: float, limit: float = 60) -> Plot:
    """Draw how long a visitor stayed away before each visit, and which pauses are too long.

    Parameters
    ----------
    times
        Of the visits, in seconds.
    limit
        The longest pause after which a visitor is still known, in seconds.
    """
    from workshop.plot import FAINT, ONE, TWO, Plot  # Matplotlib takes a second to import.

    visits = [_ms(at) for at in times]
    pause = [now - before for before, now in pairwise(visits)]
    told = [_seconds(ms) for ms in pause]
    forgotten = [text for text, ms in zip(told, pause, strict=True) if ms > _ms(limit)]
    plot = Plot(
        f"Visits at {', '.join(map(_seconds, visits))}. The pauses before all but the first: "
        f"{', '.join(told)}. More than {limit:g} s, forgotten: {', '.join(forgotten) or 'none'}.",
        title="How long the visitor stayed away",
        y="seconds",
        x="visit",
    )
    if not plot.drawn:
        return plot
    colours = [TWO if ms > _ms(limit) else ONE for ms in pause]
    where = [f"at {_seconds(at)}" for at in visits]
    bars = plot.axes.bar(where, [0.0, *(ms / 1000 for ms in pause)], color=["none", *colours])
    plot.axes.bar_label(bars, ["first", *told], padding=2)
    plot.axes.axhline(limit, color=FAINT, linestyle="--")
    plot.axes.margins(y=0.15)
    return plot


def crowd(*ways: Way, users: int, visits: int) -> Table:
    """Let many users visit a few times, 20 s apart, and never again; report what each way costs."""
    rows = []
    for way in ways:
        runtime = way.start(trace=0)
        for visit in range(visits):
            _advance(runtime, 20_000 * visit)
            for user in range(users):
                runtime.send("names", f"user {user}", GreetRequest(name=f"user {user}"))
            runtime.run()
        kept = [_entries(runtime)]
        _advance(runtime, 20_000 * (visits - 1) + 3_600_000)
        kept.append(_entries(runtime))
        counts = [runtime.counters.took_effect, *kept]
        rows.append([way.title, *(f"{count:,}" for count in counts)])
    heads = ["way", "messages handled", "states after the last visit", "an hour later"]
    return Table(heads, rows)


def _entries(runtime: SimulatedRuntime) -> int:
    """How many states the functions could still read."""
    states = [runtime.states(*address) for address in runtime.addresses]
    return sum(value is not None for of_one in states for value in of_one.values())


def _advance(runtime: SimulatedRuntime, to_ms: int) -> None:
    """Let time pass until a moment; after repeated attempts it may be over already."""
    now = runtime.now // timedelta(milliseconds=1)
    runtime.advance(max(0, to_ms - now) / 1000)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _seconds(ms: int) -> str:
    return f"{ms / 1000:g} s" if ms % 1000 == 0 else f"{ms / 1000:.3f} s"
