"""The manifests of k8s/, played by podman as far as it can.

What is real: the images, the users and capabilities, the environment, the volumes, and that a
container which ends is started again. Podman has no services, so each pod is told here where those
are that were started before it; and no network policies.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import Any

import pytest
import yaml

from tests.compose.container_engine import call as podman
from tests.manifests import manifests
from workshop.faults import count_of

SECRET = "greeter-key"
KINDS = "ConfigMap", "PersistentVolumeClaim", "Deployment"
NETWORK = "workshop-kubernetes"

# Run where the topics can be reached: the names that were sent, and the greetings.
READ = """
import json
from generator.broker import GREETINGS, NAMES, Reader
from greeter.messages_pb2 import GreetRequest, GreetResponse

def records(kind, topic):
    class Records(Reader):
        def _item(self, record):
            return kind.FromString(record.value)
    with Records("kafka-broker:9092", topic, from_start=True) as reader:
        # One comes each second, so that a moment without any is the end of what was there.
        found = reader.poll(10)
        while found:
            yield from found
            found = reader.poll(0.3)

greeted = [[one.name, one.greeting] for one in records(GreetResponse, GREETINGS)]
print(json.dumps([greeted, [one.name for one in records(GreetRequest, NAMES)]]))
"""

# What the functions answer whoever does not know the key.
CALL = """
import urllib.error, urllib.request
try:
    urllib.request.urlopen("http://127.0.0.1:8000/statefun", b"")
except urllib.error.HTTPError as refused:
    print(refused.code)
"""

KILL = """
import os, pathlib
for name in pathlib.Path("/proc").glob("[0-9]*/comm"):
    if name.read_text() == "java\\n":
        os.kill(int(name.parent.name), 9)
"""


def _pod(name: str) -> str:
    return f"{name}-pod-0"


@pytest.fixture
def played(images, tmp_path):
    """The deployments, running."""
    all_of_them = manifests()
    services = {
        one["spec"]["selector"]["app"]: one["metadata"]["name"]
        for one in all_of_them
        if one["kind"] == "Service"
    }
    known: list[dict[str, Any]] = []
    files = []
    podman("network", "create", NETWORK)
    # In the form in which podman expects what a manifest refers to.
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"key": base64.b64encode(b"abc123").decode()}))
    podman("secret", "create", SECRET, secret)
    try:
        for number, group in enumerate(_in_order(all_of_them)):
            app = group[-1]["metadata"]["name"]
            # By its own name it finds itself.
            own = [{"ip": "127.0.0.1", "hostnames": [services[app]]}] if app in services else []
            group[-1]["spec"]["template"]["spec"]["hostAliases"] = [*known, *own]
            files.append(tmp_path / f"{number}.yaml")
            files[-1].write_text(yaml.safe_dump_all(group), encoding="utf-8")
            podman("kube", "play", "--network", NETWORK, files[-1])
            if app in services:
                known.append({"ip": _address(app), "hostnames": [services[app]]})
        yield
    except BaseException:
        for name in podman("ps", "--all", "--format", "{{.Names}}").stdout.split():
            print(name, podman("logs", "--tail", "30", name, check=False).stdout)
        raise
    finally:
        for file in reversed(files):
            podman("kube", "down", file, check=False)
        podman("network", "rm", "--force", NETWORK, check=False)
        volumes = [one["metadata"]["name"] for one in all_of_them if "Volume" in one["kind"]]
        podman("volume", "rm", "--force", *volumes, check=False)
        podman("secret", "rm", SECRET, check=False)


def _in_order(given: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """What is played, each deployment with what it needs, those first whose names others use."""
    chosen = [one for one in given if one["kind"] in KINDS]
    order = ["kafka-broker", "python-worker", "master", "worker", "event-generator"]
    deployments = {one["metadata"]["name"]: one for one in chosen if one["kind"] == "Deployment"}
    assert {*order} == deployments.keys()
    others = [one for one in chosen if one["kind"] != "Deployment"]
    first, *rest = (deployments[app] for app in order)
    return [[*others, first], *([one] for one in rest)]


def _address(app: str) -> str:
    infra = podman("pod", "inspect", "--format", "{{.InfraContainerID}}", _pod(app)).stdout.strip()
    told = json.loads(podman("inspect", infra).stdout)[0]
    address: str = told["NetworkSettings"]["Networks"][NETWORK]["IPAddress"]
    return address


def _container(name: str, of: str = "") -> str:
    return f"{_pod(name)}-{of or name}"


def test_it_greets_and_a_worker_that_is_killed_loses_nothing(stacks, played, eventually):
    def greeted() -> tuple[list[tuple[str, str]], list[str]]:
        told = podman("exec", _container("event-generator"), "python", "-c", READ).stdout
        found, sent = json.loads(told)
        return [(name, text) for name, text in found], sent

    def more_than(number: int) -> bool:
        logs = podman("logs", _container("event-generator"), check=False).stdout
        return logs.count("\n") > number

    eventually(lambda: more_than(10), 240)
    called = podman("exec", _container("python-worker", "greeter"), "python", "-c", CALL)
    assert called.stdout == "403\n"
    # As by accident: what ends by podman's own command counts as wanted, and does not come back.
    podman("exec", _container("worker"), "python", "-c", KILL)
    before = len(greeted()[1])
    eventually(lambda: len(greeted()[0]) > before + 5, 240)
    found, sent = greeted()
    counts: dict[str, list[int]] = {}
    for name, text in found:
        counts.setdefault(name, []).append(count_of(text))
    assert counts == {name: [*range(1, len(told) + 1)] for name, told in counts.items()}
    # More may have been sent since.
    assert not Counter(name for name, _ in found) - Counter(sent)
    user = podman("exec", _container("master"), "id", "-u").stdout
    assert user.strip() == "9999"
