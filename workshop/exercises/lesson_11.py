"""Checks of lesson 11: when things break.

It is long: each check has a hint for each wrong answer that is plausible.
"""

# No "from __future__ import annotations": the SDK reads the types of functions as objects.
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from statefun import StatefulFunctions

from generator.broker import Greeting
from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.exercises.checking import exercise, expect, refuse
from workshop.paths import MODULE
from workshop.simulation import JobFailed, SimulatedRuntime

JUNK = b"\xff\xff\xff"
LETTERS = "dead-letters"


def _greetings(*visits: tuple[str, int]) -> list[Greeting]:
    return [
        Greeting(name, name, compute_greeting(name, count).greeting, 0, offset, 0)
        for offset, (name, count) in enumerate(visits)
    ]


Pairs = list[tuple[str, int]]


@exercise(
    "11.1",
    "The verdict",
    raises={
        KeyError: "a name may have no greeting at all: a Counter gives 0 for what it never saw.",
    },
)
def _verdict(verdict: Callable[[Mapping[str, int], list[Greeting]], tuple[Pairs, Pairs]]) -> str:
    def gave(sent: Mapping[str, int], *visits: tuple[str, int]) -> tuple[Pairs, Pairs]:
        answer = verdict(sent, _greetings(*visits))
        if answer is None:
            refuse("verdict(…) returned nothing", "return the two lists: lost, doubled.")
        try:
            lost, doubled = answer
            return list(lost), list(doubled)
        except (TypeError, ValueError):
            refuse(
                f"verdict(…) returned {answer!r}",
                "return two lists of (name, count), first the lost, then the doubled.",
            )

    about = "sent {}, greeted {}"
    cases: list[tuple[dict[str, int], Pairs, Pairs, Pairs, str]] = [
        (
            {"Ada": 2, "Alan": 2},
            [("Ada", 1), ("Alan", 1), ("Ada", 2), ("Alan", 2)],
            [],
            [],
            "nothing is wrong here: each name has its own counts, from 1 to the number of times "
            "it was sent.",
        ),
        (
            {"Ada": 3},
            [("Ada", 1), ("Ada", 3)],
            [("Ada", 2)],
            [],
            "a count from 1 to sent[name] that is in no greeting is lost.",
        ),
        (
            {"Ada": 3},
            [("Ada", 1), ("Ada", 2)],
            [("Ada", 3)],
            [],
            "the last one is missing: count up to sent[name], not to the highest count that "
            "arrived.",
        ),
        (
            {"Ada": 3},
            [("Ada", 1), ("Ada", 1), ("Ada", 2)],
            [("Ada", 3)],
            [("Ada", 1)],
            "as many arrived as were sent, yet one is doubled and one is lost: check each count.",
        ),
        (
            {"Ada": 1, "Alan": 2, "Grace": 1},
            [("Alan", 2), ("Ada", 1), ("Alan", 2), ("Alan", 2), ("Alan", 1)],
            [("Grace", 1)],
            [("Alan", 2)],
            "a name may have no greeting at all, greetings arrive in any order, and a count that "
            "arrived three times is listed once.",
        ),
        (
            {"Zoe": 2, "Ada": 2},
            [],
            [("Ada", 1), ("Ada", 2), ("Zoe", 1), ("Zoe", 2)],
            [],
            "both lists are sorted: sorted(…) puts the pairs in order.",
        ),
    ]
    for sent, visits, lost, doubled, hint in cases:
        expect(about.format(sent, visits), gave(sent, *visits), (lost, doubled), hint)
    return "It finds what was lost and what was doubled, name by name."


def _letter_bytes(record: Any) -> bytes:
    """What a dead letter holds; a simulated record of an unknown class has its bytes as value."""
    value = record.value
    return value if isinstance(value, bytes) else bytes(value.SerializeToString())


@exercise(
    "11.2",
    "Survive junk",
    raises={
        TypeError: "the function takes two arguments, context and message, and calls "
        "message.Unpack(request) with an empty GreetRequest.",
    },
)
def _survive_junk(greet: Callable[[Any, Any], None]) -> str:
    functions = StatefulFunctions()
    functions.register("example/greeter", greet)
    runtime = SimulatedRuntime(
        functions, MODULE, topics={"greetings": GreetResponse}, max_restarts=0
    )
    runtime.send("names", "Ada", GreetRequest(name="Ada"))
    _run(runtime, "one good request", "a good request is greeted as always.")
    greetings = [record.value.greeting for record in runtime.uncommitted("greetings")]
    expect(
        "the greetings after one good request",
        greetings,
        ["Welcome Ada"],
        "a good request gets its greeting, from compute_greeting, in the topic greetings.",
    )
    runtime.send("names", "Ada", JUNK)
    runtime.send("names", "Bob", b"hello")
    runtime.send("names", "Ada", GreetRequest(name="Ada"))
    _run(
        runtime,
        f"junk: the bytes {JUNK!r}",
        "an error that leaves your function is tried again and again, and then the job restarts: "
        "put the unpacking inside try: and except Exception:.",
    )
    letters = list(runtime.uncommitted(LETTERS))
    if not letters:
        refuse(
            f"after two junk messages there is no record in the topic {LETTERS}",
            "junk that is merely skipped is gone for good: send the message itself to "
            "dead-letters.",
        )
    expect(
        f"the keys of the records in {LETTERS} after junk for Ada and Bob",
        sorted(str(record.key) for record in letters),
        ["Ada", "Bob"],
        "every junk message produces one dead letter, with context.address.identity as its key, "
        "and a good one produces none.",
    )
    for junk in (JUNK, b"hello"):
        if not any(junk in _letter_bytes(record) for record in letters):
            refuse(
                f"the bytes {junk!r} are in no dead letter",
                "keep the original: the value of the record must be the message that you got.",
            )
    expect(
        "the greetings after good, junk, good for Ada",
        [record.value.greeting for record in runtime.uncommitted("greetings")],
        ["Welcome Ada", "Nice to see you again Ada"],
        "junk must not count: unpack first, and touch the state only for a good request.",
    )
    expect(
        "the state of Bob, who sent only junk",
        runtime.state("example/greeter", "Bob", "seen_count"),
        None,
        "junk must not count: unpack first, and touch the state only for a good request.",
    )
    return "It greets the good ones, sets junk aside with its bytes, and the job never restarts."


def _run(runtime: SimulatedRuntime, about: str, hint: str) -> None:
    """Run; a job that fails is refused with ``hint`` and the error that the function raised."""
    try:
        runtime.run(limit=10_000)
    except JobFailed as failed:
        cause = failed.__cause__
        if isinstance(cause, NameError | AttributeError | TypeError | ImportError):
            raise cause from None  # A slip of the pen, not the point of the exercise.
        refuse(f"{about}\n  the job failed: {type(cause).__name__}: {cause}", hint)


class _Post:
    """A post office that knows each letter by its number, and notes every call."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.letters: dict[Any, str] = {}

    def deliver(self, number: Any, text: Any) -> None:
        self.calls.append(number)
        self.letters.setdefault(number, text)


@exercise(
    "11.3",
    "A letter, once",
    raises={
        KeyError: "the module declares one state, seen_count.",
        TypeError: (
            "the number must be something that can be compared, such as a string: "
            "post.deliver(number, text)."
        ),
    },
)
def _a_letter_once(remind: Callable[[Any, Any, Any], None]) -> str:
    post = _Post()
    functions = StatefulFunctions()

    def reminder(context: Any, request: GreetRequest) -> None:
        remind(context, request, post)

    functions.register("example/greeter", reminder)
    runtime = SimulatedRuntime(functions, MODULE, max_restarts=0)

    def visit(name: str, calls: int = 1) -> int:
        """Let a name visit, the function called so many times for it; return the new letters."""
        before = len(post.letters)
        runtime.send("names", name, GreetRequest(name=name))
        runtime.lose_answer(calls - 1)
        _run(runtime, f"a visit of {name}", "the function must not raise.")
        return len(post.letters) - before

    expect(
        "the letters after Ada's first visit",
        visit("Ada"),
        1,
        "call post.deliver(number, text) once in every call.",
    )
    expect(
        "the new letters of Ada's second visit",
        visit("Ada"),
        1,
        "another visit needs another number: the name alone, or a count that is not kept in the "
        "state, stays the same.",
    )
    expect(
        "the new letters of Bob's first visit",
        visit("Bob"),
        1,
        "another name needs another number: Ada and Bob have the same counts.",
    )
    expect(
        "the new letters of a visit of Ada for which the function was called three times",
        visit("Ada", calls=3),
        1,
        "a repeated call must use the same number: nothing random, no time, and no count that is "
        "kept outside the state.",
    )
    expect(
        "the state seen_count of Ada after three visits",
        runtime.state("example/greeter", "Ada", "seen_count"),
        SeenCount(seen=3),
        "every visit is counted in seen_count.",
    )
    return f"{len(post.calls)} calls, {len(post.letters)} letters: one for every visit."


class _Service:
    """A service that is down when it is told so, and notes when it was asked."""

    def __init__(self) -> None:
        self.down = False
        self.asked = 0

    def ask(self, name: str) -> str:
        self.asked += 1
        if self.down:
            raise ConnectionError("the service is down")
        return f"The service says hello to {name}"


@exercise("11.4", "A plan for bad days")
def _a_plan_for_bad_days(answer: Callable[[Any, Any, Any], None]) -> str:
    service = _Service()
    functions = StatefulFunctions()

    def take(context: Any, message: AnyMessage) -> None:
        # A plan may send itself messages of another type, too.
        request = GreetRequest()
        known = message.Unpack(request)
        answer(context, request if known else message, service)

    # Without types, which a lambda has not, the SDK passes every message as it comes.
    functions.register("example/greeter", lambda context, message: take(context, message))
    runtime = SimulatedRuntime(functions, MODULE, topics={"greetings": GreetResponse})

    def go(seconds: float, about: str) -> None:
        try:
            if runtime.run(limit=500) == 500:
                refuse(
                    f"{about}: the function was called 500 times without a pause",
                    "wait before you try again: pack_and_send_after, not pack_and_send.",
                )
            runtime.advance(seconds)
        except JobFailed as failed:
            cause = failed.__cause__
            if not isinstance(cause, ConnectionError) and cause is not None:
                raise cause from None
            _refuse_restart(about)

    def records() -> dict[str, list[Any]]:
        topics = sorted({e.target for e in runtime.trace if e.kind == "egress"}, key=str)
        return {str(topic): list(runtime.uncommitted(str(topic))) for topic in topics}

    def about_whom(name: str) -> list[str]:
        found = records()
        return [
            topic
            for topic, those in found.items()
            for record in those
            if record.key == name or name.encode() in _letter_bytes(record)
        ]

    runtime.send("names", "Ada", GreetRequest(name="Ada"))
    go(1, "the service is up")
    expect(
        "the greetings while the service is up",
        [record.value.greeting for record in runtime.uncommitted("greetings")],
        ["The service says hello to Ada"],
        "when the service answers, send a GreetResponse with its text to the topic greetings.",
    )
    service.down, service.asked = True, 0
    for name in ("Bob", "Cleo"):
        runtime.send("names", name, GreetRequest(name=name))
    for minute in range(1, 11):
        go(60, "the service is down for ten minutes")
        if runtime.counters.restarts or runtime.counters.retries:
            _refuse_restart("the service is down for ten minutes")
        if service.asked > 2 * (60 * minute + 1):
            refuse(
                f"the service was asked {service.asked} times in {minute} min for two requests",
                "be kind to a service that is down: wait a second or more before you ask again.",
            )
    if any(record.value.greeting == "" for record in runtime.uncommitted("greetings")):
        refuse(
            "there is an empty greeting", "a request without an answer must not go to greetings."
        )
    service.down = False
    go(86_400, "the service is up again, for a day")
    for name in ("Bob", "Cleo"):
        found = about_whom(name)
        if not found:
            refuse(
                f"a day later, nothing in any topic says what became of {name}",
                "no request may vanish: try again later with a message to yourself, or send a "
                "dead letter.",
            )
        expect(
            f"the records about {name}",
            len(found),
            1,
            "every request ends in one way: with a greeting or a dead letter, not both and not "
            "twice.",
        )
    where = sorted({topic for name in ("Bob", "Cleo") for topic in about_whom(name)})
    return (
        "No restart, and nothing vanished: in the end the requests were in "
        f"{' and '.join(where)}, after {service.asked} requests to the service."
    )


def _refuse_restart(about: str) -> None:
    refuse(
        f"{about}: the error left your function",
        "the engine tries again and then restarts the job for everybody: catch ConnectionError.",
    )
