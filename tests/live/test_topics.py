"""The topics of any application: their page from data alone, and then all of it on a real stack."""

from __future__ import annotations

import threading

import pytest

from tests.live.scenes import EVIL, words
from workshop.errors import WorkshopError
from workshop.live import TopicsFeed, TopicsPanel
from workshop.live.topics_feed import Topic, Topics
from workshop.live.topics_panel import TopicsScene, TopicsView, page
from workshop.live.vitals import Vitals
from workshop.own.application import Application
from workshop.own.new import make
from workshop.own.records import Record
from workshop.stack import LEAN
from workshop.stack.view import Progress


def scene(**settings):
    latest = (Record("Ada", b"\xff", 0, 1), Record(EVIL, EVIL.encode(), 0, 0))
    topics = (Topic("orders", "shop.Order", latest, 12345, 2.4), Topic(EVIL, EVIL))
    seen = Topics(1000.0, "following", topics=topics, **settings)
    return TopicsScene(Vitals(1000.0, "ready", lag=3), seen)


def test_the_page_says_all_and_holds_no_markup_of_others():
    made = page(scene(trouble=EVIL), EVIL)
    assert "<script" not in made
    told = words(made)
    for part in (
        "lag 3 records",
        "orders 12,345 so far · 2 a second key shop.Order Ada (unreadable: b'\\xff')",
        f"The topics cannot be read: {EVIL}",
    ):
        assert part in told


def test_widgets_show_it_and_are_given_back():
    view = TopicsView()
    view.show(scene())
    assert "12,345 so far" in view._topics.value
    view.dispose()


class Nowhere:
    """A stack that is down."""

    @property
    def bootstrap(self):
        raise WorkshopError("Stack x is down.", hint="start it.")


def test_without_a_stack_it_says_why(tmp_path):
    with TopicsFeed(Application(make(tmp_path / "shop")), Nowhere()) as feed:
        assert feed.wait(lambda now: now.state == "waiting", 10)
        assert "Stack x is down." in feed.snapshot().trouble
        assert [one.name for one in feed.snapshot().topics] == ["orders", "deliveries", "shipments"]


@pytest.mark.usefixtures("stacks")
def test_what_travels_through_an_application_is_seen(tmp_path, name, eventually):
    shop = Application(make(tmp_path / "shop"))
    with shop.stack(name, LEAN) as stack:
        with TopicsPanel(shop, stack) as panel:
            shop.send(stack.bootstrap, "deliveries", "tea", '{"amount": 2}')
            for customer in ("Ada", "Bob"):
                shop.send(stack.bootstrap, "orders", customer, '{"item": "tea"}')
            assert panel.feed.wait(lambda now: now["shipments"].number == 2), panel.feed.snapshot()
            now = panel.feed.snapshot()
            assert [one.key for one in now["orders"].latest] == ["Bob", "Ada"]
            assert now["deliveries"].latest[0].text == '{"amount": 2}'
            before = stack.kill("broker")
            eventually(lambda: stack.status().part("broker").pid not in (None, before.pid), 60)
            eventually(lambda: stack.status().state == "ready", 120)
            shop.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
            assert panel.feed.wait(lambda now: now["orders"].number == 3), panel.feed.snapshot()
            eventually(lambda: panel._last.vitals.lag is not None, 60)
        picture = words(panel._picture())
        assert "shipments 2 so far" in picture
        assert '{"customer": "Ada", "item": "tea", "number": 1}' in picture
        assert f"Topics of stack {name}: orders 3, deliveries 1, shipments 2" == repr(panel)
        with TopicsFeed(shop, stack) as feed:
            shop.send(stack.bootstrap, "orders", "Bob", '{"item": "tea"}')
            assert feed.wait(lambda now: now["orders"].number == 1), feed.snapshot()
            # The topics that come now are others, which begin again.
            stack.down(forget=True)
            stack.up(progress=Progress())
            shop.send(stack.bootstrap, "orders", "Eve", '{"item": "tea"}')
            eventually(lambda: [one.key for one in feed.snapshot()["orders"].latest] == ["Eve"], 60)
            assert feed.snapshot()["orders"].number == 1
    assert not [t for t in threading.enumerate() if t.name.startswith(("workshop-", "kafka-"))]
