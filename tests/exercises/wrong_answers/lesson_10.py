"""Wrong answers to the exercises of lesson 10."""

from tests.exercises.wrong_answers import Wrong

HEAD = """
from datetime import timedelta

from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from statefun import StatefulFunctions, kafka_egress_record
from workshop.visits import send_greeting

functions = StatefulFunctions()
NOTE = timedelta(seconds=60)
ME = "example/greeter"

def bye(context, name):
    value = GreetResponse(name=name, greeting="So long " + name)
    record = kafka_egress_record("greetings", value, name)
    context.pack_and_send_egress("example/greets", record)
"""

AS_BOTH = """
leavers = polite = functions
"""

BY_COUNT = """
@functions.bind("example/greeter")
def greet(context, message: GreetRequest | SeenCount | Empty):
    count = context.state("seen_count").unpack(SeenCount) or SeenCount()
    if isinstance(message, Empty):
        del context["seen_count"]
    elif isinstance(message, SeenCount):
        if CONDITION:
            del context["seen_count"]
            LAST
        OLD
    else:
        count.seen += 1
        context.state("seen_count").pack(count)
        context.pack_and_send_after(DELAY, ME, WHO, count)
        send_greeting(context, message.name, count.seen)
"""


def by_count(
    condition="count.seen == message.seen",
    last="pass",
    old="pass",
    delay="NOTE",
    who="message.name",
):
    """The lesson's note, which carries the count, with one thing changed."""
    made = BY_COUNT.replace("CONDITION", condition).replace("LAST", last).replace("OLD", old)
    return HEAD + made.replace("DELAY", delay).replace("WHO", who) + AS_BOTH


STATES = 'states = """\n- name: seen_count\n  {}\n"""\n'
EDGE = "def visit_number(seen, last, now):\n    {}\n    return seen + 1\n"

WRONG = [
    Wrong(
        "10.1",
        "the default mode",
        STATES.format("expireAfter: 90s"),
        "only writing renews the state",
    ),
    Wrong(
        "10.1",
        "the default mode, written out",
        STATES.format("expireAfter: 90s\n  expireMode: after-invoke"),
        "only writing renews the state",
    ),
    Wrong(
        "10.1",
        "milliseconds, since the unit is missing",
        STATES.format('expireAfter: "90"\n  expireMode: after-write'),
        "it forgets too early",
    ),
    Wrong(
        "10.1",
        "two minutes",
        STATES.format("expireAfter: 2min\n  expireMode: after-write"),
        "how long a state is kept",
    ),
    Wrong(
        "10.1",
        "an unknown key",
        STATES.format("expire_after: 90s\n  expireMode: after-write"),
        "the keys are name, expireAfter",
    ),
    Wrong("10.1", "format 1.0", 'states = """\n- seen_count\n"""\n', "write a list with one state"),
    Wrong(
        "10.1",
        "no YAML",
        'states = """\n- name: seen_count\n expireAfter: [\n"""\n',
        "write a list with one state",
    ),
    Wrong(
        "10.2",
        "60 s are too long",
        EDGE.format("if last is None or now - last >= 60_000: return 1"),
        "exactly 60 s, which is not more",
    ),
    Wrong(
        "10.2",
        "seconds",
        EDGE.format("if last is None or now - last > 60: return 1"),
        "The numbers are milliseconds",
    ),
    Wrong(
        "10.2",
        "a time of 0 is nothing",
        EDGE.format("if not last or now - last > 60_000: return 1"),
        "Write `is None`",
    ),
    Wrong(
        "10.2",
        "the distance of two times",
        EDGE.format("if last is None or abs(now - last) > 60_000: return 1"),
        "the clock was set back",
    ),
    Wrong(
        "10.2",
        "forgets to ask for None",
        EDGE.format("if now - last > 60_000: return 1"),
        "check that first",
    ),
    Wrong(
        "10.2",
        "begins at 0",
        EDGE.format("if last is None: return 1\n    if now - last > 60_000: return 0"),
        "is a stranger: return 1",
    ),
    Wrong("10.3", "any note forgets", by_count("True"), "an active user was forgotten"),
    Wrong("10.3", "the count as the mark of a visit", by_count(), "the count is 1 in both cases"),
    Wrong("10.3", "no note forgets", by_count("False"), "the count was still there"),
    Wrong("10.3", "seconds as minutes", by_count(delay="NOTE * 60"), "the count was still there"),
    Wrong(
        "10.3",
        "notes without end",
        by_count(
            "True",
            old="context.pack_and_send_after(NOTE, ME, context.address.identity, message)",
        ).replace("if True:", "if count.seen == message.seen:"),
        "the notes never stop",
    ),
    Wrong(
        "10.3", "the note goes to somebody else", by_count(who='"Ada"'), "has to go to the visitor"
    ),
    Wrong(
        "10.3",
        "an undeclared state",
        by_count().replace('context["seen_count"]', 'context["visit"]'),
        "the states are seen_count and ticket",
    ),
    Wrong(
        "10.3",
        "a note that the annotation does not list",
        by_count().replace("GreetRequest | SeenCount | Empty", "GreetRequest | Empty"),
        "has to list the type of the note",
    ),
    Wrong(
        "10.3",
        "an annotation without Empty",
        by_count().replace("GreetRequest | SeenCount | Empty", "GreetRequest | SeenCount"),
        "what asks to be forgotten",
    ),
    Wrong(
        "10.3",
        "a message at once in place of a note",
        by_count(old="context.pack_and_send(ME, context.address.identity, message)")
        .replace("context.pack_and_send_after(DELAY, ", "context.pack_and_send(")
        .replace("context.pack_and_send_after(NOTE, ", "context.pack_and_send("),
        "a note has to arrive later",
    ),
    Wrong(
        "10.3",
        "the name of a note",
        by_count("count.seen == message.seen and message.name"),
        "take the name from context.address.identity",
    ),
    Wrong(
        "10.3",
        "ignores the request to forget",
        by_count().replace(
            'if isinstance(message, Empty):\n        del context["seen_count"]',
            "if isinstance(message, Empty):\n        pass",
        ),
        "delete the state when the message is an Empty",
    ),
    Wrong(
        "10.4",
        "no greeting",
        by_count(last="bye(context, context.address.identity)").replace("send_greeting(c", "(c"),
        "there is no greeting yet",
    ),
    Wrong("10.4", "forgets in silence", by_count(), "send one more record to greetings"),
    Wrong(
        "10.4",
        "a goodbye for every note",
        by_count(old="bye(context, context.address.identity)"),
        "went to somebody who keeps coming",
    ),
    Wrong(
        "10.4",
        "a goodbye to whoever still comes",
        by_count("True", last="bye(context, context.address.identity)"),
        "went to somebody who keeps coming",
    ),
    Wrong(
        "10.4",
        "says it and remembers all the same",
        by_count(last="bye(context, context.address.identity)").replace(
            'if count.seen == message.seen:\n            del context["seen_count"]',
            "if count.seen == message.seen:",
        ),
        "the count was still there",
    ),
    Wrong(
        "10.4",
        "says it twice",
        by_count(last="[bye(context, context.address.identity) for _ in range(2)]"),
        "say goodbye once",
    ),
    Wrong(
        "10.4",
        "goodbye to the wrong one",
        by_count(last='bye(context, "you")'),
        "the key of the record is the visitor's name",
    ),
]
