"""A small process that ends what the supervisor has started, if the supervisor is killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys

_SCRIPT = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    group = int(line)
    groups.add(group) if group > 0 else groups.discard(-group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class Reaper:
    """The reaper of this process: when its own input ends, it knows that this process has ended.

    Attributes
    ----------
    pid
        Its process id.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self.pid = self._process.pid

    def tell(self, group: int) -> None:
        """Name a process group that it would have to end; its negative once that has ended."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(f"{group}\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """Let it end everything it still knows about, and wait for that."""
        self._process.communicate()
