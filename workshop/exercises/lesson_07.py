"""The checks of lesson 07, configuring the runtime.

It is long: each check has a hint for each wrong answer that is plausible.
"""

import re
import textwrap
from typing import Any

from google.protobuf.message import Message
from statefun import StatefulFunctions

from greeter.greeter import functions as greeter_functions
from greeter.greeter import greet
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.exercises.checking import exercise, expect, refuse
from workshop.paths import MODULE
from workshop.simulation import (
    JobFailed,
    ModuleError,
    SimulatedRuntime,
    SimulationError,
    check_module,
)

INGRESSES = "    ingresses:\n"
TOPICS = re.compile(r"^            topics:\n.*?(?=^    egresses:)", re.DOTALL | re.MULTILINE)

# Words of a finding, and what to do about it; the first that fits counts.
HINTS = {
    "put it in quotes": "a version is a string, so it needs quotes.",
    "neither 1.0 nor 2.0": 'there are two formats, "1.0" and "2.0".',
    "no function is bound": "compare the type with @functions.bind, letter by letter.",
    "a function is bound to": "compare the type with @functions.bind, letter by letter.",
    "no http or https scheme": "an endpoint begins with http://",
    "format 1.0 takes names": "in format 1.0 a state is its name and nothing more.",
    "format 2.0 takes": "in format 2.0 a state is an entry of its own: - name: …",
    "undeclared state": "the states are named as in context.state(…) in the code.",
    "unknown key": "the engine knows no such key, so it takes the default; fix the key's name.",
    "is no duration": "a whole number and a unit: ms, s, min, h or d.",
    "not a declared function": "compare the target with the types of the declared functions.",
    "typeUrl": "a typeUrl ends in the full name of the message: "
    "com.googleapis/example.GreetRequest.",
    "is not a list": "begin every element of a list with a dash and a space.",
    "declared twice": "leave out the greeter's entry: the rest of its module is already there.",
    "listed twice": "name every topic once.",
    "no declared egress": "compare the id of the egress with the one that the code sends to.",
    "declares no egress": "compare the id of the egress with the one that the code sends to.",
    "no declared function": "declare the function that the code sends to.",
    "endpoint is missing": "every function needs an endpoint in its spec.",
    "is missing": "the path in the finding leads to the missing key; check the indentation.",
}
AGAIN = "compare with the module at the top of the lesson."


def urgency(finding: str) -> int:
    """Which finding comes first: its place in HINTS."""
    return next((place for place, words in enumerate(HINTS) if words in finding), len(HINTS))


def hint_for(finding: str, otherwise: str = AGAIN) -> str:
    """What to do about a finding."""
    return [*HINTS.values(), otherwise][urgency(finding)]


def faultless(functions: StatefulFunctions, module: str, warnings: bool = True) -> None:
    """Refuse a module with one of its findings."""
    try:
        findings = check_module(functions, module)
    except ModuleError as error:
        refuse(
            str(error),
            "the indentation is wrong, or a colon, dash or quote is missing. Items on the same "
            "level are indented by the same number of spaces.",
        )
    wrong = [finding for finding in findings if finding.error or warnings]
    if wrong:
        # One mistake often has several findings.
        first = min(wrong, key=lambda finding: urgency(finding.message))
        # The line as it stands says more than its number in a text that was put together.
        line = module.splitlines()[first.line - 1].strip() if first.line else ""
        refuse(f"{first}" + (f"\n  {line}" if line else ""), hint_for(first.message))


def is_text(answer: object, name: str) -> str:
    """Refuse what is no text."""
    if not isinstance(answer, str):
        refuse(
            f"{name} is of the type {type(answer).__name__}.",
            'write YAML as a string, between """ and """.',
        )
    return answer


def is_list(answer: object, name: str) -> str:
    """Refuse a text that is no YAML list; return it without outer indentation."""
    text = textwrap.dedent(is_text(answer, name)).strip("\n") + "\n"
    if not text.startswith("- "):
        first = text.splitlines()[0] if text.strip() else "nothing"
        refuse(
            f"{name} begins with: {first}",
            "it is an element of a list, so its first line begins with a dash and a space.",
        )
    return text


def put_together(functions: str = "", topics: str = "") -> str:
    """The greeter's module with more functions, and with other topics."""
    text = MODULE.read_text(encoding="utf-8")
    text = text.replace(INGRESSES, textwrap.indent(functions, " " * 6) + INGRESSES)
    if topics:
        entry = "            topics:\n" + textwrap.indent(topics, " " * 14)
        text = TOPICS.sub(lambda _: entry, text)
    return text


def send(runtime: SimulatedRuntime, topic: str, name: str) -> None:
    """Send a name to a topic and let it be greeted."""
    try:
        runtime.send(topic, name, GreetRequest(name=name))
    except SimulationError as error:
        refuse(str(error), f"the topic {topic} has to be in the list, under the key topic.")
    runtime.run()


def greetings(runtime: SimulatedRuntime) -> list[str]:
    """All greetings so far."""
    return [
        response.greeting for response in runtime.uncommitted("greetings", GreetResponse).values
    ]


# ------------------------------------------------------------------------------- 07.1


@exercise("07.1", "Fix a module")
def fix_a_module(fixed: str) -> str:
    """With the rest of the greeter's module, read, and run."""
    head = is_text(fixed, "fixed").rstrip() + "\n"
    rest = MODULE.read_text(encoding="utf-8").partition(INGRESSES)
    module = head + rest[1] + rest[2]
    faultless(greeter_functions, module)
    runtime = SimulatedRuntime(greeter_functions, module)
    greeter = runtime.module.functions["example/greeter"]
    expect(
        "how many messages may wait for one name",
        greeter.max_batch,
        500,
        "keep the limit: fix the name of the key, maxNumBatchRequests, but do not remove it.",
    )
    expect(
        "timeout, in seconds",
        greeter.timeout_ms / 1000,
        120.0,
        "it should be two minutes: 2min.",
    )
    expect(
        "endpoint",
        greeter.endpoint,
        "http://python-worker:8000/statefun",
        "only http:// was missing.",
    )
    for name in ("Ada", "Grace", "Ada"):
        send(runtime, "names", name)
    expect(
        "greetings for Ada, Grace and Ada",
        greetings(runtime),
        ["Welcome Ada", "Welcome Grace", "Nice to see you again Ada"],
        AGAIN,
    )
    return "No findings, and it greeted three names."


# ------------------------------------------------------------------------------- 07.2

two_functions = StatefulFunctions()
two_functions.register("example/greeter", greet)


def loyalty(context: Any, greet_request: GreetRequest) -> None:
    """Give ten points for every visit."""
    points = context.state("points").unpack(SeenCount) or SeenCount()
    points.seen += 10
    context.state("points").pack(points)


two_functions.register("example/loyalty", loyalty)


@exercise("07.2", "A second function")
def a_second_function(second: str, topics: str) -> str:
    """Run with both functions; every name must reach both."""
    module = put_together(is_list(second, "second"), is_list(topics, "topics"))
    faultless(two_functions, module)
    runtime = SimulatedRuntime(two_functions, module)
    expect(
        "endpoint of example/loyalty",
        runtime.module.functions["example/loyalty"].endpoint,
        runtime.module.functions["example/greeter"].endpoint,
        "one process serves both functions: give both the same endpoint.",
    )
    for name in ("Ada", "Grace", "Ada"):
        send(runtime, "names", name)
    expect(
        "greetings for Ada, Grace and Ada",
        greetings(runtime),
        ["Welcome Ada", "Welcome Grace", "Nice to see you again Ada"],
        "names go to every target: keep example/greeter among them.",
    )
    for name, points in (("Ada", 20), ("Grace", 10)):
        expect(
            f"points of {name}",
            runtime.state("example/loyalty", name, "points"),
            SeenCount(seen=points),
            "the function is declared, but nothing reaches it: add example/loyalty to the targets "
            "of the topic names.",
        )
    return "Every name reaches both functions, and each keeps its own state."


# ------------------------------------------------------------------------------- 07.3


@exercise("07.3", "Two doors")
def two_doors(both_topics: str) -> str:
    """Names through both topics, in both orders."""
    module = put_together(topics=is_list(both_topics, "both_topics"))
    faultless(greeter_functions, module)
    for first, then in (("names", "guests"), ("guests", "names")):
        runtime = SimulatedRuntime(greeter_functions, module)
        for number, topic in enumerate((first, then), 1):
            send(runtime, topic, "Ada")
            expect(
                f"greetings after visit {number}, which came through {topic}",
                len(greetings(runtime)),
                number,
                f"everyone who comes through {topic} must be greeted once: give it the target "
                "example/greeter.",
            )
        expect(
            f"greetings for Ada through {first}, then through {then}",
            greetings(runtime),
            ["Welcome Ada", "Nice to see you again Ada"],
            "both doors lead to the same function: give each the target example/greeter.",
        )
    return "Both doors lead to the same count."


# ------------------------------------------------------------------------------- 07.4


@exercise("07.4", "A pipeline of your own")
def own_pipeline(functions: StatefulFunctions, module: str, message: Message) -> str:
    """Any pipeline in which a message passes on, state is kept and something comes out."""
    if not isinstance(functions, StatefulFunctions) or not functions.functions:
        refuse(
            "No function is bound to my_functions.",
            'bind them: @my_functions.bind("shop/orders") above each def.',
        )
    module = is_text(module, "my_module")
    if not isinstance(message, Message):
        refuse(
            f"my_message is of the type {type(message).__name__}.",
            'make it a protobuf message, such as StringValue(value="tea").',
        )
    faultless(functions, module, warnings=False)
    runtime = SimulatedRuntime(functions, module, max_restarts=0)
    name = message.DESCRIPTOR.full_name
    fitting = [
        route.topic
        for ingress in runtime.module.ingresses
        for route in ingress.routes
        if route.type_url.endswith(f"/{name}")
    ]
    if not fitting:
        refuse(
            f"No topic of the module holds messages of the type {name}.",
            f"end the typeUrl of a topic with /{name}, or choose another my_message.",
        )
    try:
        for key in ("one", "two", "one"):
            runtime.send(fitting[0], key, message)
            runtime.run(limit=100)
        runtime.advance(seconds=60)
    except JobFailed as failed:
        cause = f"{failed.__cause__ or failed}"
        otherwise = (
            "try the function on its own, with FakeContext; check_module may find more, too."
        )
        refuse(f"The job failed: {cause}", hint_for(cause, otherwise))
    seen = {event.kind for event in runtime.trace}
    for kind, what, hint in (
        ("send", "no function sent to another", "use context.pack_and_send(type, id, message)."),
        ("state", "no state was written", "use context.state(name).pack(message)."),
        (
            "egress",
            "nothing left through an egress",
            "use context.pack_and_send_egress(id, kafka_egress_record(…)).",
        ),
    ):
        # A delayed message passes on, too.
        if kind not in seen and not (kind == "send" and "timer" in seen):
            refuse(f"Three messages went in, and {what}.", hint)
    types = {address.typename for address in runtime.addresses}
    if len(types) < 2:
        refuse(
            f"Only {', '.join(types)} was called.",
            "let a message pass from one function to another one, with a different type.",
        )
    return f"{len(types)} functions at {len(runtime.addresses)} addresses: a pipeline that runs."
