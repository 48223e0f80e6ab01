"""The last minute: rates and percentiles, in a memory that does not grow."""

import random

import pytest

from workshop.live.window import SECONDS, Histogram, Window


def test_percentiles_are_within_two_per_cent():
    choice = random.Random(1)
    values = sorted(choice.lognormvariate(-1, 0.7) for _ in range(10_000))
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    found = histogram.percentiles()
    assert found.number == 10_000
    assert found.p50 == pytest.approx(values[4999], rel=0.025)
    assert found.p95 == pytest.approx(values[9499], rel=0.025)
    assert found.p99 == pytest.approx(values[9899], rel=0.025)


def test_no_latency_is_none_and_one_is_itself():
    histogram = Histogram()
    assert histogram.percentiles().p50 is None
    histogram.add(0.25)
    assert histogram.percentiles().p99 == pytest.approx(0.25, rel=0.025)
    histogram.add(0.0)  # Two clocks' milliseconds may be the same.
    assert histogram.percentiles().number == 2


def test_a_minute_is_kept_whatever_happens():
    window = Window()
    for second in range(1000):
        for _ in range(second % 7):
            window.sent(second)
            window.greeted(second + 0.5)
            window.measured(second + 0.5, 0.2)
    seconds = window.seconds(1000.9)
    assert [one.at for one in seconds] == list(range(1000 - SECONDS, 1000))
    assert [one.greeted for one in seconds] == [one.at % 7 for one in seconds]
    assert [one.sent for one in seconds] == [one.at % 7 for one in seconds]
    assert window.percentiles(1000.9).number == sum(one.greeted for one in seconds)
    assert len(window._buckets) <= SECONDS + 5


def test_the_rate_is_over_full_seconds():
    window = Window()
    assert window.rate(50.0) == 0
    for tick in range(200):
        window.greeted(100 + tick / 100)
    assert window.rate(102.0) == 100
    assert window.rate(102.9) == 100
    assert window.rate(110.0) == 0


def test_a_silent_minute_has_seconds_too():
    assert {one.greeted for one in Window().seconds(500.0)} == {0}
