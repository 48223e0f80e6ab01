"""What kind of machine this is: one with processes, or a browser tab. It is asked here alone."""

from __future__ import annotations

import sys

__all__ = ["IN_BROWSER", "LESSONS_IN_BROWSER", "engine_can_run"]

IN_BROWSER = sys.platform == "emscripten"
"""Whether Python runs in a browser tab: without processes, sockets and threads."""

LESSONS_IN_BROWSER = "00", "01", "02", "03", "04", "05", "06", "07", "10"
"""The lessons that need no engine, or need it for one part only."""


def engine_can_run() -> bool:
    """Whether the real engine can run here; where it cannot, print why."""
    if IN_BROWSER:
        print(
            "The engine and the broker are programs of their own, and a browser tab runs none.\n"
            "Install the series on a machine of yours to run this part; its page in the book shows "
            "what comes out."
        )
    return not IN_BROWSER
