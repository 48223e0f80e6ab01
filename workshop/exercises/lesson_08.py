"""Checks of lesson 08: the real stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greeter.greeter import compute_greeting
from workshop.exercises.checking import exercise, expect, refuse
from workshop.stack import Part, Status


@exercise(
    "08.1",
    "Read the count",
    raises={
        ValueError: "int() got more than the number: cut the text right before and after it.",
        IndexError: "not every text has a number in it: look at the beginning of the text first.",
    },
)
def _read_the_count(count_of: Callable[[str], int]) -> str:
    names = "a name may be anything: look only at the beginning of the text, up to the name."
    cases = [
        ("Ada", 1, "each of the first three texts has a beginning of its own."),
        ("Ada", 2, "each of the first three texts has a beginning of its own."),
        ("Ada", 3, "each of the first three texts has a beginning of its own."),
        ("Ada", 4, "from the fourth on the number is in the text: take it as an int."),
        ("Ada", 17, "the number may have more than one digit."),
        ("Grace", 1234, "the number may have more than one digit."),
        ("R2D2", 1, names),
        ("R2D2", 12, names),
        ("Welcome ", 5, names),
        ("again Ada", 2, names),
        ("7-nth time Ada!", 8, names),
        ("7-nth time Ada!", 3, names),
    ]
    for name, count, hint in cases:
        text = compute_greeting(name, count).greeting
        saw = count_of(text)
        if isinstance(saw, str) and saw == str(count):
            refuse(f"count_of({text!r}) gave the text {saw!r}", "make a number of it: int(…).")
        expect(f"count_of({text!r})", saw, count, hint)
    return "It reads the count from every greeting, whatever the name."


def _status(states: dict[str, str], state: str = "ready", name: str = "mine") -> Status:
    """A status with the five usual parts, those in ``states`` not ready."""
    parts = []
    for number, part in enumerate(("broker", "jobmanager", "taskmanager", "greeter", "job")):
        its_state = states.get(part, "ready")
        running = part != "job" and its_state != "restarting"
        parts.append(
            Part(
                part,
                its_state,
                pid=4000 + number if running else None,
                memory=200_000_000 + number if running else None,
                restarts=int(its_state == "restarting"),
            )
        )
    return Status(name, "/runs/mine", state, parts=parts, checkpoints=12)


@exercise(
    "08.2",
    "What is not ready",
    raises={AttributeError: "status.parts is a list; each part has a name and a state."},
)
def _what_is_not_ready(not_ready: Callable[[Status], list[str]]) -> str:
    cases: list[tuple[dict[str, str], str]] = [
        (
            {},
            "all parts are ready, so the list is empty. The job is no process: that it has no "
            "process id does not make it unready.",
        ),
        (
            {"job": "starting"},
            "go through all of status.parts, and keep those whose state is not ready.",
        ),
        ({"taskmanager": "restarting", "job": "restarting"}, "keep every state that is not ready."),
        (
            {"greeter": "failed", "broker": "down", "jobmanager": "stopping"},
            "there are more states than starting and restarting: keep every one that is not ready, "
            "in the order of status.parts.",
        ),
    ]
    for states, hint in cases:
        status = _status(states, "restarting" if states else "ready")
        saw = not_ready(status)
        if isinstance(saw, list) and any(isinstance(one, Part) for one in saw):
            refuse("not_ready(status) gave parts", "return their names: part.name.")
        wanted = [part.name for part in status.parts if part.name in states]
        about = ", ".join(f"{name} is {state}" for name, state in states.items())
        expect(f"not_ready(status), where {about or 'all are ready'}", saw, wanted, hint)
    expect(
        "not_ready(status) of a stack that is down",
        not_ready(Status("mine", "/runs/mine")),
        [],
        "a stack that is down has no parts, so there is nothing to list.",
    )
    return "It names what is not ready, whatever the state is called."


@exercise(
    "08.3",
    "One line for the status bar",
    raises={
        TypeError: "part.memory is None for a process that does not run: part.memory or 0.",
        AttributeError: "status has name, state, parts and checkpoints; a part has name, state, "
        "memory and restarts.",
    },
)
def _one_line(line: Callable[[Status], Any]) -> str:
    well = _status({})
    unwell = [
        _status({"taskmanager": "restarting", "job": "restarting"}, "restarting"),
        _status({"broker": "starting"}, "starting"),
        _status({"jobmanager": "failed", "greeter": "down"}, "failed"),
        _status({"job": "starting"}, "starting", name="other"),
    ]
    for status in [well, *unwell]:
        saw = line(status)
        about = f"the line of a stack that is {status.state}"
        if not isinstance(saw, str):
            refuse(f"{about} is {saw!r}", "return a text.")
        if len(saw.splitlines()) != 1 or len(saw) > 80:
            refuse(f"{about} is\n{saw!r}", "one line of at most 80 characters, please.")
        if status.name not in saw:
            refuse(f"{about} is\n{saw!r}", "name the stack: status.name.")
        waiting = [part.name for part in status.parts if part.state != "ready"]
        # "job" is in "jobmanager" too.
        said = set(saw.replace(",", " ").replace(";", " ").replace(":", " ").split())
        missing = [name for name in waiting if not any(w.strip("().[]'\"") == name for w in said)]
        if missing:
            refuse(f"{about} is\n{saw!r}", f"it does not name {missing[0]}, which is not ready.")
    if line(well) in {line(status) for status in unwell[:3]}:
        refuse(f"all lines are {line(well)!r}", "say something else when all is well.")
    named = [part.name for part in well.parts if part.name in line(well)]
    if len(named) == len(well.parts):
        refuse(
            f"the line of a stack that is ready is\n{line(well)!r}",
            "nobody sees at a glance what is wrong if the line always names every part: name only "
            "those that are not ready.",
        )
    return f"At a glance: {line(unwell[0])!r}"
