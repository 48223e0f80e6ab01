"""A new application in containers, as its own README.md says."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.compose.container_engine import run
from workshop.own.application import Application
from workshop.own.new import make


@pytest.fixture
def compose(engine, tmp_path):
    """Compose, in the folder of a new application, and the address of its broker."""
    folder = make(tmp_path / "shop")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = ["-f", f"{folder / 'docker-compose.yml'}", "-p", "own"]
    # The builds are to reach the package registries in the way this machine does.
    podman = ["--podman-build-args=--network=host", "--parallel=1"] * (engine.program == "podman")

    def do(*arguments: str) -> None:
        settings = [f"KAFKA_PORT={port}", f"WORKSHOP={Path(__file__).parents[2]}"]
        run("env", *settings, *engine.compose, *podman, *files, *arguments)

    yield folder, do, f"127.0.0.1:{port}"
    do("down", "--volumes")


@pytest.fixture
def health(engine):
    """Whether all containers are healthy. Where the engine does not check that, it does."""

    def look() -> bool:
        seen = engine.containers("own")
        for one in seen:
            if not engine.checks_health and one.state == "running":
                engine.run("healthcheck", "run", one.id, check=False)
        return len(seen) == 4 and all(one.health == "healthy" for one in engine.containers("own"))

    return look


def test_it_runs_in_containers(stacks, compose, health, eventually):
    folder, do, bootstrap = compose
    shop = Application(folder)
    do("build")
    # Podman's compose waits until those before it are healthy, which somebody has to find out.
    with ThreadPoolExecutor() as pool:
        up = pool.submit(do, "up", "-d")
        eventually(health, 240)
        up.result(60)
    with shop.read(bootstrap, "shipments") as shipments:
        shop.send(bootstrap, "deliveries", "tea", '{"amount": 1}')
        shop.send(bootstrap, "orders", "Ada", '{"item": "tea"}')
        told = f"{shipments.next(120)}"
    assert told == 'Ada\t{"customer": "Ada", "item": "tea", "number": 1}'
