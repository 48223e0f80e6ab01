"""Other users of this machine: what they try against a stack or a kernel, and that they fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import requests

from tests.processes import family
from workshop.stack import Stack

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


def refused(path: Path, **login: int) -> bool:
    """Whether a socket cannot even be connected to."""
    code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    system = ["/usr/bin/env", "python3"] if login else [sys.executable]
    done = subprocess.run([*system, "-c", code, str(path)], capture_output=True, **login)
    return done.returncode != 0 and b"Permission" in done.stderr
