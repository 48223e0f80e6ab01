"""Only its owner reaches a stack: other users of the machine can neither read, run nor cancel."""

from __future__ import annotations

import os
import socket
import stat
import sys
import textwrap

import pytest
import requests

from generator.broker import GreetingReader
from tests.processes import modes_below
from tests.strangers import java_ports, nothing_achieved, plan, running_job, tried_by_a_stranger
from workshop.stack import Stack, StackError
from workshop.stack.local import control, owner
from workshop.stack.view import Progress

pytestmark = [
    pytest.mark.skipif(
        not owner.keeps_others_out(), reason="this system does not tell whose a port is"
    ),
]
QUIET = Progress()


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
    refused = pytest.raises(owner.OpenToOthers, match="WORKSHOP_ALLOW_OTHERS")
    with socket.create_server(("127.0.0.1", 0)) as open_to_all, refused:
        owner.prove(open_to_all.getsockname()[1])


def test_a_stack_that_lets_everybody_in_does_not_start(name, monkeypatch):
    planted = textwrap.dedent(
        """
        from workshop.stack.local import owner
        from workshop.stack.local import supervisor
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
