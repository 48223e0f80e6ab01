"""What views are shown, made from data alone, and what a page of theirs says."""

from __future__ import annotations

from html.parser import HTMLParser

from workshop.live.ledger import Verdict
from workshop.live.scene import Scene
from workshop.live.snapshot import Arrival, Snapshot
from workshop.live.vitals import Checkpoint, Vitals
from workshop.live.window import Percentiles, Second
from workshop.stack import Part

EVIL = "<script>alert('&\"')</script>"


def scene(**settings):
    feed = {
        "at": 1000.0,
        "state": "following",
        "latest": (Arrival("Ada", "Welcome Ada", 999.0, 0.25), Arrival(EVIL, EVIL, 998.0, None)),
        "counts": (("Ada", 12), (EVIL, 3)),
        "names": 2,
        "verdict": Verdict(sent=15, greeted=15),
        "minute": Percentiles(0.2, 0.4, 0.5, 15),
        "seconds": tuple(
            Second(940 + n, n, n, Percentiles(0.1, 0.2, 0.3, 1) if n % 2 else Percentiles())
            for n in range(60)
        ),
        **settings.pop("feed", {}),
    }
    parts = (
        Part("broker", "ready", memory=250_000_000),
        Part("greeter", "restarting", restarts=2, detail=EVIL),
    )
    vitals = Vitals(
        1000.0, "ready", parts, checkpoint=Checkpoint(7, 999.8, 0.02, 100), lag=3,
        **settings.pop("vitals", {}),
    )  # fmt: skip
    return Scene(Snapshot(**feed), vitals, **settings)


def words(markup):
    """The text of a page, and a check that every element is closed."""
    open_tags, text = [], []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attributes):
            open_tags.append(tag)

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

        def handle_data(self, data):
            if "style" not in open_tags:
                text.append(data)

    Parser().feed(markup)
    assert open_tags == []
    return " ".join(" ".join(text).split())


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


def parts(one):
    yield one
    for child in getattr(one, "children", ()):
        yield from parts(child)
