"""The files that make the containers agree with what they are made from; no engine is needed."""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
import yaml

from workshop.paths import ROOT
from workshop.stack import LEAN, STANDARD, STATEFUN_2, STATEFUN_3, Size, Stack, StackError
from workshop.stack.containers import relay
from workshop.stack.containers.backend import ContainersBackend
from workshop.stack.containers.entry_point import (
    EngineFolder,
    must_be_of,
    settings,
    size_of,
    with_key,
)
from workshop.stack.containers.project import SERVICES
from workshop.stack.engines import Container, ContainerEngine, find, port_for
from workshop.stack.folders import RunFolder
from workshop.stack.java.engine import ENGINES
from workshop.stack.java.flink import jobmanager_command
from workshop.stack.java.flink import settings as flink_settings
from workshop.stack.java.jars import read_lock
from workshop.stack.java.kafka import CLUSTER
from workshop.stack.java.kafka import settings as kafka_settings
from workshop.stack.module import endpoints, ingress_addresses
from workshop.stack.preflight import NotReady
from workshop.stack.view import Progress

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OF_A_PLACE = {
    "advertised.listeners",
    "controller.quorum.voters",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
    "auto.create.topics.enable",
}
"""What a broker in a container has other than the embedded one."""


def pins(file: str) -> set[str]:
    return {
        line for line in (ROOT / file).read_text().splitlines() if "==" in line and line[0] != "#"
    }


@pytest.mark.parametrize("file", ["greeter/requirements.txt", "generator/requirements.txt"])
def test_there_is_one_source_of_versions(file):
    assert pins(file)
    assert pins(file) <= pins("requirements.txt")


def test_what_the_dockerfiles_pick_is_pinned():
    texts = [(ROOT / name).read_text() for name in ("Dockerfile", "greeter3/Dockerfile")]
    names = re.findall(r"\^\(([\w|-]+)\)==", "".join(texts))
    pinned = {line.partition("==")[0] for line in pins("requirements.txt")}
    assert len(names) == 3
    assert {name for group in names for name in group.split("|")} <= pinned


def test_every_image_begins_with_the_same_python():
    files = [ROOT / "Dockerfile", *ROOT.glob("g*/Dockerfile")]
    assert len(files) == 4
    (base,) = {re.search(r"^ARG PYTHON=(\S+)$", f.read_text(), re.MULTILINE)[1] for f in files}
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)


def test_the_broker_is_of_the_version_in_the_lock_file():
    (kafka,) = [jar for jar in read_lock() if ":kafka_2.13:" in jar.coordinate]
    assert COMPOSE["kafka-broker"]["image"] == f"apache/kafka:{kafka.coordinate.split(':')[2]}"


def test_the_broker_has_the_settings_of_the_embedded_one(tmp_path):
    told = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in COMPOSE["kafka-broker"]["environment"].items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }
    embedded = {k: str(v) for k, v in kafka_settings(RunFolder(tmp_path), 1, 2).items()}
    different = {k for k in told.keys() | embedded.keys() if told.get(k) != embedded.get(k)}
    assert different == OF_A_PLACE
    assert COMPOSE["kafka-broker"]["environment"]["CLUSTER_ID"] == CLUSTER
    heap = COMPOSE["kafka-broker"]["environment"]["KAFKA_HEAP_OPTS"]
    assert heap == f"-Xmx${{BROKER_MB:-{STANDARD.broker_mb}}}m"


def test_every_service_has_a_health_check_and_only_loopback_is_published():
    assert set(COMPOSE) == {*SERVICES, "event-generator"}
    for service in COMPOSE.values():
        assert service["healthcheck"]["test"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        conditions = [its["condition"] for its in service.get("depends_on", {}).values()]
        assert set(conditions) <= {"service_healthy"}


@pytest.mark.parametrize("engine", ENGINES.values(), ids=str)
def test_the_addresses_of_the_module_definition_are_services(engine):
    assert {*endpoints(engine.module).values()} == {"http://python-worker:8000/statefun"}
    assert COMPOSE["python-worker"]["expose"] == ["8000"]
    listeners = COMPOSE["kafka-broker"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    (address,) = ingress_addresses(engine.module)
    assert f"//{address}," in listeners


def test_for_the_other_engine_compose_reads_of_other_images_and_nothing_else():
    (file,) = STATEFUN_3.compose
    services = yaml.safe_load(file.read_text())["services"]
    engine = {"target": "greeter3", "args": {"ENGINE": STATEFUN_3.name}}
    greeter = {"dockerfile": f"{STATEFUN_3.serve}/Dockerfile"}
    builds = {"master": engine, "worker": engine, "python-worker": greeter}
    assert {name: its["build"] for name, its in services.items()} == builds
    assert {key for its in services.values() for key in its} == {"build", "image"}
    images = {its["image"] for its in services.values()}
    assert len(images) == 2 and images.isdisjoint(its["image"] for its in COMPOSE.values())
    module = STATEFUN_3.module.relative_to(ROOT)
    stage = f"FROM flink-statefun AS greeter3\nCOPY {module} /opt/statefun/modules/greeter/\n"
    assert stage in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("engine", ENGINES.values(), ids=str)
def test_compose_reads_the_files_of_the_engine(engine):
    project = Stack.compose("told", engine=engine).backend.project
    project._found = ContainerEngine("docker", ("docker", "compose"))
    files = [ROOT / "docker-compose.yml", *engine.compose]
    options = [f"-f {file}" for file in files]
    told = " ".join(project.compose_command("up"))
    assert told == f"docker compose -p {project.name} {' '.join(options)} up"


def test_the_state_of_another_version_is_refused_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKSHOP_RUNS", str(tmp_path))
    stack = Stack.compose("two", engine=STATEFUN_3)
    stack.folder.make()
    stack.folder.engine.write_text("2.2.2")
    for wanted in (lambda: stack.up(progress=Progress()), lambda: stack.scale(2)):
        with pytest.raises(StackError, match="StateFun 2.2.2 remembers.*3.3.0") as raised:
            wanted()
        assert "down --stack compose --name two --forget" in raised.value.hint


def test_a_stack_in_containers_shares_no_folder_with_processes_of_its_name():
    processes, containers = Stack("one").folder, Stack.compose("one").folder
    assert processes.name == containers.name == "one"
    assert processes.path not in (containers.path, *containers.path.parents)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=str)
def test_with_a_key_the_engine_shows_it_with_each_call(tmp_path, engine):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "module.yaml").write_text(engine.module.read_text())
    (made,) = with_key([tmp_path / "given"], "abc123", EngineFolder(tmp_path))
    assert set(endpoints(made / "module.yaml").values()) == {
        "http://python-worker:8000/statefun?key=abc123"
    }
    assert ingress_addresses(made / "module.yaml") == ["kafka-broker:9092"]
    assert (made / "module.yaml").stat().st_mode & 0o777 == 0o600
    for odd in ("two\nlines", "a&b", "abc\n", "ä"):
        with pytest.raises(SystemExit, match="letters, digits"):
            with_key([tmp_path / "given"], odd, EngineFolder(tmp_path))


@pytest.mark.parametrize("left", ["nothing", "checkpoints of 2.2", "a mark of 3.x"])
def test_whoever_starts_containers_by_hand_is_told_so_too(tmp_path, left):
    folder = EngineFolder(tmp_path)
    folder.checkpoints.mkdir(parents=True)
    if left == "checkpoints of 2.2":  # As they were left when there was no other version.
        (folder.checkpoints / "job").mkdir()
    if left == "a mark of 3.x":
        must_be_of(STATEFUN_3, folder)
    one, other = (STATEFUN_2, STATEFUN_3) if "2.2" in left else (STATEFUN_3, STATEFUN_2)
    must_be_of(one, folder)
    with pytest.raises(SystemExit, match=f"{one} remembers, and {other} cannot.*down --volumes"):
        must_be_of(other, folder)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=str)
def test_the_engine_in_a_container_is_set_up_as_the_embedded_one(monkeypatch, engine):
    monkeypatch.delenv("CHECKPOINT_MS", raising=False)
    folder = EngineFolder(Path("/opt/statefun"))
    inside, local = (
        settings(folder, "master", STANDARD, engine),
        flink_settings(folder, 6123, 8081, 250, STANDARD, engine),
    )
    different = {key for key in inside if inside[key] != local.get(key)}
    assert local.keys() == inside.keys()
    assert different <= {
        *("jobmanager.rpc.address", "rest.address", "taskmanager.host"),
        *("jobmanager.bind-host", "rest.bind-address", "taskmanager.bind-host"),
        "web.access-control-allow-origin",
    }
    assert folder.checkpoints.parent == folder.skipped.parent == Path("/opt/statefun/kept")
    place = "-Dstate.checkpoints.dir=file:///opt/statefun/kept/checkpoints"
    assert place in jobmanager_command(folder, STANDARD, "/opt/flink/lib/*")


def test_a_container_is_told_the_size_by_its_variables():
    told = {"SLOTS": "2", "TASKMANAGER_MB": "128", "JOBMANAGER_MB": "", "OTHER": "x"}
    assert size_of(told) == Size(slots=2, taskmanager_mb=128)
    assert size_of({"ONE_COMPILER": "0"}) == Size(one_compiler=False)
    assert size_of({"ONE_COMPILER": "1"}) == size_of({}) == Size()
    stack = Stack.compose("sized", size=LEAN)
    assert isinstance(stack.backend, ContainersBackend)
    names = {
        name for one in COMPOSE.values() for name in one.get("environment", []) if "=" not in name
    }
    assert {"SLOTS", "PARTITIONS", "JOBMANAGER_MB", "TASKMANAGER_MB", "CHECKPOINT_MS"} <= names


def test_stacks_of_two_people_have_projects_of_their_own(monkeypatch, tmp_path):
    mine = Stack.compose("Our Stack".replace(" ", "_"))
    monkeypatch.setenv("WORKSHOP_RUNS", str(tmp_path))
    theirs = Stack.compose("Our_Stack")
    assert mine.backend.project.name != theirs.backend.project.name
    assert re.fullmatch(r"statefun-our-stack-[0-9a-f]{6}", mine.backend.project.name)


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ({}, "There is no container engine"),
        ({"docker": "exit 1"}, "Compose v2 is not"),
        ({"docker": 'test "$1" = compose'}, "its daemon does not answer"),
        ({"podman": "exit 0"}, "podman-compose is not"),
    ],
)
def test_what_is_missing_is_said(monkeypatch, tmp_path, programs, said):
    for name, does in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WORKSHOP_ENGINE", raising=False)
    monkeypatch.setattr("workshop.stack.engines.find_spec", lambda name: None)
    with pytest.raises(NotReady, match=said) as raised:
        find()
    assert raised.value.hint


def test_a_port_that_is_taken_is_named(monkeypatch):
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        monkeypatch.setenv("KAFKA_PORT", str(server.server_port))
        with pytest.raises(NotReady, match=f"KAFKA_PORT is {server.server_port}"):
            port_for("KAFKA_PORT")
    monkeypatch.setenv("KAFKA_PORT", "many")
    with pytest.raises(NotReady, match="KAFKA_PORT is many"):
        port_for("KAFKA_PORT")
    monkeypatch.delenv("KAFKA_PORT")
    assert port_for("KAFKA_PORT") > 0


@pytest.mark.parametrize("health", ["Health", "Healthcheck"])
def test_what_docker_and_podman_tell_of_a_container_is_understood(health):
    told = {
        "Id": "abc",
        "Config": {
            "Labels": {
                "com.docker.compose.service": "worker",
                "com.docker.compose.container-number": "2",
            },
            "Image": "engine",
        },
        "State": {"Status": "running", health: {"Status": "healthy"}},
        "RestartCount": 3,
        "NetworkSettings": {
            "Ports": {"8081/tcp": [{"HostIp": "127.0.0.1", "HostPort": "4711"}], "6123/tcp": None},
            "Networks": {"one_default": {}},
        },
    }
    read = Container.inspected(json.loads(json.dumps(told)))
    assert (read.service, read.number, read.health, read.restarts) == ("worker", 2, "healthy", 3)
    assert (read.ports, read.networks) == ({8081: 4711}, ("one_default",))


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_tunnel_carries_many_calls_and_ends_with_either_end():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = port_for("NO_SUCH_VARIABLE")
        source = Path(relay.__file__).read_text()
        listen = [sys.executable, "-u", "-c", source, "listen", str(port)]
        inside = subprocess.Popen(listen, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        connect = [sys.executable, relay.__file__, "connect", str(server.server_port)]
        outside = subprocess.Popen(connect, stdin=inside.stdout, stdout=inside.stdin)
        inside.stdin.close()
        inside.stdout.close()
        answers = {}

        def call(number):
            body = bytes([number]) * (1 if number % 2 else 1_000_000)
            url = f"http://127.0.0.1:{port}"
            with requests.Session() as session:
                session.mount(url, requests.adapters.HTTPAdapter(max_retries=RETRIES))
                answers[number] = session.post(url, data=body).content == body

        threads = [threading.Thread(target=call, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.shutdown()
    assert answers == dict.fromkeys(range(20), True)
    outside.terminate()
    assert inside.wait(10) == 0
    outside.wait(10)


# Until the listening end listens.
RETRIES = requests.adapters.Retry(connect=60, backoff_factor=0.05, backoff_max=0.2)


@pytest.mark.parametrize(
    ("file", "place", "module"),
    [
        ("Dockerfile", "workshop/", "workshop.stack.java.image"),
        ("Dockerfile", "/opt/workshop", "workshop.stack.containers.entry_point"),
        ("Dockerfile", "/opt/workshop", "workshop.stack.java.archives"),
        ("Dockerfile", "/opt/workshop", "workshop.stack.containers.health"),
        ("greeter/Dockerfile", "/app", "greeter.__main__"),
        ("greeter3/Dockerfile", "/app", "greeter3.__main__"),
        ("greeter3/Dockerfile", "/app", "greeter3.greeter"),
        ("generator/Dockerfile", "/app", "generator.__main__"),
    ],
)
def test_an_image_holds_all_of_ours_that_it_imports(tmp_path, file, place, module):
    lines = (ROOT / file).read_text().replace("\\\n", " ").splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = tuple(line[1:] for line in ignored if line.startswith("!"))
    for line in lines:
        match line.split():
            case ["COPY", *sources, target] if target.startswith(place):
                inside = tmp_path / target.removeprefix(place if place[0] == "/" else "").strip("/")
                for source in sources:
                    assert any(f"{source}/".startswith(f"{one}/") for one in sent), source
                    if (ROOT / source).is_dir():
                        shutil.copytree(ROOT / source, inside)
                    else:
                        inside.mkdir(parents=True, exist_ok=True)
                        shutil.copy(ROOT / source, inside)
    # Without what finds the modules of this repository wherever it is: its editable installation.
    sdk = STATEFUN_3.python_path if file == "greeter3/Dockerfile" else []
    alone = "sys.meta_path = [one for one in sys.meta_path if 'editable' not in one.__module__]"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {alone}; import {module}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sdk, str(tmp_path)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
