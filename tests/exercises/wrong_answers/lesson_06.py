"""Wrong answers to the exercises of lesson 06."""

from tests.exercises.wrong_answers import Wrong

READ = """
from statefun.kafka_egress_pb2 import KafkaProducerRecord
from statefun.request_reply_pb2 import FromFunction
from greeter.messages_pb2 import GreetResponse

def greetings_in(answer):
    result = FromFunction.FromString(answer).invocation_result
"""

TWO = """
from flask import Flask, make_response, request
from statefun import RequestReplyHandler, StatefulFunctions, kafka_egress_record
from greeter.greeter import greet as greeter_function
from greeter.messages_pb2 import GreetRequest, GreetResponse

both = StatefulFunctions()
both.register("example/greeter", greeter_function)

@both.bind("example/farewell")
def farewell(context, greet_request: GreetRequest):
    name = greet_request.name
    response = GreetResponse(name=name, greeting=f"Goodbye {name}")
    record = kafka_egress_record(topic="farewells", key=name, value=response)
    context.pack_and_send_egress("example/greets", record)

handler = RequestReplyHandler(both)
two_functions = Flask("two functions")

@two_functions.route("/statefun", methods=["POST"])
def handle():
    response = make_response(handler(request.data))
    response.headers.set("Content-Type", "application/octet-stream")
    return response
"""

GUARDED = """
from flask import Flask, make_response, request
from statefun import RequestReplyHandler

def guarded(functions, limit):
    handler = RequestReplyHandler(functions)
    app = Flask("guarded")

    @app.post("/statefun")
    def handle():
        if len(request.data) > limit:
            return "too large", 413
        response = make_response(handler(request.data))
        response.headers.set("Content-Type", "application/octet-stream")
        return response

    @app.get("/health")
    def health():
        return "ok"

    return app
"""

AGAIN = """
from flask import Flask, make_response, request
from statefun import RequestReplyHandler

def app_for(functions):
    handler = RequestReplyHandler(functions)
    app = Flask("again or never")

    @app.post("/statefun")
    def handle():
        try:
            response = make_response(handler(request.data))
        except ConnectionError as error:
            return f"{error}", 503
        except ValueError as error:
            return f"{error}", 422
        response.headers.set("Content-Type", "application/octet-stream")
        return response

    return app
"""


def change(text: str, old: str, new: str) -> str:
    """The answer with one thing changed."""
    assert text.count(old) == 1, (old, text.count(old))
    return text.replace(old, new)


WRONG = [
    Wrong(
        "06.1",
        "reads the first greeting only",
        READ
        + """
    record = KafkaProducerRecord()
    for egress in result.outgoing_egresses:
        egress.argument.Unpack(record)
        return [GreetResponse.FromString(record.value_bytes).greeting]
    return []
""",
        "go through all of them",
    ),
    Wrong(
        "06.1",
        "takes the Any for a greeting",
        READ
        + """
    greetings = []
    for egress in result.outgoing_egresses:
        response = GreetResponse()
        egress.argument.Unpack(response)
        greetings.append(response.greeting)
    return greetings
""",
        "holds a KafkaProducerRecord, not a GreetResponse",
    ),
    Wrong(
        "06.1",
        "reads the record's bytes as text",
        READ
        + """
    greetings = []
    for egress in result.outgoing_egresses:
        record = KafkaProducerRecord()
        egress.argument.Unpack(record)
        greetings.append(record.value_bytes.decode())
    return greetings
""",
        "then read a GreetResponse out of its value_bytes",
    ),
    Wrong(
        "06.1",
        "takes the first of nothing",
        READ
        + """
    record = KafkaProducerRecord()
    first, *others = [result.outgoing_egresses[0], *result.outgoing_egresses[1:]]
    greetings = []
    for egress in [first, *others]:
        egress.argument.Unpack(record)
        greetings.append(GreetResponse.FromString(record.value_bytes).greeting)
    return greetings
""",
        "an answer may contain no greeting",
    ),
    Wrong(
        "06.1",
        "gives the names",
        READ
        + """
    record = KafkaProducerRecord()
    greetings = []
    for egress in result.outgoing_egresses:
        egress.argument.Unpack(record)
        greetings.append(record.key)
    return greetings
""",
        "take the greeting field",
    ),
    Wrong(
        "06.2",
        "binds the second function elsewhere",
        change(
            TWO, '@both.bind("example/farewell")', '@StatefulFunctions().bind("example/farewell")'
        ),
        "Bind both functions to the same StatefulFunctions",
    ),
    Wrong(
        "06.2",
        "forgets the content type",
        change(TWO, '    response.headers.set("Content-Type", "application/octet-stream")\n', ""),
        "set the header, or the engine refuses the answer",
    ),
    Wrong(
        "06.2",
        "does not accept a POST",
        change(TWO, ', methods=["POST"]', ""),
        'unless it says methods=["POST"]',
    ),
    Wrong(
        "06.2",
        "sends to the topic of the greetings",
        change(TWO, 'topic="farewells"', 'topic="greetings"'),
        "the farewells have their own topic",
    ),
    Wrong(
        "06.2",
        "serves at another path",
        change(TWO, '"/statefun"', '"/"'),
        "above it",
    ),
    Wrong(
        "06.3",
        "refuses a body of exactly the limit",
        change(GUARDED, "> limit", ">= limit"),
        "a body of exactly the limit is still allowed",
    ),
    Wrong(
        "06.3",
        "has a limit of its own",
        change(GUARDED, "> limit", "> 1_000_000"),
        "compare len(request.data) with limit",
    ),
    Wrong(
        "06.3",
        "refuses with another status",
        change(GUARDED, "413", "400"),
        "the status for a body that is too large is 413",
    ),
    Wrong(
        "06.3",
        "calls the function first",
        change(GUARDED, "        if len(", "        handler(request.data)\n        if len("),
        "refuse before you call the handler",
    ),
    Wrong(
        "06.3",
        "has no health page",
        change(GUARDED, '@app.get("/health")', '@app.get("/healthy")'),
        '@app.get("/health")',
    ),
    Wrong(
        "06.4",
        "leaves every error to Flask",
        change(
            AGAIN, '        except ValueError as error:\n            return f"{error}", 422\n', ""
        ),
        "Choose a status that means never",
    ),
    Wrong(
        "06.4",
        "gives up on everything",
        change(AGAIN, "503", "400"),
        "choose a status that means try again",
    ),
    Wrong(
        "06.4",
        "answers an error with 200",
        change(
            AGAIN,
            'return f"{error}", 503',
            'return "", 200, {"Content-Type": "application/octet-stream"}',
        ),
        "an error answered with 200 is lost",
    ),
    Wrong(
        "06.4",
        "does not say why",
        change(AGAIN, 'return f"{error}", 422', 'return "bad message", 422'),
        "return the error's message",
    ),
]
