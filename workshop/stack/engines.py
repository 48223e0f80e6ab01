"""The container engine of this machine: Docker with Compose v2, or podman with podman-compose."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.stack.preflight import NotReady

FILE = ROOT / "docker-compose.yml"
VARIABLE = "WORKSHOP_ENGINE"
PROJECT_LABEL = "com.docker.compose.project"
MEMORY_BYTES = 2_000_000_000
"""How much free memory the containers need."""

_GET_DOCKER = (
    "install Docker Engine with Compose v2 (https://docs.docker.com/engine/install/), "
    "or podman and podman-compose. The embedded stack needs neither: python -m workshop up"
)


class EngineError(WorkshopError):
    """The container engine did not do what was asked of it."""


@dataclass(frozen=True)
class Container:
    """One container of a project, as the engine describes it.

    Attributes
    ----------
    id
        The engine's name for it.
    service, number
        Which service it belongs to, and which of its containers it is.
    state
        ``running``, ``exited``, ``paused``, ``created`` and so on.
    health
        ``healthy``, ``unhealthy``, ``starting``, or nothing.
    restarts
        How often it was started again because it had failed.
    ports
        The ports on this machine, by the container's own.
    networks
        The networks it is in.
    image
        What it runs.
    """

    id: str
    service: str
    number: int
    state: str
    health: str
    restarts: int
    ports: Mapping[int, int]
    networks: tuple[str, ...]
    image: str

    @classmethod
    def inspected(cls, told: Mapping[str, Any]) -> Container:
        """Read the output of ``inspect``, from docker or podman."""
        labels, state = told["Config"]["Labels"], told["State"]
        network = told["NetworkSettings"]
        health = state.get("Health") or state.get("Healthcheck") or {}
        return cls(
            id=told["Id"],
            service=labels["com.docker.compose.service"],
            number=int(labels.get("com.docker.compose.container-number", 1)),
            state=state["Status"],
            health=health.get("Status") or "",
            restarts=int(told.get("RestartCount", 0)),
            ports={
                int(inner.partition("/")[0]): int(outer[0]["HostPort"])
                for inner, outer in (network.get("Ports") or {}).items()
                if outer
            },
            networks=tuple(network.get("Networks") or {}),
            image=told["Config"]["Image"],
        )


@dataclass(frozen=True)
class ContainerEngine:
    """The programs that run containers here.

    Attributes
    ----------
    program
        ``docker`` or ``podman``.
    compose
        The command that reads ``docker-compose.yml``.
    """

    program: str
    compose: tuple[str, ...]

    def run(
        self, *arguments: str, check: bool = True, input: str | None = None, timeout: float = 60
    ) -> str:
        """Run the engine's program and return what it prints.

        Raises
        ------
        EngineError
            When it fails, unless ``check`` is off.
        """
        done = subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            timeout=timeout,
        )
        if done.returncode and check:
            raise EngineError(
                f"{self.program} {arguments[0]} failed.", details=done.stderr.strip() or done.stdout
            )
        return done.stdout

    def compose_command(self, project: str, files: Iterable[Path], *arguments: str) -> list[str]:
        """The command line of compose for one project, which its files describe."""
        options = (option for file in files for option in ("-f", str(file)))
        return [*self.compose, "-p", project, *options, *arguments]

    def containers(self, project: str) -> list[Container]:
        """Return the containers of a project, running or not, in the order of their numbers."""
        label = f"label={PROJECT_LABEL}={project}"
        ids = self.run("ps", "--all", "--quiet", "--no-trunc", "--filter", label).split()
        if not ids:
            return []
        # One that vanished in between is left out, and makes the call fail.
        told = json.loads(self.run("container", "inspect", *ids, check=False) or "[]")
        made = [Container.inspected(one) for one in told]
        return sorted(made, key=lambda one: (one.service, one.number))

    @property
    def checks_health(self) -> bool:
        """Whether the engine runs health checks by itself: podman leaves that to systemd."""
        return self.program == "docker" or Path("/run/systemd/system").exists()


def find() -> ContainerEngine:
    """Return the engine of this machine; ``WORKSHOP_ENGINE`` says which one if both are installed.

    Raises
    ------
    NotReady
        If none can be used; the error says what is missing.
    """
    wanted = os.environ.get(VARIABLE)
    if wanted not in (None, "", "docker", "podman"):
        raise NotReady(f"{VARIABLE} is {wanted!r}.", hint="set it to docker or podman.")
    problem = NotReady("There is no container engine on this machine.", hint=_GET_DOCKER)
    if wanted != "podman" and shutil.which("docker"):
        found = _docker()
        if isinstance(found, ContainerEngine):
            return found
        problem = found
    if wanted != "docker" and shutil.which("podman"):
        if compose := shutil.which("podman-compose"):
            return ContainerEngine("podman", (compose,))
        if find_spec("podman_compose"):
            return ContainerEngine("podman", (sys.executable, "-m", "podman_compose"))
        problem = NotReady(
            "podman is installed, but podman-compose is not.", hint="pip install podman-compose"
        )
    raise problem


def _docker() -> ContainerEngine | NotReady:
    """Docker, or what it lacks."""
    if not _works("docker", "compose", "version"):
        return NotReady(
            "docker is installed, but Compose v2 is not.",
            hint="install it: on Debian and Ubuntu apt-get install docker-compose-v2, else "
            "https://docs.docker.com/compose/install/linux/",
        )
    if not _works("docker", "info"):
        return NotReady(
            "docker is installed, but its daemon does not answer.",
            hint="start it (sudo systemctl start docker, or Docker Desktop); if it runs, you may "
            "not be allowed to use it: sudo usermod -aG docker $USER, and log in again.",
        )
    return ContainerEngine("docker", ("docker", "compose"))


def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def check_memory() -> None:
    """Raise NotReady unless there is memory for the containers."""
    free = psutil.virtual_memory().available
    if free < MEMORY_BYTES:
        raise NotReady(
            f"{free / 1e9:.1f} GB of memory are free, but the containers need "
            f"{MEMORY_BYTES / 1e9:.0f} GB.",
            hint="close other programs, or use the embedded stack, which needs less: "
            "python -m workshop up --lean",
        )


def port_for(variable: str) -> int:
    """Return a free port on this machine: the one that an environment variable names, if it does.

    Raises
    ------
    NotReady
        When the variable names none that is free.
    """
    wanted = os.environ.get(variable) or "0"
    try:
        with socket.create_server(("127.0.0.1", int(wanted))) as free:
            port: int = free.getsockname()[1]
            return port
    except (OSError, ValueError, OverflowError) as error:
        raise NotReady(
            f"{variable} is {wanted}, but that port cannot be used ({error}).",
            hint=f"choose a free one, or unset {variable} and let the system choose.",
        ) from error
