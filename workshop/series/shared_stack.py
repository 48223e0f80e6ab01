"""One stack for all lessons of a run that use one: started once, in the background.

The holder is a process beside the run, so that the run's own environment stays what it is::

    python -m workshop.series.shared_stack NAME

For each line that it reads it sees to it that the stack is up, and prints how many seconds that
took; after the line ``fix`` a stack that is not ready is replaced by a new one, and after ``rest``
there is none until the next line. It ends with its input, and the stack with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from workshop import children
from workshop.children import own_module


class Holder:
    """Keeps the stack of a run up, once it was asked to.

    Parameters
    ----------
    name
        The name of the stack.
    environment
        The environment of the run's kernels.
    """

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        own = {key: value for key, value in environment.items() if key.startswith("WORKSHOP_")}
        self._process = subprocess.Popen(
            own_module(__name__, name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=children.environment(more=own),
            start_new_session=True,
        )

    def see_to_it(self, how: str) -> None:
        """Have the stack brought up if it is not, and return at once.

        Parameters
        ----------
        how
            ``up``; or, between two lessons, when nobody uses it, ``fix``; or ``rest``, when the
            next lesson does not need it.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{how}\n")
        self._process.stdin.flush()

    def end(self) -> list[float]:
        """Stop the stack; return the seconds of each of its starts."""
        printed, _ = self._process.communicate()
        return [float(json.loads(line)) for line in printed.splitlines()]


def main(name: str) -> None:
    """Do what :class:`Holder` asks for."""
    from workshop.stack import Stack, StackError
    from workshop.stack.view import Progress

    stack = Stack(name)
    for line in sys.stdin:
        began = time.monotonic()
        try:
            if line.strip() == "rest":
                stack.down(forget=True)
                continue
            state = stack.status().state
            if state == "ready":
                continue
            if line.strip() == "fix":
                # A lesson left it broken, or stopped it: the next one begins with nothing counted.
                stack.down(forget=True)
            stack.up(progress=Progress())
        except StackError:
            # The lesson will meet the same error and show it.
            continue
        print(json.dumps(time.monotonic() - began), flush=True)
    stack.down(forget=True)


if __name__ == "__main__":
    main(sys.argv[1])
