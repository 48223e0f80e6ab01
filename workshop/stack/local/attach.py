"""Whether the running stack is the one that was asked for, and if not, what differs."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from workshop.stack.local.services import Settings
from workshop.stack.status import Status


def differences(running: Status, wanted: Settings, any_size: bool) -> list[str]:
    """Say what differs, each in a clause with the running stack as its subject.

    Parameters
    ----------
    any_size
        Whether a stack of another size will do.
    """
    found = []
    if running.engine != wanted.engine:
        return [f"runs StateFun {running.engine}, not {wanted.engine}"]
    if running.module_hash != content_hash(wanted.module):
        found.append(
            f"runs {running.module}, not {wanted.module}"
            if running.module != wanted.module
            else f"runs {running.module} as it was before it changed"
        )
    if running.python_path != wanted.python_path:
        found.append(f"imports its functions from {running.python_path}, not {wanted.python_path}")
    its = _served(running.serve, running.python_path)
    ours = _served(wanted.serve, wanted.python_path)
    if _interpreter(its[0]) != _interpreter(ours[0]):
        found.append(f"serves them with {its[0]}, not {ours[0]}")
    if its[1:] != ours[1:]:
        only_its = [word for word in its[1:] if word not in ours] or its[1:]
        only_ours = [word for word in ours[1:] if word not in its] or ours[1:]
        found.append(f"serves {' '.join(only_its)}, not {' '.join(only_ours)}")
    if not any_size and running.size != wanted.size:
        found.append(f"has {running.size}, not {wanted.size}")
    return found


def content_hash(file: str) -> str:
    """What tells one content of a file from another; empty if it cannot be read."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def _served(command: list[str], python_path: str) -> list[str]:
    """The command without the folder, which :func:`differences` compares by itself."""
    pairs = zip(["", *command], command, strict=False)
    return ["" if pair == ("--folder", python_path) else pair[1] for pair in pairs]


def _interpreter(program: str) -> tuple[Path, Path]:
    """A program, whatever its name: an environment has ``python`` and ``python3.11`` for one.

    The folder tells environments apart, which share an interpreter, and the interpreter tells
    apart those that share a folder, as a system's do.
    """
    path = Path(shutil.which(program) or program)
    return path.parent.resolve(), path.resolve()
