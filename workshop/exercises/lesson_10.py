"""Checks of lesson 10: forgetting, on the virtual clock.

It is long: each check has a hint for each wrong answer that is plausible.
"""

# Without annotations of the future: the SDK reads the type of a message from a function's own.

from collections.abc import Callable, Iterable
from typing import Any

import yaml
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import Int64Value
from statefun import StatefulFunctions, kafka_egress_record

from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.exercises.checking import exercise, expect, refuse
from workshop.simulation import ModuleError, SimulatedRuntime
from workshop.simulation.module_parser import read_module
from workshop.visits import GREETER, Way, module_with, send_greeting

# ----------------------------------------------------------------------------------- 10.1, expiry

_MODE = (
    "a question reads the count but does not write it. With one value of expireMode, only "
    "writing renews the state."
)
_STATES_FORM = (
    "write a list with one state, as in module.yaml: `- name: seen_count`, and its other "
    "keys below `name`, indented by two spaces."
)


@exercise(
    "10.1",
    "Asking is not a visit",
    raises={yaml.YAMLError: _STATES_FORM},
)
def asking_is_not_a_visit(states: Any) -> str:
    """Run questions and visits with the learner's states."""
    found = yaml.safe_load(states) if isinstance(states, str) else states
    is_list = isinstance(found, list) and all(isinstance(state, dict) for state in found)
    if not is_list or [s.get("name") for s in found] != ["seen_count"]:
        refuse(
            f"states holds {found!r}, which is not a list with one state, seen_count.", _STATES_FORM
        )
    module = module_with(*found)
    for finding in read_module(module).findings:
        refuse(
            f"This is how the engine reads your states: {finding.message}",
            "the keys are name, expireAfter and expireMode, and a duration is a number and a unit.",
        )
    way = Way("", _curious(), module)

    def got(*times: float, asked: Iterable[float] = ()) -> list[str]:
        return way.visited("Ada", *times, asked=asked).greetings

    expect(
        "Visits at 0 s, 80 s and 165 s, never 90 s apart",
        got(0, 80, 165),
        _greetings("Ada", 1, 2, 3),
        "it forgets too early. How long is 90 seconds in the unit that you gave?",
    )
    expect(
        "Visits at 0 s and 95 s",
        got(0, 95),
        _greetings("Ada", 1, 1),
        "95 seconds were not enough. The key expireAfter says how long a state is kept.",
    )
    expect(
        "Visits at 0 s and 100 s, a question at 50 s",
        got(0, 100, asked=[50]),
        [*_greetings("Ada", 1), "seen so far: 1", *_greetings("Ada", 1)],
        _MODE,
    )
    return "Visits keep the count alive, questions do not."


def _curious() -> StatefulFunctions:
    """The function of the lesson that takes a question mark as a question."""
    functions = StatefulFunctions()

    def greet_or_tell(context: Any, request: GreetRequest) -> None:
        count = context.state("seen_count").unpack(SeenCount) or SeenCount()
        if request.name.endswith("?"):
            name = context.address.identity
            told = GreetResponse(name=name, greeting=f"seen so far: {count.seen}")
            record = kafka_egress_record("greetings", told, name)
            context.pack_and_send_egress("example/greets", record)
            return
        count.seen += 1
        context.state("seen_count").pack(count)
        send_greeting(context, request.name, count.seen)

    functions.register(GREETER, greet_or_tell)
    return functions


def _greetings(name: str, *numbers: int) -> list[str]:
    return [compute_greeting(name, number).greeting for number in numbers]


# --------------------------------------------------------------------------------- 10.2, time stamp

_EDGE = "60,000 ms is exactly 60 s, which is not more than 60 s."


@exercise(
    "10.2",
    "The edge",
    raises={TypeError: "for somebody who was never here, last is None: check that first."},
)
def the_edge(visit_number: Callable[[int, int | None, int], Any]) -> str:
    """Ask the learner's decision, alone and inside a greeter."""
    cases: list[tuple[int, int | None, int, int, str]] = [
        (0, None, 5_000, 1, "somebody who was never here is a stranger: return 1."),
        (1, 1_000, 31_000, 2, "30 s is in time. The numbers are milliseconds."),
        (3, 20_000, 79_999, 4, "59.999 s is in time: one more than the count so far."),
        (3, 20_000, 80_001, 1, "after more than 60 s the visitor is a stranger: return 1."),
        (3, 20_000, 80_000, 4, _EDGE),
        (7, 0, 60_000, 8, "a time of 0 is a time, and not the same as None. Write `is None`."),
        (5, 100_000, 10_000, 6, "the clock was set back, but nobody was away for long."),
    ]
    for seen, last, now, number, hint in cases:
        about = f"visit_number({seen}, {last}, {now})"
        answer = visit_number(seen, last, now)
        if answer is None:
            refuse(f"{about} returned nothing.", "replace the ... and return a number.")
        expect(about, answer, number, hint)
    module = module_with({"name": "seen_count"}, {"name": "last_visit"})

    def stamped(clock: Callable[[], int]) -> StatefulFunctions:
        functions = StatefulFunctions()

        def greet(context: Any, request: GreetRequest) -> None:
            now, last = clock(), context.state("last_visit").unpack(Int64Value)
            count = context.state("seen_count").unpack(SeenCount) or SeenCount()
            count.seen = visit_number(count.seen, last.value if last else None, now)
            context.state("seen_count").pack(count)
            context.state("last_visit").pack(Int64Value(value=now))
            send_greeting(context, request.name, count.seen)

        functions.register(GREETER, greet)
        return functions

    expect(
        "In a greeter, visits at 0 s, 60 s and 120.001 s",
        Way("", stamped, module).visited("Ada", 0, 60, 120.001).greetings,
        _greetings("Ada", 1, 2, 1),
        _EDGE,
    )
    return "Sixty seconds is in time, and one millisecond more is too long."


# --------------------------------------------------------------------------------------- 10.3, note

_RAISES: dict[type[Exception], str] = {
    KeyError: "the states are seen_count and ticket; module.yaml declares no others.",
    ValueError: "the function gets its own notes too: the annotation of `message` has to list the "
    "type of the note. And a note needs a delay, a function type, an id and a message.",
    ModuleError: "the annotation of `message` has to list every type that can arrive: the request, "
    "the note, and what asks to be forgotten.",
    AttributeError: (
        "several types of message can arrive. A note and an Empty have no name: look at the type "
        "first, and take the name from context.address.identity."
    ),
}
_EMPTY = "there is no greeting yet: count the GreetRequest and call send_greeting."
_ACTIVE = (
    "an active user was forgotten. When a note arrives, check whether somebody came after it was "
    "posted: does it carry the same value as the state?"
)
_EARLY = (
    "too early. Post the note with a delay of 60 seconds, and delete the state when it arrives."
)
_NEVER = (
    "the count was still there. Post a note with pack_and_send_after on each visit, 60 seconds "
    "ahead, and delete the state when the note of the last visit arrives."
)
_ENDLESS = "the notes never stop. Post one only on a visit, not when a note or an Empty arrives."
_OWN = "a note has to go to the visitor: the id is context.address.identity."


@exercise("10.3", "Forget me now", raises=_RAISES)
def forget_me_now(functions: StatefulFunctions) -> str:
    """Run visits, and requests to be forgotten."""
    _bound(functions)
    visited = _Visitors(functions, leavers=True)
    expect("A first visit", visited.all("Ada", 0), _greetings("Ada", 1), _EMPTY)
    expect(
        "Visits at 0 s, 30 s, 65 s and 120 s",
        visited.all("Grace", 0, 30, 65, 120),
        _greetings("Grace", 1, 2, 3, 4),
        _ACTIVE,
    )
    _is_forgotten(visited, "Ada", 0, 30)
    _is_forgotten(visited, "Grace", 10)
    expect(
        "Visits at 0 s, 30 s and 95 s",
        visited.all("Ada", 0, 30, 95),
        _greetings("Ada", 1, 2, 1),
        _NEVER,
    )
    _comes_to_rest(visited)
    runtime = visited.run("Ada", 0, -5)
    if runtime.state(GREETER, "Ada", "seen_count") is not None:
        refuse(
            "A visit at 0 s, an Empty at 5 s. After it seen_count is still there.",
            "delete the state when the message is an Empty.",
        )
    expect(
        "A visit at 0 s, an Empty at 10 s, visits at 20 s and 75 s",
        visited.all("Ada", 0, -10, 20, 75),
        _greetings("Ada", 1, 1, 2),
        "the note from 0 s was mistaken for the one from 20 s, because the count is 1 in both "
        "cases. A note has to belong to one visit for all time: keep something unique in ticket.",
    )
    return "Users are forgotten in time and on request, but never while they keep coming."


# ----------------------------------------------------------------------------------- 10.4, farewell


@exercise("10.4", "Say goodbye", raises=_RAISES)
def say_goodbye(functions: StatefulFunctions) -> str:
    """Look at what is said when, and to whom, without asking for a particular text."""
    _bound(functions)
    visited = _Visitors(functions)
    expect("A first visit", visited.all("Ada", 0)[:1], _greetings("Ada", 1), _EMPTY)
    for name, times in (("Ada", (0.0, 30.0, 65.0, 120.0)), ("Grace", (0.0, 50.0))):
        said = visited.all(name, *times)
        usual = _greetings(name, *range(1, len(times) + 1))
        about = f"Visits at {', '.join(f'{time:g} s' for time in times)}"
        if [text for text in said if text not in usual]:
            refuse(
                f"{about}. Among the answers is {_other(said, usual)!r}, but nobody had left.",
                "a goodbye went to somebody who keeps coming. The note has to carry something "
                "that shows whether there was a later visit.",
            )
        expect(about, said, usual, _ACTIVE)
        _is_forgotten(visited, name, *times)
        runtime = visited.run(name, *times, until=times[-1] + 119)
        records = runtime.uncommitted("greetings")
        extra = [record for record in records if record.value.greeting not in usual]
        if not extra:
            refuse(
                f"{about}, then nothing for two minutes: no goodbye came.",
                "send one more record to greetings where you delete the state.",
            )
        if len(extra) > 1:
            refuse(
                f"{about}, then nothing: {len(extra)} goodbyes came.",
                "say goodbye once, only for the note that deletes the state.",
            )
        expect(
            f"{about}. The key of the goodbye",
            extra[0].key,
            name,
            "the key of the record is the visitor's name, from context.address.identity.",
        )
        said = [
            r.value.greeting
            for r in visited.run(name, *times, times[-1] + 200).uncommitted("greetings")
        ]
        expect(f"{about}, a goodbye, and a visit after it", said[-1], usual[0], _NEVER)
    _comes_to_rest(visited)
    return f"{name} was last told: {extra[0].value.greeting!r}"


def _other(said: list[str], usual: list[str]) -> str:
    return next(text for text in said if text not in usual)


# ----------------------------------------------------------------------------- what they share


def _bound(functions: object) -> None:
    if (
        not isinstance(functions, StatefulFunctions)
        or ("example", "greeter") not in functions.functions
    ):
        refuse(
            "No function is bound to example/greeter.",
            'keep the line with StatefulFunctions(), and the @….bind("example/greeter") below it.',
        )


_MOST = 1000


class _Visitors:
    """Runs of the learner's functions with visits and requests to be forgotten."""

    def __init__(self, functions: StatefulFunctions, leavers: bool = False) -> None:
        module = yaml.safe_load(module_with({"name": "seen_count"}, {"name": "ticket"}))
        (ingress,) = module["module"]["spec"]["ingresses"]
        if leavers:
            url = "type.googleapis.com/google.protobuf.Empty"
            topic = {"topic": "leavers", "typeUrl": url, "targets": [GREETER]}
            ingress["ingress"]["spec"]["topics"].append(topic)
        self._way = Way("", functions, yaml.safe_dump(module))

    def run(self, name: str, *times: float, until: float = 0) -> SimulatedRuntime:
        """Visit at these seconds; a negative one is a request to be forgotten."""
        runtime = self._way.start()
        for time in times:
            _until(runtime, abs(time))
            if time < 0:
                runtime.send("leavers", name, Empty())
            else:
                runtime.send("names", name, GreetRequest(name=name))
            if runtime.run(limit=_MOST) == _MOST:
                refuse(
                    f"After {_MOST} calls at the same moment, the function was still being called.",
                    "a note has to arrive later: use pack_and_send_after.",
                )
            # A job that fails goes back to here, so it fails again and does not start over.
            runtime.checkpoint()
        _until(runtime, until)
        return runtime

    def all(self, name: str, *times: float) -> list[str]:
        """All greetings that came out until the last of these times."""
        records = self.run(name, *times).uncommitted("greetings")
        return [record.value.greeting for record in records]


def _until(runtime: SimulatedRuntime, seconds: float) -> None:
    runtime.advance(max(0.0, seconds - runtime.now.total_seconds()))
    if runtime.counters.retries:
        runtime.run()  # raises what the function raised, once the engine gives up


def _is_forgotten(visited: _Visitors, name: str, *times: float) -> None:
    """The count is there just before 60 s have passed, and gone soon after, without a visit."""
    about = f"A last visit at {times[-1]:g} s, then nobody."
    runtime = visited.run(name, *times, until=times[-1] + 59)
    if runtime.state(GREETER, name, "seen_count") is None:
        refuse(f"{about} After 59 s seen_count is gone.", _EARLY)
    _until(runtime, times[-1] + 62)
    if runtime.state(GREETER, name, "seen_count") is not None:
        posted = {event.target for event in runtime.trace if event.kind == "delay"}
        hint = _OWN if posted - {(GREETER, name)} else _NEVER
        refuse(f"{about} After 62 s seen_count is still there.", hint)


def _comes_to_rest(visited: _Visitors) -> None:
    runtime = visited.run("Ada", 0, 20, 40, until=3600)
    before = runtime.counters.invoked
    runtime.advance(3600)
    if runtime.counters.invoked > before:
        more = runtime.counters.invoked - before
        refuse(
            f"Nobody came for an hour, and in the next hour the function was called {more} times.",
            _ENDLESS,
        )
