"""Nothing that a run starts outlives it, even if the run is killed.

Every kernel of a run, and so every process that it starts, has the environment variable
``WORKSHOP_RUN``: the kernel's folder, which lies in that of the run. A small process, the reaper,
waits for the end of the run, ends all that still has the variable, and deletes the folder::

    python -m workshop.series.leftovers FOLDER

The processes of a stack are left to their supervisor, or to the shell that takes down containers:
those know how to stop them, and have a while to do so.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from workshop.children import environment, own_module

VARIABLE = "WORKSHOP_RUN"
STACK_SECONDS = 60
"""How long the stacks of a run may take to stop; containers take longest."""

_STOPS_A_STACK = ("workshop.stack.local.supervisor", "--stack=compose")
"""On the command line of the supervisor, and of the watcher of containers."""


class Reaper:
    """The reaper of one run.

    Parameters
    ----------
    folder
        The folder of the run: the value of the variable, deleted in the end.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            own_module(__name__, str(folder)),
            stdin=subprocess.PIPE,
            env=environment(more={VARIABLE: ""}),
            # Ctrl-C in a terminal does not reach it.
            start_new_session=True,
        )

    def end(self) -> None:
        """Let it do its work, and wait for it."""
        self._process.communicate()


def end_marked(folder: Path, spare_stacks: bool) -> None:
    """Kill the processes that have the variable, set to a folder in this one.

    Parameters
    ----------
    folder
        That of a run or of a kernel.
    spare_stacks
        Leave those that belong to a stack, as long as its supervisor lives.
    """
    for process in marked(folder):
        with contextlib.suppress(psutil.Error):
            if spare_stacks and _of_a_stack(process):
                continue
            process.kill()


def marked(folder: Path) -> Iterator[psutil.Process]:
    """Yield the processes that have the variable, set to a folder in this one."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            value = process.environ().get(VARIABLE)
            if value and folder in [Path(value), *Path(value).parents]:
                yield process


def _of_a_stack(process: psutil.Process) -> bool:
    for link in [process, *process.parents()]:
        # A parent that has just been killed has no command line any more.
        with contextlib.suppress(psutil.Error):
            if any(one in link.cmdline() for one in _STOPS_A_STACK):
                return True
    return False


def main(folder: Path) -> None:
    """Wait for the end of the run's process, which holds the other end of the input; clean up."""
    sys.stdin.read()
    deadline = time.monotonic() + STACK_SECONDS
    while any(marked(folder)) and time.monotonic() < deadline:
        end_marked(folder, spare_stacks=True)
        time.sleep(0.1)
    end_marked(folder, spare_stacks=False)
    while folder.exists() and time.monotonic() < deadline + 1:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
