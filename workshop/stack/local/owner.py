"""Who may talk to the stack: programs of its own user, on Linux.

None of the stack's ports asks for a password, and on a machine with several users all of them can
reach a port on loopback. But the system knows who owns a local connection, and says so in
``/proc/net/tcp``. Every Java process of the stack looks there whenever it accepts a connection, by
the classes in ``java/workshop``: one that comes from another user is closed before anything is read
from it. Nothing changes for the owner: clients need no credentials, and a browser opens Flink's
page.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

SWITCH = "WORKSHOP_ALLOW_OTHERS"

PROOF_SECONDS = 30.0
"""How long a process may take to hang up on a connection that it must not answer."""


class OpenToOthers(Exception):
    """A process answers where it must not; the message says which."""


def keeps_others_out() -> bool:
    """Whether a stack that starts now answers its owner only.

    It does unless the environment variable ``WORKSHOP_ALLOW_OTHERS`` is ``1``, or the system does
    not say who owns a connection.
    """
    return os.environ.get(SWITCH) != "1" and _system_tells()


def _system_tells() -> bool:
    """Whether the system's table lists a connection of our own the way those classes expect it."""
    if sys.platform != "linux":
        return False
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        ends = f"0100007F:{client.getsockname()[1]:04X} 0100007F:{server.getsockname()[1]:04X}"
        try:
            with Path("/proc/self/net/tcp").open(encoding="ascii") as table:
                row = next(line.split() for line in table if f": {ends} " in line)
        except (OSError, StopIteration):
            return False
    return row[7] == str(os.getuid()) and row[9] != "0"


def options() -> list[str]:
    """The option that lets a Java process accept connections of this user only.

    Root is let in as well: it can read and change everything anyway, and what forwards a port into
    a virtual machine often runs as root.
    """
    return [f"-Dworkshop.users={'|'.join(sorted({'0', str(os.getuid())}))}"]


def prove(port: int) -> None:
    """Return once the process on ``port`` has hung up on a connection that it must refuse.

    A mistake would silently leave everything open. Nobody can become another user to try it, but a
    connection from 127.0.0.2 is refused by the same code.

    Raises
    ------
    OpenToOthers
        When the process keeps the connection.
    """
    deadline = time.monotonic() + PROOF_SECONDS
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.2", 0)) as strange:
                strange.settimeout(max(0.1, deadline - time.monotonic()))
                if strange.recv(1) == b"":
                    return
                break
        except (ConnectionError, TimeoutError):
            time.sleep(0.05)  # It ended just now, and comes back.
    raise OpenToOthers(
        f"The process on port {port} does not refuse other users of this machine. To start the "
        f"stack anyway, set {SWITCH}=1."
    )
