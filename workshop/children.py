"""What a process that the workshop starts inherits: an environment that is built, not passed on.

A login's own environment contains many things that change what Java, Python or an HTTP client does:
``JAVA_TOOL_OPTIONS``, ``PYTHONPATH``, ``http_proxy``, a language with different capital letters.
Whether counts are right must not depend on any of that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workshop.paths import ROOT, own_paths

_KEPT = (
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "TZ",
    # An interpreter that was built by hand, or by conda, may not start without it.
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)

_START = (
    "import runpy, sys; root, name = sys.argv[1:3]; del sys.argv[:2]; sys.path.insert(0, root); "
    "runpy.run_module(name, run_name='__main__', alter_sys=True)"
)


def environment(tmp: Path | None = None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child.

    Parameters
    ----------
    tmp
        Where the child puts its scratch files; the system's own folder for them unless given.
    more
        Additional variables that this child needs.
    """
    kept = {key: value for key, value in os.environ.items() if key.startswith("WORKSHOP_")}
    kept |= {key: os.environ[key] for key in _KEPT if key in os.environ}
    if tmp is not None or "TMPDIR" in os.environ:
        kept["TMPDIR"] = str(tmp) if tmp is not None else os.environ["TMPDIR"]
    return {
        **kept,
        **own_paths(),
        # Paths are UTF-8, and capital letters are those of English, whatever the login speaks.
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONSAFEPATH": "1",  # What lies in the folder where it runs is not a module of ours.
        "PYTHONUNBUFFERED": "1",  # What is printed is in the log at once.
        **(more or {}),
    }


def own_module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module of this project, even if another one has the same name."""
    return [sys.executable, "-c", _START, str(ROOT), name, *arguments]


def run(command: Sequence[str | Path], **where: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; ``stdout`` of the result is everything that it printed."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        **where,
    )
