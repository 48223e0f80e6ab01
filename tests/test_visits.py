"""Runs of visits on the virtual clock, and their tables."""

from statefun import StatefulFunctions

from greeter.greeter import functions
from greeter.messages_pb2 import GreetRequest
from workshop.simulation.module_parser import read_module
from workshop.stack.module import render
from workshop.visits import (
    Way,
    compare,
    crowd,
    module_changes,
    module_with,
    pauses,
    saved,
    send_greeting,
)

EXPIRING = module_with({"name": "seen_count", "expireAfter": "60s"})
AGAIN = "Nice to see you again Ada"


def asking() -> StatefulFunctions:
    made = StatefulFunctions()

    @made.bind("example/greeter")
    def greet(context, request: GreetRequest):
        send_greeting(context, request.name, 1)

    return made


def test_the_module_differs_in_its_states_alone():
    assert module_changes(EXPIRING).splitlines() == [
        "-version: '1.0'",
        "+version: '2.0'",
        "-          - seen_count",
        "+          - name: seen_count",
        "+            expireAfter: 60s",
    ]
    assert read_module(EXPIRING).findings == []


def test_a_saved_module_can_be_run_and_equal_ones_share_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKSHOP_CACHE", str(tmp_path))
    path = saved(EXPIRING)
    assert path == saved(EXPIRING) != saved(module_with({"name": "seen_count"}))
    assert "expireAfter: 60s" in render(path, "broker:1", "functions:2")


def test_visits_and_questions_happen_at_their_times():
    way = Way("title", asking(), EXPIRING)
    run = way.visited("Ada", 1, 2.5, asked=[2], until=100)
    assert run.said == [(1000, "Welcome Ada"), (2000, "Welcome Ada?"), (2500, "Welcome Ada")]
    assert repr(run).splitlines()[2] == "2 s (after 1 s), asked only  Welcome Ada?"
    assert run.runtime.now.total_seconds() == 100


def test_an_answer_that_got_lost_comes_later_for_the_same_visit():
    run = Way("title", functions, EXPIRING).visited("Ada", 0, 59.995, lost=[59.995])
    assert run.answers == {0: "Welcome Ada", 59_995: AGAIN}
    assert run.said[-1][0] == 60_005


def test_functions_can_be_given_the_virtual_clock():
    seen = []

    def made(clock):
        functions = StatefulFunctions()
        functions.register("example/greeter", lambda context, request: seen.append(clock()))
        return functions

    run = Way("title", made, EXPIRING).visited("Ada", 0, 30, 60.001)
    assert seen == [0, 30_000, 60_001]
    assert compare(run).rows[0][1] == "nothing"


def test_a_comparison_shows_who_is_a_stranger():
    never = Way("never", functions, module_with({"name": "seen_count"}))
    ways = Way("60 s", functions, EXPIRING), never
    table = compare(*(way.visited("Ada", 0, 61) for way in ways))
    assert table.heads == ["time", "60 s", "never"]
    assert table.rows[1] == ["61 s (after 61 s)", "Welcome Ada", AGAIN]
    assert table._repr_markdown_().splitlines()[-1] == (
        f"| 61 s (after 61 s) | **Welcome Ada** | {AGAIN} |"
    )


def test_a_crowd_is_counted_at_once_and_an_hour_later():
    never = Way("never", functions, module_with({"name": "seen_count"}))
    rows = crowd(Way("60 s", functions, EXPIRING), never, users=3, visits=2).rows
    assert rows == [["60 s", "6", "3", "0"], ["never", "6", "3", "3"]]


def test_the_pauses_are_drawn_and_those_that_are_too_long_are_told():
    plot = pauses(0, 30, 151.001)
    assert plot.words == (
        "Visits at 0 s, 30 s, 151.001 s. The pauses before all but the first: 30 s, 121.001 s. "
        "More than 60 s, forgotten: 121.001 s."
    )
    assert "at 151.001 s" in plot._repr_html_()
