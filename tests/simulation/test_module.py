"""Module definitions, and how they fit the code: each mistake is found, on its line."""

import re
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from statefun import StatefulFunctions, kafka_egress_record

from greeter import greeter
from tests.simulation.yaml_text import module_text
from workshop.paths import MODULE
from workshop.simulation import ModuleError, SimulatedRuntime, check_module
from workshop.simulation.module_parser import read_module

STATE_NAME = "seen"


@pytest.fixture
def bound(functions):
    @functions.bind("test/f")
    def f(context, message: StringValue):
        seen = context.state(STATE_NAME)
        seen.pack(message)
        context.pack_and_send_egress(
            typename="test/out", message=kafka_egress_record("out", message)
        )

    return functions


GOOD = module_text({"test/f": ["{name: seen}"]})


def change(old, new, text=GOOD):
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the module"
    return text.replace(old, new)


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_good_module_has_no_findings(bound):
    assert check_module(bound, GOOD) == []
    assert check_module(greeter.functions, MODULE) == []
    assert check_module(greeter.functions, str(MODULE)) == []


def test_what_is_read():
    module = read_module(MODULE)
    function = module.functions["example/greeter"]
    assert [s.name for s in function.states] == ["seen_count"]
    assert (function.max_batch, function.timeout_ms) == (500, 120_000)
    assert module.egresses["example/greets"].exactly_once
    assert module.ingresses[0].from_start and module.ingresses[0].routes[0].topic == "names"
    text = module_text(
        {"a/b/c": ["{name: s, expireAfter: 2 h, expireMode: after-write}", "{name: t}"]}
    )
    s, t = read_module(text).functions["a/b/c"].states
    assert (s.expire_ms, s.on_read, t.expire_ms) == (7_200_000, False, None)
    defaults = re.sub(r".*(maxNum|timeout|startup|deliver|type: exactly|transaction).*\n", "", text)
    module = read_module(defaults)
    assert module.findings == []
    assert module.functions["a/b/c"].max_batch == 1000
    assert module.functions["a/b/c"].timeout_ms == 60_000
    assert not module.ingresses[0].from_start and not module.egresses["test/out"].exactly_once


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("5", 5), ("30s", 30_000), ("2 MIN", 120_000), (" 1 day ", 86_400_000), ("1500000ns", 1),
     ("3 hours", 10_800_000), ("10 secs", 10_000), ("7millis", 7)],
)  # fmt: skip
def test_durations(text, milliseconds):
    module = read_module(module_text({"t/f": [f"{{name: s, expireAfter: '{text}'}}"]}))
    assert module.findings == [] and module.functions["t/f"].states[0].expire_ms == milliseconds


# What to change in the good module, what the finding says, and on which line: the line that has
# the part, 0 for none.
MISTAKES = [
    ("name: seen", "name: sen", "undeclared state 'seen'", "- function:"),
    ("type: test/f", "type: test/g", "no function is bound", "- function:"),
    ("type: test/f", "type: test/g", "a function is bound to test/f", 0),
    ("targets: [test/f]", "targets: [test/h]", "target test/h is not a declared", "targets:"),
    ("targets: [test/f]", "targets: [nope]", "not of the form", "targets:"),
    ("targets: [test/f]", "targets: [3]", "is skipped", "targets:"),
    ("type.googleapis.com/google.protobuf.StringValue", "google.protobuf.StringValue",
     "has no slash", "typeUrl"),
    ("google.protobuf.StringValue", "google.protobuf.Int64Value",
     "test/f takes google.protobuf.StringValue", "typeUrl"),
    ("google.protobuf.StringValue", "example.stringvalue", "ends in 'example.str", "typeUrl"),
    ("transactionTimeoutMillis: 100000", "transactionTimeoutMillis: 900001",
     "the broker allows 900000", "transactionTimeoutMillis"),
    ("transactionTimeoutMillis: 100000", "transactionTimeoutMillis: 0", "above 0", "transaction"),
    ("transactionTimeoutMillis: 100000", "transactionTimeoutMillis: 1.5", "above 0", "transaction"),
    ("transactionTimeoutMillis: 100000", "more: 1", "needs transactionTime", "type: exactly"),
    ("exactly-once", "exactly_once", "exactly_once is not", "type: exactly"),
    ("id: test/out", "id: test/other", "sends to test/out, which is no declared egress", 0),
    ("id: test/out", "id: out", "not of the form namespace/name", "- egress:"),
    ("id: test/in", "id: in", "not of the form namespace/name", "- ingress:"),
    ("type: test/f", "type: f", "not of the form namespace/name", "- function:"),
    ('version: "2.0"', "version: 2.0", "is not a string; put it in quotes", "version"),
    ('version: "2.0"', 'version: "3.0"', "neither 1.0 nor 2.0", "version"),
    ('version: "2.0"', 'version: "1.0"', "format 1.0 takes names", "states:"),
    ('version: "2.0"', 'verson: "2.0"', "/version is missing", "verson"),
    ("{name: seen}", "seen", "format 2.0 takes `name: seen`", "states:"),
    ("{name: seen}", "{name: seen, expireAfter: 1m}", "no duration", "states:"),
    ("{name: seen}", "{name: seen, expireAfter: 0s}", "not longer than 0", "states:"),
    ("{name: seen}", "{name: seen, expireAfter: 5}", "is not a string", "states:"),
    ("{name: seen}", "{name: seen, expireMode: after-read}", "neither after-invoke nor", "states:"),
    ("timeout: 1min", "timeout: 5s", "connectTimeout (10000 ms) is larger", "timeout:"),
    ("timeout: 1min", "timeout: soon", "'soon' is no duration", "timeout:"),
    ("maxNumBatchRequests: 500", "maxNumBatchRequests: many", "not an integer", "maxNum"),
    ("kind: http", "kind: grpc", "kind http only", "- function:"),
    ("endpoint: http:", "endpoint: ftp:", "no http or https scheme", "- function:"),
    ("endpoint: http://worker:8000/statefun", "other: 1", "endpoint is missing", "- function:"),
    ("type: earliest", "type: first", "first is none of", "startupPosition"),
    ("type: earliest", "type: date", "does not play date", "startupPosition"),
    ("statefun.kafka.io/routable-protobuf-ingress", "statefun.kinesis.io/x",
     "type statefun.kafka.io/routable", "- ingress:"),
    ("statefun.kafka.io/generic-egress", "statefun.kinesis.io/x",
     "type statefun.kafka.io/generic", "- egress:"),
    ("type: remote", "type: embedded", "is not remote", "module:"),
    ("topics:", "subjects:", "has no topics", "- ingress:"),
    ("    functions:", "    funktions:", "no functions", "functions:"),
    ("states: [{name: seen}]", "states: {name: seen}", "is not a list", "states:"),
    ("    egresses:", "    routers: [{}]\n    egresses:", "explicit routers", "routers"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says", "where"), MISTAKES)
def test_mistakes(bound, old, new, says, where):
    text = change(old, new)
    found = [f for f in check_module(bound, text) if f.error and says in f.message]
    assert found, [str(f) for f in check_module(bound, text)]
    if where == 0:
        assert found[0].line == 0 and str(found[0]).startswith("error: ")
    else:
        where = new if where in ("- function:", "topics:") and where in new else where
        spot = "    f" if where == "functions:" else where
        expected = line_of(text, "spec:" if spot == "    f" else where)
        assert found[0].line == expected, str(found[0])
    with pytest.raises(ModuleError, match=re.escape(says)):
        SimulatedRuntime(bound, text)


WARNINGS = [
    ("maxNumBatchRequests", "maxNumBatchRequest", "did you mean maxNumBatchRequests?"),
    ("startupPosition", "startPosition", "unknown key startPosition; did you mean"),
    ("              - topic: in\n", "              - topic: in\n                typeUrl: a/b\n"
     "                targets: [test/f]\n              - topic: in\n", "listed twice"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), WARNINGS)
def test_what_is_odd_but_runs(bound, old, new, says):
    findings = check_module(bound, change(old, new))
    assert any(says in f.message and not f.error and f.line for f in findings), findings


def test_an_unused_egress_is_odd(functions):
    @functions.bind("test/f")
    def f(context, message):
        pass

    (finding,) = check_module(functions, GOOD)
    assert not finding.error and "no function was seen to use test/out" in finding.message
    assert finding.line == line_of(GOOD, "- egress:")


def test_nothing_is_claimed_about_functions_without_a_text():
    functions = StatefulFunctions()
    scope = {}
    exec("def f(context, message):\n    context.state('undeclared')", scope)
    functions.register("test/f", scope["f"])
    assert check_module(functions, GOOD) == []


def test_functions_that_take_one_of_several_types(functions):
    @functions.bind("test/f")
    def f(context, message: StringValue | Int64Value):
        context["seen"] = None
        context.pack_and_send("test/nowhere", "x", message)
        context.pack_and_send_after(None, "test/f", "x", message)
        context.send_egress("test/out", message)

    ours = [f.message for f in check_module(functions, GOOD)]
    assert len(ours) == 1 and "test/nowhere, which is no declared function" in ours[0]
    assert "test_module.py:" in ours[0]


def write(context, name):
    context.state(name)
    context["passed on"] = None
    write(context, name)


def test_the_context_is_followed_into_calls(functions):
    @functions.bind("test/f")
    def f(context, message):
        write(context, "computed")

    (finding,) = check_module(functions, GOOD)
    assert finding.error and "undeclared state 'passed on'" in finding.message


def test_declared_twice(bound):
    start = GOOD.index("      - function:")
    twice = GOOD[:start] + GOOD[start : GOOD.index("    ingresses:")] + GOOD[start:]
    assert any("test/f is declared twice" in f.message for f in check_module(bound, twice))


def test_the_broker_can_allow_more(bound):
    text = change("transactionTimeoutMillis: 100000", "transactionTimeoutMillis: 3600000")
    assert check_module(bound, text, transaction_limit_ms=3_600_000) == []


@pytest.mark.parametrize("text", ["a: [\nb", "\n", "# nothing\n"])
def test_no_yaml(bound, text):
    with pytest.raises(ModuleError):
        check_module(bound, text)


def test_no_file(bound):
    with pytest.raises(ModuleError, match="cannot be read"):
        check_module(bound, Path("nowhere") / "module.yaml")


def test_findings_are_in_order_and_all_named(bound):
    text = change("timeout: 1min", "timeout: 5s", change("test/out", "out"))
    with pytest.raises(ModuleError) as error:
        SimulatedRuntime(bound, text)
    lines = [int(n) for n in re.findall(r"error: line (\d+)", str(error.value))]
    assert lines == sorted(lines) and len(lines) >= 4


@pytest.mark.parametrize("state", ["seen", "{name: seen}"])
def test_a_version_without_quotes_is_one_mistake(bound, state):
    text = change('version: "2.0"', "version: 2.0", change("{name: seen}", state))
    assert [finding.line for finding in check_module(bound, text)] == [line_of(text, "version")]


def test_a_module_can_run_with_its_mistakes(bound):
    runtime = SimulatedRuntime(
        bound, change("name: seen", "name: sen"), check=False, max_restarts=0
    )
    assert len(runtime.findings) == 1
    runtime.send("in", "k", StringValue(value="x"))
    with pytest.raises(Exception, match="unknown state name seen") as failed:
        runtime.run()
    assert isinstance(failed.value.__cause__, KeyError)
