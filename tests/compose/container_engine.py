"""A container engine of the tests' own: podman and podman-compose, with storage in ``build/``."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from workshop.paths import ROOT

HOME = ROOT / "build" / "compose"
"""Images, containers and volumes: none of them is among the user's own."""

TOOLS = ("podman", "runc", "debootstrap", "docker-compose", "tini", "catatonit")

_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
init_path = "{init}"
[engine]
runtime = "runc"
tmp_dir = "{home}/tmp"
[network]
network_backend = "netavark"
network_config_dir = "{home}/networks"
"""

_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{home}/storage"
runroot = "{home}/run"
"""


def missing() -> list[str]:
    """The programs that are needed and not there."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def variables() -> dict[str, str]:
    """What makes podman and podman-compose use the tests' own engine."""
    HOME.mkdir(parents=True, exist_ok=True)
    settings = {"home": HOME, "init": shutil.which("tini")}
    (HOME / "containers.conf").write_text(_CONTAINERS.format(**settings))
    (HOME / "storage.conf").write_text(_STORAGE.format(**settings))
    (HOME / "registries.conf").write_text("unqualified-search-registries = []\n")
    return {
        "CONTAINERS_CONF": str(HOME / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(HOME / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(HOME / "registries.conf"),
    }


def run(*command: str) -> None:
    """Run a command of the engine; what it prints is shown if it fails."""
    done = subprocess.run(
        command,
        env={**os.environ, **variables()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]


def podman(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run podman."""
    return subprocess.run(
        ["podman", *map(str, arguments)],
        env={**os.environ, **variables()},
        check=check,
        text=True,
        stdout=subprocess.PIPE,
    )
