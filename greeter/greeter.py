"""The greeter: a stateful function that counts how often it has seen each name, behind HTTP."""

from flask import Flask, Response, make_response, request
from statefun import StatefulFunctions, kafka_egress_record
from statefun.request_reply_pb2 import ToFunction
from werkzeug.exceptions import RequestEntityTooLarge

from greeter.guard import Guard, UnusableRequest
from greeter.limits import LARGEST_BODY
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount

functions = StatefulFunctions()


@functions.bind("example/greeter")
def greet(context, greet_request: GreetRequest) -> None:
    """Count this visit in the state of the addressed name and send the greeting to Kafka."""
    state = context.state("seen_count").unpack(SeenCount)
    if not state:
        state = SeenCount()
    state.seen += 1
    context.state("seen_count").pack(state)

    response = compute_greeting(greet_request.name, state.seen)

    egress_message = kafka_egress_record(topic="greetings", key=greet_request.name, value=response)
    context.pack_and_send_egress("example/greets", egress_message)


def compute_greeting(name: str, seen: int) -> GreetResponse:
    """Make the greeting for the visit number ``seen`` (1 is the first) of ``name``."""
    templates = ["", "Welcome %s", "Nice to see you again %s", "Third time is a charm %s"]
    if seen < len(templates):
        greeting = templates[seen] % name
    else:
        greeting = "Nice to see you at the %d-nth time %s!" % (seen, name)
    return GreetResponse(name=name, greeting=greeting)


handler = Guard(functions)

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY


@app.route("/statefun", methods=["POST"])
def handle() -> Response:
    """Run one batch of invocations for the engine.

    The status tells the engine what to do. After a 5xx it sends the batch again until the
    function's ``timeout``; after a 400, 404 or 413 it fails the job at once, since the same bytes
    could never succeed. A message in the batch that can never be greeted is no failure: the guard
    sends it to the dead-letter topic.
    """
    body = request.get_data(cache=False)
    try:
        response_data = handler(body)
    except UnusableRequest as error:
        return text(f"The request cannot be served: {error}", 400)
    except Exception:
        refusal = explain_refusal(body)
        if refusal is None:
            raise  # A bug in the function: Flask logs the traceback and answers 500.
        return refusal
    response = make_response(response_data)
    response.headers.set("Content-Type", "application/octet-stream")
    return response


@app.errorhandler(RequestEntityTooLarge)
def refuse_oversized(error: RequestEntityTooLarge) -> Response:
    """Say how large a body may be."""
    return text(f"The body is too large: at most {LARGEST_BODY} bytes are allowed", 413)


@app.route("/health")
def health() -> Response:
    """Say that this process serves requests."""
    return text("ok", 200)


def explain_refusal(body: bytes) -> Response | None:
    """Say why ``body`` can never be served, or None if the function itself failed."""
    call = ToFunction()
    try:
        call.ParseFromString(body)
    except Exception as error:  # Each of protobuf's implementations raises its own.
        return text(f"The body is not a StateFun request message: {error}", 400)
    if not call.HasField("invocation"):
        return text("The body is not a StateFun request message: it contains no invocation", 400)
    target = call.invocation.target
    if (target.namespace, target.type) not in functions.functions:
        return text(f"No function is bound to {target.namespace}/{target.type}", 404)
    return None


def text(line: str, status: int) -> Response:
    """Answer one line of plain text."""
    return Response(" ".join(line.split()) + "\n", status=status, mimetype="text/plain")
