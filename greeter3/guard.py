"""The guard in front of the function, as ``greeter/guard.py`` is: junk goes to a topic of its own.

In 3.x a message comes with the name of its type, and ``as_type`` reads it as any other type all
the same. So the guard compares the names first. A dead letter says the same, in the same format.
"""

import base64
import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.wrappers_pb2 import BytesValue
from statefun import Context, EgressMessage, Message, kafka_egress_message

from greeter.limits import DEAD_LETTERS, LARGEST_NAME, LARGEST_RECORD
from greeter3.types import GREET_REQUEST

EGRESS = "example/greets"

Function = Callable[[Any, Any], Awaitable[None]]


def guarded(function: Function) -> Function:
    """Let a function have the requests that can be greeted; the rest become dead letters."""

    @functools.wraps(function)
    async def guard(context: Context, message: Message) -> None:
        if flaw := flaw_of(message):
            context.send_egress(_dead_letter(context, message, flaw))
        else:
            await function(context, message)

    return guard


def flaw_of(message: Message) -> str:
    """Say what keeps a message from being greeted; nothing if it can be."""
    if not message.is_type(GREET_REQUEST):
        told = message.value_typename().rpartition("/")[2] or "nothing"
        return f"it says that it is {told}, which is not example.GreetRequest"
    value = message.raw_value() or b""
    try:
        size = len(message.as_type(GREET_REQUEST).name.encode())
    except Exception:  # Each of protobuf's implementations raises its own.
        return _why_not(value)
    if size == 0:
        return "there is no name in it" if value else "it is empty"
    if size > LARGEST_NAME:
        return f"its name has {size} bytes; at most {LARGEST_NAME} are allowed"
    return ""


def _why_not(value: bytes) -> str:
    name = BytesValue()  # The same field, but any bytes will do.
    try:
        name.ParseFromString(value)
        name.value.decode()
    except UnicodeDecodeError:
        return "its name is not text: the bytes are not UTF-8"
    except Exception:  # They are no message at all.
        pass
    return "its bytes are not a valid example.GreetRequest"


def _dead_letter(context: Context, message: Message, flaw: str) -> EgressMessage:
    value = message.raw_value() or b""
    letter = {
        "reason": flaw,
        "function": context.address.typename,
        "id": context.address.id,
        "type_url": message.value_typename(),
        "size": len(value),
        "original": base64.b64encode(value[:LARGEST_RECORD]).decode(),
    }
    return kafka_egress_message(
        EGRESS, topic=DEAD_LETTERS, key=context.address.id, value=json.dumps(letter)
    )
