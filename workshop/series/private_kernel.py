"""Kernels that no other login of this machine can listen to.

By default, the channels of a kernel are ports on loopback, and its output channel answers anyone
who subscribes. Here they are sockets in a folder that is closed to others. The folder is a short
one: a socket's path has room for about a hundred bytes, less than many a home takes.

Where such a folder is not possible, the channels are ports as usual, encrypted with a key in the
kernel's connection file, which others cannot read either.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import itertools
import os
import shutil
import socket
import tempfile
from pathlib import Path

import zmq
from jupyter_client.manager import AsyncKernelManager, KernelManager
from traitlets import default

_PREFIX = "statefun-kernels-"
_LONGEST = "/99999-5"
_numbers = itertools.count(1)


class PrivateChannels(KernelManager):
    """A manager whose kernels have private channels, unless its configuration says otherwise."""

    @default("transport")
    def _sockets_if_possible(self) -> str:
        return "ipc" if sockets_folder() else "tcp"

    @default("transport_encryption")
    def _encrypted_ports_otherwise(self) -> str:
        return "auto" if self.transport == "tcp" and zmq.has("curve") else "disabled"

    def _ip_default(self) -> str:
        folder = sockets_folder() if self.transport == "ipc" else None
        # A number follows for each channel.
        if folder:
            return f"{folder}/{next(_numbers)}"
        return super()._ip_default()


class PrivateKernelManager(PrivateChannels, AsyncKernelManager):
    """What the runner starts its kernels with."""


@functools.cache
def sockets_folder() -> str | None:
    """The folder of this process for its kernels' sockets, made at the first call.

    It goes with this process; after a SIGKILL, when the next one of the same user makes its own.
    """
    for choose in (_of_the_login, tempfile.gettempdir, lambda: "/tmp"):
        with contextlib.suppress(OSError, KeyError):
            base = Path(choose())
            _tidy(base)
            made = tempfile.mkdtemp(prefix=_PREFIX, dir=base)
            atexit.register(shutil.rmtree, made, ignore_errors=True)
            _claim(made)
            # Not every file system takes sockets, nor every length of path.
            with socket.socket(socket.AF_UNIX) as trial:
                trial.bind(made + _LONGEST)
            Path(made + _LONGEST).unlink()
            return made
    return None


def _of_the_login() -> str:
    return os.environ["XDG_RUNTIME_DIR"]


def _claim(folder: Path | str) -> int:
    """Lock a folder for as long as this process lives; also a cleaner of /tmp respects that."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _tidy(base: Path) -> None:
    """Delete the folders of processes that were killed."""
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid == os.getuid():
                handle = _claim(folder)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)
