"""The containers of these tests: podman with storage of its own, and one stack for all of them.

With ``WORKSHOP_REAL_IMAGES`` set, the machine's own engine pulls the real base images instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.bases import main as make_bases
from tests.compose.container_engine import run, variables
from workshop.stack import STATEFUN_3, Stack
from workshop.stack.containers.backend import ContainersBackend
from workshop.stack.engines import ContainerEngine, find
from workshop.stack.view import Progress

REAL = bool(os.environ.get("WORKSHOP_REAL_IMAGES"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them need the engine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)


@pytest.fixture(scope="session")
def engine() -> ContainerEngine:
    """Podman, with the stand-ins for the two base images; or the engine that can pull them."""
    if REAL:
        return find()
    os.environ.update(variables(), WORKSHOP_ENGINE="podman")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    make_bases()
    return find()


@pytest.fixture(scope="session")
def images(engine: ContainerEngine) -> None:
    """The images of the services, built."""
    build(Stack.compose("tests"))


@pytest.fixture(scope="session")
def containers(stacks: None, images: None, runs: Path) -> Iterator[Stack]:
    """A stack that is up, in containers; every service but the event generator."""
    yield from up(Stack.compose("tests"))


@pytest.fixture(scope="module")
def containers3(stacks: None, engine: ContainerEngine, runs: Path) -> Iterator[Stack]:
    """The same of StateFun 3.x."""
    stack = Stack.compose("three", engine=STATEFUN_3)
    build(stack)
    yield from up(stack)


def build(stack: Stack) -> None:
    """Build the images of a stack."""
    # The builds are to reach the package registries in the way this machine does.
    # One after the other: two services have the same image.
    podman = ["--podman-build-args=--network=host", "--parallel=1"]
    backend = stack.backend
    assert isinstance(backend, ContainersBackend)
    run(*backend.project.compose_command(*([] if REAL else podman), "build"))


def up(stack: Stack) -> Iterator[Stack]:
    """Have a stack up until the caller is done with it."""
    stack.up(progress=Progress(), keep=True)
    yield stack
    stack.down(forget=True)
