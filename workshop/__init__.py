"""What the notebooks import: the simulation, the real stack and the runner of the lessons."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path


def _keep_loopback_direct() -> None:
    """Let no HTTP client of this process, nor of its children, go to this machine by a proxy."""
    for variable in ("no_proxy", "NO_PROXY"):
        named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        hosts = [host.strip() for host in named.split(",") if host.strip()]
        hosts += [host for host in ("127.0.0.1", "localhost", "::1") if host not in hosts]
        os.environ[variable] = named if named.strip() == "*" else ",".join(hosts)


def _claim(name: str) -> None:
    """Import the package of that name that lies beside this one.

    The walkthrough calls its program ``greeter.py``, and who follows it has a file of that name: in
    the folder where a notebook or a command runs it would be found first.
    """
    spec = PathFinder.find_spec(name, [str(Path(__file__).resolve().parents[1])])
    if name in sys.modules or spec is None or spec.loader is None:
        return
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


_keep_loopback_direct()
for _package in ("greeter", "generator"):
    _claim(_package)
