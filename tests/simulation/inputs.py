"""What goes into both sides, and what comes out: the simulation's half of each comparison."""

import random
from pathlib import Path
from typing import NamedTuple

from google.protobuf.wrappers_pb2 import StringValue

from greeter import greeter
from greeter.messages_pb2 import GreetRequest, GreetResponse
from tests.simulation.conversation import functions as conversation
from tests.simulation.shapes import functions as of_shapes
from workshop.children import own_module
from workshop.paths import MODULE
from workshop.simulation import SimulatedRuntime

CONVERSATION_MODULE = Path(conversation.__file__).with_name("module.yaml")

#: Fifty names: scripts, combining marks, emoji of several code points, spaces, what is markup or
#: an escape elsewhere, and one that is long.
NAMES = [
    "Ada", "Grace", "Zoë", "Zoe\u0308", "Łukasz", "Ægir", "Þór", "ß", "İbrahim", "Ñandú",
    "王小明", "ひかり", "カナ", "한글", "ไทย", "हिन्दी", "தமிழ்", "עברית", "العربية", "Ελένη",
    "Дмитрий", "Հայկ", "ქართული", "አማርኛ", "😀", "👩‍👩‍👧", "🏳️‍🌈", "𝔘𝔫𝔦", "a b", " lead",
    "trail ", " ", "\t", "line\nbreak", "a/b", "a/b/c", "%s", "{}", "<b>", "&amp;",
    '"quoted"', "back\\slash", "semi;colon", "nul\x00byte", "\u200b", "\ufeffbom", "\ufffd",
    "end", "null", "x" * 300,
]  # fmt: skip

Output = dict[str, dict[str, list[str]]]  # topic → key → said in order


class Scenario(NamedTuple):
    """An application, the records to send, and the output topics with the text of a value."""

    module: Path
    application: str
    functions: object
    records: list[tuple[str, str | bytes, bytes]]  # topic, key, value
    topics: dict[str, type]
    serve: list[str] | None = None  # what serves the application, if it is not our server

    def text(self, topic: str, value: bytes) -> str:
        """The text of an output record."""
        message = self.topics[topic].FromString(value)
        if isinstance(message, GreetResponse):
            return f"{message.name}: {message.greeting}"
        return message.value

    def simulated(self, seconds: float = 120, **options) -> tuple[Output, SimulatedRuntime]:
        """Run the scenario through the simulation and commit its output."""
        conversation.broken.clear()
        runtime = SimulatedRuntime(self.functions, self.module, **options)
        for record in self.records:
            runtime.send(*record)
        runtime.advance(seconds)
        runtime.checkpoint()
        output: Output = {}
        for topic in self.topics:
            for record in runtime.committed(topic):
                said = output.setdefault(topic, {}).setdefault(record.key or "", [])
                said.append(self.text(topic, record.value))
        return output, runtime


def greetings(count: int = 2500, seed: int = 1) -> Scenario:
    """Greet requests: a few names get many, so that batches form."""
    rng = random.Random(seed)
    names = NAMES + rng.choices(NAMES, [1 / (n + 1) for n in range(len(NAMES))], k=count - 50)
    rng.shuffle(names)
    records = [("names", n, GreetRequest(name=n).SerializeToString()) for n in names]
    topics = {"greetings": GreetResponse}
    return Scenario(MODULE, "greeter.greeter:app", greeter.functions, records, topics)


def odd_keys() -> Scenario:
    """Keys that are empty or no UTF-8: the latter all address the instance U+FFFD."""
    keys = [b"", b"\xff", "\ufffd", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"", b"\xfe", b"\xc0\x80"]
    names = ["empty", "one", "one", "one", "one", "empty", "one", "two"]
    records = [
        ("names", key, GreetRequest(name=name).SerializeToString())
        for key, name in zip(keys, names, strict=True)
    ]
    return greetings()._replace(records=records)


def talk(visits: int = 8, risks: int = 30, seed: int = 1) -> Scenario:
    """Visits that end with a goodbye, and risks with a boom in the middle."""
    rng = random.Random(seed)
    queues = []
    for name in NAMES[:20]:
        knocks = [f"knock {n}" for n in range(rng.randint(1, visits))]
        queues.append([("knocks", name, text) for text in [*knocks, "goodbye"]])
    for name in NAMES[:5]:
        queue = [("risks", name, f"risk {n}") for n in range(risks)]
        queue[rng.randrange(risks // 3, risks)] = ("risks", name, "boom")
        queues.append(queue)
    records = []
    while queues:
        queue = rng.choice(queues)
        topic, name, text = queue.pop(0)
        records.append((topic, name, StringValue(value=text).SerializeToString()))
        queues = [queue for queue in queues if queue]
    topics = dict.fromkeys(("replies", "ticks", "survived"), StringValue)
    functions = conversation.functions
    application = "tests.simulation.conversation.functions:app"
    return Scenario(CONVERSATION_MODULE, application, functions, records, topics)


def shapes(users: int = 12, visits: int = 30, seed: int = 1) -> Scenario:
    """Logins of some users, each of whom logs out at last."""
    rng = random.Random(seed)
    names = [name for name in NAMES[:users] for _ in range(rng.randint(1, visits))]
    rng.shuffle(names)
    said = [*((name, "login") for name in names), *((name, "logout") for name in NAMES[:users])]
    records = [("visits", name, StringValue(value=text).SerializeToString()) for name, text in said]
    return Scenario(
        Path(of_shapes.__file__).with_name("module.yaml"),
        "",
        of_shapes.functions,
        records,
        dict.fromkeys(("answers", "logins"), StringValue),
        own_module("tests.simulation.shapes.server", "{port}"),
    )
