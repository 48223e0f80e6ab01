"""The containers of one stack, as the container engine reports them."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path

from workshop.stack.backend import StackError
from workshop.stack.engines import FILE, Container, ContainerEngine, find
from workshop.stack.folders import RunFolder
from workshop.stack.status import Part

SERVICES = {
    "kafka-broker": "broker",
    "master": "jobmanager",
    "worker": "taskmanager",
    "python-worker": "greeter",
}
"""The services of ``docker-compose.yml`` that make a stack, and what their parts are called."""

BROKER_PORT, FLINK_PORT = 9094, 8081
LOOK_SECONDS = 0.4
HEALTH_SECONDS = 3.0
HOSTED = "a notebook serves in its place"


class Project:
    """The compose project of one stack.

    Parameters
    ----------
    folder
        The stack's run folder: two people on one machine share its engine, and the folder tells
        them apart.
    more
        The files that compose reads after ``docker-compose.yml``.

    Attributes
    ----------
    name
        What compose calls it.
    """

    def __init__(self, folder: RunFolder, more: tuple[Path, ...] = ()) -> None:
        whose = hashlib.sha256(str(folder.path).encode()).hexdigest()[:6]
        plain = "".join(c if c.isalnum() else "-" for c in folder.name.lower())
        self.name = f"statefun-{plain}-{whose}"
        self._stack = folder.name
        self._files = (FILE, *more)
        self._lock = threading.RLock()
        self._found: ContainerEngine | None = None
        self._seen: list[Container] = []
        self._looked = 0.0
        self._checked: dict[str, float] = {}

    @property
    def engine(self) -> ContainerEngine:
        """What runs the containers."""
        if self._found is None:
            self._found = find()
        return self._found

    def compose_command(self, *arguments: str) -> list[str]:
        """Return the command that makes compose do something with it."""
        return self.engine.compose_command(self.name, self._files, *arguments)

    def containers(self) -> list[Container]:
        """Return the containers as they were a moment ago."""
        with self._lock:
            if time.monotonic() > self._looked + LOOK_SECONDS:
                if not self.engine.checks_health:
                    self._check_health()
                self._seen = self.engine.containers(self.name)
                self._looked = time.monotonic()
            return self._seen

    def _check_health(self) -> None:
        """Have the engine run the health checks that are due."""
        for one in self._seen:
            patience = HEALTH_SECONDS * (3 if one.health == "healthy" else 1)
            due = time.monotonic() > self._checked.get(one.id, 0.0) + patience
            if one.state == "running" and one.health and due:
                self.engine.run("healthcheck", "run", one.id, check=False)
                self._checked[one.id] = time.monotonic()

    def forget_what_was_seen(self) -> None:
        """Look again next time: something has changed."""
        with self._lock:
            self._looked = 0.0

    def container(self, name: str) -> Container:
        """The container of a part, also by the name of its service."""
        for one in self.containers():
            if name in (part_name(one), one.service):
                return one
        raise StackError(
            f"Stack {self._stack} has no container of {name!r}.",
            hint=f"name one of {', '.join(map(part_name, self.containers()))}, "
            "or start it: stack.up().",
        )


def part_of(container: Container, hosted: bool, came_back: bool) -> Part:
    """Return the part of the status that a container is.

    Parameters
    ----------
    container
        Of a service of :data:`SERVICES`.
    hosted
        Whether a notebook serves in the greeter's place.
    came_back
        Whether the stack was ready before.
    """
    name = SERVICES[container.service]
    part = Part(part_name(container))
    part.restarts = container.restarts
    part.detail = container.health or container.state
    if container.state == "running":
        came_back = came_back or container.restarts > 0
        part.state = "restarting" if came_back else "starting"
        if container.health == "healthy":
            part.state, part.detail = "ready", f"container {container.id[:12]}"
    elif container.state == "paused":
        part.state = "paused"
    elif container.state not in ("created", "configured", "initialized"):
        part.state = "restarting"
    if name == "greeter" and hosted:
        part.state, part.detail = "ready", HOSTED
    if name == "broker" and BROKER_PORT in container.ports:
        part.address = f"127.0.0.1:{container.ports[BROKER_PORT]}"
    if name == "jobmanager" and FLINK_PORT in container.ports:
        part.address = f"http://127.0.0.1:{container.ports[FLINK_PORT]}"
    if part.state == "ready" and part.address:
        part.detail = ""
    return part


def part_name(container: Container) -> str:
    """Return the name of the part that a container is."""
    name = SERVICES.get(container.service, container.service)
    return name if container.number == 1 else f"{name}-{container.number}"
