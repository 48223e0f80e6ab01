"""The small parts of workshop.faults; lesson 11 runs them against the real stack."""

import threading
from collections import Counter
from types import SimpleNamespace

import pytest

from generator.broker import Greeting
from greeter.greeter import compute_greeting
from workshop.faults import Traffic, as_runs, count_of, watch
from workshop.faults.traffic import TrafficError
from workshop.live.ledger import count_in
from workshop.stack import LEAN, Part, Stack, Status


def greeting(name: str, count: int) -> Greeting:
    return Greeting(name, name, compute_greeting(name, count).greeting, 0, count, 0)


@pytest.mark.parametrize("name", ["Ada", "R2D2", "7-nth time Ada!", "Welcome ", "a\nb", ""])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 17, 1234])
def test_the_count_is_read_from_every_greeting(name, count):
    assert count_of(greeting(name, count)) == count


@pytest.mark.parametrize(
    "text",
    [
        "Hello Ada",
        "Nice to see you at the ٤-nth time Ada!",
        "Nice to see you at the 4-nth time Ada",
        "Nice to see you at the four-nth time Ada!",
    ],
)
def test_what_is_no_greeting_has_no_count(text):
    with pytest.raises(ValueError, match=f"'{text}' is not one of the greeter's"):
        count_of(text)
    # The dashboard and lesson 11 read the same count.
    assert count_in(text, "Ada") is None


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], "none"), ([3], "3"), ([2, 1, 3, 7, 7], "1-3, 7"), ([1, 3, 4], "1, 3-4")],
)
def test_numbers_as_runs(numbers, text):
    assert as_runs(numbers) == text


def test_the_plot_says_how_long_nothing_came_after_each_kill():
    traffic = Traffic(SimpleNamespace(), ["Ada"], per_second=2)
    traffic._times = {
        "sent": [0.1, 0.6, 1.1, 1.6, 2.1, 2.6],
        "uncommitted": [0.2, 0.7, *[5.5] * 5],
        "committed": [0.2, 0.7, *[5.7] * 4, 7, 9],
    }
    traffic._kills = [(1.2, "broker"), (6.0, "greeter")]
    plot = traffic.plot()
    assert plot.words == (
        "Names sent: 6, at a steady rate. Greetings committed: 8. They stood still after each kill "
        "(broker 5 s, greeter 2 s) and then caught up. A reader of uncommitted ones got 7."
    )
    drawn = plot._repr_html_()
    assert ">broker<" in drawn
    assert "committed" in drawn


class Played:
    """Traffic whose stack is told what to say, look by look."""

    def __init__(self, *looks):
        self.sent = Counter({"Ada": 1})
        self.committed = [greeting("Ada", 1)]
        self.stack = SimpleNamespace(status=lambda: self.look(next(looks)))
        looks = iter(looks)
        self.marks = []

    def look(self, state):
        if state == "greeted":
            self.committed.append(greeting("Ada", 2))
            state = "ready"
        part = Part("greeter", state, detail="ended" if state != "ready" else "fine")
        return Status("mine", "/mine", "ready" if state == "ready" else "restarting", parts=[part])

    def mark(self, part):
        self.marks.append(part)

    def must_flow(self):
        pass

    check = must_flow


def test_a_recovery_tells_what_changed_until_a_new_name_is_greeted():
    traffic = Played("ready", "restarting", "restarting", "ready", "greeted", "never asked")
    recovery = watch("greeter", traffic, calm=0)
    assert [row[1:] for row in recovery.changes] == [
        ("greeter", "restarting", "ended"),
        ("greeter", "ready", ""),
    ]
    assert recovery.seconds >= recovery.changes[-1][0]
    assert traffic.marks == ["greeter"]
    lines = str(recovery).splitlines()
    assert lines[0].split()[0] == "seconds" and "killed" in lines[1]
    assert "greeted" in lines[-1]
    assert recovery._repr_markdown_().count("\n| 0.") == len(lines) - 1 == 4


def test_watching_without_traffic_is_an_error_at_once():
    traffic = Traffic(SimpleNamespace(), ["Ada"])
    with pytest.raises(TrafficError, match="No names are sent(?s:.*)start the traffic"):
        watch("greeter", traffic)


def test_a_recovery_that_does_not_come_is_a_reason():
    with pytest.raises(Exception, match="No new name was greeted within 0 s(?s:.*)greeter"):
        watch("greeter", Played("restarting", "restarting"), timeout=0)


def test_traffic_that_is_given_up_leaves_no_thread(name):
    before = {*threading.enumerate()}
    with Stack(name, size=LEAN) as stack:
        traffic = Traffic(stack, ["Ada"], per_second=50).start()
        traffic.wait(count=10)
        stack.down()
        with pytest.raises(TrafficError):
            traffic.stop(timeout=3)
    assert not [thread for thread in threading.enumerate() if thread not in before]
