"""The greeter on 3.x: the same events, counts and greetings as in ``greeter/``."""

from statefun import RequestReplyHandler, StatefulFunctions, ValueSpec, kafka_egress_message

from greeter.messages_pb2 import GreetResponse, SeenCount
from greeter3.guard import guarded
from greeter3.types import GREET_REQUEST, GREET_RESPONSE, SEEN_COUNT
from greeter3.web import Endpoint

functions = StatefulFunctions()


@functions.bind("example/greeter", specs=[ValueSpec("seen_count", SEEN_COUNT)])
@guarded
async def greet(context, message) -> None:
    """Count this visit in the state of the addressed name and send the greeting to Kafka."""
    request = message.as_type(GREET_REQUEST)
    state = context.storage.seen_count or SeenCount()
    state.seen += 1
    context.storage.seen_count = state

    egress_message = kafka_egress_message(
        typename="example/greets",
        topic="greetings",
        key=request.name,
        value=compute_greeting(request.name, state.seen),
        value_type=GREET_RESPONSE,
    )
    context.send_egress(egress_message)


def compute_greeting(name: str, seen: int) -> GreetResponse:
    """Make the greeting for the visit number ``seen`` (1 is the first) of ``name``."""
    templates = ["", "Welcome %s", "Nice to see you again %s", "Third time is a charm %s"]
    if seen < len(templates):
        greeting = templates[seen] % name
    else:
        greeting = "Nice to see you at the %d-nth time %s!" % (seen, name)
    return GreetResponse(name=name, greeting=greeting)


app = Endpoint(RequestReplyHandler(functions))
