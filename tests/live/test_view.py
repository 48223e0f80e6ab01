"""The widgets, without a stack: what they show of a scene, and what they pass on."""

import gc
import time

import ipywidgets
import pytest

from tests.live.test_pages import scene
from workshop.live.view import SUBMIT_SECONDS, View


class Doings:
    """Notes what a person did; does what it is told to fail with."""

    def __init__(self):
        self.done = []
        self.error = None

    def __getattr__(self, what):
        def do(*arguments):
            self.done.append((what, *arguments))
            if self.error is not None:
                raise self.error

        return do


@pytest.fixture
def doings():
    return Doings()


@pytest.fixture
def view(doings):
    made = View(doings, rate=10)
    yield made
    made.dispose()


def widget(view, kind, description):
    def search(one):
        if isinstance(one, kind) and getattr(one, "description", "") == description:
            yield one
        for child in getattr(one, "children", ()):
            yield from search(child)

    (found,) = search(view.box)
    return found


def press_enter(box):
    box._handle_custom_msg({"event": "submit"}, [])


def test_enter_sends_what_is_typed_though_the_key_comes_first(view, doings):
    box = widget(view, ipywidgets.Text, "Name")
    press_enter(box)
    box.value = "Grace"
    assert doings.done == [("greet", "Grace")]
    time.sleep(SUBMIT_SECONDS + 0.1)
    view.settle()
    assert len(doings.done) == 1


def test_enter_again_sends_the_same_name_again(view, doings):
    press_enter(widget(view, ipywidgets.Text, "Name"))
    view.settle()
    assert doings.done == []  # Perhaps its text is still on the way.
    time.sleep(SUBMIT_SECONDS + 0.1)
    view.settle()
    assert doings.done == [("greet", "Ada")]


def test_leaving_the_box_sends_nothing(view, doings):
    widget(view, ipywidgets.Text, "Name").value = "Grace"
    view.settle()
    assert doings.done == []


def test_buttons_and_switches(view, doings):
    widget(view, ipywidgets.Button, "Greet").click()
    widget(view, ipywidgets.Checkbox, "Random names").value = True
    widget(view, ipywidgets.BoundedIntText, "a second").value = 250
    widget(view, ipywidgets.Checkbox, "Read uncommitted, too").value = True
    for part in ("TaskManager", "greeter", "broker"):
        widget(view, ipywidgets.Button, f"Kill {part}").click()
    widget(view, ipywidgets.Button, "Pause greeter").click()
    view.show(scene(vitals={"paused": frozenset({"greeter"})}))
    widget(view, ipywidgets.Button, "Resume greeter").click()
    assert doings.done == [
        ("greet", "Ada"),
        ("random_names", True),
        ("at_rate", 250),
        ("read_uncommitted", True),
        ("kill", "taskmanager"),
        ("kill", "greeter"),
        ("kill", "broker"),
        ("pause",),
        ("resume",),
    ]


def test_the_slider_and_the_box_beside_it_agree(view, doings):
    box = widget(view, ipywidgets.BoundedIntText, "a second")
    slider = widget(view, ipywidgets.FloatLogSlider, "")
    slider.value = 79.4
    assert box.value == 79
    box.value = 1000
    assert slider.value == 1000
    assert [rate for _, rate in doings.done] == [79, 1000]


def test_what_a_handler_raises_is_shown_until_something_works(view, doings):
    doings.error = ValueError("no such thing")
    widget(view, ipywidgets.Button, "Kill broker").click()
    assert view.trouble == "ValueError: no such thing"
    doings.error = None
    widget(view, ipywidgets.Button, "Greet").click()
    assert view.trouble == ""


def test_only_what_differs_is_sent(view, monkeypatch):
    view.show(scene())
    sent = []
    monkeypatch.setattr(
        ipywidgets.Widget, "send_state", lambda self, key=None: sent.append((self, key))
    )
    for _ in range(10):
        view.show(scene())
    assert sent == []
    for tick in range(10):
        view.show(scene(feed={"at": 2000.0 + tick, "rate": tick + 1.0}))
    assert 10 <= len(sent) <= 30


def test_disposing_gives_every_widget_back(doings):
    before = set(ipywidgets.widget._instances) if hasattr(ipywidgets, "widget") else set()
    view = View(doings, rate=10)
    view.show(scene())
    view.dispose()
    gc.collect()
    assert set(ipywidgets.widget._instances) - before == set()
