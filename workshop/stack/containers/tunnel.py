"""A notebook's port at the greeter's address in the containers' network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from workshop.stack.containers import relay
from workshop.stack.engines import Container

GREETER_PORT = 8000
END_SECONDS = 5


class Tunnel:
    """Two ends of :mod:`workshop.stack.containers.relay`: in a container, and on this machine.

    Parameters
    ----------
    program
        The container engine.
    name
        What the container is called.
    greeter
        The container whose place it takes: its image has a Python.
    port
        The port on this machine.
    """

    def __init__(self, program: str, name: str, greeter: Container, port: int) -> None:
        source = Path(relay.__file__)
        self._inside: subprocess.Popen[bytes] = subprocess.Popen(
            [
                *(program, "run", "--rm", "--interactive", "--name", name),
                *("--network", greeter.networks[0], "--network-alias", "python-worker"),
                *("--entrypoint", "python", greeter.image),
                *("-u", "-c", source.read_text(encoding="utf-8"), "listen", str(GREETER_PORT)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._outside: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, str(source), "connect", str(port)],
            stdin=self._inside.stdout,
            stdout=self._inside.stdin,
            start_new_session=True,
        )
        for mine in (self._inside.stdin, self._inside.stdout):
            if mine is not None:
                mine.close()  # Else neither end would notice that the other is gone.

    def close(self) -> None:
        """End both."""
        self._outside.terminate()
        self._outside.wait()
        try:
            self._inside.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._inside.terminate()
            self._inside.wait()
