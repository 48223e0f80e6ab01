"""Checks of lesson 09: live greetings. The last one tries the answer on the learner's own stack."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from greeter.greeter import compute_greeting, functions
from greeter.messages_pb2 import GreetRequest, GreetResponse
from workshop.exercises.checking import exercise, expect, refuse
from workshop.exercises.functions import Greet, runtime_of
from workshop.exercises.stacks import must_be_up, new_name
from workshop.paths import MODULE
from workshop.simulation import SimulatedRuntime, SimulationError

if TYPE_CHECKING:
    from workshop.stack import Part, Stack

INTERVAL_MS = 250

KEPT = "the engine has broken its promise: please report what your function did."


@exercise(
    "09.1",
    "The lucky and the unlucky",
    raises={SimulationError: "names go to the topic names, and time does not go back."},
)
def _lucky_and_unlucky(arrive: Callable[[SimulatedRuntime], object]) -> str:
    runtime = SimulatedRuntime(
        functions,
        MODULE,
        topics={"greetings": GreetResponse},
        checkpoint_interval=INTERVAL_MS / 1000,
    )
    arrive(runtime)
    runtime.advance(seconds=1)
    if any(e.time_ms % INTERVAL_MS for e in runtime.trace if e.kind == "checkpoint"):
        refuse(
            "You took a checkpoint by hand.",
            "leave that to the engine: it takes one every 0.25 s. You choose when names come.",
        )
    waits = _waits(runtime)
    for name in ("Ada", "Grace"):
        expect(
            f"How many greetings {name} got",
            len(waits.get(name, [])),
            1,
            "send each of the two once, with runtime.send(…).",
        )
    told = ", ".join(f"{name} waited {waits[name][0] / 1000:g} s" for name in ("Ada", "Grace"))
    if waits["Ada"][0] < 200:
        refuse(told, "who comes right after a checkpoint waits longest for the next one.")
    if waits["Grace"][0] > 50:
        refuse(
            told,
            "runtime.advance(seconds=…) lets time pass between the two. Let Grace come when the "
            "next checkpoint is 0.05 s away, or less.",
        )
    return f"{told}: the same engine, and the same work."


def _waits(runtime: SimulatedRuntime) -> dict[str, list[int]]:
    """How many milliseconds each greeting waited for the checkpoint that committed it."""
    waits: dict[str, list[int]] = {}
    for event in runtime.trace:
        if event.kind == "egress":
            later = (e.time_ms for e in runtime.trace if e.kind == "checkpoint")
            commit = next(at for at in later if at >= event.time_ms)
            greeted = getattr(event.message, "name", "")
            waits.setdefault(greeted, []).append(commit - event.time_ms)
    return waits


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
    "A bad minute",
    seconds=150,
    raises={TypeError: "break_it takes one argument, the stack."},
)
def _bad_minute(stack: Stack, break_it: Callable[[Stack], object]) -> str:
    from workshop.faults import Traffic, count_of
    from workshop.faults.chaos import resume
    from workshop.faults.traffic import TrafficError

    must_be_up(stack)
    names = [new_name("guest") for _ in range(3)]
    before = _processes(stack)
    traffic = Traffic(stack, names, per_second=20)
    down = False
    try:
        traffic.start()
        traffic.wait(len(traffic.committed) + 10)
        break_it(stack)
        down = stack.status().state == "down"
        if down:
            refuse(
                "The whole stack is down.",
                "down() stops it in good order. Kill one of its processes: somebody brings it "
                "back. Now run the cell with stack.up() again.",
            )
        _must_not_be_paused(stack)
        traffic.stop(timeout=100)
    except TrafficError as error:
        # On a busy machine a process that has been told to stop may do so a moment later.
        _must_not_be_paused(stack)
        refuse(
            error.message,
            "the stack needs more time than this check has. Run it again when stack.status() says "
            "ready, and break less at once.",
        )
    finally:
        for part in before:
            resume(stack, part)
        with contextlib.suppress(TrafficError):
            traffic.stop(timeout=0 if down else 30)
    after = _processes(stack)
    if after == before:
        refuse(
            "Nothing was broken: all processes are the same as before.",
            "stack.kill(…) ends a process; the names are in the table of stack.status().",
        )
    for name in names:
        counts = [count_of(one) for one in traffic.committed if one.name == name]
        expect(f"The counts of {name}", counts, list(range(1, traffic.sent[name] + 1)), KEPT)
    broken = sorted(part for part, process in before.items() if after.get(part) != process)
    seen = [(one.name, one.greeting) for one in traffic.uncommitted if one.name in names]
    sent, twice = sum(traffic.sent[name] for name in names), len(seen) - len(set(seen))
    return (
        f"Broken: {', '.join(broken)}. Sent meanwhile: {sent} names, each greeted once. "
        f"Who read uncommitted saw {twice} greetings twice."
    )


def _must_not_be_paused(stack: Stack) -> None:
    if paused := [part.name for part in stack.status().parts if _is_paused(part)]:
        refuse(
            f"The {paused[0]} is still paused.",
            "the engine waits for it, and so would this check: whoever sends SIGSTOP has to send "
            "SIGCONT as well.",
        )


def _is_paused(part: Part) -> bool:
    """Whether a signal has stopped its process, or the engine its container."""
    import psutil

    try:
        halted = part.pid and psutil.Process(part.pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        halted = False
    return bool(halted) or part.state == "paused"


def _processes(stack: Stack) -> dict[str, tuple[int | None, int]]:
    """Which process each part is, and how often it was started again."""
    return {p.name: (p.pid, p.restarts) for p in stack.status().parts if p.name != "job"}
