"""Only its owner reaches a stack: other users of the machine can neither read, run nor cancel."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import textwrap

import psutil
import pytest
import requests

from generator.broker import GreetingReader
from tests.conftest import family, modes_below
from workshop.stack import Stack, StackError, control, owner
from workshop.stack.view import Progress

pytestmark = [
    pytest.mark.skipif(not owner.guarded(), reason="this system does not tell whose a port is"),
]
QUIET = Progress()

# Imports come first: another user cannot read the environment that the modules lie in.
_STRANGER = """
import json, os, socket, struct, sys
from contextlib import closing
import requests
from kafka import KafkaConsumer, KafkaProducer
import kafka.admin, kafka.consumer.fetcher, idna, encodings.idna

plan = json.loads(sys.argv[1])
os.setgroups([])
os.setgid(plan["login"])
os.setuid(plan["login"])
flink, bootstrap, job, folder = (plan[key] for key in ("flink", "bootstrap", "job", "folder"))
jar = {"jarfile": ("evil.jar", b"PK", "application/x-java-archive")}
upload = requests.Request("POST", flink + "/jars/upload", files=jar).prepare()
head = "".join(f"{key}: {value}\\r\\n" for key, value in upload.headers.items())
raw = f"POST /jars/upload HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n{head}\\r\\n".encode() + upload.body

def hit_and_run(linger):
    port = int(flink.rpartition(":")[2])
    for source in ("127.0.0.1", "127.0.0.2"):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), 10, (source, 0)) as link:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", linger, 0))
                link.sendall(raw)

def talk(port):
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(raw)
        return link.recv(100).decode(errors="replace")

def consume():
    with closing(KafkaConsumer("names", bootstrap_servers=bootstrap, bootstrap_timeout_ms=3000)):
        pass

def produce():
    with closing(KafkaProducer(bootstrap_servers=bootstrap, bootstrap_timeout_ms=3000)) as out:
        out.send("names", b"x", b"x").get(5)

attempts = {
    "read": lambda: requests.get(flink + "/overview", timeout=10).status_code,
    "submit": lambda: requests.Session().send(upload, timeout=10).status_code,
    "cancel": lambda: requests.patch(f"{flink}/jobs/{job}?mode=cancel", timeout=10).status_code,
    "call the function": lambda: [
        requests.post(plan["function"] + query, data=b"", timeout=10).status_code
        for query in ("", "?key=", "?key=guess")
    ],
    "consume": consume,
    "produce": produce,
    "look into the folder": lambda: os.listdir(folder),
    "look at the environment": lambda: open(f"/proc/{plan['supervisor']}/environ").read(),
    **{f"talk to {port}": lambda port=port: talk(port) for port in plan["ports"]},
}
told = {}
for name, attempt in attempts.items():
    try:
        told[name] = ["did", attempt()]
    except Exception as error:
        told[name] = ["failed", type(error).__name__]
if plan["run"]:
    hit_and_run(0)
    hit_and_run(1)
print(json.dumps(told))
"""


def java_ports(stack: Stack) -> list[int]:
    """Every port that a Java process of the stack listens on."""
    return [
        connection.laddr.port
        for process in family(stack)
        if process.name() == "java"
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]


def running_job(stack: Stack) -> str:
    """The job that runs; an error unless it is one."""
    jobs = requests.get(f"{stack.flink_url}/jobs", timeout=10).json()["jobs"]
    (job,) = (job["id"] for job in jobs if job["status"] == "RUNNING")
    return job


def plan(stack: Stack, run: bool = False, login: int = 65534) -> dict[str, object]:
    """What a stranger needs to know for its attempts at a stack, and as whom they are made."""
    return {
        "flink": stack.flink_url,
        "bootstrap": stack.bootstrap,
        "function": stack.status().part("greeter").address,
        "job": running_job(stack),
        "folder": str(stack.folder.path),
        "supervisor": stack.status().supervisor,
        "ports": java_ports(stack),
        "run": run,
        "login": login,
    }


def tried_by_a_stranger(planned: dict[str, object]) -> dict[str, list]:
    """What another user of this machine achieves against a stack."""
    command = [sys.executable, "-c", _STRANGER, json.dumps(planned)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def nothing_achieved(told: dict[str, list]) -> None:
    """Look that a stranger was refused whatever it tried."""
    assert len(told) >= 7 + 9  # Broker 2, JobManager 4, TaskManager 3.
    assert told["call the function"] == ["did", [403] * 3]
    achieved = {
        name: what
        for name, (how, what) in told.items()
        # A connection that is shut says nothing, or breaks.
        if how == "did" and not (name.startswith("talk to") and what == "")
    }
    assert set(achieved) == {"call the function"}


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")


@needs_root
def test_another_user_can_neither_read_nor_submit_nor_cancel(stack):
    job = running_job(stack)
    nothing_achieved(tried_by_a_stranger(plan(stack, run=True)))
    assert requests.get(f"{stack.flink_url}/jars", timeout=10).json()["files"] == []
    assert running_job(stack) == job
    assert stack.greet("After all that")[0].greeting == "Welcome After all that"


@needs_root
def test_a_stack_that_allows_others_is_open_to_them(name, monkeypatch):
    """The same attempts succeed where nothing keeps them out: so they are real ones."""
    monkeypatch.setenv(owner.SWITCH, "1")
    with Stack(name) as stack:
        assert stack.status().state == "ready"
        told = tried_by_a_stranger(plan(stack))
    kept = ("look into the folder", "look at the environment")
    assert all(told[name][0] == "failed" for name in kept)
    did = ("read", "submit", "cancel", "consume", "produce")
    assert {name: told[name][0] for name in did} == dict.fromkeys(did, "did")
    assert told["submit"][1] == 200


def test_every_java_port_refuses_a_connection_that_is_not_the_owner_s(stack):
    ports = java_ports(stack)
    assert len(ports) >= 9
    for port in ports:
        owner.prove(port)


def test_a_process_that_lets_everybody_in_is_found_out(monkeypatch):
    monkeypatch.setattr(owner, "PROOF_SECONDS", 0.5)
    refused = pytest.raises(owner.Unguarded, match="WORKSHOP_ALLOW_OTHERS")
    with socket.create_server(("127.0.0.1", 0)) as open_to_all, refused:
        owner.prove(open_to_all.getsockname()[1])


def test_a_stack_that_lets_everybody_in_does_not_start(name, monkeypatch):
    planted = textwrap.dedent(
        """
        from workshop.stack import owner, supervisor
        owner.PROOF_SECONDS = 2.0
        owner.options = list
        supervisor.main()
        """
    )
    monkeypatch.setattr(control, "SUPERVISOR", [sys.executable, "-c", planted])
    stack = Stack(name)
    with pytest.raises(StackError, match="does not refuse other users"):
        stack.up(progress=QUIET)
    assert not stack.folder.path.exists()


def test_no_web_page_but_flink_s_own_may_read_what_the_engine_answers(stack):
    headers = {"Origin": "http://evil.example"}
    answer = requests.get(f"{stack.flink_url}/jars", headers=headers, timeout=10)
    assert answer.headers["Access-Control-Allow-Origin"] == stack.flink_url


def test_what_traffic_writes_is_private(stack):
    stack.greet(*(f"Private {n}" for n in range(20)))
    with GreetingReader(stack.bootstrap, from_start=True) as greetings:
        greetings.next()
    modes = modes_below(stack.folder.path)
    assert modes[stack.folder.path] == 0o700
    assert {path for path, mode in modes.items() if mode & 0o077} == set()
    assert any(path.suffix == ".log" and path.stat().st_size for path in modes)


def test_a_run_folder_that_was_open_is_closed(name, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKSHOP_RUNS", str(tmp_path))
    folder = Stack(name).folder
    folder.path.mkdir(mode=0o755)
    folder.make()
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
