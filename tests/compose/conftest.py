"""The containers of these tests: an engine with storage of its own, and one stack for all of them.

It is podman, or with ``make test-compose ENGINE=docker`` a Docker that is started for them. With
``WORKSHOP_REAL_IMAGES`` set, the machine's own engine pulls the real base images instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.bases import make_bases
from tests.compose.container_engine import PROGRAM, REAL, build_options, run, running, variables
from workshop.stack import STATEFUN_3, Stack
from workshop.stack.containers.backend import ContainersBackend
from workshop.stack.engines import FILE, VARIABLE, ContainerEngine, find
from workshop.stack.view import Progress

# It plays the manifests with podman, and with the images that podman has built.
collect_ignore = ["test_kubernetes.py"] if REAL or PROGRAM != "podman" else []


def pytest_report_header() -> str:
    """Say which engine it is, and what is left out."""
    without = f", without {', '.join(collect_ignore)}, which needs podman" if collect_ignore else ""
    return f"containers: {'the engine of this machine' if REAL else PROGRAM}{without}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them need the engine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)


@pytest.fixture(scope="session")
def engine() -> Iterator[ContainerEngine]:
    """The tests' own, with the stand-ins for the two base images; or one that can pull them."""
    if REAL:
        yield find()
        return
    os.environ.update({**variables(), VARIABLE: PROGRAM})
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with running():
        found = find()
        make_bases()
        yield found


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
    backend = stack.backend
    assert isinstance(backend, ContainersBackend)
    build = build_options(FILE, *backend.engine.compose)
    run(*backend.project.compose_command(*build))


def up(stack: Stack) -> Iterator[Stack]:
    """Have a stack up until the caller is done with it."""
    stack.up(progress=Progress(), keep=True)
    yield stack
    stack.down(forget=True)
