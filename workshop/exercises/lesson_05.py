"""Checks of lesson 05, Inside the runtime."""

from collections.abc import Callable
from typing import Any

from statefun import StatefulFunctions, kafka_egress_record

from greeter import greeter
from greeter.messages_pb2 import GreetRequest, GreetResponse
from workshop.exercises.checking import exercise, expect, refuse
from workshop.paths import MODULE
from workshop.simulation import ModuleError, SimulatedRuntime, Trace

NO_FIT = (
    "module.yaml stays as it is: one function, one state (seen_count) and one egress "
    "(example/greets), which writes to any topic."
)
TRACE_HINT = (
    "only events of the kind 'batch' have a size, and their target is an address: look at "
    "event.kind before anything else."
)
NOTE_HINT = (
    "there can be more text after the size, as in 'batch of 4, attempt 2'. Split the note into "
    "words, and strip the comma."
)


def start(functions: StatefulFunctions) -> SimulatedRuntime:
    """A runtime of the repository's module for these functions."""
    topics = {"greetings": GreetResponse, "mails": GreetResponse}
    return SimulatedRuntime(functions, MODULE, topics=topics)


def visit(runtime: SimulatedRuntime, *names: str) -> None:
    """Let people come by, in this order."""
    for name in names:
        runtime.send("names", name, GreetRequest(name=name))


def replayed(functions: StatefulFunctions, before: list[str], after: list[str]) -> SimulatedRuntime:
    """Run some visits up to a checkpoint, and others that are run again after a crash."""
    runtime = start(functions)
    visit(runtime, *before)
    runtime.run()
    runtime.checkpoint()
    visit(runtime, *after)
    runtime.run()
    runtime.crash()
    runtime.run()
    runtime.checkpoint()
    return runtime


@exercise(
    "05.1",
    "The largest batch",
    raises={AttributeError: TRACE_HINT, IndexError: TRACE_HINT, ValueError: NOTE_HINT},
)
def largest_batch(answer: Callable[[Trace, str], object]) -> str:
    """Ask for names with small, large, repeated and no batches."""
    runtime = start(greeter.functions)
    visit(runtime, *["Ada"] * 5, *["Grace"] * 121, "Alan")
    runtime.run()
    runtime.checkpoint()
    saw = answer(runtime.trace, "Ada")
    if saw is None or saw is ...:
        refuse(
            "It did not return a number for Ada.", "replace the ..., and return the largest size."
        )
    if isinstance(saw, str):
        refuse(f"For Ada you gave the string {saw!r}.", "turn the size into a number with int().")
    if saw == 120:
        hint = (
            "that is Grace's batch. Look at event.target.id, and keep only the events of that name."
        )
        refuse("Ada's batches have 1 and 4 visits, Grace's 1 and 120: you found 120 for Ada.", hint)
    expect("Ada's batches have 1 and 4 visits: the largest", saw, 4, "compare all of her batches.")
    hint = "the size may have more than one digit: read the whole word from the note."
    expect(
        "Grace's batches have 1 and 120 visits: the largest",
        answer(runtime.trace, "Grace"),
        120,
        hint,
    )
    visit(runtime, *["Grace"] * 10)
    runtime.run()
    hint = "compare numbers, not strings: as strings, '9' is above '120'."
    expect("Then Grace's have 1, 120, 1 and 9 visits", answer(runtime.trace, "Grace"), 120, hint)
    visit(runtime, *["Alan"] * 3)
    runtime.lose_answer(6)
    runtime.run()
    about = "Alan's have 1, 1 and 2 visits, one of them needs seven attempts"
    expect(about, answer(runtime.trace, "Alan"), 2, NOTE_HINT)
    hint = "there is no batch to compare: max(sizes, default=0) returns 0 then."
    try:
        nobody = answer(runtime.trace, "Nobody")
    except ValueError:
        refuse("For a name that never came, your code raised ValueError.", hint)
    expect("For a name that never came", nobody, 0, hint)
    return "It finds the largest batch of a name among those of others, repeated attempts included."


@exercise(
    "05.2", "An e-mail that can be taken back", raises={ModuleError: NO_FIT, LookupError: NO_FIT}
)
def mail_by_egress(mailing: StatefulFunctions, mails: list[object]) -> str:
    """Run three visits, one of them twice."""
    before = len(mails)
    runtime = replayed(mailing, ["Ada", "Grace"], ["Ada"])
    sent = len(mails) - before
    records = runtime.committed("mails")
    if sent and records:
        hint = "the record itself is the e-mail now: remove the append."
        refuse(f"The records are there, and the list got {sent} e-mail(s) as well.", hint)
    if 0 < sent < 3:
        hint = (
            "the list belongs to the Python process: it is gone when the process ends, and the "
            "engine knows nothing about it. Do not keep track yourself; send a record to the "
            "egress."
        )
        refuse(f"Three visits and a crash: the list has {sent} e-mail(s), one is missing.", hint)
    if sent:
        hint = (
            "the engine cannot take an append back. Make a kafka_egress_record for the topic "
            "mails and hand it to the context, as greet does with its greeting."
        )
        refuse(f"Three visits and a crash: the list has {sent} e-mails.", hint)
    if not records:
        if len(runtime.committed("greetings")) > 3:
            hint = "an egress writes to the topic that the record names: topic='mails'."
            refuse("The topic mails is empty; greetings contains more than the greetings.", hint)
        refuse("No e-mail was sent: the topic mails is empty.", "send a record to the egress.")
    found = sorted((r.key, r.value.name, r.value.greeting) for r in records)
    wanted = [(name, name, f"{name} was here") for name in ("Ada", "Ada", "Grace")]
    hint = "the key is the name, and the value GreetResponse(name=name, greeting='… was here')."
    expect("The committed records of mails: key, name, text", found, wanted, hint)
    hint = "greet(context, greet_request) still counts and greets."
    expect("The greetings", len(runtime.committed("greetings")), 3, hint)
    return "Three visits, a crash, four calls of your function, and three e-mails."


@exercise(
    "05.3",
    "The same id in every replay",
    raises={
        ModuleError: NO_FIT,
        LookupError: NO_FIT,
        AttributeError: "before the first visit there is no seen_count. Read it after greet.",
    },
)
def post_once(posting: StatefulFunctions, sent: dict[object, str]) -> str:
    """Run visits twice, of one name and of two."""
    sent.clear()
    runtime = replayed(posting, ["Ada"], ["Ada"])
    if len(sent) > 2:
        hint = (
            "anything that comes from the clock, from random numbers or from a counter in Python "
            "is different in the replay. Build the id from what the engine restores: the state."
        )
        refuse(f"Ada came twice, her second visit was replayed: {len(sent)} e-mails.", hint)
    if len(sent) < 2:
        hint = "the second visit needs its own id. What has changed since the first? The count."
        refuse(f"Ada came twice: {len(sent)} e-mail(s).", hint)
    sent.clear()
    replayed(posting, ["Ada", "Grace"], ["Grace", "Ada", "Ada"])
    if len(sent) != 5:
        hint = "Ada's first visit and Grace's have the same count. Make the name part of the id."
        refuse(f"Ada came three times and Grace twice: {len(sent)} e-mails.", hint)
    expect(
        "The names",
        sorted(sent.values()),
        ["Ada"] * 3 + ["Grace"] * 2,
        "keep the name as a string.",
    )
    hint = "greet(context, greet_request) still counts and greets."
    expect("The greetings", len(runtime.committed("greetings")), 2, hint)
    return "Each visit has its own id, which stays the same however often it is replayed."


def careless() -> StatefulFunctions:
    """The greeter of the open exercise, which counts in the memory of the process."""
    functions = StatefulFunctions()
    counts: dict[str, int] = {}

    def greet(context: Any, greet_request: GreetRequest) -> None:
        name = greet_request.name
        counts[name] = counts.get(name, 0) + 1
        greeting = greeter.compute_greeting(name, counts[name])
        record = kafka_egress_record(topic="greetings", key=name, value=greeting)
        context.pack_and_send_egress("example/greets", record)

    functions.bind("example/greeter")(greet)
    return functions


def first_wrong(runtime: SimulatedRuntime) -> str:
    """The first committed greeting that is not the next one of its name, or nothing."""
    counts: dict[str | None, int] = {}
    for record in runtime.committed("greetings"):
        count = counts[record.key] = counts.get(record.key, 0) + 1
        if record.value != greeter.compute_greeting(record.value.name, count):
            greeting = record.value.greeting
            return f"greeting number {count} for {record.key} says {greeting!r}"
    return ""


@exercise("05.4", "Catch a careless function", raises={TypeError: "take one argument, runtime."})
def catch(schedule: Callable[[SimulatedRuntime], object]) -> str:
    """Play the schedule with the careless greeter and with the careful one."""
    careful = start(greeter.functions)
    schedule(careful)
    counters = careful.counters
    if wrong := first_wrong(careful):
        hint = "send each name with itself as the key, and nothing else."
        refuse(f"Even the greeter that counts in its state is wrong: {wrong}.", hint)
    if not counters.crashes and not counters.retries:
        hint = "as long as nothing fails, both are right. Try runtime.crash() and lose_answer()."
        refuse("Nothing failed, and all greetings are right.", hint)
    if not careful.committed("greetings"):
        hint = (
            "continue after the failure: run() and then checkpoint(), or no reader sees a greeting."
        )
        refuse("Nothing was committed.", hint)
    if counters.invoked == counters.took_effect:
        hint = (
            "a failure has an effect only if a call is repeated: crash after run() and before "
            "checkpoint()."
        )
        refuse("Something failed, but no call was repeated.", hint)
    runtime = start(careless())
    schedule(runtime)
    wrong = first_wrong(runtime)
    if not wrong:
        hint = "what was repeated must be committed, too: run() and checkpoint() at the end."
        refuse("Calls were repeated, but all committed greetings are right.", hint)
    return f"Caught: {wrong}. The greeter that counts in its state is right."
