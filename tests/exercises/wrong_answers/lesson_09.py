"""Wrong answers to the exercises of lesson 09."""

from tests.exercises.wrong_answers import Wrong

_PARTY = """
from greeter.greeter import compute_greeting
from greeter.messages_pb2 import GreetRequest, SeenCount
from statefun import kafka_egress_record


def party(context, greet_request: GreetRequest):
    count = context.state("seen_count").unpack(SeenCount) or SeenCount()
    count.seen += 1
    context.state("seen_count").pack(count)
    response = compute_greeting(greet_request.name, count.seen)
    if count.seen % 10 == 0:
        response.greeting = f"Cake for {greet_request.name}, it is visit {count.seen}"
    record = kafka_egress_record(topic="greetings", key=greet_request.name, value=response)
    context.pack_and_send_egress("example/greets", record)
"""


def party(old: str, new: str) -> str:
    """The right answer with one mistake in it."""
    assert old in _PARTY
    return _PARTY.replace(old, new)


def arrive(first: str, second: str) -> str:
    """Ada comes after the first pause, and Grace after the second; both in seconds."""
    advance = "    runtime.advance(seconds={})\n".format
    send = '    runtime.send("names", "{0}", GreetRequest(name="{0}"))\n'.format
    steps = [advance(first) if first else "", send("Ada"), advance(second), send("Grace")]
    return "from greeter.messages_pb2 import GreetRequest\n\n\ndef arrive(runtime):\n" + "".join(
        steps
    )


WRONG = [
    Wrong(
        "09.1",
        "both come together",
        arrive("", "0.01"),
        "lets time pass between the two",
    ),
    Wrong(
        "09.1",
        "the wrong way round",
        arrive("0.22", "0.05"),
        "who comes right after a checkpoint waits longest",
    ),
    Wrong(
        "09.1",
        "takes the checkpoint by hand",
        arrive("0.01", "0.02") + "    runtime.run()\n    runtime.checkpoint()\n",
        "leave that to the engine",
    ),
    Wrong(
        "09.1",
        "forgets one",
        arrive("0.01", "0.22").replace('"Grace"', '"Ada"'),
        "send each of the two once",
    ),
    Wrong(
        "09.2",
        "does not write the state",
        party('    context.state("seen_count").pack(count)\n', ""),
        "the count does not go on",
    ),
    Wrong(
        "09.2",
        "cake on the tenth visit alone",
        party("count.seen % 10 == 0", "count.seen == 10"),
        "not only on the first of them",
    ),
    Wrong(
        "09.2",
        "cake from the tenth visit on",
        party("count.seen % 10 == 0", "count.seen >= 10"),
        "cake is for visits 10, 20, 30 only",
    ),
    Wrong(
        "09.2",
        "another state",
        party('"seen_count"', '"visits"'),
        "its name is seen_count",
    ),
    Wrong(
        "09.3",
        "breaks nothing",
        """
def break_it(stack):
    stack.greet("Ada")
""",
        "ends a process",
    ),
    Wrong(
        "09.3",
        "stops the stack in good order",
        """
def break_it(stack):
    stack.down()
""",
        "Kill one of its processes",
    ),
    Wrong(
        "09.3",
        "pauses forever",
        """
import signal


def break_it(stack):
    stack.send_signal("greeter", signal.SIGSTOP)
""",
        "whoever sends SIGSTOP has to send SIGCONT",
    ),
]
