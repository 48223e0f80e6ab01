"""Wrong answers to the exercises of lesson 04."""

from tests.exercises.wrong_answers import Wrong

HEAD = """
from statefun import kafka_egress_record
from greeter.greeter import compute_greeting, greet
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
"""

FORGET = (
    HEAD
    + """
def greet_or_forget(context, greet_request: GreetRequest):
    if not greet_request.name:
        FORGETS
        return
    greet(context, greet_request)
"""
)

MEMORY = (
    HEAD
    + """
kept = {}

def greet_with_memory(context, greet_request: GreetRequest):
    name = greet_request.name
    state = context.state("seen_count").unpack(SeenCount) or SeenCount()
    state.seen += 1
    context.state("seen_count").pack(state)
    response = compute_greeting(name, state.seen)
REMEMBERS
    record = kafka_egress_record("greetings", response, name)
    context.pack_and_send_egress("example/greets", record)
"""
)

MY_WAY = (
    HEAD
    + """
import random, time
seen = {}

def greet_my_way(context, greet_request: GreetRequest):
    name = greet_request.name
    SAYS
    response = GreetResponse(name=name, greeting=f"{word} {name}")
    record = kafka_egress_record("greetings", response, name)
    context.pack_and_send_egress("example/greets", record)
"""
)


def visits(body: str) -> str:
    """A cell for exercise 1."""
    return f"{HEAD}\ndef visits(context):\n    {body}\n"


def forgets(statement: str) -> str:
    """A cell for exercise 2."""
    return FORGET.replace("FORGETS", statement)


def remembers(*lines: str) -> str:
    """A cell for exercise 3."""
    return MEMORY.replace("REMEMBERS", "\n".join(f"    {line}" for line in lines))


def says(*lines: str) -> str:
    """A cell for the open exercise, which sets ``word``."""
    return MY_WAY.replace("SAYS", "\n    ".join(lines))


LAST = 'last = context.state("last_greeting").unpack(GreetResponse)'
PACK = 'context.state("last_greeting").pack(response)'
ADD = 'if last: response.greeting += f" (last time: {last.greeting})"'

WRONG = [
    Wrong(
        "04.1",
        "forgets the stranger",
        visits('return context.state("seen_count").unpack(SeenCount).seen'),
        "the first time, unpack returns None",
    ),
    Wrong(
        "04.1",
        "returns the message",
        visits('return context.state("seen_count").unpack(SeenCount)'),
        "the field seen",
    ),
    Wrong(
        "04.1",
        "counts the visit too",
        visits(
            """state = context.state("seen_count").unpack(SeenCount) or SeenCount()
    seen = state.seen
    state.seen += 1
    context.state("seen_count").pack(state)
    return seen"""
        ),
        "looking changes nothing",
    ),
    Wrong(
        "04.1",
        "a stranger is one",
        visits(
            """state = context.state("seen_count").unpack(SeenCount)
    return state.seen if state else 1"""
        ),
        "return 0 then",
    ),
    Wrong(
        "04.1",
        "misspells the state",
        visits('return context.state("seen").unpack(SeenCount).seen'),
        "no state of that name is declared",
    ),
    Wrong(
        "04.2",
        "packs a zero",
        forgets('context.state("seen_count").pack(SeenCount())'),
        "a zero is a value too",
    ),
    Wrong(
        "04.2",
        "deletes its own copy",
        forgets('state = context.state("seen_count").unpack(SeenCount); del state'),
        "del of your own variable does not",
    ),
    Wrong(
        "04.2",
        "greets nobody",
        forgets('del context["seen_count"]').replace("        return\n", ""),
        "return after deleting",
    ),
    Wrong(
        "04.2",
        "packs None",
        forgets('context.state("seen_count").pack(None)'),
        "None is not a value",
    ),
    Wrong(
        "04.2",
        "forgets everybody",
        HEAD
        + """
def greet_or_forget(context, greet_request: GreetRequest):
    del context["seen_count"]
    if greet_request.name:
        greet(context, greet_request)
""",
        "for a name, call greet",
    ),
    Wrong(
        "04.2",
        "forgets the type of the message",
        forgets('del context["seen_count"]').replace(": GreetRequest", ""),
        "give the type of the second argument",
    ),
    Wrong("04.3", "remembers the grown text", remembers(LAST, ADD, PACK), "it keeps growing"),
    Wrong("04.3", "never packs", remembers(LAST, ADD), "then pack the new one"),
    Wrong(
        "04.3",
        "packs at the first visit alone",
        remembers(LAST, f"if not last: {PACK}", ADD),
        "not only on the first",
    ),
    Wrong("04.3", "packs before it reads", remembers(PACK, LAST, ADD), "then pack the new one"),
    Wrong(
        "04.3",
        "takes the state of the count",
        remembers(LAST, PACK, ADD).replace("last_greeting", "seen_count"),
        "a state of its own",
    ),
    Wrong(
        "04.3",
        "does not expect the first visit",
        remembers(LAST, PACK, 'response.greeting += f" (last time: {last.greeting})"'),
        "the first time, unpack returns None",
    ),
    Wrong(
        "04.3",
        "keeps it in a dictionary",
        remembers("last = kept.get(name)", "kept[name] = compute_greeting(name, state.seen)", ADD),
        "nowhere else",
    ),
    Wrong(
        "04.3",
        "keeps it in one variable",
        remembers('last = kept.get("it")', 'kept["it"] = compute_greeting(name, state.seen)', ADD),
        "a variable of yours",
    ),
    Wrong(
        "04.3",
        "misspells the state",
        remembers(LAST, PACK, ADD).replace("last_greeting", "last"),
        "the states are called 'seen_count' and 'last_greeting'",
    ),
    Wrong(
        "04.4",
        "counts in a dictionary",
        says("seen[name] = seen.get(name, 0) + 1", 'word = "Hello" if seen[name] < 3 else "Again"'),
        "outside the request and the state",
    ),
    Wrong(
        "04.4",
        "draws lots",
        says('word = random.choice(["Hello", "Ahoy", "Good day", "Servus"])'),
        "outside the request and the state",
    ),
    Wrong("04.4", "asks the clock", says("word = time.time_ns()"), "dice or a clock"),
    Wrong("04.4", "says the same always", says('word = "Hello"'), "pack and unpack"),
    Wrong(
        "04.4",
        "remembers who came last, whoever it was",
        says(
            'word = "Again" if seen.get("last") == name else "Hello"',
            'seen["last"] = name',
        ),
        "outside the request and the state",
    ),
    Wrong(
        "04.4",
        "asks for a state that is not declared",
        says('word = context.state("mood").unpack(GreetResponse)'),
        "the states are called 'seen_count' and 'memory'",
    ),
]
