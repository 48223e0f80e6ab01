"""Checks of lesson 04, a stateful hello."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.exercises.checking import exercise, expect, refuse
from workshop.exercises.functions import GREETER, Greet, greeting_in, runtime_of, sent
from workshop.simulation import FakeContext, SimulatedRuntime
from workshop.simulation.messages import one_line

COUNT = "seen_count"
RAISES: dict[type[Exception], str] = {
    KeyError: f"no state of that name is declared; there is {COUNT!r}.",
    AttributeError: "the first time, unpack returns None: check the result before you use it.",
    TypeError: "the function takes a context and a request.",
}


@exercise(
    "04.1",
    "How often?",
    raises=RAISES | {TypeError: "visits takes one argument, the context."},
)
def how_often(visits: Callable[[Any], int]) -> str:
    for seen in (3, 1, 57):
        context = FakeContext(GREETER, "Ada", states={COUNT: SeenCount(seen=seen)})
        about, found = f"visits(context) of somebody seen {seen} times", visits(context)
        if isinstance(found, SeenCount):
            refuse(f"{about} returned the whole message.", "return its number, the field seen.")
        expect(about, found, seen, "unpack the state as a SeenCount and return its field seen.")
        _untouched(context)
    stranger = FakeContext(GREETER, "Grace", states=[COUNT])
    expect(
        "visits(context) of somebody who has never been here",
        visits(stranger),
        0,
        "for a stranger, unpack returns None: return 0 then.",
    )
    _untouched(stranger)
    return "It tells strangers from friends, and leaves the state alone."


def _untouched(context: FakeContext) -> None:
    if context.state(COUNT).modified:
        refuse(
            f"After the call the state was written: {one_line(context.stored[COUNT])}",
            "looking changes nothing: unpack the state and do not pack it.",
        )


def _come(runtime: SimulatedRuntime, key: str, name: str | None = None) -> list[str]:
    """Let somebody come once; what was sent for this key during that visit."""
    before = len(runtime.uncommitted("greetings"))
    runtime.send("names", key, GreetRequest(name=key if name is None else name))
    runtime.run()
    return [r.value.greeting for r in runtime.uncommitted("greetings")[before:]]


@exercise(
    "04.2",
    "Forget me",
    raises=RAISES
    | {AttributeError: f'del context["{COUNT}"] empties the state; None is not a value.'},
)
def forget_me(greet_or_forget: Greet) -> str:
    friend = FakeContext(GREETER, "Ada", states={COUNT: SeenCount(seen=5)})
    greet_or_forget(friend, GreetRequest(name="Ada"))
    records = sent(friend, "'Ada'")
    text = "Nice to see you at the 6-nth time Ada!"
    greeting = greeting_in(records[0], "Ada")
    expect("the 6th greeting", greeting, text, "for a name, call greet(context, greet_request).")

    for seen in (SeenCount(seen=5), SeenCount(seen=1), None):
        context = FakeContext(GREETER, "Ada", states={COUNT: seen})
        greet_or_forget(context, GreetRequest(name=""))
        if context.egressed:
            refuse(
                f"For an empty name it sends {context.records('greetings', GreetResponse)}.",
                "somebody who wants to be forgotten is not greeted: return after deleting.",
            )
        left = context.stored[COUNT]
        if isinstance(left, SeenCount) and left.seen == 0:
            refuse(
                "After an empty name the state is a SeenCount of zero.",
                f'a zero is a value too, and kept for ever: delete it with del context["{COUNT}"].',
            )
        expect(
            "the state after an empty name",
            left,
            None,
            f'del context["{COUNT}"] deletes the state; del of your own variable does not.',
        )

    runtime = runtime_of(greet_or_forget, [COUNT])
    says = [_come(runtime, key, name) for key, name in _FORGETTING]
    wanted = [[text] if text else [] for text in _FORGOTTEN]
    expect(f"the visits {_FORGETTING}", says, wanted, "forget only the one who asks.")
    return "Ada was forgotten when she asked, Grace was not, and Ada is welcome again."


_FORGETTING = [("Ada", "Ada"), ("Ada", "Ada"), ("Grace", "Grace"), ("Ada", ""), ("Ada", "Ada")]
_FORGETTING += [("Grace", "Grace")]
_FORGOTTEN = ["Welcome Ada", "Nice to see you again Ada", "Welcome Grace", "", "Welcome Ada"]
_FORGOTTEN += ["Nice to see you again Grace"]


@exercise(
    "04.3",
    "What did I say last?",
    raises=RAISES | {KeyError: f"the states are called {COUNT!r} and 'last_greeting'."},
)
def what_did_i_say_last(greet_with_memory: Greet) -> str:
    states = [COUNT, "last_greeting"]
    for name in ("Ada", "Grace"):
        context = FakeContext(GREETER, name, states=states)
        last = ""
        for seen in range(1, 6):
            greet_with_memory(context, GreetRequest(name=name))
            records = sent(context, repr(name))
            expect(
                f"the records of {seen} visits", len(records), seen, "send one record per visit."
            )
            said = greeting_in(records[-1], name)
            _judge(said, name, seen, last)
            last = compute_greeting(name, seen).greeting
    runtime = runtime_of(greet_with_memory, states, copies=2)
    quiet = [_come(runtime, "Alan") for _ in range(4)]
    _in_the_state(runtime)
    troubled = _bad_day(greet_with_memory, states, "Alan", 4)
    expect("the greetings of a bad day", troubled, [say for (say,) in quiet], OUTSIDE)
    return "It remembers what it last said to each visitor, on bad days too."


OUTSIDE = (
    "the greeting depends on something outside the request and the state: a dictionary, a "
    "global, dice or a clock."
)


def _judge(said: str, name: str, seen: int, last: str) -> None:
    """Refuse a greeting of exercise 3 with the hint for what it shows."""
    plain = compute_greeting(name, seen).greeting
    wanted = f"{plain} (last time: {last})" if last else plain
    if said == wanted:
        return
    if not said.startswith(plain) or "(last time: )" in said:
        hint = "count as before, and keep the last greeting in a state of its own, last_greeting."
    elif seen == 1 and plain in said[len(plain) :]:
        hint = "first unpack the greeting of the previous visit, and then pack the new one."
    elif seen == 1:
        hint = "a first visit has no last time: is it in the state, or in a variable of yours?"
    elif said == plain:
        hint = "unpack last_greeting, and if there is one, add it; then pack the new one."
    elif said.count("(last time: ") > 1:
        hint = "it keeps growing: pack the response before you add the brackets."
    elif seen > 2 and "Welcome" in said:
        hint = "pack last_greeting on every visit, not only on the first."
    else:
        hint = "add it as in the example: a space, then (last time: …) with the previous greeting."
    expect(f"greeting {seen} of {name}", said, wanted, hint)


def _in_the_state(runtime: SimulatedRuntime) -> None:
    kept = runtime.state(GREETER, "Alan", "last_greeting")
    wanted = compute_greeting("Alan", 4)
    hint = "keep the whole GreetResponse in last_greeting, not just a part of it, and nowhere else."
    expect("the state last_greeting after four visits", kept, wanted, hint)


def _bad_day(greet: Greet, states: list[str], name: str, times: int) -> list[str]:
    """Let somebody come so often while everything goes wrong; the committed greetings."""
    runtime = runtime_of(greet, states, copies=2)
    for number in range(times):
        if number % 3 == 1:
            runtime.lose_answer(2)
        _come(runtime, name)
        if number % 3 == 2:
            runtime.crash()
            runtime.run()
        if number % 2:
            runtime.checkpoint()
    runtime.checkpoint()
    return [record.value.greeting for record in runtime.committed("greetings")]


@exercise(
    "04.4",
    "A greeter with character",
    raises=RAISES | {KeyError: f"the states are called {COUNT!r} and 'memory'."},
)
def a_greeter_with_character(greet_my_way: Greet) -> str:
    states, name, times = [COUNT, "memory"], "Ada", 10
    context = FakeContext(GREETER, name, states=states)
    for visit in range(1, times + 1):
        greet_my_way(context, GreetRequest(name=name))
        records = sent(context, repr(name))
        expect(f"the records of {visit} visits", len(records), visit, "send one record per visit.")
        topic, hint = records[-1].topic, "send the greeting to the topic 'greetings'."
        expect("the topic of the greeting", topic, "greetings", hint)
    alone = [greeting_in(record, name) for record in records]
    if len(set(alone)) < 2:
        refuse(
            f"All of {times} visits of {name} were greeted with {alone[0]!r}.",
            "make the greeting depend on something that you pack and unpack, such as the count.",
        )

    runtime = runtime_of(greet_my_way, states)
    company = []
    for visit in range(times):
        company += _come(runtime, name)
        for other in ("Grace", "ada")[: visit % 3]:
            _come(runtime, other)
    about = f"the greetings of {name} while others come, too"
    expect(about, company, alone, OUTSIDE)
    troubled = _bad_day(greet_my_way, states, name, times)
    expect(f"the greetings of {name} on a bad day", troubled, alone, OUTSIDE)
    shown = "\n".join(dict.fromkeys(alone))
    return f"It has character, and nothing shakes it. To {name} it says:\n{shown}"
