"""What the notebooks import: the simulation, the real stack and the runner of the lessons."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path


def _keep_loopback_direct() -> None:
    """Keep this process and its children from using a proxy to reach this machine."""
    for variable in ("no_proxy", "NO_PROXY"):
        named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        hosts = [host.strip() for host in named.split(",") if host.strip()]
        hosts += [host for host in ("127.0.0.1", "localhost", "::1") if host not in hosts]
        os.environ[variable] = named if named.strip() == "*" else ",".join(hosts)


def _claim(name: str) -> None:
    """Import the package of that name that is next to this one.

    The walkthrough calls its program ``greeter.py``, and anyone who follows it has a file of that
    name: in the folder where a notebook or a command runs, it would be found first.
    """
    spec = PathFinder.find_spec(name, [str(Path(__file__).resolve().parents[1])])
    if name in sys.modules or spec is None or spec.loader is None:
        return
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


_keep_loopback_direct()
for _package in ("greeter", "generator"):
    _claim(_package)
