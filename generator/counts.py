"""What a greeting says: who is greeted, and which visit that is."""

from __future__ import annotations

import re

# The greeter's four greetings, in reverse. A name may be anything, including digits and line ends.
_TEXTS = [
    (1, re.compile(r"Welcome (?P<name>.*)", re.DOTALL)),
    (2, re.compile(r"Nice to see you again (?P<name>.*)", re.DOTALL)),
    (3, re.compile(r"Third time is a charm (?P<name>.*)", re.DOTALL)),
    (0, re.compile(r"Nice to see you at the (?P<count>[0-9]+)-nth time (?P<name>.*)!", re.DOTALL)),
]


def told_by(greeting: str) -> tuple[str, int] | None:
    """Return the name and the count in a greeting; None if it is none of the four greetings.

    Examples
    --------
    >>> told_by("Third time is a charm Ada")
    ('Ada', 3)
    >>> told_by("Nice to see you at the 12-nth time R2D2!")
    ('R2D2', 12)
    """
    # Most have come more than three times.
    for count, text in reversed(_TEXTS):
        found = text.fullmatch(greeting)
        if found is not None:
            return found["name"], count or int(found["count"])
    return None
