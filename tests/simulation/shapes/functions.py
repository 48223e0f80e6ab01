"""Logins are counted; each is handed to a worker under a key drawn at random, which answers.

States are read, written and deleted as the ``Any`` that the SDK keeps; functions are async.
"""

import asyncio
import uuid

from google.protobuf.any_pb2 import Any
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import AsyncRequestReplyHandler, StatefulFunctions, kafka_egress_record

functions = StatefulFunctions()


def counted(context, name: str) -> int:
    """Count one more in a state; return which one it was."""
    number = Int64Value()
    kept = context[name]
    if kept is not None:
        kept.Unpack(number)
    number.value += 1
    packed = Any()
    packed.Pack(number)
    context[name] = packed
    return number.value


def say(context, topic: str, text: str) -> None:
    record = kafka_egress_record(topic, StringValue(value=text), context.address.identity)
    context.pack_and_send_egress("shapes/said", record)


@functions.bind("shapes/user")
async def user(context, message: StringValue | Int64Value) -> None:
    """Count logins until the logout, and what the workers have answered."""
    if isinstance(message, Int64Value):
        say(context, "answers", f"answer {counted(context, 'answered')}")
        return
    logins = counted(context, "logins")
    if message.value == "logout":
        del context["logins"]
        say(context, "logins", f"{logins - 1} logins")
        return
    worker = Any()
    worker.Pack(message)
    context.send("shapes/worker", uuid.uuid4().hex, worker)


@functions.bind("shapes/worker")
async def worker(context, message: StringValue) -> None:
    """Do some work that takes a while, and answer whoever asked."""
    await asyncio.sleep(0.001)
    context.pack_and_reply(Int64Value(value=len(message.value)))


handler = AsyncRequestReplyHandler(functions)
