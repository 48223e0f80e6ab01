"""Wrong answers to the exercises of lesson 13."""

from tests.exercises.wrong_answers import Wrong

_KIND = """
from statefun import make_protobuf_type

from greeter.messages_pb2 import GreetRequest, SeenCount

GREET_REQUEST, SEEN_COUNT = make_protobuf_type(GreetRequest), make_protobuf_type(SeenCount)


def kind_of(message):
"""

_VISIT = """
from statefun import IntType, StringType, ValueSpec, kafka_egress_message

specs = [ValueSpec("visits", IntType)]


def send(context, visits):
    record = kafka_egress_message(
        "example/greets", topic="greetings", key=context.address.id, value=f"visit {visits}"
    )
    context.send_egress(record)


"""

_BILL = """
from datetime import timedelta

from statefun import kafka_egress_message, message_builder


def bill(context, message):
    who = context.address.id
    reminder = message_builder("example/greeter", who, str_value="remind")
    record = kafka_egress_message(
        "example/greets", topic="greetings", key=who, value=f"Please pay, {who}"
    )
"""

_TRANSLATE = """
def translate(module):
    spec = module["module"]["spec"]
    documents = []
    for entry in spec["functions"]:
        its = entry["function"]
        endpoint = {
            "functions": its["meta"]["type"],
            "urlPathTemplate": its["spec"]["endpoint"],
            "maxNumBatchRequests": its["spec"]["maxNumBatchRequests"],
        }
        documents.append({"kind": "io.statefun.endpoints.v2/http", "spec": endpoint})
"""

WRONG = [
    Wrong(
        "13.1",
        "tries to read it",
        _KIND
        + """
    try:
        if message.as_type(GREET_REQUEST).name:
            return "request"
        return "count" if message.as_type(SEEN_COUNT).seen else "unknown"
    except Exception:
        return "unknown"
""",
        "ask message.is_type(…) first",
    ),
    Wrong(
        "13.1",
        "wants the bytes to be good",
        _KIND
        + """
    try:
        if message.is_type(GREET_REQUEST):
            return "request" if message.as_type(GREET_REQUEST).name else "unknown"
        return "count" if message.is_type(SEEN_COUNT) else "unknown"
    except Exception:
        return "unknown"
""",
        "does not depend on its bytes",
    ),
    Wrong(
        "13.1",
        "knows two only",
        _KIND + '    return "request" if message.is_type(GREET_REQUEST) else "count"\n',
        "ask message.is_type(…) first",
    ),
    Wrong(
        "13.2",
        "declares nothing",
        _VISIT.replace('ValueSpec("visits", IntType)', "")
        + """
def visit(context, message):
    context.storage.visits = (context.storage.visits or 0) + 1
    send(context, context.storage.visits)
""",
        'specs = [ValueSpec("visits", IntType)]',
    ),
    Wrong(
        "13.2",
        "adds to None",
        _VISIT
        + """
def visit(context, message):
    context.storage.visits = context.storage.visits + 1
    send(context, context.storage.visits)
""",
        "a state that was never written is None",
    ),
    Wrong(
        "13.2",
        "does not write it back",
        _VISIT
        + """
def visit(context, message):
    visits = (context.storage.visits or 0) + 1
    send(context, visits)
""",
        "write the state again after each visit",
    ),
    Wrong(
        "13.2",
        "keeps it in a variable",
        _VISIT
        + """
seen = []


def visit(context, message):
    seen.append(1)
    send(context, len(seen))
""",
        "the state belongs to the address",
    ),
    Wrong(
        "13.2",
        "sets it to None",
        _VISIT
        + """
def visit(context, message):
    if message.as_string() == "forget me":
        context.storage.visits = None
        return
    context.storage.visits = (context.storage.visits or 0) + 1
    send(context, context.storage.visits)
""",
        "None cannot be written",
    ),
    Wrong(
        "13.2",
        "counts the wish to be forgotten",
        _VISIT
        + """
def visit(context, message):
    if message.as_string() == "forget me":
        context.storage.visits = 0
    context.storage.visits = (context.storage.visits or 0) + 1
    send(context, context.storage.visits)
""",
        "nothing is sent",
    ),
    Wrong(
        "13.3",
        "has no token",
        _BILL
        + """
    if message.as_string() == "order":
        context.send_after(timedelta(minutes=10), reminder)
""",
        "only what has a token can be cancelled",
    ),
    Wrong(
        "13.3",
        "has one token for all",
        _BILL
        + """
    if message.as_string() == "order":
        context.send_after(timedelta(minutes=10), reminder, "bill")
    elif message.as_string() == "paid":
        context.cancel_delayed_message("bill")
    else:
        context.send_egress(record)
""",
        "each address needs a token of its own",
    ),
    Wrong(
        "13.3",
        "cancels another one",
        _BILL
        + """
    if message.as_string() == "order":
        context.send_after(timedelta(minutes=10), reminder, f"order of {who}")
    elif message.as_string() == "paid":
        context.cancel_delayed_message(f"payment of {who}")
    else:
        context.send_egress(record)
""",
        "with the token of the order",
    ),
    Wrong(
        "13.3",
        "swaps the arguments",
        _BILL
        + """
    if message.as_string() == "order":
        context.send_after(reminder, timedelta(minutes=10), who)
""",
        "in this order",
    ),
    Wrong(
        "13.3",
        "reminds at once",
        _BILL
        + """
    if message.as_string() == "order":
        context.send(reminder)
""",
        "context.send_after(timedelta(minutes=10), message, token), once",
    ),
    Wrong(
        "13.4",
        "gives the old one back",
        "def translate(module):\n    return [module]\n",
        'each with "kind" and "spec"',
    ),
    Wrong("13.4", "forgets the topics", _TRANSLATE + "    return documents\n", "one document of"),
    Wrong(
        "13.4",
        "keeps the states",
        _TRANSLATE.replace(
            "        documents.append",
            '        endpoint["states"] = its["spec"]["states"]\n        documents.append',
        )
        + "    return documents\n",
        "states are declared in the code",
    ),
    Wrong(
        "13.4",
        "keeps the type URL",
        _TRANSLATE
        + """
    for kind, one in (("ingresses", "ingress"), ("egresses", "egress")):
        for entry in spec[kind]:
            its = {**entry[one]["spec"], "id": entry[one]["meta"]["id"]}
            documents.append({"kind": f"io.statefun.kafka.v1/{one}", "spec": its})
    return documents
""",
        "typeUrl is valueType now",
    ),
    Wrong(
        "13.4",
        "keeps the old time-out",
        _TRANSLATE
        + """
    for kind, one in (("ingresses", "ingress"), ("egresses", "egress")):
        for entry in spec[kind]:
            its = {**entry[one]["spec"], "id": entry[one]["meta"]["id"]}
            for topic in its.get("topics", []):
                name = topic.pop("typeUrl").rpartition("/")[2]
                topic["valueType"] = f"type.googleapis.com/{name}"
            documents.append({"kind": f"io.statefun.kafka.v1/{one}", "spec": its})
    return documents
""",
        "transactionTimeoutMillis is transactionTimeout now",
    ),
]
