"""The count in a greeting, which shows whether one was lost or doubled."""

from __future__ import annotations

from collections.abc import Iterable

from generator.counts import told_by


def count_of(greeting: object) -> int:
    """Return which visit a greeting is for; 1 is the first.

    Parameters
    ----------
    greeting
        A :class:`generator.broker.Greeting`, or its text.

    Raises
    ------
    ValueError
        If it is not one of the greeter's greetings.
    """
    text = str(greeting)
    told = told_by(text)
    if told is None:
        raise ValueError(f"{text!r} is not one of the greeter's greetings.")
    return told[1]


def as_runs(numbers: Iterable[int]) -> str:
    """Write numbers as runs of neighbours: 1, 2, 3 and 7 as ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in sorted({*numbers}):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs) or "none"
