"""Wrong answers to the exercises of lesson 07."""

from tests.exercises.wrong_answers import Wrong

FIXED = '''fixed = """
version: "1.0"
module:
  meta:
    type: remote
  spec:
    functions:
      - function:
          meta: {kind: http, type: example/greeter}
          spec:
            endpoint: http://python-worker:8000/statefun
            states: [seen_count]
            maxNumBatchRequests: 500
            timeout: 2min
"""
'''

SECOND = '''second = """
- function:
    meta:
      kind: http
      type: example/loyalty
    spec:
      endpoint: http://python-worker:8000/statefun
      states:
        - points
"""

topics = """
- topic: names
  typeUrl: com.googleapis/example.GreetRequest
  targets:
    - example/greeter
    - example/loyalty
"""
'''

DOORS = '''both_topics = """
- topic: names
  typeUrl: com.googleapis/example.GreetRequest
  targets:
    - example/greeter
- topic: guests
  typeUrl: com.googleapis/example.GreetRequest
  targets: [example/greeter]
"""
'''

OWN = '''
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import StatefulFunctions, kafka_egress_record

my_functions = StatefulFunctions()

@my_functions.bind("shop/orders")
def count_orders(context, item: StringValue):
    count = context.state("count").unpack(Int64Value) or Int64Value()
    count.value += 1
    context.state("count").pack(count)
    context.pack_and_send("shop/report", "all", item)

@my_functions.bind("shop/report")
def report(context, item: StringValue):
    context.pack_and_send_egress("shop/out", kafka_egress_record("reports", item))

my_module = """
version: "1.0"
module:
  meta: {type: remote}
  spec:
    functions:
      - function:
          meta: {kind: http, type: shop/orders}
          spec: {endpoint: "http://shop:8000/statefun", states: [count]}
      - function:
          meta: {kind: http, type: shop/report}
          spec: {endpoint: "http://shop:8000/statefun"}
    ingresses:
      - ingress:
          meta: {type: statefun.kafka.io/routable-protobuf-ingress, id: shop/in}
          spec:
            address: kafka-broker:9092
            topics:
              - topic: orders
                typeUrl: type.googleapis.com/google.protobuf.StringValue
                targets: [shop/orders]
    egresses:
      - egress:
          meta: {type: statefun.kafka.io/generic-egress, id: shop/out}
          spec: {address: "kafka-broker:9092"}
"""

my_message = StringValue(value="tea")
'''


def change(text: str, *changes: str) -> str:
    """The answer with things changed: old, new, old, new, …"""
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    return text


WRONG = [
    Wrong("07.1", "a version as a number", change(FIXED, '"1.0"', "1.0"), "so it needs quotes"),
    Wrong(
        "07.1",
        "another state",
        change(FIXED, "seen_count", "seen"),
        "as in context.state(…) in the code",
    ),
    Wrong(
        "07.1",
        "takes the limit out",
        change(FIXED, "            maxNumBatchRequests: 500\n", ""),
        "do not remove it",
    ),
    Wrong(
        "07.1",
        "leaves the warning",
        change(FIXED, "maxNumBatchRequests", "maxNumBatchRequest"),
        "fix the key's name",
    ),
    Wrong("07.1", "two minutes in words", change(FIXED, "2min", "2m"), "ms, s, min, h or d"),
    Wrong("07.1", "two seconds", change(FIXED, "2min", "30s"), "it should be two minutes"),
    Wrong(
        "07.1",
        "spoils the indentation",
        change(FIXED, "            timeout", "           timeout"),
        "Items on the same level",
    ),
    Wrong(
        "07.1",
        "the scheme is missing",
        change(FIXED, "http://", ""),
        "an endpoint begins with http://",
    ),
    Wrong(
        "07.2",
        "declares it and routes nothing to it",
        change(SECOND, "    - example/loyalty\n", ""),
        "add example/loyalty to the targets",
    ),
    Wrong(
        "07.2",
        "routes to it and forgets the greeter",
        change(SECOND, "    - example/greeter\n", ""),
        "keep example/greeter among them",
    ),
    Wrong(
        "07.2",
        "copies the greeter's state",
        change(SECOND, "- points", "- seen_count"),
        "as in context.state(…) in the code",
    ),
    Wrong(
        "07.2",
        "writes the state as in format 2.0",
        change(SECOND, "- points", "- name: points"),
        "in format 1.0 a state is its name and nothing more",
    ),
    Wrong(
        "07.2",
        "leaves out the dash",
        change(SECOND, "- function:", "function:"),
        "its first line begins with a dash and a space",
    ),
    Wrong(
        "07.2",
        "an endpoint of its own",
        change(SECOND, "python-worker:8000", "loyalty:8000"),
        "one process serves both functions",
    ),
    Wrong(
        "07.2",
        "spells the target another way",
        change(SECOND, "    - example/loyalty", "    - example/loyal"),
        "compare the target with the types",
    ),
    Wrong(
        "07.3",
        "replaces the first door",
        change(
            DOORS,
            "- topic: names\n  typeUrl: com.googleapis/example.GreetRequest\n"
            "  targets:\n    - example/greeter\n",
            "",
        ),
        "the topic names has to be in the list",
    ),
    Wrong("07.3", "as it stood", DOORS[: DOORS.index("- topic: guests")] + '"""', "topic guests"),
    Wrong(
        "07.3",
        "a door that leads nowhere",
        change(DOORS, "  targets: [example/greeter]\n", ""),
        "everyone who comes through guests must be greeted once",
    ),
    Wrong(
        "07.3",
        "a function for each door",
        change(DOORS, "[example/greeter]", "[example/guests]"),
        "compare the target with the types",
    ),
    Wrong(
        "07.3",
        "another message for guests",
        "GuestRequest".join(DOORS.rsplit("GreetRequest", 1)),
        "the full name of the message",
    ),
    Wrong(
        "07.4",
        "nothing is passed on",
        change(OWN, '    context.pack_and_send("shop/report", "all", item)\n', ""),
        "use context.pack_and_send(",
    ),
    Wrong(
        "07.4",
        "nothing is kept",
        change(OWN, '    context.state("count").pack(count)\n', ""),
        "use context.state(name).pack(message)",
    ),
    Wrong(
        "07.4",
        "a message that no topic holds",
        change(OWN, 'StringValue(value="tea")', "Int64Value(value=3)"),
        "end the typeUrl of a topic with",
    ),
    Wrong(
        "07.4",
        "an egress of another name",
        change(OWN, "id: shop/out", "id: shop/exit"),
        "compare the id of the egress",
    ),
    Wrong(
        "07.4",
        "the second function is not declared",
        change(
            OWN,
            "      - function:\n          meta: {kind: http, type: shop/report}\n"
            '          spec: {endpoint: "http://shop:8000/statefun"}\n',
            "",
        ),
        "compare",
    ),
]
