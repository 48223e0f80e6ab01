"""Wrong answers to the exercises of lesson 05, Inside the runtime."""

from tests.exercises.wrong_answers import Wrong

MAILING = """
from statefun import StatefulFunctions, kafka_egress_record

from greeter.greeter import greet
from greeter.messages_pb2 import GreetRequest, GreetResponse

mails = []
mailing = StatefulFunctions()


@mailing.bind("example/greeter")
def greet_and_mail(context, greet_request: GreetRequest):
    greet(context, greet_request)
    name = greet_request.name
    mail = GreetResponse(name=name, greeting=f"{name} was here")
"""

POSTING = """
import itertools
import time
import uuid

from statefun import StatefulFunctions

from greeter.greeter import greet
from greeter.messages_pb2 import GreetRequest, SeenCount

sent = {}
counter = itertools.count()
posting = StatefulFunctions()


@posting.bind("example/greeter")
def greet_and_post(context, greet_request: GreetRequest):
"""

SCHEDULE = """
from greeter.messages_pb2 import GreetRequest


def schedule(runtime):
    runtime.send("names", "Ada", GreetRequest(name="Ada"))
"""


def largest(*, kind="batch", which="event.target.id == name", size, result="max(sizes, default=0)"):
    return f"""
def largest_batch(trace, name):
    sizes = []
    for event in trace:
        if event.kind == {kind!r} and {which}:
            sizes.append({size})
    return {result}
"""


WORD = 'event.note.split()[2].rstrip(",")'

WRONG = [
    Wrong(
        "05.1",
        "takes the batches of all names",
        largest(which="True", size=f"int({WORD})"),
        "Look at event.target.id",
    ),
    Wrong("05.1", "returns a text", largest(size=WORD), "turn the size into a number"),
    Wrong(
        "05.1",
        "compares strings",
        largest(size=WORD, result="int(max(sizes, default='0'))"),
        "compare numbers, not strings",
    ),
    Wrong("05.1", "reads one digit", largest(size="int(event.note[9])"), "more than one digit"),
    Wrong(
        "05.1",
        "reads the last word",
        largest(size="int(event.note.split()[-1])"),
        "there can be more text after the size",
    ),
    Wrong(
        "05.1",
        "leaves the comma on",
        largest(size="int(event.note.split()[2])"),
        "strip the comma",
    ),
    Wrong(
        "05.1",
        "forgets who never came",
        largest(size=f"int({WORD})", result="max(sizes)"),
        "max(sizes, default=0)",
    ),
    Wrong(
        "05.1", "takes the last batch", largest(size=f"int({WORD})", result="sizes[-1]"), "compare"
    ),
    Wrong(
        "05.1",
        "does not look at the kind",
        "def largest_batch(trace, name):\n"
        "    return max(int(e.note.split()[2]) for e in trace if e.target.id == name)",
        "look at event.kind before anything else",
    ),
    Wrong(
        "05.2",
        "keeps book in the list",
        MAILING + "    if mail.greeting not in mails:\n        mails.append(mail.greeting)\n",
        "the engine knows nothing about it",
    ),
    Wrong(
        "05.2",
        "mails both ways",
        MAILING + "    mails.append(mail.greeting)\n"
        '    record = kafka_egress_record(topic="mails", key=name, value=mail)\n'
        '    context.pack_and_send_egress("example/greets", record)\n',
        "remove the append",
    ),
    Wrong("05.2", "mails nobody", MAILING, "send a record to the egress"),
    Wrong(
        "05.2",
        "mails into the topic of the greetings",
        MAILING + '    record = kafka_egress_record(topic="greetings", key=name, value=mail)\n'
        '    context.pack_and_send_egress("example/greets", record)\n',
        "topic='mails'",
    ),
    Wrong(
        "05.2",
        "forgets the key",
        MAILING + '    record = kafka_egress_record(topic="mails", value=mail)\n'
        '    context.pack_and_send_egress("example/greets", record)\n',
        "the key is the name",
    ),
    Wrong(
        "05.2",
        "invents an egress",
        MAILING + '    record = kafka_egress_record(topic="mails", key=name, value=mail)\n'
        '    context.pack_and_send_egress("example/mails", record)\n',
        "one egress (example/greets)",
    ),
    Wrong(
        "05.3",
        "takes the time",
        POSTING + "    greet(context, greet_request)\n"
        "    sent[time.perf_counter_ns()] = greet_request.name\n",
        "Build the id from what the engine restores",
    ),
    Wrong(
        "05.3",
        "counts in Python",
        POSTING + "    greet(context, greet_request)\n"
        "    sent[next(counter)] = greet_request.name\n",
        "from a counter in Python is different in the replay",
    ),
    Wrong(
        "05.3",
        "takes the name alone",
        POSTING + "    greet(context, greet_request)\n"
        "    sent[greet_request.name] = greet_request.name\n",
        "the second visit needs its own id",
    ),
    Wrong(
        "05.3",
        "takes the count alone",
        POSTING + "    greet(context, greet_request)\n"
        '    seen = context.state("seen_count").unpack(SeenCount).seen\n'
        "    sent[seen] = greet_request.name\n",
        "Make the name part of the id",
    ),
    Wrong(
        "05.3",
        "reads the count too early",
        POSTING + '    seen = context.state("seen_count").unpack(SeenCount).seen\n'
        "    sent[greet_request.name, seen] = greet_request.name\n"
        "    greet(context, greet_request)\n",
        "Read it after greet",
    ),
    Wrong(
        "05.4",
        "lets nothing fail",
        SCHEDULE + "    runtime.run()\n    runtime.checkpoint()\n",
        "as long as nothing fails",
    ),
    Wrong(
        "05.4",
        "crashes after the checkpoint",
        SCHEDULE + "    runtime.run()\n    runtime.checkpoint()\n    runtime.crash()\n"
        "    runtime.run()\n    runtime.checkpoint()\n",
        "crash after run() and before checkpoint()",
    ),
    Wrong(
        "05.4",
        "commits nothing",
        SCHEDULE + "    runtime.run()\n    runtime.crash()\n    runtime.run()\n",
        "run() and then checkpoint()",
    ),
    Wrong(
        "05.4",
        "does not let the repeated call be committed",
        SCHEDULE
        + "    runtime.run()\n    runtime.checkpoint()\n"
        + SCHEDULE.partition("runtime):\n")[2]
        + "    runtime.run()\n    runtime.crash()\n    runtime.run()\n",
        "what was repeated must be committed",
    ),
    Wrong(
        "05.4",
        "sends one name with several keys",
        SCHEDULE + '    runtime.send("names", "x", GreetRequest(name="Ada"))\n'
        "    runtime.run()\n    runtime.checkpoint()\n",
        "send each name with itself as the key",
    ),
]
