"""Wrong answers to the exercises of lesson 03."""

from tests.exercises.wrong_answers import Wrong

HEAD = """
from statefun import kafka_egress_record
from greeter.messages_pb2 import GreetRequest, GreetResponse
"""

AUDIT = (
    HEAD
    + """
def greet_and_audit(context, greet_request: GreetRequest):
    name = greet_request.name
    response = GreetResponse(name=name, greeting="Hello " + name)
    record = kafka_egress_record(topic="greetings", key=name, value=response)
    context.pack_and_send_egress("example/greets", record)
"""
)

FAMILY = (
    HEAD
    + """
def greet_family(context, greet_request: GreetRequest):
    name = greet_request.name
    response = GreetResponse(name=name, greeting="Hello " + name)
    record = kafka_egress_record(topic="greetings", key=KEY, value=response)
    context.pack_and_send_egress("example/greets", record)
"""
)

TOPIC = (
    HEAD
    + """
import random

def greet_somewhere(context, greet_request: GreetRequest):
    name = greet_request.name
    response = GreetResponse(name=name, greeting="Hello " + name)
    record = kafka_egress_record(topic=WHERE, key=name, value=response)
    context.pack_and_send_egress("example/greets", record)
"""
)

WRONG = [
    Wrong("03.1", "forgets the second record", AUDIT, "send two records"),
    Wrong(
        "03.1",
        "invents an egress for the audit",
        AUDIT
        + """
    audit = kafka_egress_record(topic="audit", key=name, value=greet_request)
    context.pack_and_send_egress("example/audit", audit)
""",
        "the record chooses the topic",
    ),
    Wrong(
        "03.1",
        "audits the response",
        AUDIT
        + """
    audit = kafka_egress_record(topic="audit", key=name, value=response)
    context.pack_and_send_egress("example/greets", audit)
""",
        "the audit keeps the request itself",
    ),
    Wrong(
        "03.1",
        "audits without a key",
        AUDIT
        + """
    audit = kafka_egress_record(topic="audit", value=greet_request)
    context.pack_and_send_egress("example/greets", audit)
""",
        "give this record a key too",
    ),
    Wrong(
        "03.1",
        "returns the answer",
        HEAD
        + """
def greet_and_audit(context, greet_request: GreetRequest):
    return GreetResponse(name=greet_request.name, greeting="Hello " + greet_request.name)
""",
        "send it with context.pack_and_send_egress",
    ),
    Wrong(
        "03.1",
        "does not make a record",
        HEAD
        + """
def greet_and_audit(context, greet_request: GreetRequest):
    context.pack_and_send_egress("example/greets", GreetResponse(name="Ada", greeting="Hello Ada"))
""",
        "make a record first",
    ),
    Wrong(
        "03.1",
        "does not pack",
        HEAD
        + """
def greet_and_audit(context, greet_request: GreetRequest):
    record = kafka_egress_record(topic="audit", key=greet_request.name, value=greet_request)
    context.send_egress("example/greets", record)
""",
        "the egress takes packed messages",
    ),
    Wrong(
        "03.1",
        "forgets the type of the message",
        AUDIT.replace(": GreetRequest", "")
        + """
    audit = kafka_egress_record(topic="audit", key=name, value=greet_request)
    context.pack_and_send_egress("example/greets", audit)
""",
        "give the type of the second argument",
    ),
    Wrong(
        "03.2", "the full name is the key", FAMILY.replace("KEY", "name"), "for the whole family"
    ),
    Wrong(
        "03.2",
        "the first name is the key",
        FAMILY.replace("KEY", "name.split()[0]"),
        "the last word of the name",
    ),
    Wrong(
        "03.2",
        "one key for everybody",
        FAMILY.replace("KEY", '"family"'),
        "different families need different keys",
    ),
    Wrong("03.2", "no key at all", FAMILY.replace(" key=KEY,", ""), "give every record a key"),
    Wrong(
        "03.2",
        "takes the second word",
        FAMILY.replace("KEY", "name.split()[1]"),
        "take the last word",
    ),
    Wrong(
        "03.2",
        "greets the family only",
        FAMILY.replace('"Hello " + name)', '"Hello " + name.split()[-1])').replace(
            "KEY", "name.split()[-1]"
        ),
        "greet with Hello and the full name",
    ),
    Wrong("03.2", "the key is a list", FAMILY.replace("KEY", "name.split()"), "a key is a string"),
    Wrong("03.3", "draws lots", TOPIC.replace("WHERE", 'random.choice(["a", "b"])'), "name alone"),
    Wrong("03.3", "one topic", TOPIC.replace("WHERE", '"greetings"'), "at least two topics"),
    Wrong(
        "03.3",
        "takes the first letter as it is",
        TOPIC.replace("WHERE", 'f"greetings-{name[0]}"'),
        "Kafka does not accept that topic name",
    ),
    Wrong(
        "03.3",
        "sends to both",
        TOPIC.replace("WHERE", '"a"')
        + '    context.pack_and_send_egress("example/greets", record)',
        "exactly one record",
    ),
]
