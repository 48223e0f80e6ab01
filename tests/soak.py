"""Tests that can run long: ``make test`` has them short, ``make soak`` has them long."""

import os

from hypothesis import settings

LONG = bool(os.environ.get("WORKSHOP_SOAK"))
SECONDS = 3600
"""The most that one of them may take when it runs long."""


def amount(short: int, long: int) -> int:
    """Return how much a test does."""
    return long if LONG else short


def examples(number: int) -> settings:
    """Settings with a number of random examples: fewer in ``make quick``, more in ``make soak``."""
    return settings(max_examples=number * settings().max_examples // 100)
