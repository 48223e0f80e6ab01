"""Several of everything that may be several, as on more than one machine: workers and greeters.

Each container has an address of its own, and they share nothing but a network and the volume with
the checkpoints.
"""

from __future__ import annotations

import contextlib
import time

import pytest

from tests.compose.conftest import up
from tests.compose.traffic import names_flow, parallelism
from workshop.stack import Size, Stack

SIZE = Size(taskmanagers=2, partitions=4, broker_mb=128, jobmanager_mb=128, taskmanager_mb=192)

HEALTHY = """
from http.client import HTTPConnection
line = HTTPConnection("localhost", 8000, timeout=4)
line.request("GET", "/health")
exit(line.getresponse().status != 200)
"""


@pytest.fixture(scope="module")
def many(stacks, images, runs):
    """Two workers, and topics with four partitions."""
    yield from up(Stack.compose("many", size=SIZE))


@contextlib.contextmanager
def another_greeter(stack, eventually):
    """One more container that serves the functions, under the name of the first."""
    engine = stack.backend.project.engine
    first = stack.backend.project.container("greeter")
    place = ("--network", first.networks[0], "--network-alias", "python-worker")
    made = engine.run("run", "--detach", "--init", *place, first.image).strip()

    def healthy():
        with contextlib.suppress(Exception):
            engine.run("exec", made, "python", "-c", HEALTHY)
            return True

    try:
        eventually(healthy, 60)
        yield made
    finally:
        engine.run("rm", "--force", made)


def test_two_workers_and_two_greeters_share_the_work(many, eventually):
    assert parallelism(many) == {2}
    engine = many.backend.project.engine
    first = many.backend.project.container("greeter").id
    with another_greeter(many, eventually) as second, names_flow(many, "shared"):
        many.kill("taskmanager-2")
        eventually(lambda: many.status().part("taskmanager-2").restarts == 1, 60)
        eventually(lambda: many.status().state == "ready", 120)
        # Whoever is left takes over the calls of the other.
        engine.run("kill", second)
        time.sleep(3)
        assert many.status().state == "ready"
        assert engine.run("inspect", "--format", "{{.State.Status}}", first).strip() == "running"


def test_functions_are_replaced_while_names_flow(many, eventually):
    engine = many.backend.project.engine
    old = many.backend.project.container("greeter").id
    with names_flow(many, "replaced") as traffic:
        with another_greeter(many, eventually):
            engine.run("stop", old)
            # The new one serves alone now.
            traffic.wait(count=traffic.sent.total() + 30)
            engine.run("start", old)
            eventually(lambda: many.status().part("greeter").state == "ready", 60)
        traffic.wait(count=traffic.sent.total() + 30)
    eventually(lambda: many.status().state == "ready", 120)


def test_it_grows_and_shrinks_while_names_flow(many, eventually):
    with names_flow(many, "grown"):
        for workers in (3, 2):
            many.scale(workers)
            eventually(
                lambda: many.status().state == "ready" and parallelism(many) == {workers},  # noqa: B023
                240,
            )
