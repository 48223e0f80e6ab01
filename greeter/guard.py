"""The guard in front of the function: junk goes to a topic of its own, and the rest is greeted.

A message that cannot be greeted would fail again however often the engine sent it, and nothing
behind it would ever get its turn. The guard sends it to the topic ``names-dead-letter`` instead and
continues. It judges messages only. When the function itself fails, that is a bug, and it fails as
it would without the guard.

The value of a dead letter is a JSON object, since the engine's egress has no headers to put the
reason in, and people need to be able to read it with any tool:

=============  ==================================================================
``reason``     what is wrong, in a sentence
``function``   the function that it was for, ``example/greeter``
``id``         the address's identity, which is the key of the record in ``names``
``type_url``   the type that the message claims to be of
``size``       how many bytes it has
``original``   its bytes in base64; of a larger one the first ``LARGEST_RECORD``
=============  ==================================================================

The key of a dead letter is the identity too.

Two things cannot be told apart, and the guard does not try: a ``GreetResponse`` has the shape of a
``GreetRequest`` with one more field, and a newer ``GreetRequest`` would look the same. So bytes
that hold a name are greeted, whatever else is in them.
"""

from __future__ import annotations

import base64
import json
from typing import Any as Anything

from google.protobuf.any_pb2 import Any
from google.protobuf.wrappers_pb2 import BytesValue
from statefun import RequestReplyHandler, StatefulFunctions
from statefun.kafka_egress_pb2 import KafkaProducerRecord

from greeter.limits import DEAD_LETTERS, LARGEST_NAME, LARGEST_RECORD
from greeter.messages_pb2 import GreetRequest, SeenCount

GREETER = "example/greeter"
EGRESS = "example/greets"

LARGEST_COUNT = 2**63 - 1


class UnusableRequest(ValueError):
    """A request that can never be served; the message says why."""


class Guard(RequestReplyHandler):  # type: ignore[misc]
    """Serves the engine's requests as the SDK's handler does, except for junk.

    Parameters
    ----------
    functions
        What is served.
    """

    def __init__(self, functions: StatefulFunctions) -> None:
        super().__init__(functions)

    def handle_invocation(self, ic: Anything) -> None:
        """Call the function with every message of the batch that can be greeted.

        Raises
        ------
        UnusableRequest
            When the engine's state is not usable: continuing would forget what was counted.
        """
        _check_state(ic.context, len(ic.batch))
        for invocation in ic.batch:
            ic.context.prepare(invocation)
            message, flaw = _examine(ic.target_function, invocation.argument)
            if flaw:
                letter = _dead_letter(ic.context.address, invocation.argument, flaw)
                ic.context.pack_and_send_egress(EGRESS, letter)
            else:
                ic.target_function.func(ic.context, message)


def _examine(target: Anything, argument: Any) -> tuple[Anything, str]:
    """Return the message for the function, and what is wrong with it, if anything."""
    try:
        message = target.unpack_any(argument)
    except Exception:  # No code of the function runs here; each protobuf raises its own.
        return None, _why_not(target, argument)
    if message is None:  # The function takes whatever comes.
        return argument, ""
    if isinstance(message, GreetRequest):
        size = len(message.name.encode())
        if size == 0:
            return None, "there is no name in it" if argument.value else "it is empty"
        if size > LARGEST_NAME:
            return None, f"its name has {size} bytes; at most {LARGEST_NAME} are allowed"
    return message, ""


def _why_not(target: Anything, argument: Any) -> str:
    wanted = " or ".join(kind.DESCRIPTOR.full_name for kind in target.known_messages)
    told = argument.type_url.rpartition("/")[2]
    if not any(argument.Is(kind.DESCRIPTOR) for kind in target.known_messages):
        return f"it says that it is {told or 'nothing'}, which is not {wanted}"
    if told == GreetRequest.DESCRIPTOR.full_name:
        name = BytesValue()  # The same field, but any bytes will do.
        try:
            name.ParseFromString(argument.value)
            name.value.decode()
        except UnicodeDecodeError:
            return "its name is not text: the bytes are not UTF-8"
        except Exception:  # They are no message at all.
            return f"its bytes are not a valid {wanted}"
    return f"its bytes are not a valid {wanted}"


def _dead_letter(address: Anything, argument: Any, flaw: str) -> KafkaProducerRecord:
    value = {
        "reason": flaw,
        "function": address.typename(),
        "id": address.identity,
        "type_url": argument.type_url,
        "size": len(argument.value),
        "original": base64.b64encode(argument.value[:LARGEST_RECORD]).decode(),
    }
    return KafkaProducerRecord(
        topic=DEAD_LETTERS, key=address.identity, value_bytes=json.dumps(value).encode()
    )


def _check_state(context: Anything, visits: int) -> None:
    """Refuse a request whose count the function would misread or could not raise."""
    if context.address.typename() != GREETER:
        return
    if "seen_count" not in context.states:
        raise UnusableRequest("it contains no state seen_count, which module.yaml must declare")
    packed, state = Any(), SeenCount()
    data = context.states["seen_count"].value_bytes
    if not data:
        return  # Nobody was counted here yet.
    try:
        packed.ParseFromString(data)
        known = packed.Unpack(state)
    except Exception as error:  # Each of protobuf's implementations raises its own.
        raise UnusableRequest("its state seen_count cannot be read") from error
    if not known:
        raise UnusableRequest(f"its state seen_count is not a SeenCount but {packed.type_url!r}")
    if not 0 <= state.seen <= LARGEST_COUNT - visits:
        raise UnusableRequest(f"its state seen_count holds {state.seen}, which is not a count")
