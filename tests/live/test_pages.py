"""The dashboard's HTML, made from data alone."""

import html
import re

import pytest

from tests.live.scenes import EVIL, scene, words
from workshop.live import dashboard_pages as pages
from workshop.live.charts import Line, in_words, line_chart, number, top_of
from workshop.live.ledger import Verdict
from workshop.live.recovery import Outage
from workshop.live.snapshot import Arrival, Early
from workshop.live.window import Percentiles
from workshop.stack.status import Part


def test_the_page_says_all(request):
    told = words(pages.page(scene(), "the caption"))
    for part in (
        "✓ Nothing lost, nothing doubled",
        "15 sent · 15 greeted · 0 on their way · 0 missing · 0 doubled",
        "Welcome Ada 0.25 s",
        "✓ ready 250 MB",
        "↻ restarting ↻ 2",
        "checkpoint 0.20 s ago took 0.02 s",
        "lag 3 names since then",
        "p50 0.10 s p95 0.20 s",
        "the caption",
    ):
        assert part in told


def test_a_name_is_text_and_never_markup():
    page = pages.page(scene(troubles=(EVIL,), feed={"trouble": EVIL}), EVIL)
    assert "<script" not in page
    assert html.escape(EVIL) in page
    assert EVIL in words(page)


@pytest.mark.parametrize(
    ("settings", "kind", "said"),
    [
        ({"feed": {"verdict": Verdict()}}, "good", "No name has been sent yet"),
        ({"feed": {"verdict": Verdict(9, 7, missing=2)}}, "bad", "2 missing, 0 doubled"),
        ({"feed": {"verdict": Verdict(9, 9, doubled=1)}}, "bad", "0 missing, 1 doubled"),
        ({"outage": Outage("broker killed", 990.0)}, "busy", "broker killed: nothing lost"),
        ({"vitals": {"paused": frozenset({"greeter"})}}, "busy", "The greeter is paused"),
    ],
)
def test_the_headline(settings, kind, said):
    shown = scene(**settings)
    assert pages.kind(shown) == kind
    assert said in pages.headline(shown)
    assert said in words(pages.verdict(shown))


def test_the_last_recovery_and_what_uncommitted_shows():
    last = Outage("TaskManager killed", 900.0, 906.4)
    early = Early(100, 12, Percentiles(0.03, 0.05, 0.06, 100))
    told = words(pages.verdict(scene(last=last, feed={"early": early})))
    assert "caught up after 6.40 s" in told
    assert "Read uncommitted: 100 greetings, 12 of them twice, half within 0.03 s" in told


def test_a_wait_that_is_long_is_told():
    waits = Verdict(sent=20, greeted=10, oldest=990_000)
    assert "10 on their way, the oldest for 10.0 s" in words(
        pages.verdict(scene(feed={"verdict": waits}))
    )


def test_the_page_does_not_move_when_greetings_come():
    def rows(latest):
        return pages.feed(scene(feed={"latest": latest})).count("<tr")

    one = Arrival("Ada", "Welcome Ada", 999.0, 0.25)
    assert rows(()) == rows((one,)) == rows((one,) * 50) == pages.FEED_ROWS + 2


def test_ones_own_last_greeting_is_not_mistaken_for_one_that_came_twice():
    one = Arrival("Ada", "Welcome Ada", 999.0, 0.25)
    told = words(pages.feed(scene(feed={"latest": (one,), "yours": one})))
    assert told.count("Your last: Welcome Ada") == 1
    assert told.count("Welcome Ada") == 2


def test_a_number_of_restarts_says_what_it_counts():
    assert Part("greeter", restarts=2).again == "2 restarts"
    assert Part("broker", restarts=1).again == "1 restart"
    assert Part("job", restarts=27).again == "27 attempts"
    assert Part("job").again == ""
    assert 'title="2 restarts"' in pages.chips(scene().vitals)


def test_a_chart_says_the_same_in_words():
    lines = [Line("sent", [None, 3.0, 12.0]), Line("greeted", [None, None, None])]
    told = in_words("Names a second", lines)
    assert told == (
        "Names a second, last minute: sent now 12, between 3 and 12; greeted nothing yet."
    )
    assert f'aria-label="{told}"' in line_chart("Names a second", lines)


def test_a_line_is_broken_where_there_is_nothing():
    chart = line_chart("x", [Line("a", [1.0, 2.0, None, 4.0])])
    assert len(re.findall("<polyline", chart)) == 2


@pytest.mark.parametrize(
    ("values", "top"), [([], 1), ([0.0], 1), ([1.0], 1), ([3.2], 5), ([51], 100), ([0.13], 0.2)]
)
def test_the_axis_ends_at_a_round_number(values, top):
    assert top_of([Line("a", values)]) == pytest.approx(top)


def test_numbers():
    assert number(None) == "–"
    assert number(12345.6) == "12,346"
    assert number(0.256, "s") == "0.26 s"
    assert number(12.34, "s") == "12.3 s"
