"""Wrong answers to the exercises of lesson 08."""

from tests.exercises.wrong_answers import Wrong


def story(*lines: str) -> str:
    """A story of these steps."""
    send = "runtime.send('names', {0}, GreetRequest(name={0}))".format
    steps = [
        send(repr(line)) if line in ("Ada", "Grace") else f"runtime.{line}()" for line in lines
    ]
    return "\n    ".join(
        ["from greeter.messages_pb2 import GreetRequest\n\n\ndef story(runtime):", *steps]
    )


_HISTORY = """
from generator.broker import GreetingReader


def history(bootstrap, name):
    found = []
    with GreetingReader(bootstrap, from_start=True) as reader:
        while greetings := reader.poll(2):
            found += [greeting.offset for greeting in greetings if greeting.key == name]
    return found
"""

WRONG = [
    Wrong(
        "08.1",
        "no crash",
        story("Ada", "run", "checkpoint", "Grace", "run", "checkpoint"),
        "nothing was taken back",
    ),
    Wrong(
        "08.1",
        "crashes when all is committed",
        story("Ada", "run", "checkpoint", "Grace", "run", "checkpoint", "crash", "run"),
        "crash after run() and before checkpoint()",
    ),
    Wrong(
        "08.1",
        "never lets the engine work",
        story("Ada", "checkpoint", "Grace", "crash"),
        "runtime.run() lets the engine work on it",
    ),
    Wrong(
        "08.1",
        "no checkpoint in the end",
        story("Ada", "run", "checkpoint", "Grace", "run", "crash", "run"),
        "end with one",
    ),
    Wrong(
        "08.1",
        "no checkpoint before the crash",
        story("Ada", "run", "Grace", "run", "crash", "run", "checkpoint"),
        "commit it with a checkpoint before Grace comes",
    ),
    Wrong(
        "08.1",
        "does nothing after the crash",
        story("Ada", "run", "checkpoint", "Grace", "run", "crash", "checkpoint"),
        "the engine has to greet again",
    ),
    Wrong(
        "08.1",
        "takes both back",
        story("checkpoint", "Ada", "run", "Grace", "run", "crash", "run", "checkpoint"),
        "commit it with a checkpoint before Grace comes",
    ),
    Wrong(
        "08.2",
        "begins at the end",
        _HISTORY.replace(", from_start=True", "").replace("poll(2)", "poll(0.5)"),
        "made with from_start=True",
    ),
    Wrong(
        "08.2",
        "polls once",
        _HISTORY.replace(
            "while greetings := reader.poll(2):", "for greetings in [reader.poll(5)]:"
        ),
        "poll until nothing comes any more",
    ),
    Wrong(
        "08.2",
        "takes those of others, too",
        _HISTORY.replace(" if greeting.key == name", ""),
        "keep the greetings whose key is the name",
    ),
    Wrong(
        "08.2",
        "returns greetings",
        _HISTORY.replace("[greeting.offset for", "[greeting for"),
        "keep greeting.offset of each",
    ),
    Wrong(
        "08.3",
        "trusts the status",
        """
def trouble(stack):
    state = stack.status().state
    return "" if state == "ready" else f"it is {state}"
""",
        "Only a name that is sent and greeted",
    ),
    Wrong(
        "08.3",
        "does not catch the error",
        """
def trouble(stack):
    stack.greet("probe", timeout=5)
    return ""
""",
        "catch it, and return its message",
    ),
    Wrong(
        "08.3",
        "knows no trouble",
        """
def trouble(stack):
    return ""
""",
        "Send one with stack.greet",
    ),
]
