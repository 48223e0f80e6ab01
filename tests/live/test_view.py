"""The widgets, without a stack: what they show of a scene, and what they pass on."""

import gc

import ipywidgets
import pytest

from tests.live.scenes import Doings, parts, scene
from workshop.live.dashboard_view import DashboardView
from workshop.live.fields import NameField, RateSlider


@pytest.fixture
def doings():
    return Doings()


@pytest.fixture
def view(doings):
    made = DashboardView(doings, rate=10)
    yield made
    made.dispose()


def widget(view, kind, description):
    (found,) = [
        one
        for one in parts(view.box)
        if isinstance(one, kind) and getattr(one, "description", "") == description
    ]
    return found


def field(view, kind):
    """The one field of a kind; they are named in the page, not by a description."""
    (found,) = [one for one in parts(view.box) if isinstance(one, kind)]
    return found


def type_and_greet(view, name):
    """What the page says when Enter is pressed or the button is clicked."""
    field(view, NameField)._handle_custom_msg({"greet": name}, [])


def test_the_name_that_is_greeted_is_the_one_that_came_with_the_wish(view, doings):
    type_and_greet(view, "Grace")
    type_and_greet(view, "Grace")
    # The kernel need not have heard of any text before, and what it heard later changes nothing.
    field(view, NameField).value = "Alan"
    type_and_greet(view, "")
    assert doings.done == [("greet", "Grace"), ("greet", "Grace"), ("greet", "")]


def test_text_that_is_not_sent_greets_nobody(view, doings):
    field(view, NameField).value = "Grace"
    view.show(scene())
    assert doings.done == []


def test_buttons_and_switches(view, doings):
    widget(view, ipywidgets.Checkbox, "Random names").value = True
    widget(view, ipywidgets.BoundedIntText, "a second").value = 250
    widget(view, ipywidgets.Checkbox, "Read uncommitted, too").value = True
    for part in ("TaskManager", "greeter", "broker"):
        widget(view, ipywidgets.Button, f"Kill {part}").click()
    widget(view, ipywidgets.Button, "Pause greeter").click()
    view.show(scene(vitals={"paused": frozenset({"greeter"})}))
    widget(view, ipywidgets.Button, "Resume greeter").click()
    assert doings.done == [
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
    slider = field(view, RateSlider)
    slider.value = 79
    assert box.value == 79
    box.value = 1000
    assert slider.value == 1000
    assert [rate for _, rate in doings.done] == [79, 1000]


def test_what_a_handler_raises_is_shown_until_something_works(view, doings):
    doings.error = ValueError("no such thing")
    widget(view, ipywidgets.Button, "Kill broker").click()
    assert view.trouble == "no such thing (ValueError)"
    doings.error = None
    type_and_greet(view, "Ada")
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
    view = DashboardView(doings, rate=10)
    view.show(scene())
    view.dispose()
    gc.collect()
    assert set(ipywidgets.widget._instances) - before == set()
