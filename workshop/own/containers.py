"""The containers of an application's own ``docker-compose.yml``."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

from workshop import children
from workshop.own.application import Application
from workshop.paths import ROOT
from workshop.stack.engines import EngineError, check_memory, find, port_for

SERVICES = 4
LOOK_SECONDS = 1.0


class Containers:
    """An application in containers, for as long as the context lasts. Then they are gone.

    Parameters
    ----------
    application
        The one to run.
    seconds
        How long they may take to be healthy. The first time the images are built.

    Attributes
    ----------
    bootstrap
        The broker's address, ``host:port``.

    Raises
    ------
    NotReady
        When there is no container engine, or too little memory.

    Examples
    --------
    >>> with Containers(shop) as running:
    ...     shop.send(running.bootstrap, "orders", "Ada", '{"item": "tea"}')
    """

    def __init__(self, application: Application, seconds: float = 900) -> None:
        self._engine = find()
        check_memory()
        self._folder = application.folder
        self._seconds = seconds
        self.project = f"own-{application.name}"
        port = port_for("KAFKA_PORT")
        self._settings = {"KAFKA_PORT": f"{port}", "WORKSHOP": f"{ROOT}"}
        self.bootstrap = f"127.0.0.1:{port}"

    def compose(self, *arguments: str) -> None:
        """Run the engine's compose on them.

        Raises
        ------
        EngineError
            When it fails.
        """
        file = self._folder / "docker-compose.yml"
        command = self._engine.compose_command(self.project, [file], *arguments)
        done = children.run(command, env={**os.environ, **self._settings})
        if done.returncode:
            what = f"{self._engine.program} compose {arguments[0]} failed."
            raise EngineError(what, details=done.stdout[-3000:])

    def __enter__(self) -> Containers:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.compose("down", "--volumes")

    def _start(self) -> None:
        deadline = time.monotonic() + self._seconds
        # It waits until those before it are healthy, which with podman somebody has to find out.
        with ThreadPoolExecutor() as pool:
            up = pool.submit(self.compose, "up", "-d")
            while not (self._healthy() and up.done()):
                if up.done():
                    up.result()  # It may have failed.
                if time.monotonic() > deadline:
                    self.compose("down")  # Then "up" ends, too.
                    raise EngineError(
                        f"The containers are not healthy after {self._seconds:g} s.",
                        hint="docker compose up in its folder shows what they print.",
                    )
                time.sleep(LOOK_SECONDS)

    def _healthy(self) -> bool:
        """Whether all are healthy. Where the engine does not look by itself, this does."""
        seen = self._engine.containers(self.project)
        if not self._engine.checks_health:
            for one in seen:
                if one.state == "running":
                    self._engine.run("healthcheck", "run", one.id, check=False)
            seen = self._engine.containers(self.project)
        return len(seen) == SERVICES and all(one.health == "healthy" for one in seen)
