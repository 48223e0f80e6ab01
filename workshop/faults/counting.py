"""The count that a greeting tells: what shows whether one was lost or doubled."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FIRST_THREE = ("Welcome ", "Nice to see you again ", "Third time is a charm ")
_LATER = re.compile(r"Nice to see you at the (\d+)-nth time ")


def count_of(greeting: object) -> int:
    """Return which visit a greeting greets; 1 is the first.

    Parameters
    ----------
    greeting
        A :class:`generator.broker.Greeting`, or its text.

    Raises
    ------
    ValueError
        When it is none of the greeter's texts.
    """
    text = str(greeting)
    later = _LATER.match(text)
    if later is not None:
        return int(later[1])
    for count, beginning in enumerate(_FIRST_THREE, start=1):
        if text.startswith(beginning):
            return count
    raise ValueError(f"{text!r} is no greeting of the greeter.")


def as_runs(numbers: Iterable[int]) -> str:
    """Write numbers as runs of neighbours: 1, 2, 3 and 7 as ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in sorted({*numbers}):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs) or "none"
