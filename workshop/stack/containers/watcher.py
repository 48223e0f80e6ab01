"""A shell that takes containers down if the process that started them does not get to do so."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from workshop.children import own_module

_SCRIPT = """\
mark=$1 whose=$2
shift 2
while read -r word; do last=$word; done
case $last in over) exit ;; *[0-9]) kill "$last" ;; esac
test "$(cat "$mark")" = "$whose" && exec "$@"
"""
"""Reads to the end of its input, which comes with the end of the process that writes."""


class Watcher:
    """Watches this process.

    Parameters
    ----------
    mark
        The file that says who started the containers.
    whose
        What it says if this process did.
    name
        The name of the stack.
    forget
        Whether to delete the saved state of the stack, too.
    """

    OVER, UP = "over", "up"

    def __init__(self, mark: Path, whose: str, name: str, forget: bool) -> None:
        down = own_module("workshop", "down", "--stack=compose", f"--name={name}")
        self._shell = subprocess.Popen(
            [
                *("sh", "-c", _SCRIPT, "watcher", str(mark), whose),
                *(*down, *(["--forget"] if forget else [])),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def tell(self, word: str) -> None:
        """Say how it stands: :attr:`OVER`, :attr:`UP`, or the process id of a compose that runs."""
        with contextlib.suppress(BrokenPipeError):
            print(word, file=self._shell.stdin, flush=True)
        if word == self.OVER:
            self._shell.communicate()
