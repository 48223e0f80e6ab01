"""The picture of a module: every part once, and what is missing is named."""

import re

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from greeter import greeter
from tests.simulation.yaml_text import module_text
from workshop.paths import MODULE
from workshop.series.lessons import NOTEBOOKS, Lesson
from workshop.simulation import ModuleError, module_diagram
from workshop.simulation.diagram import VISIBLE


def test_the_greeter():
    drawn = module_diagram(MODULE, greeter.functions)
    assert repr(drawn).splitlines() == [
        "topic names (example.GreetRequest) → example/greeter",
        "function example/greeter at http://python-worker:8000/statefun, remembers seen_count",
        "egress example/greets, exactly-once",
        "example/greeter sends to egress example/greets",
    ]
    assert drawn.mermaid.splitlines() == [
        '%%{init: {"themeVariables": {"lineColor": "#888", "signalColor": "#888", '
        '"signalTextColor": "#777", "actorLineColor": "#888"}}}%%',
        "flowchart LR",
        '    n0["function<br/>example/greeter<br/>remembers seen_count"]',
        '    n1[("topic<br/>names")]',
        '    n1 -- "example.GreetRequest" --> n0',
        '    n2[["egress<br/>example/greets<br/>exactly-once"]]',
        "    n0 --> n2",
    ]
    shown = drawn._repr_mimebundle_()
    assert shown["text/plain"] == repr(drawn)
    assert shown["text/markdown"] == f"```mermaid\n{drawn.mermaid}\n```"


def test_without_the_code_nobody_sends():
    assert "-->" not in module_diagram(MODULE).mermaid.partition("n2")[2]


def test_what_is_missing_is_named(functions):
    @functions.bind("test/f")
    def f(context, message: StringValue):
        context.pack_and_send("test/g", "x", message)
        context.pack_and_send_egress("test/nowhere", message)
        context.pack_and_send_egress("test/nowhere", message)

    @functions.bind("test/undeclared")
    def undeclared(context, message):
        context.pack_and_send("test/f", "x", message)

    text = module_text({"test/f": ["{name: s, expireAfter: 2min}"]})
    text = text.replace("exactly-once", "at-least-once").replace("[test/f]", "[test/h]")
    drawn = module_diagram(text, functions)
    assert repr(drawn).splitlines() == [
        "topic in (google.protobuf.StringValue) → test/h",
        "function test/f at http://worker:8000/statefun, remembers s, for 120 s",
        "egress test/out, not exactly-once",
        "test/f sends to function test/g",
        "test/f sends to egress test/nowhere",
    ]
    assert drawn.mermaid.count("not declared") == 3


def test_no_yaml():
    with pytest.raises(ModuleError):
        module_diagram("a: [\nb")


def test_sequence_diagrams_of_lessons_stay_readable_when_the_theme_changes():
    text = "\n".join(Lesson.read(path).text for path in NOTEBOOKS.glob("*.ipynb"))
    drawn = re.findall(r"^```mermaid\n(.*)\nsequenceDiagram$", text, re.MULTILINE)
    assert drawn == [f"%%{{init: {{{VISIBLE}}}}}%%"] * text.count("sequenceDiagram")
    assert drawn
