"""The trace: all steps as data, bounded, filtered, drawn without being broken by what it shows."""

import re
import string

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given
from hypothesis import strategies as st
from statefun import StatefulFunctions, kafka_egress_record

from tests.simulation.yaml_text import module_text
from workshop.simulation import Address, Event, SimulatedRuntime, Trace
from workshop.simulation.diagram import picture
from workshop.simulation.messages import packed

functions = StatefulFunctions()


@functions.bind("test/f")
def f(context, message: StringValue):
    context.state("seen").pack(message)
    context.pack_and_send("test/g", "other", message)
    context.pack_and_send_egress("test/out", kafka_egress_record("out", message, "k"))


@functions.bind("test/g")
def g(context, message: StringValue):
    pass


MODULE = module_text({"test/f": ["{name: seen, expireAfter: 10s}"], "test/g": []})


def play(**options):
    runtime = SimulatedRuntime(functions, MODULE, topics={"out": StringValue}, **options)
    for key in ("a", "b"):
        runtime.send("in", key, StringValue(value=f"to {key}"))
    runtime.run()
    return runtime


def test_every_step_is_an_event():
    runtime = play()
    runtime.checkpoint()
    runtime.lose_answer()
    runtime.send("in", "a", StringValue(value="again"))
    runtime.advance(20)
    runtime.crash()
    kinds = [event.kind for event in runtime.trace]
    a, other = Address("test/f", "a"), Address("test/g", "other")
    assert kinds.count("ingress") == 3 and kinds.count("send") == 3
    assert {"batch", "egress", "state", "checkpoint", "lost", "clock", "crash"} <= set(kinds)
    ingress = runtime.trace[0]
    assert (ingress.source, ingress.target, ingress.time_ms) == ("in", a, 0)
    assert ingress.message == StringValue(value="to a")
    state = next(e for e in runtime.trace if e.kind == "state" and e.target == a)
    assert state.note == "seen" and state.message == StringValue(value="to a")
    sent = next(e for e in runtime.trace if e.kind == "send")
    assert sent.target == other and sent.source.typename == "test/f"
    egress = next(e for e in runtime.trace if e.kind == "egress")
    assert egress.target == "out" and isinstance(egress.message, StringValue)
    assert str(ingress) == '    0.000 s  ingress in → test/f/a StringValue(value: "to a")'


def test_expiry_is_an_event():
    runtime = play()
    runtime.advance(10)
    runtime.send("in", "a", StringValue(value="later"))
    runtime.run()
    (expired,) = [e for e in runtime.trace if e.kind == "expire"]
    assert (expired.time_ms, expired.target, expired.note) == (10_000, ("test/f", "a"), "seen")
    assert "10 s: (expired)<br>10 s: StringValue" in picture(list(runtime.trace))


def test_it_can_be_filtered_and_is_bounded():
    runtime = play()
    only_a = runtime.trace.of("test/f", "a")
    assert len(only_a) > 3
    assert all(Address("test/f", "a") in (e.source, e.target) for e in only_a)
    assert 0 < len(only_a) < len(runtime.trace.of("test/f")) < len(runtime.trace)
    assert len(runtime.trace.of("test/nobody")) == 0
    assert [*runtime.trace.last(2)] == [*runtime.trace][-2:] and not len(runtime.trace.last(0))
    short = play(trace=5)
    assert len(short.trace) == 5 and short.trace.keep == 5
    assert [*short.trace] == [*runtime.trace][-5:]
    short.trace.clear()
    assert repr(short.trace) == "nothing happened yet"


def test_it_can_be_switched_off():
    runtime = play(trace=0)
    assert len(runtime.trace) == 0 and runtime.counters.took_effect == 4
    assert runtime.uncommitted("out").values == play().uncommitted("out").values


def test_the_display_has_a_picture_and_a_text():
    bundle = play().trace._repr_mimebundle_()
    assert set(bundle) == {"text/markdown", "text/plain"}
    drawing = bundle["text/markdown"]
    # Text on the left of an arrow: centred, that of a message to oneself is crossed out.
    setting, _, diagram = drawing.removeprefix("```mermaid\n").partition("\n")
    assert '"sequence": {"messageAlign": "left"}' in setting
    assert diagram.startswith("sequenceDiagram\n    participant p0 as topic")
    assert "participant p1 as a<br/>test/f" in drawing
    assert "    p0->>p1: StringValue<br/>value#58; #34;to a#34;\n" in drawing
    assert "| test/f/a | seen | 0 s: StringValue(value: &#34;to a&#34;) |" in drawing
    assert bundle["text/plain"].count("\n") + 1 == len(play().trace)


def test_a_long_trace_is_cut_and_says_so():
    events = [Event(n, "ingress", "in", Address("t/f", str(n))) for n in range(100)]
    assert picture(events).startswith("… 40 earlier events are left out")
    changes = [
        Event(n, "state", None, Address("t/f", "x"), packed(StringValue(value=str(n))), "s")
        for n in range(30)
    ]
    assert picture(changes).count("<br>") == 12


def test_an_event_about_no_one_is_drawn_too():
    assert "Note over p0: checkpoint" in picture([Event(5, "checkpoint")])


PLAIN = set(string.ascii_letters + string.digits + " _.,/()=-→…—<>&#;:`|\n*")
LINE = re.compile(
    r"(sequenceDiagram|    (participant p\d+ as|Note over p\d+(,p\d+)?:|p\d+--?>?>?\)?p\d+:) .*)"
)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "end",
        "END",
        " end",
        "a;b",
        "a\nb",
        "%%{init: {}}%%",
        "```",
        "<script>",
        "#35;",
        "|",
        "p0->>p1: x",
        "",
    ]
)


@given(st.lists(st.tuples(anything, anything, anything), min_size=1, max_size=4))
def test_names_and_messages_never_break_the_picture(strings):
    events = []
    for typename, id, value in strings:
        address, payload = Address(typename, id), packed(StringValue(value=value))
        events.append(Event(1, "ingress", typename, address, payload))
        events.append(Event(1, "state", None, address, payload, id))
        events.append(Event(2, "failure", None, address, None, value))
        events.append(Event(2, "egress", address, value, payload))
    drawing = picture(events)
    fence, diagram, table = re.split(r"```(?:mermaid)?\n?", drawing, maxsplit=2)
    assert fence == "" and "```" not in table
    _, *lines = diagram.rstrip("\n").split("\n")
    assert lines[0] == "sequenceDiagram"
    for line in lines:
        assert LINE.fullmatch(line), line
        text = re.sub(r"<br/>|#\d+;", "", line.split(": ", 1)[-1].split(" as ", 1)[-1])
        assert not set(text) & set(";#<>{}%`\"'&|*\n"), line
        assert not re.search(r"\bend\b", re.sub(r"<br/>|#\d+;", "_", line), re.IGNORECASE), line
    rows = table.strip().split("\n")
    assert len(rows) >= 3
    for row in rows:
        assert row.count("|") == 4 and "\n" not in row
        text = re.sub(r"<br>|&#\d+;", "", row)
        assert not set(text) & set("<>`*&#["), row


@pytest.mark.parametrize("value", ["x" * 1000, "word " * 300])
def test_long_messages_are_cut(value):
    events = [Event(0, "ingress", "in", Address("t/f", "k"), packed(StringValue(value=value)))]
    assert max(map(len, picture(events).split("\n"))) < 300


def test_trace_can_be_made_of_events():
    trace = Trace(2, [Event(0, "clock"), Event(1, "clock"), Event(2, "clock")])
    assert [e.time_ms for e in trace] == [1, 2] and trace[-1].time_ms == 2
