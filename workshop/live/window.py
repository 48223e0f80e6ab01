"""What happened in the last minute, second by second, in a memory that does not grow."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

SECONDS = 60

# Latencies are kept in classes that are 4 % wide: a percentile is off by 2 % at most.
_STEP = math.log(1.04)


@dataclass(frozen=True)
class Percentiles:
    """Latencies in seconds, each within 2 %; None when there was none.

    Attributes
    ----------
    p50, p95, p99
        So many per cent of the latencies are at most this.
    number
        How many latencies there were.
    """

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    number: int = 0


@dataclass(frozen=True)
class Second:
    """What happened in one second.

    Attributes
    ----------
    at
        The second, since 1970.
    sent, greeted
        How many names and greetings arrived.
    latency
        Of the greetings that came in it.
    """

    at: int
    sent: int
    greeted: int
    latency: Percentiles


class Histogram:
    """Counts latencies in classes of growing width."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one latency."""
        self._classes[round(math.log(max(seconds, 0.0005)) / _STEP)] += 1

    def merge(self, other: Histogram) -> None:
        """Add everything that another one counted."""
        self._classes.update(other._classes)

    def percentiles(self) -> Percentiles:
        """Return the percentiles of what was counted."""
        number = self._classes.total()
        if not number:
            return Percentiles()
        ranks = [math.ceil(number * share) for share in (0.5, 0.95, 0.99)]
        found: list[float] = []
        passed = 0
        for middle, count in sorted(self._classes.items()):
            passed += count
            while len(found) < len(ranks) and passed >= ranks[len(found)]:
                found.append(math.exp(middle * _STEP))
        return Percentiles(found[0], found[1], found[2], number)


@dataclass
class _Bucket:
    at: int
    sent: int
    greeted: int
    latency: Histogram
    percentiles: Percentiles | None = None


class Window:
    """The last minute.

    Examples
    --------
    >>> window = Window()
    >>> window.greeted(at=100.2)
    >>> window.rate(now=101.0)
    1.0
    """

    def __init__(self) -> None:
        self._buckets: dict[int, _Bucket] = {}

    def sent(self, at: float) -> None:
        """Count one name that was sent at ``at``, in seconds since 1970."""
        self._bucket(at).sent += 1

    def greeted(self, at: float) -> None:
        """Count one greeting that came at ``at``."""
        self._bucket(at).greeted += 1

    def measured(self, at: float, latency: float) -> None:
        """Count the latency of a greeting that came at ``at``."""
        bucket = self._bucket(at)
        bucket.latency.add(latency)
        bucket.percentiles = None

    def rate(self, now: float, over: int = 5) -> float:
        """Return the greetings a second, over the last full seconds."""
        last = int(now)
        known = [at for at in self._buckets if last - over <= at < last]
        if not known:
            return 0.0
        return sum(self._buckets[at].greeted for at in known) / (last - min(known))

    def percentiles(self, now: float) -> Percentiles:
        """Return the percentiles of the last minute and the second that is running."""
        whole = Histogram()
        for at, bucket in self._buckets.items():
            if at >= int(now) - SECONDS:
                whole.merge(bucket.latency)
        return whole.percentiles()

    def seconds(self, now: float) -> list[Second]:
        """Return the last minute, oldest second first; the one that is running is left out."""
        made = []
        for at in range(int(now) - SECONDS, int(now)):
            bucket = self._buckets.get(at)
            if bucket is None:
                made.append(Second(at, 0, 0, Percentiles()))
                continue
            if bucket.percentiles is None:
                bucket.percentiles = bucket.latency.percentiles()
            made.append(Second(at, bucket.sent, bucket.greeted, bucket.percentiles))
        return made

    def _bucket(self, at: float) -> _Bucket:
        second = int(at)
        bucket = self._buckets.get(second)
        if bucket is None:
            bucket = self._buckets[second] = _Bucket(second, 0, 0, Histogram())
            while len(self._buckets) > SECONDS + 5:
                del self._buckets[min(self._buckets)]
        return bucket
