"""Visitors knock at houses; a house opens, waits and forgets; a fragile function breaks once.

What comes out is made to depend on nothing but the order of each key's own records, so that the
engine and the simulation must agree on it, however they interleave keys.
"""

from datetime import timedelta

from flask import Flask, request
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import RequestReplyHandler, StatefulFunctions, kafka_egress_record

functions = StatefulFunctions()
broken: set[str] = set()  # the ids at which `fragile` has raised, in this process

MOMENT = timedelta(seconds=0.2)
# Between the times that a house looks, where a state expires after 10 s. A busy engine is late: of
# the last look that finds a state, by 4 s at most.
DELAYS = [MOMENT, MOMENT, *(timedelta(seconds=number) for number in (5.6, 5, 11))]


def say(context, topic: str, text: str) -> None:
    record = kafka_egress_record(topic, StringValue(value=text), context.address.identity)
    context.pack_and_send_egress("talk/said", record)


@functions.bind("talk/visitor")
def visitor(context, message: StringValue | Int64Value) -> None:
    """Knock at the house of the same name; say how it answered."""
    me = context.address.identity
    if isinstance(message, Int64Value):
        say(context, "replies", f"{context.caller.typename()} counts {message.value}")
        return
    knocks = context.state("knocks").unpack(Int64Value) or Int64Value()
    knocks.value += 1
    context.state("knocks").pack(knocks)
    context.pack_and_send("talk/house", me, message)
    if message.value == "goodbye":
        context.pack_and_send_after(MOMENT, "talk/house", me, Int64Value(value=0))


@functions.bind("talk/house")
def house(context, message: StringValue | Int64Value) -> None:
    """Count knocks and reply; after a goodbye, look again and again at what is remembered."""
    if isinstance(message, StringValue):
        count = context.state("count").unpack(Int64Value) or Int64Value()
        count.value += 1
        context.state("count").pack(count)
        context.pack_and_reply(count)
        return
    tick = message.value
    if tick == 0:
        for name in ("since_written", "since_used"):
            context.state(name).pack(StringValue(value="here"))
    names = ("count", "since_written", "since_used")
    kept = [name for name in names if context[name] is not None]
    say(context, "ticks", f"{tick}: {' '.join(kept)}")
    if tick == len(DELAYS):
        return
    if tick == len(DELAYS) - 1:
        del context["count"]
    me = context.address.identity
    context.pack_and_send_after(DELAYS[tick], "talk/house", me, Int64Value(value=tick + 1))


@functions.bind("talk/fragile")
def fragile(context, message: StringValue) -> None:
    """Number the messages of each id; raise once at a ``boom``, in the middle of its batch."""
    number = context.state("number").unpack(Int64Value) or Int64Value()
    number.value += 1
    context.state("number").pack(number)
    say(context, "survived", f"{number.value} {message.value}")
    if message.value == "boom" and context.address.identity not in broken:
        broken.add(context.address.identity)
        raise RuntimeError("boom")


handler = RequestReplyHandler(functions)
app = Flask(__name__)


@app.route("/statefun", methods=["POST"])
def handle():
    """Answer the engine."""
    return app.response_class(handler(request.data), mimetype="application/octet-stream")


@app.route("/health")
def health():
    """Say that this process serves requests."""
    return "ok"
