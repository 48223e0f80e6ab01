"""Checks of lesson 08: the real stack. Two of them try the answer on the learner's own stack."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from greeter.greeter import functions
from greeter.messages_pb2 import GreetResponse
from workshop.errors import WorkshopError
from workshop.exercises.checking import exercise, expect, refuse
from workshop.exercises.stacks import must_be_up, never_started, new_name
from workshop.paths import MODULE
from workshop.simulation import SimulatedRuntime, SimulationError

if TYPE_CHECKING:
    from workshop.stack import Stack

CROWD = [f"visitor {number}" for number in range(600)]
"""More names than a client of Kafka returns from one poll."""


@exercise(
    "08.1",
    "Taken back",
    raises={SimulationError: "names go to the topic names, each with the name as its key."},
)
def _taken_back(story: Callable[[SimulatedRuntime], object]) -> str:
    runtime = SimulatedRuntime(functions, MODULE, topics={"greetings": GreetResponse})
    story(runtime)
    records = runtime.uncommitted("greetings")
    if not records:
        refuse(
            "The topic greetings is empty.",
            "runtime.send(…) puts a name into the topic; runtime.run() lets the engine work on it.",
        )
    statuses = Counter(record.status for record in records)
    seen = f"The topic has {len(records)} greetings: " + ", ".join(
        f"{number} {status}" for status, number in sorted(statuses.items())
    )
    if statuses["open"]:
        refuse(seen, "what is open waits for the next checkpoint: end with one.")
    if not statuses["aborted"]:
        refuse(
            seen,
            "nothing was taken back. A crash takes back what was greeted since the last "
            "checkpoint: crash after run() and before checkpoint().",
        )
    committed = sorted((r.key, r.value.greeting) for r in records if r.status == "committed")
    if len(committed) < 2:
        refuse(
            seen,
            "after the crash the engine has to greet again whoever came since its last checkpoint: "
            "run(), and then checkpoint().",
        )
    if statuses["aborted"] > 1:
        refuse(seen, "Ada is to keep her greeting: commit it with a checkpoint before Grace comes.")
    expect(
        "What a reader of committed records gets",
        committed,
        [("Ada", "Welcome Ada"), ("Grace", "Welcome Grace")],
        "Ada and Grace come once each.",
    )
    taken = next(record.key for record in records if record.status == "aborted")
    expect("The greeting that is taken back is for", taken, "Grace", "let Grace be the second.")
    return "Three greetings were in the topic, and those who wait for the commit saw two of them."


@exercise(
    "08.2",
    "Every greeting of one name",
    seconds=60,
    raises={
        AttributeError: "a greeting has the fields key, name, greeting, partition and offset.",
        TimeoutError: "next() waits for one that is still to come. poll(…) returns what is there.",
    },
)
def _every_greeting(stack: Stack, history: Callable[[str, str], Any]) -> str:
    must_be_up(stack)
    name = new_name("Ada")
    greetings = stack.greet(name)
    stack.greet(*CROWD)
    greetings += stack.greet(name, name)
    saw = history(stack.bootstrap, name)
    if not isinstance(saw, list):
        refuse(f"history(…) gave {saw!r}", "return a list of offsets.")
    if saw and not isinstance(saw[0], int):
        kind = type(saw[0]).__name__
        refuse(f"history(…) gave a list of {kind}", "keep greeting.offset of each.")
    wanted = [greeting.offset for greeting in greetings]
    hint = "keep those greetings alone whose key is the name, in the order in which they come."
    if not saw:
        hint = (
            "a reader begins at the end of the topic unless it is made with from_start=True, and "
            "one poll returns a few hundred records at most: poll until nothing comes any more."
        )
    elif len(saw) > len(wanted):
        hint = "there are others in the topic: keep the greetings whose key is the name."
    elif saw == wanted[: len(saw)]:
        hint = "one poll returns a few hundred records at most: poll until nothing comes any more."
    expect(
        f"The offsets of the greetings of {name}, with {len(CROWD)} others in between",
        saw,
        wanted,
        hint,
    )
    return f"It finds them all, at the offsets {', '.join(map(str, saw))}."


@exercise(
    "08.3",
    "Does it greet?",
    seconds=60,
    raises={
        WorkshopError: "that is the trouble: catch it, and return its message.",
        TypeError: "trouble takes one argument, the stack.",
    },
)
def _does_it_greet(stack: Stack, trouble: Callable[[Stack], Any]) -> str:
    must_be_up(stack)

    def told(about: str, of: Stack) -> str:
        saw = trouble(of)
        if not isinstance(saw, str):
            refuse(f"{about}: trouble(stack) gave {saw!r}", 'return text: "" if all is fine.')
        return saw.strip()

    if not told("of a stack that is down", never_started()):
        refuse(
            "of a stack that is down: no trouble",
            "a name that is sent there is not greeted. Send one with stack.greet(…), and see.",
        )
    if saw := told("of your stack, which greets", stack):
        refuse(f"of your stack, which greets: {saw}", 'return "" if the greeting comes.')
    stack.send_signal("greeter", signal.SIGSTOP)
    try:
        state, saw = stack.status().state, told("while the greeter hangs", stack)
    finally:
        stack.send_signal("greeter", signal.SIGCONT)
        stack.greet(new_name("probe"))
    if not saw:
        refuse(
            f"The greeter hung, so nobody was greeted: no trouble. (The status said {state}.)",
            "the status tells what the processes do, and this one lives. Only a name that is sent "
            "and greeted shows that everything works.",
        )
    return f"The greeter hung, the status said {state}, and yours: {saw.splitlines()[0]}"
