"""StateFun 3.x in containers: the images of docker-compose.3x.yml, really run like those of 2.2.

The tests go from one to the next in the order in which they stand, and share one stack.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.compose.traffic import names_flow, survives_a_kill
from tests.processes import workshop
from workshop.faults import count_of
from workshop.paths import ROOT
from workshop.stack import STATEFUN_3, Stack, StackError
from workshop.stack.java.jars import jars_of
from workshop.stack.view import Progress


def inside(stack, part, *command):
    """What a command in the container of a part prints."""
    project = stack.backend.project
    return project.engine.run("exec", project.container(part).id, *command).strip()


def test_names_are_greeted_and_counted(containers3):
    greetings = containers3.greet("Greta", "Greta", "Hedy")
    assert [count_of(one) for one in greetings] == [1, 2, 1]
    assert str(containers3.status()).startswith("Stack three (StateFun 3.3.0): ready")


@pytest.mark.parametrize("part", ["jobmanager", "taskmanager"])
def test_the_image_has_this_engine_alone(containers3, part):
    jars = {jar.path.name for jar in jars_of(STATEFUN_3.jar_set)}
    assert set(inside(containers3, part, "ls", "/opt/flink/lib").split()) == jars
    maps = "cat /proc/[0-9]*/maps | grep -o engine3.jsa | sort -u"
    assert inside(containers3, part, "sh", "-c", maps) == "engine3.jsa"
    module = inside(containers3, part, "cat", "modules/greeter/module.yaml")
    assert module == STATEFUN_3.module.read_text().strip()


@pytest.mark.parametrize("part", ["jobmanager", "taskmanager", "greeter"])
def test_nothing_of_ours_runs_as_root(containers3, part):
    assert inside(containers3, part, "id", "-u") == "9999"


@pytest.mark.parametrize("part", ["taskmanager", "greeter"])
def test_a_kill_loses_nothing(containers3, part, eventually):
    survives_a_kill(containers3, part, eventually)


def test_a_second_worker_shares_the_work_and_can_go_again(containers3, eventually):
    def workers():
        status = containers3.status()
        names = [part.name for part in status.parts if part.name.startswith("taskmanager")]
        return status.state == "ready" and len(names)

    with names_flow(containers3, "scaled"):
        for wanted in (2, 1):
            containers3.scale(wanted)
            eventually(lambda: workers() == wanted, 180, containers3.status)  # noqa: B023


HOSTED = """
from statefun import StatefulFunctions, kafka_egress_message
from greeter3.types import GREET_RESPONSE
from greeter.messages_pb2 import GreetResponse
from workshop.stack import STATEFUN_3, Stack
functions = StatefulFunctions()
@functions.bind("example/greeter")
async def hello(context, message):
    name = context.address.id
    value = GreetResponse(name=name, greeting=f"Hello from here, {name}")
    context.send_egress(kafka_egress_message(
        "example/greets", topic="greetings", key=name, value=value, value_type=GREET_RESPONSE))
stack = Stack.compose("three", engine=STATEFUN_3)
with stack.host(functions):
    print(*stack.greet("Rosa"))
"""


def test_a_notebook_takes_the_greeters_place(containers3):
    more = {"PYTHONPATH": os.pathsep.join([*STATEFUN_3.python_path, str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", HOSTED],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert (done.returncode, done.stdout) == (0, "Hello from here, Rosa\n"), done.stderr
    assert str(containers3.greet("Rosa")[0]) == "Welcome Rosa"


def test_another_version_is_refused_and_its_own_continues(containers3):
    before = [count_of(one) for one in containers3.greet("Greta", "Hedy")]
    with pytest.raises(StackError, match=r"StateFun 3.3.0 remembers, and StateFun 2.2.2 cannot"):
        Stack.compose("three").up(progress=Progress())
    assert workshop("down", "--stack", "compose", "--name", "three").returncode == 0
    refused = workshop("up", "--stack", "compose", "--name", "three")
    assert (refused.returncode, refused.stderr.count("StateFun 3.3.0 remembers")) == (1, 1)
    # So does the master, where nothing on this side says what the volume holds.
    mark = containers3.folder.engine
    mark.unlink()
    with pytest.raises(StackError, match="The volume holds what StateFun 3.3.0 remembers"):
        Stack.compose("three").up(progress=Progress())
    assert workshop("down", "--stack", "compose", "--name", "three").returncode == 0
    mark.write_text("3.3.0")
    done = workshop("up", "--stack", "compose", "--engine", "3", "--name", "three")
    assert done.returncode == 0, done.stderr
    after = [count_of(one) for one in containers3.greet("Greta", "Hedy")]
    assert after == [count + 1 for count in before]
