"""The stack panel: its page and its widgets without a stack, and then all of it with a real one."""

import socket
import threading

import ipywidgets
import pytest
import requests
from IPython.display import HTML
from kafka.errors import KafkaConnectionError

from generator.broker import BrokerUnreachable
from tests.live.scenes import EVIL, Doings, parts, words
from tests.processes import all_told
from workshop.errors import WorkshopError
from workshop.live import StackPanel, panel_pages
from workshop.live.panel_pages import PanelScene
from workshop.live.panel_view import PanelView
from workshop.live.sentences import sentence
from workshop.live.switch import Switch
from workshop.live.vitals import Checkpoint, Vitals, Watch
from workshop.stack import LEAN, Part, Stack, Status, page_link
from workshop.stack.view import Progress

FLINK = "http://127.0.0.1:8081"


def scene(state="ready", flink="ready", **settings):
    parts = (
        Part("broker", "ready", memory=250_000_000),
        Part("jobmanager", flink, address=FLINK),
    )
    vitals = Vitals(1000.0, state, parts, checkpoint=Checkpoint(7, 999.8, 0.02, 100), lag=0)
    given = {"service": "broker", "log": "started"} | settings
    return PanelScene("mine", vitals, **given)


def test_the_page_says_all():
    told = words(panel_pages.page(scene(), "the caption"))
    for part in (
        "✓ Stack mine is ready",
        "broker ✓ ready 250 MB",
        "checkpoint 0.20 s ago",
        "Log of broker started",
        "the caption",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"state": "down"}, "· Stack mine is down"),
        ({"state": "restarting"}, "↻ Stack mine is restarting"),
        ({"state": "failed"}, "✗ Stack mine is failed"),
        ({"doing": "Stopping"}, "… Stopping stack mine"),
    ],
)
def test_the_headline(settings, said):
    assert said in words(panel_pages.head(scene(**settings)))


def test_the_way_to_flink_is_there_while_flink_is():
    assert f'href="{FLINK}"' in panel_pages.flink(scene())
    assert "href" not in panel_pages.flink(scene(flink="restarting"))


def test_behind_a_hub_no_link_leads_nowhere(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    assert words(panel_pages.flink(scene())) == (
        f"{FLINK} is on the hub's machine: your browser cannot reach it."
    )
    status = Status("mine", "", "ready", parts=list(scene().vitals.parts))
    for made in (panel_pages.page(scene(), ""), status._repr_html_()):
        assert "<a " not in made
    assert FLINK in status._repr_html_()
    # As lesson 08 shows it: it would fetch what looks like an address.
    assert FLINK in HTML(page_link(FLINK, "Open Flink's page")).data
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX")
    assert f'href="{FLINK}"' in status._repr_html_()


def test_a_log_is_text_and_never_markup():
    page = panel_pages.page(scene(log=EVIL, service=EVIL, troubles=(EVIL,)), EVIL)
    assert "<script" not in page
    assert EVIL in words(page)


def test_buttons_pass_on_what_a_person_does():
    doings = Doings()
    view = PanelView(doings, ["broker", "greeter"])
    buttons = [one for one in parts(view.box) if isinstance(one, ipywidgets.Button)]
    for one in buttons:
        one.click()
    assert doings.done == [("start",), ("stop",)]
    doings.error = ValueError("no such thing")
    buttons[0].click()
    assert view.trouble == "no such thing (ValueError)"
    (log,) = [one for one in parts(view.box) if isinstance(one, ipywidgets.Dropdown)]
    log.value = "greeter"
    assert view.service == "greeter"
    view.dispose()


class Slow:
    """A stack that comes up when it is let, or fails to."""

    name = "slow"

    def __init__(self):
        self.let = threading.Event()
        self.error = None

    def up(self, progress):
        assert self.let.wait(60)
        if self.error is not None:
            raise self.error


def test_one_thing_at_a_time_and_a_failure_is_told(eventually):
    slow = Slow()
    slow.error = WorkshopError("It does not start.")
    switch = Switch(slow)
    switch.start()
    assert switch.doing == "Starting"
    with pytest.raises(WorkshopError, match="still in progress"):
        switch.start()
    slow.let.set()
    eventually(lambda: not switch.doing, 60)
    assert switch.trouble == "It does not start."
    slow.error = None
    switch.start()
    eventually(lambda: not switch.doing, 60)
    assert switch.trouble == ""


def test_a_stack_is_started_watched_and_stopped(name, eventually):
    stack = Stack(name, size=LEAN)
    with StackPanel(stack) as panel:
        assert f"Stack {name} is down" in repr(panel)
        panel.start()
        eventually(
            lambda: f"Stack {name} is ready" in repr(panel),
            180,
            lambda: f"{panel!r}\n{all_told(stack)}",
        )
        assert stack.greet("Ada")[0].greeting == "Welcome Ada"
        eventually(lambda: panel._last.vitals.checkpoint is not None, 60)
        assert panel._last.flink_url == stack.flink_url
        eventually(lambda: panel._last.log == stack.logs("broker", 12) != "", 60)
        panel.stop()
        eventually(lambda: f"Stack {name} is down" in repr(panel), 60)
        assert stack.status().state == "down"
        # That nobody answers is no trouble, and the checkpoint is not shown as if it were new.
        assert panel._last.vitals.troubles == {}
        assert panel._last.vitals.checkpoint is None
    picture = words(panel._picture())
    assert f"Stack {name} is down" in picture
    assert "ConnectionError" not in picture
    assert "As it was at" in picture
    assert not [t for t in threading.enumerate() if t.name.startswith(("workshop-", "kafka-"))]


class Told:
    """A stack that is as it is told to be."""

    def __init__(self, now):
        self.now = now

    def status(self):
        return self.now


def test_what_stays_of_a_panel_is_how_the_stack_was_when_it_was_closed(eventually):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        flink = Part("jobmanager", "ready", address=f"http://127.0.0.1:{mute.getsockname()[1]}")
        stack = Told(Status("mine", "", "ready", parts=[flink]))
        watch = Watch(stack)
        eventually(lambda: watch.vitals.state == "ready", 60)
        with mute.accept()[0]:  # It asks Flink just now, and gets no answer.
            stack.now = Status("mine", "")
            watch.close()
            assert (watch.vitals.state, watch.vitals.parts) == ("down", ())
            watch._thread.join()
        assert (watch.vitals.state, watch.vitals.troubles) == ("down", {})


def test_a_panel_that_is_closed_straight_after_down_says_so(name):
    stack = Stack(name, size=LEAN)
    stack.up(progress=Progress())
    panel = StackPanel(stack)
    stack.down()
    panel.close()
    picture = words(panel._picture())
    assert f"Stack {name} is down" in picture
    assert "✓ ready" not in picture and "ConnectionError" not in picture


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (WorkshopError("It is down.", hint="start it."), "It is down. What to do: start it."),
        (requests.ConnectionError("HTTPConnectionPool(...)"), "Flink is not answering right now."),
        (KafkaConnectionError("..."), "The broker is not answering right now."),
        (BrokerUnreachable("No broker answers."), "No broker answers."),
        (ValueError("no\nsuch"), "no (ValueError)"),
        (StopIteration(), "Something unexpected went wrong (StopIteration)"),
    ],
)
def test_a_failure_is_a_sentence(error, said):
    assert sentence(error) == said
