"""Wrong answers to lesson 02."""

from tests.exercises.wrong_answers import Wrong

HEAD = """from statefun import StatefulFunctions

from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount

functions = StatefulFunctions()

"""
GOODBYE = '    response = GreetResponse(name=request.name, greeting=f"Goodbye {request.name}")\n'
HELLO = '    response = GreetResponse(name=request.name, greeting=f"Hello {request.name}")\n'


def goodbye(signature: str, body: str, bound: str = "example/goodbye") -> str:
    """An answer to 02.1."""
    return f'{HEAD}@functions.bind("{bound}")\ndef goodbye({signature}):\n{body}'


def door(signature: str, body: str) -> str:
    """An answer to 02.2."""
    return f'{HEAD}@functions.bind("example/door")\ndef door({signature}):\n{body}'


def hello(body: str) -> str:
    """An answer to 02.3."""
    head = f'{HEAD}@functions.bind("example/hello")\n'
    return f"{head}def hello(context, request: GreetRequest):\n{body}"


def chain(*functions: str) -> str:
    """An answer to 02.4."""
    return HEAD + "\n".join(functions)


TALLY = '    context.pack_and_send("example/tally", context.address.identity, SeenCount(seen=%s))\n'
TO_EXIT = '    context.pack_and_send("example/guestbook", "exit", response)\n'
START = """@functions.bind("example/start")
def start(context, request: GreetRequest):
    context.pack_and_send("example/second", "x", request)
"""
SECOND = """@functions.bind("example/second")
def second(context, request: GreetRequest):
    context.pack_and_send("example/third", "x", request)
"""
THIRD = """@functions.bind("example/third")
def third(context, request: GreetRequest):
    pass
"""

WRONG = [
    Wrong(
        "02.1",
        "no type annotation",
        goodbye("context, request", GOODBYE + TO_EXIT),
        "without a type the function gets the closed envelope",
    ),
    Wrong(
        "02.1",
        "the type as a text",
        goodbye('context, request: "GreetRequest"', GOODBYE + TO_EXIT),
        "without a type the function gets the closed envelope",
    ),
    Wrong(
        "02.1",
        "bound to another type",
        goodbye("context, request: GreetRequest", GOODBYE + TO_EXIT, "example/good-bye"),
        'with @functions.bind("example/goodbye") above it',
    ),
    Wrong(
        "02.1",
        "sends without packing",
        goodbye(
            "context, request: GreetRequest", GOODBYE + TO_EXIT.replace("pack_and_send", "send")
        ),
        "a message travels in an envelope",
    ),
    Wrong(
        "02.1",
        "returns the response",
        goodbye("context, request: GreetRequest", GOODBYE + "    return response\n"),
        "send one message, with context.pack_and_send",
    ),
    Wrong(
        "02.1",
        "sends to the identity of the name",
        goodbye(
            "context, request: GreetRequest", GOODBYE + TO_EXIT.replace('"exit"', "request.name")
        ),
        "the type comes first, then the identity",
    ),
    Wrong(
        "02.1",
        "hard-coded",
        goodbye(
            "context, request: GreetRequest",
            '    response = GreetResponse(name="Ada", greeting="Goodbye Ada")\n' + TO_EXIT,
        ),
        "the name from this request",
    ),
    Wrong(
        "02.1",
        "takes the name from the address",
        goodbye(
            "context, request: GreetRequest",
            GOODBYE.replace("request.name", "context.address.identity") + TO_EXIT,
        ),
        "the name from this request",
    ),
    Wrong(
        "02.2",
        "a pair as the type",
        door("context, message: (GreetRequest, SeenCount)", TALLY % "1"),
        "join the classes with a bar",
    ),
    Wrong(
        "02.2",
        "only one kind",
        door("context, message: GreetRequest", TALLY % "1"),
        "join the classes with a bar",
    ),
    Wrong(
        "02.2",
        "does not ask which kind",
        door("context, message: GreetRequest | SeenCount", TALLY % "message.seen"),
        "use isinstance to tell them apart",
    ),
    Wrong(
        "02.2",
        "a group counts as one",
        door("context, message: GreetRequest | SeenCount", TALLY % "1"),
        "a SeenCount is as many as it says",
    ),
    Wrong(
        "02.2",
        "sends to one tally for all doors",
        door(
            "context, message: GreetRequest | SeenCount",
            (TALLY % "1").replace("context.address.identity", '"north"'),
        ).replace("seen=1", "seen=getattr(message, 'seen', 1)"),
        "each door keeps its own tally",
    ),
    Wrong(
        "02.2",
        "silent about single visitors",
        door(
            "context, message: GreetRequest | SeenCount",
            "    if isinstance(message, SeenCount):\n    " + TALLY % "message.seen",
        ),
        "send one message for each one that arrives, of either kind",
    ),
    Wrong(
        "02.3",
        "asks whether there is a caller",
        hello(HELLO + "    if context.caller:\n        context.pack_and_reply(response)\n"),
        "has a caller, but with an empty identity",
    ),
    Wrong(
        "02.3",
        "asks whether the caller is None",
        hello(
            HELLO + "    if context.caller is not None:\n        context.pack_and_reply(response)\n"
        ),
        "has a caller, but with an empty identity",
    ),
    Wrong(
        "02.3",
        "replies without packing",
        hello(HELLO + "    if context.caller.identity:\n        context.reply(response)\n"),
        "a message travels in an envelope",
    ),
    Wrong("02.3", "never replies", hello("    pass\n"), "when there is a caller, reply to it once"),
    Wrong(
        "02.3",
        "replies to one address",
        hello(HELLO + TO_EXIT),
        "when there is a caller, reply to it once",
    ),
    Wrong(
        "02.4",
        "two functions",
        chain(
            START, SECOND.replace('context.pack_and_send("example/third", "x", request)', "pass")
        ),
        "bind three types",
    ),
    Wrong(
        "02.4",
        "sends to a type that is not bound",
        chain(START, SECOND, THIRD.replace("example/third", "example/3rd")),
        "bind a function to each type that you send to",
    ),
    Wrong(
        "02.4",
        "never rests",
        chain(
            START,
            SECOND,
            THIRD.replace("pass", 'context.pack_and_send("example/start", "x", request)'),
        ),
        "one function has to be the last",
    ),
    Wrong(
        "02.4",
        "loses the name",
        chain(START, SECOND.replace('"x", request', '"x", GreetRequest(name="Nobody")'), THIRD),
        "pass the name on",
    ),
    Wrong(
        "02.4",
        "the next function takes another kind",
        chain(START, SECOND, THIRD.replace("request: GreetRequest", "request: SeenCount")),
        "take the kind of message that the one before it sends",
    ),
]
