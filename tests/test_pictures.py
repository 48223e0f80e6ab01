"""What the pictures of a simulated engine show."""

from __future__ import annotations

from greeter.greeter import functions
from greeter.messages_pb2 import GreetRequest
from workshop.paths import ROOT
from workshop.pictures import batches, overtaking
from workshop.simulation import SimulatedRuntime


def test_a_bar_for_each_call_is_as_high_as_its_batch():
    runtime = SimulatedRuntime(functions, ROOT / "module.yaml")
    for _ in range(1200):
        runtime.send("names", "Ada", GreetRequest(name="Ada"))
    runtime.run()
    plot = batches(runtime.trace)
    assert [bar.get_height() for bar in plot.axes.patches] == [1, 500, 500, 199]
    assert repr(plot) == "messages in each call: 1, 500, 500, 199"


def test_who_overtook_whom_has_lines_that_cross():
    plot = overtaking(["Ada 1", "Grace 2", "Ada 3"], ["Grace 2", "Ada 1", "Ada 3"])
    lines = [list(line.get_ydata()) for line in plot.axes.lines]
    assert lines == [[0, 1], [1, 0], [2, 2]]
    first, grace, second = (line.get_color() for line in plot.axes.lines)
    assert first == second != grace
    assert repr(plot) == "sent: Ada 1, Grace 2, Ada 3. answered: Grace 2, Ada 1, Ada 3"
