"""The checks of lesson 06, wiring it together.

It is long: each check has a hint for each wrong answer that is plausible.
"""

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import requests
from flask import Flask
from statefun import RequestReplyHandler, StatefulFunctions, kafka_egress_record
from statefun.kafka_egress_pb2 import KafkaProducerRecord
from statefun.request_reply_pb2 import FromFunction, ToFunction
from werkzeug.test import TestResponse

from greeter.greeter import functions as greeter_functions
from greeter.greeter import greet
from greeter.messages_pb2 import GreetRequest, GreetResponse
from workshop.exercises.checking import exercise, expect, refuse
from workshop.paths import MODULE
from workshop.serving import serve
from workshop.simulation import JobFailed, SimulatedRuntime

OCTETS = "application/octet-stream"


def request_for(*names: str, type: str = "example/greeter") -> bytes:
    """The bytes of a request: one invocation for each name, all at the address of the first."""
    call = ToFunction()
    target = call.invocation.target
    (target.namespace, target.type), target.id = type.split("/"), names[0]
    call.invocation.state.add(state_name="seen_count")
    for name in names:
        call.invocation.invocations.add().argument.Pack(GreetRequest(name=name))
    return bytes(call.SerializeToString())


def records(answer: bytes) -> list[tuple[str, str, str]]:
    """Topic, key and greeting of everything that an answer sends to Kafka."""
    found = []
    for egress in FromFunction.FromString(answer).invocation_result.outgoing_egresses:
        record = KafkaProducerRecord()
        if not egress.argument.Unpack(record):
            refuse(
                f"The egress message is not a Kafka record but {egress.argument.type_url}.",
                "make it with kafka_egress_record(topic=…, key=…, value=…).",
            )
        greeting = GreetResponse.FromString(record.value_bytes).greeting
        found.append((record.topic, record.key, greeting))
    return found


# ------------------------------------------------------------------------------- 06.1


@exercise(
    "06.1",
    "Read the greetings",
    raises={
        IndexError: (
            "an answer may contain no greeting: go through outgoing_egresses with a for loop."
        ),
        AttributeError: "follow the layers: FromFunction.FromString(answer).invocation_result"
        ".outgoing_egresses, then each one's argument.",
        UnicodeDecodeError: "the value of a record is a GreetResponse, not a string: "
        "use GreetResponse.FromString(record.value_bytes).",
    },
)
def read_the_greetings(greetings_in: Callable[[bytes], list[str]]) -> str:
    """Answers with one greeting, three and none."""
    handler = RequestReplyHandler(greeter_functions)
    for names in (["Ada"], ["Grace", "Grace", "Grace"], ["Ωμέγα", "Ωμέγα"]):
        answer = handler(request_for(*names))
        expected = [greeting for _, _, greeting in records(answer)]
        saw: Any = greetings_in(answer)
        about = f"greetings_in(the answer to {len(names)} visit(s) of {names[0]})"
        expect(about, saw, expected, _reading_hint(saw, expected))
    expect(
        "greetings_in(an answer that sends nothing)",
        greetings_in(b""),
        [],
        "no egress, no greeting: return the empty list.",
    )
    return "One greeting, several or none: it reads them all, in their order."


def _reading_hint(saw: object, expected: list[str]) -> str:
    if saw is None:
        return "return the list of greetings; a function without a return gives None."
    if not isinstance(saw, list):
        return "return a list, even when there is only one greeting."
    if len(saw) < len(expected):
        return "an answer contains one egress message for every greeting: go through all of them."
    if saw and not isinstance(saw[0], str):
        return "give back strings: the greeting field of each GreetResponse."
    if not any(saw):
        return (
            "the Any in an egress message holds a KafkaProducerRecord, not a GreetResponse. "
            "Unpack returns False when it cannot."
        )
    if any(text in str(one) for text, one in zip(expected, saw, strict=False)):
        return (
            "that is the greeting with other bytes around it. Unpack the record from the Any "
            "first, then read a GreetResponse out of its value_bytes."
        )
    return "take the greeting field; the name is the key of the record."


# ------------------------------------------------------------------------------- 06.2


@contextlib.contextmanager
def raising(app: Flask) -> Iterator[None]:
    """Let an exception come out of the app as it is, so that it can be explained."""
    before = app.testing
    app.testing = True
    try:
        yield
    finally:
        app.testing = before


def post(app: Flask, body: bytes) -> TestResponse:
    """Post a body to /statefun."""
    with raising(app):
        return app.test_client().post("/statefun", data=body)


def well_served(response: TestResponse, what: str) -> bytes:
    """The body of a good answer; refuses every other."""
    if response.status_code == 404:
        refuse(
            f"{what}: 404, there is nothing at /statefun.", 'put @….route("/statefun", …) above it.'
        )
    if response.status_code == 405:
        refuse(
            f"{what}: 405, /statefun does not accept a POST.",
            'a route accepts only GET, unless it says methods=["POST"].',
        )
    expect(f"{what}: status", response.status_code, 200, "return what the handler returned.")
    expect(
        f"{what}: content type",
        response.content_type,
        OCTETS,
        'set the header, or the engine refuses the answer: response.headers.set("Content-Type", '
        f'"{OCTETS}").',
    )
    return bytes(response.data)


def is_flask(app: object, name: str) -> None:
    """Refuse what is no Flask app."""
    if not isinstance(app, Flask):
        refuse(f"{name} is of the type {type(app).__name__}.", f"make it a Flask app: {name}.")


@exercise(
    "06.2",
    "Two functions, one address",
    raises={
        KeyError: "the handler finds no function of that type. Bind both functions to the same "
        "StatefulFunctions, and give that one to the handler.",
    },
)
def two_functions(app: Flask) -> str:
    """Both types by HTTP, for two names."""
    is_flask(app, "two_functions")
    for name in ("Ada", "Grace"):
        answer = well_served(post(app, request_for(name)), "a request for example/greeter")
        expect(
            f"what example/greeter sends for {name}",
            records(answer),
            [("greetings", name, f"Welcome {name}")],
            "leave the greeter as it is; it is bound already.",
        )
        body = request_for(name, type="example/farewell")
        answer = well_served(post(app, body), "a request for example/farewell")
        saw, expected = records(answer), [("farewells", name, f"Goodbye {name}")]
        hint = "compare the topic, the key and the greeting with the task."
        if not saw:
            hint = 'send the record: context.pack_and_send_egress("example/greets", record).'
        elif saw[0][0] == "greetings":
            hint = "the farewells have their own topic: farewells."
        expect(f"what example/farewell sends for {name}", saw, expected, hint)
        result = FromFunction.FromString(answer).invocation_result
        egress = result.outgoing_egresses[0]
        expect(
            "the egress of example/farewell",
            f"{egress.egress_namespace}/{egress.egress_type}",
            "example/greets",
            "the module declares one egress, example/greets; it writes to any topic.",
        )
        expect(
            "states that example/farewell changes",
            [mutation.state_name for mutation in result.state_mutations],
            [],
            "a farewell keeps nothing: leave the state alone.",
        )
    return "One address serves both functions; the request says which one it is for."


# ------------------------------------------------------------------------------- 06.3


@exercise("06.3", "A guarded door")
def guarded_door(guarded: Callable[[StatefulFunctions, int], Flask]) -> str:
    """Bodies of several sizes around several limits, and the health page."""
    called = []
    counting = StatefulFunctions()

    def greet_and_count(context: Any, greet_request: GreetRequest) -> None:
        called.append(greet_request.name)
        greet(context, greet_request)

    counting.register("example/greeter", greet_and_count)
    for name in ("Ada", "Grace" * 200):
        body = request_for(name)
        for limit in (len(body), len(body) - 1, len(body) * 2, 10):
            app = guarded(counting, limit)
            if app is None:
                refuse("guarded returns None.", "return the app at the end of guarded.")
            is_flask(app, "guarded(functions, limit)")
            called.clear()
            response = post(app, body)
            about = f"{len(body)} bytes with a limit of {limit}"
            if limit < len(body):
                expect(f"{about}: status", response.status_code, 413, _limit_hint(response))
                expect(f"{about}: calls", called, [], "refuse before you call the handler.")
            else:
                if response.status_code == 413:
                    expect(
                        f"{about}: status",
                        413,
                        200,
                        "a body of exactly the limit is still allowed: only more is too large."
                        if limit == len(body)
                        else "compare with the limit that is passed to guarded.",
                    )
                answer = well_served(response, about)
                expect(about, records(answer)[0][2], f"Welcome {name}", "serve these functions.")
    with raising(app):
        health = app.test_client().get("/health")
    expect(
        "GET /health: status",
        health.status_code,
        200,
        'add a page for whoever monitors the process: @app.get("/health").',
    )
    expect("GET /health: text", health.text.strip(), "ok", 'return the text "ok" there.')
    return "What is too large stays outside, and the process says that it is healthy."


def _limit_hint(response: TestResponse) -> str:
    if response.status_code == 200:
        return "compare len(request.data) with limit, and return a string and 413 if it is more."
    return "the status for a body that is too large is 413: return the string and that number."


# ------------------------------------------------------------------------------- 06.4


@exercise("06.4", "Again, or never")
def again_or_never(app_for: Callable[[StatefulFunctions], Flask]) -> str:
    """A function that fails in both ways, called by the simulated engine over HTTP."""
    functions = StatefulFunctions()
    failures: list[Exception] = []

    def moody(context: Any, greet_request: GreetRequest) -> None:
        if failures:
            raise failures.pop(0)
        name = greet_request.name
        response = GreetResponse(name=name, greeting=f"Welcome {name}")
        context.pack_and_send_egress("example/greets", kafka_egress_record("greetings", response))

    functions.register("example/greeter", moody)
    app: Any = app_for(functions)
    if app is None:
        refuse("app_for returns None.", "return the app at the end of app_for.")
    is_flask(app, "app_for(functions)")
    # What Flask logs of the failures that are planted here would only confuse.
    with contextlib.redirect_stderr(io.StringIO()), serve(app, name="exercise 06.4") as server:
        endpoint = f"{server.url}/statefun"

        def engine(*planted: Exception) -> SimulatedRuntime:
            failures[:] = planted
            runtime = SimulatedRuntime(None, MODULE, endpoint=endpoint, max_restarts=1)
            runtime.send("names", "Ada", GreetRequest(name="Ada"))
            return runtime

        well_served(post(app, request_for("Ada")), "a function that does not fail")
        runtime = engine(ConnectionError("the database is away"), ConnectionError("still away"))
        with contextlib.suppress(JobFailed):
            runtime.run()
        greetings = len(runtime.uncommitted("greetings"))
        if runtime.counters.restarts:
            expect(
                "ConnectionError twice: restarts of the job",
                runtime.counters.restarts,
                0,
                "choose a status that means try again, such as 503.",
            )
        expect("ConnectionError twice: greetings in the end", greetings, 1, _SWALLOWED)

        runtime = engine(*[ValueError("nobody is called 1234") for _ in range(20)])
        with contextlib.suppress(JobFailed):
            runtime.run()
        expect(
            "ValueError: attempts that the engine repeats",
            runtime.counters.retries,
            0,
            "a 500 means try again. Choose a status that means never: any 4xx but 408, 409, "
            "420, 429 and 499.",
        )
        if not runtime.counters.restarts:
            refuse("ValueError: the engine took the answer for a success.", _SWALLOWED)
        failures[:] = [ValueError("nobody is called 1234")]
        text = requests.post(endpoint, data=request_for("1234"), timeout=10).text
        if "nobody is called 1234" not in text:
            expect(
                "ValueError: the body of the response",
                text,
                "… nobody is called 1234 …",
                "return the error's message, str(error), with the status.",
            )
    return "What can pass is tried again, and what never can is reported at once, with its reason."


_SWALLOWED = "an error answered with 200 is lost: the engine considers the message done."
