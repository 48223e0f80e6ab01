"""A container engine of the tests' own, with its storage in ``build/``: podman, or Docker.

``WORKSHOP_ENGINE`` says which. None of its images, containers and volumes are the user's own:
podman is given other folders, and for Docker a daemon is started, which ends with the tests.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from workshop.paths import ROOT
from workshop.stack.engines import VARIABLE

PROGRAM = os.environ.get(VARIABLE) or "podman"
"""``docker`` or ``podman``."""

REAL = bool(os.environ.get("WORKSHOP_REAL_IMAGES"))
"""Whether the machine's own engine is used, and pulls the real base images."""

HOME = ROOT / "build" / "compose"
"""Images, containers and volumes."""

DAEMON = HOME / "docker"
"""Those of Docker."""

NEEDED = {
    "podman": {
        one: one
        for one in (
            *("podman", "netavark", "aardvark-dns", "runc", "catatonit"),
            *("docker-compose", "debootstrap", "tini"),
        )
    },
    "docker": {
        **dict.fromkeys(("docker", "dockerd"), "docker.io"),
        **{one: one for one in ("iptables", "debootstrap")},
    },
}
"""The programs, each with the package it is in."""

LOCAL = "localhost/" if PROGRAM == "podman" else ""
"""How the name of an image begins that was only ever here."""

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


def missing() -> str:
    """What is needed and not there, and how to get it; nothing if all is there."""
    needed = NEEDED[PROGRAM]
    # Two of podman's are in a folder that is on nobody's path, and podman only recommends them.
    path = os.pathsep.join([os.environ["PATH"], "/usr/lib/podman", "/usr/libexec/podman"])
    lacks = [one for one in needed if shutil.which(one, path=path) is None]
    packages = " ".join(dict.fromkeys(needed[one] for one in lacks))
    command = f"apt-get install --no-install-recommends {packages}"
    return f"Missing: {', '.join(lacks)}. On Debian and Ubuntu: {command}" if lacks else ""


def variables() -> dict[str, str]:
    """What makes the programs of the engine use the tests' own."""
    return _podman() if PROGRAM == "podman" else _docker()


def _podman() -> dict[str, str]:
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


@functools.cache
def _docker() -> dict[str, str]:
    # BuildKit is what Docker builds with, unless its client lacks the program for that.
    buildx = subprocess.run(["docker", "buildx", "version"], capture_output=True)
    return {
        "DOCKER_HOST": f"unix://{DAEMON / 'docker.sock'}",
        "DOCKER_BUILDKIT": "0" if buildx.returncode else "1",
        "BUILDX_CONFIG": str(DAEMON / "buildx"),
    }


@contextlib.contextmanager
def running() -> Iterator[None]:
    """The engine, ready to be called. Podman always is; Docker needs a daemon."""
    if lacks := missing():
        sys.exit(lacks)
    if PROGRAM == "podman":
        yield
        return
    DAEMON.mkdir(parents=True, exist_ok=True)
    log = DAEMON / "log"
    with log.open("wb") as output:
        daemon = subprocess.Popen(_daemon(), stdout=output, stderr=output)
    try:
        while not _answers():
            if daemon.poll() is not None:
                sys.exit(f"dockerd ended:\n{log.read_text()[-3000:]}")
            time.sleep(0.5)
        yield
    finally:
        daemon.terminate()
        daemon.wait()


def _answers() -> bool:
    command = ["docker", "info"]
    done = subprocess.run(command, env={**os.environ, **variables()}, capture_output=True)
    return done.returncode == 0


def _daemon() -> list[str]:
    """The command that starts Docker's daemon beside any other, and ends it with this process."""
    (DAEMON / "daemon.json").write_text("{}")
    own = {
        "host": variables()["DOCKER_HOST"],
        "config-file": DAEMON / "daemon.json",
        "data-root": DAEMON / "data",
        "exec-root": DAEMON / "run",
        "pidfile": DAEMON / "pid",
        "containerd-namespace": "workshop-tests",
        "containerd-plugins-namespace": "workshop-tests-plugins",
        # The machine's firewall stays as it is: ports are forwarded by processes.
        "iptables": "false",
        "ip6tables": "false",
        "bridge": "none",
    }
    options = [f"--{name}={value}" for name, value in own.items()]
    return ["setpriv", "--pdeathsig", "TERM", "dockerd", *options]


def build_options(*files: Path) -> list[str]:
    """What compose is told before and with ``build``: to reach the registries as this machine does.

    Parameters
    ----------
    files
        Those that compose reads.
    """
    if REAL:
        return ["build"]
    if PROGRAM == "podman":
        # One after the other: two services have the same image.
        return ["--podman-build-args=--network=host", "--parallel=1", "build"]
    services = {
        name: {"build": {"network": "host"}}
        for file in files
        for name, its in yaml.safe_load(file.read_text())["services"].items()
        if "build" in its
    }
    (DAEMON / "network.yml").write_text(yaml.safe_dump({"services": services}))
    return ["-f", str(DAEMON / "network.yml"), "build"]


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


def call(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the engine's program."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        env={**os.environ, **variables()},
        check=check,
        text=True,
        stdout=subprocess.PIPE,
    )
