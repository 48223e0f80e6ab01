"""The stack in containers, really run: podman, runc, and the images that the Dockerfiles build.

What is real: the Dockerfiles and everything they build, ``docker-compose.yml`` and what
compose makes of it, ``module.yaml``, the engine, the broker's jars, the network between the
containers, and the volumes. Two things are stand-ins, since no registry of images is reachable: the
base images, see ``tests/compose/bases.py``. A third is podman's: without systemd nobody runs the
health checks at their intervals, so ``workshop.stack.containers`` lets podman run them; and this
podman does not wait for them before it starts the next container.

The tests go from one to the next in the order in which they stand, and share one stack.
"""

import contextlib
import json
import subprocess
import sys

import pytest
import yaml

from generator.broker import GreetingReader
from tests.compose.traffic import names_flow, parallelism, survives_a_kill
from tests.processes import following, workshop
from workshop.faults import count_of
from workshop.stack import Stack
from workshop.stack.containers.backend import SERVICES
from workshop.stack.engines import FILE
from workshop.stack.java.engine import ENGINES
from workshop.stack.view import Progress

OWN = ("master", "worker", "python-worker", "event-generator")


def counts(stack, *names):
    """The committed counts of each name so far, in the order in which they lie in the topic."""
    found = {name: [] for name in names}
    with GreetingReader(stack.bootstrap, from_start=True) as reader:
        while greetings := reader.poll(3):
            for greeting in greetings:
                if greeting.name in found:
                    found[greeting.name].append(count_of(greeting))
    return found


@pytest.mark.parametrize("version", ENGINES.values(), ids=str)
def test_compose_accepts_the_files(engine, version):
    files = [option for file in (FILE, *version.compose) for option in ("-f", file)]
    # podman-compose accepts anything.
    compose = engine.compose if engine.program == "docker" else ["docker-compose"]
    done = subprocess.run([*compose, *files, "config", "--quiet"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_services_become_healthy(containers, eventually):
    command = containers.backend.project.compose_command(
        "up", "--detach", "--no-deps", "event-generator"
    )
    subprocess.run(command, check=True, env=containers.backend.environment())

    def all_healthy():
        health = {one.service: one.health for one in containers.backend.project.containers()}
        return health == dict.fromkeys([*SERVICES, "event-generator"], "healthy")

    eventually(all_healthy, 60)
    eventually(lambda: "Ada" in containers.logs("event-generator", 100), 60)


def test_only_loopback_is_open_to_the_outside(containers):
    for one in containers.backend.project.containers():
        told = json.loads(containers.backend.project.engine.run("inspect", one.id))[0]
        # A port that is exposed to the other containers only is bound to nothing.
        bound = filter(None, told["NetworkSettings"]["Ports"].values())
        assert {each["HostIp"] for ports in bound for each in ports} <= {"127.0.0.1"}


def test_nothing_of_ours_runs_as_root(containers):
    for service in OWN:
        container = containers.backend.project.container(service).id
        assert containers.backend.project.engine.run("exec", container, "id", "-u").strip() != "0"


@pytest.mark.parametrize("service", ["master", "worker"])
def test_java_maps_the_archive_that_the_image_has(containers, service):
    container = containers.backend.project.container(service).id
    script = "cat /proc/[0-9]*/maps | grep -o engine.jsa | sort -u"
    assert (
        containers.backend.project.engine.run("exec", container, "sh", "-c", script).strip()
        == "engine.jsa"
    )


def test_the_event_generator_ends_when_it_is_asked_to(containers):
    container = containers.backend.project.container("event-generator").id
    containers.backend.project.engine.run("stop", container)
    told = containers.backend.project.engine.run(
        "inspect", "--format", "{{.State.ExitCode}}", container
    )
    assert told.strip() == "0"
    containers.backend.project.engine.run("rm", container)


def test_the_module_definition_runs_unchanged(containers):
    for service in ("master", "worker"):
        inside = containers.backend.project.engine.run(
            "exec",
            containers.backend.project.container(service).id,
            "cat",
            "modules/greeter/module.yaml",
        )
        assert inside == containers.module.read_text()
    assert containers.module_difference() == ""


def test_names_are_greeted_with_committed_counts(containers):
    greetings = containers.greet(*["Greta"] * 5, "Hedy", "Greta")
    assert [count_of(one) for one in greetings] == [1, 2, 3, 4, 5, 1, 6]
    assert counts(containers, "Greta") == {"Greta": [1, 2, 3, 4, 5, 6]}


def test_the_logs_are_there(containers, eventually):
    told = following(containers, "broker")
    project = containers.backend.project
    says = "echo said later > /proc/1/fd/1"
    project.engine.run("exec", project.container("broker").id, "sh", "-c", says)
    eventually(lambda: "said later" in "".join(told), 30, lambda: told)
    assert len(containers.logs("broker", 3).splitlines()) == 3
    assert "The job is ready" in containers.logs("master", 500)
    assert containers.logs("python-worker") == containers.logs("greeter")


@pytest.mark.parametrize("part", ["taskmanager", "greeter", "jobmanager", "broker"])
def test_a_kill_loses_nothing(containers, part, eventually):
    survives_a_kill(containers, part, eventually)


def test_what_the_container_engine_kills_stays_down_until_the_next_up(containers, eventually):
    with names_flow(containers, "down"):
        project = containers.backend.project
        project.engine.run("kill", project.container("taskmanager").id)
        eventually(lambda: project.container("taskmanager").state == "exited", 30)
        assert containers.status().part("taskmanager").state == "restarting"
        containers.up(progress=Progress(), keep=True)
        assert project.container("taskmanager").state == "running"


def test_a_second_worker_shares_the_work_and_can_go_again(containers, eventually):
    assert parallelism(containers) == {1}
    with names_flow(containers, "scaled"):
        containers.scale(2)
        eventually(
            lambda: containers.status().state == "ready" and parallelism(containers) == {2}, 120
        )
        assert "taskmanager-2" in containers.services
        containers.kill("taskmanager-2")
        eventually(lambda: containers.status().part("taskmanager-2").restarts == 1, 60)
        eventually(lambda: containers.status().state == "ready", 120)
        containers.scale(1)
        eventually(
            lambda: containers.status().state == "ready" and parallelism(containers) == {1}, 180
        )


def test_counts_go_on_after_a_stop_and_a_start(containers):
    assert count_of(containers.greet("Radia")[0]) == 1
    assert containers.down()
    assert containers.status().state == "down"
    containers.up(progress=Progress(), keep=True)
    assert count_of(containers.greet("Radia")[0]) == 2


def test_a_notebook_takes_the_greeters_place(containers):
    from statefun import StatefulFunctions, kafka_egress_record

    from greeter.messages_pb2 import GreetRequest, GreetResponse

    functions = StatefulFunctions()

    @functions.bind("example/greeter")
    def hello(context, request: GreetRequest):
        response = GreetResponse(name=request.name, greeting=f"Hello from here, {request.name}")
        record = kafka_egress_record(topic="greetings", key=request.name, value=response)
        context.pack_and_send_egress("example/greets", record)

    hosting = containers.host(functions)
    try:
        assert str(containers.greet("Rosa")[0]) == "Hello from here, Rosa"
        assert hosting.invocations == 1
    finally:
        hosting.close()
    assert str(containers.greet("Rosa")[0]) == "Welcome Rosa"


def test_no_volume_without_a_name_is_left(containers):
    for one in containers.backend.project.containers():
        mounts = json.loads(containers.backend.project.engine.run("inspect", one.id))[0]["Mounts"]
        names = [mount["Name"] for mount in mounts if mount["Type"] == "volume"]
        assert [
            name for name in names if not name.startswith(containers.backend.project.name)
        ] == []


@contextlib.contextmanager
def new_stack_of(name):
    """A process that has started new containers, and the name of their project."""
    script = (
        "from workshop.stack import Stack\nfrom workshop.stack.view import Progress\n"
        f"stack = Stack.compose({name!r})\n"
        "stack.up(progress=Progress())\n"
        "print(stack.backend.project.name, flush=True)\n"
        "input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_a_process_that_is_killed_leaves_no_containers(containers, eventually):
    with new_stack_of("orphan") as (_, project):
        assert len(containers.backend.project.engine.containers(project)) == 4
    eventually(lambda: not containers.backend.project.engine.containers(project), 60)
    eventually(lambda: project not in containers.backend.project.engine.run("volume", "ls"), 60)


def test_what_somebody_else_kept_is_not_deleted_by_who_started_it(containers):
    with new_stack_of("kept") as (process, project):
        assert workshop("down", "--stack", "compose", "--name", "kept").returncode == 0
        assert containers.backend.project.engine.containers(project) == []
        # Its end is an ordinary one: it would take down what is its own.
        process.communicate("\n", timeout=60)
    volumes = containers.backend.project.engine.run("volume", "ls")
    assert project in volumes
    # What processes of the same name have left is not theirs.
    Stack("kept").folder.make()
    forgotten = workshop("down", "--stack", "compose", "--name", "kept", "--forget")
    assert forgotten.returncode == 0
    assert f"Deleted the volumes with its topics and what its functions remember: {project}_" in (
        forgotten.stdout
    )
    assert Stack("kept").folder.checkpoints.exists()
    assert project not in containers.backend.project.engine.run("volume", "ls")


def test_the_services_of_the_file_are_the_walkthroughs():
    services = yaml.safe_load(FILE.read_text())["services"]
    assert set(services) == {*SERVICES, "event-generator"}
