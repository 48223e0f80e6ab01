"""Checks of lesson 02, A first function."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from statefun import RequestReplyHandler, StatefulFunctions
from statefun.request_reply_pb2 import FromFunction, ToFunction

from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.exercises.checking import exercise, expect, refuse
from workshop.simulation import JobFailed, ModuleError, SimulatedRuntime
from workshop.simulation.messages import one_line, split_typename, typed
from workshop.small_module import small_module

_PACK = "a message travels in an envelope: use the method whose name begins with pack_."
_OPEN = (
    "without a type the function gets the closed envelope. Write the class after the argument: "
    "greet_request: GreetRequest."
)
_JOIN = "join the classes with a bar: message: GreetRequest | SeenCount."
_CALLER = (
    "even a message from an ingress has a caller, but with an empty identity. Reply only if "
    "context.caller.identity is not empty."
)


@exercise(
    "02.1",
    "Say goodbye",
    raises={
        AttributeError: "the message is a GreetRequest with a name, and the response has a name "
        "and a greeting.",
        ValueError: (
            "the function must take a GreetRequest, and send to a type of the form "
            "namespace/name and an identity."
        ),
        TypeError: _PACK,
    },
)
def say_goodbye(functions: StatefulFunctions) -> str:
    """A typed function that sends to another one."""
    _bound(functions, "example/goodbye", _OPEN, GreetRequest)
    for name, identity in (("Ada", "Ada"), ("Grace", "somebody"), ("Ωμέγα", "Ωμέγα")):
        request = GreetRequest(name=name)
        response = GreetResponse(name=name, greeting=f"Goodbye {name}")
        sent = _sent(functions, "example/goodbye", identity, request)
        about = f"what example/goodbye/{identity} sent after a {one_line(request)}"
        if len(sent) != 1:
            expect(
                f"the number of messages in {about}",
                len(sent),
                1,
                "send one message, with context.pack_and_send.",
            )
        target, message = sent[0]
        expect(
            f"the address to which example/goodbye/{identity} sent",
            target,
            "example/guestbook/exit",
            "the type comes first, then the identity, as two strings.",
        )
        expect(
            about,
            one_line(message, 200),
            one_line(response, 200),
            "send a GreetResponse with the name from this request, and the greeting made from it.",
        )
    return "Everyone who leaves is recorded at the exit."


@exercise(
    "02.2",
    "Count at the door",
    raises={
        AttributeError: (
            "only a SeenCount has seen, and only a GreetRequest has a name: use isinstance to "
            "tell them apart."
        ),
        ValueError: _JOIN,
        TypeError: _PACK,
    },
)
def count_at_the_door(functions: StatefulFunctions) -> str:
    """A function of two kinds of message."""
    _bound(functions, "example/door", _JOIN, GreetRequest, SeenCount)
    for identity, message, visitors in (
        ("north", GreetRequest(name="Ada"), 1),
        ("north", SeenCount(seen=12), 12),
        ("south", SeenCount(seen=3), 3),
        ("south", GreetRequest(name="Grace"), 1),
    ):
        about = f"what example/door/{identity} sent after a {one_line(message)}"
        sent = _sent(functions, "example/door", identity, message)
        if len(sent) != 1:
            expect(
                f"the number of messages in {about}",
                len(sent),
                1,
                "send one message for each one that arrives, of either kind.",
            )
        target, count = sent[0]
        expect(
            f"the address to which example/door/{identity} sent",
            target,
            f"example/tally/{identity}",
            "each door keeps its own tally: send to the identity in context.address.",
        )
        expect(
            about,
            one_line(count, 200),
            one_line(SeenCount(seen=visitors)),
            "a GreetRequest is one visitor; a SeenCount is as many as it says.",
        )
    return "Single visitors and groups are counted, at every door."


@exercise(
    "02.3",
    "Answer whoever asks",
    raises={AttributeError: _OPEN, ValueError: _CALLER, TypeError: _PACK},
)
def answer_whoever_asks(functions: StatefulFunctions) -> str:
    """A reply to a function, and none to an ingress."""
    _bound(functions, "example/hello", _OPEN, GreetRequest)
    for name, caller in (
        ("Ada", ("example/guestbook", "entrance")),
        ("Grace", ("shop/basket", "42")),
    ):
        request = GreetRequest(name=name)
        about = f"what example/hello sent after a {one_line(request)} of {'/'.join(caller)}"
        sent = _sent(functions, "example/hello", name, request, caller)
        expect(
            about,
            [(target, one_line(message, 200)) for target, message in sent],
            [("/".join(caller), one_line(GreetResponse(name=name, greeting=f"Hello {name}")))],
            "when there is a caller, reply to it once: context.pack_and_reply with a "
            "GreetResponse.",
        )
        sent = _sent(functions, "example/hello", name, request)
        expect(
            f"what example/hello sent after a {one_line(request)} of an ingress", sent, [], _CALLER
        )
    return "Functions get their answer, and nothing is sent to the ingress."


@exercise(
    "02.4",
    "Pass it on",
    raises={
        AttributeError: "does each function say what kind of message it takes, and use its fields?",
        ValueError: "each function has to take the kind of message that the one before it sends, "
        "and every message needs a type and an identity.",
        LookupError: "bind a function to each type that you send to. State comes later.",
        TypeError: _PACK,
    },
)
def pass_it_on(functions: StatefulFunctions) -> str:
    """A name travels through three types, and stops there."""
    _bound(functions, "example/start", _OPEN)
    for name in ("Ada", "Grace"):
        types, names = _travelled(functions, name)
        if len(types) < 3:
            refuse(
                f"The message of {name} reached {' and '.join(types)}.",
                "bind three types, and let each function send to the next one, using exactly the "
                "type that it is bound to.",
            )
        if not any(kind not in types[:2] for kind in names):
            refuse(
                f"What reached {types[2]} does not hold the name {name}.",
                "pass the name on from message to message.",
            )
    return f"A name travels through {', '.join(types)}, and stops there."


def _bound(functions: object, typename: str, hint: str, *kinds: type[Message]) -> None:
    """Refuse unless a function is bound to this type, and takes these kinds of message."""
    if not isinstance(functions, StatefulFunctions):
        refuse(
            f"functions is of type {type(functions).__name__}.",
            "leave functions = StatefulFunctions() as it was, and bind your functions to it.",
        )
    types = [f"{namespace}/{name}" for namespace, name in functions.functions]
    if typename not in types:
        bound = f"The bound types are {', '.join(types)}." if types else "Nothing is bound yet."
        refuse(
            f"No function is bound to {typename}. {bound}",
            f'write a function with two arguments, with @functions.bind("{typename}") above it.',
        )
    known = functions.for_type(*split_typename(typename)).known_messages
    names = [getattr(kind, "__name__", str(kind)) for kind in known or ()]
    for kind in kinds:
        if kind.__name__ not in names:
            takes = f"takes {' and '.join(names)}" if names else "has no type that the SDK can read"
            refuse(f"The message of the function at {typename} {takes}.", hint)


def _sent(
    functions: StatefulFunctions,
    typename: str,
    identity: str,
    message: Message,
    caller: tuple[str, str] | None = None,
) -> list[tuple[str, Message | bytes]]:
    """Have the SDK call a function as the engine does; addresses and messages that it sends to."""
    call = ToFunction()
    target = call.invocation.target
    target.namespace, target.type = split_typename(typename)
    target.id = identity
    invocation = call.invocation.invocations.add()
    invocation.argument.Pack(message)
    if caller is not None:
        invocation.caller.namespace, invocation.caller.type = split_typename(caller[0])
        invocation.caller.id = caller[1]
    answer = FromFunction.FromString(RequestReplyHandler(functions)(call.SerializeToString()))
    return [
        (f"{to.target.namespace}/{to.target.type}/{to.target.id}", _opened(to.argument))
        for to in answer.invocation_result.outgoing_messages
    ]


def _opened(envelope: AnyMessage) -> Message | bytes:
    return typed(envelope.SerializeToString())


def _travelled(functions: StatefulFunctions, name: str) -> tuple[list[str], list[str]]:
    """The function types that a name reaches, in order; and those that got it in a message."""
    try:
        module = small_module(functions, "example/start", GreetRequest)
        runtime = SimulatedRuntime(functions, module)
        runtime.send("names", name, GreetRequest(name=name))
        if runtime.run(limit=100) == 100:
            refuse(
                "After a hundred calls, messages are still on their way.",
                "one function has to be the last, and send nothing.",
            )
    except ModuleError as error:
        refuse(
            error.details,
            "bind a function to each type that you send to, spelt exactly the same way.",
        )
    except JobFailed as failed:
        raise failed.__cause__ or failed from None
    sent = [event for event in runtime.trace if event.kind in ("ingress", "send")]
    targets = [(getattr(event.target, "typename", ""), event.payload or b"") for event in sent]
    types = list(dict.fromkeys(typename for typename, _ in targets))
    return types, [typename for typename, payload in targets if name.encode() in payload]
