"""The embedded stack as its user meets it: real broker, real engine, real greeter."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from generator.broker import GreetingReader, RequestProducer, RequestRefused
from tests.processes import family, following, modes_below, none_left, workshop
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.stack import Size, Stack, StackError
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import RunFolder
from workshop.stack.local import control
from workshop.stack.local.services import Ports, Services
from workshop.stack.view import Progress

PARTS = ["broker", "jobmanager", "taskmanager", "greeter", "job"]
QUIET = Progress()


def said(greetings) -> list[str]:
    return [greeting.greeting for greeting in greetings]


# ------------------------------------------------------------------ greeting


def test_one_name_four_times_and_another_between(stack):
    assert said(stack.greet("Mary", "Mary", "John", "Mary", "Mary")) == [
        "Welcome Mary",
        "Nice to see you again Mary",
        "Welcome John",
        "Third time is a charm Mary",
        "Nice to see you at the 4-nth time Mary!",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "x" * 300,
        "Ωμέγα",
        "数学",
        "عمر",
        "🦊👩‍🚀",
        "O'Brien; DROP TABLE",
        "100%s",
        " ",
        "a\nb",
        "\x00",
    ],
)
def test_names_are_greeted_as_they_are(stack, name):
    (greeting,) = stack.greet(name)
    assert (greeting.key, greeting.name) == (name, name)
    assert greeting.greeting == f"Welcome {name}"


def test_a_bad_name_among_good_ones_sends_none(stack):
    with pytest.raises(RequestRefused, match="empty"):
        stack.greet("Nobody yet", "")
    assert said(stack.greet("Nobody yet")) == ["Welcome Nobody yet"]


def test_a_greeting_that_does_not_come_is_a_reason_not_a_hang(stack):
    with pytest.raises(StackError, match="1 of 1 greetings did not arrive within 0"):
        stack.greet("Too late", timeout=0)
    stack.greet("Too late")  # And it came later: nothing was lost.


# -------------------------------------------------------------------- status


def test_status_names_every_part(stack):
    status = stack.status()
    assert [part.name for part in status.parts] == PARTS
    assert {part.state for part in status.parts} == {"ready"}
    assert status.part("broker").address == stack.bootstrap
    for part in status.parts[:-1]:
        assert psutil.Process(part.pid).is_running()
        assert part.memory is None or part.memory > 10**6
    assert Path(status.folder) == stack.folder.path
    assert all(name in str(status) and name in status._repr_html_() for name in PARTS)


def test_every_listener_is_on_loopback(stack):
    listeners = [
        (process.name(), connection.laddr)
        for process in family(stack)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listeners) >= 8  # Broker 2, JobManager 4, TaskManager 3, greeter 1.
    outside = [(who, at) for who, at in listeners if at.ip not in ("127.0.0.1", "::ffff:127.0.0.1")]
    assert outside == []


def test_the_run_folder_is_private(stack):
    for path, mode in modes_below(stack.folder.path).items():
        assert mode & 0o077 == 0, f"{path} has mode {mode:o}"


def test_nothing_lies_outside_cache_and_run_folder(stack):
    for process in family(stack):
        for file in process.open_files():
            written = Path(file.path)
            if file.mode != "r" and not str(written).startswith("/dev"):
                assert written.is_relative_to(stack.folder.path), written


def test_logs(stack):
    assert "Kafka Server started" in Path(stack.log_place("broker")).read_text()
    assert len(stack.logs("jobmanager", lines=3).splitlines()) == 3
    with pytest.raises(StackError, match="no service 'kafka'.*\n.*broker, jobmanager"):
        stack.logs("kafka")


def test_what_a_function_prints_is_in_the_log_at_once(name, tmp_path, eventually):
    (tmp_path / "talker.py").write_text(
        "from greeter import greeter\n"
        "greet = greeter.functions.functions[('example', 'greeter')]\n"
        "quiet = greet.func\n"
        "def loud(context, request):\n"
        "    print('greeting', request.name)\n"
        "    quiet(context, request)\n"
        "greet.func = loud\n"
        "app = greeter.app\n"
    )
    with Stack(name, application="talker:app", python_path=tmp_path) as stack:
        stack.greet("Ada")
        eventually(lambda: "greeting Ada" in stack.logs("greeter"), 10)
        told = following(stack, "greeter")
        stack.greet("Grace")
        eventually(lambda: "greeting Grace" in "".join(told), 10)
        assert "greeting Ada" not in "".join(told)


def test_the_difference_to_the_deployed_module(stack):
    assert f"+          address: {stack.bootstrap}" in stack.module_difference()


def test_a_stack_that_is_down(name):
    stack = Stack(name)
    assert stack.status().state == "down"
    assert stack.down() is False
    for ask in (lambda: stack.bootstrap, lambda: stack.flink_url, lambda: stack.greet("Ada")):
        with pytest.raises(StackError, match="is down.*\n.*workshop up"):
            ask()
    with pytest.raises(StackError, match="has not run"):
        stack.logs("broker")


@pytest.mark.parametrize("bad", ["..", ".hidden", "a/b", "x" * 41, "with space", "é"])
def test_names_that_cannot_be_a_folder(bad):
    with pytest.raises(WorkshopError, match="cannot name a stack"):
        Stack(bad)


# ------------------------------------------------------- up, attach and down


def test_a_name_sent_straight_after_up_is_greeted_and_two_stacks_never_meet(stack, name):
    with Stack(name) as other:
        with GreetingReader(other.bootstrap) as greetings, RequestProducer(other.bootstrap) as out:
            out.send("Soon")
            assert greetings.next().greeting == "Welcome Soon"
        assert said(stack.greet("Both", "Both")) == ["Welcome Both", "Nice to see you again Both"]
        assert said(other.greet("Both")) == ["Welcome Both"]
        assert other.folder.path != stack.folder.path

        # A cell that is run again makes its Stack again: it is the same stack.
        again = Stack(name)
        with again:
            assert said(again.greet("Both")) == ["Nice to see you again Both"]
        del again
        assert said(other.greet("Both")) == ["Third time is a charm Both"]

        with pytest.raises(StackError, match="already up") as refused:
            Stack(name, application="another:app").up(progress=QUIET)
        told = "is already up, and serves greeter.greeter:app, not another:app.\n"
        assert told in str(refused.value)
        assert other.status().state == "ready"
        processes = family(other)
    assert none_left(processes)
    assert not other.folder.path.exists()


def test_command_line_from_up_to_forget(name, eventually):
    up = workshop("up", "--name", name)
    assert up.returncode == 0, up.stderr
    assert f"Stack {name} is up after" in up.stdout
    processes = family(Stack(name))

    again = workshop("up", "--name", name)
    assert again.returncode == 0
    assert "was already up" in again.stdout

    status = workshop("status", "--name", name, "--json")
    assert status.returncode == 0
    told = json.loads(status.stdout)
    assert (told["state"], told["kept"]) == ("ready", True)
    assert [part["name"] for part in told["parts"]] == PARTS
    pids = [told["supervisor"], told["reaper"], *(part["pid"] for part in told["parts"][:-1])]
    assert {*pids} <= {process.pid for process in processes}

    greet = workshop("greet", "--name", name, "Ada", "Ada", "Grace", "Ada")
    assert greet.stdout.splitlines() == [
        "Welcome Ada",
        "Nice to see you again Ada",
        "Welcome Grace",
        "Third time is a charm Ada",
    ]
    refused = workshop("greet", "--name", name, "")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "empty" in refused.stderr

    assert "is down" in workshop("down", "--name", name).stdout
    assert none_left(processes)
    assert "was not up" in workshop("down", "--name", name).stdout
    late = workshop("greet", "--name", name, "Ada")
    assert late.returncode == 1
    assert "is down" in late.stderr
    assert workshop("status", "--name", name).returncode == 1

    assert workshop("up", "--name", name).returncode == 0
    greet = workshop("greet", "--name", name, "Ada", "Grace", "Alan")
    assert greet.stdout.splitlines() == [
        "Nice to see you at the 4-nth time Ada!",
        "Nice to see you again Grace",
        "Welcome Alan",
    ]
    processes = family(Stack(name))
    assert workshop("down", "--name", name).returncode == 0
    assert none_left(processes)
    told = workshop("down", "--name", name, "--forget").stdout
    assert f"Deleted {RunFolder.of(name).path}: the topics" in told
    assert "what the functions remember (0." in told
    assert not RunFolder.of(name).path.exists()
    assert "nothing to delete" in workshop("down", "--name", name, "--forget").stdout


def test_who_started_a_stack_is_told_that_it_has_ended(name):
    """Told, and not only hung up on: release and down return when the supervisor is gone."""
    stack = Stack(name)
    connection = control.start(stack.folder, stack.backend.settings)
    assert connection.ask("release").state == "down"
    connection.close()


def test_two_up_at_the_same_second_make_one_stack(name):
    command = [sys.executable, "-m", "workshop", "up", "--name", name]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    brokers = [output.split("Broker ")[1].split(",")[0] for output in outputs]
    assert brokers[0] == brokers[1]


def test_a_stack_lives_as_long_as_one_of_its_kernels(kernels, name, runs, eventually):
    kernels = [start_new_kernel(kernel_name="python3") for _ in range(2)]
    try:
        begin = f"from workshop.stack import Stack; stack = Stack({name!r}); stack.up(); "
        for _, client in kernels:
            answer = client.execute_interactive(begin, timeout=240, output_hook=lambda _: None)
            assert answer["content"]["status"] == "ok"
        stack = Stack(name)
        processes = family(stack)
        (first, _), (second, _) = kernels

        os.kill(first.provisioner.pid, signal.SIGKILL)
        time.sleep(3)  # Long enough for a supervisor that followed the first kernel to have ended.
        assert said(stack.greet("Ada")) == ["Welcome Ada"]

        os.kill(second.provisioner.pid, signal.SIGKILL)
        eventually(lambda: none_left(processes) and not stack.folder.path.exists(), 15)
        assert not list(runs.glob(f".removing-{name}*"))
    finally:
        for manager, client in kernels:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def test_ctrl_c_in_the_middle_of_up_leaves_nothing(name, eventually):
    command = [sys.executable, "-m", "workshop", "up", "--name", name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: bool(Stack(name).status().parts), 60)
    eventually(lambda: Stack(name).status().part("jobmanager").pid is not None, 60)
    processes = family(Stack(name))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert none_left(processes)
    assert not RunFolder.of(name).path.exists()


SLOW_TOPICS = """
import time
from workshop.stack import topics
from workshop.stack.local import supervisor
topics.make_topics = lambda *_: time.sleep(60)
supervisor.main()
"""


def test_a_supervisor_ends_although_a_thread_of_its_own_waits_for_the_broker(
    name, eventually, monkeypatch
):
    monkeypatch.setattr(control, "SUPERVISOR", [sys.executable, "-c", SLOW_TOPICS])
    stack = Stack(name)
    connection = control.start(stack.folder, stack.backend.settings)
    connection.hold()
    log = stack.folder.logs / "broker.log"
    eventually(lambda: log.exists() and "Kafka Server started" in log.read_text(), 60)
    time.sleep(0.5)  # It is tried every 50 ms whether the broker can be reached.
    processes = family(stack)
    connection.end("release")
    assert none_left(processes)


# ------------------------------------------------------------------- failure


@pytest.mark.parametrize("port", ["broker", "controller", "rpc", "rest", "greeter"])
def test_a_program_whose_port_is_taken_ends_and_is_understood(name, port):
    stack = Stack(name)
    stack.folder.make()
    with socket.create_server(("127.0.0.1", 0)) as thief:
        ports = replace(Ports.choose(), **{port: thief.getsockname()[1]})
        made = Services(stack.backend.settings(fresh=True), ports, lambda _: None)
        owner = {"controller": "broker", "rpc": "jobmanager", "rest": "jobmanager"}.get(port, port)
        service = getattr(made, owner)
        asyncio.run(asyncio.wait_for(service.run(), 120))
    assert service.port_taken, service.last_lines()


def test_a_port_taken_between_choice_and_bind(name, monkeypatch):
    """The first choice of ports has one that somebody else listens on."""
    planted = (
        "import dataclasses, socket\n"
        "from workshop.stack.local import services, supervisor\n"
        "thief = socket.create_server(('127.0.0.1', 0))\n"
        "honest = services.Ports.choose\n"
        "choices = []\n"
        "def choose():\n"
        "    ports = honest()\n"
        "    choices.append(ports)\n"
        "    if len(choices) == 1:\n"
        "        ports = dataclasses.replace(ports, rest=thief.getsockname()[1])\n"
        "    return ports\n"
        "services.Ports.choose = choose\n"
        "supervisor.main()\n"
    )
    monkeypatch.setattr(control, "SUPERVISOR", [sys.executable, "-c", planted])
    stack = Stack(name)
    stack.up(progress=QUIET)
    log = Path(stack.log_place("supervisor")).read_text()
    stack.release()
    assert "a port was taken before it could be used" in log


def test_a_process_that_dies_while_the_stack_starts(name):
    stack = Stack(name, application="no.such.module:app")
    with pytest.raises(StackError) as failure:
        stack.up(progress=QUIET)
    message = str(failure.value)
    assert "greeter ended 3 times before it was ready" in message
    assert "No module named 'no'" in message
    assert "logs greeter shows more" in message
    assert "What to do:" in message
    assert not stack.folder.path.exists()


def test_a_start_that_takes_too_long_shows_what_it_waits_for(name):
    stack = Stack(name)
    with pytest.raises(StackError) as failure:
        stack.up(timeout=1, progress=QUIET)
    message = str(failure.value)
    assert "not ready after 1 s" in message
    assert all(part in message for part in PARTS)
    assert "The end of the log of jobmanager:" in message
    assert "What to do:" in message
    assert not stack.folder.path.exists()


def test_a_module_that_the_engine_refuses(name, tmp_path):
    module = tmp_path / "module.yaml"
    module.write_text((ROOT / "module.yaml").read_text().replace("typeUrl:", "typeURL:"))
    stack = Stack(name, module=module)
    with pytest.raises(StackError, match="typeUrl"):
        stack.up(progress=QUIET)
    assert not stack.folder.path.exists()


def test_every_process_comes_back_after_a_kill_and_no_count_is_lost(name, eventually, amount):
    # The others die in lesson 11, which "make test" runs too.
    killed = amount(["taskmanager"], PARTS[:-1])
    with Stack(name) as stack:
        counted = len(stack.greet("Ada"))
        for part in killed:
            os.kill(stack.status().part(part).pid, signal.SIGKILL)
            if part == "taskmanager":
                # A new one is there before the engine has missed the old one: that is not ready.
                eventually(lambda: stack.status().part("taskmanager").restarts == 1, 30)
                with_up(stack)
                assert stack.status().part("job").restarts >= 1
            counted += 1
            ending = {2: "again Ada", 3: "charm Ada"}.get(counted, f"the {counted}-nth time Ada!")
            assert stack.greet("Ada", timeout=120)[0].greeting.endswith(ending)
            assert stack.status().part(part).restarts >= 1


def test_a_larger_stack_runs_every_task_on_all_taskmanagers(name):
    with Stack(name, size=Size(taskmanagers=2, partitions=2)) as stack:
        rest = FlinkRest(stack.flink_url)
        (job,) = (job["id"] for job in rest.get("/jobs")["jobs"])
        for task in rest.get(f"/jobs/{job}")["vertices"]:
            where = rest.get(f"/jobs/{job}/vertices/{task['id']}/taskmanagers")["taskmanagers"]
            assert (task["parallelism"], len(where)) == (2, 2), task["name"]
        names = [f"visitor {number}" for number in range(20)]
        greetings = stack.greet(*names, *names)
        assert said(greetings[20:]) == [f"Nice to see you again {name}" for name in names]
        assert {greeting.partition for greeting in greetings} == {0, 1}
        os.kill(stack.status().part("taskmanager-2").pid, signal.SIGKILL)
        assert said(stack.greet("visitor 7", timeout=120)) == ["Third time is a charm visitor 7"]


def test_nothing_outlives_a_supervisor_that_is_killed_and_the_next_up_goes_on(name, eventually):
    assert workshop("up", "--name", name).returncode == 0
    stack = Stack(name)
    assert said(stack.greet("Ada")) == ["Welcome Ada"]
    processes = family(stack)
    os.kill(stack.status().supervisor, signal.SIGKILL)
    eventually(lambda: none_left(processes), 15)
    assert stack.status().state == "down"
    assert f"down --name {name}" in workshop("doctor").stdout

    assert said(with_up(stack).greet("Ada")) == ["Nice to see you again Ada"]
    stack.down(forget=True)


def test_a_stack_whose_checkpoints_are_gone_does_not_begin_to_count_again(name):
    stack = Stack(name)
    stack.up(progress=QUIET, keep=True)
    stack.greet("Ada", "Ada")
    stack.down()
    shutil.rmtree(stack.folder.checkpoints)
    with pytest.raises(StackError, match=r"No checkpoint is left in (?s:.*)forget=True"):
        stack.up(progress=QUIET)
    assert stack.status().state == "down"


def with_up(stack: Stack) -> Stack:
    stack.up(progress=QUIET)
    return stack
