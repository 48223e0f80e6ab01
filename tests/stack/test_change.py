"""What the greeter remembers outlives a change of its module and of its code."""

from __future__ import annotations

import pytest

from generator.broker import GreetingReader
from workshop.paths import ROOT
from workshop.stack import Stack, StackError
from workshop.stack.view import Progress

QUIET = Progress()

# The greeter says more than before, and tells another function, which remembers something itself.
_CHANGED = """\
from greeter import greeter
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from statefun import kafka_egress_record

functions = greeter.functions
greet = functions.functions[("example", "greeter")]
before = greet.func


def greet_and_tell(context, request):
    before(context, request)
    last = context.state("last_name").unpack(GreetRequest)
    assert last is None or last.name == request.name
    context.state("last_name").pack(request)
    context.pack_and_send("example/farewell", request.name, request)


greet.func = greet_and_tell


@functions.bind("example/farewell")
def farewell(context, request: GreetRequest):
    said = context.state("said").unpack(SeenCount) or SeenCount()
    said.seen += 1
    context.state("said").pack(said)
    text = GreetResponse(name=request.name, greeting=f"Bye for the {said.seen}. time")
    record = kafka_egress_record(topic="greetings", key=f"bye {request.name}", value=text)
    context.pack_and_send_egress("example/greets", record)


app = greeter.app
"""

_FAREWELL = """\
      - function:
          meta:
            kind: http
            type: example/farewell
          spec:
            endpoint: http://python-worker:8000/statefun
            states:
              - said
    ingresses:
"""

_STATE = "              - seen_count\n"
_NEWER_FORM = """\
              - name: seen_count
                expireAfter: 1day
"""


def cut_off(stack: Stack) -> None:
    """Leave half a checkpoint, as a JobManager does that is killed while it writes one down."""
    complete = max(stack.folder.checkpoints.glob("**/_metadata"), key=lambda p: p.stat().st_mtime)
    half = complete.parent.with_name("chk-999999")
    half.mkdir(mode=0o700)
    data = complete.read_bytes()
    (half / "_metadata").write_bytes(data[: len(data) // 2])


def test_counts_go_on_when_the_module_gains_a_state_and_a_function_and_the_code_changes(
    name, tmp_path
):
    module = tmp_path / "module.yaml"
    first = (ROOT / "module.yaml").read_text()
    module.write_text(first)
    stack = Stack(name, module=module)
    stack.up(progress=QUIET, keep=True)
    assert [one.greeting for one in stack.greet("Ada", "Ada")][-1] == "Nice to see you again Ada"
    stack.down()
    cut_off(stack)

    grown = first.replace(_STATE, f"{_STATE}              - last_name\n")
    grown = grown.replace("    ingresses:\n", _FAREWELL)
    module.write_text(grown)
    (tmp_path / "changed.py").write_text(_CHANGED)
    stack = Stack(name, module=module, application="changed:app", python_path=tmp_path)
    stack.up(progress=QUIET, keep=True)
    with GreetingReader(stack.bootstrap) as greetings:
        assert stack.greet("Ada")[0].greeting == "Third time is a charm Ada"
        assert stack.greet("Ada")[0].greeting == "Nice to see you at the 4-nth time Ada!"
        byes = []
        while len(byes) < 2:
            byes += [one.greeting for one in greetings.poll(60) if one.key == "bye Ada"]
    assert byes == ["Bye for the 1. time", "Bye for the 2. time"]
    stack.down()

    # A state that holds values cannot be given an end of its life: one sentence says so.
    module.write_text(first.replace('"1.0"', '"2.0"').replace(_STATE, _NEWER_FORM))
    # The engine meets it with the first name, not before.
    stack = Stack(name, module=module)
    stack.up(progress=QUIET, keep=True)
    with pytest.raises(StackError, match="cannot be declared differently") as refused:
        stack.greet("Grace", timeout=240)
    assert "Restore its declaration in module.yaml" in str(refused.value)
    stack.down()

    # Back as it was, it goes on as if nothing had been; and the form of the file may be newer.
    module.write_text(
        first.replace('"1.0"', '"2.0"').replace(_STATE, "              - name: seen_count\n")
    )
    stack.up(progress=QUIET, keep=True)
    assert stack.greet("Ada")[0].greeting == "Nice to see you at the 5-nth time Ada!"
    assert stack.greet("Grace")[0].greeting == "Nice to see you again Grace"
    stack.down(forget=True)
